from migrations_tools.cli import main

main(prog_name="python -m migrations_tools")
