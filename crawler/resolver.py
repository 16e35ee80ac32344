"""Name resolution that gives no address to which the crawl must not connect.

Twisted connects to exactly the addresses that a resolution gave, and asks for literal addresses too. So nothing comes
between the check and the connection: no second look at a name that has changed meanwhile, no spelling of an address.
Receivers and resolvers are Twisted's (IResolutionReceiver, IHostnameResolver); zope's interfaces do not say so to mypy.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any, Self
from urllib.parse import urlsplit
from urllib.request import getproxies

from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet.base import ReactorBase
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IHostnameResolver, IResolutionReceiver
from zope.interface import implementer

from crawler.addresses import AddressRules


class RefusedAddress(IgnoreRequest):
    """Raised when a host has no address to which the crawl may connect; do not retry."""

    def __init__(self, host: str, addresses: Iterable[str]) -> None:
        self.host = host
        self.addresses = sorted(set(addresses))
        super().__init__(f"{host} is {', '.join(self.addresses)}, not a public address; see `allow_networks`")


@implementer(IHostnameResolver)
class GuardedResolver:
    """Leaves out the addresses that the rules do not permit, except those of `trusted` hosts."""

    def __init__(self, inner: Any, rules: AddressRules, trusted: Container[str] = ()) -> None:
        self.trusted = trusted
        """Hosts that the user has named: the proxies of the environment."""
        self._inner = inner
        self._rules = rules
        self._refused: dict[str, list[str]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: ReactorBase) -> Self:
        """As Scrapy builds the class that TWISTED_DNS_RESOLVER names."""
        rules = AddressRules(crawler.settings.getlist("PRESSKEEP_ALLOW_NETWORKS"))
        return cls(reactor.nameResolver, rules, proxy_hosts())

    def install_on_reactor(self) -> None:
        """From now on every connection of the reactor asks this resolver."""
        from twisted.internet import reactor

        reactor.installNameResolver(self)

    def resolveHostName(
        self,
        resolutionReceiver: Any,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> Any:
        """As IHostnameResolver says, without the addresses that are not permitted."""
        trusted = hostName in self.trusted
        sieve = _Sieve(
            resolutionReceiver,
            permits=lambda address: trusted or self._rules.permits(address),
            finish=lambda refused: self._note(hostName, refused),
        )
        return self._inner.resolveHostName(sieve, hostName, portNumber, addressTypes, transportSemantics)

    def raise_if_refused(self, host: str) -> None:
        """RefusedAddress if the last resolution of the host gave addresses, but none that is permitted."""
        if refused := self._refused.get(_ascii(host)):
            raise RefusedAddress(host, refused)

    async def check(self, host: str) -> None:
        """RefusedAddress if the host has an address that is not permitted, trusted or not.

        For hosts that a proxy will connect to; a name that only the proxy can resolve passes.
        """
        found = _Collector()
        self._inner.resolveHostName(found, host)
        addresses = await maybe_deferred_to_future(found.done)
        bad = [address for address in addresses if not self._rules.permits(address)]
        if bad:
            raise RefusedAddress(host, bad)

    def _note(self, host: str, refused: list[str]) -> None:
        self._refused.pop(_ascii(host), None)
        if refused:
            self._refused[_ascii(host)] = refused


@implementer(IResolutionReceiver)
class _Sieve:
    """Passes on the addresses that are permitted; `finish` learns of the others if there were only such."""

    def __init__(
        self,
        receiver: Any,
        *,
        permits: Callable[[str], bool],
        finish: Callable[[list[str]], None],
    ) -> None:
        self._receiver = receiver
        self._permits = permits
        self._finish = finish
        self._passed = False
        self._refused: list[str] = []

    def resolutionBegan(self, resolutionInProgress: Any) -> None:
        self._receiver.resolutionBegan(resolutionInProgress)

    def addressResolved(self, address: Any) -> None:
        text = str(address.host)
        if self._permits(text):
            self._passed = True
            self._receiver.addressResolved(address)
        else:
            self._refused.append(text)

    def resolutionComplete(self) -> None:
        self._finish([] if self._passed else self._refused)
        self._receiver.resolutionComplete()


@implementer(IResolutionReceiver)
class _Collector:
    """The addresses of one host."""

    def __init__(self) -> None:
        self.done: Deferred[list[str]] = Deferred()
        self._addresses: list[str] = []

    def resolutionBegan(self, resolutionInProgress: Any) -> None:
        pass

    def addressResolved(self, address: Any) -> None:
        self._addresses.append(str(address.host))

    def resolutionComplete(self) -> None:
        self.done.callback(self._addresses)


def proxy_hosts() -> set[str]:
    """The hosts of the proxies that the environment names (`http_proxy`, `https_proxy`)."""
    return {urlsplit(url if "//" in url else f"//{url}").hostname or "" for url in getproxies().values()}


def _ascii(host: str) -> str:
    """One form for a name as URLs write it and as Twisted does."""
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host
