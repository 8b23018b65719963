"""The DynamoDB table: `table plan`, `table deploy`, and the documents.

commands   the commands: their options, and what they print
inspector  what AWS says about the existing table
plan       the steps that are missing to bring it up to the definition
deploy     makes them, one step after another
"""

from migrations_tools.table.commands import table

__all__ = ["table"]
