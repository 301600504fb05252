"""Pellucid: an HTTP server in plain Python that you can see through."""

__version__ = "0.1.0"
