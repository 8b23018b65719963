"""The `portal` command.

main       the group of all commands
serving    `portal serve`: its options, and the server's processes
staff      `portal staff-link`, `portal staff-disable` and `portal staff-list`
tokens     `portal token`: tokens of programs that call the API
store      `portal store`: verify and repair the file store
backup     `portal backup` and `portal restore`: the data folder, whole
sealing    `portal sealing`: rotate the key that seals client secrets
retention  `portal erase-closed`
outbox     `portal outbox`: sends mail that is due
aws_lambda the same as a function for AWS Lambda, and what answers HTTP there
deliveries what both of them send with
check_config/  `portal check-config`: every setting, where it comes from, and what is wrong
doctor/    `portal doctor`: checks everything that the portal needs
answers    `portal answers`: whose answer from `validate` another version or setting changes
answer_lines  what commands print of that
answers_check  the same before `portal store repair` writes
errors     settings, the store, and errors as one sentence of a command

Modules of this room import at the top only what starts quickly. A command imports the rest when
it runs, so that `portal --help` and `portal staff-link` do not wait for it.
"""

from portal.cli.answer_lines import MOST_LISTED, print_answers, refused_losses
from portal.cli.errors import command_errors, error_sentence, read_settings
from portal.cli.main import main

__all__ = [
    "MOST_LISTED",
    "command_errors",
    "error_sentence",
    "main",
    "print_answers",
    "read_settings",
    "refused_losses",
]
