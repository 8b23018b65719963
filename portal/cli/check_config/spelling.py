"""Variables that are no settings, and what may have been meant."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

_PREFIX = "PORTAL_"
#: How much a name has to be like the one of a setting: behind our prefix, and without it.
_ALIKE_WITH_PREFIX, _ALIKE = 0.75, 0.9
#: Names that are like those of settings and belong to the SDK of AWS or to every program.
_OF_OTHERS = ("AWS_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "FTP_PROXY")


def unknown_variables(environ: Mapping[str, str], names: Iterable[str]) -> dict[str, list[str]]:
    """Each variable that looks like a setting and is none -> the settings that may be meant."""
    known = set(names)
    found: dict[str, list[str]] = {}
    for name in sorted(environ.keys() - known):
        upper = name.upper()
        is_ours = upper.startswith(_PREFIX)
        if not is_ours and upper.startswith(_OF_OTHERS):
            continue
        cutoff = _ALIKE_WITH_PREFIX if is_ours else _ALIKE
        similar = get_close_matches(upper, known, n=2, cutoff=cutoff)
        if is_ours or similar:
            found[name] = [upper] if upper in known else similar
    return found
