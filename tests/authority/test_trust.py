"""How to trust is told for the platform, with the path as a shell takes it."""

import pytest

from pellucid.authority.trust import how_to_trust


@pytest.mark.parametrize(
    ("platform", "whom"),
    [
        ("linux", ["curl", "Chrome", "Firefox", "Debian, Ubuntu"]),
        ("darwin", ["curl", "Safari, Chrome", "Firefox"]),
    ],
)
def test_each_client_of_the_platform_has_a_line(platform: str, whom: list[str]) -> None:
    told = how_to_trust("/home/ann lee/authority.pem", platform)
    assert [who for who, _ in told] == whom
    assert told[0][1] == "curl --cacert '/home/ann lee/authority.pem' …"
    assert all("\n" not in how for _, how in told)
