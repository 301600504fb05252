"""Processes at work: who owns the ports, who serves, and what the system around them is told."""
