"""Runs what documents show: shell sessions against real servers, Python, and what only has to be right.

How a fence is treated is said by its info string:

    console, sh        A session in the folder of its section, where `public` and `dist` are folders with a page, and
                       `cert.pem` and `key.pem` a certificate and its key. A line that begins with `$ ` is a command,
                       the lines after it are what it prints; in `sh` every line is a command. `…` stands for anything
                       within a line, a line of `…` for any lines. `pellucid serve` and what ends in `&` go on while
                       the rest of the section is run, until the next such command; their output is shown as far as it
                       begins. If nothing serves on port 8000, `public` is served. `make`, `git` and `pip` are for
                       fresh machines: looked at, not run.
    python             Run, unless its first line is a comment with the name of a file: then a session must name it, or
                       serve what is in it.
    pycon              A doctest.
    toml               A configuration. If its first line is a comment with the name of a file it is that one, which a
                       session then serves; else it is checked, with a `main:app` to be served if there is none.
    ini                Units of systemd: read, and the options of their commands too.
    json               Parsed.
    text               A picture or an excerpt: there is nothing in it to be run.
"""

import doctest
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from configparser import ConfigParser
from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_address
from pathlib import Path

from documents import Fence, Section, Step, pattern, plain, steps
from pellucid.authority import Machine
from pellucid.authority.issuing import make_authority, make_server
from pellucid.cli import main

PROJECT = Path(__file__).parent.parent
PATIENCE = 20.0
LAST_LINE_OF_THE_BANNER = "Ctrl+C stops it."


def run_section(section: Section, folder: Path) -> None:
    """Run all fences of a section in a folder. AssertionError says what is not as it is shown."""
    with Session(folder) as session:
        for fence in section.fences:
            if fence.file:
                session.write(fence)
        for fence in section.fences:
            TREATMENTS.get(fence.kind, _unknown)(fence, session)
    said = session.commands + "".join(fence.text for fence in section.fences if fence.kind == "toml")
    for fence in section.fences:
        named = not fence.file or fence.file in said or fence.file.replace(".py", ":") in said
        assert named, f"line {fence.line}: nothing runs {fence.file}"


@cache
def certificate() -> dict[str, bytes]:
    """The files of a certificate for this machine: it, its key, and whom to trust for it."""
    now, machine = datetime.now(UTC), Machine("", (ip_address("127.0.0.1"),))
    authority, authority_key = make_authority(machine, now)
    pem = make_server(authority, authority_key, machine, now)
    begin = pem.index(b"-----BEGIN PRIVATE KEY-----")
    return {"cert.pem": pem[:begin], "key.pem": pem[begin:], "authority.pem": authority}


class Session:
    """A folder, the commands that run in it, and free ports in the place of those that documents name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports: dict[str, socket.socket] = {}
        self._stays: subprocess.Popen[str] | None = None
        self._environment = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "PYTHONWARNINGS": "error",
            "PYTHONUNBUFFERED": "1",
            "PELLUCID_BIND": self.with_real_places("127.0.0.1:8000"),
        }
        self.commands = ""
        for name, content in certificate().items():
            (folder / name).write_bytes(content)
        (folder / ".curlrc").write_text("silent\nshow-error\n")  # as on a terminal
        (folder / "run").mkdir()
        (folder / "examples").symlink_to(PROJECT / "examples")
        for name in ("public", "dist"):
            (folder / name).mkdir()
            (folder / name / "index.html").write_text("<!doctype html>\n<title>Hello</title>\n")

    def run(self, step: Step) -> None:
        """Run a command and compare what it prints."""
        self.commands += step.command + "\n"
        if step.command.startswith("cd "):
            self._folder = self._folder / step.command[3:].strip()
            assert self._folder.is_dir(), f"$ {step.command}\nthere is no folder {self._folder.name!r}"
        elif step.prepares:
            _check_preparation(step)
        elif step.stays:
            self._stay(step)
        else:
            if ":8000" in step.command and self._stays is None:
                self._stay(Step("pellucid serve public", ""))
            self._pass(step)

    def write(self, fence: Fence) -> None:
        """Make the file that an example is to be."""
        (self._folder / fence.file).write_text(self.with_real_places(fence.text), "utf-8")
        if fence.kind == "toml" and "bind =" in fence.text:
            self._environment.pop("PELLUCID_BIND", None)  # which would go before it

    def check(self, text: str) -> None:
        """Have a configuration checked."""
        if not (self._folder / "main.py").exists():
            (self._folder / "main.py").write_text("app = print\n")
        (self._folder / ".example.toml").write_text(self.with_real_places(text), "utf-8")
        self._pass(Step("pellucid check --config .example.toml", ""))

    def python(self, text: str) -> None:
        """Run a Python program to its end."""
        (self._folder / ".example.py").write_text(self.with_real_places(text), "utf-8")
        self._pass(Step("python .example.py", ""))

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._end()
        finally:
            for holder in self._ports.values():
                holder.close()

    def _end(self) -> None:
        # As Ctrl+C does.
        process, self._stays = self._stays, None
        if process is None:
            return
        try:
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
        assert process.returncode == 0, f"{process.args!r} ended with status {process.returncode}:\n{output}"

    def with_real_places(self, text: str) -> str:
        """The text with free ports in the place of 8000 and its like, and a folder of its own for /run."""
        text = re.sub(r"(?<![\w.])/run/", "run/", text)
        return re.sub(r"(?<![\w.])(?:80[0-9]{2}|8443)(?![\w.])", lambda match: self._port(match[0]), text)

    def _port(self, shown: str) -> str:
        if shown not in self._ports:
            # Bound but not listening: nobody else is given it, and whoever reuses addresses may listen on it. On all
            # addresses, as examples do: a port may be free on one and taken on another.
            holder = socket.socket()
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            holder.bind(("", 0))
            self._ports[shown] = holder
        return str(self._ports[shown].getsockname()[1])

    def _shown(self, output: str) -> str:
        for shown, holder in self._ports.items():
            output = re.sub(rf"\b{holder.getsockname()[1]}\b", shown, output)
        output = output.replace(f"{self._folder}/run/", "/run/")
        return "".join(f"{plain(line)}\n" for line in output.replace("\r\n", "\n").rstrip("\n").split("\n"))

    def _pass(self, step: Step) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            done = subprocess.run(
                ["sh", "-c", self.with_real_places(step.command)],
                cwd=self._folder,
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=PATIENCE,
            )
            output = self._shown(done.stdout)
            if not step.shown.strip():
                assert done.returncode == 0, f"$ {step.command}\nended with status {done.returncode}:\n{output}"
                return
            if re.fullmatch(pattern(step.shown), output):
                return
            # A log is written a moment after what it tells of.
            if not step.command.startswith("cat ") or time.monotonic() > deadline:
                raise AssertionError(f"$ {step.command}\nis shown as\n{step.shown}\nand prints\n{output}")

    def _stay(self, step: Step) -> None:
        self._end()
        command = self.with_real_places(step.command.rstrip("& "))
        process = self._stays = subprocess.Popen(
            ["sh", "-c", f"exec env {command}"],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        shown = step.shown.strip() or (LAST_LINE_OF_THE_BANNER if "pellucid serve" in command else "")
        if not shown:
            self._wait_for_port(process)
            return
        output = ""
        assert process.stdout is not None
        watchdog = threading.Timer(PATIENCE, process.kill)
        watchdog.start()
        expected = pattern(step.shown) if step.shown.strip() else rf"(?s:.*){re.escape(shown)}\n"
        for line in process.stdout:
            output += self._shown(line)
            if re.match(expected, output):
                watchdog.cancel()
                return
        watchdog.cancel()
        self._stays = None
        process.wait()
        process.stdout.close()
        raise AssertionError(f"$ {step.command}\nis shown as\n{shown}\nand prints\n{output}")

    def _wait_for_port(self, process: "subprocess.Popen[str]") -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", int(self._port("8000"))), PATIENCE).close()
                return
            except ConnectionRefusedError:
                pass
            try:
                process.wait(0.02)
            except subprocess.TimeoutExpired:
                continue
            break
        self._stays = None
        process.kill()
        raise AssertionError(f"{process.args!r} does not listen:\n{process.communicate()[0]}")


def _run_session(fence: Fence, session: Session) -> None:
    for step in steps(fence):
        session.run(step)


def _check_preparation(step: Step) -> None:
    words = shlex.split(step.command, comments=True)
    if words[0] == "make":
        targets = re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text("utf-8"), re.MULTILINE)
        unknown = [word for word in words[1:] if "=" not in word and word not in targets]
        assert not unknown, f"$ {step.command}\nthe Makefile has no {unknown[0]!r}"


def _run_python(fence: Fence, session: Session) -> None:
    compile(fence.text, f"line {fence.line}", "exec")
    if not fence.file:
        session.python(fence.text)


def _check_configuration(fence: Fence, session: Session) -> None:
    if not fence.file:
        session.check(fence.text)


def _run_doctest(fence: Fence, session: Session) -> None:
    test = doctest.DocTestParser().get_doctest(fence.text, {}, f"line {fence.line}", None, fence.line)
    assert test.examples, f"line {fence.line}: a pycon fence without >>>"
    runner = doctest.DocTestRunner(verbose=False)
    told: list[str] = []
    runner.run(test, out=told.append)
    assert not runner.failures, "".join(told)


def _check_units(fence: Fence, session: Session) -> None:
    units = ConfigParser(interpolation=None)
    units.read_string(fence.text)
    for unit in units.values():
        if "ExecStart" in unit:
            _, command, *words = shlex.split(unit["ExecStart"])
            chosen = main.commands[command].make_context(command, words)
            assert chosen.params["targets"]


def _parse_json(fence: Fence, session: Session) -> None:
    json.loads(fence.text)


def _look(fence: Fence, session: Session) -> None:
    pass


def _unknown(fence: Fence, session: Session) -> None:
    raise AssertionError(f"line {fence.line}: nobody knows how to try a fence of the kind {fence.info!r}")


TREATMENTS = {
    "console": _run_session,
    "sh": _run_session,
    "python": _run_python,
    "pycon": _run_doctest,
    "toml": _check_configuration,
    "ini": _check_units,
    "json": _parse_json,
    "text": _look,
}
