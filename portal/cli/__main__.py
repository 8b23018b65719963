"""`python -m portal.cli` is the same as the command `portal`."""

from portal.cli.main import main

main(prog_name="portal")
