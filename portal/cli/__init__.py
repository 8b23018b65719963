"""The `portal` command.

main      the group of all commands, `serve` and what it needs
serving   the server's processes
tokens    `portal token`
doctor    `portal doctor`
errors    settings, the store, and errors as one sentence of a command
"""

from portal.cli.errors import read_settings
from portal.cli.main import main

__all__ = [
    "main",
    "read_settings",
]
