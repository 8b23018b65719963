"""What the text of a setting stands for: each function answers the value, or raises
`SettingsError` with the sentence that says what to set."""

import re
import ssl
from collections.abc import Mapping
from fnmatch import fnmatchcase
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

#: A key that people made up is guessed; 32 characters are 192 bits if a machine made them.
SHORTEST_KEY = 32
#: As a selector or a domain of DKIM.
_LABELS = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
#: One write of the store holds an entry for each.
_MOST_ADDRESSES = 20
#: The path of the base URL.
_LONGEST_PREFIX = 100


class SettingsError(Exception):
    """A setting that the portal cannot start with.

    `name` is the environment variable, `sentence` says what to set. Neither holds a
    value that is a secret.
    """

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(f"{name}: {sentence}")
        self.name = name
        self.sentence = sentence


def store(
    use_dynamodb: str, node_env: str, *, is_on_lambda: bool = False
) -> Literal["json", "dynamodb"]:
    """As the old application chose it."""
    uses_table = use_dynamodb.lower() == "true" if use_dynamodb else node_env == "production"
    if is_on_lambda and not uses_table:
        raise SettingsError(
            "USE_DYNAMODB",
            "Set it to true: on AWS Lambda the file store disappears with the function.",
        )
    return "dynamodb" if uses_table else "json"


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


def traces(text: str) -> bool:
    if text.lower() not in ("", "otlp"):
        raise SettingsError("PORTAL_TRACES", "Set it to otlp, or leave it out.")
    return bool(text)


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


def flag(name: str, text: str) -> bool:
    """False if nothing is set."""
    if text.lower() not in ("", "true", "false"):
        raise SettingsError(name, f"Set it to true or to false, not {text!r}.")
    return text.lower() == "true"


def number(name: str, text: Mapping[str, str], least: int, most: int) -> int:
    """The setting of this name in `text`, a whole number within both limits."""
    digits = text[name]
    # isascii: int() would also take digits that nobody can tell apart in a configuration.
    if not (digits.isascii() and digits.isdigit() and least <= int(digits[:9]) <= most):
        raise SettingsError(
            name, f"Set it to a whole number from {least} to {most}, not {digits!r}."
        )
    return int(digits)


def base_url(name: str, address: str) -> str:
    """The origin, and the path below which the portal is, if any: without a slash at the end.

    Raises:
        SettingsError: It is no such address.
    """
    refusal = SettingsError(
        name,
        "Set it to the address at which people reach the portal, without a password and without"
        " anything behind the path, for example https://portal.example.com or"
        " https://www.example.com/onboarding.",
    )
    try:
        split = urlsplit(address)
    except ValueError as error:
        raise refusal from error
    path = split.path.rstrip("/")
    if split.scheme not in ("http", "https") or not split.hostname:
        raise refusal
    if split.query or split.fragment or "@" in split.netloc:
        raise refusal
    if not path:
        return origin(name, address)
    segments = path.removeprefix("/").split("/")
    if len(path) > _LONGEST_PREFIX or not all(map(_is_segment, segments)):
        raise SettingsError(
            name,
            "Set it to an address whose path has only letters, digits, hyphens, dots, tildes and"
            " underscores between single slashes, for example"
            " https://www.example.com/onboarding.",
        )
    return origin(name, split._replace(path="").geturl()) + path


def _is_segment(text: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z0-9._~-]+", text, re.ASCII)) and text.strip(".") != ""


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
    if split.scheme not in ("http", "https") or not host:
        raise refusal
    if not _is_host(host):
        raise SettingsError(
            name,
            "Set it to an address whose host is a name of letters, digits, hyphens and dots, or an"
            " IPv4 address. Underscores and IPv6 addresses such as [::1] cannot be used.",
        )
    if split.path.strip("/") or split.query or split.fragment or "@" in split.netloc:
        raise refusal
    usual = {"http": 80, "https": 443}[split.scheme]
    return f"{split.scheme}://{host}" + (f":{port}" if port and port != usual else "")


def contact_url(name: str, text: str) -> str:
    """An address that a page may link to; empty if none is set."""
    scheme, _, rest = text.partition(":")
    is_web = scheme in ("http", "https") and rest.startswith("//") and urlsplit(text).hostname
    is_mail = scheme == "mailto" and "@" in rest
    if text and not ((is_web or is_mail) and text.isprintable() and " " not in text):
        raise SettingsError(
            name,
            "Set it to an address like https://example.com/help or mailto:help@example.com.",
        )
    return text


def contact_email(address: str) -> str:
    """Empty if none is set."""
    if address and not re.fullmatch(
        r"[^\s@<>\"',;?&%]+@[^\s@<>\"',;?&%]+\.[^\s@<>\"',;?&%]+", address
    ):
        raise SettingsError(
            "PORTAL_CONTACT_EMAIL", "Set it to an e-mail address like help@example.com."
        )
    return address


def contact_phone(number: str) -> str:
    """A number that phones can dial; empty if none is set. It is shown as it is written."""
    if number and not re.fullmatch(r"\+[0-9](?:[ ()/.-]*[0-9]){5,16}", number):
        raise SettingsError(
            "PORTAL_CONTACT_PHONE",
            "Set it to a phone number with its country code, like +49 30 901820.",
        )
    return number


def urls_by_language(name: str, text: Mapping[str, str]) -> dict[str, str]:
    """`https://…`, or `en=https://… de=https://…`: the address of each language, and under the
    empty text that of all others."""
    found: dict[str, str] = {}
    for part in text[name].split():
        language, equals, address = part.partition("=")
        if not (equals and re.fullmatch(r"[a-z]{2,3}(_[A-Z]{2})?", language)):
            language, address = "", part
        if language in found or not address:
            raise SettingsError(name, "Set it to one address, or to one address for each language.")
        found[language] = contact_url(name, address)
    return found


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


def return_path(address: str) -> str:
    """Empty if none is set. Mails add 44 characters to the part before the `@`, which mail servers
    allow 64."""
    local, _, host = address.partition("@")
    if address and not (
        re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,19}", local) and "." in host and _is_host(host)
    ):
        raise SettingsError(
            "PORTAL_MAIL_RETURN_PATH",
            "Set it to an address such as bounces@example.com, with at most 20 letters and digits"
            " before the @.",
        )
    return address.lower()


def file(name: str, text: Mapping[str, str]) -> Path | None:
    """`None` if none is set."""
    return Path(text[name]) if text[name] else None


def certificates(name: str, text: Mapping[str, str]) -> Path | None:
    """A file of certificates; `None`: none is set."""
    path = file(name, text)
    if path:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
        except OSError as error:  # of TLS, too
            raise SettingsError(
                name,
                f"Set it to a file of certificates in PEM that the portal can read, not {path}.",
            ) from error
    return path


def networks(name: str, text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Networks of IP addresses, such as `10.1.0.0/16`; an address stands for itself."""
    try:
        return tuple(ip_network(part) for part in text.replace(",", " ").split())
    except ValueError as error:
        raise SettingsError(
            name, "Set it to networks with spaces between them, such as 10.1.0.0/16 fd12::/48."
        ) from error


def dkim_name(name: str, text: Mapping[str, str]) -> str:
    """A selector or a domain. Empty if none is set."""
    labels = text[name].lower()
    if labels and (len(labels) > 200 or not re.fullmatch(_LABELS, labels)):
        raise SettingsError(
            name,
            "Set it to letters, digits and hyphens, with dots between them, as DNS has them:"
            " an international domain as xn--….",
        )
    return labels


def sns_topics(text: str) -> tuple[str, ...]:
    topics = parts(text)
    if not all(
        re.fullmatch(r"arn:aws:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}", each) for each in topics
    ):
        raise SettingsError(
            "PORTAL_MAIL_SNS_TOPICS",
            "Set it to ARNs of topics, such as arn:aws:sns:eu-central-1:123456789012:bounces,"
            " separated by commas.",
        )
    return topics


def mail_addresses(name: str, text: str) -> tuple[str, ...]:
    """At most 20, each once."""
    addresses = tuple({address.casefold(): address for address in parts(text)}.values())
    is_one = re.compile(r"[^\s@<>\"]{1,64}@[^\s@<>\"]{1,253}")
    if len(addresses) > _MOST_ADDRESSES or not all(is_one.fullmatch(each) for each in addresses):
        raise SettingsError(name, "Set it to at most 20 e-mail addresses, separated by commas.")
    return addresses


def mail_address(name: str, text: str) -> str:
    """Empty if none is set."""
    if text and not re.fullmatch(r"[^\s@<>\",]{1,64}@[^\s@<>\",]{1,253}", text):
        raise SettingsError(name, "Set it to one e-mail address.")
    return text


def language(name: str, text: str) -> str:
    if text not in ("en", "de"):
        raise SettingsError(name, "Set it to en or de.")
    return text
