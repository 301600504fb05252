"""The commands do what they are told, and what they cannot do is one line on standard error and status 2."""

import json
import os
import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import click
import pytest
from click.testing import CliRunner, Result

from pellucid import __version__
from pellucid.authority import Kept
from pellucid.cli import command as module
from pellucid.cli.command import main
from pellucid.cli.options import unknown_variables
from pellucid.inforce import Replan
from pellucid.listening import Listening
from pellucid.loading import NotLoaded
from pellucid.net.certificates import Certificates
from pellucid.net.port import Port
from pellucid.plan import Plan
from pellucid.server.timeouts import Patience
from pellucid.serving import Ready
from pellucid.settings import CommandSettings, Settings


def port_at(address: str) -> Port:
    """What has the address of a port, and listens nowhere."""

    class Stand:
        def __init__(self) -> None:
            self.address = address

    return cast("Port", Stand())


class Served:
    """What was served instead of really serving."""

    def __init__(self) -> None:
        self.targets: list[str] = []
        self.settings = Settings()
        self.replan: Replan | None = None
        self.complaint: Exception | None = None
        self.listening = Listening((port_at("127.0.0.1:8000"),))

    def __call__(self, plan: Plan, replan: Replan | None, ready: Ready) -> int:
        if self.complaint:
            raise self.complaint
        self.targets = [f"{place.mount}={place.serves}" for place in plan.places]
        self.settings = plan.settings
        self.replan = replan
        ready(self.listening, ())
        return 0


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Served:
    """Stands for the server; the working folder holds a folder `demo` and a file `page.html`."""
    instead = Served()
    monkeypatch.setattr(module, "run", instead)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo").mkdir()
    (tmp_path / "page.html").write_text("a page")
    return instead


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, arguments, prog_name="pellucid", env=environment)


def test_a_folder_is_served_and_the_banner_says_so(served: Served) -> None:
    result = run("serve", "demo", "--idle", "3", "--bind", ":80")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "http://127.0.0.1:8000/" in result.stderr
    assert served.targets == ["=demo"]
    assert served.settings[Patience].idle == 3.0
    assert served.settings[CommandSettings].bind == (":80",)


def test_without_a_folder_it_is_the_current_one(served: Served) -> None:
    assert run("serve").exit_code == 0
    assert served.targets == ["=."]


def test_the_environment_sets_what_the_line_does_not(served: Served) -> None:
    assert run("serve", PELLUCID_TARGETS="demo", PELLUCID_IDLE="3").exit_code == 0
    assert served.targets == ["=demo"]
    assert served.settings[Patience].idle == 3.0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["serve", "demoo"], "there is no folder 'demoo'; did you mean 'demo'?"),
        (["serve", "none/at/all"], "there is no folder 'none/at/all'"),
        (["serve", "page.html"], "'page.html' is not a folder: give the one that it is in"),
        (["serve", "demo", "--hed-time", "3"], "there is no --hed-time; did you mean --head-time? `pellucid serve"),
        (
            ["serve", "demo", "--websocket-ping", "3"],
            "there is no --websocket-ping; did you mean one of --websocket-ping-…? ",
        ),
        (["serve", "demo", "--websocket-win", "9"], "there is no --websocket-win; did you mean --websocket-window? "),
        (["serve", "demo", "--redirect-htp"], "there is no --redirect-htp; did you mean --redirect-http? "),
        (["serve", "demo", "--xyz"], "there is no --xyz: `pellucid serve --help` lists what there is"),
        (["serve", "demo", "-x"], "there is no -x: `pellucid serve --help` lists what there is"),
        (["serve", "demo", "--port", "80"], "there is no --port: say --bind PORT"),
        (["serve", "demo", "--idle", "soon"], "'soon' is not a time such as"),
        (["serve", "demo", "--idle"], "requires an argument"),
        (["serve", "demo", "more"], "there is no folder 'more'"),
        (["serve", "demo", "main:app"], "'demo' and 'main:app' both want /: give each a path of its own"),
        (["serve", "demo", "--lifespan", "huh"], "unknown lifespan 'huh'"),
        (["serve", "main:app", "-w", "4"], "there is no -w: say --workers NUMBER"),
        (["serve", "main:app", "-w4"], "there is no -w: say --workers NUMBER"),
        (["serve", "main:app", "--factory"], "there is no --factory: write () behind its name"),
        (["main:app"], "there is no command 'main:app'; did you mean `pellucid serve main:app`?"),
        (["serve", "8080"], "there is no folder '8080'; did you mean `pellucid serve --bind 8080`?"),
        (["serve", "--certfile", "a"], "there is no --certfile: say --tls CERTIFICATE,KEY with both files"),
        (["serve", "--verbos"], "there is no --verbos, nor --verbose: say --log-level debug"),
        (["serve", "--prot", "80"], "there is no --prot, nor --port: say --bind PORT"),
        (["serve", "--zz"], "there is no --zz: `pellucid serve --help` lists what there is"),
        (["serve", "--idle", "x"], "--idle: 'x' is not a time such as"),
        (["srve"], "there is no command 'srve'; did you mean `pellucid serve`?"),
        (["demo"], "there is no command 'demo'; did you mean `pellucid serve demo`?"),
        (["zzz"], "there is no command 'zzz'; did you mean `pellucid --help`?"),
        (["--bind", "80"], "there is no --bind before a command; did you mean `pellucid serve --bind …`?"),
        (["--hlp"], "there is no --hlp; did you mean --help?"),
        (["completion", "tcsh"], "'tcsh' is not one of"),
    ],
)
def test_what_cannot_be_done_is_one_line(served: Served, arguments: list[str], complaint: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("pellucid: ")
    assert result.stderr.count("\n") == 1
    assert complaint in result.stderr
    assert served.targets == []


def test_what_the_server_cannot_do_is_one_line_too(served: Served) -> None:
    served.complaint = ValueError("cannot listen on :80: it is taken")
    result = run("serve")
    assert result.exit_code == 2
    assert result.stderr == "pellucid: cannot listen on :80: it is taken\n"


def test_what_an_application_does_instead_of_loading_is_shown_with_status_1(served: Served) -> None:
    served.complaint = NotLoaded("main cannot be imported: E: x", "Traceback:\n  line 1\nE: x\n")
    result = run("serve", "demo")
    assert result.exit_code == 1
    assert result.stderr == "Traceback:\n  line 1\nE: x\npellucid: main cannot be imported: E: x\n"


def test_several_targets_are_served(served: Served) -> None:
    result = run("serve", "/static=demo", "/=main:app", "/api=package.module:make()")
    assert result.exit_code == 0
    assert served.targets == ["/static=demo", "=main:app", "/api=package.module:make()"]
    assert "/static = " in result.stderr


def test_targets_in_the_environment_stand_on_lines_of_their_own(served: Served, tmp_path: Path) -> None:
    (tmp_path / "my files").mkdir()
    assert run("serve", PELLUCID_TARGETS="/=main:app\n\n /f=my files \n").exit_code == 0
    assert served.targets == ["=main:app", "/f=my files"]


def test_a_folder_that_may_not_be_read_is_explained(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    result = run("serve", "demo")
    assert result.exit_code == 2
    assert "the folder 'demo' may not be read" in result.stderr


def test_where_programs_read_the_log_the_banner_is_a_line_of_it(served: Served) -> None:
    result = run("serve", "demo", "--log-format", "json")
    told = json.loads(result.stderr)
    assert told["level"] == "info"
    assert told["message"] == f"Pellucid {__version__} serves {os.path.realpath('demo')} at http://127.0.0.1:8000/"


def test_a_banner_that_nobody_reads_does_not_matter(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(click, "echo", fail)
    assert run("serve", "demo").exit_code == 0
    assert served.targets == ["=demo"]


def test_standard_error_may_be_closed(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with pytest.raises(SystemExit) as ended:
        main(["serve", "demo"])
    assert ended.value.code == 0
    assert served.targets == ["=demo"]


def test_the_help_begins_with_examples_that_work(served: Served, tmp_path: Path) -> None:
    text = run("serve", "--help").stdout
    assert max(map(len, text.splitlines())) <= 80
    examples = re.findall(r"^  pellucid (serve.*?)   .*$", text.partition("Listening and stopping:")[0], re.MULTILINE)
    assert len(examples) == 7
    for folder in ("public", "dist"):
        (tmp_path / folder).mkdir()
    (tmp_path / "main.py").write_text("app = print")
    for example in examples:
        assert run(*shlex.split(example)).exit_code == 0


def test_alone_it_shows_the_help() -> None:
    result = run()
    assert result.exit_code == 0
    assert "serve" in result.stdout
    assert result.stdout == run("--help").stdout == run("-h").stdout


def test_it_knows_its_version() -> None:
    assert run("--version").stdout == f"Pellucid {__version__}\n"


def test_an_interrupt_before_the_server_runs_is_no_traceback(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "run", interrupt)
    result = run("serve", "demo")
    assert result.exit_code == 1
    assert "Traceback" not in result.stderr


def test_a_bad_variable_is_named_as_it_was_given() -> None:
    result = CliRunner().invoke(main, ["serve"], env={"PELLUCID_IDLE": "x"})
    assert result.stderr.startswith("pellucid: PELLUCID_IDLE: 'x' is not a time")


def test_a_variable_that_is_no_setting_is_told() -> None:
    environment = {"PELLUCID_BND": "1", "PELLUCID_TARGETS": ".", "PELLUCID_IDLE": "3", "PELLUCID_ZZZZ": "", "PATH": "/"}
    assert unknown_variables(environment) == [
        "PELLUCID_BND in the environment is no setting; did you mean PELLUCID_BIND?",
        "PELLUCID_ZZZZ in the environment is no setting",
    ]


class Expired:
    """Certificates of which one holds no longer."""

    def complain(self, noted: Callable[[str, str], None]) -> None:
        noted("warning", "cert.pem has expired")


def test_what_is_wrong_with_a_certificate_is_told_before_the_banner(served: Served) -> None:
    certificates = cast("Certificates", Expired())
    served.listening = Listening((port_at("127.0.0.1:8443"),), (port_at("127.0.0.1:8080"),), certificates)
    first, _, third, fourth, _ = run("serve", "demo").stderr.splitlines()
    assert first.endswith("warning: cert.pem has expired")
    assert third.split() == ["https://127.0.0.1:8443/", "from", "this", "machine"]
    assert fourth.split() == ["http://127.0.0.1:8080/", "leads", "to", "https"]


def test_the_authority_of_this_machine_is_named(served: Served) -> None:
    certificates = cast("Certificates", Expired())
    for made, told in ((True, "curl --cacert /a/authority.pem"), (False, "Clients trust it with /a/authority.pem.")):
        kept = Kept("/a/authority.pem", "/a/server.pem", made)
        served.listening = Listening((port_at("127.0.0.1:8443"),), (), certificates, kept)
        assert told in run("serve", "demo").stderr


SITE = """\
idle = 7
serve = "demo"
[hosts."a.org"]
serve = "main:app"
"""


@pytest.fixture
def site(served: Served, tmp_path: Path) -> Path:
    """A file in the working folder that serves a folder, and an application at a host."""
    (tmp_path / "main.py").write_text("app = print")
    file = tmp_path / "pellucid.toml"
    file.write_text(SITE)
    return file


def test_a_file_that_is_found_is_served(served: Served, site: Path) -> None:
    result = run("serve")
    assert result.exit_code == 0
    assert served.targets == ["=demo", "=main:app"]
    assert served.settings[Patience].idle == 7.0
    assert "serves / = " in result.stderr
    assert "a.org/ = main:app" in result.stderr


def test_the_environment_goes_before_the_file_and_an_option_before_both(served: Served, site: Path) -> None:
    for arguments, environment, idle in (((), "3", 3.0), (("--idle", "2"), "3", 2.0)):
        assert run("serve", *arguments, PELLUCID_IDLE=environment).exit_code == 0
        assert served.settings[Patience].idle == idle


def test_another_file_can_be_named(served: Served, site: Path) -> None:
    (site.parent / "other.toml").write_text('serve = "demo"\nidle = 9\n')
    assert run("serve", "--config", "other.toml").exit_code == 0
    assert served.settings[Patience].idle == 9.0
    assert run("serve", PELLUCID_CONFIG="other.toml").exit_code == 0
    assert served.settings[Patience].idle == 9.0
    result = run("serve", "--config", "none.toml")
    assert (result.exit_code, result.stderr) == (2, "pellucid: none.toml: there is no such file\n")


def test_a_target_goes_before_what_the_file_serves(served: Served, site: Path) -> None:
    assert run("serve", "main:app").exit_code == 0
    assert served.targets == ["=main:app", "=main:app"]


def test_a_file_can_be_left_out(served: Served, site: Path) -> None:
    assert run("serve", "demo", "--config", "").exit_code == 0
    assert served.targets == ["=demo"]
    assert served.replan is None


def test_the_file_is_read_anew_when_the_server_asks_for_it(served: Served, site: Path) -> None:
    assert run("serve").exit_code == 0
    assert served.replan is not None
    site.write_text('serve = "demo"\nidle = 8\n')
    assert served.replan().settings[Patience].idle == 8.0
    for text, complaint in (
        ("idel = 3", ":1: idel: there is no such key"),
        ('serve = "demo"\nheader = "x"', ":2: header: "),
    ):
        site.write_text(text)
        with pytest.raises(ValueError, match=complaint):
            served.replan()


def test_of_several_mistakes_the_first_is_told_and_how_many_there_are(served: Served, site: Path) -> None:
    site.write_text("idel = 3\nbnid = 3\nhed-time = 3\n")
    result = run("serve")
    assert result.exit_code == 2
    assert result.stderr == (
        "pellucid: pellucid.toml:1: idel: there is no such key; did you mean idle? "
        "(2 more: `pellucid check` tells them all)\n"
    )
    assert run("check").stderr.count("\n") == run("show").stderr.count("\n") == 3
    assert served.targets == []


def test_what_the_server_cannot_do_is_told_with_the_line_that_asks_for_it(served: Served, site: Path) -> None:
    served.complaint = ValueError("--idle: it cannot be")
    assert run("serve").stderr == "pellucid: pellucid.toml:1: idle: it cannot be\n"
    assert run("serve", "--idle", "3").stderr == "pellucid: --idle: it cannot be\n"
    assert run("serve", PELLUCID_IDLE="3").stderr == "pellucid: PELLUCID_IDLE: it cannot be\n"


def test_a_check_says_that_all_is_in_order_with_status_0_and_serves_nothing(served: Served, site: Path) -> None:
    result = run("check")
    assert (result.exit_code, result.stdout) == (0, "pellucid.toml is in order: 2 places at 1 host.\n")
    assert run("check", "demo", "--config", "").stdout == "This is in order: 1 place.\n"
    assert served.targets == []


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--idle", "x"], "--idle: 'x' is not a time such as"),
        (["none"], "there is no folder 'none'"),
        (["--tls-min", "1.3"], "--tls-min: no TLS is spoken; give --tls too"),
        (["--config", "demo"], "demo: this is a folder; name the file in it"),
    ],
)
def test_a_check_of_what_is_wrong_has_status_2(
    served: Served, site: Path, arguments: list[str], complaint: str
) -> None:
    result = run("check", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"pellucid: {complaint}")


def test_what_is_in_force_is_shown_with_where_it_was_chosen(served: Served, site: Path) -> None:
    result = run("show", "--head-time", "3", PELLUCID_GRACE="4")
    assert result.exit_code == 0
    assert [line.split() for line in result.stdout.splitlines()[:4]] == [
        ["serve", "=", '"demo"', "#", "pellucid.toml:2"],
        ["grace", "=", "4", "#", "PELLUCID_GRACE"],
        ["head-time", "=", "3", "#", "--head-time"],
        ["idle", "=", "7", "#", "pellucid.toml:1"],
    ]
    assert "# default" in run("show", "--all").stdout
    assert served.targets == []


def test_what_was_switched_off_is_told_as_it_was_typed() -> None:
    shown = run("show", "--config", "", "--no-listing", "--security-headers").stdout
    assert re.search(r"^listing = false +# --no-listing$", shown, re.M)
    assert re.search(r"^security-headers = true +# --security-headers$", shown, re.M)


def test_what_is_shown_has_no_secrets(served: Served, site: Path) -> None:
    site.write_text(f'serve = "demo"\nsession = "cookie"\nsession-key = "{"s" * 40}"\n')
    shown = run("show").stdout
    assert "sss" not in shown
    assert 'session-key = ["…"]' in shown
