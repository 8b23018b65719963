"""The group of all commands of `python -m migrations_tools`.

Every command says in sentences what it did. Exit status 0: all is well. 1: an error, or something
is left to do. 2: wrong arguments, or files that cannot be used.
"""

import logging

import click

from migrations_tools.backfill import adopt
from migrations_tools.backup import backup
from migrations_tools.copy import copy
from migrations_tools.imports import export, import_, undo_import
from migrations_tools.table import table


@click.group()
def main() -> None:
    """What operators do to tables and data. docs/aws.md and docs/importing.md say when."""
    # The reader is a person at a terminal and not a log collector: warnings only, as plain text.
    logging.basicConfig(level=logging.WARNING, format="%(message)s")


for command in (table, adopt, backup, copy, import_, undo_import, export):
    main.add_command(command)
