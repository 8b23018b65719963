"""How a tenant came in."""

from enum import StrEnum


class Source(StrEnum):
    """How a tenant came in: by the public form, by the form inside Field Service Management, by a
    program, or by an import."""

    FORM = "form"
    SHELL = "shell"
    PROGRAM = "program"
    IMPORT = "import"
