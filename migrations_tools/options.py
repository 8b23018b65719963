"""What several commands share: options, and lists of ids in a sentence."""

import click

#: How many ids or problems are printed; of the rest, only the number.
MAX_LISTED = 20

JSON_OPTION = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
ANSWERS_OPTION = click.option(
    "--answers",
    "show_answers",
    is_flag=True,
    help="Say whose answer from validate changes, and when.",
)
MOST_LOSING_OPTION = click.option(
    "--most-losing",
    metavar="N",
    type=click.IntRange(0),
    help="Write nothing if more tenants would lose access, now or later. Default: any number.",
)
RATE_OPTION = click.option(
    "--rate",
    default=500.0,
    show_default=True,
    type=click.FloatRange(0),
    help="Rows a second at most; 0 means no limit.",
)


def comma_separated(ids: list[str]) -> str:
    """The first ids in one line, and how many more there are. Characters that do not print are
    escaped: other programs may have written any id, and a terminal would obey it."""
    more = f" and {len(ids) - MAX_LISTED:,} more" if len(ids) > MAX_LISTED else ""
    return ", ".join(printable(each) for each in ids[:MAX_LISTED]) + more


def printable(text: str) -> str:
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
