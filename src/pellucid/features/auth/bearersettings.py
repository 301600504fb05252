"""The settings of tokens; what they mean to whom is elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.setting import setting


@dataclass(frozen=True, slots=True)
class JwtSettings:
    """Whose tokens are believed, and what they must say."""

    jwt_keys: str = setting(
        "",
        "With `auth = bearer`: the file with the keys that tokens (JWT) are signed with, as a JWK Set. It is read anew "
        "when it changes.",
        unit="file",
    )
    jwt_keys_url: str = setting(
        "",
        "The same by an https URL, as whoever makes the tokens publishes it. It is asked every five minutes, and when "
        "a token names a key that is not there; while it does not answer, the keys that it gave last are believed.",
        unit="URL",
    )
    jwt_issuer: str = setting("", "Who must have made a token: its `iss`, to the letter.", unit="issuer")
    jwt_audience: tuple[str, ...] = setting(
        (),
        "For whom it must be: one of these is in its `aud`. Without that, tokens for other services of the same issuer "
        "would open this one; * is for issuers that name none.",
        unit="audience",
    )
    jwt_algorithms: tuple[str, ...] = setting(
        ("RS256", "ES256", "PS256", "Ed25519"),
        "How tokens may be signed. What a token says of that itself decides nothing beyond these, and `none` is never "
        "among them. HS256, HS384 and HS512 are by a secret that both sides know: not together with others, and with "
        "jwt-keys only.",
        unit="algorithm",
    )
    jwt_types: tuple[str, ...] = setting(
        ("JWT", "at+jwt"),
        "What a token may say of its type; one that says nothing is a JWT. at+jwt alone is RFC 9068, under which an ID "
        "token cannot be taken for an access token.",
        unit="type",
    )
    jwt_leeway: float = setting(30.0, "How far clocks may differ.", unit="seconds")
    jwt_user: str = setting("sub", "Which of its claims is the user's name.", unit="claim")
    jwt_groups: str = setting(
        "groups",
        "Which of them lists its groups; a dot leads into a claim, as in realm_access.roles.",
        unit="claim",
    )

    @property
    def secret(self) -> bool:
        """Whether the keys are secrets: what is signed by them anybody can sign who can read them."""
        return any(algorithm.startswith("HS") for algorithm in self.jwt_algorithms)
