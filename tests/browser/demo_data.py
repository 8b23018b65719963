"""Invented customers in every status, as a portal has them after some months."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from portal import onboarding
from portal.figures import CountingStore
from portal.sealing import Sealer, Secret
from portal.stores.contract import Store
from portal.tenants import AuditInfo, Contact, Ids, Reason, Tenant, Validity
from portal.web.http.signed_links import status_hash

#: Company, contact, email address, phone number: as in real life, long and in many scripts.
CUSTOMERS = (
    ("Müller & Söhne Aufzugstechnik GmbH", "Jürgen Müller", "jm@aufzug.example", "+4930901820"),
    ("株式会社フィールドサービス東京", "山田 太郎", "yamada@fieldservice.example", "+81312345678"),
    (
        "Kälte-, Klima- und Sanitärtechnik Oberbayern Service- und Wartungsgesellschaft mbH",
        "Maria-Magdalena Freifrau von und zu Hohenstein-Wolkenburg",
        "maria-magdalena.von-und-zu-hohenstein-wolkenburg@kaelte-klima-sanitaer-oberbayern.example",
        "+4988219100",
    ),
    ("Łódzkie Zakłady Energetyczne S.A.", "Żaneta Błaszczykowska", "z.b@lze.example", ""),
    ("Boulangerie Émile & Fils", "Émile Dubois", "emile@dubois.example", "+33142685300"),
    (
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
        "Franz Huber",
        "huber@ddsg.example",
        "+43158858",
    ),
    ("شركة الصيانة الميدانية", "أحمد علي", "ahmed@maintenance.example", "+97142222222"),
    ("Northern Lifts Ltd", "Kim O'Hara", "kim.o'hara@northernlifts.example", "+442079460000"),
    ("AT&T <Field> \"Services\"", "Pat \"P\" Smith", "pat@quotes.example", ""),
    ("한국 엘리베이터 서비스", "김민수", "kim@elevator.example", "+82212345678"),
    ("Ångström Värme AB", "Åsa Öberg", "asa@angstrom.example", "+468123456"),
    ("Rossi Ascensori S.r.l.", "Giulia Rossi", "giulia@rossi.example", "+390669812345"),
)  # fmt: skip

ANNA = ("Anna Approver", "staff-anna")
CUSTOMER = ("customer", "")

#: How many tenants `fill` makes of each status, besides the one that is set aside.
PENDING, ACTIVE, EXPIRING, EXPIRED, SUSPENDED, REJECTED, WITHDRAWN = 30, 12, 5, 4, 3, 4, 2


@dataclass(frozen=True)
class Customer:
    """A customer: the tenant, and the path of the status page."""

    tenant: Tenant
    status_path: str

    @property
    def path(self) -> str:
        return f"/staff/tenants/{self.tenant.id}"


class DemoData:
    """Makes customers of one portal, with the verbs that the portal itself uses."""

    def __init__(self, store: Store, sealer: Sealer, now: datetime, zone: ZoneInfo) -> None:
        self.store = CountingStore(store)
        self.sealer = sealer
        self.now = now
        self.zone = zone
        self._numbers: Iterator[int] = count(secrets.randbelow(10**9) * 1000)
        self._turns = count()

    def pending(self, *, ago: timedelta = timedelta(), set_aside: bool = False) -> Customer:
        """A pending sign-up. Every second one claims ids, as links out of the shell do."""
        turn = next(self._turns)
        company, name, email, phone = CUSTOMERS[turn % len(CUSTOMERS)]
        round_ = turn // len(CUSTOMERS)
        return self.sign_up(
            Contact(
                company=f"{company} {round_ + 1}" if round_ else company,
                name=name,
                email=email.replace("@", f"+{round_}@") if round_ else email,
                phone=phone,
                phone_typed=phone and phone[:3] + " " + phone[3:],
            ),
            claims=self._ids() if turn % 2 else None,
            ago=ago,
            set_aside=set_aside,
        )

    def sign_up(
        self,
        contact: Contact,
        *,
        claims: Ids | None = None,
        ago: timedelta = timedelta(),
        set_aside: bool = False,
        follows: str = "",
        renews: str = "",
    ) -> Customer:
        reference = secrets.token_hex(13)
        secret = secrets.token_urlsafe(24)
        tenant = onboarding.submit(
            self.store,
            reference=reference,
            contact=contact,
            claims=claims,
            status_link=status_hash(secret),
            now=self.now - ago,
            set_aside=set_aside,
            follows=follows,
            renews=renews,
        )
        return Customer(tenant, f"/status/{reference}{secret}")

    def active(self, *, first: int = -30, last: int = 300, decided: int | None = None) -> Customer:
        """Active from day `first` to day `last`, and decided on day `decided`; today is day 0."""
        decided = min(first, 0) if decided is None else decided
        someone = self.pending(ago=timedelta(days=2 - decided))
        tenant = self.activated(someone.tenant, first=first, last=last, decided=decided)
        return Customer(tenant, someone.status_path)

    def activated(
        self, pending: Tenant, *, first: int = -30, last: int = 300, decided: int = 0
    ) -> Tenant:
        """The tenant that this sign-up becomes; days as in `active`."""
        today = self.now.astimezone(self.zone).date()
        return onboarding.activate(
            self.store,
            self.sealer,
            pending.id,
            expected_version=pending.version,
            audit=self._audit(ANNA, days=decided),
            ids=pending.ids or self._ids(),
            validity=self._validity(today, first, last),
            client_id="appointments",
            secret=Secret("a demo secret"),
        )

    def erased(self) -> Customer:
        """One whose licence ended so long ago that retention has erased the contact."""
        someone = self.active(first=-800, last=-400)
        limit = self.now - timedelta(days=365)
        audit = AuditInfo(by="retention", at=self.now)
        onboarding.erase_ended_before(self.store, limit, audit)
        return Customer(onboarding.find(self.store, someone.tenant.id), someone.status_path)

    def suspended(self) -> Customer:
        someone = self.active(first=-100)
        audit = self._audit(ANNA, days=-20)
        tenant = onboarding.suspend(
            self.store,
            someone.tenant.id,
            expected_version=someone.tenant.version,
            audit=audit,
            reason=Reason.UNPAID,
        )
        return Customer(tenant, someone.status_path)

    def rejected(self) -> Customer:
        someone = self.pending(ago=timedelta(days=9))
        tenant = onboarding.reject(
            self.store,
            someone.tenant.id,
            expected_version=someone.tenant.version,
            audit=self._audit(ANNA, days=-8),
            reason=Reason.DETAILS_MISSING,
            message="We could not find your company.\nPlease tell us your customer number.",
        )
        return Customer(tenant, someone.status_path)

    def withdrawn(self) -> Customer:
        someone = self.pending(ago=timedelta(days=5))
        tenant = onboarding.withdraw(
            self.store,
            someone.tenant.id,
            expected_version=someone.tenant.version,
            audit=self._audit(CUSTOMER, days=-4),
        )
        return Customer(tenant, someone.status_path)

    def renewal(self, before: Customer) -> Customer:
        """A pending sign-up with which this customer asks to renew, from another address."""
        tenant = before.tenant
        contact = replace(tenant.contact, email=f"renewal.{tenant.contact.email}")
        ago = timedelta(hours=2)
        return self.sign_up(
            contact, claims=tenant.ids, ago=ago, follows=tenant.id, renews=tenant.id
        )

    def asked_again(self, before: Customer) -> Customer:
        """A pending sign-up with which this customer asks again."""
        tenant = before.tenant
        ago = timedelta(hours=3)
        return self.sign_up(tenant.contact, claims=tenant.ids, ago=ago, follows=tenant.id)

    def with_notes(self) -> Customer:
        """A pending sign-up with a note and a possible duplicate."""
        someone = self.pending(ago=timedelta(days=4, hours=5))
        self.sign_up(someone.tenant.contact, ago=timedelta(hours=3))
        note = "Called on Monday: they know their account number and send it by mail.\nAsk again."
        onboarding.add_note(
            self.store, someone.tenant.id, audit=self._audit(ANNA, days=-1), text=note
        )
        return someone

    def current_tenant(self, someone: Customer) -> Tenant:
        """The tenant as it is now, also if an activation has changed its id."""
        return onboarding.find(self.store, someone.tenant.id)

    def fill(self) -> dict[str, Customer]:
        """Makes customers of every status. Returns one of each, by the name of the status."""
        examples = {
            "pending": self.with_notes(),
            "aside": self.pending(set_aside=True),
            "active": self.active(),
            "scheduled": self.active(first=7, last=371),
            "expiring": self.active(last=3),
            "expired": self.active(first=-60, last=-2),
            "suspended": self.suspended(),
            "rejected": self.rejected(),
            "withdrawn": self.withdrawn(),
        }
        examples["asked to renew"] = self.active(first=-80, last=-4)
        examples["renewal"] = self.renewal(examples["asked to renew"])
        examples["refused before"] = self.rejected()
        examples["asked again"] = self.asked_again(examples["refused before"])
        for number in range(PENDING - 4):
            self.pending(ago=timedelta(hours=7 * number, minutes=5))
        for number in range(ACTIVE - EXPIRING - 2):
            self.active(last=40 + 30 * number)
        for number in range(EXPIRING - 1):
            self.active(last=5 * number + 6)
        for number in range(EXPIRED - 2):
            self.active(first=-300, last=-number - 3)
        for _ in range(SUSPENDED - 1):
            self.suspended()
        for _ in range(REJECTED - 2):
            self.rejected()
        for _ in range(WITHDRAWN - 1):
            self.withdrawn()
        return examples

    def _ids(self) -> Ids:
        number = next(self._numbers)
        return Ids(
            account_id=str(80_000 + number),
            company_id=str(104_000 + number),
            account_name=f"Group {number}",
            company_name=f"Field Service {number}",
            cluster="eu",
        )

    def _validity(self, today: date, first: int, last: int) -> Validity:
        day = timedelta(days=1)
        return Validity.of_days(today + first * day, today + last * day, self.zone)

    def _audit(self, who: tuple[str, str], *, days: int) -> AuditInfo:
        return AuditInfo(by=who[0], who=who[1], at=self.now + timedelta(days=days))
