"""What programs wrap around the storage of a browser: objects, lists and texts of JSON.

Only the keys named here are opened, and only so far. Under any other key may stand a backup or the
storage of another system: it is not read, and the import says where it was found.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from portal.imports.model import KEY_PREFIX, Message, printable_excerpt
from portal.imports.reading.formats import pair_of

#: Keys that are opened: of the Chrome DevTools Protocol, of WebDriver, of browser automation, of
#: AWS, and the words that people use.
ENVELOPE_KEYS = frozenset({
    "entries", "result", "value", "localStorage", "local_storage", "storage", "storageState",
    "storage_state", "origins", "tenants", "rows", "items", "data", "Items", "Responses",
    "Records", "RequestItems",
})  # fmt: skip
#: Those of them whose value may be a text that holds JSON.
TEXT_KEYS = frozenset({"result", "value", "localStorage", "data"})
#: Keys around a storage, counted from the document: four envelopes, and the two keys that the
#: innermost shapes have themselves, such as `origins` and `localStorage`.
MAX_KEYS = 6
#: Texts of JSON in texts of JSON: what a console prints of a text that holds JSON.
MAX_TEXTS = 2

_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\"]+")
#: How an object begins that is too long to be looked at as a whole, if it is an envelope.
ENVELOPE_START = re.compile(
    r'\{\s*"(?:' + "|".join(sorted(ENVELOPE_KEYS)) + "|origin|" + KEY_PREFIX + r"|[a-z]+://)"
)
ORIGIN_START = re.compile(r'\{\s*"origin"\s*:')
#: How a text begins that holds an object, a list, or such a text once more.
JSON_TEXT_START = re.compile(r'"(?:\s|\\[nrt])*(?:\{|\[|\\"(?:\s|\\\\[nrt])*[\[{])')
#: Levels that are searched for tenants which are not read. Deeper ones are not looked at.
_MAX_SEARCH = 32


def is_origin(key: str) -> bool:
    """Whether the key is an origin, such as `https://app.example.com`, as Cypress writes them."""
    return _ORIGIN.fullmatch(key) is not None


def is_envelope(value: dict[str, Any]) -> bool:
    """Whether the object holds something under a key that is opened."""
    return any(
        (type(inner) in (dict, list) and (key in ENVELOPE_KEYS or is_origin(key)))
        or (type(inner) is str and key in TEXT_KEYS and KEY_PREFIX in inner)
        for key, inner in value.items()
    )


def path_in_words(path: Iterable[str]) -> str:
    return printable_excerpt(".".join(path))


def found_deeper(paths: Iterable[str]) -> Message:
    """`paths`: where keys that begin with `KEY_PREFIX` were found and not read."""
    return Message(
        "Keys that start with fsm_tenant_ were found deeper, under %(places)s, and were not read."
        " Save that part as a file of its own, and import it.",
        places=", ".join(paths),
    )


def tenants_found_deeper(paths: Iterable[str]) -> Message:
    """`paths`: where tenants without a key were found and not read."""
    return Message(
        "What looks like tenants was found deeper, under %(places)s, and was not read. If these are"
        " tenants of the application, save that part as a file of its own, and import it.",
        places=", ".join(paths),
    )


def path_of_tenants(value: Any) -> tuple[str, ...] | None:
    """Where in the value the first key stands that begins with `KEY_PREFIX`; else `None`."""
    return next(_paths_of_tenants(value, ()), None)


def path_of_keyless(value: Any, path: tuple[str, ...] = ()) -> tuple[str, ...] | None:
    """Where in the value the first tenant stands that has no key, also as an item of a table; else
    `None`. The two ids alone are no tenant: they may be the key of an item."""
    if len(path) > _MAX_SEARCH:
        return None
    inner: Iterable[tuple[tuple[str, ...], Any]] = ()
    if type(value) is dict:
        if "accountId" in value and "companyId" in value and len(value) > 2:
            return path
        inner = (((*path, key), each) for key, each in value.items())
    elif type(value) is list:
        inner = ((path, each) for each in value)
    found = (path_of_keyless(each, to) for to, each in inner)
    return next((each for each in found if each is not None), None)


def _paths_of_tenants(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if len(path) > _MAX_SEARCH:
        return
    pair = pair_of(value)
    if pair is not None and pair[0].startswith(KEY_PREFIX):
        yield path
    elif type(value) is dict:
        if any(key.startswith(KEY_PREFIX) for key in value):
            yield path
        for key, inner in value.items():
            yield from _paths_of_tenants(inner, (*path, key))
    elif type(value) is list:
        for inner in value:
            yield from _paths_of_tenants(inner, path)
    elif type(value) is str and f'"{KEY_PREFIX}' in value.replace("\\", ""):
        yield path
