"""The policy of the pages that are made here."""

from pellucid.apps.static.policy import only_style, with_script


def test_a_style_is_allowed_by_its_hash_and_nothing_else_is() -> None:
    # The hash of the empty text is known to everybody.
    assert dict(part.strip().partition(" ")[::2] for part in only_style("").decode().split(";")) == {
        "default-src": "'none'",
        "style-src": "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }


def test_another_style_has_another_policy() -> None:
    assert len({only_style(style) for style in ("", "a", "\u00e9")}) == 3


def test_a_script_is_allowed_by_its_hash_and_asks_its_own_site_alone() -> None:
    policy = dict(part.strip().partition(" ")[::2] for part in with_script("a", "").decode().split(";"))
    assert policy["script-src"] == "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
    assert policy["connect-src"] == policy["form-action"] == "'self'"
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["style-src"] not in ("'none'", policy["script-src"])
