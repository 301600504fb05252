"""A session is read when it is asked for, written once and if it was changed, and worth nothing to anybody else."""

import base64
import json
from pathlib import Path

import pytest
from sessioning import KEY, OTHER_KEY, Place, count, everything, nothing

from pellucid.features.sessions import SessionSettings, sessions_feature
from pellucid.features.sessions.around import with_cookie
from pellucid.features.sessions.records import LARGEST
from pellucid.features.sessions.signing import Signing
from pellucid.features.sessions.visit import name_of
from pellucid.message import Headers, Response
from pellucid.session import Session

STORES = ["memory", "sqlite:sessions.db", "cookie"]


@pytest.fixture(params=STORES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return Place(request.param, str(tmp_path))


def test_what_one_request_keeps_the_next_one_finds(place: Place) -> None:
    first = place.ask(count)
    assert (first.status, first.body) == (200, b"1")
    second = place.ask(count, first.cookie)
    assert second.body == b"2"
    assert place.ask(everything, second.cookie).body == b"{'count': 2}"


def test_nobody_finds_what_others_keep(place: Place) -> None:
    place.ask(count)
    assert place.ask(everything).body == b"{}"


def test_who_leaves_it_alone_is_told_nothing_and_nothing_is_kept(place: Place) -> None:
    told = place.ask(nothing)
    assert (told.set_cookie, told.headers.fields) == (None, ())
    told = place.ask(everything)
    assert (told.set_cookie, told.headers.fields) == (None, ((b"vary", b"Cookie"),))


def test_the_cookie_is_careful(place: Place) -> None:
    told = place.ask(count)
    assert told.set_cookie is not None
    assert told.set_cookie.endswith(b"; Max-Age=1209600; Path=/; HttpOnly; SameSite=Lax")
    assert told.headers.get(b"cache-control") == b"private"
    told = place.ask(count, scheme=b"https")
    assert told.set_cookie is not None
    assert told.set_cookie.startswith(b"__Host-sid=")
    assert told.set_cookie.endswith(b"; Max-Age=1209600; Path=/; Secure; HttpOnly; SameSite=Lax")


def test_a_session_that_was_set_in_the_clear_is_not_taken_over_tls(place: Place) -> None:
    told = place.ask(count)
    assert place.ask(everything, told.cookie, scheme=b"https").body == b"{}"


@pytest.mark.parametrize("keys", [(OTHER_KEY, KEY), (KEY, OTHER_KEY)])
def test_a_key_may_be_changed_as_long_as_the_old_one_is_believed(keys: tuple[str, ...], tmp_path: Path) -> None:
    cookie = Place("sqlite:s.db", str(tmp_path)).ask(count).cookie
    assert Place("sqlite:s.db", str(tmp_path), keys).ask(everything, cookie).body == b"{'count': 1}"
    assert Place("sqlite:s.db", str(tmp_path), (OTHER_KEY,)).ask(everything, cookie).body == b"{}"


def test_the_first_key_signs(tmp_path: Path) -> None:
    cookie = Place("sqlite:s.db", str(tmp_path), (OTHER_KEY, KEY)).ask(count).cookie
    assert Place("sqlite:s.db", str(tmp_path), (OTHER_KEY,)).ask(everything, cookie).body == b"{'count': 1}"


def spoil(cookie: bytes) -> list[bytes]:
    name, _, value = cookie.partition(b"=")
    text, _, signature = value.rpartition(b".")
    other = b"B" if text[-1:] != b"B" else b"C"
    return [
        b"%b=%b.%b" % (name, text[:-1] + other, signature),
        b"%b=%b.%b" % (name, text, signature[:-2] + b"AA"),
        b"%b=%b" % (name, text),
        b"%b=%b." % (name, text),
        b"%b=.%b" % (name, signature),
        b"%b=%b.%b" % (name, text, b"\xff\xfe"),
        b"%b=%b.%b.%b" % (name, text, text, signature),
        b"%b=" % name,
        name,
        b"x" + cookie,
        b"%b=../../../etc/passwd.%b" % (name, signature),
        b"%b=' OR 1=1 --" % name,
        b"%b=%b" % (name, b"x" * 5000),
    ]


def test_a_cookie_that_was_tampered_with_is_worth_nothing(place: Place) -> None:
    for cookie in spoil(place.ask(count).cookie):
        told = place.ask(everything, cookie)
        assert (told.status, told.body, told.set_cookie) == (200, b"{}", None), cookie


@pytest.mark.parametrize("host", [b"example.org", b"a.example.com", b"example.com.", b"EXAMPLE.com:8000", b""])
def test_a_cookie_that_was_copied_to_another_host_is_worth_nothing(place: Place, host: bytes) -> None:
    cookie = place.ask(count).cookie
    same = host.lower().startswith(b"example.com") and b"org" not in host
    assert place.ask(everything, cookie, host=host).body == (b"{'count': 1}" if same else b"{}")


def test_a_cookie_of_another_server_with_the_same_key_and_another_name_is_worth_nothing(tmp_path: Path) -> None:
    cookie = Place("sqlite:s.db", str(tmp_path)).ask(count).cookie
    other = Place("sqlite:s.db", str(tmp_path), settings={"session_cookie": "other"})
    assert other.ask(everything, b"other" + cookie[3:]).body == b"{}"


def test_a_cookie_of_another_kind_of_store_with_the_same_key_is_worth_nothing(tmp_path: Path) -> None:
    kept, shown = Place("sqlite:s.db", str(tmp_path)), Place("cookie")
    for one, other in ((kept, shown), (shown, kept)):
        told = other.ask(count, one.ask(count).cookie)
        assert (told.status, told.body) == (200, b"1")


def test_a_session_expires_when_it_was_not_used_for_long(place: Place) -> None:
    cookie = place.ask(count).cookie
    for _ in range(3):
        place.wait(80_000)
        cookie = place.ask(everything, cookie).cookie
    assert place.ask(everything, cookie).body == b"{'count': 1}"
    place.wait(86_401)
    assert place.ask(everything, cookie).body == b"{}"


def test_a_session_expires_when_it_has_lasted_for_long(place: Place) -> None:
    cookie = place.ask(count).cookie
    for _ in range(17):
        place.wait(80_000)
        told = place.ask(everything, cookie)
        cookie = told.cookie
    assert told.body == b"{}"


def test_an_end_that_is_0_is_none(tmp_path: Path) -> None:
    place = Place("sqlite:s.db", str(tmp_path), settings={"session_idle": 0.0, "session_age": 0.0})
    told = place.ask(count)
    assert told.set_cookie is not None
    assert b"Max-Age=34560000" in told.set_cookie
    place.wait(399 * 86400)
    assert place.ask(everything, told.cookie).body == b"{'count': 1}"
    place.wait(2 * 86400)
    assert place.ask(everything, told.cookie).body == b"{}"


@pytest.mark.parametrize("session", ["memory", "sqlite:s.db"])
def test_an_id_that_the_server_has_not_given_is_never_taken(session: str, tmp_path: Path) -> None:
    place = Place(session, str(tmp_path))
    planted = b"sid=planted"
    told = place.ask(count, planted)
    assert told.set_cookie is not None
    assert b"planted" not in told.set_cookie
    expired = place.ask(count).cookie
    place.wait(86_401)
    assert place.ask(count, expired).cookie not in (expired, b"sid=")


@pytest.mark.parametrize("session", ["memory", "sqlite:s.db"])
def test_at_a_login_the_id_is_another_and_the_one_before_is_worth_nothing(session: str, tmp_path: Path) -> None:
    def login(session: Session) -> None:
        session["user"] = "me"
        session.renew()

    place = Place(session, str(tmp_path))
    before = place.ask(count).cookie
    after = place.ask(login, before).cookie
    assert after != before
    assert place.ask(everything, after).body == b"{'count': 1, 'user': 'me'}"
    assert place.ask(everything, before).body == b"{}"


@pytest.mark.parametrize("session", ["memory", "sqlite:s.db"])
def test_who_logs_out_takes_the_session_with_it_and_whoever_is_under_way_brings_nothing_back(
    session: str, tmp_path: Path
) -> None:
    place = Place(session, str(tmp_path))
    cookie = place.ask(count).cookie
    under_way = place.begin(cookie)
    assert under_way.session is not None
    under_way.session["secret"] = True
    told = place.ask(lambda session: session.clear(), cookie)
    assert told.set_cookie == b"sid=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"
    assert place.use(under_way, everything).status == 200
    assert place.ask(everything, cookie).body == b"{}"


def test_an_empty_session_is_taken_away(place: Place) -> None:
    cookie = place.ask(count).cookie
    told = place.ask(lambda session: session.pop("count"), cookie)
    assert told.set_cookie is not None
    assert b"Max-Age=0" in told.set_cookie


def test_what_is_changed_within_is_kept_too(place: Place) -> None:
    cookie = place.ask(lambda session: session.update(cart=[])).cookie
    cookie = place.ask(lambda session: session["cart"].append("tea"), cookie).cookie
    assert place.ask(everything, cookie).body == b"{'cart': ['tea']}"


def test_what_was_not_changed_is_not_written(tmp_path: Path) -> None:
    place = Place("sqlite:s.db", str(tmp_path))
    cookie = place.ask(count).cookie
    exchange = place.begin(cookie)
    assert exchange.session is not None
    exchange.session.update(count=1)
    exchange.respond(Response(200), b"")
    assert exchange.response is not None  # at once: nothing is waited for


@pytest.mark.parametrize("session", ["memory", "sqlite:s.db"])
def test_what_two_requests_write_to_different_keys_is_kept(session: str, tmp_path: Path) -> None:
    place = Place(session, str(tmp_path))
    cookie = place.ask(lambda session: session.update(a=1, b=2, c=3)).cookie
    first, second = place.begin(cookie), place.begin(cookie)
    assert first.session is not None
    assert second.session is not None
    first.session.mark_accessed()
    second.session.mark_accessed()
    place.use(first, lambda session: (session.update(a=10), session.pop("b")))
    place.use(second, lambda session: session.update(c=30, d=40))
    assert place.ask(everything, cookie).body == b"{'a': 10, 'c': 30, 'd': 40}"


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ({1, 2}, "Object of type set is not JSON serializable"),
        (float("nan"), "Out of range float values are not JSON compliant"),
        ("x" * LARGEST, "it is longer than 262144 characters of JSON"),
    ],
)
def test_what_cannot_be_kept_is_the_apps_mistake(value: object, complaint: str, place: Place) -> None:
    told = place.ask(lambda session: session.update(value=value))
    assert (told.status, told.set_cookie) == (500, None)
    ((level, text),) = place.notes
    assert level == "error"
    assert text.startswith(f"one GET /: the session cannot be kept: {complaint}")


def test_what_no_cookie_holds_is_said_so() -> None:
    place = Place("cookie")
    assert place.ask(lambda session: session.update(value="x" * 4000)).status == 500
    assert place.notes[0][1].endswith("the cookie sid is longer than 4096 bytes (6265bis 5.6)")


def test_a_cookie_of_data_is_read_by_anybody_and_written_by_us_alone() -> None:
    place = Place("cookie")
    cookie = place.ask(count).cookie
    begun, used, data, signature = cookie.removeprefix(b"sid=").split(b".")
    assert json.loads(base64.urlsafe_b64decode(data + b"=" * (-len(data) % 4))) == {"count": 1}
    forged = base64.urlsafe_b64encode(b'{"count":9}').rstrip(b"=")
    assert place.ask(everything, b"sid=" + b".".join((begun, used, forged, signature))).body == b"{}"
    later = b"%d" % (int(begun) + 10**6)
    assert place.ask(everything, b"sid=" + b".".join((later, later, data, signature))).body == b"{}"


def test_one_s_own_cookie_is_found_beside_those_that_were_planted(place: Place) -> None:
    cookie = place.ask(count).cookie
    assert place.ask(everything, b"sid=planted; " + cookie).body == b"{'count': 1}"
    many = b"; ".join(b"c%d=x" % number for number in range(1000))
    assert place.ask(everything, many + b"; " + cookie).body == b"{'count': 1}"


def test_of_a_thousand_cookies_of_its_name_a_few_are_verified() -> None:
    asked: list[bytes] = []

    class Counting(Signing):
        def read(self, value: bytes, host: bytes) -> bytes | None:
            asked.append(value)
            return super().read(value, host)

    place = Place()
    place.keep(place.keeping, Counting([KEY], "session sid"))
    assert place.ask(everything, b"; ".join([b"sid=x.y"] * 1000)).body == b"{}"
    assert len(asked) == 4


def test_an_app_s_own_word_on_caches_stands() -> None:
    headers = Headers([(b"cache-control", b"no-store")])
    assert with_cookie(headers, (b"set-cookie", b"a=b")).get(b"cache-control") == b"no-store"


def test_what_a_store_has_is_no_id_that_could_be_shown(tmp_path: Path) -> None:
    place = Place("sqlite:s.db", str(tmp_path))
    cookie = place.ask(count).cookie
    shown = cookie.removeprefix(b"sid=").partition(b".")[0]
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert shown not in written
    assert name_of(shown.decode()) in written


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"session": "memory", "session_cookie": "a b"}, "is no token"),
        (
            {"session": "memory", "session_cookie": "__Host-x"},
            "--session-cookie: '__Host-x' has a prefix: leave it out",
        ),
        ({"session": "memory", "session_same_site": "Lax"}, "--session-same-site: 'Lax' is none of strict, lax, none"),
        ({"session": "cookie", "session_exclusive": True}, "--session-exclusive: in a cookie"),
        ({"session": "cookie", "keys": ()}, "--session: cookie needs a session-key"),
        ({"session": "redis://x", "keys": ()}, "--session: redis needs a session-key"),
        ({"session": "redis://x:y/0"}, "'redis://x:y/0' is no URL of a Redis"),
        ({"session": "sqlite:"}, "--session: 'sqlite:' is no store"),
        ({"session": "mysql:x"}, "--session: 'mysql:x' is no store: it is sqlite:FILE, redis://HOST:PORT"),
        ({"session": "memory", "keys": ("short",)}, "a session-key has 5 characters and needs 32 or more"),
    ],
)
def test_a_setting_that_cannot_be_is_explained(settings: dict[str, object], complaint: str) -> None:
    keys = settings.pop("keys", (KEY,))
    session = settings.pop("session")
    with pytest.raises(ValueError, match=complaint):
        Place(session, keys=keys, settings=settings)  # type: ignore[arg-type]  # as the table has it


def test_without_a_session_there_is_no_feature() -> None:
    assert sessions_feature(SessionSettings(), Place().ground) is None


def test_who_was_answered_before_has_no_session_and_nothing_is_added() -> None:
    place, response = Place(), Response(503)
    exchange = place.made()
    exchange.respond(response, b"maintenance")
    assert (exchange.response, exchange.body) == (response, b"maintenance")


def test_places_with_the_same_settings_share_their_sessions() -> None:
    ground = Place().ground
    one, other = (sessions_feature(SessionSettings(session="memory"), ground) for _ in range(2))
    assert one is not None
    assert one == other
    assert sessions_feature(SessionSettings(session="memory", session_idle=1.0), ground) != one
