"""`portal serve`: what it checks before it starts, and what it prints."""

import socket
import urllib.request
from pathlib import Path

import pytest

from portal.cli.serving import LOCAL_ADMIN
from portal.settings import Settings
from portal.signing_keys import SECRET_KEY_FILE
from portal.stores import Store, refuse_corrupt_store
from tests.cli.portal_command import run
from tests.serving import serving
from tests.web.failing_store import FULL, TroubledStore, read_only


def test_links_for_trying_out_are_only_printed_for_this_machine(folder: Path) -> None:
    result = run(folder, "serve", "--print-links", PORTAL_BASE_URL="https://portal.example.com")
    assert result.exit_code == 2
    assert "portal staff-link" in result.stderr
    assert not folder.exists()


def test_a_port_that_is_in_use_is_named(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        base_url = {"PORTAL_BASE_URL": f"http://127.0.0.1:{port}"}
        result = run(folder, "serve", "--port", port, **base_url)
    assert result.exit_code == 1
    assert f"port {port}" in result.stderr
    assert "--port" in result.stderr
    assert not folder.exists()


def test_it_starts_while_nothing_can_be_written_and_says_so(
    folder: Path, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings.from_environment({"PORTAL_DATA_DIR": str(folder)})
    troubled = TroubledStore(store)
    troubled.begin(read_only)
    refuse_corrupt_store(settings, troubled)
    assert f"{FULL.reason} {FULL.remedy}" in caplog.text


def test_it_prints_where_the_data_is_and_two_links_that_work(tmp_path: Path) -> None:
    with serving(tmp_path, "--print-links", "--workers", "2") as portal:
        all_lines = portal.log.read_text().splitlines()
        # The log of security says that a link was made, and not which one.
        lines = [line for line in all_lines if not line.startswith("{")]
        assert str(tmp_path / "data") in lines[0]
        assert lines[1].split() == ["Sign", "up:", f"{portal.url}/sign-up"]
        assert LOCAL_ADMIN not in "".join(lines)
        sign_in = lines[2].split()[2]
        assert sign_in.startswith(f"{portal.url}/staff/sign-in/")
        for address in (f"{portal.url}/sign-up", sign_in):
            with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - http
                assert answer.status == 200
        # Whoever reads a token in a log could sign in with it.
        log = [line for line in portal.log.read_text().splitlines() if line.startswith("{")]
        assert "A sign-in link was made." in "".join(log)
        assert sign_in.rpartition("/")[2] not in "".join(log)


def test_it_resolves_its_key_before_the_workers_need_it(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
    result = run(folder, "serve", "--port", port, PORTAL_SECRET_KEY="", USE_DYNAMODB="true")
    assert result.exit_code == 1
    assert not (folder / SECRET_KEY_FILE).exists()
