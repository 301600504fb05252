"""The commands: what is said wrongly is told in lines with status 2, what fails to load with status 1."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem, ShellComplete, get_completion_class

from pellucid import __version__
from pellucid.cli.banner import Where, banner, in_one_line, wants_colours
from pellucid.cli.check import faults, silent_faults, told
from pellucid.cli.elsewhere import ELSEWHERE
from pellucid.cli.options import ENVIRONMENT, SettingOption, SettingsCommand, given_of, unknown_variables
from pellucid.config import Mistakes, find, read_plan
from pellucid.config import show as spell
from pellucid.eventlog import EventLog, EventLogSettings
from pellucid.listening import Listening
from pellucid.loading import NotLoaded
from pellucid.plan import Plan
from pellucid.serving import NOT_LOADED, workers_of
from pellucid.serving import serve as run
from pellucid.settings import Settings
from pellucid.spelling import nearest

MISTAKEN = 2
"""The exit status where what was said cannot be."""

PASSWD = "passwd"
SHELLS = ("bash", "zsh", "fish")

# How alike a guess must be; click's own are bolder.
ALIKE = 0.75


class OneLine(click.Group):
    """A group of commands whose complaints are lines on standard error, with exit status 2."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run, and leave the process with its exit status."""
        extra["standalone_mode"] = False
        try:
            status = super().main(*args, **extra)
        except click.Abort:
            sys.exit(1)
        except click.ClickException as error:
            click.echo(f"pellucid: {_one_line(error)}", err=True)
            sys.exit(MISTAKEN)
        except ValueError as error:  # of what was said: a line for each mistake in a file
            for line in error.lines if isinstance(error, Mistakes) else (str(error),):
                click.echo(f"pellucid: {line}", err=True)
            sys.exit(MISTAKEN)
        sys.exit(status if isinstance(status, int) else 0)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """As click does; `passwd` brings a megabyte along, which no server is to hold for it."""
        if cmd_name == PASSWD:
            from pellucid.cli.passwd import passwd

            return passwd
        return super().get_command(ctx, cmd_name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """As click does, with that."""
        return sorted([*super().list_commands(ctx), PASSWD])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a folder that was given without `serve` in mind."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            near = nearest(name, self.list_commands(ctx))
            target = os.path.isdir(name) or ":" in name or "=" in name
            hint = f"pellucid serve {name}" if target else f"pellucid {near or '--help'}"
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
    begun = [each for each in options if each.startswith(f"{option}-")]
    near = begun[0] if len(begun) == 1 else nearest(option, [*options, *ELSEWHERE], ALIKE)
    if len(begun) > 1:
        return f"there is no {option}; did you mean one of {option}-…? `pellucid serve --help` lists them all"
    if near in ELSEWHERE:
        return f"there is no {option}, nor {near}: {ELSEWHERE[near]}"
    if near:
        return f"there is no {option}; did you mean {near}? `pellucid serve --help` lists them all"
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


def serve(targets: tuple[str, ...], config: str | None, **values: Any) -> int:
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

    A file pellucid.toml in the current folder, or a table [tool.pellucid] in its pyproject.toml, says the same, and
    more: hosts, and what is in force at which path.

    The access log goes to standard output and everything else to standard error. Ctrl+C or SIGTERM lets running
    requests finish; once more stops at once. SIGHUP reads the file anew.
    """
    colours = wants_colours(sys.stderr is not None and sys.stderr.isatty(), os.environ)
    read = _reader(targets, config, values)
    settings = Settings()
    try:
        plan = read()
        settings = plan.settings
        if plan.file:  # so that a mistake is told with its line, whoever would find it
            _judged(plan)
        elif found := silent_faults(plan):
            raise Mistakes(found)
        replan = (lambda: _judged(read())) if plan.file else None
        return run(plan, replan, partial(_tell, plan, colours))
    except Mistakes as error:
        more = f" ({len(error.lines) - 1} more: `pellucid check` tells them all)" if len(error.lines) > 1 else ""
        raise click.UsageError(f"{error}{more}") from error
    except ValueError as error:
        raise click.UsageError(told(str(error), settings)) from error
    except NotLoaded as error:
        trace, line, reason = str(error).rpartition("\n")
        click.echo(f"{trace}{line}pellucid: {reason}", err=True)
        return NOT_LOADED


def check(targets: tuple[str, ...], config: str | None, **values: Any) -> int:
    """Check what `pellucid serve` with the same words would serve, and serve nothing. No application is imported and
    no port is opened.

    Each mistake is a line on standard error that says where it is and how to mend it. The exit status is 0 if there is
    none, and else 2.
    """
    plan = _judged(_reader(targets, config, values)())
    click.echo(f"{plan.file or 'This'} is in order: {_counted(plan)}.")
    return 0


def show(targets: tuple[str, ...], config: str | None, every: bool, **values: Any) -> int:
    """Show what is in force, for the whole server and for each place, and where each value was chosen: in which line
    of the file, in the environment or on the command line. It is TOML; secrets are masked.
    """
    click.echo(spell(_reader(targets, config, values)(), every), nl=False)
    return 0


def _reader(targets: tuple[str, ...], config: str | None, values: dict[str, Any]) -> Callable[[], Plan]:
    # What reads the plan, now and whenever it is asked for; a file that was found is the same one later.
    for warning in unknown_variables(os.environ):
        click.echo(f"pellucid: {warning}", err=True)
    given = given_of(click.get_current_context(), targets, values)
    return partial(read_plan, find() if config is None else config, given)


def _judged(plan: Plan) -> Plan:
    found = faults(plan)
    if found:
        raise Mistakes(found)
    return plan


def _counted(plan: Plan) -> str:
    hosts, places = len([host for host in plan.hosts if host]), len(plan.places)
    counted = f"{places} place{'s' if places > 1 else ''}"
    return f"{counted} at {hosts} host{'s' if hosts > 1 else ''}" if hosts else counted


def _tell(plan: Plan, colours: bool, listening: Listening, kinds: Sequence[str]) -> None:
    # It serves now, which a person or a program is told.
    workers, where = workers_of(plan), where_of(listening)
    log_format = plan.settings[EventLogSettings].log_format
    note = EventLog(partial(click.echo, err=True), log_format=log_format).noted
    with contextlib.suppress(OSError):  # nobody may be there to read it
        listening.complain(note)
        if log_format == "json":
            note("info", in_one_line(plan, where, kinds=kinds, workers=workers))
        else:
            click.echo(banner(plan, where, colours, kinds=kinds, workers=workers), err=True, color=colours)


def where_of(listening: Listening) -> Where:
    """What the banner tells of where it is served."""
    secured, kept = listening.certificates is not None, listening.kept
    authority, made = (kept.authority, kept.made) if kept is not None else ("", False)
    return Where(listening.addresses, secured, listening.redirected, authority, made)


class FileType(click.ParamType):  # type: ignore[type-arg]  # older releases of click know no argument
    """A file, which shells complete; whether it can be read is judged in our own words."""

    name = "file"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Files."""
        return [CompletionItem(incomplete, type="file")]


def _params(*more: click.Parameter) -> list[click.Parameter]:
    return [
        click.Argument(["targets"], nargs=-1, envvar="PELLUCID_TARGETS", type=TargetType()),
        click.Option(
            ["--config"],
            envvar="PELLUCID_CONFIG",
            type=FileType(),
            metavar="FILE",
            help="The file to read, in the place of pellucid.toml in the current folder and of [tool.pellucid] in its "
            "pyproject.toml; --config '' reads none. Files are named in it from its own folder on.",
        ),
        *more,
    ]


EVERY = click.Option(["--all", "every"], is_flag=True, help="What has its default, too.")

for name, callback, params, summary in (
    ("serve", serve, _params(), "Serve folders and applications."),
    ("check", check, _params(), "Look for mistakes, and serve nothing."),
    ("show", show, _params(EVERY), "Show what is in force, and why."),
):
    main.add_command(
        SettingsCommand(
            name, callback=callback, params=params, help=callback.__doc__, epilog=ENVIRONMENT, short_help=summary
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
