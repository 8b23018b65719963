"""Made-up customers, staff and stores that misbehave on purpose, for tests of the domain."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from portal import onboarding, records
from portal.sealing import Sealer, Secret
from portal.stores.contract import Change, Item, Page, Store, UnavailableError
from portal.stores.reading import iter_scan
from portal.stores.wrapper import StoreWrapper
from portal.tenants import AuditInfo, Contact, Ids, Tenant, Validity
from tests.conftest import START

IDS = Ids(
    account_id="86810",
    company_id="104348",
    account_name="Meyer Group",
    company_name="Meyer Field Service",
    cluster="eu",
)
WINDOW = Validity(
    valid_from=datetime(2026, 11, 23, tzinfo=UTC),
    valid_to=datetime(2027, 11, 22, 23, 59, 59, 999000, tzinfo=UTC),
)
NEXT_YEAR = Validity(
    valid_from=WINDOW.valid_from,
    valid_to=datetime(2028, 11, 22, 23, 59, 59, 999000, tzinfo=UTC),
)
CONTACT = Contact(
    company="Meyer Elevators",
    name="Kim Meyer",
    email="kim@meyer.example",
    phone="+4930901820",
    phone_typed="030 / 90 18 20",
    phone_extension="12",
)
OTHER_CONTACT = Contact(company="Meyer Lifts", name="Lou Meyer", email="lou@meyer.example")
#: What no event, log or list may tell.
PERSONAL = (
    "Kim Meyer", "kim@meyer.example", "+4930901820", "030 / 90 18 20", "Meyer Elevators",
    "Lou Meyer", "lou@meyer.example", "Meyer Lifts",
)  # fmt: skip

ANN = AuditInfo(by="Ann Approver", who="staff-ann", at=START, request_id="request-of-ann")
BOB = AuditInfo(by="Bob Approver", who="staff-bob", at=START, request_id="request-of-bob")
CUSTOMER = AuditInfo(by="customer", at=START)


def reference(number: int) -> str:
    """26 lower-case letters and digits, another one for each number."""
    return f"{number:026d}"


def sign_up(
    store: Store,
    number: int = 1,
    *,
    contact: Contact = CONTACT,
    claims: Ids | None = None,
    now: datetime = START,
    set_aside: bool = False,
) -> Tenant:
    """A pending tenant, as a customer leaves it."""
    return onboarding.submit(
        store,
        reference=reference(number),
        contact=contact,
        claims=claims,
        status_link=f"hash-of-link-{number}",
        now=now,
        locale="de",
        set_aside=set_aside,
    )


def activate(
    store: Store,
    sealer: Sealer,
    pending: Tenant,
    *,
    audit: AuditInfo = ANN,
    ids: Ids = IDS,
    validity: Validity = WINDOW,
    secret: str = "",
) -> Tenant:
    return onboarding.activate(
        store,
        sealer,
        pending.id,
        expected_version=pending.version,
        audit=audit,
        ids=ids,
        validity=validity,
        client_id="client-1",
        secret=Secret(secret) if secret else None,
    )


def all_items(store: Store) -> dict[str, Item]:
    """Everything that the store holds, by id."""
    return {str(item["tenantId"]): item for item in iter_scan(store)}


def events(store: Store) -> list[Item]:
    return [item for key, item in all_items(store).items() if records.item_kind(key) == "event"]


def claims(store: Store) -> dict[str, int]:
    """How many pending tenants claim which ids."""
    return {
        key.removeprefix("claim-"): int(item["count"])
        for key, item in all_items(store).items()
        if records.item_kind(key) == "claim"
    }


def later(audit: AuditInfo, **by: float) -> AuditInfo:
    """The same person, some time later."""
    return AuditInfo(
        by=audit.by,
        who=audit.who,
        at=audit.at + timedelta(**by),
        request_id=f"{audit.request_id}-later",
    )


class PlainSealer:
    """Seals readably, so that a test sees what was sealed for whom. Never the secret."""

    def seal(self, secret: Secret, tenant_id: str) -> str:
        return f"sealed-{len(secret.reveal())}-for-{tenant_id}"

    def check(self, secret: Secret) -> None:
        """No secret is too long."""


def _announced(name: str) -> Callable[..., Any]:
    call = getattr(StoreWrapper, name)

    def announced(self: "Behind", *args: Any, **kwargs: Any) -> Any:
        self.before(name)
        return call(self, *args, **kwargs)

    return announced


class Behind(StoreWrapper):
    """A store in front of another. Subclasses override calls or the hooks `before`, `showed`."""

    def before(self, call: str) -> None:
        """Runs before each call, with its name."""

    def showed(self, rows: int) -> None:
        """Runs after each query, with the number of its rows."""

    get = _announced("get")
    get_many = _announced("get_many")
    write = _announced("write")
    count = _announced("count")
    scan = _announced("scan")

    def query(self, *args: Any, **kwargs: Any) -> Page:
        self.before("query")
        page = super().query(*args, **kwargs)
        self.showed(len(page.items))
        return page


class Failing(Behind):
    """The `failing`th call, counted from 0, fails; with `too_late`, only after it was done."""

    def __init__(self, store: Store, failing: int, *, too_late: bool = False) -> None:
        super().__init__(store)
        self.failing = failing
        self.too_late = too_late
        self.calls = 0

    @property
    def failed(self) -> bool:
        return self.calls > self.failing

    def before(self, call: str) -> None:
        self.calls += 1
        if self.calls == self.failing + 1 and not (call == "write" and self.too_late):
            raise _down()

    def write(self, changes: Sequence[Change]) -> None:
        super().write(changes)
        if self.calls == self.failing + 1:
            raise _down()


def _down() -> UnavailableError:
    return UnavailableError(reason="The disk is gone.", remedy="Bring it back.")


class Interrupted(Behind):
    """Somebody else acts just before a write, once for each of `others`."""

    def __init__(self, store: Store, *others: Callable[[], object]) -> None:
        super().__init__(store)
        self.others: Iterator[Callable[[], object]] = iter(others)

    def before(self, call: str) -> None:
        if call == "write":
            other = next(self.others, None)
            if other:
                other()


@dataclass
class Cost:
    """What a question has cost so far."""

    queries: int = 0
    rows: int = 0
    counts: int = 0
    gets: int = 0
    caps: list[int] = field(default_factory=list)


class Counting(Behind):
    """Counts calls and rows. A scan is refused: no question may need one."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.cost = Cost()

    def before(self, call: str) -> None:
        assert call in {"get", "query", "count"}, f"a question must not {call}"
        match call:
            case "get":
                self.cost.gets += 1
            case "query":
                self.cost.queries += 1
            case _:
                self.cost.counts += 1

    def showed(self, rows: int) -> None:
        self.cost.rows += rows

    def count(self, index, partition, *, cap: int, **how) -> int:
        self.cost.caps.append(cap)
        counted: int = super().count(index, partition, cap=cap, **how)
        return counted
