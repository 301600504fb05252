"""The commands `serve` and `completion`: what is said wrongly is one line and status 2, what fails to load status 1."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from functools import partial
from typing import Any

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem, ShellComplete, get_completion_class

from pellucid import __version__
from pellucid.cli.banner import Places, banner, in_one_line, wants_colours
from pellucid.cli.elsewhere import ELSEWHERE
from pellucid.cli.options import ENVIRONMENT, SettingOption, SettingsCommand, chosen_of, unknown_variables
from pellucid.eventlog import EventLog, EventLogSettings
from pellucid.listening import Listening
from pellucid.loading import LoadingSettings, NotLoaded
from pellucid.loading.targets import Target, parse_targets
from pellucid.serving import NOT_LOADED, workers_of
from pellucid.serving import serve as run
from pellucid.settings import Settings

SHELLS = ("bash", "zsh", "fish")

# How alike a guess must be; click's own are bolder.
ALIKE = 0.75


class OneLine(click.Group):
    """A group of commands whose complaints are one line on standard error, with exit status 2."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run, and leave the process with its exit status."""
        extra["standalone_mode"] = False
        try:
            status = super().main(*args, **extra)
        except click.Abort:
            sys.exit(1)
        except click.ClickException as error:
            click.echo(f"pellucid: {_one_line(error)}", err=True)
            sys.exit(2)
        sys.exit(status if isinstance(status, int) else 0)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a folder that was given without `serve` in mind."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            near = get_close_matches(name, self.list_commands(ctx), 1)
            target = os.path.isdir(name) or ":" in name or "=" in name
            hint = f"pellucid serve {name}" if target else f"pellucid {near[0] if near else '--help'}"
            raise click.UsageError(f"there is no command {name!r}; did you mean `{hint}`?")
        return super().resolve_command(ctx, args)


class TargetType(click.ParamType):  # type: ignore[type-arg]  # older releases of click know no argument
    """A target, of which shells complete the folders; whether it can be served is judged in our own words."""

    name = "target"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Folders, behind a mount too."""
        return [CompletionItem(incomplete, type="dir")]

    def split_envvar_value(self, rv: str) -> list[str]:
        """The targets of a variable: a line each, because names of folders hold spaces."""
        return [item for line in rv.splitlines() if (item := line.strip())]


def _one_line(error: click.ClickException) -> str:
    if isinstance(error, click.NoSuchOption):
        return _no_such_option(error)
    if isinstance(error, click.BadParameter) and isinstance(error.param, SettingOption) and error.ctx is not None:
        return _bad_value(error, error.param, error.ctx)
    return " ".join(error.format_message().split())


def _bad_value(error: click.BadParameter, option: SettingOption, ctx: click.Context) -> str:
    from_environment = ctx.get_parameter_source(option.name or "") is ParameterSource.ENVIRONMENT
    where = option.setting.variable if from_environment else option.setting.option
    return f"{where}: {' '.join(error.message.split())}"


def _no_such_option(error: click.NoSuchOption) -> str:
    option = error.option_name
    if option in ELSEWHERE:
        return f"there is no {option}: {ELSEWHERE[option]}"
    options = [each for param in error.ctx.command.get_params(error.ctx) for each in param.opts] if error.ctx else []
    near = get_close_matches(option, [*options, *ELSEWHERE], 1, ALIKE)
    if near and near[0] in ELSEWHERE:
        return f"there is no {option}, nor {near[0]}: {ELSEWHERE[near[0]]}"
    if near:
        return f"there is no {option}; did you mean {near[0]}? `pellucid serve --help` lists them all"
    if error.ctx is not None and error.ctx.parent is None:
        return f"there is no {option} before a command; did you mean `pellucid serve {option} …`?"
    return f"there is no {option}: `pellucid serve --help` lists what there is"


@click.group(
    cls=OneLine,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="`pellucid serve --help` tells all that can be set.",
)
@click.version_option(__version__, message="Pellucid %(version)s")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Pellucid, an HTTP server in plain Python that you can see through."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def serve(targets: tuple[str, ...], **values: Any) -> int:
    """Serve folders and applications over HTTP. A TARGET is a folder, the current one if none is named, or
    MODULE:APP; with MOUNT= before it, it is served beneath that path.

    \b
    pellucid serve                          this folder, for this machine
    pellucid serve public --bind :8080      for the whole network
    pellucid serve public --tls dev         by https, for this machine
    pellucid serve dist --spa index.html    an application that routes by itself
    pellucid serve main:app                 an ASGI or WSGI application
    pellucid serve 'main:create_app()'      what makes one
    pellucid serve /=main:app /files=public   both, each at its path

    The access log goes to standard output and everything else to standard error. Ctrl+C or SIGTERM lets running
    requests finish; once more stops at once.
    """
    colours = wants_colours(sys.stderr is not None and sys.stderr.isatty(), os.environ)
    for warning in unknown_variables(os.environ):
        click.echo(f"pellucid: {warning}", err=True)
    try:
        settings = Settings(chosen_of(values))
        parsed = parse_targets(targets or (".",), settings[LoadingSettings].app_dir)
        return run(parsed, settings, partial(_tell, parsed, settings, colours))
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    except NotLoaded as error:
        trace, line, reason = str(error).rpartition("\n")
        click.echo(f"{trace}{line}pellucid: {reason}", err=True)
        return NOT_LOADED


def _tell(
    parsed: Sequence[Target], settings: Settings, colours: bool, listening: Listening, kinds: Sequence[str]
) -> None:
    # It serves now, which a person or a program is told.
    workers, places = workers_of(settings), places_of(listening)
    log_format = settings[EventLogSettings].log_format
    note = EventLog(partial(click.echo, err=True), log_format=log_format).noted
    with contextlib.suppress(OSError):  # nobody may be there to read it
        listening.complain(note)
        if log_format == "json":
            note("info", in_one_line(parsed, places, kinds=kinds, workers=workers))
        else:
            click.echo(banner(parsed, places, colours, kinds=kinds, workers=workers), err=True, color=colours)


def places_of(listening: Listening) -> Places:
    """What the banner tells of where it is served."""
    secured, kept = listening.certificates is not None, listening.kept
    authority, made = (kept.authority, kept.made) if kept is not None else ("", False)
    return Places(listening.addresses, secured, listening.redirected, authority, made)


main.add_command(
    SettingsCommand(
        "serve",
        callback=serve,
        params=[click.Argument(["targets"], nargs=-1, envvar="PELLUCID_TARGETS", type=TargetType())],
        help=serve.__doc__,
        epilog=ENVIRONMENT,
        short_help="Serve folders and applications.",
    )
)


@main.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print what teaches a SHELL to complete our options.

    For bash: eval "$(pellucid completion bash)" in ~/.bashrc; zsh likewise; for fish:
    pellucid completion fish > ~/.config/fish/completions/pellucid.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None
    # Not bash's own `source`, which runs a bash to ask for its version.
    click.echo(ShellComplete.source(kind(main, {}, "pellucid", "_PELLUCID_COMPLETE")))
