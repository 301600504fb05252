"""The form by which a person sends files into the folder that a page shows; without its script it works as well."""

from __future__ import annotations

import pkgutil

from pellucid.apps.static.listing import STYLE, Below
from pellucid.apps.static.policy import with_script

_CSS = (pkgutil.get_data("pellucid.apps.static", "upload.css") or b"").decode()
_SCRIPT = (pkgutil.get_data("pellucid.apps.static", "upload.js") or b"").decode()

FORM = Below(
    f"""\
<form class="upload" method="post" action="./" enctype="multipart/form-data">
<label for="upload">Send files here</label><input id="upload" type="file" name="file" multiple required>
<button>Send</button>
<ul aria-live="polite"></ul>
</form>
<script>{_SCRIPT}</script>
""",
    _CSS,
)
"""What stands below the items of a folder."""

POLICY: bytes = with_script(STYLE + _CSS, _SCRIPT)
"""What a page with the form may do: run its script, and send to where it came from."""
