"""From Scrapy's exceptions to outcomes."""

from __future__ import annotations

from OpenSSL import SSL
from scrapy import exceptions
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.internet.error import ConnectError, TCPTimedOutError
from twisted.python.failure import Failure

from archive import outcomes
from archive.errors import ArchiveError
from crawler.downloader import ABANDONED
from crawler.resolver import RefusedAddress


class OffsiteRedirect(exceptions.IgnoreRequest):
    """Raised when a page leads to a host that is not its site's; do not retry."""


_OUTCOMES: tuple[tuple[type[BaseException], str], ...] = (
    (ABANDONED, outcomes.INTERRUPTED),
    # Fetched, but it could not be kept.
    (ArchiveError, outcomes.INTERRUPTED),
    (OffsiteRedirect, outcomes.OFFSITE),
    (RefusedAddress, outcomes.REFUSED_ADDRESS),
    (exceptions.DownloadTimeoutError, outcomes.TIMEOUT),
    (exceptions.CannotResolveHostError, outcomes.DNS_FAILED),
    (exceptions.DownloadConnectionRefusedError, outcomes.CONNECTION_FAILED),
    (exceptions.DownloadCancelledError, outcomes.TOO_LARGE),
    (TCPTimedOutError, outcomes.TIMEOUT),
    (ConnectError, outcomes.CONNECTION_FAILED),
    (exceptions.ResponseDataLossError, outcomes.BAD_RESPONSE),
    (exceptions.UnsupportedURLSchemeError, outcomes.REFUSED_URL),
    # A redirect to what is no address, or none that can be asked.
    (ValueError, outcomes.REFUSED_URL),
)


def failure_outcome(failure: Failure) -> tuple[str, str]:
    """Outcome and detail of a failed request."""
    error = failure.value
    detail = " ".join(str(error).split())
    if isinstance(error, HttpError):
        return f"http_{error.response.status}", ""
    for kind, outcome in _OUTCOMES:
        if isinstance(error, kind):
            return outcome, detail
    if isinstance(error, exceptions.IgnoreRequest):
        return _ignored(detail), detail
    if isinstance(error, exceptions.DownloadFailedError):
        return (outcomes.TLS_FAILED if _is_tls(error) else outcomes.CONNECTION_FAILED), detail
    return outcomes.outcome(outcomes.BAD_RESPONSE, type(error).__name__), detail


def _ignored(reason: str) -> str:
    """Scrapy raises the bare IgnoreRequest for three reasons, told apart by what it says."""
    if "robots.txt" in reason:
        return outcomes.REFUSED_ROBOTS
    if "max redirections" in reason:
        return outcomes.outcome(outcomes.BAD_RESPONSE, "too_many_redirects")
    return outcomes.TOO_LARGE


def _is_tls(error: BaseException) -> bool:
    reasons = getattr(error.__cause__, "reasons", [])
    causes = [error.__cause__, *(getattr(reason, "value", None) for reason in reasons)]
    return any(isinstance(cause, SSL.Error) for cause in causes)
