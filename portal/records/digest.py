"""The text that digests of items are made of: what `json.dumps` makes of an item with sorted keys.

Digests are stored, and other versions of the portal compare them: so it is that text for ever. An
import makes two to four for each row, and orjson makes the same in half of the time.
"""

import json

import orjson

from portal.stores import Item

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2
#: Bytes of what is escaped in another way here than by the json module: backslashes and whatever
#: follows them, DEL, and the first bytes of characters that have four in UTF-8.
_SPECIAL = (*b"\\\x7f", *range(0xF0, 0xF5))


def sorted_json(item: Item) -> bytes:
    """The JSON of an item, whose values are texts, whole numbers and booleans."""
    try:
        lines = orjson.dumps(item, option=_OPTIONS)
    except TypeError:
        # Half of a character, say. The json module knows an escape for it.
        return _slowly(item)
    if any(map(lines.__contains__, _SPECIAL)):
        return _slowly(item)
    # No text has a line end in it: these are between the attributes.
    text = b"{%b}" % lines[4:-2].replace(b",\n  ", b", ")
    if text.isascii():
        return text
    # Python writes `\xfc` where JSON has `\u00fc`; all else that is left is the same.
    return text.decode().encode("ascii", "backslashreplace").replace(rb"\x", rb"\u00")


def _slowly(item: Item) -> bytes:
    return json.dumps(dict(item), sort_keys=True).encode()
