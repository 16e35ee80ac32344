"""Outcomes: what became of a URL, as a short reason that can be counted.

An outcome is one of the names below, for failures followed by `:` and the particular reason where there is one
(`extract_failed:timeout`). Each URL met in a run ends in exactly one.

    archived           a new article, or a new revision of one, is safe
    unchanged          fetched, and its text is the one we hold; of a source, its list
    doubtful:…         fetched, and not taken over: a paywall, a consent wall … stands where we hold a better text
    removed:…          an article of ours is gone from the site: `http_404`, `http_410`, or `redirect` to a front page
    known              held already and not due; not fetched. Of a sitemap: its index says that it has not changed
    redirected         led to another address; that one has its own outcome
    retried            the server failed and the request was repeated
    listed             a feed, sitemap, section page or robots.txt, read
    not_article:…      a page, but not an article
    extract_failed:…   a page whose text could not be extracted; the raw page is kept
    wrong_type:…       not HTML
    http_NNN           the server answered with that status
    put_off:…          not fetched in this run, because its host rests, its robots.txt is ill, or the budget is spent
    refused_robots     robots.txt forbids it
    refused_url:…      not a URL that we fetch
    refused_address    its host has no public address
    offsite            redirected to a host that is not the site's
    too_large          larger than the download cap
    timeout, dns_failed, connection_failed, tls_failed, bad_response   the exchange failed
    source_failed:…    a feed, sitemap or section page that could not be read
    source_empty       a feed, sitemap or section page without entries
    hint_failed:…      a feed that a page names and the profile does not, with the outcome that it had
    interrupted        the run ended before it was fetched
    taken_down         not fetched, or not taken up: `presskeep remove` has removed it
    expired            archived once; the retention of its site has let its text and page go
    lost               fetched once, but `presskeep repair` found its raw page gone from the archive
"""

from __future__ import annotations

ARCHIVED = "archived"
UNCHANGED = "unchanged"
DOUBTFUL = "doubtful"
REMOVED = "removed"
KNOWN = "known"
REDIRECTED = "redirected"
RETRIED = "retried"
LISTED = "listed"
NOT_ARTICLE = "not_article"
EXTRACT_FAILED = "extract_failed"
WRONG_TYPE = "wrong_type"
PUT_OFF = "put_off"
REFUSED_ROBOTS = "refused_robots"
REFUSED_URL = "refused_url"
REFUSED_ADDRESS = "refused_address"
OFFSITE = "offsite"
TOO_LARGE = "too_large"
TIMEOUT = "timeout"
DNS_FAILED = "dns_failed"
CONNECTION_FAILED = "connection_failed"
TLS_FAILED = "tls_failed"
BAD_RESPONSE = "bad_response"
SOURCE_FAILED = "source_failed"
SOURCE_EMPTY = "source_empty"
HINT_FAILED = "hint_failed"
INTERRUPTED = "interrupted"
TAKEN_DOWN = "taken_down"
EXPIRED = "expired"
LOST = "lost"

_GOOD = frozenset(
    {
        *(ARCHIVED, UNCHANGED, DOUBTFUL, REMOVED, KNOWN, REDIRECTED, RETRIED, LISTED, TAKEN_DOWN, EXPIRED),
        # Pages name feeds that are long gone.
        HINT_FAILED,
    }
)


def outcome(name: str, reason: str = "") -> str:
    """The outcome of that name with its particular reason."""
    return f"{name}:{reason}" if reason else name


def name_of(value: str) -> str:
    """The outcome's name without its particular reason."""
    return value.partition(":")[0]


def failed(value: str) -> bool:
    """Whether the URL did not give what was hoped for; `not_article` counts as failed."""
    return name_of(value) not in _GOOD
