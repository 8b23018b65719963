"""Who runs a command, for the history."""

import getpass
import os

from migrations_tools.options import printable


def operator_name() -> str:
    """The user of the operating system."""
    try:
        return f"{printable(getpass.getuser())} (command line)"
    except (OSError, KeyError):
        return f"user {os.getuid()} (command line)"
