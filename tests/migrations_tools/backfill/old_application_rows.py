"""Rows as the old application wrote them, in each kind of store."""

from collections.abc import Callable
from typing import Any

from migrations_tools.backfill.backfill import Backfill, BackfillReport
from migrations_tools.backfill.rows import Rows
from migrations_tools.backfill.table_rows import TableRows
from portal.stores import Add, Item, Page, Segment, Store
from portal.stores.dynamodb import DynamoDbStore
from tests.dynamodb_engine import Engine

PLAINTEXT_SECRET = "the old application's secret"


def old_row(number: int, **other: Any) -> Item:
    """A tenant as the old application writes it."""
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
        "clientSecret": PLAINTEXT_SECRET,
        "validFrom": "2026-01-01T00:00:00.000Z",
        "validTo": "2027-01-01T00:00:00.000Z",
        "isActive": True,
        "createdAt": f"2025-12-01T00:00:{number:02}.000Z",
        "updatedAt": f"2025-12-01T00:00:{number:02}.000Z",
        "gsi1pk": f"ACCOUNT#{account}",
        "gsi1sk": f"TENANT#{account}_{company}",
        **other,
    }


class OldStore:
    """A store with rows of the old application, and the `Rows` for this kind of store."""

    def __init__(self, store: Store, rows: Callable[[Store], Rows]) -> None:
        self.store = store
        self._rows = rows

    @property
    def rows(self) -> Rows:
        return self._rows(self.store)

    def put(self, *items: Item) -> None:
        self.store.write([Add(item) for item in items])


class OldTable(OldStore):
    """A DynamoDB table, into which the old application still writes."""

    def __init__(self, engine: Engine) -> None:
        self.location = engine.new_table()
        self.client = engine.client
        table = self.location.table
        self.dynamodb = DynamoDbStore(self.location)
        super().__init__(self.dynamodb, lambda _store: TableRows(self.dynamodb, table))

    def old_application_sets(self, tenant_id: str, name: str, value: Any) -> None:
        """Changes a row as the old application does: without a version."""
        self.client.update_item(
            TableName=self.location.table,
            Key={"tenantId": {"S": tenant_id}},
            UpdateExpression="SET #n = :v",
            ExpressionAttributeNames={"#n": name},
            ExpressionAttributeValues={":v": value},
        )


def run_backfill(
    old_store: OldStore,
    sealer: Any,
    *,
    apply: bool = True,
    rows: Rows | None = None,
    **options: Any,
) -> BackfillReport:
    return Backfill(rows or old_store.rows, sealer, apply=apply, **options).run()


class InterruptedRows:
    """Rows in front of others. Just before each change, the next of `others` is called."""

    def __init__(self, rows: Rows, *others: Callable[[], object]) -> None:
        self.inner = rows
        self.others = list(others)

    def page(self, segment: Segment, after: str | None) -> Page:
        return self.inner.page(segment, after)

    def change(self, row: Item, changes: Any) -> None:
        if self.others:
            self.others.pop(0)()
        self.inner.change(row, changes)
