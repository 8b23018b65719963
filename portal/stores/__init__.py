"""Where items are kept: one contract, two stores."""

from typing import TYPE_CHECKING

from portal.settings import Settings, SettingsError

if TYPE_CHECKING:
    from portal.stores.contract import Store


def open_store(settings: Settings) -> "Store":
    """The store that the settings name. `UnavailableError` if it cannot be used."""
    if settings.store == "dynamodb":
        raise SettingsError(
            "USE_DYNAMODB", "This version keeps its data in a file; leave it unset."
        )
    from portal.stores.json_file import JsonFileStore  # noqa: PLC0415 - only the store in use

    return JsonFileStore(settings.data_dir)
