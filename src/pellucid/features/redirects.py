"""Paths that lead elsewhere: a client is told where to, or is served what is there.

A rule is FROM -> TO. One * in FROM stands for any part of a path, and the same part takes the place of the * in TO.
There is nothing more to match with, so that no path takes long to be compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pellucid.features.feature import Feature
from pellucid.message import PHRASES, Headers, Response
from pellucid.server.exchange import Exchange
from pellucid.setting import setting

STATUSES = (301, 302, 303, 307, 308)

USUAL = 307
"""The status where none is said: for now, and with the same method. Browsers never forget a permanent one."""

MOST_STEPS = 16
"""How far it is followed where rules lead to one another, to find those that go in circles."""


@dataclass(frozen=True, slots=True)
class RedirectSettings:
    """What leads elsewhere."""

    redirect: tuple[str, ...] = setting(
        (),
        "Send clients from a path to another one or to another site: '/old -> /new', '/blog/* -> /news/* 308' or "
        "'/* -> https://www.example.com/*', where * is any part of the path. The status is 307 (for now), 308 "
        "(for good), 301, 302 or 303. The query goes with it, unless TO ends with a question mark. The first rule that "
        "fits counts.",
        unit="'FROM -> TO'",
    )
    rewrite: tuple[str, ...] = setting(
        (),
        "Serve at a path what is at another one, and say nothing: '/app/* -> /index.html'. One rule changes a path, "
        "the first that fits, before it is decided which app has it; the log has the path that was asked for.",
        unit="'FROM -> TO'",
    )


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, in its parts. Without a `*` there is nothing behind it, and `within` is False."""

    before: bytes
    after: bytes
    open: bool
    to: bytes
    to_after: bytes
    within: bool
    query: bytes
    keeps_query: bool
    status: int

    def fits(self, path: bytes) -> bool:
        """Whether a path leads elsewhere."""
        if not self.open:
            return path == self.before
        enough = len(path) >= len(self.before) + len(self.after)
        return enough and path.startswith(self.before) and path.endswith(self.after)

    def target(self, path: bytes) -> bytes:
        """The path, or the URL, to which one leads that fits; without a query."""
        if not self.within:
            return self.to
        part = path[len(self.before) : len(path) - len(self.after)]
        # Two slashes at the front would name another site (RFC 3986 section 4.2).
        behind = part + self.to_after
        return self.to + (behind.lstrip(b"/\\") if self.to.endswith(b"/") else behind)

    def query_of(self, query: bytes) -> bytes:
        """The query that goes with it."""
        return b"&".join(filter(None, (self.query, query if self.keeps_query else b"")))


class Rules:
    """Rules in their order."""

    __slots__ = ("_exact", "_open", "_rules")

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._exact: dict[bytes, int] = {}
        for number, rule in enumerate(rules):
            if not rule.open:
                self._exact.setdefault(rule.before, number)
        self._open = [(number, rule) for number, rule in enumerate(rules) if rule.open]

    def find(self, path: bytes) -> Rule | None:
        """The first rule that fits."""
        exact = self._exact.get(path, len(self._rules))
        for number, rule in self._open:
            if number > exact:
                break
            if rule.fits(path):
                return rule
        return self._rules[exact] if exact < len(self._rules) else None


def redirects_feature(settings: RedirectSettings) -> Feature | None:
    """The feature that sends clients elsewhere. ValueError says what is wrong with a rule."""
    if not settings.redirect:
        return None
    parsed = [parse_rule(text, "redirect") for text in settings.redirect]
    rules = Rules(parsed)
    _refuse_circles(rules, zip(settings.redirect, parsed, strict=True))

    def ask(exchange: Exchange) -> None:
        request = exchange.request
        rule = rules.find(request.path)
        if rule is None:
            return
        query = rule.query_of(request.query)
        place = rule.target(request.path) + (b"?" + query if query else b"")
        fields = (b"location", place), (b"content-type", b"text/plain; charset=utf-8")
        text = b"%d %s\nThis is at %s\n" % (rule.status, PHRASES[rule.status].encode(), place)
        exchange.respond(Response(rule.status, Headers(fields)), text)

    return Feature(ask)


def rewrites_feature(settings: RedirectSettings) -> Feature | None:
    """The feature that serves what is elsewhere. ValueError says what is wrong with a rule."""
    if not settings.rewrite:
        return None
    rules = Rules([parse_rule(text, "rewrite") for text in settings.rewrite])

    def ask(exchange: Exchange) -> None:
        request = exchange.request
        rule = rules.find(request.path)
        if rule is not None:
            request.path, request.query = rule.target(request.path), rule.query_of(request.query)

    return Feature(ask)


def parse_rule(text: str, kind: str) -> Rule:
    """A rule from a text such as "/old/* -> /new/* 308". ValueError says what is wrong with it."""
    match = _RULE.fullmatch(text.strip())
    if match is None and _SITE.match(text.strip()):
        raise ValueError(
            f"--{kind}: {text!r} begins with a site, where a path belongs: write '/* -> …' in the table of that host, "
            'as in [hosts."www.example.com"]'
        )
    if match is None:
        raise ValueError(f"--{kind}: {text!r} is no rule: write '/old -> /new', or '/old/* -> /new/*', in plain ASCII")
    source, target = match["source"], match["target"]
    status = int(match["status"] or USUAL)
    if match["status"] and (kind == "rewrite" or status not in STATUSES):
        known = (
            "a rewrite has no status" if kind == "rewrite" else f"the status is one of {', '.join(map(str, STATUSES))}"
        )
        raise ValueError(f"--{kind}: {text!r}: {known}")
    if source.count("*") > 1 or target.count("*") > source.count("*"):
        raise ValueError(
            f"--{kind}: {text!r}: there can be one * in FROM, and one in TO which stands for the same part"
        )
    place, _, query = target.partition("?")
    site = _SITE.match(place)
    if not place.startswith("/") and (site is None or kind == "rewrite"):
        sites = "" if kind == "rewrite" else ", or a URL with a path such as https://example.com/"
        raise ValueError(f"--{kind}: {text!r}: TO has to be a path that begins with a slash{sites}")
    if place.startswith("//") or "*" in query:
        raise ValueError(f"--{kind}: {text!r}: TO cannot begin with two slashes, nor have * in its query")
    before, star, after = source.encode().partition(b"*")
    to, within, to_after = place.encode().partition(b"*")
    keeps = not target.endswith("?")
    return Rule(before, after, bool(star), to, to_after, bool(within), query.encode(), keeps, status)


# RFC 3986 3.3: what a path can hold; and * for any part of it.
_RULE = re.compile(
    r"(?P<source>/[\w.~%!$&'()*+,;=:@/-]*) +-> +(?P<target>[\w.~%!$&'()*+,;=:@/?\[\]-]+)(?: +(?P<status>[0-9]{3}))?",
    re.ASCII,
)

# The host has to end before a * may stand: else whoever asks could choose the rest of its name.
_SITE = re.compile(r"https?://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?/", re.IGNORECASE)


def _refuse_circles(rules: Rules, parsed: Iterable[tuple[str, Rule]]) -> None:
    for text, rule in parsed:
        path = rule.before + (b"x" if rule.open else b"") + rule.after
        found = rules.find(path)
        for _ in range(MOST_STEPS):
            if found is None or not found.to.startswith(b"/"):
                break
            path = found.target(path)
            found = rules.find(path)
        else:
            raise ValueError(f"--redirect: {text!r} goes in circles: what it leads to is sent on without an end")
