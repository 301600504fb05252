"""What answers an exchange."""
