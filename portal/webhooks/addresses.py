"""The address of a receiver: as it is typed, and as the way to it."""

import re
from collections.abc import Callable
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from portal.outgoing import Caller, Route, Target, is_public
from portal.settings import Settings

LONGEST_ADDRESS = 1000
#: Calls that run at a time in one process: more than receivers are served at a time, since a name
#: that is not found keeps its place for longer than its message.
_PLACES = 16
_PRINTABLE = re.compile(r"[!-~]+", re.ASCII)
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.ASCII)
#: What ends in a number is an address of IPv4 in one of its many forms.
_NUMBER_AT_END = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)", re.ASCII)
#: Below it are mail servers, databases and others that no webhook is for.
_LOWEST_PORT = 1024


class AddressError(ValueError):
    """This is no address of a receiver. `args[0]` says why: `form`, `https`, `port`, `private`."""


def read_address(text: str, settings: Settings) -> str:
    """The address as it is kept.

    Only what the text itself says is looked at. Where its name leads is looked at whenever
    something is sent there.

    Raises:
        AddressError: It is none.
    """
    address = text.strip()
    if len(address) > LONGEST_ADDRESS or not _PRINTABLE.fullmatch(address):
        raise AddressError("form")
    try:
        split = urlsplit(address)
        port = split.port
    except ValueError as error:
        raise AddressError("form") from error
    is_plain = split.scheme == "http"
    if split.scheme != "https" and not (is_plain and settings.webhook_private_addresses):
        raise AddressError("https")
    if "@" in split.netloc or "#" in address or "\\" in address:
        raise AddressError("form")
    if port is not None and port != (80 if is_plain else 443) and port < _LOWEST_PORT:
        raise AddressError("port")
    _check_host(split, _allows_plain(settings) if is_plain else _allows(settings))
    return address


def _check_host(split: SplitResult, allows: Callable[[str], bool]) -> None:
    host = split.hostname or ""
    try:
        ip_address(host)
    except ValueError as error:
        if not _HOST.fullmatch(host) or _NUMBER_AT_END.fullmatch(host):
            raise AddressError("form") from error
        return
    if not allows(host):
        raise AddressError("private")


def host_of(address: str) -> str:
    """The host of an address, for lists and logs: what stands behind it may be a secret."""
    return urlsplit(address).hostname or ""


def target_of(address: str) -> tuple[Target, str]:
    """The machine that is asked, and the path with its query."""
    split = urlsplit(address)
    is_plain = split.scheme == "http"
    path = split.path or "/"
    return (
        Target(
            host=split.hostname or "",
            port=split.port or (80 if is_plain else 443),
            is_plain=is_plain,
        ),
        f"{path}?{split.query}" if split.query else path,
    )


def open_caller(settings: Settings) -> Caller:
    """Makes the requests to receivers: to those that everybody can reach, and to the inner
    addresses that the settings allow."""
    route = Route(
        allows=_allows(settings),
        allows_plain=_allows_plain(settings),
        ca_file=settings.webhook_ca_file,
        proxy=settings.fsm.proxy,
        has_unusable_proxy=settings.fsm.has_unusable_proxy,
        no_proxy=settings.fsm.no_proxy,
        checks_before_proxy=True,
    )
    return Caller(route, places=_PLACES, name="webhook-call")


def _allows(settings: Settings) -> Callable[[str], bool]:
    is_inner = _allows_plain(settings)
    return lambda address: is_public(address) or is_inner(address)


def _allows_plain(settings: Settings) -> Callable[[str], bool]:
    networks = settings.webhook_private_addresses

    def is_allowed(address: str) -> bool:
        found = ip_address(address)
        return any(found in network for network in networks)

    return is_allowed
