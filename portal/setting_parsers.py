"""What the text of a setting stands for: each function answers the value, or raises
`SettingsError` with the sentence that says what to set."""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

#: A key that people made up is guessed; 32 characters are 192 bits if a machine made them.
SHORTEST_KEY = 32


class SettingsError(Exception):
    """A setting that the portal cannot start with.

    `name` is the environment variable, `sentence` says what to set. Neither holds a
    value that is a secret.
    """

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(f"{name}: {sentence}")
        self.name = name
        self.sentence = sentence


def store(use_dynamodb: str, node_env: str) -> Literal["json", "dynamodb"]:
    """As the old application chose it."""
    if use_dynamodb:
        return "dynamodb" if use_dynamodb.lower() == "true" else "json"
    return "dynamodb" if node_env == "production" else "json"


def table_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]{3,255}", name):
        raise SettingsError(
            "TENANT_TABLE_NAME",
            "Set it to the name of the table: 3 to 255 letters, digits, dots, hyphens or"
            " underscores.",
        )
    return name


def region(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]{0,40}", name):
        raise SettingsError(
            "AWS_REGION", "Set it to the name of a region, for example eu-central-1."
        )
    return name


def endpoint(address: str) -> str:
    """Empty if none is set."""
    return origin("AWS_ENDPOINT_URL_DYNAMODB", address) if address else ""


def metrics(text: str) -> frozenset[str]:
    chosen = frozenset(parts(text.lower()))
    if not chosen <= {"log", "prometheus"}:
        raise SettingsError("PORTAL_METRICS", "Set it to log, to prometheus or to log,prometheus.")
    return chosen


def debugs(text: str, name: str) -> bool:
    """As the old application's library read it: names, and `*` for any part of one."""
    wanted = re.split(r"[\s,]+", text)
    if any(fnmatchcase(name, pattern[1:]) for pattern in wanted if pattern.startswith("-")):
        return False
    return any(fnmatchcase(name, pattern) for pattern in wanted)


def time_zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(
            "PORTAL_TIME_ZONE",
            f"Set it to the name of a time zone, for example Europe/Berlin, not {name!r}.",
        ) from error


def number(name: str, text: Mapping[str, str], least: int, most: int) -> int:
    """The setting of this name in `text`, a whole number within both limits."""
    digits = text[name]
    # isascii: int() would also take digits that nobody can tell apart in a configuration.
    if not (digits.isascii() and digits.isdigit() and least <= int(digits[:9]) <= most):
        raise SettingsError(
            name, f"Set it to a whole number from {least} to {most}, not {digits!r}."
        )
    return int(digits)


def origin(name: str, address: str) -> str:
    """Scheme, host and port as a browser sends them in `Origin`."""
    refusal = SettingsError(
        name,
        "Set it to an address without a path and without a password, for example"
        " https://portal.example.com.",
    )
    try:
        split = urlsplit(address)
        port = split.port
    except ValueError as error:
        raise refusal from error
    host = split.hostname or ""
    if split.scheme not in ("http", "https") or not _is_host(host):
        raise refusal
    if split.path.strip("/") or split.query or split.fragment or "@" in split.netloc:
        raise refusal
    usual = {"http": 80, "https": 443}[split.scheme]
    return f"{split.scheme}://{host}" + (f":{port}" if port and port != usual else "")


def hosts(text: str) -> tuple[str, ...]:
    names = tuple(part.lower() for part in parts(text))
    if not all(_is_host(name) for name in names):
        raise SettingsError(
            "PORTAL_TRUSTED_HOSTS",
            "Set it to host names, separated by commas, without http:// and without ports.",
        )
    return names


def _is_host(host: str) -> bool:
    # No IPv6 address: the check of trusted hosts cuts at the first colon and would refuse it.
    labels = host.split(".")
    return len(host) <= 253 and all(
        label.isascii() and label.replace("-", "").isalnum() for label in labels
    )


def is_loopback(host: str) -> bool:
    """Whether the host is this machine alone."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def secret_key(text: str) -> str | None:
    """`None` if none is set."""
    if text and len(text) < SHORTEST_KEY:
        raise SettingsError(
            "PORTAL_SECRET_KEY",
            f"Set it to at least {SHORTEST_KEY} characters."
            " Create one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'",
        )
    return text or None


def parts(text: str) -> tuple[str, ...]:
    """What stands between commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
