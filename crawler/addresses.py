"""Which network addresses a crawl may connect to: public ones, and those that the configuration allows.

A page, feed or redirect can name any host, and any name can resolve to an address inside the network of the machine
that crawls. What counts is the address itself, not how it was written.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_SPECIAL = tuple(
    ipaddress.ip_network(network)
    for network in (
        # IANA IPv4 special-purpose address registry; `ipaddress.is_global` takes several of them for global.
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
        # Multicast (RFC 5771), reserved and broadcast (RFC 1112).
        *("224.0.0.0/4", "240.0.0.0/4"),
        # IANA IPv6 special-purpose address registry, as far as it lies within the global unicast addresses.
        *("2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20"),
    )
)
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All that is given to hosts (RFC 4291, section 2.4); loopback, link-local, local and multicast lie outside."""

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052; an IPv4 address in the last four bytes."""


class AddressRules:
    """Permits public addresses and the networks allowed by name."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        """`allowed` are networks such as `10.0.0.0/8`; ValueError for what is none."""
        self._allowed = tuple(ipaddress.ip_network(network) for network in allowed)

    def permits(self, text: str) -> bool:
        """Whether a connection to this address may be made; False for what is no address."""
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        meant = [address, *_embedded(address)]
        return _within(address, self._allowed) or all(_public(one) or _within(one, self._allowed) for one in meant)


def _embedded(address: Address) -> list[ipaddress.IPv4Address]:
    """The IPv4 addresses that a gateway or the operating system reads out of an IPv6 address."""
    if not isinstance(address, ipaddress.IPv6Address):
        return []
    last = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address.ipv4_mapped or address in _NAT64:
        return [last]
    if address.sixtofour:
        return [address.sixtofour]
    # Teredo: server and client (RFC 4380).
    if address.teredo:
        return list(address.teredo)
    # ISATAP (RFC 5214, section 6.1), whatever the prefix.
    return [last] if int(address) >> 32 & 0xFDFFFFFF == 0x5EFE else []


def _public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv4Address):
        return not _within(address, _SPECIAL)
    if address.ipv4_mapped or address in _NAT64 or address.teredo:
        # Their IPv4 addresses decide.
        return True
    return address in _GLOBAL_UNICAST and not _within(address, _SPECIAL)


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)
