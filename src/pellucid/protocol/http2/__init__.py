"""HTTP/2 (RFC 9113) as a pure machine: bytes in, events out."""
