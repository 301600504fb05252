"""From what a person writes to a callable: targets, their import, and which interface the callable speaks."""

from pellucid.loading.importing import NotLoaded as NotLoaded
from pellucid.loading.settings import LoadingSettings as LoadingSettings
from pellucid.loading.targets import Folder as Folder
from pellucid.loading.targets import Named as Named
from pellucid.loading.targets import Target as Target
