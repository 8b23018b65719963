"""What a file is refused with, as a whole: a sentence for people, and a status for the web."""

from dataclasses import dataclass

from portal.imports.model.messages import Message, size_in_words

EXPECTED = Message(
    "Expected is what the old application kept in a browser: entries whose keys start with"
    " fsm_tenant_, or a list of such tenants, as JSON or JSON Lines; or the portal's own export."
)
#: Two sentences, one after the other.
_BOTH = "%(found)s %(expected)s"


@dataclass(eq=False)
class RefusedFileError(Exception):
    """The file cannot be imported, and nothing of it was.

    `message` is what is wrong; `found` says more where that helps, and what was expected.
    `status` is the answer for a request: 400 unreadable, 413 too much, 415 the wrong kind,
    422 readable, but no export.
    """

    message: Message
    status: int = 400
    found: Message | None = None

    def __str__(self) -> str:
        return f"{self.message} {self.found}" if self.found else str(self.message)


def not_an_export(found: Message, status: int = 422) -> RefusedFileError:
    both = Message(_BOTH, found=found, expected=EXPECTED)
    return RefusedFileError(Message("The file is not a portal export."), status, both)


def not_json(line: int, column: int) -> RefusedFileError:
    return RefusedFileError(
        Message(
            "Not valid JSON (line %(line)s, column %(column)s).",
            line=str(line), column=str(column),
        )
    )  # fmt: skip


def not_text() -> RefusedFileError:
    return RefusedFileError(Message("The file is not readable as text (UTF-8 or UTF-16)."))


def file_is_compressed() -> RefusedFileError:
    return RefusedFileError(Message("Send the file uncompressed."), 415)


def file_too_large(most: int) -> RefusedFileError:
    return RefusedFileError(
        Message("The file is larger than %(size)s.", size=size_in_words(most)), 413
    )


def too_many(most: int) -> RefusedFileError:
    return RefusedFileError(
        Message("The file has more than %(most)s entries.", most=most),
        413,
        Message("Split it, and import the parts."),
    )


def too_long(most: int, line: int, column: int) -> RefusedFileError:
    return RefusedFileError(
        Message(
            "A value is longer than %(most)s characters (line %(line)s, column %(column)s).",
            most=most, line=str(line), column=str(column),
        ),
        413,
    )  # fmt: skip
