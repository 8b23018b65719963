"""`portal token`: create, list and revoke tokens of programs."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portal.auth import (
    TOKEN_PATTERN,
    InvalidTokenError,
    Scope,
    count_call,
    create_api_token,
    verify_token,
)
from portal.stores import Store
from tests.cli.portal_command import run


def test_a_token_is_alone_on_the_last_line_and_is_stored_as_a_hash(
    folder: Path, store: Store
) -> None:
    result = run(folder, "token", "create", "nightly script", "--scope", "imports:write")
    assert result.exit_code == 0
    text = result.stdout.splitlines()[-1]
    assert TOKEN_PATTERN.fullmatch(text)
    token = verify_token(store, text, datetime.now(UTC))
    assert (token.name, token.scopes) == ("nightly script", frozenset({"imports:write"}))
    assert token.until - token.created_at == timedelta(days=90)
    secret = text.partition(".")[2]
    assert secret not in repr(list(store.scan().items))
    for arguments in (("list",), ("revoke", token.kid)):
        assert secret not in run(folder, "token", *arguments).output


def test_a_token_has_each_scope_that_is_named_once(folder: Path, store: Store) -> None:
    arguments = ("token", "create", "sync", "--scope", "tenants:write", "--scope", "tenants:read")
    result = run(folder, *arguments, "--scope", "tenants:read")
    text = result.stdout.splitlines()[-1]
    assert result.stdout.startswith("This token lets sync use tenants:read and tenants:write until")
    token = verify_token(store, text, datetime.now(UTC))
    assert (token.scopes, token.per_hour) == (frozenset({"tenants:read", "tenants:write"}), 5_000)
    assert f"{token.kid}  sync  tenants:read tenants:write  5,000 an hour  until" in (
        run(folder, "token", "list").stdout
    )


@pytest.mark.parametrize(
    ("scopes", "calls"),
    [
        (["imports:write"], 60),
        (["tenants:read"], 5_000),
        (["imports:write", "tenants:read"], 5_000),
    ],
)
def test_a_token_that_only_imports_has_fewer_calls(
    folder: Path, store: Store, scopes: list[str], calls: int
) -> None:
    options = [word for scope in scopes for word in ("--scope", scope)]
    text = run(folder, "token", "create", "x", *options).stdout.splitlines()[-1]
    assert verify_token(store, text, datetime.now(UTC)).per_hour == calls


def test_tokens_are_listed_with_their_last_use_and_revoked_at_once(
    folder: Path, store: Store
) -> None:
    assert run(folder, "token", "list").stdout == "There are no tokens.\n"
    arguments = (
        "token", "create", "script", "--scope", "imports:write", "--days", "7", "--per-hour", "1200"
    )  # fmt: skip
    text = run(folder, *arguments).stdout.splitlines()[-1]
    kid = text.partition(".")[0]
    now = datetime.now(UTC)
    day = now + timedelta(days=7)
    unused = f"{kid}  script  imports:write  1,200 an hour  until {day:%Y-%m-%d}, never used\n"
    assert run(folder, "token", "list").stdout == unused
    count_call(store, kid, now)
    assert "last used " in run(folder, "token", "list").stdout
    revoked = run(folder, "token", "revoke", kid)
    assert revoked.stdout == f"The token {kid} of script is revoked.\n"
    with pytest.raises(InvalidTokenError):
        verify_token(store, text, now)
    # A second time, and with the whole token pasted, the result is the same.
    assert run(folder, "token", "revoke", text).stdout == revoked.stdout
    assert f"revoked {now:%Y-%m-%d}" in run(folder, "token", "list").stdout


def test_an_expired_token_is_listed_as_expired(folder: Path, store: Store) -> None:
    now = datetime.now(UTC)
    create_api_token(
        store,
        name="old",
        scopes=[Scope.IMPORTS_WRITE],
        life=timedelta(days=1),
        now=now - timedelta(days=3),
    )
    output = run(folder, "token", "list").stdout
    assert f"expired {now - timedelta(days=2):%Y-%m-%d}, never used" in output


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
    folder: Path, store: Store, arguments: tuple[str, ...], status: int, words: str
) -> None:
    result = run(folder, "token", *arguments)
    assert result.exit_code == status
    assert words in result.stderr
    assert list(store.scan().items) == []
