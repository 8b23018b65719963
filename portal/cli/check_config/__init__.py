"""`portal check-config`: every setting, where it comes from, and what cannot be used.

command   the command, and what it prints
settings  the settings of an environment, and all problems of them
masking   values as they may be printed
spelling  variables that are no settings, and what may have been meant
"""

from portal.cli.check_config.command import check_config

__all__ = ["check_config"]
