"""A certificate for development tells the names that this machine has, and no address that the world can reach."""

import re
import socket
from ipaddress import ip_address

import pytest

from pellucid.authority.machine import Machine, this_machine


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("Box", "box"),
        ("box.example.com.", "box.example.com"),
        ("localhost", ""),
        ("", ""),
        ("my_box", ""),
        ("-box", ""),
        ("b" * 61, ""),
        ("b\u00f6x", ""),
    ],
)
def test_a_name_that_dns_would_not_allow_is_left_out(told: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: told)
    assert this_machine().name == name


@pytest.mark.parametrize(
    ("machine", "names", "last_domain"),
    [
        (Machine(""), ["localhost", "*.localhost"], "home.arpa"),
        (Machine("box"), ["localhost", "*.localhost", "box", "box.local"], "box"),
        (Machine("box.local"), ["localhost", "*.localhost", "box.local"], "box.local"),
        (Machine("box.example.com"), ["localhost", "*.localhost", "box.example.com"], "box.example.com"),
    ],
)
def test_a_machine_is_asked_for_by_these_names(machine: Machine, names: list[str], last_domain: str) -> None:
    assert machine.names == names
    assert machine.domains[-1] == last_domain


def test_addresses_of_private_networks_are_told_once_and_others_never() -> None:
    given = ["192.168.1.7", "203.0.113.9", "2001:db8::7", "fe80::1%eth0", "127.0.0.1", "fd00::7"]
    expected = ["127.0.0.1", "::1", "192.168.1.7", "fe80::1", "fd00::7"]
    assert this_machine(given).addresses == tuple(map(ip_address, expected))


def test_other_names_are_told_once_if_the_authority_can_speak_for_them() -> None:
    machine = Machine("box").calling("shop.localhost", "a.b.internal").calling("shop.localhost", "api.box", "box")
    assert machine.names[4:] == ["shop.localhost", "a.b.internal", "api.box"]
    assert machine.domains == Machine("box").domains


def test_other_addresses_of_private_networks_are_told_too() -> None:
    machine = Machine("box", (ip_address("127.0.0.1"),)).calling(
        "192.168.1.7", "shop.localhost", "fd00::7", "127.0.0.1"
    )
    assert machine.addresses == tuple(map(ip_address, ("127.0.0.1", "192.168.1.7", "fd00::7")))
    assert machine.others == ("shop.localhost",)


def test_a_machine_that_has_another_name_now_keeps_to_what_its_authority_may_speak_for() -> None:
    machine = Machine("laptop").calling("shop.localhost").within(Machine("box").domains)
    assert machine.names == ["localhost", "*.localhost", "laptop.local", "shop.localhost"]
    with pytest.raises(ValueError, match=r"'shop.laptop' is not beneath localhost, .* or box"):
        Machine("laptop").calling("shop.laptop").within(Machine("box").domains)


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("example.com", "'example.com' is not beneath localhost, local, internal, home.arpa or box"),
        ("notbox", "'notbox' is not beneath"),
        ("evil-localhost", "'evil-localhost' is not beneath"),
        ("*.localhost", "'*.localhost' is no host name"),
        ("Shop.localhost", "'Shop.localhost' is no host name"),
        ("", "'' is no host name"),
        ("203.0.113.9", "'203.0.113.9' is not in a private network"),
        ("fe80::1%eth0", "'fe80::1%eth0' is no host name"),
        ("a." * 126 + "localhost", "is no host name"),
    ],
)
def test_a_name_that_it_cannot_speak_for_is_refused(name: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(complaint)):
        Machine("box").calling(name)
