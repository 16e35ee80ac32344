"""News sites on loopback, for tests, the demo and benches.

    with Newsroom(load_sites(PAGES)) as newsroom:
        newsroom.base_urls["rudaw"]      # http://127.0.1.8:40123
        newsroom.profile("rudaw")        # the site profile, as TOML
        newsroom.log                     # every request answered so far

`python -m tests.newsroom` serves the same sites from a shell. Every page under `pages/` was written for this purpose
(the article of 4 December 2023 apart, all events are invented); beside it `NAME.expected.json` says what a careful
reader would keep of it. Any other folder of HTML files can be served too, see `load_site`.
"""

from tests.newsroom.faults import BROKEN_SITEMAP, EMPTY_FEED, HTML_FEED, PDF, Fault
from tests.newsroom.newsroom import Newsroom
from tests.newsroom.requestlog import LoggedRequest
from tests.newsroom.site import PAGES, Page, Site, load_site, load_sites

__all__ = [
    "BROKEN_SITEMAP",
    "EMPTY_FEED",
    "HTML_FEED",
    "PAGES",
    "PDF",
    "Fault",
    "LoggedRequest",
    "Newsroom",
    "Page",
    "Site",
    "load_site",
    "load_sites",
]
