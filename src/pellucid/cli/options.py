"""The settings' table as options of a command: names, types, environment variables and help, all from the manuals."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from pellucid.accesslog import FORMATS
from pellucid.apps.asgi.settings import LIFESPANS
from pellucid.config import Given
from pellucid.eventlog import FORMATS as LOG_FORMATS
from pellucid.eventlog import LEVELS
from pellucid.loading.settings import INTERFACES, LOOPS
from pellucid.settings import Setting, all_settings, read_truth, spell_size
from pellucid.spelling import nearest

ENVIRONMENT = (
    "Every option can be set in the environment too: --head-time as PELLUCID_HEAD_TIME, and so on; and in a file "
    "pellucid.toml, as head-time. The environment goes before the file, and options before both. A variable holds "
    "several values on lines of their own; yes or no for what has a --no- form. Sizes take K, M and G; times take ms, "
    "s, m, h and d. Zero switches a limit off, unless the option says what it stands for."
)
WORDS = {
    "access_log": ("off", *FORMATS, "json"),
    "auth": ("basic", "bearer", "certificate", "digest", "form", "forward"),
    "compress": ("br", "gzip", "zstd"),
    "interface": INTERFACES,
    "lifespan": LIFESPANS,
    "log_format": LOG_FORMATS,
    "log_level": LEVELS,
    "loop": LOOPS,
    "session": ("cookie", "memory", "redis://", "sqlite:"),
    "session_same_site": ("lax", "none", "strict"),
    "tls_client": ("required", "optional"),
    "tls_min": ("1.2", "1.3"),
}
"""The words that a setting takes, for shells to complete."""

DAY = 86400
REPEATABLE = "May be repeated."

CONFIGURATION = "Configuration"
"""The topic of what says where the settings come from."""

OTHER_VARIABLES = {"PELLUCID_CONFIG", "PELLUCID_TARGETS"}


class SettingType(click.ParamType):  # type: ignore[type-arg]  # older releases of click know no argument
    """How click reads one setting: as the setting does, and complaining in its words."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.name = setting.manual.unit or "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The setting's value from its text."""
        try:
            return self.setting.read(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The words that there are, or the files."""
        words = WORDS.get(self.setting.name, ())
        if words:
            return [CompletionItem(word) for word in words if word.startswith(incomplete)]
        return [CompletionItem(incomplete, type="file")] if self.setting.manual.unit in ("file", "files") else []

    def split_envvar_value(self, rv: str) -> list[str]:
        """The items of a variable: a line each, because header fields and formats hold spaces."""
        return [item for line in rv.splitlines() if (item := line.strip())]


class SwitchType(click.types.BoolParamType):
    """How click reads a setting that is on or off, in the same words as the others."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Yes or no from a variable's text; an option's own form has no text."""
        if not isinstance(value, str):
            return value
        try:
            return read_truth(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class SettingOption(click.Option):
    """An option that is made from a setting; it stays None, or empty, if nobody has given it."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        switch = isinstance(setting.default, bool)
        names = f"{setting.option}/--no-{setting.option[2:]}" if switch else setting.option
        super().__init__(
            [names, setting.name],
            default=None,
            type=SwitchType() if switch else SettingType(setting),
            multiple=isinstance(setting.default, tuple),
            envvar=setting.variable,
            metavar=None if switch else metavar_of(setting),
            help=help_of(setting),
        )


class SettingsCommand(click.Command):
    """A command that has every setting as an option, and shows them by topic."""

    def __init__(self, name: str, *, params: list[click.Parameter] | None = None, **attributes: Any) -> None:
        super().__init__(name, params=[*(params or []), *_setting_options()], **attributes)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """A section of the help for each topic; --help itself comes last."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            other = "Help" if "--help" in param.opts else CONFIGURATION
            topic = param.setting.topic if isinstance(param, SettingOption) else other
            record = param.get_help_record(ctx)
            if record is not None and isinstance(param, click.Option):
                sections.setdefault(topic, []).append(record)
        for topic, records in sections.items():
            with formatter.section(topic):
                formatter.write_dl(records)


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """A line for each variable that looks like a setting and is none."""
    known = {each.variable for each in all_settings()} | OTHER_VARIABLES
    return [
        f"{name} in the environment is no setting" + (f"; did you mean {near}?" if near else "")
        for name in sorted(environment)
        if name.startswith("PELLUCID_") and name not in known
        for near in [nearest(name, known, 0.85)]
    ]


def chosen_of(values: dict[str, Any]) -> dict[str, Any]:
    """The settings that were really given, from what click hands to a command."""
    return {name: value for name, value in values.items() if value is not None and value != ()}


def given_of(ctx: click.Context, targets: tuple[str, ...], values: dict[str, Any]) -> Given:
    """The same with where each was said, and the targets."""

    def origin(name: str, option: str, variable: str) -> str:
        return variable if ctx.get_parameter_source(name) is ParameterSource.ENVIRONMENT else option

    known = {each.name: each for each in all_settings()}
    chosen = chosen_of(values)
    origins = {name: origin(name, _spelled(known[name], value), known[name].variable) for name, value in chosen.items()}
    return Given(chosen, origins, targets, origin("targets", "the command line", "PELLUCID_TARGETS"))


def _spelled(setting: Setting, value: Any) -> str:
    # What is switched off was said by the option's other form.
    return f"--no-{setting.option[2:]}" if value is False else setting.option


def metavar_of(setting: Setting) -> str:
    """What stands for the value in the help: the unit of a number, or what kind of text it is."""
    number = isinstance(setting.default, int | float)
    return setting.manual.unit.upper().replace(" PER ", "/") or ("NUMBER" if number else "TEXT")


def help_of(setting: Setting) -> str:
    """The manual of a setting and its default."""
    repeatable = [REPEATABLE] if isinstance(setting.default, tuple) else []
    default = default_of(setting)
    return " ".join([setting.manual.text, *repeatable, *([f"[{default}]"] if default else [])])


def default_of(setting: Setting) -> str:
    """The default as the help tells it: `none` is a limit that is off."""
    number = isinstance(setting.default, int | float) and not isinstance(setting.default, bool)
    return "none" if number and not setting.default else spell(setting)


def spell(setting: Setting) -> str:
    """The default as a person would type it, empty where there is none."""
    value = setting.default
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, str):
        return value
    if setting.manual.unit == "bytes":
        return spell_size(value)
    if setting.manual.unit == "seconds" and value and value % DAY == 0:
        return f"{value / DAY:.0f}d"
    return f"{value:.15g}" if isinstance(value, float) else str(value)


@cache
def _setting_options() -> tuple[SettingOption, ...]:
    # The same for all commands: a server holds them for as long as it lives.
    return tuple(SettingOption(each) for each in all_settings())
