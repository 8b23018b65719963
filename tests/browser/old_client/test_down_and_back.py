"""The portal, or only its store, is away for a while."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.browser.old_client.office import (
    APPLICATION,
    FORM,
    ids_of,
    office_in,
    settings_of,
    shell,
    typed,
)
from tests.browser.old_client.runners import OnNode, Runner, Seen
from tests.dynamodb_engine import CREDENTIALS, Engine, running
from tests.serving import free_port


def test_it_works_again_once_the_portal_is_back(
    run_on: Callable[..., Runner], origin: str, where: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    client = run_on(f"http://127.0.0.1:{port}/api")
    # The table is there for both.
    number = 900 if isinstance(client, OnNode) else 901
    ids = ids_of(number)
    with office_in(tmp_path, origin, where, port) as office:
        office.activate(office.sign_up(number, ids), ids)
        assert client.start(shell(ids)) == APPLICATION
    assert client.start(shell(ids)) == FORM
    assert client.set_up(shell(ids), typed()) == FORM | {"problem": "NETWORK_ERROR"}
    with office_in(tmp_path, origin, where, port):
        assert client.start(shell(ids)) == APPLICATION


@pytest.mark.parametrize(
    ("hours", "meanwhile"), [("72", APPLICATION), ("0", FORM)], ids=["remembered", "forgotten"]
)
def test_it_stays_open_while_only_the_store_is_away(
    run_on: Callable[..., Runner], origin: str, tmp_path: Path, hours: str, meanwhile: Seen
) -> None:
    """The last known "yes" holds. Whoever was unknown is not let in."""
    port, database = free_port(), tmp_path / "database"
    known, unknown = ids_of(1), ids_of(2)
    with ExitStack() as portal_runs:
        with fresh_engine(port, database) as engine:
            where = settings_of(engine) | {"PORTAL_VALIDATE_GRACE_HOURS": hours}
            office = portal_runs.enter_context(office_in(tmp_path, origin, where))
            client = run_on(office.base)
            office.activate(office.sign_up(1, known), known)
            assert client.start(shell(known)) == APPLICATION
            assert client.start(shell(unknown)) == FORM
        assert client.start(shell(known)) == meanwhile
        assert client.start(shell(unknown)) == FORM
        with fresh_engine(port, database):
            assert client.start(shell(known)) == APPLICATION
            assert client.start(shell(unknown)) == FORM


@contextmanager
def fresh_engine(port: int, database: Path) -> Iterator[Engine]:
    """A DynamoDB of one test, which can be stopped."""
    with running(port, database) as url, pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        engine = Engine(url)
        yield engine
        engine.close()
