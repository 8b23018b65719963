"""Why a whole file is refused: a message for people, and a status for the web."""

from dataclasses import dataclass

from portal.imports.model.messages import Message, size_in_words

_EXPECTED = Message(
    "Send what the old application stored in a browser: entries whose keys start with"
    " fsm_tenant_, or a list of such tenants, as JSON or JSON Lines. Or send an export of this"
    " portal."
)
#: Joins two messages.
_FOUND_AND_EXPECTED = "%(found)s %(expected)s"


@dataclass(eq=False)
class RefusedFileError(Exception):
    """The file cannot be imported, and nothing of it was imported.

    message: what is wrong.
    status: of the HTTP response: 400 unreadable, 413 over a limit, 415 wrong kind of file,
        422 readable, but no export.
    found: what the file contains, what was expected, or what to do, where that helps.
    """

    message: Message
    status: int = 400
    found: Message | None = None

    def __str__(self) -> str:
        return f"{self.message} {self.found}" if self.found else str(self.message)


def not_an_export(found: Message, status: int = 422) -> RefusedFileError:
    message = Message("The file is not a portal export.")
    details = Message(_FOUND_AND_EXPECTED, found=found, expected=_EXPECTED)
    return RefusedFileError(message, status, details)


def unusable_file(found: Message) -> RefusedFileError:
    """`found`: what the file is, and what gives a readable one."""
    return RefusedFileError(Message("The file is not a portal export."), 422, found)


def not_our_csv(command: str = "") -> RefusedFileError:
    """Spreadsheets of tenants have any columns, so none is guessed.

    command: what gives a readable file, if the file seems to come from the table.
    """
    error = not_an_export(
        Message(
            "It is CSV, but not the report of an import, which is the only CSV that is read: its"
            " first line begins with row,kind,tenant."
        )
    )
    if command and error.found:
        error.found = Message(
            "%(details)s Fetch a table as JSON: %(command)s", details=error.found, command=command
        )
    return error


def invalid_json(line: int, column: int) -> RefusedFileError:
    return RefusedFileError(
        Message(
            "Not valid JSON (line %(line)s, column %(column)s).",
            line=str(line), column=str(column),
        )
    )  # fmt: skip


def file_not_text() -> RefusedFileError:
    return RefusedFileError(Message("The file is not readable as text (UTF-8 or UTF-16)."))


def file_is_compressed() -> RefusedFileError:
    return RefusedFileError(Message("Send the file uncompressed."), 415)


def file_too_large(limit: int) -> RefusedFileError:
    """`limit`: in bytes."""
    return RefusedFileError(
        Message("The file is larger than %(size)s.", size=size_in_words(limit)), 413
    )


def too_many_entries(limit: int) -> RefusedFileError:
    return RefusedFileError(
        Message("The file has more than %(most)s entries.", most=limit),
        413,
        Message("Split the file and import its parts."),
    )


def value_too_long(limit: int, line: int, column: int) -> RefusedFileError:
    """`limit`: in characters."""
    return RefusedFileError(
        Message(
            "A value is longer than %(most)s characters (line %(line)s, column %(column)s).",
            most=limit, line=str(line), column=str(column),
        ),
        413,
    )  # fmt: skip
