"""What operators do to tables and data: `python -m migrations_tools`."""
