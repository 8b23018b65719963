"""The DynamoDB table: `table plan`, `table deploy` and the documents.

commands   what is typed
inspector  the table that is there
plan       what is left to do
deploy     does it, one step after another
"""

from migrations_tools.table.commands import table

__all__ = ["table"]
