"""What the setting `PORTAL_MAIL_URL` stands for."""

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from portal.setting_parsers import SettingsError, region

Tls = Literal["none", "starttls", "required", "implicit"]


@dataclass(frozen=True, kw_only=True, slots=True)
class MailServer:
    """Where mail goes.

    Attributes:
        way: `file` writes mails into the data folder.
        host: For `ses`, its region; empty: as AWS's own configuration says.
        tls: `implicit` from the first byte; `required` by STARTTLS; `starttls` if the server
            offers it; `none` never.
    """

    way: Literal["smtp", "ses", "file"]
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = field(default="", repr=False)
    tls: Tls = "none"


_TLS: dict[str, Tls] = {"none": "none", "starttls": "starttls", "required": "required"}


def mail_server(address: str) -> MailServer:
    """The mail server of an address.

    Raises:
        SettingsError: It is none. The error never repeats it, since it may hold a password.
    """
    try:
        split = urlsplit(address)
        options = parse_qs(split.query, strict_parsing=bool(split.query))
        server = _server_of(split, options)
    except ValueError:
        # Its text repeats what it could not read.
        server = None
    if server is None or split.path.strip("/") or split.fragment:
        raise SettingsError(
            "PORTAL_MAIL_URL",
            "Set it to smtp://user:password@host:587?tls=required, smtps://user:password@host,"
            " ses://region or file:. In user and password, write %40 for @ and %2F for /.",
        ) from None
    return server


def _server_of(split: SplitResult, options: dict[str, list[str]]) -> MailServer | None:
    """`None` if there is none like this. `ValueError` for a port that is no number."""
    match split.scheme:
        case "file" if not (split.netloc or options):
            return MailServer(way="file")
        case "ses" if not (options or split.port or "@" in split.netloc):
            return MailServer(way="ses", host=region(split.netloc))
        case "smtps" if not options:
            return _smtp_server(split, "implicit", usual_port=465)
        case "smtp" if options.keys() <= {"tls"}:
            # Whoever gives a password does not want it read on the way.
            (chosen,) = options.get("tls", ["required" if split.password else "starttls"])
            if chosen in _TLS:
                return _smtp_server(split, _TLS[chosen], usual_port=587 if split.username else 25)
    return None


def _smtp_server(split: SplitResult, tls: Tls, *, usual_port: int) -> MailServer | None:
    host = split.hostname or ""
    if not host or not host.isascii() or not host.isprintable() or " " in host:
        return None
    return MailServer(
        way="smtp",
        host=host,
        port=split.port or usual_port,
        user=unquote(split.username or ""),
        password=unquote(split.password or ""),
        tls=tls,
    )
