"""Opens the store that the settings name."""

import logging

from portal.settings import Settings
from portal.stores.contract import BusyError, CorruptStoreError, Store, UnavailableError

logger = logging.getLogger(__name__)


def open_store(settings: Settings) -> Store:
    """The store that the settings name. Nothing is opened before its first call."""
    if settings.store == "json":
        from portal.stores.file import JsonFileStore  # noqa: PLC0415 - if it is in use

        return JsonFileStore(settings.data_dir)

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
    return DynamoDbStore(location, embedded_metrics="log" in settings.metrics)


def refuse_corrupt_store(settings: Settings, store: Store) -> None:
    """Let nobody start on a damaged file: `CorruptStoreError`. Whatever else is in the way may
    pass, such as a full disk, which still lets people read; so it is only logged."""
    if settings.store != "json":
        return

    try:
        store.check()
    except CorruptStoreError:
        raise
    except UnavailableError as error:
        logger.error("%s %s", error.reason, error.remedy)  # noqa: TRY400 - its text is told
    except BusyError as error:
        logger.warning("%s", error.reason)
