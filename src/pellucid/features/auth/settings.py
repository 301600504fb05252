"""The settings of users: how they show who they are, and what they must be; what they mean to whom is elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.setting import setting


@dataclass(frozen=True, slots=True)
class AuthSettings:
    """Who may have what is served at a place."""

    auth: tuple[str, ...] = setting(
        (),
        "How users show who they are: basic (a password with each request, by auth-users), digest (by auth-digests), "
        "form (a page to log in at, with a session, by auth-users), bearer (a token), certificate (that of the client, "
        "by TLS) or forward (another service is asked). They are tried in this order. A user is then required, "
        "unless `require` says otherwise.",
        unit="scheme",
    )
    auth_users: str = setting(
        "",
        "The file with the users and their passwords, as `pellucid passwd FILE USER` and htpasswd -B write it: hashes "
        "by argon2 or bcrypt and no others. It is read anew when it changes.",
        unit="file",
    )
    auth_digests: str = setting(
        "",
        "The same for digest, as `pellucid passwd --digest FILE USER` writes it: SHA-256 and no MD5. Whoever reads it "
        "needs no password any more, so keep it well.",
        unit="file",
    )
    auth_groups: str = setting(
        "", "A file with groups, in lines such as `admins: alice bob`. It is read anew when it changes.", unit="file"
    )
    auth_realm: str = setting(
        "this site", "What a browser shows where it asks for a password; a part of what digest keeps.", unit="text"
    )
    require: tuple[str, ...] = setting(
        (),
        "Whom to let in: user (whoever has shown who it is), user:NAME, group:NAME, scope:NAME, or anyone (also who "
        "has shown nothing; the app is told if somebody has). One of them is enough. None stands for user, where there "
        "is an auth.",
        unit="rule",
    )
    require_methods: tuple[str, ...] = setting(
        (),
        "The methods for which that holds, such as PUT; HEAD goes with GET, and so do WebSockets. All others "
        "are for anyone then, so name all that changes something. None stands for all methods.",
        unit="method",
    )
    auth_tries: int = setting(
        10,
        "How many wrong passwords may come from an address (an IPv6 network) within auth-pause, and ten times as many "
        "for one account from all addresses; 429 thereafter. An address from which the account was used of late is "
        "not counted among those, so that nobody can be locked out by strangers.",
    )
    auth_pause: float = setting(300.0, "How long it takes until wrong passwords are forgiven.", unit="seconds")
    login_path: str = setting(
        "/login",
        "Where the form of `auth = form` is: a path within the place that has it. Whoever is not logged in is sent "
        "there, and back after it.",
        unit="path",
    )
    logout_path: str = setting("/logout", "Where one logs out again, by a button: a path likewise.", unit="path")
    login_page: str = setting(
        "",
        "A file with a page of your own for it: in its form (method post) {{fields}} stands for what must go along, "
        "{{message}} for what went wrong; the fields to fill in are `user` and `password`.",
        unit="file",
    )
