"""The import of an application by its name, and what a person should read where it fails."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import sys
import traceback
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from pellucid.loading.interface import interface_of
from pellucid.loading.mistakes import application_in
from pellucid.loading.targets import Named
from pellucid.spelling import nearest
from pellucid.tracebacks import in_one_line, is_importing, is_ours, traceback_of


class NotLoaded(Exception):
    """An application cannot be had: `reason` is one line, `trace` the traceback from the user's own code on, if any."""

    def __init__(self, reason: str, trace: str = "") -> None:
        super().__init__(f"{trace}{reason}")
        self.reason = reason
        self.trace = trace


def load(named: Named, app_dir: str) -> Any:
    """The object of this name, called if it is a factory. The folder comes first on Python's path. Raises NotLoaded."""
    folder = _absolute(app_dir)
    if sys.path[:1] != [folder]:
        sys.path.insert(0, folder)
        importlib.invalidate_caches()
    found = _attribute(_module(named, folder), named, folder)
    return _made(found, named, folder) if named.call else found


def _absolute(folder: str) -> str:
    try:
        return os.path.abspath(folder)
    except OSError as error:
        raise NotLoaded("the current folder is not there any more: go to one that is, or name --app-dir") from error


def _module(named: Named, folder: str) -> ModuleType:
    try:
        return importlib.import_module(named.module)
    except KeyboardInterrupt:
        raise
    except SystemExit as error:
        raise NotLoaded(
            f"{named.module} ended the program while it was imported ({_ending(error)}): what runs a program belongs "
            "under `if __name__ == '__main__':`",
            _trace(error, folder),
        ) from error
    except BaseException as error:
        if isinstance(error, ModuleNotFoundError) and _is_missing(error, named.module, folder):
            raise NotLoaded(_no_module(named, folder)) from error
        reason = f"{named.module} cannot be imported: {in_one_line(error)}{_where_missing(error)}"
        raise NotLoaded(reason, _trace(error, folder)) from error


def _where_missing(error: BaseException) -> str:
    # That the server and the application's packages stand in two environments is what goes wrong most.
    if isinstance(error, ModuleNotFoundError) and error.name and "." not in error.name:
        return f"; is it installed in {sys.prefix}?"
    return ""


def _is_missing(error: ModuleNotFoundError, module: str, folder: str) -> bool:
    # The named module itself, or a package above it, and not one that it wants.
    itself = error.name is not None and (module + ".").startswith(error.name + ".")
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_around(frame.filename)]
    return itself and not frames


def _no_module(named: Named, folder: str) -> str:
    above, _, name = named.module.rpartition(".")
    parent = sys.modules.get(above)
    if above and parent is not None and not hasattr(parent, "__path__"):
        return f"there is no module {named.module!r}: {above!r} is not a package; did you mean {above}:{name}?"
    if not os.access(folder, os.R_OK | os.X_OK):  # by the user who serves, who may be another than the one who started
        return f"there is no module {named.module!r} to be seen: the folder {folder} may not be read"
    where = list(parent.__path__) if parent is not None and above else [folder]
    missing = named.module if parent is not None or not above else above.split(".")[0]
    near = nearest(name if missing == named.module else missing, _modules_in(where))
    hint = f"; did you mean {above + '.' if above and parent else ''}{near}?" if near else ""
    return f"there is no module {missing!r}, neither in {where[0]} nor elsewhere on Python's path{hint}"


def _modules_in(folders: Sequence[str]) -> list[str]:
    import pkgutil  # only who has mistyped a name needs it

    return [each.name for each in pkgutil.iter_modules(list(folders))]


def _attribute(module: ModuleType, named: Named, folder: str) -> Any:
    found: Any = module
    path = named.module
    for name in named.attribute.split("."):
        try:
            found = getattr(found, name)
        except AttributeError as error:
            if error.name not in (None, name) or _frames(error, folder):
                raise NotLoaded(f"{named} cannot be had: {in_one_line(error)}", _trace(error, folder)) from error
            raise NotLoaded(_no_attribute(found, path, name)) from error
        except Exception as error:  # whatever a module's own __getattr__ may raise
            raise NotLoaded(f"{named} cannot be had: {in_one_line(error)}", _trace(error, folder)) from error
        path += f".{name}"
    return found


def _frames(error: BaseException, folder: str) -> bool:
    return any(not _is_around(frame.filename) for frame in traceback.extract_tb(error.__traceback__))


def _no_attribute(owner: Any, path: str, name: str) -> str:
    public = [each for each in dir(owner) if not each.startswith("_")]
    near = nearest(name, public, 0.5)
    file = getattr(owner, "__file__", None)
    where = f" ({file})" if file else ""
    likely = near or (application_in(file) if file else "")
    hint = f"; did you mean {likely!r}?" if likely and likely != name else ""
    return f"there is no {name!r} in {path}{where}{hint}"


def _made(factory: Any, named: Named, folder: str) -> Any:
    if not callable(factory):
        raise NotLoaded(f"{named} is no factory: {named.attribute} is a {type(factory).__name__}, leave the () out")
    if inspect.iscoroutinefunction(factory):
        raise NotLoaded(f"{named} is a coroutine function: a factory must be a plain one, or is it the app itself?")
    try:
        inspect.signature(factory).bind()
    except TypeError as error:
        if _is_application(factory):
            raise NotLoaded(f"{named} is no factory but the application itself: leave the () out") from error
        raise NotLoaded(f"{named} cannot be called without arguments: {error}") from error
    except ValueError:
        pass  # it does not tell what it wants
    try:
        return factory()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise NotLoaded(f"{named} failed: {in_one_line(error)}", _trace(error, folder)) from error


def _is_application(found: Any) -> bool:
    try:
        return bool(interface_of(found))
    except ValueError:
        return False


def _ending(error: SystemExit) -> str:
    # What is no number is written, and stands for 1.
    code = error.code or 0
    return f"exit status {code}" if isinstance(code, int) else in_one_line(error)


def _trace(error: BaseException, folder: str) -> str:
    # Without the frame that called, which is here.
    called = error.__traceback__
    return traceback_of(error.with_traceback(called.tb_next if called is not None else None), folder) + "\n"


def _is_around(file: str) -> bool:
    return is_importing(file) or is_ours(file)
