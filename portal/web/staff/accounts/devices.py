"""With what somebody signs in, in words that tell their own sessions apart: `Firefox · Windows`.

It is read from the header that browsers send about themselves, which anybody can make up: it is for
people to read, and nothing depends on it. Of the header only these names are kept.
"""

_MAX_LENGTH = 1_000
#: What stands in the header -> the name. The order counts: others call themselves Chrome or Safari
#: as well.
_BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/", "Firefox"), ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("CrOS", "ChromeOS"),
    ("Windows", "Windows"), ("Mac OS X", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


def device_of(user_agent: str) -> str:
    """Browser and system, one of them, or nothing if neither is known."""
    text = user_agent[:_MAX_LENGTH]
    browser = next((name for part, name in _BROWSERS if part in text), "")
    system = next((name for part, name in _SYSTEMS if part in text), "")
    return " · ".join(filter(None, (browser, system)))
