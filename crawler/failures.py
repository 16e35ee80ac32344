"""From Scrapy's exceptions to outcomes."""

from __future__ import annotations

from OpenSSL import SSL
from scrapy import exceptions
from scrapy.spidermiddlewares.httperror import HttpError
from service_identity import VerificationError
from twisted.internet.error import ConnectError, TCPTimedOutError
from twisted.python.failure import Failure

from archive import outcomes
from archive.errors import ArchiveError
from crawler.budget import PutOff
from crawler.download_handler import HeadTooLarge
from crawler.downloader import ABANDONED
from crawler.resolver import RefusedAddress
from crawler.robots import RefusedByRobots, RobotsUnavailable
from crawler.sources import Source


class OffsiteRedirect(exceptions.IgnoreRequest):
    """Raised when a page leads to a host that is not its site's; do not retry."""


class RemovedByRedirect(exceptions.IgnoreRequest):
    """Raised when an article of ours leads to a front page of its site; do not retry."""


class FrontPageRedirect(exceptions.IgnoreRequest):
    """Raised when the address of an article that we do not hold leads to a front page of its site; do not retry."""


_OUTCOMES: tuple[tuple[type[BaseException], str], ...] = (
    (ABANDONED, outcomes.INTERRUPTED),
    # Fetched, but it could not be kept.
    (ArchiveError, outcomes.INTERRUPTED),
    (OffsiteRedirect, outcomes.OFFSITE),
    (RefusedAddress, outcomes.REFUSED_ADDRESS),
    (RefusedByRobots, outcomes.REFUSED_ROBOTS),
    (RobotsUnavailable, outcomes.outcome(outcomes.PUT_OFF, "robots")),
    (RemovedByRedirect, outcomes.outcome(outcomes.REMOVED, "redirect")),
    (FrontPageRedirect, outcomes.outcome(outcomes.NOT_ARTICLE, "redirect")),
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
    assert failure.value is not None  # noqa: S101 - it has an exception
    return _outcome(failure.value)


def source_outcome(source: Source, outcome: str) -> str:
    """The outcome of a source that could not be read; that of a mere hint is no failure."""
    passing = outcomes.name_of(outcome) in (outcomes.PUT_OFF, outcomes.INTERRUPTED)
    return outcomes.outcome(outcomes.HINT_FAILED, outcome) if source.hinted and not passing else outcome


def _outcome(error: BaseException) -> tuple[str, str]:
    detail = " ".join(str(error).split())
    if isinstance(error, RobotsUnavailable) and (cause := error.__cause__) is not None:
        return _outcome(cause)[0], detail
    if isinstance(error, PutOff):
        return outcomes.outcome(outcomes.PUT_OFF, error.reason), detail
    if isinstance(error, HttpError):
        return f"http_{error.response.status}", ""
    for kind, outcome in _OUTCOMES:
        if isinstance(error, kind):
            return outcome, detail
    if isinstance(error, exceptions.IgnoreRequest):
        return _ignored(detail), detail
    if isinstance(error, exceptions.DownloadFailedError):
        return _connection(error), detail
    return outcomes.outcome(outcomes.BAD_RESPONSE, type(error).__name__), detail


def _ignored(reason: str) -> str:
    """Scrapy raises the bare IgnoreRequest for two reasons, told apart by what it says."""
    if "max redirections" in reason:
        return outcomes.outcome(outcomes.BAD_RESPONSE, "too_many_redirects")
    return outcomes.TOO_LARGE


def _connection(error: BaseException) -> str:
    reasons = getattr(error.__cause__, "reasons", [])
    for cause in (error.__cause__, *(getattr(reason, "value", None) for reason in reasons)):
        # The certificate of another host is an error of a library of its own.
        if isinstance(cause, SSL.Error | VerificationError):
            return outcomes.TLS_FAILED
        if isinstance(cause, HeadTooLarge):
            return outcomes.TOO_LARGE
    return outcomes.CONNECTION_FAILED
