"""Which characters of a text that somebody sent may stand in an HTML page."""

import re

#: HTML may not hold these, not even escaped: controls other than white space, noncharacters.
_NOT_IN_HTML = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(17))
    + "]"
)


def strip_unprintable(text: str) -> str:
    """The text without the characters that a page cannot show."""
    return _NOT_IN_HTML.sub("", text)
