"""Bytes as a browser stores them -> texts and entries. A bad value is one bad entry."""

from portal.imports.model import Entry, Message, Place, printable_excerpt


class BadValueError(ValueError):
    """A value that cannot be read. Others of the same storage can."""

    def __init__(self, message: Message) -> None:
        super().__init__(message)
        self.message = message


def decoded(data: bytes, encoding: str) -> str:
    """The text. Halves of surrogate pairs stay in it: JavaScript allows them in any text.

    Raises:
        BadValueError: it is not in this encoding.
    """
    try:
        return data.decode(encoding, "surrogatepass")
    except UnicodeDecodeError as error:
        raise BadValueError(
            Message(
                "The stored value is damaged: it is no %(encoding)s.", encoding=encoding.upper()
            )
        ) from error


def value_too_long(most: int) -> BadValueError:
    """`most`: characters."""
    return BadValueError(Message("The value is longer than %(most)s characters.", most=most))


def value_missing() -> BadValueError:
    return BadValueError(Message("The stored value is missing."))


def entry_of(key: str, text: str, number: int, place: Place) -> Entry:
    """`number`: of the entry in its storage, in place of a line."""
    if has_half_pair(key) or has_half_pair(text):
        message = Message("It holds half of a surrogate pair, which is no character.")
        return bad_entry(key, message, number, place)
    return Entry(key, text, number, 1, place=place)


def bad_entry(key: str, message: Message, number: int, place: Place) -> Entry:
    return Entry(printable_excerpt(key), None, number, 1, message, place=place)


def has_half_pair(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def printable_bytes(data: bytes) -> str:
    """A name that should be ASCII, and need not be."""
    return data.decode("utf-8", "backslashreplace")


def text_of_key(key: object) -> str:
    """A key of SQLite, which may hold anything."""
    if not isinstance(key, bytes):
        return str(key)
    try:
        return key.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return printable_bytes(key)
