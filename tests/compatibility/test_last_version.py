"""This version and the one before on one folder: they work side by side, or refuse politely."""

import re
import subprocess
import sys
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

import pytest
from click.testing import CliRunner

from migrations_tools.cli import main as tools
from portal.stores import FORMAT_ID, Add, Replace
from portal.stores.file import JsonFileStore, journal
from tests.cli.portal_command import run
from tests.compatibility.last_version import unpack_last_version
from tests.conftest import SECRET_KEY
from tests.server.raw_client import ask, head
from tests.serving import ROOT, Portal, serving

HIDDEN = r'name="(csrf_token|form_token)"[^>]*value="([^"]+)"'


@pytest.fixture(scope="module")
def last(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack_last_version(tmp_path_factory.mktemp("last"))


def command(root: Path, folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=root,
        env={"PORTAL_DATA_DIR": str(folder), "PORTAL_SECRET_KEY": SECRET_KEY},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def sign_up(portal: Portal, company: str) -> str:
    """The path of the status page."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    page = browser.open(f"{portal.url}/sign-up", timeout=20).read().decode()
    form = {
        **dict(re.findall(HIDDEN, page)),
        "company": company,
        "name": "Kim Meyer",
        "email": "kim@meyer.example",
    }
    with browser.open(
        f"{portal.url}/sign-up", urllib.parse.urlencode(form).encode(), timeout=20
    ) as answer:
        return str(urllib.parse.urlsplit(answer.url).path)


def test_both_versions_serve_one_folder_at_the_same_time(tmp_path: Path, last: Path) -> None:
    """A rolling restart: the new one has written, the last one reads, writes, and is read."""
    data = tmp_path / "data"
    before = tmp_path / "before"
    before.mkdir()
    with serving(tmp_path) as new:
        pages = [sign_up(new, "Written by the new one")]
        settings = {"PORTAL_DATA_DIR": str(data)}
        with serving(before, "--workers", "2", settings=settings, root=last) as old:
            pages += [sign_up(old, "Written by the last one"), sign_up(new, "Written again")]
            for portal in (old, new):
                for page in pages:
                    assert ask(portal.url, head("GET", page)).status == 200
    # And each of them has the folder for itself afterwards.
    for root in (last, ROOT):
        for arguments in (["store", "verify"], ["stats", "check"], ["outbox", "status"]):
            done = command(root, data, "portal.cli", *arguments)
            assert done.returncode == 0, done.stderr
        done = command(root, data, "migrations_tools", "export")
        assert done.returncode == 0, done.stderr


def write_newer_file(folder: Path) -> None:
    """A store whose file has the next format, as a newer portal would write it."""
    JsonFileStore(folder).check()
    file = folder / "tenants.jsonl"
    first, *lines = file.read_bytes().splitlines(keepends=True)
    header = journal.decode_line(first[:-1])
    assert header is not None
    del header["crc"]
    header |= {"format": header["format"] + 1, "needs": "7.1", "generation": 2}
    newer = journal.encode_line(header) + b"".join(lines)
    file.write_bytes(newer)
    mark = journal.DurableMark(2, header["seq"], len(newer))
    (folder / "tenants.lock").write_bytes(mark.encode())


def write_newer_items(folder: Path) -> None:
    store = JsonFileStore(folder)
    store.write([Add({"tenantId": FORMAT_ID, "formatVersion": 1, "needs": "1.0"})])
    store.write([Replace({"tenantId": FORMAT_ID, "formatVersion": 2, "needs": "7.1"}, None)])
    store.close()


def contents(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.glob("tenants*")}


def test_the_last_version_refuses_a_newer_file(tmp_path: Path, last: Path) -> None:
    write_newer_file(tmp_path)
    before = contents(tmp_path)
    for arguments in (["staff-list"], ["stats", "check"], ["doctor"]):
        done = command(last, tmp_path, "portal.cli", *arguments)
        assert done.returncode == 1
        assert "needs portal ≥ 7.1. Start that one." in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
    assert contents(tmp_path) == before


@pytest.mark.parametrize("write", [write_newer_file, write_newer_items])
def test_this_version_refuses_a_newer_store_at_every_door(tmp_path: Path, write: object) -> None:
    assert callable(write)
    write(tmp_path)
    before = contents(tmp_path)
    for arguments in (
        ["serve", "--port", "1"],
        ["staff-link", "anna@example.com", "--role", "admin", "--name", "Anna"],
        ["staff-list"],
        ["staff-disable", "anna@example.com"],
        ["erase-closed", "--older-than", "180"],
        ["outbox", "send"],
        ["outbox", "status"],
        ["search", "status"],
        ["search", "rebuild"],
        ["report", "--from", "2026-01-01", "--to", "2026-03-31"],
        ["report-index"],
        ["stats", "check"],
        ["stats", "repair"],
        ["answers", "--save", str(tmp_path / "answers")],
        ["store", "verify"],
        ["store", "restore"],
        ["token", "list"],
        ["token", "create", "nightly", "--scope", "tenants:read"],
        ["doctor"],
    ):
        done = run(tmp_path, *arguments)
        assert done.exit_code == 1, arguments
        output = done.stdout + done.stderr
        assert "A newer portal wrote it. Nothing was changed." in output, arguments
        assert "needs portal ≥ 7.1. Start that one, or restore the backup" in output, arguments
    environ = {"PORTAL_DATA_DIR": str(tmp_path), "PORTAL_SECRET_KEY": SECRET_KEY}
    file = tmp_path / "import.json"
    file.write_text('[{"tenantId": "1_2", "accountId": "1", "companyId": "2"}]')
    for arguments in (
        ["export"],
        ["import", str(file)],
        ["undo-import", "nothing"],
        ["copy", "--from", "json", "--to", "dynamodb"],
    ):
        done = CliRunner().invoke(tools, arguments, env=environ)
        assert done.exit_code == 1, (arguments, done.output)
        assert "A newer portal wrote it. Nothing was changed." in done.output, arguments
    assert contents(tmp_path) == before
