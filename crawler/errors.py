"""What can go wrong while crawling.

    CrawlerError
    ├── ProfileError    a site profile cannot be used
    ├── InvalidUrl      not a URL that we fetch (crawler/urls.py)
    ├── SourceError     a feed, sitemap or section page cannot be read (crawler/announced.py)
    ├── Undecodable     a body cannot be decoded (crawler/payload.py)
    ├── WebArchiveError a web archive does not answer, or not as it should
    ├── NoWorkers       the machine lets no extraction worker start
    └── ExtractionFailed        a page gives no article
        └── NotAnArticle        because it is none

What goes wrong with a single page becomes its outcome in the end, see archive/outcomes.py.
"""

from __future__ import annotations


class CrawlerError(Exception):
    """Raised when the crawler cannot use what it was given; do not retry, correct what the message names."""


class ProfileError(CrawlerError):
    """Raised when a site profile is missing or wrong; the message names the file, the key and the reason."""


class WebArchiveError(CrawlerError):
    """Raised when a web archive stays away or refuses us; the message names the address; retry later."""


class NoWorkers(CrawlerError):
    """Raised when no extraction worker can be started; no page is to blame, so retry when the machine is mended."""


class ExtractionFailed(CrawlerError):
    """Raised when a page cannot be extracted; trying again changes nothing, another version of the rules may.

    `reason` is a slug: `empty`, `not_html`, `too_deep`, `too_large`, `too_many_elements`, `undecodable`, `timeout`,
    `out_of_memory`, `worker_died`, or one of NotAnArticle's.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotAnArticle(ExtractionFailed):
    """Raised when a page is plainly no article.

    `reason` is `listing` or `no_text`, or names the wall that stands in place of a text: `captcha`, `consent`, `login`,
    `paywall`.
    """
