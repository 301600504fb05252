"""A certificate authority of one's own, for development, and the certificate that it makes for this machine."""

from pellucid.authority.keeping import Kept, data_folder, keep
from pellucid.authority.machine import Machine, this_machine
from pellucid.authority.trust import how_to_trust

__all__ = ["Kept", "Machine", "data_folder", "how_to_trust", "keep", "this_machine"]
