"""`adopt`: gives rows of the old application index keys and seals their plaintext secrets.

command      the command: its options
backfill     one run over the table, in segments
answers      what the operator answers to incomplete rows
answer_comparison  whose answer from `validate` a run changes
printing     what the command prints for people
rows         reads rows of any store, and changes one
table_rows   the same for a table that another program writes at the same time
checkpoints  how far each segment has come
"""

from migrations_tools.backfill.command import adopt

__all__ = [
    "adopt",
]
