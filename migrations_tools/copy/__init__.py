"""`copy`: all items from one store to the other.

command  the command: its options, and what it prints
copying  copies all items, then reads both stores again and compares
"""

from migrations_tools.copy.command import copy

__all__ = [
    "copy",
]
