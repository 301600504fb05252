"""One logs in and out at a page: with a token of the session, another id from then on, and no way to other sites."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from knowing import BOB, Place, Timed, Told, fast

from nowhere import Nowhere
from pellucid.features.auth import submitted
from pellucid.features.auth.form import is_here, mark_of
from pellucid.features.auth.late import Late
from pellucid.features.sessions.visit import Visit
from pellucid.message import END, Data, Field, Headers, Request
from pellucid.server.exchange import Exchange

PAGE = (b"accept", b"text/html,*/*;q=0.8")
FORM = (b"content-type", b"application/x-www-form-urlencoded")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, "form")


def cookie(told: Told) -> Field:
    """The field of a client that has been told this."""
    assert told.cookie
    return b"cookie", told.cookie


def send(place: Place, path: bytes, shown: Field | None, *more: Field, peer: str = "192.0.2.1", **sent: str) -> Told:
    """What a form of a page sends."""
    fields = [FORM, *([shown] if shown else []), *more]
    return place.ask(*fields, method="POST", target=path, body=urlencode(sent).encode(), peer=peer)


def log_in(place: Place, user: str = "alice", password: str = "secret", **more: str) -> Told:
    """Log in at the page."""
    page = place.ask(PAGE, target=b"/login")
    return send(place, b"/login", cookie(page), token=page.token, user=user, password=password, **more)


def test_a_person_is_sent_to_the_form_and_back(place: Place) -> None:
    told = place.ask(PAGE, target=b"/a/b?c=d&e=%2F")
    assert (told.status, told.headers.get(b"location")) == (303, b"/login?next=/a/b%3Fc%3Dd%26e%3D%252F")
    page = place.ask(PAGE, target=told.headers.get(b"location"))
    assert (page.status, page.headers.get(b"cache-control")) == (200, b"no-store")
    assert 'name="next" value="/a/b?c=d&amp;e=%2F"' in page.text
    told = send(
        place, b"/login", cookie(page), token=page.token, user="alice", password="secret", next="/a/b?c=d&e=%2F"
    )
    assert (told.status, told.headers.get(b"location")) == (303, b"/a/b?c=d&e=%2F")
    told = place.ask(PAGE, cookie(told), target=b"/a/b")
    assert (told.status, told.body) == (200, b"alice")
    assert told.exchange.user is not None
    assert (told.exchange.user.scheme, [*told.exchange.user.groups]) == ("form", ["admins"])


def test_a_person_comes_back_to_what_was_asked_for_whatever_is_served_there(place: Place) -> None:
    rewritten = Request("GET", b"/app/a?b", b"/index.html", b"", b"example.com", Headers([PAGE]))
    exchange = Exchange(rewritten, Timed(place.reactor, "192.0.2.1"), 1, place.reactor.now)
    place.site(exchange)
    assert place.told(exchange).headers.get(b"location") == b"/login?next=/app/a%3Fb"


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        ("POST", [PAGE]),
        ("GET", [(b"accept", b"application/json")]),
        ("GET", []),
        ("GET", [PAGE, (b"sec-fetch-mode", b"cors")]),
    ],
)
def test_a_program_is_told_and_not_sent(place: Place, method: str, fields: list[Field]) -> None:
    told = place.ask(*fields, method=method)
    assert (told.status, told.headers.get(b"www-authenticate")) == (401, b'Form realm="this site"')


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(place: Place) -> None:
    field = log_in(place).headers.get(b"set-cookie") or b""
    assert b"; HttpOnly" in field
    assert b"; SameSite=Lax" in field


def test_a_wrong_password_is_told_in_the_page_late(place: Place) -> None:
    for user in ("alice", "nobody"):
        told = log_in(place, user, "wrong")
        assert told.status == 403
        assert told.after > 0.45
        assert '<p role="alert">That name and password do not belong together.</p>' in told.text
    assert place.ask(PAGE, target=b"/").status == 303


def test_who_mistypes_the_password_types_the_name_once(place: Place) -> None:
    text = log_in(place, '"><script>', "wrong").text
    assert 'name="user" value="&quot;&gt;&lt;script&gt;" ' in text
    assert re.findall(r'<input id="(\w+)"[^>]* autofocus>', text) == ["password"]
    assert re.findall(r'<input id="(\w+)"[^>]* autofocus>', place.ask(PAGE, target=b"/login").text) == ["user"]


def test_too_many_wrong_passwords_are_told_in_the_page(place: Place) -> None:
    for _ in range(10):
        log_in(place, password="wrong")
    told = log_in(place)
    assert (told.status, b"retry-after" in told.headers) == (429, True)
    assert "Too many wrong passwords" in told.text


def test_the_id_of_a_session_that_was_planted_is_worth_nothing_after_the_login(tmp_path: Path) -> None:
    place = Place(tmp_path, "form", session="memory")
    planted = log_in(place, "bob", "hunter2")
    page = place.ask(PAGE, target=b"/login")
    both = b"cookie", planted.cookie + b"; " + page.cookie
    told = send(place, b"/login", both, token=page.token, user="alice", password="secret")
    assert told.cookie
    assert told.cookie != planted.cookie
    assert place.ask(PAGE, cookie(told)).status == 200
    assert place.ask(PAGE, cookie(planted)).status == 303
    # Nor is an id that a client has made up.
    told = place.ask(PAGE, (b"cookie", b"sid=made-up.signature"), target=b"/login")
    assert b"made-up" not in told.cookie


def test_strangers_who_look_at_the_page_are_not_remembered(tmp_path: Path) -> None:
    place = Place(tmp_path, "form", session="memory")
    page = place.ask(PAGE, target=b"/login")
    (field,) = page.headers.all(b"set-cookie")
    assert re.fullmatch(rb"pellucid-login=[\w-]{24}; Path=/; HttpOnly; SameSite=Lax", field)
    assert page.exchange.session is not None
    assert not page.exchange.session
    # With the token that it has it is given no other.
    assert b"set-cookie" not in place.ask(PAGE, cookie(page), target=b"/login").headers
    (one, other) = log_in(place).headers.all(b"set-cookie")
    assert one.startswith(b"pellucid-login=; Max-Age=0; ")
    assert other.startswith(b"sid=")


@pytest.mark.parametrize("sent", [{}, {"token": ""}, {"token": "x" * 24}, {"token": "\u00e9"}])
def test_without_the_token_of_the_page_nobody_is_logged_in(place: Place, sent: dict[str, str]) -> None:
    page = place.ask(PAGE, target=b"/login")
    told = send(place, b"/login", cookie(page), user="alice", password="secret", **sent)
    assert told.status == 403
    assert "open for too long" in told.text
    assert told.token == page.token
    # And once more, from the page that has come instead.
    assert send(place, b"/login", cookie(page), token=told.token, user="alice", password="secret").status == 303


def test_a_session_that_has_expired_means_once_more(place: Place) -> None:
    page = place.ask(PAGE, target=b"/login")
    told = send(place, b"/login", None, token=page.token, user="alice", password="secret")
    assert told.status == 403
    assert send(place, b"/login", cookie(told), token=told.token, user="alice", password="secret").status == 303


@pytest.mark.parametrize("site", [b"cross-site", b"same-site"])
def test_another_site_logs_nobody_in_or_out(place: Place, site: bytes) -> None:
    page = place.ask(PAGE, target=b"/login")
    fetched = (b"sec-fetch-site", site)
    sent = {"token": page.token, "user": "alice", "password": "secret"}
    assert send(place, b"/login", cookie(page), fetched, **sent).status == 403
    assert send(place, b"/logout", cookie(page), fetched, **sent).status == 403
    assert send(place, b"/login", cookie(page), (b"sec-fetch-site", b"same-origin"), **sent).status == 303


def test_two_tabs_both_come_in(place: Place) -> None:
    one = place.ask(PAGE, target=b"/login")
    other = place.ask(PAGE, cookie(one), target=b"/login?next=/other")
    assert other.token == one.token
    told = send(place, b"/login", cookie(one), token=one.token, user="alice", password="secret")
    # The second one sends its old token with the new cookie: whoever sits there is in already.
    again = send(place, b"/login", cookie(told), token=other.token, user="alice", password="secret", next="/other")
    assert (again.status, again.headers.get(b"location")) == (303, b"/other")
    # And opened anew it goes on at once.
    assert place.ask(PAGE, cookie(told), target=b"/login?next=/other").headers.get(b"location") == b"/other"


def test_one_logs_out_by_a_button_and_the_session_is_gone(tmp_path: Path) -> None:
    place = Place(tmp_path, "form", session="memory")
    inside = log_in(place)
    page = place.ask(PAGE, cookie(inside), target=b"/logout")
    assert "You are logged in as <b>alice</b>." in page.text
    assert place.ask(PAGE, cookie(inside)).status == 200  # nothing has happened yet
    told = send(place, b"/logout", cookie(inside), token="wrong")
    assert told.status == 403
    told = send(place, b"/logout", cookie(inside), token=page.token)
    assert (told.status, told.headers.get(b"location")) == (303, b"/login")
    assert b"Max-Age=0" in (told.headers.get(b"set-cookie") or b"")
    assert place.ask(PAGE, cookie(inside)).status == 303
    assert place.ask(PAGE, target=b"/logout").headers.get(b"location") == b"/login"


@pytest.mark.parametrize(
    ("origin", "status"),
    [(b"http://example.com", 303), (b"https://example.com", 403), (b"http://evil.org", 403), (b"null", 403)],
)
def test_a_button_of_the_app_logs_out_from_the_same_origin(place: Place, origin: bytes, status: int) -> None:
    assert send(place, b"/logout", cookie(log_in(place)), (b"origin", origin)).status == status


@pytest.mark.parametrize(
    ("path", "here"),
    [
        ("/", True),
        ("/a/b?c=d", True),
        ("//evil.org", False),
        ("/\\evil.org", False),
        ("\\\\evil.org", False),
        ("https://evil.org/", False),
        ("evil", False),
        ("", False),
        ("/a\r\nset-cookie: a=b", False),
        ("/\t/evil.org", False),
        ("/a b", False),
        ("/" + "a" * 3000, False),
        ("/\u00e9", False),
        ("javascript:alert(1)", False),
    ],
)
def test_after_the_login_one_stays_at_this_site(place: Place, path: str, here: bool) -> None:
    assert is_here(path.encode()) is here
    assert log_in(place, next=path).headers.get(b"location") == (path.encode() if here else b"/")


def test_what_is_shown_in_the_page_is_text(place: Place) -> None:
    page = place.ask(PAGE, target=b"/login?next=/%22%3E%3Cscript%3E")
    assert "<script" not in page.text
    assert 'value="/&quot;&gt;&lt;script&gt;"' in page.text
    policy = page.headers.get(b"content-security-policy") or b""
    assert policy.startswith(b"default-src 'none'; style-src 'sha256-")
    assert b"frame-ancestors 'none'" in policy


def test_the_page_can_be_used_by_all(place: Place) -> None:
    text = place.ask(PAGE, target=b"/login").text
    labels = re.findall(r'<label for="(\w+)">', text)
    assert labels == re.findall(r'<input id="(\w+)"', text) == ["user", "password"]
    assert '<html lang="en">' in text
    assert 'autocomplete="current-password"' in text


@pytest.mark.parametrize(
    "users", ["alice:" + fast("another") + "\n", f"bob:{BOB}\n", ""], ids=["password", "user", "none"]
)
def test_a_session_ends_with_the_password_or_the_user(place: Place, users: str) -> None:
    told = log_in(place)
    assert place.ask(PAGE, cookie(told)).status == 200
    place.write("users", users)
    place.wait(2)
    assert place.ask(PAGE, cookie(told)).status == 303


def test_what_a_session_tells_of_a_password_is_not_what_is_kept() -> None:
    assert len(mark_of(BOB)) == 32
    assert mark_of(BOB) != mark_of(fast("hunter2"))


@pytest.mark.parametrize(
    ("fields", "body", "status"),
    [
        ([FORM], b"x" * 20000, 413),
        ([FORM], b"&".join([b"a=b"] * 100), 400),
        ([FORM], b"user=%FF", 400),
        ([FORM], b"user=\xff", 400),
        ([(b"content-type", b"application/json")], b"{}", 415),
        ([], b"a=b", 415),
    ],
)
def test_what_is_no_form_is_refused(place: Place, fields: list[Field], body: bytes, status: int) -> None:
    page = place.ask(PAGE, target=b"/login")
    assert place.ask(cookie(page), *fields, method="POST", target=b"/login", body=body).status == status


def test_a_form_that_comes_byte_by_byte_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []

    def counting(value: bytes) -> int:
        counted.append(len(value))
        return counted[-1]

    monkeypatch.setattr(submitted, "len", counting, raising=False)
    fields = Headers([FORM])
    exchange = Exchange(Request("POST", b"/", b"/", b"", b"x", fields, complete=False), Nowhere(), 1, 0.0)
    sent: list[dict[str, list[str]]] = []
    submitted.read_form(exchange, Late(exchange), sent.append)
    for byte in b"a=" + b"b" * 1000:
        exchange.take(Data(bytes([byte])))
    exchange.take(END)
    assert sent == [{"a": ["b" * 1000]}]
    assert len(counted) <= 1002


def test_a_field_that_comes_twice_counts_for_nothing(place: Place) -> None:
    page = place.ask(PAGE, target=b"/login")
    body = urlencode([("token", page.token), ("token", page.token), ("user", "alice"), ("password", "secret")]).encode()
    assert place.ask(cookie(page), FORM, method="POST", target=b"/login", body=body).status == 403


def test_other_methods_are_told_which_there_are(place: Place) -> None:
    told = place.ask(method="DELETE", target=b"/login")
    assert (told.status, told.headers.get(b"allow")) == (405, b"GET, HEAD, POST")


def test_a_site_may_have_a_page_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<h1>Ours</h1>{{message}}<form method=post>{{fields}}</form>")
    place = Place(tmp_path, "form", login_page="page.html")
    page = place.ask(PAGE, target=b"/login?next=/a")
    assert page.text.startswith("<h1>Ours</h1><form")
    told = send(place, b"/login", cookie(page), token=page.token, user="alice", password="wrong")
    assert "<h1>Ours</h1>That name and password do not belong together.<form" in told.text
    assert send(place, b"/login", cookie(page), token=page.token, user="alice", password="secret").status == 303


@pytest.mark.parametrize(
    ("chosen", "complaint"),
    [
        ({"login_path": "login"}, "--login-path: 'login' is no path: it begins with one slash, as in /login"),
        ({"logout_path": "//out"}, "--logout-path: '//out' is no path: it begins with one slash, as in /logout"),
        ({"logout_path": "/login"}, "--logout-path: it has to be another one than login-path"),
        ({"login_page": "users"}, r"users: this page lacks \{\{fields\}\}, without which its form is not taken"),
    ],
)
def test_what_cannot_be_a_form_is_told(tmp_path: Path, chosen: dict[str, Any], complaint: str) -> None:
    (tmp_path / "users").write_text("")
    with pytest.raises(ValueError, match=complaint):
        Place(tmp_path, "form", **chosen)


def test_other_ways_to_show_who_one_is_go_beside_it(tmp_path: Path) -> None:
    place = Place(tmp_path, "form", "basic")
    assert place.ask((b"authorization", b"Basic Ym9iOmh1bnRlcjI=")).body == b"bob"
    assert place.ask(PAGE).status == 303
    told = place.ask()
    assert [name for name, _ in told.headers].count(b"www-authenticate") == 2


@pytest.mark.parametrize("target", [b"/", b"/login"])
def test_where_sessions_cannot_be_had_nobody_is_let_in(
    place: Place, monkeypatch: pytest.MonkeyPatch, target: bytes
) -> None:
    inside = cookie(log_in(place))

    def read(visit: Visit) -> dict[str, Any]:
        raise OSError("it is away")

    monkeypatch.setattr(Visit, "read", read)
    place.served.clear()
    assert place.ask(PAGE, inside, target=target).status == 503
    assert place.served == []


def test_a_query_that_cannot_be_read_leads_nowhere(place: Place) -> None:
    page = place.ask(PAGE, target=b"/login?" + b"&".join([b"next=/a"] * 100))
    assert 'name="next" value="/"' in page.text
