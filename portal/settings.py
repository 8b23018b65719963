"""What an operator can set: one frozen object, read from the environment once.

Each setting is described once, in `SETTINGS`; a test compares `docs/operating.md` with it.
A `SettingsError` names the setting to change.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from portal import setting_parsers
from portal.setting_parsers import SettingsError

# The error belongs to the settings, though it is raised where a value is taken apart.
__all__ = ["SETTINGS", "Setting", "Settings", "SettingsError"]


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
        "`true` keeps the data in DynamoDB. Any other value keeps it in the file store.",
    ),
    Setting(
        "NODE_ENV",
        "",
        "Read only if `USE_DYNAMODB` is not set: `production` selects DynamoDB.",
    ),
    Setting(
        "TENANT_TABLE_NAME",
        "fsm-appointment-tenants",
        "The name of the DynamoDB table.",
    ),
    Setting(
        "AWS_REGION",
        "",
        "The region of the table and of the KMS key, for example `eu-central-1`.",
    ),
    Setting(
        "PORTAL_KMS_KEY_ID",
        "",
        "The KMS key (id, ARN or alias) that seals client secrets. If it is not set, the key"
        " file in the data folder seals them.",
    ),
    Setting(
        "AWS_ENDPOINT_URL_DYNAMODB",
        "",
        "The address of DynamoDB if it is not the region's own: a VPC endpoint, or a test engine.",
    ),
    Setting(
        "PORTAL_METRICS",
        "",
        "Where the portal reports its calls to DynamoDB: `log` writes CloudWatch embedded"
        " metrics to the log, `prometheus` opens `/metrics`, `log,prometheus` does both.",
    ),
    Setting(
        "DEBUG",
        "",
        "`fsm-appointment:tenant` logs each call to DynamoDB: operation, kind of item, time,"
        " capacity and request id; never a value.",
    ),
    Setting(
        "PORTAL_DATA_DIR",
        "./data",
        "The folder of the file store and of the keys that the portal creates. It must be on a"
        " local disk.",
    ),
    Setting(
        "PORTAL_TIME_ZONE",
        "UTC",
        "The time zone in which the days of a licence begin and end, for example `Europe/Berlin`.",
    ),
    Setting(
        "PORTAL_SECRET_KEY",
        "",
        "The key that signs sessions, form tokens and links; at least 32 characters. With the"
        " file store, the portal creates one on first use. With DynamoDB, you must set it.",
    ),
    Setting(
        "PORTAL_SECRET_KEY_FALLBACKS",
        "",
        "Earlier secret keys, separated by commas. What they signed stays valid.",
    ),
    Setting(
        "PORTAL_BASE_URL",
        "http://127.0.0.1:8000",
        "The address at which people reach the portal. Links begin with it; if it begins with"
        " `https`, cookies are secure.",
    ),
    Setting(
        "PORTAL_TRUSTED_HOSTS",
        "",
        "Further host names that the portal answers to, separated by commas. It always answers"
        " to the host of the base URL.",
    ),
    Setting(
        "PORTAL_PROXY_HOPS",
        "0",
        "The number of proxies in front of the portal that add to `X-Forwarded-For`.",
    ),
    Setting(
        "PORTAL_SIGN_UP_MIN_SECONDS",
        "3",
        "A sign-up form that is sent fewer seconds after it was shown counts as sent by a robot.",
    ),
    Setting(
        "PORTAL_PROMISED_DAYS",
        "2",
        "The age of a sign-up turns red after this many days in the queue.",
    ),
    Setting(
        "PORTAL_STATUS_LINK_DAYS",
        "730",
        "How many days a customer's link opens the status page.",
    ),
    Setting(
        "PORTAL_IMPORT_MEGABYTES",
        "5",
        "The largest file, in megabytes, that can be imported over the web.",
    ),
    Setting(
        "PORTAL_IMPORT_ROWS",
        "10000",
        "The most entries, of any program, in a file that is imported over the web.",
    ),
    Setting(
        "PORTAL_IMPORT_COMMAND_MEGABYTES",
        "50",
        "The largest file, in megabytes, that `migrations_tools import` reads.",
    ),
    Setting(
        "PORTAL_IMPORT_COMMAND_ROWS",
        "1000000",
        "The most entries, of any program, in a file that `migrations_tools import` reads.",
    ),
    Setting(
        "PORTAL_IMPORT_DEPTH",
        "32",
        "How deeply lists and objects may be nested in an imported file.",
    ),
    Setting(
        "PORTAL_IMPORT_VALUE_CHARACTERS",
        "1000000",
        "The most characters in one tenant's value in an imported file.",
    ),
    Setting(
        "API_ALLOWED_ORIGINS",
        "",
        "The origins whose pages may read answers of the API, separated by commas, for example"
        " `https://app.example.com`.",
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
            store=setting_parsers.store(text["USE_DYNAMODB"], text["NODE_ENV"]),
            table_name=setting_parsers.table_name(text["TENANT_TABLE_NAME"]),
            aws_region=setting_parsers.region(text["AWS_REGION"]),
            kms_key_id=text["PORTAL_KMS_KEY_ID"],
            dynamodb_endpoint=setting_parsers.endpoint(text["AWS_ENDPOINT_URL_DYNAMODB"]),
            metrics=setting_parsers.metrics(text["PORTAL_METRICS"]),
            debug_calls=setting_parsers.debugs(text["DEBUG"], "fsm-appointment:tenant"),
            data_dir=Path(text["PORTAL_DATA_DIR"]),
            time_zone=setting_parsers.time_zone(text["PORTAL_TIME_ZONE"]),
            base_url=setting_parsers.origin("PORTAL_BASE_URL", text["PORTAL_BASE_URL"]),
            extra_trusted_hosts=setting_parsers.hosts(text["PORTAL_TRUSTED_HOSTS"]),
            # Ten proxies in a row exist nowhere; a larger number is a slip of the finger,
            # and would let a client choose its own address.
            proxy_hops=setting_parsers.number("PORTAL_PROXY_HOPS", text, 0, 10),
            sign_up_min_seconds=setting_parsers.number("PORTAL_SIGN_UP_MIN_SECONDS", text, 0, 3600),
            promised_days=setting_parsers.number("PORTAL_PROMISED_DAYS", text, 1, 365),
            status_link_days=setting_parsers.number("PORTAL_STATUS_LINK_DAYS", text, 1, 36500),
            import_megabytes=setting_parsers.number("PORTAL_IMPORT_MEGABYTES", text, 1, 100),
            import_rows=setting_parsers.number("PORTAL_IMPORT_ROWS", text, 1, 100_000),
            import_command_megabytes=setting_parsers.number(
                "PORTAL_IMPORT_COMMAND_MEGABYTES", text, 1, 100_000
            ),
            import_command_rows=setting_parsers.number(
                "PORTAL_IMPORT_COMMAND_ROWS", text, 1, 100_000_000
            ),
            # The decoder itself goes no deeper than some hundreds.
            import_depth=setting_parsers.number("PORTAL_IMPORT_DEPTH", text, 8, 100),
            import_value_characters=setting_parsers.number(
                "PORTAL_IMPORT_VALUE_CHARACTERS", text, 10_000, 100_000_000
            ),
            api_allowed_origins=tuple(
                setting_parsers.origin("API_ALLOWED_ORIGINS", origin)
                for origin in setting_parsers.parts(text["API_ALLOWED_ORIGINS"])
            ),
            configured_secret_key=setting_parsers.secret_key(text["PORTAL_SECRET_KEY"]),
            secret_key_fallbacks=setting_parsers.parts(text["PORTAL_SECRET_KEY_FALLBACKS"]),
        )

    @property
    def host(self) -> str:
        """The base URL's host name, without a port."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def is_local(self) -> bool:
        """True when the base URL leads to this machine alone."""
        return setting_parsers.is_loopback(self.host)

    @property
    def trusted_hosts(self) -> tuple[str, ...]:
        """The host names that requests may ask for, without ports; never empty."""
        local = ("localhost", "127.0.0.1") if self.is_local else ()
        return tuple(dict.fromkeys((self.host, *local, *self.extra_trusted_hosts)))

    @property
    def secure_cookies(self) -> bool:
        """True exactly when people reach the portal over https."""
        return self.base_url.startswith("https:")
