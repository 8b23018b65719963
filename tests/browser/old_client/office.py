"""A portal that the old client asks, what staff do in it, and what people see and type."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from portal import onboarding
from portal.sealing import KeyFileSealer
from portal.settings import Settings
from portal.stores.contract import Item, Store, Value
from portal.stores.factory import open_store
from portal.tenants import AuditInfo, Contact, Ids, Tenant, Validity
from portal.timestamps import utc_now
from portal.web.http.signed_links import status_hash
from tests.browser.old_client.runners import Seen
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine
from tests.examples import all_items, reference
from tests.sealing_key import with_sealing_key
from tests.serving import Portal, serving

FORM: Seen = {"page": "set-up form"}
APPLICATION: Seen = {
    "page": "application",
    "heading": "Meyer Group / Meyer Field Service",
    "host": "https://eu.fsm.cloud.sap",
    "X-Client-ID": "client-1",
}
CONTACT = Contact(
    company="Meyer Elevators", name="Kim Meyer", email="kim@meyer.example", phone="+4930901820"
)


@dataclass(frozen=True)
class Office:
    """A portal that runs, and what staff do in it."""

    portal: Portal
    store: Store
    settings: Settings

    @property
    def base(self) -> str:
        return f"{self.portal.url}/api"

    def sign_up(self, number: int, ids: Ids) -> Tenant:
        """A sign-up that waits and claims these ids, as the link in the application makes it."""
        return onboarding.submit(
            self.store,
            reference=reference(number),
            contact=CONTACT,
            claims=ids,
            status_link=status_hash(f"link-{number}"),
            now=utc_now(),
        )

    def waiting(self, ids: Ids) -> Tenant:
        """The sign-up that waits and claims these ids."""
        (found,) = [
            name
            for name, item in all_items(self.store).items()
            if name.startswith("pending-") and item.get("accountId") == ids.account_id
        ]
        return onboarding.find(self.store, found)

    def activate(self, pending: Tenant, ids: Ids, *, client_id: str = "client-1") -> Tenant:
        return onboarding.activate(
            self.store,
            KeyFileSealer(self.settings.data_dir / "sealing-keys.json"),
            pending.id,
            expected_version=pending.version,
            audit=audit(),
            ids=ids,
            validity=days(-1, 300),
            client_id=client_id,
            secret=None,
        )


def audit() -> AuditInfo:
    return AuditInfo(by="Anna Approver", who="staff-anna", at=utc_now())


def days(first: int, last: int) -> Validity:
    """Valid from one day to another. Today is day 0."""
    now = utc_now()
    return Validity(valid_from=now + timedelta(days=first), valid_to=now + timedelta(days=last))


def ids_of(number: int, *, names: bool = True) -> Ids:
    return Ids(
        account_id=f"{1000 + number}",
        company_id="7",
        account_name="Meyer Group" if names else "",
        company_name="Meyer Field Service" if names else "",
        cluster="eu",
    )


def shell(ids: Ids) -> dict[str, str]:
    return {"accountId": ids.account_id, "companyId": ids.company_id}


def typed(email: str = "kim@meyer.example") -> dict[str, object]:
    """What somebody types into the set-up form."""
    return {
        "accountName": "Meyer Group",
        "companyName": "Meyer Field Service",
        "cluster": "eu",
        "contactCompanyName": "Meyer Elevators",
        "contactFullName": "Kim Meyer",
        "contactEmailAddress": email,
        "contactPhone": "+4930901820",
        "clientId": "client-of-the-form",
        "clientSecret": "s3cr3t-canary",
        # The old application sends these as well. Only staff give a licence.
        "validFrom": "2026-01-01T00:00:00.000Z",
        "validTo": "2199-12-31T23:59:59.999Z",
        "isActive": True,
    }


def old_row(number: int, **other: Value) -> Item:
    """A tenant as the old application wrote it, with what it needs and no more."""
    ids = ids_of(number)
    return {
        "tenantId": f"{ids.account_id}_{ids.company_id}",
        "accountId": ids.account_id,
        "companyId": ids.company_id,
        "cluster": "eu",
        "validFrom": "2026-01-01T00:00:00.000Z",
        "validTo": "2199-12-31T23:59:59.999Z",
        "isActive": True,
        **other,
    }


def settings_of(engine: Engine) -> dict[str, str]:
    """Settings for a new table."""
    return {
        "USE_DYNAMODB": "true",
        "TENANT_TABLE_NAME": engine.new_table().table,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL_DYNAMODB": engine.url,
        **CREDENTIALS,
    }


@contextmanager
def office_in(folder: Path, origin: str, where: dict[str, str], port: int = 0) -> Iterator[Office]:
    with ExitStack() as stack:
        with_sealing_key(folder / "data")
        given = {"API_ALLOWED_ORIGINS": origin, **where}
        # Tests compare the store before and after; nothing else changes it meanwhile.
        portal = stack.enter_context(serving(folder, "--no-outbox", port=port, settings=given))
        settings = Settings.from_environment(portal.environ)
        store = open_store(settings)
        stack.callback(store.close)
        yield Office(portal, store, settings)
