"""Headless Chromium, driven through the DevTools protocol: pages, what they load, and what they complain about."""

import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from programs import program
from running import PATIENCE
from websockets.sync.client import ClientConnection, connect

from pellucid.authority import how_to_trust

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--mute-audio",
    "--window-size=1100,900",
    "--remote-debugging-port=0",
)

# Asked for by the browser where a page names no icon.
ICON = "/favicon.ico"

# What goes wrong inside of a page, to what to say of it.
COMPLAINTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "Runtime.exceptionThrown": lambda event: f"exception: {event['exceptionDetails']}",
    "Runtime.consoleAPICalled": lambda event: (
        f"console: {event['args']}" if event["type"] in ("error", "warning", "assert") else ""
    ),
    "Log.entryAdded": lambda event: (
        f"{event['entry']['source']}: {event['entry']['text']} {event['entry'].get('url', '')}"
        if event["entry"]["level"] in ("error", "warning")
        else ""
    ),
    "Audits.issueAdded": lambda event: (
        f"policy: {event['issue']['details']}" if event["issue"]["code"] == "ContentSecurityPolicyIssue" else ""
    ),
    "Page.javascriptDialogOpening": lambda event: f"dialog: {event['message']}",
}


@dataclass
class Load:
    """One thing that a page has asked for. The status and the fields are those that came over the wire."""

    url: str
    kind: str
    asked: dict[str, str] = field(default_factory=dict)
    status: int = 0
    fields: dict[str, str] = field(default_factory=dict)
    connection: int = 0
    protocol: str = ""
    cached: bool = False
    failed: str = ""
    ended: bool = False


class Chromium:
    """`with Chromium() as browser`: a browser with a profile of its own, ended and forgotten with the block.

    An `authority` is a file of a certificate that it trusts, as if its owner had installed it.
    """

    def __init__(self, authority: Path | None = None) -> None:
        path = program("chromium", "chromium-browser", "google-chrome")
        self._profile = tempfile.mkdtemp(prefix="chromium-")
        self._pages: dict[str, Page] = {}
        self._calls = 0
        # A group of its own, so that the whole family can be ended by one id.
        self._process = subprocess.Popen(
            [path, *FLAGS, f"--user-data-dir={self._profile}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=os.environ | {"HOME": self._trusting(authority)} if authority else None,
        )

    def __enter__(self) -> Self:
        try:
            self._socket = self._connect()
        except BaseException:
            self._kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._kill()

    @contextmanager
    def page(self) -> Iterator["Page"]:
        """A blank page that shares no cache and no cookie with others."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self._pages[session] = Page(self, session)
        for domain in ("Page", "Network", "Runtime", "Log", "Audits"):
            page.call(f"{domain}.enable")
        try:
            yield page
        finally:
            del self._pages[session]
            self.call("Target.disposeBrowserContext", browserContextId=context)

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """What the browser answers to a call; AssertionError with its words if it refuses."""
        self._calls += 1
        number, deadline = self._calls, time.monotonic() + PATIENCE
        message = {"id": number, "method": method, "params": parameters}
        self._socket.send(json.dumps(message | ({"sessionId": session} if session else {})))
        while True:
            answer = self.hear(deadline)
            if answer.get("id") == number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                result: dict[str, Any] = answer["result"]
                return result

    def hear(self, deadline: float) -> dict[str, Any]:
        """The next message, after the page that it concerns has noted it."""
        message: dict[str, Any] = json.loads(self._socket.recv(max(deadline - time.monotonic(), 0)))
        page = self._pages.get(message.get("sessionId", ""))
        if page is not None and "method" in message:
            page.note(message["method"], message["params"])
        return message

    def _trusting(self, authority: Path) -> str:
        # By what people are told, in a home in which no browser has run.
        program("certutil")
        told = dict(how_to_trust(str(authority), "linux"))["Chrome"]
        subprocess.run(told, shell=True, check=True, stdin=subprocess.DEVNULL, env=os.environ | {"HOME": self._profile})
        return self._profile

    def _connect(self) -> ClientConnection:
        # Written by the browser once it listens; nothing tells of it, so it is looked for.
        told, deadline = Path(self._profile, "DevToolsActivePort"), time.monotonic() + PATIENCE
        while True:
            assert self._process.poll() is None, "chromium ended at once"
            assert time.monotonic() < deadline, "chromium does not listen"
            words = told.read_text().split() if told.exists() else []
            if len(words) == 2:
                address = f"ws://127.0.0.1:{words[0]}{words[1]}"
                return connect(address, compression=None, max_size=None, proxy=None, open_timeout=PATIENCE)
            try:
                self._process.wait(0.02)
            except subprocess.TimeoutExpired:
                continue

    def _kill(self) -> None:
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        shutil.rmtree(self._profile, ignore_errors=True)


class Page:
    """A page of a browser. `loads` is what it asked for since the last navigation, `complaints` what went wrong."""

    def __init__(self, browser: Chromium, session: str) -> None:
        self._browser = browser
        self._session = session
        self._loads: dict[str, Load] = {}
        self._shown = 0
        self.complaints: list[str] = []

    @property
    def loads(self) -> list[Load]:
        """What was asked for since the last `open`, `reload` or `follow`, in its order; icons and data: URLs aside."""
        return [load for load in self._loads.values() if load.url and not load.url.startswith("data:")]

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A call to this page's part of the protocol."""
        return self._browser.call(method, self._session, **parameters)

    def open(self, url: str) -> Load:
        """Go to a URL, wait until all of it is loaded, and tell about the page itself."""

        def go() -> None:
            error = self.call("Page.navigate", url=url).get("errorText", "")
            # A page with an error status and an empty body is Chromium's own error page, which is loaded too.
            assert not error or error == "net::ERR_HTTP_RESPONSE_CODE_FAILURE", error

        return self._loaded(go)

    def reload(self) -> Load:
        """As a person who presses the button."""
        return self._loaded(lambda: self.call("Page.reload", ignoreCache=False))

    def follow(self, selector: str, place: int = 0) -> Load:
        """Click on a link with the mouse, and wait until what it leads to is loaded."""
        return self._loaded(lambda: self.click(selector, place))

    def after(self, act: Callable[[], object]) -> Load:
        """Do something that makes the page load anew by itself, and wait until it has."""
        return self._loaded(act)

    def click(self, selector: str, place: int = 0) -> None:
        """Press and release the mouse on the element, the first or another one of those that the selector finds."""
        x, y = self.evaluate(
            f"(element => {{ element.scrollIntoView({{block: 'center', behavior: 'instant'}});"
            " const box = element.getClientRects()[0]; return [box.x + box.width / 2, box.y + box.height / 2]; })"
            f"(document.querySelectorAll({json.dumps(selector)})[{place}])"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def evaluate(self, expression: str) -> Any:
        """The value of an expression or of its promise; AssertionError with what it throws."""
        outcome = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True
        )
        assert "exceptionDetails" not in outcome, outcome["exceptionDetails"]
        return outcome["result"].get("value")

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Hear what the browser tells until the condition holds."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            try:
                self._browser.hear(deadline)
            except TimeoutError:
                raise AssertionError(f"waited in vain for {what}") from None

    def screenshot(self, name: str) -> None:
        """Write the whole page as a picture, if SCREENSHOTS names a folder for them."""
        folder = os.environ.get("SCREENSHOTS")
        if folder:
            picture = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
            Path(folder, f"{name}.png").write_bytes(base64.b64decode(picture))

    def note(self, method: str, event: dict[str, Any]) -> None:
        """An event that concerns this page."""
        if method == "Page.loadEventFired":
            self._shown += 1
        elif method.startswith("Network."):
            self._note_load(method.removeprefix("Network."), event)
        elif method in COMPLAINTS:
            complaint = COMPLAINTS[method](event)
            if complaint and not complaint.endswith(ICON):
                self.complaints.append(complaint)

    def _note_load(self, name: str, event: dict[str, Any]) -> None:
        number = event.get("requestId", "")
        if name == "requestWillBeSent":
            # What is neither a document nor a part of one is an icon for the window, which the browser gets at a moment
            # of its choice.
            if event.get("type") != "Other":
                load = self._loads.setdefault(number, Load("", ""))
                load.url, load.kind = event["request"]["url"], event.get("type", "")
        elif name in ("requestWillBeSentExtraInfo", "responseReceivedExtraInfo"):
            load = self._loads.setdefault(number, Load("", ""))
            lower = {key.lower(): value for key, value in event["headers"].items()}
            if name.startswith("request"):
                load.asked = lower
            else:
                load.fields, load.status = lower, event["statusCode"]
        elif number in self._loads:
            self._note_end(name, event, self._loads[number])

    def _note_end(self, name: str, event: dict[str, Any], load: Load) -> None:
        if name == "responseReceived":
            load.kind = event["type"]
            load.connection = int(event["response"].get("connectionId", 0))
            load.protocol = event["response"].get("protocol", "")
            load.cached = event["response"].get("fromDiskCache", False)
        elif name == "requestServedFromCache":
            load.cached = True
        elif name == "loadingFailed":
            load.failed, load.ended = event.get("blockedReason") or event["errorText"], True
        elif name == "loadingFinished":
            load.ended = True

    def _loaded(self, go: Callable[[], object]) -> Load:
        self._loads.clear()
        shown = self._shown
        go()
        self.until(lambda: self._shown > shown, "the page to load")
        # Films come as they are needed, and streams of events have no end.
        endless = ("Media", "EventSource")
        self.until(lambda: all(load.ended or load.kind in endless for load in self.loads), "the last things to load")
        return next(load for load in self.loads if load.kind == "Document")
