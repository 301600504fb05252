"""The settings of compression; how it is done is elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.setting import setting


@dataclass(frozen=True, slots=True)
class CompressionSettings:
    """What is made smaller on its way out, and how."""

    compress: tuple[str, ...] = setting(
        (),
        "Compress answers on their way out, by these codings: zstd, br and gzip, the most welcome first; of those that "
        "a client likes equally well, the first is taken. What is compressed already, ranges of files and streams of "
        "events are left as they are. gzip is always at hand.",
        unit="coding",
    )
    compress_types: tuple[str, ...] = setting(
        (
            "text/*",
            "application/javascript",
            "application/json",
            "application/wasm",
            "application/xml",
            "application/x-ndjson",
            "*+json",
            "*+xml",
            "font/otf",
            "font/ttf",
            "image/bmp",
            "image/x-icon",
        ),
        "A media type that is worth compressing; a star stands for any text.",
        unit="type",
    )
    compress_min: int = setting(
        1024, "A smaller body is sent as it is, since no packet would be saved by compressing it.", unit="bytes"
    )
    compress_max: int = setting(
        16 << 20,
        "A body that is known to be larger, such as a large file, is sent as it is: the system copies it without any "
        "work of the server's. 0 stands for no limit.",
        unit="bytes",
    )
    compress_level: tuple[str, ...] = setting(
        (),
        "How hard one of the codings tries, such as br=6 (zstd 1 to 22, br 0 to 11, gzip 1 to 9). As they are (zstd=3, "
        "br=4, gzip=4), a little more smallness would cost much more time.",
        unit="coding=level",
    )
