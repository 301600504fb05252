"""A file on its way into a folder: nobody sees it before it is whole, and it takes no other's place unasked.

It knows the file system and nothing of HTTP. Folders are known by their descriptors, so that no link leads elsewhere.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat

PREFIX = b".pellucid-"
"""How the names begin that files have until they are whole. What a crash has left can be removed."""

# Some file systems have one name for a file, and no more.
_NO_LINKS = (errno.EPERM, errno.EMLINK, errno.ENOSYS, errno.EOPNOTSUPP)

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Landing:
    """A new file for a folder, given by its descriptor, which is held until the end. OSError says why it cannot be.

    In the end it is published or discarded, once.
    """

    __slots__ = ("_fd", "_folder", "_name")

    def __init__(self, folder: int) -> None:
        self._name = PREFIX + secrets.token_hex(12).encode()
        self._folder = os.dup(folder)
        try:
            self._fd = os.open(self._name, _NEW, 0o666, dir_fd=self._folder)
        except OSError:
            os.close(self._folder)
            raise

    def write(self, data: bytes) -> None:
        """Some more of it. OSError says why that cannot be."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]

    def publish(self, name: bytes, *, replace: bool) -> bool:
        """Give it its name, at once and whole. True if another file stood there, whose place it has taken.

        OSError: EEXIST where there is something of that name already, which is not to be replaced, or is a folder.
        """
        try:
            stood = replace and _is_file(name, self._folder)
            if stood:
                os.rename(self._name, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
            else:
                self._publish_new(name)
        except OSError:
            self.discard()
            raise
        self._close()
        return stood

    def discard(self) -> None:
        """It is not to be."""
        try:
            os.unlink(self._name, dir_fd=self._folder)
        except FileNotFoundError:  # somebody has tidied up
            pass
        finally:
            self._close()

    def _publish_new(self, name: bytes) -> None:
        # Unlike a rename, neither way takes another's place.
        folder = self._folder
        try:
            os.link(self._name, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            os.close(os.open(name, _NEW, 0o666, dir_fd=folder))  # for a moment, it is there and empty
            os.rename(self._name, name, src_dir_fd=folder, dst_dir_fd=folder)
        else:
            os.unlink(self._name, dir_fd=folder)

    def _close(self) -> None:
        os.close(self._fd)
        os.close(self._folder)


def _is_file(name: bytes, folder: int) -> bool:
    # A link is replaced itself, and never what it leads to.
    try:
        return not stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False
