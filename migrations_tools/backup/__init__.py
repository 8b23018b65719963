"""`backup to-file` and `backup from-file`: all items of a table in a file, and back.

commands     the commands: their options, and what they print
table_file   the file: header, items as DynamoDB has them, and an end with their sums
to_file      reads the table into the file; a run that was stopped goes on
from_file    fills a new table from the file; a run that was stopped goes on
progress     how far a run has come
"""

from migrations_tools.backup.commands import backup

__all__ = ["backup"]
