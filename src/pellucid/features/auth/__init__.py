"""Who asks, and whether that may have what it asks for."""
