"""Shells complete the options, their words and the files."""

import click
import pytest
from click.testing import CliRunner, Result

from pellucid.cli.command import main


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, arguments, prog_name="pellucid", env=environment)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_asks_the_command(shell: str) -> None:
    result = run("completion", shell)
    assert result.exit_code == 0
    assert f"_PELLUCID_COMPLETE={shell}_complete" in result.stdout


def test_the_shell_is_told_the_options() -> None:
    result = run(_PELLUCID_COMPLETE="bash_complete", COMP_WORDS="pellucid serve --head", COMP_CWORD="2")
    assert [line.split(",")[1] for line in result.stdout.split()] == ["--header", "--head-size", "--head-time"]


@pytest.mark.parametrize(
    ("name", "incomplete", "expected"),
    [
        ("access_log", "c", [("plain", "common"), ("plain", "combined")]),
        ("log_level", "w", [("plain", "warning")]),
        ("spa", "i", [("file", "i")]),
        ("idle", "1", []),
    ],
)
def test_shells_complete_values(name: str, incomplete: str, expected: list[tuple[str, str]]) -> None:
    command = main.commands["serve"]
    (param,) = [each for each in command.params if each.name == name]
    completed = param.shell_complete(click.Context(command), incomplete)
    assert [(item.type, item.value) for item in completed] == expected


def test_shells_complete_the_file() -> None:
    for name in ("serve", "check", "show"):
        command = main.commands[name]
        (param,) = [each for each in command.params if each.name == "config"]
        (item,) = param.shell_complete(click.Context(command), "pe")
        assert (item.type, item.value) == ("file", "pe")
