"""The configuration as text: a file is found and read to a plan, and a plan is spelled; it knows no command line."""

from pellucid.config.finding import find, refer
from pellucid.config.mistakes import Mistakes
from pellucid.config.reading import Given, read_plan
from pellucid.config.showing import show

__all__ = ["Given", "Mistakes", "find", "read_plan", "refer", "show"]
