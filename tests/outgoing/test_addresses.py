"""Which IP addresses a request may go to, and how a name is looked up."""

import pytest

from portal.outgoing import is_public
from portal.outgoing.addresses import PrivateAddressError, addresses_of


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("8.8.8.8", True),
        ("2606:4700:4700::1111", True),
        ("64:ff9b::808:808", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        # Metadata of clouds that stand elsewhere.
        ("192.0.0.192", False),
        ("168.63.129.16", False),
        ("64:ff9b::a83f:8110", False),
        ("100.100.100.200", False),
        ("0.0.0.0", False),  # noqa: S104 - nothing listens there
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("2002:808:808::", True),
        ("::ffff:8.8.8.8", True),
        # Site-local.
        ("fec0::1", False),
        # NAT64 inside of a network.
        ("64:ff9b:1::7f00:1", False),
        ("64:ff9b:1::808:808", False),
        # Forms of former years that hold an IPv4 address.
        ("::127.0.0.1", False),
        ("::8.8.8.8", False),
        ("::ffff:0:127.0.0.1", False),
        # Given to nobody.
        ("4000::1", False),
        ("5f00::1", False),
        ("ff0e::1", False),
    ],
)
def test_which_addresses_everybody_can_reach(address: str, *, expected: bool) -> None:
    assert is_public(address) is expected


def test_one_address_that_may_not_be_reached_refuses_the_name() -> None:
    found = addresses_of("localhost", 443, lambda _address: True)
    assert set(found) <= {"127.0.0.1", "::1"}
    with pytest.raises(PrivateAddressError):
        addresses_of("localhost", 443, is_public)
    seen: list[str] = []

    def all_but_the_last(address: str) -> bool:
        seen.append(address)
        return len(seen) < len(found)

    with pytest.raises(PrivateAddressError):
        addresses_of("localhost", 443, all_but_the_last)
    assert seen == found
