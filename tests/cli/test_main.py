"""The `portal` command: a sentence for each thing done, and for each thing in the way."""

import json
import socket
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from portal import create_app
from portal.auth import NotSignedInError, Person, Role, check_sign_in_link
from portal.auth.api_tokens import (
    TOKEN_PATTERN,
    InvalidTokenError,
    Scope,
    count_call,
    create_api_token,
    verify_token,
)
from portal.cli.main import LOCAL_ADMIN, main
from portal.sealing.sealers import SEALING_KEYS_FILE, KeyFileSealer, Secret
from portal.settings import SETTINGS, Settings
from portal.signing_keys import SECRET_KEY_FILE
from portal.stores.contract import CorruptStoreError, Store
from portal.stores.factory import open_store, refuse_corrupt_store
from tests.conftest import SECRET_KEY
from tests.serving import serving
from tests.web.failing_store import FULL, TroubledStore, read_only


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def opened(folder: Path) -> Iterator[Store]:
    """The store that the commands use."""
    store = open_store(Settings.from_environment({"PORTAL_DATA_DIR": str(folder)}))
    yield store
    store.close()


def run(folder: Path, *arguments: str, **environ: str) -> Result:
    """The command, with nothing of the developer's own settings."""
    nothing = {setting.name: "" for setting in SETTINGS}
    own = {"PORTAL_DATA_DIR": str(folder), "PORTAL_SECRET_KEY": SECRET_KEY}
    return CliRunner().invoke(main, arguments, env={**nothing, **own, **environ})


def person_behind(link: str, store: Store) -> Person:
    return check_sign_in_link(store, link.rpartition("/")[2], datetime.now(UTC))


def test_a_staff_link_is_alone_on_the_last_line_and_signs_its_person_in(
    folder: Path, opened: Store
) -> None:
    arguments = ("staff-link", "anna@example.com", "--role", "approver", "--name", "Anna")
    result = run(folder, *arguments, PORTAL_BASE_URL="https://portal.example.com")
    assert result.exit_code == 0
    link = result.stdout.splitlines()[-1]
    assert link.startswith("https://portal.example.com/staff/sign-in/")
    person = person_behind(link, opened)
    assert (person.email, person.name, person.role) == (
        "anna@example.com",
        "Anna",
        Role.APPROVER,
    )


def test_the_link_lives_as_long_as_the_command_says(folder: Path, opened: Store) -> None:
    result = run(folder, "staff-link", "anna@example.com", "--role", "viewer")
    token = result.stdout.splitlines()[-1].rpartition("/")[2]
    assert "within 15 minutes" in result.stdout
    late = datetime.now(UTC) + timedelta(minutes=15, seconds=1)
    with pytest.raises(NotSignedInError):
        check_sign_in_link(opened, token, late)


def test_who_has_no_name_is_called_by_the_address(folder: Path, opened: Store) -> None:
    result = run(folder, "staff-link", "anna@example.com", "--role", "viewer")
    assert person_behind(result.stdout.splitlines()[-1], opened).name == "anna"


def test_who_is_disabled_is_signed_in_by_no_link(folder: Path, opened: Store) -> None:
    link = run(folder, "staff-link", "anna@example.com", "--role", "admin").stdout.splitlines()[-1]
    result = run(folder, "staff-disable", "anna@example.com")
    assert result.exit_code == 0
    assert "anna@example.com is signed out" in result.stdout
    with pytest.raises(NotSignedInError):
        person_behind(link, opened)


def test_nobody_can_be_disabled_who_is_not_there(folder: Path) -> None:
    result = run(folder, "staff-disable", "nobody@example.com")
    assert result.exit_code == 1
    assert "Nobody with the address nobody@example.com" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("staff-link", "anna@example.com"),
        ("staff-link", "anna@example.com", "--role", "owner"),
        ("staff-link", "anna", "--role", "viewer"),
        ("staff-disable", "anna"),
        ("serve", "--port", "0"),
        ("serve", "--workers", "0"),
    ],
)
def test_a_wrong_argument_changes_nothing(folder: Path, arguments: tuple[str, ...]) -> None:
    result = run(folder, *arguments)
    assert result.exit_code == 2
    assert result.stderr
    assert not folder.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve",),
        ("staff-link", "anna@example.com", "--role", "viewer"),
        ("staff-disable", "anna@example.com"),
        ("store", "verify"),
        ("store", "restore"),
    ],
)
def test_a_wrong_setting_is_named(folder: Path, arguments: tuple[str, ...]) -> None:
    result = run(folder, *arguments, PORTAL_PROXY_HOPS="many")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: PORTAL_PROXY_HOPS: Set it to")
    assert not folder.exists()


def test_links_for_trying_out_are_printed_for_this_machine_alone(folder: Path) -> None:
    result = run(folder, "serve", "--print-links", PORTAL_BASE_URL="https://portal.example.com")
    assert result.exit_code == 2
    assert "portal staff-link" in result.stderr
    assert not folder.exists()


def test_a_port_that_is_taken_is_named(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        base = {"PORTAL_BASE_URL": f"http://127.0.0.1:{port}"}
        result = run(folder, "serve", "--port", port, **base)
    assert result.exit_code == 1
    assert f"port {port}" in result.stderr
    assert "--port" in result.stderr
    assert not folder.exists()


def journal_of(folder: Path) -> Path:
    return folder / "tenants.jsonl"


def test_a_whole_file_is_verified_and_left_alone(folder: Path) -> None:
    run(folder, "staff-link", "anna@example.com", "--role", "viewer")
    before = journal_of(folder).read_bytes()
    verified, restored = run(folder, "store", "verify"), run(folder, "store", "restore")
    assert (verified.exit_code, restored.exit_code) == (0, 0)
    assert "The file is whole." in verified.stdout
    assert "left as it was" in restored.stdout
    assert journal_of(folder).read_bytes() == before


def damage(folder: Path) -> bytes:
    """A file with three people, one of whose lines is not what was written any more."""
    for name in ("anna", "ben", "clara"):
        run(folder, "staff-link", f"{name}@example.com", "--role", "viewer")
    whole = journal_of(folder).read_bytes()
    damaged = whole.replace(b"ben@example.com", b"bon@example.com")
    assert damaged != whole
    journal_of(folder).write_bytes(damaged)
    return damaged


def test_a_damaged_file_is_told_of_and_restored(folder: Path) -> None:
    damaged = damage(folder)
    refused = run(folder, "staff-link", "dora@example.com", "--role", "viewer")
    assert refused.exit_code == 1
    assert "portal store restore" in refused.stderr
    assert run(folder, "store", "verify").exit_code == 1
    assert journal_of(folder).read_bytes() == damaged

    restored = run(folder, "store", "restore")
    assert restored.exit_code == 0
    assert "The damaged file is kept as" in restored.stdout
    assert damaged in [path.read_bytes() for path in folder.glob("*damaged*")]
    assert run(folder, "store", "verify").exit_code == 0
    assert run(folder, "staff-disable", "clara@example.com").exit_code == 0


def test_d02_no_server_starts_on_a_damaged_file(folder: Path) -> None:
    damaged = damage(folder)
    with pytest.raises(CorruptStoreError) as refused:
        create_app(Settings.from_environment({"PORTAL_DATA_DIR": str(folder)}))
    assert "portal store restore" in refused.value.remedy
    assert journal_of(folder).read_bytes() == damaged


def test_d02_serve_says_what_mends_a_damaged_file(folder: Path) -> None:
    damaged = damage(folder)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    served = run(folder, "serve", "--port", port)
    assert served.exit_code == 1
    assert "portal store restore" in served.stderr
    assert journal_of(folder).read_bytes() == damaged


def test_who_may_not_write_starts_and_is_told(
    folder: Path, opened: Store, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings.from_environment({"PORTAL_DATA_DIR": str(folder)})
    troubled = TroubledStore(opened)
    troubled.begin(read_only)
    refuse_corrupt_store(settings, troubled)
    assert f"{FULL.reason} {FULL.remedy}" in caplog.text


@pytest.mark.parametrize("command", ["verify", "restore"])
def test_the_file_is_not_asked_when_the_data_is_elsewhere(folder: Path, command: str) -> None:
    result = run(folder, "store", command, USE_DYNAMODB="true")
    assert result.exit_code == 1
    assert "DynamoDB" in result.stderr


def test_serve_prints_where_the_data_is_and_two_links_that_work(tmp_path: Path) -> None:
    with serving(tmp_path, "--print-links", "--workers", "2") as portal:
        printed = portal.log.read_text().splitlines()
        assert str(tmp_path / "data") in printed[0]
        assert printed[1].split() == ["Sign", "up:", f"{portal.url}/sign-up"]
        assert LOCAL_ADMIN not in "".join(printed)
        sign_in = printed[2].split()[2]
        assert sign_in.startswith(f"{portal.url}/staff/sign-in/")
        for address in (f"{portal.url}/sign-up", sign_in):
            with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - http
                assert answer.status == 200
        # A token that reached a log would open the portal to whoever reads it.
        log = portal.log.read_text().splitlines()[3:]
        assert sign_in.rpartition("/")[2] not in "".join(log)


def test_serve_makes_its_key_before_the_workers_need_it(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
    result = run(folder, "serve", "--port", port, PORTAL_SECRET_KEY="", USE_DYNAMODB="true")
    assert result.exit_code == 1
    assert not (folder / SECRET_KEY_FILE).exists()


def test_sealing_rotate_adds_a_key_and_says_which_one_seals(folder: Path) -> None:
    path = folder / SEALING_KEYS_FILE
    for earlier in (1, 2):
        result = run(folder, "sealing", "rotate")
        assert result.exit_code == 0
        newest = list(json.loads(path.read_text()))[-1]
        assert f"Key {newest} of {path} seals from now on." in result.stdout
        assert f"Earlier keys, which stay for what they sealed: {earlier}." in result.stdout
        assert KeyFileSealer(path).seal(Secret("x"), "1_2").startswith(f"v1.loc.{newest}.")
        assert not [key for key in json.loads(path.read_text()).values() if key in result.output]


def test_sealing_rotate_leaves_a_damaged_file_alone(folder: Path) -> None:
    folder.mkdir()
    (folder / SEALING_KEYS_FILE).write_text("{")
    result = run(folder, "sealing", "rotate")
    assert result.exit_code == 1
    assert "is not a key file. Restore it from a backup." in result.stderr
    assert (folder / SEALING_KEYS_FILE).read_text() == "{"


def test_sealing_rotate_is_not_for_kms(folder: Path) -> None:
    result = run(folder, "sealing", "rotate", PORTAL_KMS_KEY_ID="alias/portal")
    assert result.exit_code == 1
    assert "Let KMS rotate its key." in result.stderr
    assert not (folder / SEALING_KEYS_FILE).exists()


# ---- Tokens


def test_a_token_is_alone_on_the_last_line_and_is_stored_as_a_hash(
    folder: Path, opened: Store
) -> None:
    result = run(folder, "token", "create", "nightly script", "--scope", "imports:write")
    assert result.exit_code == 0
    text = result.stdout.splitlines()[-1]
    assert TOKEN_PATTERN.fullmatch(text)
    token = verify_token(opened, text, datetime.now(UTC))
    assert (token.name, token.scopes) == ("nightly script", {"imports:write"})
    assert token.until - token.created_at == timedelta(days=90)
    assert text.partition(".")[2] not in repr(list(opened.scan().items))
    for name in ("list", "revoke"):
        rest = ("token", name, *([token.kid] if name == "revoke" else []))
        assert text.partition(".")[2] not in run(folder, *rest).output


def test_tokens_are_listed_with_their_last_use_and_revoked_at_once(
    folder: Path, opened: Store
) -> None:
    assert run(folder, "token", "list").stdout == "There are no tokens.\n"
    arguments = (
        "token", "create", "script", "--scope", "imports:write", "--days", "7", "--per-hour", "1200"
    )  # fmt: skip
    text = run(folder, *arguments).stdout.splitlines()[-1]
    kid = text.partition(".")[0]
    now = datetime.now(UTC)
    day = now + timedelta(days=7)
    unused = f"{kid}  script  imports:write  1,200 an hour  until {day:%Y-%m-%d}, not used\n"
    assert run(folder, "token", "list").stdout == unused
    count_call(opened, kid, now)
    assert "last used " in run(folder, "token", "list").stdout
    revoked = run(folder, "token", "revoke", kid)
    assert revoked.stdout == f"The token {kid} of script opens nothing any more.\n"
    with pytest.raises(InvalidTokenError):
        verify_token(opened, text, now)
    # Again, and by somebody who pastes all of it: the same.
    assert run(folder, "token", "revoke", text).stdout == revoked.stdout
    assert f"revoked {now:%Y-%m-%d}" in run(folder, "token", "list").stdout


def test_a_token_that_is_over_is_listed_as_over(folder: Path, opened: Store) -> None:
    now = datetime.now(UTC)
    create_api_token(
        opened,
        name="old",
        scope=Scope.IMPORTS_WRITE,
        life=timedelta(days=1),
        now=now - timedelta(days=3),
    )
    listed = run(folder, "token", "list").stdout
    assert f"over since {now - timedelta(days=2):%Y-%m-%d}, not used" in listed


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("revoke", "nobodyhasit1"), 1, "No token has this id. `portal token list` shows"),
        (("create", "x", "--scope", "everything"), 2, "imports:write"),
        (("create", "x"), 2, "--scope"),
        (("create", "a\nb", "--scope", "imports:write"), 2, "Enter a name on one line"),
        (("create", " ", "--scope", "imports:write"), 2, "Enter a name on one line"),
        (("create", "x", "--scope", "imports:write", "--days", "0"), 2, "--days"),
    ],
)
def test_a_token_command_that_cannot_be_done_says_why(
    folder: Path, opened: Store, arguments: tuple[str, ...], status: int, words: str
) -> None:
    result = run(folder, "token", *arguments)
    assert result.exit_code == status
    assert words in result.stderr
    assert list(opened.scan().items) == []
