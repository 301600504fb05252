"""What a WebSocket may ask for, how it is kept alive and how it is compressed; nothing of what it is for."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.setting import setting


@dataclass(frozen=True, slots=True)
class WebSocketLimits:
    """What WebSockets have to themselves. Zero stands for no limit."""

    websocket_message_size: int = setting(
        16 << 20,
        "The largest message of a WebSocket, once it is inflated; a larger one ends it with the code 1009.",
        unit="bytes",
    )
    websocket_fragments: int = setting(
        131072, "The most fragments of one message of a WebSocket; more end it with the code 1009."
    )
    websocket_ping_interval: float = setting(
        20.0,
        "How long a WebSocket may be silent before it is asked whether its client is there, twice as long at the "
        "most; 0 for never.",
        unit="seconds",
    )
    websocket_ping_timeout: float = setting(
        20.0, "How long a WebSocket's client may take to answer that, before it counts as gone.", unit="seconds"
    )
    websocket_close_time: float = setting(
        5.0, "How long a WebSocket's client may take to say goodbye once it was told to.", unit="seconds"
    )
    websocket_compression: bool = setting(
        True, "Compress the messages of WebSockets with clients that offer it (permessage-deflate)."
    )
    websocket_threshold: int = setting(
        256, "The smallest message of a WebSocket that is compressed; what is smaller gains little.", unit="bytes"
    )
    websocket_level: int = setting(
        3, "How hard WebSockets are compressed: 1 is the fastest, 9 the smallest, by a little."
    )
    websocket_window: int = setting(
        12,
        "How far back the compression of WebSockets looks, as a power of two from 9 to 15. Each connection on which "
        "something was compressed keeps up to nine times as much in memory: 36 KiB with 12.",
        unit="bits",
    )
    websocket_takeover: bool = setting(
        True,
        "Let the compression of WebSockets look back into earlier messages; without, connections at rest keep no "
        "memory for it, and small messages shrink less.",
    )

    def __post_init__(self) -> None:
        if not 9 <= self.websocket_window <= 15:
            raise ValueError(f"websocket-window is 9 to 15 bits, not {self.websocket_window}")
        if not 1 <= self.websocket_level <= 9:
            raise ValueError(f"websocket-level is 1 to 9, not {self.websocket_level}")
