"""The law of the floors: imports go down only, and what must stay pure imports nothing that does I/O."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "pellucid"

# A part's name, and what it may import besides itself. The order is the order of the floors.
FLOOR_0 = {"message", "piece", "errors", "session", "setting", "spelling", "tracebacks", "user", "watch"}
FLOOR_2 = FLOOR_0 | {"protocol", "semantics", "net"}
FLOOR_3 = FLOOR_2 | {"server"}
FLOOR_4 = FLOOR_3 | {"apps", "features", "accesslog", "authority", "eventlog", "loading", "metrics", "tracing"}
FLOOR_5 = FLOOR_4 | {"site", "settings", "plan", "processes"}
ALLOWED = {
    "message": set(),
    "piece": {"message"},
    "errors": set(),
    "session": set(),
    "setting": set(),
    "spelling": set(),
    "tracebacks": {"errors"},
    "user": set(),
    "watch": {"message", "piece", "errors"},
    "semantics": FLOOR_0,
    "protocol": FLOOR_0,
    "net": FLOOR_0,
    "server": FLOOR_2,
    "apps": FLOOR_3,
    "features": FLOOR_3,
    "accesslog": FLOOR_3,
    "authority": FLOOR_0,
    "eventlog": FLOOR_3,
    "metrics": FLOOR_3,
    "tracing": FLOOR_3,
    "loading": FLOOR_0,
    "site": FLOOR_4,
    "processes": FLOOR_4,
    "settings": FLOOR_4 | {"processes"},
    "plan": FLOOR_4 | {"settings"},
    "config": FLOOR_4 | {"settings", "plan"},
    "logs": FLOOR_5,
    "assembly": FLOOR_5,
    "listening": FLOOR_5,
    "worker": FLOOR_5 | {"logs", "assembly", "listening"},
    "inforce": FLOOR_5 | {"logs", "listening"},
    "serving": FLOOR_5 | {"logs", "assembly", "listening", "worker", "inforce"},
    "cli": FLOOR_5 | {"config", "logs", "listening", "worker", "serving", "inforce"},
    "__main__": {"cli"},
    "__init__": FLOOR_5 | {"listening", "worker"},
}
PURE = {"protocol", "semantics"}
BANNED = {"socket", "ssl", "select", "selectors", "threading", "asyncio", "time", "os", "logging"}

# What is not pure Python of our own, and the only files that import it.
PLACES = {
    "argon2": {"features/auth/passwords.py"},
    "backports": {"features/compression/codings.py"},
    "bcrypt": {"features/auth/passwords.py"},
    "brotli": {"features/compression/codings.py"},
    "click": {"cli/banner.py", "cli/command.py", "cli/options.py", "cli/passwd.py"},
    "cryptography": {"authority/issuing.py"},
    "itsdangerous": {"features/sessions/signing.py"},
    "joserfc": {"features/auth/jose.py"},
    "opentelemetry": {"tracing.py"},
    "redis": {"net/redislink.py"},
    "ssl": {f"net/{name}.py" for name in ("certificates", "handshakes", "tls", "tlscontext", "tlserrors", "tlsfacts")},
    "watchfiles": {"processes/lookout.py"},
    "websockets": {"protocol/websocket/masks.py"},
}

FILES = sorted(SOURCE.rglob("*.py"))


def imports(path: Path) -> set[str]:
    """The full names of the modules that a file imports, and a.b for `from a import b`."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def part_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_go_down_only(path: Path) -> None:
    part = part_of(path)
    for name in imports(path):
        if name.startswith("pellucid."):
            other = name.split(".")[1]
            assert other == part or other in ALLOWED[part] or other == "__version__", f"{part} imports {name}"
        elif part in PURE:
            assert name.split(".")[0] not in BANNED, f"{part} must stay pure, but imports {name}"


@pytest.mark.parametrize("package", PLACES)
def test_what_others_have_made_is_imported_at_its_place_alone(package: str) -> None:
    found = {
        str(path.relative_to(SOURCE)) for path in FILES if any(name.split(".")[0] == package for name in imports(path))
    }
    assert found == PLACES[package]


def test_siblings_on_the_third_floor_are_strangers() -> None:
    for path in (SOURCE / "apps").rglob("*.py"):
        own = path.relative_to(SOURCE / "apps").parts[0].removesuffix(".py")
        for name in imports(path):
            if name.startswith("pellucid.apps."):
                assert name.split(".")[2] == own, f"apps/{own} imports {name}"


def test_features_are_strangers_to_each_other() -> None:
    # What a feature is, they all know; who they are, only their order.
    for path in (SOURCE / "features").glob("*.py"):
        if path.name != "order.py":
            for name in imports(path):
                if name.startswith("pellucid.features."):
                    assert name.split(".")[2] in (path.stem, "feature"), f"features/{path.name} imports {name}"


def test_every_file_opens_with_a_sentence() -> None:
    for path in FILES:
        assert ast.get_docstring(ast.parse(path.read_text("utf-8"))), f"{path} says nothing of itself"
