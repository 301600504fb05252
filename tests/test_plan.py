"""A plan knows its hosts, and may be changed as a whole."""

from pellucid.loading import Folder, Target
from pellucid.plan import Place, Plan, plan_of
from pellucid.server.timeouts import Patience
from pellucid.settings import Settings


def test_targets_are_places_of_whatever_host() -> None:
    settings = Settings()
    plan = plan_of([Target("", Folder("a")), Target("/b", Folder("b"))], settings)
    assert plan == Plan(settings, (Place("", "", Folder("a"), settings), Place("", "/b", Folder("b"), settings)))
    assert plan.hosts == ("",)


def test_each_host_is_named_once() -> None:
    settings = Settings()
    places = [Place(host, mount, None, settings) for host in ("b", "", "a") for mount in ("", "/x")]
    assert Plan(settings, tuple(places)).hosts == ("b", "", "a")


def test_places_that_had_their_settings_in_common_still_have_after_a_change() -> None:
    top, own = Settings(), Settings()
    places = [Place(str(number), "", None, settings) for number, settings in enumerate((top, own, own))]
    plan = Plan(top, tuple(places), "a.toml").changed(lambda settings: settings.having(Patience(idle=3.0)))
    settings = [plan.settings, *(place.settings for place in plan.places)]
    assert [each[Patience].idle for each in settings] == [3.0] * 4
    assert settings[0] is settings[1] is not settings[2]
    assert settings[2] is settings[3]
    assert plan.file == "a.toml"
