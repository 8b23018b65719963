from portal.cli.main import main

__all__ = ["main"]
