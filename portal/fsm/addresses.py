"""Which addresses a cluster may have."""

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

#: Of one name. Each is tried for as long as time is left.
_MAX_ADDRESSES = 4
#: Addresses that hold an IPv4 address, which the network makes of them again. Those of RFC 8215 are
#: for use inside of a network, and only it knows where in them the IPv4 address stands.
_NAT64 = IPv6Network("64:ff9b::/96")
#: All addresses of IPv6 that were given to anybody. The library calls global what it has no other
#: name for: site-local addresses, and those with an IPv4 address that nothing translates any more.
_GIVEN = IPv6Network("2000::/3")


def addresses_of(host: str, port: int, *, private: bool) -> list[str]:
    """The IP addresses of the host that may be reached.

    Args:
        private: Whether those of inner networks may.

    Raises:
        OSError: The name is not known, or nobody could be asked.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = dict.fromkeys(str(entry[4][0]) for entry in found)
    return [each for each in addresses if private or is_public(each)][:_MAX_ADDRESSES]


def is_public(address: str) -> bool:
    """Whether the IP address belongs to a machine that everybody can reach: not to this one, and
    to none of an inner network."""
    found = ip_address(address)
    if isinstance(found, IPv6Address) and (inner := _inner_ipv4(found)):
        found = inner
    if isinstance(found, IPv6Address) and found not in _GIVEN:
        return False
    return found.is_global and not found.is_multicast


def _inner_ipv4(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
