"""The customers of a working morning: 150 sign-ups that wait, and licences that end this month."""

from dataclasses import dataclass
from datetime import timedelta

from portal import onboarding
from portal.tenants import Contact, Ids, Tenant
from tests.browser.demo_data import Customer, DemoData

WAITING, ENDING = 150, 12

_FIRMS = (
    "Müller Aufzugstechnik GmbH", "Northern Lifts Ltd", "Zakłady Energetyczne S.A.",
    "Boulangerie Émile & Fils", "Ångström Värme AB", "Rossi Ascensori S.r.l.",
    "Alpine Kältetechnik AG", "O'Neill Facility Services", "Hafen & Kran KG", "Solarpark UG",
    "Ørsted Pumper A/S", "Lindqvist Hiss AB", "Weiß Medizintechnik", "Iberia Clima S.L.",
    "Bäckerei Straßer e.K.",
)  # fmt: skip
#: The last one is that of tenants who are active.
_CITIES = (
    ("Hamburg", "+4940"), ("Leeds", "+44113"), ("Łódź", "+4842"), ("Lyon", "+33472"),
    ("Malmö", "+4640"), ("Torino", "+39011"), ("Zürich", "+4144"), ("Cork", "+35321"),
    ("Aarhus", "+4586"), ("Graz", "+43316"), ("Bergen", "+4755"),
)  # fmt: skip
_FIRST_NAMES = (
    "Jürgen", "Kim", "Żaneta", "Émile", "Åsa", "Giulia", "Urs", "Siobhán", "Søren", "Mechthild",
    "Ines", "Oğuz", "Pat", "Kateřina", "Bernd",
)  # fmt: skip
_LAST_NAMES = (
    "Brandstetter", "Whitworth", "Błaszczyk", "Dubois", "Öberg", "Ferrari", "Hürlimann",
    "MacGillycuddy", "Østergaard", "Hohenstein",
)  # fmt: skip


@dataclass(frozen=True)
class Morning:
    """`sign_ups`: the one that waits longest first. `ending`: the licence that ends first first.
    `active`: three whose licence goes on for long."""

    demo_data: DemoData
    sign_ups: list[Customer]
    ending: list[Tenant]
    active: list[Customer]

    def now(self, tenant_id: str) -> Tenant:
        """The tenant as it is now."""
        return onboarding.find(self.demo_data.store, tenant_id)

    def waiting(self) -> list[Customer]:
        """Those that are not decided yet."""
        return [each for each in self.sign_ups if self.now(each.tenant.id).is_queued]


def begin(demo_data: DemoData) -> Morning:
    ending = [_active(demo_data, number, last=3 + 2 * number) for number in range(ENDING)]
    active = [_active(demo_data, ENDING + number, last=200 + number) for number in range(3)]
    sign_ups = [
        demo_data.sign_up(
            _contact(number),
            claims=ids_of(number) if number % 2 == 0 else None,
            ago=timedelta(minutes=7 + 43 * (WAITING - number)),
        )
        for number in range(WAITING)
    ]
    return Morning(demo_data, sign_ups, [each.tenant for each in ending], active)


def ids_of(number: int) -> Ids:
    return Ids(
        account_id=str(86_000 + number),
        company_id=str(104_000 + number),
        account_name=f"Group {number}",
        company_name=f"Field Service {number}",
        cluster=("eu", "us", "de")[number % 3],
    )


def _active(demo_data: DemoData, number: int, *, last: int) -> Customer:
    contact, ids = _contact(WAITING + number), ids_of(WAITING + number)
    someone = demo_data.sign_up(contact, claims=ids, ago=timedelta(days=342))
    tenant = demo_data.activated(someone.tenant, first=-340, last=last, decided=-340)
    return Customer(tenant, someone.status_path)


def _contact(number: int) -> Contact:
    """No two have the same company, name, address or phone number."""
    turn, firm = divmod(number, len(_FIRMS))
    city, code = _CITIES[turn]
    digits = f"{55_000 + 37 * number}"
    return Contact(
        company=f"{_FIRMS[firm]} {city}",
        name=f"{_FIRST_NAMES[firm]} {_LAST_NAMES[(firm + turn) % len(_LAST_NAMES)]}",
        email=f"contact@customer{number:03}.example",
        phone=f"{code}{digits}",
        phone_typed=f"{code}{digits}",
    )
