"""`adopt`: gives rows of the old application index keys and seals their plaintext secrets.

command      the command: its options, and what it prints
backfill     one run over the table, in segments
rows         reads rows of any store, and changes one
table_rows   the same for a table that another program writes at the same time
checkpoints  how far each segment has come
"""

from migrations_tools.backfill.command import adopt

__all__ = [
    "adopt",
]
