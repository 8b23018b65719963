"""`python -m migrations_tools`: what operators do to tables and data.

Every command says in sentences what it did. It ends with 0 if all is well, with 1 if something
is in the way or was left over, and with 2 if it was not understood.
"""

import logging

import click

from migrations_tools.backfill import adopt
from migrations_tools.copy import copy
from migrations_tools.imports import export, import_
from migrations_tools.table import table


@click.group()
def main() -> None:
    """What operators do to tables and data. The README's part for operators says when."""
    # Sentences for who sits here, not the portal's log: only what is worth a warning.
    logging.basicConfig(level=logging.WARNING, format="%(message)s")


for command in (table, adopt, copy, import_, export):
    main.add_command(command)
