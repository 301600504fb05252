"""What a person may have meant by a target that is none, in one line; it reads source and never runs it."""

from __future__ import annotations

import ast
import os
import shlex
from collections.abc import Iterator

from pellucid.spelling import nearest

USUAL = ("app", "application", "api", "asgi", "wsgi", "create_app", "make_app", "get_app")
"""What people call their applications, and the functions that make them."""


def explain(text: str, app_dir: str = ".", mount: str = "") -> str:
    """What is wrong with a target, and what to write instead. `mount` is what stands before it, `/static=` say."""
    head, colon, attribute = text.partition(":")
    if colon:
        return _explain_named(text, app_dir, mount)
    if "=" in text and not os.path.lexists(text):
        path, _, rest = text.partition("=")
        return (
            f"{text!r} has a mount without a slash before it; did you mean `pellucid serve /{path.strip('/')}={rest}`?"
        )
    if text.isdigit() and not os.path.lexists(text):
        return f"there is no folder {text!r}; did you mean `pellucid serve --bind {text}`?"
    file = _file_of(text, app_dir)
    if file:
        kind = "no folder" if text == _module_of(text) else "a module"
        return f"{text!r} is {kind}; {_wanted(file, app_dir, mount)}"
    if os.path.lexists(text):
        if text.endswith((".pem", ".key", ".crt")):
            return f"{text!r} is not a folder; if it is for --tls, write a comma, as in --tls cert.pem,key.pem"
        return f"{text!r} is not a folder: give the one that it is in"
    head, _, attribute = text.replace("/", ".").rpartition(".")
    if attribute.isidentifier() and _file_of(head, app_dir):
        return f"there is no folder {text!r}; did you mean {_command(f'{mount}{head}:{attribute}')}?"
    return f"there is no folder {text!r}{_near_folder(text)}"


def application_in(file: str) -> str:
    """The name of what is most likely the application in a Python file, with () if it makes one; empty if none is."""
    try:
        with open(file, "rb") as source:
            tree = ast.parse(source.read(1 << 20))
    except (OSError, SyntaxError, ValueError, RecursionError):
        return ""
    found = dict(_names(tree))
    for name in USUAL:
        if name in found:
            makes = found[name] and name.partition("_")[0] in ("create", "make", "get")
            return f"{name}()" if makes else name
    return ""


def _names(tree: ast.Module) -> Iterator[tuple[str, bool]]:
    # The names that a module gives to things that could be called, and whether it is by `def`.
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, not isinstance(node, ast.ClassDef)
        elif isinstance(node, ast.Assign):
            yield from ((each.id, False) for each in node.targets if isinstance(each, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            yield node.target.id, False
        elif isinstance(node, ast.ImportFrom):
            yield from ((each.asname or each.name, False) for each in node.names)


def _explain_named(text: str, app_dir: str, mount: str) -> str:
    head, _, attribute = text.partition(":")
    if not head:
        return f"{text!r} names no module: write MODULE:APP, such as main:app"
    if not attribute:
        file = _file_of(head, app_dir)
        if file:
            return f"{text!r} names no application; {_wanted(file, app_dir, mount)}"
        return f"{text!r} names no application: write MODULE:APP, such as main:app"
    if head.startswith("/") and not mount and not head.endswith(".py") and not _file_of(head, app_dir):
        return f"{text!r} is no module's name; did you mean `pellucid serve {head}={attribute}`?"
    if "(" in attribute and attribute.partition("(")[2] != ")" and attribute.partition("(")[0].isidentifier():
        name = attribute.partition("(")[0]
        return f"{text!r}: a factory is called without arguments; write '{head}:{name}()'"
    if "/" in head or "\\" in head or head.endswith(".py"):
        better = f"{mount}{_module_of(head)}:{attribute}"
        if not head.startswith((".", "/", "~")):
            return f"{text!r} is no module's name, which has dots and no slash; did you mean {_command(better)}?"
        folder, name = os.path.split(head)
        better = _command("--app-dir", folder, f"{mount}{_module_of(name)}:{attribute}")
        return f"{text!r} is no module's name; did you mean {better}?"
    return f"{text!r} is neither a folder nor MODULE:APP: both are names with dots between them, such as main:app"


def _wanted(file: str, app_dir: str, mount: str) -> str:
    relative = os.path.relpath(file, app_dir)
    elsewhere: tuple[str, ...] = ()
    if relative.startswith(os.path.pardir):
        folder, relative = os.path.split(os.path.normpath(file))
        elsewhere = ("--app-dir", folder)
    module = _module_of(relative).removesuffix(".__init__")
    name = application_in(file)
    if not all(part.isidentifier() for part in module.split(".")):
        return f"no module can be imported as {module!r}: its name is to be of letters, digits and underscores"
    if name:
        return f"did you mean {_command(*elsewhere, f'{mount}{module}:{name}')}?"
    return f"to serve an application in it, name that too: `pellucid serve {mount}{module}:NAME`"


def _command(*words: str) -> str:
    # With the quotes that a shell wants around a (), so that it can be copied.
    return f"`pellucid serve {shlex.join(words)}`"


def _file_of(text: str, app_dir: str) -> str:
    """The Python file that this path, or this module's name, means; empty if there is none."""
    path = text.replace(".", "/")
    candidates = [text] if text.endswith(".py") else [f"{path}.py", f"{path}/__init__.py", f"{text}.py"]
    for candidate in candidates:
        file = os.path.join(app_dir, candidate)
        if os.path.isfile(file):
            return file
    return ""


def _module_of(path: str) -> str:
    return os.path.normpath(path).removesuffix(".py").replace("/", ".").replace("\\", ".").strip(".")


def _near_folder(folder: str) -> str:
    parent, name = os.path.split(os.path.normpath(folder))
    try:
        folders = [each.name for each in os.scandir(parent or ".") if each.is_dir()]
    except OSError:
        return ""
    near = nearest(name, folders)
    return f"; did you mean {os.path.join(parent, near)!r}?" if near else ""
