"""`portal answers`: whose answer from `GET /api/validate` another version of the portal, or another
time zone, changes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from portal.cli.answer_lines import MOST_LISTED, print_answers, refused_losses
from portal.cli.errors import opened_store, read_settings
from portal.settings import Settings, SettingsError
from portal.stores import KEY, RetryingStore, Store, iter_scan
from portal.timestamps import utc_now

if TYPE_CHECKING:
    from portal.answer_diff import AnswerDiff, KnownAnswers

_NOTHING_CHANGED = "Nothing was changed. Run the command again."


@click.command()
@click.option("--save", metavar="FILE", help="Write what is answered now, for --compare.")
@click.option("--compare", metavar="FILE", help="Compare with what --save wrote before.")
@click.option("--time-zone", "zone", metavar="ZONE", help="Compare with another PORTAL_TIME_ZONE.")
@click.option(
    "--most-losing",
    metavar="N",
    type=click.IntRange(0),
    help="Exit status 1 if more tenants lose access, now or later. Default: any number.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def answers(
    *,
    save: str | None,
    compare: str | None,
    zone: str | None,
    most_losing: int | None,
    as_json: bool,
) -> None:
    """Say whose answer from validate changes, and when: by an upgrade or a restore (--save before
    it, --compare after it), or by another time zone. It reads the whole store once and changes
    nothing. The file holds ids, dates and digests, and nothing personal."""
    if sum(each is not None for each in (save, compare, zone)) != 1:
        raise click.UsageError("Say one of --save, --compare and --time-zone.")
    settings = read_settings()
    if save is not None:
        _save(settings, Path(save))
        return
    with refused_losses(), opened_store(settings, _NOTHING_CHANGED) as store:
        if compare is not None:
            diff = _compared(RetryingStore(store), settings, Path(compare))
            print_answers(diff, as_json=as_json)
        else:
            diff = _compare_zone(RetryingStore(store), settings, str(zone), as_json=as_json)
        diff.refuse_more_than(most_losing)


def _save(settings: Settings, path: Path) -> None:
    from portal.answer_diff import answered_by, write_answers  # noqa: PLC0415 - takes 0.1 s

    now = utc_now()
    with opened_store(settings, _NOTHING_CHANGED) as store, _new_file(path) as file:
        all_answers = (
            (str(item[KEY]), answered)
            for item in iter_scan(RetryingStore(store))
            if (answered := answered_by(item, now)) is not None
        )
        number = write_answers(all_answers, now, file.write)
    click.echo(f"Answers about {number:,} tenants are saved.")


def _compared(store: Store, settings: Settings, path: Path) -> "AnswerDiff":
    from portal.answer_diff import (  # noqa: PLC0415 - takes 0.1 s
        AnswerDiff,
        KnownAnswers,
        answered_by,
    )

    diff = AnswerDiff(utc_now(), settings.time_zone, MOST_LISTED)
    with KnownAnswers() as known:
        read_into(known, path)
        for item in iter_scan(store):
            if (after := answered_by(item, diff.now)) is not None:
                tenant_id = str(item[KEY])
                diff.add(tenant_id, known.take(tenant_id), after)
        for tenant_id, before in known.rest():
            diff.add(tenant_id, before, None)
    return diff


def _compare_zone(store: Store, settings: Settings, name: str, *, as_json: bool) -> "AnswerDiff":
    from portal.answer_diff import AnswerDiff, DayEdges, is_asked_for  # noqa: PLC0415 - as above

    try:
        zone = Settings.from_environment({**os.environ, "PORTAL_TIME_ZONE": name}).time_zone
    except SettingsError as error:
        raise click.BadParameter(str(error), param_hint="--time-zone") from error
    diff = AnswerDiff(utc_now(), zone, MOST_LISTED)
    edges = DayEdges(settings.time_zone, zone)
    for item in iter_scan(store):
        if is_asked_for(str(item[KEY])):
            # The rules of an answer take no zone: what is stored are instants.
            diff.add_items(item, item)
            edges.add(item)
    print_answers(diff, as_json=as_json)
    if not as_json:
        click.echo(
            "Instants are stored, and they decide: a time zone changes no answer. Of"
            f" {edges.licences:,} licences with dates, {edges.moved:,} would be shown with another"
            f" first or last day, or with a time of day, in {zone.key} instead of"
            f" {settings.time_zone.key}."
        )
    return diff


def read_into(known: "KnownAnswers", path: Path) -> None:
    """Read a file of `portal answers --save`.

    Raises:
        click.ClickException: It cannot be read, or is not such a file.
    """
    from portal.answer_diff import SavedAnswersError, read_answers  # noqa: PLC0415 - as above

    try:
        with path.open("rb") as file:
            for tenant_id, answered in read_answers(file):
                known.put(tenant_id, answered)
    except SavedAnswersError as error:
        raise click.ClickException(f"{path.name} cannot be compared. {error}") from error
    except OSError as error:
        raise click.ClickException(f"{path.name} cannot be read ({error.strerror}).") from error


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """A file that was not there before, which only its owner reads. Removed if it is not whole."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise click.ClickException(f"{path.name} cannot be made ({error.strerror}).") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            reason = f"{path.name} cannot be written ({error.strerror})."
            raise click.ClickException(reason) from error
        raise
