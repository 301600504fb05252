"""Files are sent into a folder by a browser and by curl, over each protocol, and are there as they were."""

from pathlib import Path

import pytest
from certifying import Authority
from chromium import Chromium
from curl import fetch
from running import Running
from serving import serving

pytestmark = [pytest.mark.live, pytest.mark.timeout(90)]

CHOOSE = """
(() => {
  const chosen = new DataTransfer();
  for (const [name, size] of %s) chosen.items.add(new File([new Uint8Array(size).fill(65)], name));
  document.querySelector("form.upload input").files = chosen.files;
  document.querySelector("form.upload button").click();
})()
"""


def test_a_browser_sends_files_and_says_what_became_of_them(tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_text("old")
    with serving(tmp_path, "--upload", "--upload-size", "5M") as server, Chromium() as browser, browser.page() as page:
        page.open(server.url)
        page.screenshot("upload")
        page.after(lambda: page.evaluate(CHOOSE % '[["a b%c.bin", 3000000], ["empty", 0]]'))  # it shows the new folder
        shown = page.evaluate("[...document.querySelectorAll('tbody bdi')].map(name => name.textContent)")
        assert shown == ["a b%c.bin", "empty", "old.txt"]
        assert (tmp_path / "a b%c.bin").read_bytes() == b"A" * 3_000_000
        page.evaluate(CHOOSE % '[["old.txt", 10], ["large", 6000000]]')
        page.until(lambda: page.evaluate("document.querySelectorAll('.upload .failed').length") == 2, "both failed")
        said = page.evaluate("[...document.querySelectorAll('.upload li')].map(item => item.textContent)")
        assert said == ["old.txtthere is something of this name already", "largetoo large"]
        page.screenshot("upload-failed")
    assert (tmp_path / "old.txt").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a b%c.bin", "empty", "old.txt"]


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
@pytest.mark.parametrize("secure", [False, True])
def test_curl_sends_files_over_each_protocol(version: str, secure: bool, tmp_path: Path) -> None:
    sent, folder = tmp_path / "sent.bin", tmp_path / "public"
    sent.write_bytes(bytes(range(256)) * 10_000)
    folder.mkdir()
    authority = Authority(tmp_path)
    options = ("--tls", authority.pair("localhost").option) if secure else ()
    if version == "--http2" and not secure:
        version = "--http2-prior-knowledge"
    with Running("serve", str(folder), "--bind", "127.0.0.1:0", "--access-log", "off", "--upload", *options) as server:
        url = f"{'https' if secure else 'http'}://localhost:{server.port}"
        common = (version, "--cacert", str(authority.path))
        assert fetch(f"{url}/put.bin", *common, "-T", str(sent)).status == 201
        assert fetch(f"{url}/put.bin", *common, "-T", str(sent)).status == 409
        assert fetch(f"{url}/", *common, "-F", f"a=@{sent};filename=one.bin", "-F", f"b=@{sent}").status == 201
    for name in ("put.bin", "one.bin", "sent.bin"):
        assert (folder / name).read_bytes() == sent.read_bytes()
    assert len([*folder.iterdir()]) == 3
