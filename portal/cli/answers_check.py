"""Whose answer from `validate` a repaired or restored file changes: before it is written."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from portal.cli.answer_lines import print_answers
from portal.cli.answers import read_into
from portal.settings import Settings
from portal.stores import KEY, Item, version_of
from portal.timestamps import utc_now

if TYPE_CHECKING:
    from portal.answer_diff import AnswerDiff


class OnlyComparedError(Exception):
    """The answers are compared, and nothing more was asked for."""


class AnswersCheck:
    """Called with the items that the file will have.

    Args:
        compare: A file of `portal answers --save`. Without it, who had access when the portal last
            answered is compared, as far as its data folder still knows it.
        only: Nothing is to be written.
    """

    def __init__(
        self, settings: Settings, compare: str | None, most_losing: int | None, *, only: bool
    ) -> None:
        self._settings = settings
        self._compare = compare
        self._most_losing = most_losing
        self._only = only

    def __call__(self, items: Iterable[Item]) -> None:
        """
        Raises:
            TooManyLoseError: More tenants would lose access than may.
            OnlyComparedError: Nothing is to be written.
            click.ClickException: It is not known what was answered before.
        """
        from portal.answer_diff import AnswerDiff  # noqa: PLC0415 - takes 0.1 s

        diff = AnswerDiff(utc_now(), self._settings.time_zone)
        if self._compare is not None:
            self._count_from_file(diff, items, Path(self._compare))
        else:
            self._count_from_last_known(diff, items)
        print_answers(diff)
        diff.refuse_more_than(self._most_losing)
        if self._only:
            raise OnlyComparedError

    @staticmethod
    def _count_from_file(diff: "AnswerDiff", items: Iterable[Item], path: Path) -> None:
        from portal.answer_diff import KnownAnswers, answered_by  # noqa: PLC0415 - as above

        with KnownAnswers() as known:
            read_into(known, path)
            for item in items:
                if (after := answered_by(item, diff.now)) is not None:
                    diff.add(str(item[KEY]), known.take(str(item[KEY])), after)
            for tenant_id, before in known.rest():
                diff.add(tenant_id, before, None)

    def _count_from_last_known(self, diff: "AnswerDiff", items: Iterable[Item]) -> None:
        from portal.answer_diff import answered_by  # noqa: PLC0415 - as above
        from portal.grace import last_yes_items  # noqa: PLC0415 - as above

        known = last_yes_items(self._settings.data_dir)
        if known is None:
            raise click.ClickException(
                "Nothing was changed, because it is not known what was answered before. Name a"
                " file of `portal answers --save` after --compare, or go on without comparing."
            )
        click.echo(f"Compared with {len(known):,} tenants that had access when they last asked.")
        for item in items:
            tenant_id = str(item[KEY])
            after = answered_by(item, diff.now)
            version, last_yes = known.pop(tenant_id, (0, item))
            if after is None or version <= (version_of(item) or 0):
                # The item is what was answered, or newer.
                diff.add(tenant_id, after, after)
                continue
            before = answered_by(last_yes, diff.now)
            # Not all fields of the answer are remembered.
            diff.add(tenant_id, before and before._replace(fields=after.fields), after)
        for tenant_id, (_, last_yes) in known.items():
            diff.add(tenant_id, answered_by(last_yes, diff.now), None)
