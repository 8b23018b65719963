"""What an operator can set: one frozen object, read from the environment once.

Each setting is described once, in `SETTINGS`. The README's table is held to that by a
test, and the sentences of `SettingsError` name the setting that mends them.
"""

import logging
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from portal.files import make_once

logger = logging.getLogger(__name__)

#: A key that people made up is guessed; 32 characters are 192 bits if a machine made them.
SHORTEST_KEY = 32

KEY_FILE = "secret-key"


class SettingsError(Exception):
    """A setting that the portal cannot start with.

    `name` is the environment variable, `sentence` says what to set. Neither holds a
    value that is a secret.
    """

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(f"{name}: {sentence}")
        self.name = name
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable. `default` is the text that stands for it when it is unset."""

    name: str
    default: str
    explanation: str


SETTINGS = (
    Setting(
        "USE_DYNAMODB",
        "",
        "`true` keeps the data in DynamoDB, anything else in the file store.",
    ),
    Setting(
        "NODE_ENV",
        "",
        "Asked only when `USE_DYNAMODB` is not set: `production` selects DynamoDB.",
    ),
    Setting(
        "TENANT_TABLE_NAME",
        "fsm-appointment-tenants",
        "The table in DynamoDB.",
    ),
    Setting(
        "AWS_REGION",
        "",
        "The region of the table and of the KMS key, like `eu-central-1`.",
    ),
    Setting(
        "PORTAL_KMS_KEY_ID",
        "",
        "The KMS key (id, ARN or alias) that seals client secrets; without one the key file in"
        " the data folder does.",
    ),
    Setting(
        "AWS_ENDPOINT_URL_DYNAMODB",
        "",
        "Where DynamoDB is reached, if not in the region: a VPC endpoint, or an engine for tests.",
    ),
    Setting(
        "PORTAL_METRICS",
        "",
        "What calls to DynamoDB cost: `log` writes CloudWatch's embedded metrics,"
        " `prometheus` opens `/metrics`, `log,prometheus` does both.",
    ),
    Setting(
        "DEBUG",
        "",
        "`fsm-appointment:tenant` logs each call to DynamoDB: operation, kind of item, time,"
        " capacity, request; never a value.",
    ),
    Setting(
        "PORTAL_DATA_DIR",
        "./data",
        "The folder of the file store and of the keys that the portal makes; on a local disk.",
    ),
    Setting(
        "PORTAL_TIME_ZONE",
        "UTC",
        "The time zone in which the days of a licence begin and end, like `Europe/Berlin`.",
    ),
    Setting(
        "PORTAL_SECRET_KEY",
        "",
        "Signs sessions, form tokens and links; at least 32 characters."
        " The file store makes its own on first use; with DynamoDB it must be set.",
    ),
    Setting(
        "PORTAL_SECRET_KEY_FALLBACKS",
        "",
        "Earlier secret keys, separated by commas: what they signed stays good.",
    ),
    Setting(
        "PORTAL_BASE_URL",
        "http://127.0.0.1:8000",
        "Where people reach the portal; links begin with it, and `https` makes cookies secure.",
    ),
    Setting(
        "PORTAL_TRUSTED_HOSTS",
        "",
        "More host names to answer to, separated by commas; the base URL's is always answered.",
    ),
    Setting(
        "PORTAL_PROXY_HOPS",
        "0",
        "How many proxies stand in front of the portal and add to `X-Forwarded-For`.",
    ),
    Setting(
        "PORTAL_SIGN_UP_MIN_SECONDS",
        "3",
        "A sign-up form that is sent sooner after it was shown is taken for a robot's.",
    ),
    Setting(
        "PORTAL_PROMISED_DAYS",
        "2",
        "After so many days in the queue the age of a sign-up turns red.",
    ),
    Setting(
        "PORTAL_STATUS_LINK_DAYS",
        "730",
        "How many days a customer's link to the status page opens it.",
    ),
    Setting(
        "PORTAL_IMPORT_MEGABYTES",
        "5",
        "How large a file may be that is imported over the web.",
    ),
    Setting(
        "PORTAL_IMPORT_ROWS",
        "10000",
        "How many entries, of any program, a file may have that is imported over the web.",
    ),
    Setting(
        "PORTAL_IMPORT_COMMAND_MEGABYTES",
        "50",
        "How large each file may be that `migrations_tools import` reads.",
    ),
    Setting(
        "PORTAL_IMPORT_COMMAND_ROWS",
        "1000000",
        "How many entries, of any program, each file of `migrations_tools import` may have.",
    ),
    Setting(
        "PORTAL_IMPORT_DEPTH",
        "32",
        "How many lists and objects an imported file may have in each other.",
    ),
    Setting(
        "PORTAL_IMPORT_VALUE_CHARACTERS",
        "1000000",
        "How long one tenant's value in an imported file may be.",
    ),
    Setting(
        "API_ALLOWED_ORIGINS",
        "",
        "Origins whose pages may call the API, separated by commas, like `https://app.example.com`.",
    ),
)

_DEFAULTS = {setting.name: setting.default for setting in SETTINGS}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that can be set. Made by `from_environment`; tests change it by `replace`."""

    store: Literal["json", "dynamodb"]
    table_name: str
    aws_region: str
    """Empty: as the AWS configuration of the machine has it."""
    kms_key_id: str
    """Empty: the key file seals."""
    dynamodb_endpoint: str
    """Empty: as the AWS configuration of the machine has it."""
    metrics: frozenset[str]
    """Of `log` and `prometheus`."""
    debug_calls: bool
    data_dir: Path
    time_zone: ZoneInfo
    base_url: str
    """Scheme, host and port, without a slash at its end."""
    extra_trusted_hosts: tuple[str, ...]
    proxy_hops: int
    sign_up_min_seconds: int
    promised_days: int
    status_link_days: int
    import_megabytes: int
    import_rows: int
    import_command_megabytes: int
    import_command_rows: int
    import_depth: int
    import_value_characters: int
    api_allowed_origins: tuple[str, ...]
    # What was set, and perhaps nothing: resolve_secret_keys() is the one to ask.
    configured_secret_key: str | None = field(repr=False)
    secret_key_fallbacks: tuple[str, ...] = field(repr=False)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Settings":
        """Read every setting; an empty or blank one counts as not set. `SettingsError`."""
        text = {name: environ.get(name, "").strip() or _DEFAULTS[name] for name in _DEFAULTS}
        return cls(
            store=_store(text["USE_DYNAMODB"], text["NODE_ENV"]),
            table_name=_table_name(text["TENANT_TABLE_NAME"]),
            aws_region=_region(text["AWS_REGION"]),
            kms_key_id=text["PORTAL_KMS_KEY_ID"],
            dynamodb_endpoint=_endpoint(text["AWS_ENDPOINT_URL_DYNAMODB"]),
            metrics=_metrics(text["PORTAL_METRICS"]),
            debug_calls=_debugs(text["DEBUG"], "fsm-appointment:tenant"),
            data_dir=Path(text["PORTAL_DATA_DIR"]),
            time_zone=_time_zone(text["PORTAL_TIME_ZONE"]),
            base_url=_origin("PORTAL_BASE_URL", text["PORTAL_BASE_URL"]),
            extra_trusted_hosts=_hosts(text["PORTAL_TRUSTED_HOSTS"]),
            # Ten proxies in a row exist nowhere; a larger number is a slip of the finger,
            # and would let a client choose its own address.
            proxy_hops=_number("PORTAL_PROXY_HOPS", text, 0, 10),
            sign_up_min_seconds=_number("PORTAL_SIGN_UP_MIN_SECONDS", text, 0, 3600),
            promised_days=_number("PORTAL_PROMISED_DAYS", text, 1, 365),
            status_link_days=_number("PORTAL_STATUS_LINK_DAYS", text, 1, 36500),
            import_megabytes=_number("PORTAL_IMPORT_MEGABYTES", text, 1, 100),
            import_rows=_number("PORTAL_IMPORT_ROWS", text, 1, 100_000),
            import_command_megabytes=_number("PORTAL_IMPORT_COMMAND_MEGABYTES", text, 1, 100_000),
            import_command_rows=_number("PORTAL_IMPORT_COMMAND_ROWS", text, 1, 100_000_000),
            # The decoder itself goes no deeper than some hundreds.
            import_depth=_number("PORTAL_IMPORT_DEPTH", text, 8, 100),
            import_value_characters=_number(
                "PORTAL_IMPORT_VALUE_CHARACTERS", text, 10_000, 100_000_000
            ),
            api_allowed_origins=tuple(
                _origin("API_ALLOWED_ORIGINS", origin)
                for origin in _parts(text["API_ALLOWED_ORIGINS"])
            ),
            configured_secret_key=_secret_key(text["PORTAL_SECRET_KEY"]),
            secret_key_fallbacks=_parts(text["PORTAL_SECRET_KEY_FALLBACKS"]),
        )

    @property
    def host(self) -> str:
        """The base URL's host name, without a port."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def is_local(self) -> bool:
        """True when the base URL leads to this machine alone."""
        return _is_loopback(self.host)

    @property
    def trusted_hosts(self) -> tuple[str, ...]:
        """The host names that requests may ask for, without ports; never empty."""
        local = ("localhost", "127.0.0.1") if self.is_local else ()
        return tuple(dict.fromkeys((self.host, *local, *self.extra_trusted_hosts)))

    @property
    def secure_cookies(self) -> bool:
        """True exactly when people reach the portal over https."""
        return self.base_url.startswith("https:")


def resolve_secret_keys(settings: Settings) -> tuple[str, ...]:
    """The keys that sign, the newest first: it signs, all of them are believed.

    With the file store, a key that is not set is made on first use in the data folder
    (file `secret-key`, mode 0600); every process that starts gets the same. With
    DynamoDB several machines share the key, so it must be set. `SettingsError`.
    """
    key = settings.configured_secret_key
    if key is None and settings.store == "dynamodb":
        raise SettingsError(
            "PORTAL_SECRET_KEY",
            "Set it to the same secret on every machine, since with DynamoDB they share it."
            " This makes one: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'",
        )
    if key is None:
        key = _key_from_file(settings.data_dir / KEY_FILE)
    return (key, *settings.secret_key_fallbacks)


def _key_from_file(path: Path) -> str:
    try:
        if not path.exists():
            make_once(path, secrets.token_urlsafe(48) + "\n")
        if path.stat().st_mode & 0o077:
            logger.warning("Others can read the secret key. Run: chmod 600 %s", path)
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            "PORTAL_DATA_DIR",
            f"The secret key {path} can be neither read nor made ({type(error).__name__})."
            " Let the portal write to that folder, or set PORTAL_SECRET_KEY.",
        ) from error
    if len(key) < SHORTEST_KEY:
        raise SettingsError(
            "PORTAL_DATA_DIR",
            f"The secret key {path} is cut off. Put it back from a backup, or remove the file:"
            " a new one is made, and everybody signs in again.",
        )
    return key


def _store(use_dynamodb: str, node_env: str) -> Literal["json", "dynamodb"]:
    if use_dynamodb:
        return "dynamodb" if use_dynamodb.lower() == "true" else "json"
    return "dynamodb" if node_env == "production" else "json"


def _table_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]{3,255}", name):
        raise SettingsError(
            "TENANT_TABLE_NAME",
            "Set it to the name of the table: 3 to 255 letters, digits, dots, hyphens and"
            " underscores.",
        )
    return name


def _region(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]{0,40}", name):
        raise SettingsError("AWS_REGION", "Set it to a region like eu-central-1.")
    return name


def _endpoint(address: str) -> str:
    return _origin("AWS_ENDPOINT_URL_DYNAMODB", address) if address else ""


def _metrics(text: str) -> frozenset[str]:
    chosen = frozenset(_parts(text.lower()))
    if not chosen <= {"log", "prometheus"}:
        raise SettingsError("PORTAL_METRICS", "Set it to log, to prometheus, or to log,prometheus.")
    return chosen


def _debugs(text: str, name: str) -> bool:
    """As the old application's library read it: names, and `*` for any part of one."""
    wanted = re.split(r"[\s,]+", text)
    if any(fnmatchcase(name, pattern[1:]) for pattern in wanted if pattern.startswith("-")):
        return False
    return any(fnmatchcase(name, pattern) for pattern in wanted)


def _time_zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(
            "PORTAL_TIME_ZONE",
            f"Set it to the name of a time zone like Europe/Berlin, not {name!r}.",
        ) from error


def _number(name: str, text: Mapping[str, str], least: int, most: int) -> int:
    digits = text[name]
    # isascii: int() would also take digits that nobody can tell apart in a configuration.
    if not (digits.isascii() and digits.isdigit() and least <= int(digits[:9]) <= most):
        raise SettingsError(
            name, f"Set it to a whole number between {least} and {most}, not {digits!r}."
        )
    return int(digits)


def _origin(name: str, address: str) -> str:
    """Scheme, host and port as a browser sends them in `Origin`."""
    refusal = SettingsError(
        name, "Set it to an address like https://portal.example.com, without a path or a password."
    )
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise refusal from error
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not _is_host(host):
        raise refusal
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise refusal
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != usual else "")


def _hosts(text: str) -> tuple[str, ...]:
    hosts = tuple(part.lower() for part in _parts(text))
    if not all(_is_host(host) for host in hosts):
        raise SettingsError(
            "PORTAL_TRUSTED_HOSTS",
            "Set it to host names separated by commas, without http:// and without ports.",
        )
    return hosts


def _is_host(host: str) -> bool:
    # No IPv6 address: the check of trusted hosts cuts at the first colon and would refuse it.
    labels = host.split(".")
    return len(host) <= 253 and all(
        label.isascii() and label.replace("-", "").isalnum() for label in labels
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _secret_key(text: str) -> str | None:
    if text and len(text) < SHORTEST_KEY:
        raise SettingsError(
            "PORTAL_SECRET_KEY",
            f"Set it to at least {SHORTEST_KEY} characters."
            " This makes one: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'",
        )
    return text or None


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
