"""The network of a client: what limits count for."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from flask import request

_LONGEST_ADDRESS = 64
#: All clients whose address nobody can read share one network.
UNKNOWN = "unknown"


def client_network() -> str:
    """The network of this request's client: an IPv4 address, or the /64 of an IPv6 address.

    The address is that of the connection. Behind proxies it is the one that the outermost of
    `PORTAL_PROXY_HOPS` proxies has added to `X-Forwarded-For`; what a client writes there itself
    does not count.
    """
    return network_of(request.remote_addr or "")


def client_address() -> str:
    """The address of this request's client, without a port; empty if nobody can read it. Behind
    proxies as `client_network`."""
    text = request.remote_addr or ""
    parsed = _parsed(text) if len(text) <= _LONGEST_ADDRESS else None
    return "" if parsed is None else str(parsed)


def network_of(address: str) -> str:
    """As `client_network`, of this address. Some proxies add a port to it."""
    return _network_of(address) if len(address) <= _LONGEST_ADDRESS else UNKNOWN


# A client asks more than once, and reading its address takes as long as the answer to it.
@lru_cache(1024)
def _network_of(address: str) -> str:
    parsed = _parsed(address)
    if isinstance(parsed, IPv6Address):
        # Whoever has one address of a /64 has all of them. An IPv4 client is the same client if
        # the socket shows its address as an IPv6 one.
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(IPv6Network((int(parsed), 64), strict=False))
    return UNKNOWN if parsed is None else str(parsed)


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    if address.startswith("["):
        address = address[1:].partition("]")[0]
    elif address.count(":") == 1:
        address = address.partition(":")[0]
    try:
        return ip_address(address)
    except ValueError:
        return None
