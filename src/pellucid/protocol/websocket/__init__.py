"""WebSocket (RFC 6455) as a pure engine, with its handshake (RFC 6455, 8441) and its compression (RFC 7692)."""
