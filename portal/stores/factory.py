"""Opens the store that the settings choose."""

import logging

from portal.settings import Settings
from portal.stores.contract import (
    BusyError,
    CorruptStoreError,
    NewerFormatError,
    Store,
    UnavailableError,
)

logger = logging.getLogger(__name__)


def open_store(settings: Settings) -> Store:
    """The store that the settings choose. It opens files or connections on its first call."""
    if settings.store == "json":
        from portal.stores.file import JsonFileStore  # noqa: PLC0415 - if it is in use

        return JsonFileStore(settings.data_dir, may_make=not settings.data_dir_is_made)

    from portal.stores.dynamodb import (  # noqa: PLC0415 - if it is in use
        DynamoDbStore,
        TableLocation,
        debug_logger,
    )

    if settings.debug_calls:
        debug_logger.setLevel(logging.DEBUG)
    location = TableLocation(
        table=settings.table_name,
        region=settings.aws_region or None,
        endpoint=settings.dynamodb_endpoint or None,
    )
    return DynamoDbStore(location, embedded_metrics="log" in settings.metrics, checks_format=True)


def is_made(settings: Settings) -> bool:
    """Whether the data folder is there, and with the file store the file in it."""
    if settings.store == "json":
        from portal.stores.file import FILE_NAME  # noqa: PLC0415 - if it is in use

        return (settings.data_dir / FILE_NAME).exists()
    return settings.data_dir.is_dir()


def refuse_corrupt_store(settings: Settings, store: Store) -> None:
    """Check a file store before the portal starts on it. Never asks DynamoDB.

    Only damage and a newer format stop the start. Everything else is logged, since it may pass, and
    reading may work in spite of it: on a full disk, for example.

    Raises:
        CorruptStoreError: The file is damaged.
        NewerFormatError: A newer portal wrote it.
    """
    if settings.store != "json":
        return

    try:
        store.check()
    except (CorruptStoreError, NewerFormatError):
        raise
    except UnavailableError as error:
        logger.error("%s %s", error.reason, error.remedy)  # noqa: TRY400 - no traceback is needed
    except BusyError as error:
        logger.warning("%s", error.reason)
