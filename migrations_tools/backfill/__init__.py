"""`adopt`: index keys and sealed secrets for rows of the old application.

command      what is typed
backfill     one run over the table, in segments
rows         rows of a store, and how one is changed
table_rows   rows of a table that another program writes at the same time
checkpoints  how far each segment has come
"""

from migrations_tools.backfill.command import adopt

__all__ = [
    "adopt",
]
