"""Bytes to and from peers without waiting: the loop, its pollers, links and ports. It knows no HTTP."""
