"""Indexes of DynamoDB lag behind its items: in these tests by two seconds of the clock."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from portal.stores.contract import (
    Add,
    Change,
    Item,
    ItemNotFoundError,
    Page,
    Remove,
    Replace,
    Store,
)
from portal.stores.file.store import JsonFileStore
from portal.stores.validation import items_after
from tests.conftest import Clock
from tests.examples import Behind
from tests.web.pages import IDS, SignUp, Staff, outcome, page_words, sent_in

LAG = timedelta(seconds=2)
QUEUE = "/staff/tenants?status=pending"
VALIDATE = "/api/validate?accountId=86810&companyId=104348"


class Lagging(Behind):
    """Reads items as they are, and indexes as they were two seconds ago."""

    def __init__(self, store: Store, indexes: Store, clock: Clock) -> None:
        super().__init__(store)
        self._indexes = indexes
        self._clock = clock
        self._coming: list[tuple[datetime, dict[str, Item | None]]] = []

    def write(self, changes: Sequence[Change]) -> None:
        super().write(changes)
        self._coming.append((self._clock.now() + LAG, items_after(changes)))

    def query(self, index, partition, **how) -> Page:
        self._catch_up()
        return self._indexes.query(index, partition, **how)

    def count(self, index, partition, **how) -> int:
        self._catch_up()
        return self._indexes.count(index, partition, **how)

    def _catch_up(self) -> None:
        while self._coming and self._coming[0][0] <= self._clock.now():
            _, results = self._coming.pop(0)
            self._indexes.write([self._change(*result) for result in results.items()])

    def _change(self, tenant_id: str, item: Item | None) -> Change:
        try:
            version = self._indexes.get(tenant_id).get("version")
        except ItemNotFoundError:
            return Add(item or {"tenantId": tenant_id})
        expected = version if isinstance(version, int) else None
        return Remove(tenant_id, expected) if item is None else Replace(item, expected)

    def close(self) -> None:
        super().close()
        self._indexes.close()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    items, indexes = (JsonFileStore(tmp_path / name) for name in ("items", "indexes"))
    lagging = Lagging(items, indexes, clock)
    yield lagging
    lagging.close()


def test_a_sign_up_is_in_the_queue_when_the_index_has_it(
    client: FlaskClient, anna: Staff, clock: Clock
) -> None:
    pending = sent_in(client)
    # Neither its status page nor its tenant page depends on an index.
    assert client.get(pending.url).status_code == 200
    assert anna.page(pending.id).status_code == 200
    assert pending.id not in anna.get(QUEUE).text
    clock.advance(seconds=2)
    assert pending.id in anna.get(QUEUE).text


def test_the_queue_hides_a_decided_tenant_from_its_approver_and_validate_knows_at_once(
    client: FlaskClient, pending: SignUp, anna: Staff, clock: Clock
) -> None:
    clock.advance(seconds=2)
    answer = anna.decide(pending.id, "activate", **IDS)
    assert answer.status_code == 303
    assert "is active" in outcome(anna.get(answer.headers["Location"]))
    assert pending.id not in anna.get(QUEUE).text
    assert client.get(VALIDATE).get_json()["isValid"] is True
    clock.advance(seconds=2)
    assert "86810_104348" in anna.get("/staff/tenants?status=active").text


def test_a_colleague_may_still_see_it_and_gets_a_conflict(
    pending: SignUp, anna: Staff, ben: Staff, clock: Clock
) -> None:
    clock.advance(seconds=2)
    form = ben.form(pending.id, "reject")
    anna.decide(pending.id, "activate", **IDS)
    assert pending.id in ben.get(QUEUE).text
    # The row is out of date; the page of the tenant is not.
    assert "reject" not in ben.get(f"/staff/tenants/{pending.id}").text
    answer = ben.send(pending.id, "reject", form | {"reason": "duplicate"})
    assert answer.status_code == 409
    assert "Anna" in page_words(answer)
    clock.advance(seconds=2)
    assert pending.id not in ben.get(QUEUE).text


def test_the_same_decision_twice_adds_nothing(
    pending: SignUp, anna: Staff, store: Store, clock: Clock
) -> None:
    clock.advance(seconds=2)
    form = anna.form(pending.id, "reject") | {"reason": "duplicate"}
    for _ in range(2):
        assert anna.send(pending.id, "reject", form).status_code == 303
    ids = [str(item["tenantId"]) for item in store.scan().items]
    assert len([id_ for id_ in ids if id_.startswith(f"event-{pending.id}")]) == 1
