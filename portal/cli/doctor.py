"""`portal doctor`: tries everything that the portal needs, changes nothing, and says of each
what is wrong and what mends it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

from portal.sealing import SEALING_KEYS_FILE, Secret, open_sealer
from portal.settings import Settings, SettingsError
from portal.signing_keys import resolve_secret_keys
from portal.stores import BusyError, UnavailableError, open_store
from portal.timestamps import utc_now

#: AWS refuses signatures that are off by five minutes.
MOST_SECONDS_OFF = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """`what` was tried; without a `problem` it is as it should be."""

    what: str
    problem: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        if not self.problem:
            return f"ok       {self.what}"
        return f"PROBLEM  {self.what}: {self.problem}\n         {self.remedy}"


def examine(environ: Mapping[str, str]) -> Iterator[Finding]:
    """What the portal needs, one after the other. What rests on something that is broken is
    not tried."""
    try:
        settings = Settings.from_environment(environ)
        resolve_secret_keys(settings)
    except SettingsError as error:
        yield Finding("settings", f"{error.name} is not right.", str(error))
        return
    yield Finding("settings")
    if settings.store == "json":
        yield _file_store(settings)
    else:
        yield from _dynamodb(settings)
    yield from _sealing(settings)


def _file_store(settings: Settings) -> Finding:
    store = open_store(settings)
    what = store.describe()
    try:
        store.check()
    except (UnavailableError, BusyError) as error:
        return _finding(what, error)
    finally:
        store.close()
    return Finding(what)


# ---- DynamoDB

#: What the first question finds out, in the order in which things have to be right.
_STEPS = (
    ("AWS credentials", {"no-credentials", "configuration"}),
    ("AWS region", {"no-region"}),
    ("way to DynamoDB", {"unreached", "lost"}),
    ("AWS takes the credentials", {"bad-credentials", "expired"}),
    ("clock", {"clock"}),
    ("table", {"no-table", "table-key"}),
)


def _dynamodb(settings: Settings) -> Iterator[Finding]:
    from portal.stores.dynamodb import (  # noqa: PLC0415 - the file store needs none of it  # noqa: PLC0415 - nor of this
        GET_CHECK,
        PERMISSION_CHECKS,
        Answer,
        ConditionFailedError,
        DynamoDbClient,
        DynamoDbError,
        Metrics,
        TableLocation,
    )

    place = TableLocation(
        table=settings.table_name,
        region=settings.aws_region or None,
        endpoint=settings.dynamodb_endpoint or None,
    )
    connection = DynamoDbClient(place, Metrics())

    def ask(operation: str, parameters: Answer) -> Answer:
        try:
            return connection.call(operation, "check", {"TableName": place.table, **parameters})
        except ConditionFailedError as refused:
            return refused.answer

    try:
        trouble: DynamoDbError | None = None
        answer: Answer = {}
        try:
            answer = ask(*GET_CHECK)
        except DynamoDbError as error:
            trouble = error
        except BusyError:
            # The line of GetItem tells it.
            pass
        for what, names in _STEPS:
            if what == "table" and trouble is not None and trouble.name == "denied":
                # AWS says so before it looks for the table.
                continue
            if trouble is not None and trouble.name in names:
                yield _finding(what, trouble)
                return
            yield _clock(answer) if what == "clock" else Finding(what)
        for what, (operation, parameters) in PERMISSION_CHECKS.items():
            try:
                ask(operation, parameters)
            except (UnavailableError, BusyError) as error:
                yield _finding(what, error)
            else:
                yield Finding(what)
    finally:
        connection.close()


def _clock(answer: Mapping[str, Mapping[str, Mapping[str, str]]]) -> Finding:
    told = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    off = seconds_off(told, utc_now()) if told else 0
    if abs(off) <= MOST_SECONDS_OFF:
        return Finding("clock")
    return Finding(
        "clock",
        f"It is {abs(off)} seconds {'fast' if off > 0 else 'slow'}; AWS allows five minutes.",
        "Set the clock, and keep it right with NTP.",
    )


def seconds_off(told: str, now: datetime) -> int:
    """By how much `now` is later than an HTTP `Date` header says."""
    return round((now - parsedate_to_datetime(told)).total_seconds())


# ---- The client secret


def _sealing(settings: Settings) -> Iterator[Finding]:
    if settings.kms_key_id:
        what = "kms:Encrypt"
    elif (settings.data_dir / SEALING_KEYS_FILE).exists():
        what = f"key file {settings.data_dir / SEALING_KEYS_FILE}"
    else:
        # It is made when the first secret is sealed.
        return
    try:
        open_sealer(settings).seal(Secret("nothing"), "portal-check")
    except UnavailableError as error:
        yield _finding(what, error)
    else:
        yield Finding(what)


def _finding(what: str, error: UnavailableError | BusyError) -> Finding:
    remedy = error.remedy if isinstance(error, UnavailableError) else "Try again in a moment."
    return Finding(what, error.reason, remedy)
