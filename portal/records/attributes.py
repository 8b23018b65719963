"""Single attributes: names that other rooms need, and values that anybody may have written."""

from datetime import UTC, datetime

from portal.stores import Item, Value
from portal.timestamps import format_timestamp, parse_timestamp

#: The sealed client secret, or what the old application left in its place.
SECRET = "clientSecret"  # noqa: S105 - the name of its attribute
#: The import that wrote the tenant last.
IMPORT_ID = "importId"
#: Tells, to who has the key, whether a secret is the one that was sealed: `portal.imports`.
SECRET_FINGERPRINT = "clientSecretMark"  # noqa: S105 - the name of its attribute
#: The status and the window as imports left them, or that staff have set them: `origins`.
IMPORTED_STATE = "importedState"


class Texts(dict[str, str]):
    """An item's texts; what is missing, or is no text, reads as empty."""

    def __init__(self, item: Item) -> None:
        super().__init__((k, v) for k, v in item.items() if isinstance(v, str))

    def __missing__(self, name: str) -> str:
        return ""


def parse_optional_timestamp(value: Value | None) -> datetime | None:
    return parse_timestamp(value) if isinstance(value, str) else None


def format_optional_timestamp(instant: datetime | None) -> str | None:
    return format_timestamp(instant.astimezone(UTC)) if instant else None
