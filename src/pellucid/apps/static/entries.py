"""What is known of the paths that were asked for, bounded and never trusted unchecked; it knows no request.

Why what is kept is never stale, and never from outside the root: an entry was made by a walk beneath the root, and it
tells the identity (device, inode, size, both change times) of the file that was found, of its folder if another file
there could have been preferred, and of a variant that was no good. Before it is used, its path is looked at again, once
for all requests that one round of the loop has read, and must lead to the very same identities: it is the file that was
found beneath the root, unchanged. A file or folder that changed within the last seconds could change once more within
one tick of its file system's clock, unseen, and a link that leads nowhere can come to lead to a file without any change
where it stands: such an entry serves the round that made it and no other.
"""

from __future__ import annotations

from pellucid.apps.static.representation import Representation, stands
from pellucid.semantics.negotiation import choose_coding

# The coarsest clock of a file system that is in use (FAT), with some room, in seconds.
COARSE = 2.5

# What an entry costs besides its bodies, estimated high.
OVERHEAD = 4096

MOST_CHOICES = 8
LONGEST_CHOICE = 128

Check = tuple[bytes, tuple[int, ...]]


class Entry:
    """What one path is answered with: the plain content, its variants, and what else must stay for this to hold."""

    __slots__ = ("_choices", "checked", "conditions", "lasting", "plain", "variants", "weight")

    def __init__(
        self,
        plain: Representation,
        variants: tuple[Representation, ...],
        conditions: tuple[Check, ...],
        now: float,
        wall: float,
        *,
        dangling: bool = False,
    ) -> None:
        self.plain = plain
        self.variants = variants
        self.conditions = conditions
        self.checked = now
        identities = [each.identity for each in (plain, *variants)] + [identity for _, identity in conditions]
        self.lasting = not dangling and max(identity[-1] for identity in identities) < (wall - COARSE) * 1e9
        self.weight = 0
        self._choices: dict[bytes | None, Representation] = {}
        for each in (plain, *variants):
            each.checked = now

    def choose(self, accept_encoding: bytes | None) -> Representation:
        """The representation in the coding that the client likes best."""
        if not self.variants:
            return self.plain
        chosen = self._choices.get(accept_encoding)
        if chosen is None:
            coding = choose_coding(accept_encoding, [each.coding for each in self.variants])
            chosen = next((each for each in self.variants if each.coding == coding), self.plain)
            if len(self._choices) < MOST_CHOICES and len(accept_encoding or b"") <= LONGEST_CHOICE:
                self._choices[accept_encoding] = chosen
        return chosen

    def stands(self, root: int, now: float) -> bool:
        """Whether all is as it was, looked at once for each moment `now`; the variants are asked by themselves."""
        if self.checked == now:
            return True
        if not self.lasting or not self.plain.stands(root, now):
            return False
        for path, identity in self.conditions:
            if not stands(path, identity, root):
                return False
        self.checked = now
        return True


class Entries:
    """Entries by the path on the wire; the oldest are forgotten so that all, with their bodies, fit a size in bytes."""

    __slots__ = ("_size", "known", "used")

    def __init__(self, size: int) -> None:
        self._size = size
        self.known: dict[bytes, Entry] = {}
        self.used = 0

    def keep(self, path: bytes, entry: Entry) -> None:
        """Remember an entry; again after more of its bodies were read."""
        self.forget(path)
        bodies = sum(len(each.body or b"") for each in (entry.plain, *entry.variants))
        entry.weight = OVERHEAD + len(path) + bodies
        if entry.weight > self._size:
            return
        self.known[path] = entry
        self.used += entry.weight
        while self.used > self._size:
            self.forget(next(iter(self.known)))

    def forget(self, path: bytes) -> None:
        """Remember it no longer."""
        entry = self.known.pop(path, None)
        if entry is not None:
            self.used -= entry.weight

    def clear(self) -> None:
        """Forget all."""
        self.known.clear()
        self.used = 0
