"""What commands print of an answer diff: to people and to programs, and why they refuse."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from portal.answer_diff import AnswerDiff

#: Commands list more losers than pages do.
MOST_LISTED = 1000


def print_answers(diff: "AnswerDiff", *, as_json: bool = False) -> None:
    """The counts in one sentence, and who loses access. Ids that the application can ask for hold
    letters and digits only, so none can move a terminal's cursor."""
    from portal.answer_diff import diff_sentence  # noqa: PLC0415 - other commands start sooner

    if as_json:
        click.echo(json.dumps({"answerDiff": diff.as_json()}, indent=2))
        return
    click.echo(diff_sentence(diff))
    _print_losers(diff, err=False)


def _print_losers(diff: "AnswerDiff", *, err: bool) -> None:
    from portal.answer_diff import MAX_LOSERS, loser_sentence  # noqa: PLC0415 - as above

    listed = diff.losers[:MAX_LOSERS]
    for loser in listed:
        click.echo(f"  {loser_sentence(loser, diff)}", err=err)
    if unlisted := diff.losing - len(listed):
        click.echo(f"  and {unlisted:,} more.", err=err)


@contextmanager
def refused_losses() -> Iterator[None]:
    """Turn a refusal into a sentence on standard error, after who would lose access.

    Raises:
        click.ClickException: More tenants would lose access than was allowed.
    """
    from portal.answer_diff import TooManyLoseError, refusal_sentence  # noqa: PLC0415 - as above

    try:
        yield
    except TooManyLoseError as error:
        _print_losers(error.diff, err=True)
        raise click.ClickException(refusal_sentence(error)) from error
