"""What an operator can set: one frozen object, read from the environment once.

Each setting is described once, in `portal.setting_list`. A `SettingsError` names the setting to
change.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from portal import setting_parsers
from portal.credential_files import secrets_in_files
from portal.fsm_setting import FsmSetting, fsm_setting
from portal.mail_server_setting import MailServer, mail_server
from portal.metrics_setting import MetricsAddress, metrics_address
from portal.oidc_setting import OidcSetting, oidc_setting
from portal.setting_list import SETTINGS, Setting
from portal.setting_parsers import SettingsError

# The error belongs to the settings, though it is raised where a value is taken apart.
__all__ = [
    "SETTINGS", "FsmSetting", "MailServer", "OidcSetting", "Setting", "Settings", "SettingsError",
]  # fmt: skip


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
    traces: bool
    access_log: bool
    metrics_address: MetricsAddress | None
    """Where `/metrics` is answered; `None`: where everything else is."""
    debug_calls: bool
    data_dir: Path
    data_dir_is_made: bool
    """Whether it was made before this process: if it is missing, nobody makes another one."""
    time_zone: ZoneInfo
    base_url: str
    """Scheme, host, port and the path below which the portal is, without a slash at its end."""
    extra_trusted_hosts: tuple[str, ...]
    proxy_hops: int
    sign_up_min_seconds: int
    sign_ups_per_hour: int
    """Of one network; 0: no limits."""
    not_found_per_minute: int
    """Of one network; 0: no limit."""
    validate_cache_seconds: int
    """Only with DynamoDB; 0: no cache."""
    validate_grace_hours: int
    """0: nothing is known while the store cannot be asked."""
    note_use: bool
    workers: int
    stop_seconds: int
    contact_url: str
    contact_email: str
    contact_phone: str
    privacy_urls: Mapping[str, str]
    """Addresses by language; one without a language is under the empty text."""
    imprint_urls: Mapping[str, str]
    support_urls: Mapping[str, str]
    security_contact: str
    mail_server: MailServer
    mail_from: str
    """As it was set; `portal.mail.sender_of` reads it."""
    mail_return_path: str
    """Empty: reports go to the sender."""
    mail_dkim_key_file: Path | None
    """`None`: mail is not signed here."""
    mail_dkim_selector: str
    mail_dkim_domain: str
    """Empty: the domain of the sender."""
    mail_sns_topics: tuple[str, ...]
    mail_staff: tuple[str, ...]
    mail_staff_language: str
    mail_approvers: bool
    """Whether everybody on the list of staff who may decide gets the digest."""
    mail_expiring: bool
    """Whether customers are told that their access ends."""
    mail_file_days: int
    first_term_days: int
    expiring: timedelta
    """On the pages of staff, a licence that ends within it is expiring."""
    confirm_address: bool
    promised_days: int
    escalate_days: int
    escalate_to: str
    status_link_days: int
    import_megabytes: int
    import_rows: int
    import_command_megabytes: int
    import_command_rows: int
    import_profile_megabytes: int
    import_depth: int
    import_value_characters: int
    hsts_include_subdomains: bool
    security_log_days: int
    oidc: OidcSetting | None
    """Where staff sign in; `None`: with links alone."""
    sign_in_mail: bool
    """Whether the sign-in page sends links by mail."""
    validate_links: bool
    fsm: FsmSetting
    fsm_proof: bool
    """Whether a token of the shell may prove the ids of a sign-up."""
    webhook_private_addresses: tuple[IPv4Network | IPv6Network, ...]
    """Networks of inner addresses that webhooks may go to."""
    webhook_ca_file: Path | None
    api_allowed_origins: tuple[str, ...]
    # What was set, and perhaps nothing: resolve_secret_keys() is the one to ask.
    configured_secret_key: str | None = field(repr=False)
    secret_key_fallbacks: tuple[str, ...] = field(repr=False)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Settings":
        """Read every setting; an empty or blank one counts as not set. `SettingsError`."""
        given = secrets_in_files(environ)
        text = {
            name: given.get(name) or environ.get(name, "").strip() or _DEFAULTS[name]
            for name in _DEFAULTS
        }
        return cls(
            store=setting_parsers.store(
                text["USE_DYNAMODB"],
                text["NODE_ENV"],
                is_on_lambda="AWS_LAMBDA_FUNCTION_NAME" in environ,
            ),
            table_name=setting_parsers.table_name(text["TENANT_TABLE_NAME"]),
            aws_region=setting_parsers.region(text["AWS_REGION"]),
            kms_key_id=text["PORTAL_KMS_KEY_ID"],
            dynamodb_endpoint=setting_parsers.endpoint(text["AWS_ENDPOINT_URL_DYNAMODB"]),
            metrics=(metrics := setting_parsers.metrics(text["PORTAL_METRICS"])),
            metrics_address=metrics_address(text["PORTAL_METRICS_LISTEN"], metrics),
            traces=setting_parsers.traces(text["PORTAL_TRACES"]),
            access_log=setting_parsers.flag("PORTAL_ACCESS_LOG", text["PORTAL_ACCESS_LOG"]),
            debug_calls=setting_parsers.debugs(text["DEBUG"], "fsm-appointment:tenant"),
            data_dir=Path(text["PORTAL_DATA_DIR"]),
            data_dir_is_made=setting_parsers.flag(
                "PORTAL_DATA_DIR_IS_MADE", text["PORTAL_DATA_DIR_IS_MADE"]
            ),
            time_zone=setting_parsers.time_zone(text["PORTAL_TIME_ZONE"]),
            base_url=setting_parsers.base_url("PORTAL_BASE_URL", text["PORTAL_BASE_URL"]),
            extra_trusted_hosts=setting_parsers.hosts(text["PORTAL_TRUSTED_HOSTS"]),
            # Ten proxies in a row exist nowhere; a larger number is a slip of the finger,
            # and would let a client choose its own address.
            proxy_hops=setting_parsers.number("PORTAL_PROXY_HOPS", text, 0, 10),
            sign_up_min_seconds=setting_parsers.number("PORTAL_SIGN_UP_MIN_SECONDS", text, 0, 3600),
            sign_ups_per_hour=setting_parsers.number("PORTAL_SIGN_UPS_PER_HOUR", text, 0, 100_000),
            not_found_per_minute=setting_parsers.number(
                "PORTAL_NOT_FOUND_PER_MINUTE", text, 0, 10_000_000
            ),
            validate_cache_seconds=setting_parsers.number(
                "PORTAL_VALIDATE_CACHE_SECONDS", text, 0, 300
            ),
            validate_grace_hours=setting_parsers.number(
                "PORTAL_VALIDATE_GRACE_HOURS", text, 0, 168
            ),
            note_use=setting_parsers.flag("PORTAL_NOTE_USE", text["PORTAL_NOTE_USE"]),
            workers=setting_parsers.number("PORTAL_WORKERS", text, 1, 1000),
            stop_seconds=setting_parsers.number("PORTAL_STOP_SECONDS", text, 1, 3600),
            contact_url=setting_parsers.contact_url(
                "PORTAL_CONTACT_URL", text["PORTAL_CONTACT_URL"]
            ),
            contact_email=setting_parsers.contact_email(text["PORTAL_CONTACT_EMAIL"]),
            contact_phone=setting_parsers.contact_phone(text["PORTAL_CONTACT_PHONE"]),
            privacy_urls=setting_parsers.urls_by_language("PORTAL_PRIVACY_URL", text),
            imprint_urls=setting_parsers.urls_by_language("PORTAL_IMPRINT_URL", text),
            support_urls=setting_parsers.urls_by_language("PORTAL_SUPPORT_URL", text),
            security_contact=setting_parsers.contact_url(
                "PORTAL_SECURITY_CONTACT", text["PORTAL_SECURITY_CONTACT"]
            ),
            mail_server=mail_server(text["PORTAL_MAIL_URL"]),
            mail_from=text["PORTAL_MAIL_FROM"],
            mail_return_path=setting_parsers.return_path(text["PORTAL_MAIL_RETURN_PATH"]),
            mail_dkim_key_file=setting_parsers.file("PORTAL_MAIL_DKIM_KEY_FILE", text),
            mail_dkim_selector=setting_parsers.dkim_name("PORTAL_MAIL_DKIM_SELECTOR", text),
            mail_dkim_domain=setting_parsers.dkim_name("PORTAL_MAIL_DKIM_DOMAIN", text),
            mail_sns_topics=setting_parsers.sns_topics(text["PORTAL_MAIL_SNS_TOPICS"]),
            mail_staff=setting_parsers.mail_addresses(
                "PORTAL_MAIL_STAFF", text["PORTAL_MAIL_STAFF"]
            ),
            mail_staff_language=setting_parsers.language(
                "PORTAL_MAIL_STAFF_LANGUAGE", text["PORTAL_MAIL_STAFF_LANGUAGE"]
            ),
            mail_approvers=setting_parsers.flag(
                "PORTAL_MAIL_APPROVERS", text["PORTAL_MAIL_APPROVERS"]
            ),
            mail_expiring=setting_parsers.flag(
                "PORTAL_MAIL_EXPIRING", text["PORTAL_MAIL_EXPIRING"]
            ),
            mail_file_days=setting_parsers.number("PORTAL_MAIL_FILE_DAYS", text, 1, 36500),
            expiring=timedelta(days=setting_parsers.number("PORTAL_EXPIRING_DAYS", text, 1, 365)),
            first_term_days=setting_parsers.number("PORTAL_FIRST_TERM_DAYS", text, 1, 36500),
            confirm_address=setting_parsers.flag(
                "PORTAL_CONFIRM_ADDRESS", text["PORTAL_CONFIRM_ADDRESS"]
            ),
            promised_days=setting_parsers.number("PORTAL_PROMISED_DAYS", text, 1, 365),
            escalate_days=setting_parsers.number("PORTAL_ESCALATE_DAYS", text, 0, 365),
            escalate_to=setting_parsers.mail_address(
                "PORTAL_ESCALATE_TO", text["PORTAL_ESCALATE_TO"]
            ),
            status_link_days=setting_parsers.number("PORTAL_STATUS_LINK_DAYS", text, 1, 36500),
            import_megabytes=setting_parsers.number("PORTAL_IMPORT_MEGABYTES", text, 1, 100),
            import_rows=setting_parsers.number("PORTAL_IMPORT_ROWS", text, 1, 100_000),
            import_command_megabytes=setting_parsers.number(
                "PORTAL_IMPORT_COMMAND_MEGABYTES", text, 1, 100_000
            ),
            import_command_rows=setting_parsers.number(
                "PORTAL_IMPORT_COMMAND_ROWS", text, 1, 100_000_000
            ),
            import_profile_megabytes=setting_parsers.number(
                "PORTAL_IMPORT_PROFILE_MEGABYTES", text, 1, 100_000
            ),
            # The decoder itself goes no deeper than some hundreds.
            import_depth=setting_parsers.number("PORTAL_IMPORT_DEPTH", text, 8, 100),
            import_value_characters=setting_parsers.number(
                "PORTAL_IMPORT_VALUE_CHARACTERS", text, 10_000, 100_000_000
            ),
            hsts_include_subdomains=setting_parsers.flag(
                "PORTAL_HSTS_INCLUDE_SUBDOMAINS", text["PORTAL_HSTS_INCLUDE_SUBDOMAINS"]
            ),
            security_log_days=setting_parsers.number("PORTAL_SECURITY_LOG_DAYS", text, 1, 3650),
            oidc=oidc_setting(text),
            sign_in_mail=setting_parsers.flag(
                "PORTAL_SIGN_IN_MAIL",
                text["PORTAL_SIGN_IN_MAIL"] or ("false" if text["PORTAL_OIDC_ISSUER"] else "true"),
            ),
            validate_links=setting_parsers.flag(
                "PORTAL_VALIDATE_LINKS", text["PORTAL_VALIDATE_LINKS"]
            ),
            fsm=fsm_setting(text, environ),
            fsm_proof=setting_parsers.flag("PORTAL_FSM_PROOF", text["PORTAL_FSM_PROOF"]),
            webhook_private_addresses=setting_parsers.networks(
                "PORTAL_WEBHOOK_PRIVATE_ADDRESSES", text["PORTAL_WEBHOOK_PRIVATE_ADDRESSES"]
            ),
            webhook_ca_file=setting_parsers.certificates("PORTAL_WEBHOOK_CA_FILE", text),
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
    def path_prefix(self) -> str:
        """The path of the base URL, below which all addresses of the portal are: `/onboarding`, or
        nothing."""
        return urlsplit(self.base_url).path

    def own_path(self, path: str) -> str:
        """The path inside the portal of one that may have the prefix. One without it is taken as it
        is: a proxy has stripped it, or a load balancer asks for `/health` by address."""
        prefix = self.path_prefix
        if not prefix or not path.startswith(prefix):
            return path
        rest = path.removeprefix(prefix)
        return (rest or "/") if rest[:1] in ("", "/") else path

    @property
    def origin(self) -> str:
        """Scheme, host and port of the base URL, without its path."""
        return self.base_url.removesuffix(self.path_prefix)

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
