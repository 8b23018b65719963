"""Which characters of a sent text an HTML page can show."""

import re

#: No HTML may hold these, not even escaped: controls but white space, and what is no character.
_NOT_IN_HTML = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(17))
    + "]"
)


def strip_unprintable(typed: str) -> str:
    """What a page can show again of a text that somebody sent."""
    return _NOT_IN_HTML.sub("", typed)
