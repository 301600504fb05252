"""HPACK (RFC 7541): blocks of header fields from bytes and back. What a field may be and mean, others know."""

from __future__ import annotations

from pellucid.errors import WrongAnswer
from pellucid.message import Field
from pellucid.protocol.fields import KEPT, KEPT_LENGTH, SECRET, check_outgoing, remember
from pellucid.protocol.http2.huffman import CompressionFault
from pellucid.protocol.http2.primitives import read_integer, read_string, spell_integer, spell_string
from pellucid.protocol.http2.static_table import STATIC_TABLE
from pellucid.protocol.limits import UNBOUNDED

OVERHEAD = 32
"""What a field counts beyond its name and value, in the dynamic table (RFC 7541 4.1) and in a list (RFC 9113 6.5.2)."""

BOMB = 4
"""How many times its limit a list may count and still be read to its end."""

NO_TABLE = b"\x20"
"""The update of the table's size to 0 (RFC 7541 6.3). What is encoded here uses no dynamic table; but a peer that
allows one of less than 4096 must hear of a size that is not larger, at the beginning of the next block (RFC 7541 4.2).
After this one it need hear of none again.
"""


KEPT_TAILS = 16
"""How many ends of blocks are kept read."""

TAIL_LENGTH = 128
"""How long an end of a block may be that is kept, in bytes."""


class ListTooLarge(Exception):
    """The fields of a block, which are given here, count more than was allowed (RFC 9113 section 10.5.1). The block was
    read to its end, so those behind it can be read.
    """

    def __init__(self, fields: tuple[Field, ...]) -> None:
        super().__init__("the header list is too large (RFC 9113 10.5.1)")
        self.fields = fields


class Bomb(Exception):
    """A block holds so much more than was allowed that it was not read to its end, and those behind it cannot be."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Decoder:
    """Reads the blocks of one connection, in their order.

    `list_size` is how much the fields of a block may count, 0 for no limit; `table_size` is what the peer was told of
    the dynamic table. `changes` grows with each change of that table: a block that brought none means the same again
    for as long as `changes` stands still. After CompressionFault and Bomb there is nothing more to read.

    Clients send the path as a literal that no table takes up, and behind it the same as before. What stands behind the
    first such literal is therefore kept, in `_tails`: its fields and what they count, for as long as the table stands
    still.
    """

    __slots__ = ("_capacity", "_list_size", "_size", "_table", "_table_size", "_tails", "changes")

    def __init__(self, list_size: int, table_size: int = 4096) -> None:
        self.changes = 0
        self._list_size = list_size or UNBOUNDED
        self._table_size = self._capacity = table_size
        self._size = 0
        self._tails: dict[bytes, tuple[list[Field], int]] = {}
        self._table = _STATIC.copy()  # by index: the static table, then the dynamic one, its newest entry first

    @property
    def dynamic_table(self) -> tuple[Field, ...]:
        """What is in the dynamic table, the newest entry first (RFC 7541 section 2.3.2)."""
        return tuple(field for field, _ in self._table[len(_STATIC) :])

    @property
    def dynamic_table_size(self) -> int:
        """How much that counts (RFC 7541 section 4.1)."""
        return self._size

    def decode(self, block: bytes) -> tuple[Field, ...]:
        """The fields of a whole block, as they came. Raises CompressionFault, ListTooLarge or Bomb."""
        fields: list[Field] = []
        table = self._table
        most = self._list_size * BOMB
        size = 0
        end = len(block)
        changes, tail, before = self.changes, b"", (0, 0)
        at = self._resize(block) if _SIZE_UPDATE <= block[:1] < _LITERAL_INDEXED else 0
        while at < end:
            byte = block[at]
            at += 1
            if 0x80 < byte < 0xFF:  # a field by its index, the usual case (RFC 7541 6.1)
                try:
                    field, counted = table[byte & 0x7F]
                except IndexError:
                    raise _no_entry(byte & 0x7F) from None
            elif byte < 0x80:
                field, counted, at = self._literal(block, at, byte)
            else:
                index, at = read_integer(block, at - 1, 0x7F)
                field, counted = self._entry(index)
            fields.append(field)
            size += counted
            if size > most:
                raise Bomb(f"a header list of more than {BOMB} times its limit (RFC 9113 10.5.1)")
            if byte < 0x20 and not tail and end - at <= TAIL_LENGTH:
                tail = block[at:]
                if (known := self._tails.get(tail)) is not None:
                    fields += known[0]
                    size += known[1]
                    break
                before = len(fields), size
        if size > self._list_size:
            raise ListTooLarge(tuple(fields))
        if tail and at == end and self.changes == changes:
            remember(self._tails, tail, (fields[before[0] :], size - before[1]), KEPT_TAILS)
        return tuple(fields)

    def _literal(self, block: bytes, at: int, byte: int) -> tuple[Field, int, int]:
        """The field whose first octet this is, what it counts, and the place behind it (RFC 7541 section 6.2)."""
        if 0x20 <= byte < 0x40:
            raise CompressionFault("a table size update that is not among the first two of a block (RFC 7541 4.2)")
        prefix = 0x3F if byte >= 0x40 else 0x0F
        index = byte & prefix
        if index == prefix:
            index, at = read_integer(block, at - 1, prefix)
        if index:
            name = self._entry(index)[0][0]
        else:
            name, at = read_string(block, at, secret=False)
        value, at = read_string(block, at, secret=name in SECRET)
        field = (name, value)
        counted = len(name) + len(value) + OVERHEAD
        if byte >= 0x40:
            self._insert(field, counted)
        return field, counted, at

    def _entry(self, index: int) -> _Entry:
        if not 0 < index < len(self._table):
            raise _no_entry(index)
        return self._table[index]

    def _insert(self, field: Field, counted: int) -> None:
        """Make this the newest entry; one that is too large leaves the table empty (RFC 7541 section 4.4)."""
        if self._size + counted > self._capacity:
            self._evict(self._capacity - counted)
        if counted <= self._capacity:
            self._table.insert(len(_STATIC), (field, counted))
            self._size += counted
        self._change()

    def _change(self) -> None:
        self.changes += 1
        self._tails.clear()

    def _evict(self, size: int) -> None:
        """Let go of the oldest entries until the others count no more than this (RFC 7541 section 4.3)."""
        table = self._table
        while self._size > size and len(table) > len(_STATIC):
            self._size -= table.pop()[1]

    def _resize(self, block: bytes) -> int:
        """Take the size updates at the beginning of a block, and give the place behind them (RFC 7541 section 6.3)."""
        at = 0
        for _ in range(2):  # RFC 7541 4.2: the smallest size there was meanwhile, and the last one
            if not _SIZE_UPDATE <= block[at : at + 1] < _LITERAL_INDEXED:
                break
            size, at = read_integer(block, at, 0x1F)
            if size > self._table_size:
                raise CompressionFault(f"a table size update to more than {self._table_size} (RFC 7541 6.3)")
            if size != self._capacity:
                self._change()
                self._capacity = size
                self._evict(size)
        return at


class Representations(dict[Field, bytes]):
    """A bounded cache from a field of an answer to its representation; a field that would break the wire raises."""

    def __missing__(self, field: Field) -> bytes:
        name, value = field
        check_outgoing(name, value)
        data = represent(name, value)
        if len(name) + len(value) <= KEPT_LENGTH and name not in SECRET:
            remember(self, field, data, KEPT)
        return data


class Statuses(dict[int, bytes]):
    """The representation of each status that was used; what is no status raises."""

    def __missing__(self, status: int) -> bytes:
        if type(status) is not int or not 100 <= status <= 599:
            raise WrongAnswer(f"{status!r} is no status code (RFC 9110 15)")
        self[status] = data = represent(b":status", b"%d" % status)
        return data


encode_field = Representations().__getitem__
"""A field of an answer, represented. Raises WrongAnswer for one that must not go out."""

encode_status = Statuses().__getitem__
"""The pseudo-field of an answer (RFC 9113 section 8.3.2). Raises WrongAnswer for what is no status."""


def represent(name: bytes, value: bytes) -> bytes:
    """A field by its index in the static table, or as a literal that no table takes up, and that nobody on the way may
    index where the value is a secret (RFC 7541 sections 6.1, 6.2.2 and 6.2.3).
    """
    secret = name in SECRET
    index = 0 if secret else _INDEX_OF_FIELD.get((name, value), 0)
    if index:
        return bytes((0x80 | index,))
    kind = 0x10 if secret else 0
    index = _INDEX_OF_NAME.get(name, 0)
    if index:
        return spell_integer(index, 0x0F, kind) + spell_string(value)
    return bytes((kind,)) + spell_string(name) + spell_string(value)


_Entry = tuple[Field, int]

_STATIC: list[_Entry] = [((b"", b""), 0)]  # nothing has index 0
_STATIC += [((name, value), len(name) + len(value) + OVERHEAD) for name, value in STATIC_TABLE]

_INDEX_OF_FIELD = {field: index for index, field in enumerate(STATIC_TABLE, 1)}
_INDEX_OF_NAME = {name: index for index, (name, _) in reversed(list(enumerate(STATIC_TABLE, 1)))}

_SIZE_UPDATE = b"\x20"
_LITERAL_INDEXED = b"\x40"


def _no_entry(index: int) -> CompressionFault:
    return CompressionFault(f"no entry of the tables has the index {index} (RFC 7541 2.3.3)")
