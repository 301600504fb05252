"""What both directions of an HTTP/2 connection work on: its streams, what is told of them, and how it ends."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from pellucid.message import Event, Refused, Reset
from pellucid.piece import Piece
from pellucid.protocol.http2.calm import Calm
from pellucid.protocol.http2.codes import NAMES, NO_ERROR, protocol_fault
from pellucid.protocol.http2.frames import STREAM_BITS, goaway_frame, ping_frame, reset_frame, window_frame
from pellucid.protocol.http2.limits import Http2Limits
from pellucid.protocol.http2.priority import UNTOLD, Priority
from pellucid.protocol.http2.streams import Stream
from pellucid.protocol.http2.windows import FIRST_WINDOW, STREAM_WINDOW, Inflow, connection_window

GIVEN_UP = 1024
"""How many streams that were given up here are known as such: what of them is still on its way is no fault."""

SKIPPED = 64
"""How many gaps in the numbers of streams are known."""

LEAVING = b"leaving."
"""The PING before the first GOAWAY: its answer tells that both have arrived. Some clients take nothing behind."""


class Session:
    """The state of one connection.

    `streams` are those under way, `leaving` those that have ended and whose Reset nobody has taken yet, `lingering`
    those that are answered and whose requests have not come to their end. `given_up` are streams that were reset here,
    with what their peer may still send; `skipped` are gaps in the numbers, which were never open. `last` is the highest
    number so far, `final` the last one that is answered, once that is settled.

    `events` are told in their order, and behind them what there is of `bodies`. `priorities` are those that were told
    before their requests; `mixed` says that one was told at all, `turns` counts the turns of incremental answers.
    `served` counts requests, `frames` parts of answers that went out by themselves. `resized` says that the peer has
    made its table smaller and must be told that none is used (RFC 7541 section 4.2).
    """

    __slots__ = (
        "bodies",
        "calm",
        "draining",
        "eof",
        "events",
        "final",
        "finished",
        "frames",
        "given_up",
        "inflow",
        "initial_window",
        "last",
        "leaving",
        "lingering",
        "mixed",
        "most_streams",
        "now",
        "output",
        "priorities",
        "resized",
        "served",
        "skipped",
        "streams",
        "turns",
        "window",
    )

    def __init__(self, own: Http2Limits, now: Callable[[], float]) -> None:
        self.now = now
        self.calm = Calm(own)
        self.most_streams = own.h2_streams
        self.streams: dict[int, Stream] = {}
        self.events: deque[tuple[int, Event]] = deque()
        self.bodies: dict[int, Stream] = {}
        self.leaving: set[int] = set()
        self.lingering: set[int] = set()
        self.given_up: dict[int, int] = {}
        self.skipped: deque[range] = deque(maxlen=SKIPPED)
        self.output: list[Piece] = []
        self.inflow = Inflow(connection_window(own.h2_streams), STREAM_WINDOW)
        self.window = FIRST_WINDOW
        self.initial_window = FIRST_WINDOW
        self.last = 0
        self.final: int | None = None
        self.served = 0
        self.frames = 0
        self.turns = 0
        self.resized = False
        self.mixed = False
        self.priorities: dict[int, Priority] = {}
        self.draining = self.eof = self.finished = False

    # Streams

    @property
    def crowded(self) -> bool:
        """Whether there are as many streams as there may be (RFC 9113 section 5.1.2).

        Those that are leaving do not count: who gives some up may begin as many others at once. They are no more than
        there may be streams, since nobody hears of new ones before their Resets are taken.
        """
        return bool(self.most_streams) and len(self.streams) >= self.most_streams

    def was_skipped(self, stream: int) -> bool:
        """Whether a number below the highest one was never used (RFC 9113 section 5.1.1)."""
        return any(stream in gap for gap in self.skipped)

    def give_back(self, stream: int, data: int) -> None:
        """So many bytes of bodies wait no longer: the connection's window, and that of a stream, may grow."""
        grown = self.inflow.give_back(data)
        if grown:
            self.output.append(window_frame(0, grown))
        state = self.streams.get(stream)
        incoming = state.incoming if state is not None else None
        if incoming is not None and not incoming.ended and not incoming.deaf:
            grown = incoming.inflow.give_back(data)
            if grown:
                self.output.append(window_frame(stream, grown))

    def drop_body(self, stream: int, state: Stream) -> None:
        """Nobody reads the rest of this request's body."""
        self.bodies.pop(stream, None)
        if state.incoming is not None:
            self.give_back(stream, state.incoming.drop())

    def close(self, stream: int) -> None:
        """The stream has ended on both sides."""
        del self.streams[stream]
        if self.lingering:
            self.lingering.discard(stream)
        if self.final is not None:
            self.finish_if_done()

    def reset(self, stream: int, code: int) -> None:
        """End a stream here, whatever is still to come of it, with RST_STREAM (section 6.4)."""
        state = self.streams[stream]
        self.output.append(reset_frame(stream, code))
        self.drop_body(stream, state)
        if state.incoming is not None and state.receiving:
            self.give_up(stream, state.incoming.inflow.left)
        self.close(stream)

    def give_up(self, stream: int, window: int) -> None:
        """Remember a stream of which more may be on its way, and how much."""
        if len(self.given_up) >= GIVEN_UP:
            del self.given_up[next(iter(self.given_up))]
        self.given_up[stream] = window

    def lose(self, stream: int, why: str) -> None:
        """Tell that a stream is over, unless its request was told of to nobody yet, or is answered."""
        state = self.streams[stream]
        events = self.events
        if any(number == stream for number, _ in events):
            self.events = deque(item for item in events if item[0] != stream)
        elif not state.answered:
            events.append((stream, Reset(why)))
            self.leaving.add(stream)

    def prioritize(self, stream: int, priority: Priority) -> None:
        """How urgent a stream is; one that is still to come counts as one of those under way (RFC 9218 section 7.1)."""
        self.mixed = True
        if stream in self.streams:
            self.streams[stream].priority = priority
        elif stream > self.last:
            self.priorities[stream] = priority
            most = self.most_streams or GIVEN_UP
            if len(self.priorities) + len(self.streams) > most:
                self.priorities = {key: value for key, value in self.priorities.items() if key > self.last}
            if len(self.priorities) + len(self.streams) > most:
                raise protocol_fault("PRIORITY_UPDATE of more streams than there may be (RFC 9218 7.1)")

    def take_priority(self, stream: int, state: Stream) -> None:
        """What was told of a stream before it began counts more than what its head says."""
        if self.priorities:
            state.priority = self.priorities.pop(stream, state.priority)
        self.mixed = self.mixed or state.priority is not UNTOLD

    def rank(self, stream: int) -> tuple[int, bool, int, int]:
        """Where a stream stands among the others: first the urgent, of those the whole ones, each behind the older."""
        state = self.streams.get(stream)
        if state is None:
            return (0, False, 0, stream)
        urgency, incremental = state.priority
        return (urgency, incremental, state.turn, stream)

    # The end

    def drain(self) -> None:
        """Tell the peer that an end is near: what it has begun meanwhile is still answered (section 6.8)."""
        if not (self.draining or self.finished):
            self.draining = True
            if self.eof:
                self.close_down()
            else:
                self.output.append(ping_frame(LEAVING) + goaway_frame(STREAM_BITS, NO_ERROR))

    def close_down(self) -> None:
        """From now on nothing new is taken; when all that runs has ended, so does the connection."""
        if self.final is None and not self.finished:
            self.final = self.last
            self.output.append(goaway_frame(self.last, NO_ERROR))
            self.finish_if_done()

    def finish_if_done(self) -> None:
        """It is over when nothing new is taken and nothing runs."""
        if not self.streams and not self.leaving:
            self.finish()

    def fail(self, code: int, why: str) -> None:
        """The connection is over, for this reason (section 5.4.1)."""
        if not self.finished:
            self.say_goodbye(code, why)
            self.events.append((0, Refused(0, f"{NAMES[code]}: {why}")))

    def say_goodbye(self, code: int, why: str) -> None:
        """The last word, and the end of whatever runs."""
        last = self.last if self.final is None else self.final
        self.output.append(goaway_frame(last, code, why))
        for stream in list(self.streams):
            self.lose(stream, why or "the connection ended")
        for table in (self.streams, self.bodies, self.lingering):
            table.clear()
        self.finish()

    def finish(self) -> None:
        """Nothing more will be said."""
        self.finished = True
