"""`python -m migrations_tools`: what operators do to tables and data.

cli               the group of all commands
table/            the DynamoDB table: plan and deploy
cloudformation/   the same as documents: template, policies, alarms, backups
backfill/         `adopt`: index keys and sealed secrets for rows of the old application
backup/           `backup`: all items of the table in a file, and back
copy/             `copy`: all items from one store to the other
imports/          `import` and `export`
options           what several commands share
rate_limiter      how many rows a second a long run handles
progress          the progress of a long run, on a terminal
table_definition  the table as parameters for AWS
"""
