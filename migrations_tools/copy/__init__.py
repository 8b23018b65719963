"""`copy`: all items into the other store.

command  what is typed
copying  copies, reads both again and compares
"""

from migrations_tools.copy.command import copy

__all__ = [
    "copy",
]
