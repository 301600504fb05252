"""The command line: options made from the settings' own manuals, and the commands that take them."""

from pellucid.cli.command import main

__all__ = ["main"]
