"""Goes over the elements of a list and the keys of an object, one after another, without holding
the list or the object."""

from collections.abc import Iterator

from portal.imports.model import RefusedFileError
from portal.imports.streaming.duplicate_keys import DuplicateKeys
from portal.imports.streaming.json_stream import JsonStream
from portal.imports.streaming.strict_json import ParsedValue, duplicate_key


def positions(stream: JsonStream) -> Iterator[None]:
    """Stops before each element of a list; the caller must read the element."""
    stream.expect("[")
    if stream.next_char() == "]":
        stream.expect("]")
        return
    while True:
        yield
        if stream.next_char() == "]":
            stream.expect("]")
            return
        stream.expect(",")


def keys(stream: JsonStream, depth: int) -> Iterator[ParsedValue]:
    """Stops after each key of an object; the caller must read the value.

    depth: as in `JsonStream.read_value`.

    Raises:
        RefusedFileError: a key is no text, or occurs twice.
    """
    stream.expect("{")
    if stream.next_char() == "}":
        stream.expect("}")
        return
    seen = DuplicateKeys()
    while True:
        if stream.next_char() != '"':
            raise stream.invalid_here()
        key = stream.read_value(depth)
        if not seen.add(key):
            raise RefusedFileError(duplicate_key(key.value))
        stream.expect(":")
        yield key
        if stream.next_char() == "}":
            stream.expect("}")
            return
        stream.expect(",")
