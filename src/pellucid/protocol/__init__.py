"""Protocols as pure machines: bytes in, events out; events in, bytes out. No socket, clock, thread, file or log."""
