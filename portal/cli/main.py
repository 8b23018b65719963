"""The `portal` command: what an operator types at a prompt.

Every command says in a sentence what it did. If a setting or the store prevents it, the command
says on standard error what to do about it and ends with exit status 1, never with a traceback.
"""

import click

from portal import logs
from portal.cli.answers import answers
from portal.cli.backup import backup, restore
from portal.cli.check_config import check_config
from portal.cli.doctor import doctor
from portal.cli.outbox import outbox
from portal.cli.report import report, report_index
from portal.cli.retention import erase_closed
from portal.cli.sealing import sealing
from portal.cli.search import search
from portal.cli.serving import serve
from portal.cli.staff import staff_disable, staff_link, staff_list
from portal.cli.stats import stats
from portal.cli.store import store
from portal.cli.tokens import token


@click.group()
def main() -> None:
    """The onboarding portal. Settings are environment variables: see docs/operating.md."""
    logs.configure()


for command in (
    answers,
    backup,
    check_config,
    doctor,
    erase_closed,
    outbox,
    report,
    report_index,
    restore,
    sealing,
    search,
    serve,
    staff_disable,
    staff_link,
    staff_list,
    stats,
    store,
    token,
):
    main.add_command(command)
