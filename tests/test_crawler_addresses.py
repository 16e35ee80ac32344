"""Promises of the address rules: only public addresses, however an IPv4 address is wrapped, and what is allowed."""

from __future__ import annotations

import pytest
from twisted.internet.address import IPv4Address, IPv6Address

from crawler.addresses import AddressRules
from crawler.resolver import GuardedResolver, RefusedAddress

PRIVATE = (
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254"),
    *("169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.9", "192.0.0.192", "192.0.2.1"),
    *("192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1"),
    *("224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
    *(
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::169.254.169.254",
    ),
    *("64:ff9b:1::1", "100::1", "2001:db8::1", "2001:10::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254"),
    *("fe80::1", "fe80::1%1", "fec0::1", "ff02::1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:c0a8:101::1"),
    # Teredo: a private client behind a public server, a private server. ISATAP below a public prefix.
    *(
        "2001:0:808:808::f5ff:fffe",
        "2001:0:7f00:1::f7f7:f7f7",
        "2a00:1450::5efe:7f00:1",
        "2a00:1450::200:5efe:10.0.0.1",
    ),
    *("", "localhost", "127.1", "0x7f.1"),
)
PUBLIC = (
    *("1.1.1.1", "93.184.215.14", "100.63.255.255", "100.128.0.1", "172.15.255.255", "172.32.0.1", "192.0.1.1"),
    *("2606:4700::1111", "2a00:1450:4001:800::200e", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2002:101:101::1"),
)


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_public_is_not_permitted(address: str) -> None:
    assert not AddressRules().permits(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is_permitted(address: str) -> None:
    assert AddressRules().permits(address)


def test_an_allowed_network_is_permitted_and_no_other() -> None:
    rules = AddressRules(["10.1.0.0/16", "fd00::/8"])
    assert rules.permits("10.1.2.3")
    assert rules.permits("::ffff:10.1.2.3")
    assert rules.permits("fd12::1")
    assert rules.permits("1.1.1.1")
    assert not rules.permits("10.2.0.1")
    assert not rules.permits("::ffff:10.2.0.1")


class Names:
    """A resolver that gives the next answer of a host's list each time it is asked."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self._answers = {name.replace("_", "."): iter(lists) for name, lists in answers.items()}

    def resolveHostName(self, receiver, host, port=0, types=None, transport="TCP"):  # type: ignore[no-untyped-def]
        receiver.resolutionBegan(None)
        for address in next(self._answers[host]):
            kind = IPv6Address if ":" in address else IPv4Address
            receiver.addressResolved(kind("TCP", address, port))
        receiver.resolutionComplete()


class Connection:
    """What a connection to a host would be made to."""

    def __init__(self, resolver: GuardedResolver, host: str) -> None:
        self.addresses: list[str] = []
        resolver.resolveHostName(self, host, portNumber=80)

    def resolutionBegan(self, resolution: object) -> None:
        pass

    def addressResolved(self, address: IPv4Address | IPv6Address) -> None:
        self.addresses.append(address.host)

    def resolutionComplete(self) -> None:
        self.addresses.append("complete")


def test_a_name_that_changes_its_address_is_checked_each_time_it_is_connected_to() -> None:
    resolver = GuardedResolver(Names(evil_example=[["1.1.1.1"], ["127.0.0.1"], ["1.1.1.1"]]), AddressRules())
    assert Connection(resolver, "evil.example").addresses == ["1.1.1.1", "complete"]
    resolver.raise_if_refused("evil.example")
    assert Connection(resolver, "evil.example").addresses == ["complete"]
    with pytest.raises(RefusedAddress, match=r"evil\.example is 127\.0\.0\.1, not a public address; see `allow_networ"):
        resolver.raise_if_refused("evil.example")
    assert Connection(resolver, "evil.example").addresses == ["1.1.1.1", "complete"]
    resolver.raise_if_refused("evil.example")


def test_of_a_name_with_several_addresses_only_the_public_ones_are_connected_to() -> None:
    resolver = GuardedResolver(Names(evil_example=[["127.0.0.1", "1.1.1.1", "::1"]]), AddressRules())
    assert Connection(resolver, "evil.example").addresses == ["1.1.1.1", "complete"]
    resolver.raise_if_refused("evil.example")


def test_a_host_that_the_user_trusts_may_have_any_address() -> None:
    names = Names(proxy_example=[["10.0.0.1"]], other_example=[["10.0.0.1"]])
    resolver = GuardedResolver(names, AddressRules(), trusted={"proxy.example"})
    assert Connection(resolver, "proxy.example").addresses == ["10.0.0.1", "complete"]
    assert Connection(resolver, "other.example").addresses == ["complete"]
