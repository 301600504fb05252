"""Requests made by chance for the property and differential tests: right ones, nearly right ones and noise."""

from __future__ import annotations

from random import Random

METHODS = (
    [b"GET"] * 4 + [b"POST"] * 3 + [b"HEAD", b"PUT", b"OPTIONS", b"CONNECT", b"QUERY", b"get", b"M-SEARCH", b"G(T", b""]
)
TARGETS = [b"/"] * 6 + [
    *[b"/a?b=c", b"//a/%2e%2e", b"*", b"http://a/b", b"http://a", b"HTTP://a:80?q", b"a:443", b"[::1]:80", b"/[]|?\\"],
    *[b"", b"/a b", b"/a#b", b"/\x00", b"/\xc3\xa9", b"@a", b"http://a@b/", b"http:///", b"/%zz", b"a", b'/"', b"/\\"],
]
VERSIONS = (
    [b"HTTP/1.1"] * 12
    + [b"HTTP/1.0"] * 4
    + [b"HTTP/1.2", b"HTTP/2.0", b"HTTP/0.9", b"http/1.1", b"HTTP/1", b"HTTP/1.10"]
)
HOSTS = [b"Host: a"] * 16 + [
    b"host:b:80",
    b"Host:",
    b"Host: a, b",
    b"Host: a/b",
    b"Host: a@b",
    b"HOST: [::1]",
    b"Host : a",
]
FIELDS = [
    *[b"A: b", b"a:b", b"A:", b"A:  b \t", b"A: b\tc", b"X_y: z", b"Cookie: a=b", b"Cookie: c", b"A: \xff", b"!#$%: z"],
    *[
        b"Connection: close",
        b"Connection: keep-alive",
        b"Connection: upgrade",
        b"Upgrade: echo",
        b"Expect: 100-continue",
    ],
    *[
        b"A : b",
        b" A: b",
        b"A",
        b": b",
        b"A: \x00",
        b"A: \x0b",
        b"A: b\rc",
        b"A: b\nC: d",
        b"\xe9: b",
        b"A(: b",
        b"Expect: x",
    ],
    *[
        b"Content-Length: 0",
        b"Transfer-Encoding: chunked",
        b"A: \x7f",
        b'A: "b',
        b"Te: trailers",
        b"Proxy-Connection: close",
    ],
]
LENGTHS = [b"5"] * 12 + [
    b"05",
    b"4",
    b"6",
    b"0",
    b"+5",
    b"-5",
    b"5,5",
    b"5, 5",
    b"0x5",
    b"5_0",
    b" 5 ",
    b"",
    b"5 5",
    b"9" * 19,
    b"\xb2",
]
CODINGS = [b"chunked"] * 12 + [
    *[b"Chunked", b" chunked ", b"gzip, chunked", b"chunked, gzip", b"identity", b",chunked", b"chunked,", b"xchunked"],
    *[b"chunked, chunked", b"chunked;a", b"", b'"chunked"', b"gzip", b"chunked\x0b"],
]
SIZES = [b"%x"] * 20 + [
    b"0%x",
    b"%X;a=b",
    b'%x;a="b"',
    b"%x ",
    b" %x",
    b"+%x",
    b"0x%x",
    b"-%x",
    b"%x;",
    b"%x\x00",
    b"1%x",
]
LINE_ENDS = [b"\r\n"] * 60 + [b"\n", b"\r", b"\r\r\n", b"\n\n"]
TRAILERS = [b"X: y"] * 8 + [b"Content-Length: 5", b"X : y", b" X: y", b"X", b"Host: b", b"X: \x00"]
SPACES = [b" "] * 40 + [b"  ", b"\t", b""]


class Requests:
    """Makes requests from one source of chance; `wild` is how likely each further fault is, of 1."""

    def __init__(self, chance: Random, wild: float = 0.5) -> None:
        self.chance = chance
        self.wild = wild

    def several(self) -> bytes:
        """One to three requests, of which bytes may be changed, lost, doubled or added."""
        data = b"".join(self.one() for _ in range(self.chance.randint(1, 3)))
        while self.chance.random() < self.wild / 2:
            data = self.mutated(data)
        return data

    def one(self) -> bytes:
        """A request, mostly right."""
        pick, space, end = self.chance.choice, self.pick(SPACES), self.pick(LINE_ENDS)
        lines = [space.join([self.pick(METHODS), self.pick(TARGETS), self.pick(VERSIONS)])]
        if not self.odd(0.1):
            lines.append(self.pick(HOSTS))
        lines += [pick(FIELDS) if self.odd(0.3) else pick(FIELDS[:10]) for _ in range(self.chance.randint(0, 3))]
        body = b""
        if self.chance.random() < 0.35:
            lines.append(b"Content-Length: " + self.pick(LENGTHS))
            body = b"hello"
        if self.chance.random() < (0.05 if body else 0.35):
            lines.append(b"Transfer-Encoding: " + self.pick(CODINGS))
            body = self.chunks()
        if self.odd(0.1):
            self.chance.shuffle(lines)
        return b"\r\n" * self.odd(0.1) + b"".join(line + (self.pick(LINE_ENDS)) for line in lines) + end + body

    def chunks(self) -> bytes:
        """A body in chunks, mostly right."""
        parts = []
        for _ in range(self.chance.randint(0, 3)):
            data = self.chance.choice([b"a", b"hello", b"\r\n", b"0\r\n\r\n", b"x" * 17])
            parts += [self.pick(SIZES) % len(data), self.pick(LINE_ENDS), data, self.pick(LINE_ENDS)]
        parts += [self.pick([b"0"] * 20 + [b"000", b"0;a", b"-0", b""]), self.pick(LINE_ENDS)]
        for _ in range(self.chance.choice([0, 0, 0, 1, 2])):
            parts += [self.pick(TRAILERS), self.pick(LINE_ENDS)]
        return b"".join(parts) + self.pick(LINE_ENDS)

    def mutated(self, data: bytes) -> bytes:
        """The data with one fault more."""
        at = self.chance.randrange(len(data) + 1)
        end = min(len(data), at + self.chance.choice([0, 1, 1, 2, 10]))
        odd = self.chance.choice(
            [b"", b"", b"\r\n", b"\n", b"\r", b"\x00", b" ", b":", b"\xff", b"0", b"\t", data[at:end] * 2]
        )
        return data[:at] + odd + data[end:]

    def odd(self, likely: float) -> bool:
        """Whether a fault of this likelihood happens."""
        return self.chance.random() < likely * self.wild

    def pick(self, choices: list[bytes]) -> bytes:
        """One of the choices, the first unless it is odd."""
        return self.chance.choice(choices) if self.chance.random() < self.wild else choices[0]
