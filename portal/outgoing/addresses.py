"""Which IP addresses a request may go to."""

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

#: Of one name. Each is tried for as long as time is left.
_MAX_ADDRESSES = 4
#: Addresses that hold an IPv4 address, which the network makes of them again. Those of RFC 8215 are
#: for use inside of a network, and only it knows where in them the IPv4 address stands.
_NAT64 = IPv6Network("64:ff9b::/96")
#: All addresses of IPv6 that were given to anybody. The library calls global what it has no other
#: name for: site-local addresses, and those with an IPv4 address that nothing translates any more.
_GIVEN = IPv6Network("2000::/3")
#: The library calls these global, or did. They belong to one machine or network: in the first one
#: Oracle's cloud has metadata, at the second one Azure has its platform.
_OF_PLATFORMS = (IPv4Network("192.0.0.0/24"), IPv4Network("168.63.129.16/32"))


#: The addresses of a host, each as text.
Resolve = Callable[[str, int], list[str]]


class PrivateAddressError(Exception):
    """The name has an address that no request may go to."""


def look_up(host: str, port: int) -> list[str]:
    """All addresses of the host, as this machine knows them. A literal address is its own.

    Raises:
        OSError: The name is not known, or nobody could be asked.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def addresses_of(
    host: str, port: int, allows: Callable[[str], bool], resolve: Resolve = look_up
) -> list[str]:
    """The IP addresses of the host. One that may not be reached refuses the name: whoever mixes
    the two wants to get at the other one.

    Args:
        allows: Whether a request may go to this address.
        resolve: Looks the name up. It is asked once, so the answer that was looked at is the one
            that counts.

    Raises:
        PrivateAddressError: It has an address that may not be reached.
        OSError: The name is not known, or nobody could be asked.
    """
    addresses = resolve(host, port)
    if not all(allows(each) for each in addresses):
        raise PrivateAddressError
    return addresses[:_MAX_ADDRESSES]


def is_public(address: str) -> bool:
    """Whether the IP address belongs to a machine that everybody can reach: not to this one, and
    to none of an inner network."""
    found = ip_address(address)
    if isinstance(found, IPv6Address) and (inner := _inner_ipv4(found)):
        found = inner
    if isinstance(found, IPv6Address) and found not in _GIVEN:
        return False
    if any(found in network for network in _OF_PLATFORMS):
        return False
    return found.is_global and not found.is_multicast


def _inner_ipv4(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
