"""Files of third parties are those that static/vendor/README.txt says they are."""

import base64
import hashlib
import re

import pytest

from tests.serving import ROOT

VENDOR = ROOT / "static" / "vendor"
#: The name of a file, and the hash that its entry gives.
ENTRIES = re.findall(
    r"^(\S+\.(?:js|css))\n(?:  .*\n)*?  sha384 +(\S+)$",
    (VENDOR / "README.txt").read_text(encoding="utf-8"),
    re.MULTILINE,
)


def test_each_file_has_an_entry() -> None:
    files = {path.name for path in VENDOR.iterdir() if path.suffix in (".js", ".css")}
    assert {name for name, _hash in ENTRIES} == files


@pytest.mark.parametrize(("name", "expected"), ENTRIES)
def test_t35_each_file_has_the_hash_of_its_entry(name: str, expected: str) -> None:
    digest = hashlib.sha384((VENDOR / name).read_bytes()).digest()
    assert base64.b64encode(digest).decode() == expected
