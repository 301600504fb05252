"""Users over real sockets: in a browser at the form, by curl and by what apps of each kind find of them."""

import base64
import hashlib
import http.client
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chromium import Chromium, Page
from curl import fetch
from running import Running
from workers import Workers

from pellucid.features.auth.digest import read_parameters, response_of
from pellucid.features.auth.htpasswd import read_users
from pellucid.features.auth.passwords import argon2_of, bcrypt_of, verify

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

# The password is `secret`; a hash that is made fast, as no real one should be.
USERS = "alice:$2b$04$OocTvGEHeYnduzSne7KIQuoVN79T/teNgYk8Xrd/CSPHot20VU9uO\n"

STARLETTE = """
from starlette.applications import Starlette
from starlette.authentication import requires
from starlette.responses import JSONResponse
from starlette.routing import Route

async def who(request):
    user = request.user
    return JSONResponse([user.is_authenticated, user.display_name, sorted(request.auth.scopes)])

@requires("group:admins")
async def admins(request):
    return JSONResponse("in")

@requires("group:others")
async def others(request):
    return JSONResponse("in")

app = Starlette(routes=[Route("/who", who), Route("/admins", admins), Route("/others", others)])
"""

DJANGO = """
import os
from pathlib import Path
import django
from django.conf import settings

settings.configure(
    SECRET_KEY="x" * 50, ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, USE_TZ=True,
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": Path(__file__).with_name("django.db")}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    AUTHENTICATION_BACKENDS=["django.contrib.auth.backends.RemoteUserBackend"],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.auth.middleware.RemoteUserMiddleware",
    ],
)
django.setup()
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import path

call_command("migrate", verbosity=0)

def who(request):
    told = [request.user.is_authenticated, request.user.username, request.META.get("AUTH_TYPE", "")]
    return JsonResponse(told, safe=False)

urlpatterns = [path("who", who)]
app = get_wsgi_application()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "users").write_text(USERS)
    (tmp_path / "groups").write_text("admins: alice\n")
    secret = hashlib.sha256(b"alice:this site:secret").hexdigest()
    (tmp_path / "digests").write_text(f"alice:this site:{secret}\n")
    (tmp_path / "starlette_app.py").write_text(STARLETTE)
    (tmp_path / "django_app.py").write_text(DJANGO)
    return tmp_path


def options(folder: Path, *auth: str) -> list[str]:
    """How to serve with these users."""
    named = [word for name in auth for word in ("--auth", name)]
    files = ("--auth-users", "users", "--auth-groups", "groups", "--auth-digests", "digests")
    return ["--bind", "127.0.0.1:0", "--app-dir", str(folder), *named, *files]


# What apps find


def test_starlette_finds_its_user_and_what_it_requires(folder: Path) -> None:
    with Running("serve", "starlette_app:app", *options(folder, "basic"), "--require", "anyone", cwd=folder) as server:
        at = f"http://127.0.0.1:{server.port}"
        alice = ("-u", "alice:secret")
        assert json.loads(fetch(f"{at}/who").body) == [False, "", []]
        assert json.loads(fetch(f"{at}/who", *alice).body) == [True, "alice", ["authenticated", "group:admins"]]
        paths = ("/admins", "/others")
        assert [fetch(at + path, *alice).status for path in paths] == [200, 403]
        assert [fetch(at + path).status for path in paths] == [403, 403]


def test_djangos_middleware_for_remote_users_works(folder: Path) -> None:
    with Running("serve", "django_app:app", *options(folder, "basic"), "--require", "anyone", cwd=folder) as server:
        at = f"http://127.0.0.1:{server.port}/who"
        assert json.loads(fetch(at, "-u", "alice:secret").body) == [True, "alice", "Basic"]
        forged = fetch(at, "-H", "Remote-User: root", "-H", "REMOTE_USER: root", "-H", "X-Remote-User: root")
        assert json.loads(forged.body) == [False, "", ""]


def test_curl_speaks_digest_with_it(folder: Path) -> None:
    (folder / "public").mkdir()
    (folder / "public" / "a.txt").write_text("hello")
    with Running("serve", "public", *options(folder, "digest"), cwd=folder) as server:
        at = f"http://127.0.0.1:{server.port}/a.txt"
        assert fetch(at, "--digest", "-u", "alice:secret").body == b"hello"
        assert fetch(at, "--digest", "-u", "alice:wrong").status == 401


def ask(port: int, method: str, field: str = "") -> tuple[int, str]:
    """The status and the challenge, over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, "/who", headers={"Authorization": field} if field else {})
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers.get("www-authenticate", "")
    finally:
        connection.close()


def test_a_nonce_is_good_in_all_workers_and_a_copy_in_each_once_at_the_most(folder: Path) -> None:
    arguments = [*options(folder, "digest")[2:], "--workers", "2"]
    with Workers(folder, STARLETTE, *(absolute(folder, arguments))) as server:
        nonce = (read_parameters(ask(server.port, "GET")[1][7:].encode()) or {})["nonce"]

        def field(count: int, method: str = "GET") -> str:
            shown = {"nonce": nonce, "nc": f"{count:08x}", "cnonce": "abc", "qop": "auth", "uri": "/who"}
            secret = hashlib.sha256(b"alice:this site:secret").hexdigest()
            shown |= {"response": response_of(secret, shown, method), "username": "alice", "realm": "this site"}
            return "Digest algorithm=SHA-256, " + ", ".join(f'{key}="{value}"' for key, value in shown.items())

        assert {ask(server.port, "GET", field(count))[0] for count in range(1, 30)} == {200}
        copied = [ask(server.port, "GET", field(30))[0] for _ in range(30)]
        assert 1 <= copied.count(200) <= 2
        changing = [ask(server.port, "POST", field(31, "POST")) for _ in range(30)]
        assert len([status for status, challenge in changing if status not in (401, 403)]) <= 1
        assert any("stale=true" in challenge for _, challenge in changing)


def absolute(folder: Path, words: list[str]) -> list[str]:
    """The words with the files where they are."""
    return [str(folder / word) if word in ("users", "groups", "digests") else word for word in words]


# In a browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with Chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Chromium) -> Iterator[Page]:
    with browser.page() as page:
        yield page


@pytest.fixture
def site(folder: Path) -> Iterator[str]:
    session = ("--session", "sqlite:sessions.db")
    with Running("serve", "starlette_app:app", *options(folder, "form"), *session, cwd=folder) as server:
        yield f"http://127.0.0.1:{server.port}"


def fill_in(page: Page, user: str, password: str) -> None:
    """What a person types, who then presses Enter."""
    for name, text in (("user", user), ("password", password)):
        page.evaluate(f"document.querySelector('#{name}').focus(); document.querySelector('#{name}').value = ''")
        page.call("Input.insertText", text=text)
    enter = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}
    page.after(lambda: page.call("Input.dispatchKeyEvent", type="keyDown", **enter))


def where(page: Page) -> str:
    """The path that the browser shows."""
    return str(page.evaluate("location.pathname + location.search"))


def shown(page: Page) -> str:
    """The text of the page."""
    return str(page.evaluate("document.body.innerText"))


def test_a_person_logs_in_and_out_in_a_browser(page: Page, site: str) -> None:
    page.open(f"{site}/who?a=b")
    assert where(page) == "/login?next=/who%3Fa%3Db"
    page.screenshot("login")
    assert page.evaluate("document.activeElement.id") == "user"
    fill_in(page, "alice", "wrong")
    assert "do not belong together" in shown(page)
    page.screenshot("login-wrong")
    fill_in(page, "alice", "secret")
    assert where(page) == "/who?a=b"
    assert json.loads(shown(page))[:2] == [True, "alice"]
    [cookie] = page.call("Network.getCookies", urls=[site])["cookies"]
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == ("sid", True, "Lax", "/")
    assert page.evaluate("document.cookie") == ""
    page.open(f"{site}/logout")
    page.screenshot("logout")
    page.follow("button")
    assert where(page) == "/login"
    page.open(f"{site}/who")
    assert where(page) == "/login?next=/who"
    assert [each for each in page.complaints if "403" not in each] == []


def test_a_person_whose_session_has_expired_logs_in_once_more(page: Page, site: str, folder: Path) -> None:
    page.open(f"{site}/who")
    fill_in(page, "alice", "secret")
    assert where(page) == "/who"
    with sqlite3.connect(folder / "sessions.db") as store:
        store.execute("DELETE FROM session")
    store.close()
    page.reload()
    assert where(page) == "/login?next=/who"
    page.call("Network.clearBrowserCookies")
    fill_in(page, "alice", "secret")
    assert "open for too long" in shown(page)
    fill_in(page, "alice", "secret")
    assert where(page) == "/who"


def tab_beside(browser: Chromium, url: str) -> Page:
    """Another tab of the same person: it has the cookies of the one that shows this URL."""
    infos = browser.call("Target.getTargets")["targetInfos"]
    [context] = [info["browserContextId"] for info in infos if info["url"] == url]
    target = browser.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
    session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    page = browser._pages[session] = Page(browser, session)
    for domain in ("Page", "Network", "Runtime", "Log"):
        page.call(f"{domain}.enable")
    return page


def test_a_person_with_two_tabs_logs_in_in_both(browser: Chromium, page: Page, site: str) -> None:
    page.open(f"{site}/who?tab=1")
    other = tab_beside(browser, f"{site}/login?next=/who%3Ftab%3D1")
    other.open(f"{site}/who?tab=2")
    assert where(other) == "/login?next=/who%3Ftab%3D2"
    fill_in(page, "alice", "secret")
    assert where(page) == "/who?tab=1"
    # Its form is older than the session that there is now.
    fill_in(other, "alice", "secret")
    assert where(other) == "/who?tab=2"
    other.open(f"{site}/logout")
    other.follow("button")
    page.reload()
    assert where(page) == "/login?next=/who%3Ftab%3D1"


def test_by_tls_the_cookie_is_of_this_host_alone(folder: Path) -> None:
    session = ("--session", "memory", "--tls", "dev", "--bind", "127.0.0.1:0")
    home = {"XDG_DATA_HOME": str(folder), "HOME": str(folder)}
    with Running(
        "serve", "starlette_app:app", *options(folder, "form"), *session, cwd=folder, environment=home
    ) as server:
        answer = fetch(f"https://127.0.0.1:{server.port}/login", "--insecure")
        assert answer["set-cookie"].startswith("__Host-pellucid-login=")
        assert "; Secure" in answer["set-cookie"]


def test_many_guesses_are_told_to_wait(folder: Path) -> None:
    guesses = ("--auth-tries", "3")
    with Running("serve", "starlette_app:app", *options(folder, "basic"), *guesses, cwd=folder) as server:
        at = f"http://127.0.0.1:{server.port}/who"
        told = [fetch(at, "-u", f"alice:guess{number}") for number in range(4)]
        assert [answer.status for answer in told] == [401, 401, 401, 429]
        assert 1 <= int(told[-1]["retry-after"]) <= 100
        right = base64.b64encode(b"alice:secret").decode()
        assert fetch(at, "-H", f"Authorization: Basic {right}").status == 429


@pytest.mark.parametrize("make", [bcrypt_of, argon2_of], ids=["bcrypt", "argon2"])
def test_hashing_takes_as_long_for_unknown_users(make: Callable[[bytes], str]) -> None:
    users = read_users(f"alice:{make(b'secret')}\n", "users")
    spent: dict[str, list[float]] = {"alice": [], "nobody": []}
    for _ in range(5):
        for name, times in spent.items():
            before = time.thread_time()
            assert not verify(users.hash_of(name)[0], b"wrong")
            times.append(time.thread_time() - before)
    known, unknown = (min(times) for times in spent.values())
    assert unknown == pytest.approx(known, rel=0.4)
