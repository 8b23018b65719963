"""Names of attributes that other rooms need, and reading values that may have any type. All other
attributes of a tenant are named in `records.tenant` and `portal.contact_fields`."""

from datetime import datetime

from portal.stores import Item, Value
from portal.timestamps import format_timestamp, parse_timestamp

#: The sealed client secret, or the plain one that the old application stored.
SECRET = "clientSecret"  # noqa: S105 - the name of its attribute
#: The id of the latest import that wrote the tenant.
IMPORT_ID = "importId"
#: The keyed fingerprint of the secret (`portal.sealing`): whoever has the key can tell whether a
#: secret is the sealed one.
SECRET_FINGERPRINT = "clientSecretMark"  # noqa: S105 - the name of its attribute
#: Status and validity as the latest import stored them (`portal.records.provenance`).
IMPORTED_STATE = "importedState"
#: What an operator has answered to an incomplete row (`portal.records.incomplete`).
ADOPT_ANSWER = "adoptAnswer"


class Texts(dict[str, str]):
    """The text attributes of an item. A missing attribute, or one of another type, is empty."""

    def __init__(self, item: Item) -> None:
        super().__init__({k: v for k, v in item.items() if isinstance(v, str)})

    def __missing__(self, name: str) -> str:
        return ""


def text_of(item: Item, name: str) -> str:
    """One of them."""
    value = item.get(name)
    return value if isinstance(value, str) else ""


def parse_optional_timestamp(value: Value | None) -> datetime | None:
    """The instant in an attribute; `None` if it is missing, no text, or no timestamp."""
    return parse_timestamp(value) if isinstance(value, str) else None


def format_optional_timestamp(instant: datetime | None) -> str | None:
    return format_timestamp(instant) if instant else None
