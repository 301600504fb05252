"""Claims hold for one issuer, one audience and a time, and name their user."""

import math
from typing import Any

import pytest
from minting import AUDIENCE, CLAIMS, ISSUER, NOW

from pellucid.features.auth.claims import Wanted


def wanted(*audiences: str, user: str = "sub", groups: str = "groups") -> Wanted:
    return Wanted(ISSUER, frozenset(audiences or (AUDIENCE,)), 30.0, user, groups)


HOLDING: dict[str, dict[str, Any]] = {
    "as they are": {},
    "among several audiences": {"aud": ["other", AUDIENCE]},
    "a moment late": {"exp": NOW - 29},
    "a moment early": {"nbf": NOW + 29, "iat": NOW + 29},
    "whole numbers": {"exp": int(NOW) + 1, "nbf": int(NOW)},
    "without a beginning": {"iat": None},
}

FAULTY: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example"},
    "an issuer with a slash more": {"iss": ISSUER + "/"},
    "no issuer": {"iss": None},
    "a list of issuers": {"iss": [ISSUER]},
    "another audience": {"aud": "https://other.example"},
    "no audience": {"aud": None},
    "an audience that begins alike": {"aud": AUDIENCE + ".evil.example"},
    "an audience within": {"aud": {AUDIENCE: 1}},
    "audiences within": {"aud": [[AUDIENCE]]},
    "an end long ago": {"exp": NOW - 30},
    "no end": {"exp": None},
    "an end that is a text": {"exp": str(NOW + 600)},
    "an end that is true": {"exp": True},
    "an end that is no number": {"exp": math.nan},
    "an end that never comes": {"exp": math.inf},
    "an end beyond all numbers": {"exp": 10**400},
    "milliseconds": {"exp": (NOW + 600) * 1000},
    "a beginning to come": {"nbf": NOW + 31},
    "a beginning that is a text": {"nbf": "0"},
    "a beginning that is no number": {"nbf": math.nan},
    "a beginning that is true": {"nbf": True},
    "made in the future": {"iat": NOW + 31},
    "made at no moment": {"iat": math.nan},
}


def changed(claims: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}


@pytest.mark.parametrize("claims", HOLDING.values(), ids=HOLDING)
def test_claims_that_hold_have_no_fault(claims: dict[str, Any]) -> None:
    assert wanted().fault(changed(claims), NOW) == ""


@pytest.mark.parametrize("claims", FAULTY.values(), ids=FAULTY)
def test_claims_that_do_not_hold_have_a_fault(claims: dict[str, Any]) -> None:
    assert wanted().fault(changed(claims), NOW).startswith("the token ")


def test_a_beginning_that_is_null_is_none_at_all() -> None:
    assert wanted().fault({**CLAIMS, "nbf": None}, NOW) == "the token is not valid yet"


def test_no_audience_is_asked_for_by_a_star_alone() -> None:
    assert wanted("*").fault(changed({"aud": None}), NOW) == ""
    assert wanted().fault(changed({"aud": "*"}), NOW) != ""


def test_a_user_is_named_with_its_groups_and_scopes() -> None:
    user = wanted().user_of({**CLAIMS, "groups": ["admins", 1, "staff"], "scope": "read write"})
    assert user is not None
    assert (user.name, user.scheme) == ("ada", "Bearer")
    assert user.groups == {"admins", "staff"}
    assert user.scopes == {"read", "write"}
    assert user.claims["iss"] == ISSUER
    with pytest.raises(TypeError):
        user.claims["sub"] = "root"  # type: ignore[index]  # that is the point


@pytest.mark.parametrize(
    ("claims", "groups", "scopes"),
    [
        ({"groups": "admins"}, {"admins"}, set()),
        ({"groups": {"admins": 1}}, set(), set()),
        ({"groups": "a b"}, {"a b"}, set()),
        ({"scp": ["read", "write all"]}, set(), {"read", "write", "all"}),
        ({"scp": "read", "scope": "write"}, set(), {"read", "write"}),
        ({"scope": 1}, set(), set()),
    ],
)
def test_groups_and_scopes_are_spelled_in_several_ways(
    claims: dict[str, Any], groups: set[str], scopes: set[str]
) -> None:
    user = wanted().user_of({**CLAIMS, **claims})
    assert user is not None
    assert user.groups == groups
    assert user.scopes == scopes


def test_a_dot_leads_into_a_claim_unless_it_is_of_its_name() -> None:
    place = wanted(user="https://site.example/name", groups="realm_access.roles")
    user = place.user_of({**CLAIMS, "https://site.example/name": "Ada", "realm_access": {"roles": ["staff"]}})
    assert user is not None
    assert user.name == "Ada"
    assert user.groups == {"staff"}


@pytest.mark.parametrize("name", [None, "", 1, ["ada"], "a\nb", "a\x00", "x" * 256, {"x": 1}])
def test_what_is_no_name_is_nobody(name: Any) -> None:
    assert wanted().user_of({**CLAIMS, "sub": name}) is None
