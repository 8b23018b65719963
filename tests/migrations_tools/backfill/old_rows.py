"""Rows as the old application wrote them, in each kind of store."""

from collections.abc import Callable
from typing import Any

from migrations_tools.backfill.backfill import Backfill, BackfillReport
from migrations_tools.backfill.rows import Rows
from migrations_tools.backfill.table_rows import TableRows
from portal.stores.contract import Add, Item, Page, Segment, Store
from portal.stores.dynamodb.store import DynamoDbStore
from tests.dynamodb_engine import Engine

PLAIN = "the old application's secret"


def old_row(number: int, **other: Any) -> Item:
    """As the old application writes a tenant."""
    account, company = str(86810 + number), "104348"
    return {
        "tenantId": f"{account}_{company}",
        "accountId": account,
        "accountName": "Meyer Group",
        "companyId": company,
        "companyName": "Meyer Field Service",
        "cluster": "eu",
        "contactCompanyName": f"Meyer {number}",
        "contactFullName": "Kim Meyer",
        "contactEmailAddress": f"kim{number}@meyer.example",
        "clientId": "client-1",
        "clientSecret": PLAIN,
        "validFrom": "2026-01-01T00:00:00.000Z",
        "validTo": "2027-01-01T00:00:00.000Z",
        "isActive": True,
        "createdAt": f"2025-12-01T00:00:{number:02}.000Z",
        "updatedAt": f"2025-12-01T00:00:{number:02}.000Z",
        "gsi1pk": f"ACCOUNT#{account}",
        "gsi1sk": f"TENANT#{account}_{company}",
        **other,
    }


class Side:
    """A kind of store, with the rows of it, and what the old application does there."""

    def __init__(self, store: Store, rows: Callable[[Store], Rows]) -> None:
        self.store = store
        self.rows = rows

    def put(self, *items: Item) -> None:
        self.store.write([Add(item) for item in items])


class Table(Side):
    def __init__(self, engine: Engine) -> None:
        self.place = engine.new_table()
        self.client = engine.client
        table = self.place.table
        super().__init__(DynamoDbStore(self.place), lambda store: TableRows(store, table))

    def old_application_sets(self, tenant_id: str, name: str, value: Any) -> None:
        """Its way of changing a row: it knows no versions."""
        self.client.update_item(
            TableName=self.place.table,
            Key={"tenantId": {"S": tenant_id}},
            UpdateExpression="SET #n = :v",
            ExpressionAttributeNames={"#n": name},
            ExpressionAttributeValues={":v": value},
        )


def adopt(side: Side, sealer: Any, *, apply: bool = True, **how: Any) -> BackfillReport:
    rows = how.pop("rows", None) or side.rows(side.store)
    return Backfill(rows, sealer, apply=apply, **how).run()


class Interrupting:
    """Rows in front of others: something happens just before a change."""

    def __init__(self, rows: Rows, *others: Callable[[], object]) -> None:
        self.inner = rows
        self.others = list(others)

    def page(self, segment: Segment, after: str | None) -> Page:
        return self.inner.page(segment, after)

    def change(self, before: Item, changes: Any) -> None:
        if self.others:
            self.others.pop(0)()
        self.inner.change(before, changes)
