"""The files that `presskeep init` writes: the configuration, and a site profile to learn from."""

from __future__ import annotations

import json


def configuration(*, archive: str, contact: str) -> str:
    """The text of a `presskeep.toml`; both values are printable."""
    return _CONFIGURATION.format(archive=_toml(archive), contact=_toml(contact))


def _toml(value: str) -> str:
    # A JSON string without control characters is a basic string of TOML too.
    return json.dumps(value, ensure_ascii=False)


_CONFIGURATION = """\
# presskeep: where the archive lies, and how this machine works for it. `presskeep doctor` tells whether all is well.
# A line that begins with # and no blank shows a setting and its default. Relative paths begin at this file's folder.
# Endpoint, region and credentials of a bucket do not belong here: set the AWS_* variables, or a profile in ~/.aws.

# The archive: s3://bucket/prefix, or file:///absolute/path.
archive = {archive}

# Who answers for the crawl: the address of a web page or a mailbox. Every request carries it in its user agent, so that
# the people who run a site can reach you instead of locking you out.
contact = {contact}

# Where site profiles lie: files, folders, or builtin:NAME for one that comes with presskeep, such as builtin:rudaw.
#sites = ["sites"]

# What the archive holds, as a database. It can be made again from the archive.
#catalog = "sqlite:///data/catalog.sqlite"

# Where captures wait until they are safe in the archive; on a disk that survives a restart.
#spool = "data/spool"
# Megabytes that may wait there before fetching pauses.
#spool_mb = 2000
# The index of `presskeep search`; it can be made again at any time.
#search_index = "data/search"

# Sites are connected to at public addresses only. Networks of your own that may be connected to as well.
#allow_networks = []

# Lines of the log: text or json.
#log_format = "text"

# Whom to tell when something is wrong with a site, see docs/operate.md, and how many minutes apart at least.
#notify = []
#notify_minutes = 30

# How `presskeep schedule` and `presskeep crawl --due` carry out the schedules of sites.
#[schedule]
# Crawl processes at once, and sites that one of them crawls at most.
#processes = 2
#sites_per_process = 50
# After so many minutes a run is told to commit what it has; so it is when its process has taken so many megabytes.
#run_minutes = 240
#memory_mb = 2048
# A run begins up to so many seconds after its time.
#jitter = 30
# When to verify and clean up (UTC).
#housekeeping = "43 3 * * *"

# How large `presskeep compact` makes batches: megabytes of pages, megabytes of articles, pages.
#[compact]
#warc_mb = 256
#parquet_mb = 16
#captures = 20_000
# Whether housekeeping does it for months that are over.
#scheduled = true

# What the store costs, for the plan of a backfill: a gigabyte for a month, a thousand objects written.
#[prices]
#currency = "USD"
#gigabyte_month = 0.023
#put_thousand = 0.005

# Where backfills and imports ask archives of the web, and how often a minute.
#[web_archives]
#wayback_index = "https://web.archive.org/cdx/search/cdx"
#wayback_pages = "https://web.archive.org/web"
#wayback_per_minute = 24.0
#commoncrawl_index = "https://index.commoncrawl.org"
#commoncrawl_data = "https://data.commoncrawl.org"
#commoncrawl_per_minute = 60.0
"""

SITE_PROFILE = r"""# A site profile: what presskeep knows of a site. Each site has a file; this one is a sample.
# A line that begins with # and no blank shows a key that may be left out. Write regexes in single quotes.

# Used in commands and object keys: lower-case letters, digits, hyphens.
name = "example"
# The site's own name; it is also taken off the end of page titles.
title = "Example News"
# Hosts that its articles stand on. Twins such as m. and amp. need not be listed.
hosts = ["www.example.org"]
# Time zone of dates that name none, and of the schedule.
#timezone = "Europe/Berlin"
# Language of pages that do not name theirs (BCP 47).
#language = "en"
# When to crawl, as a crontab line: minute hour day month weekday.
#schedule = "17 * * * *"
# How long articles with their pages, and pages, are kept from when they were fetched: such as 90d, 18m, 2y, forever.
#keep = "forever"
#keep_raw = "2y"

# Where articles are announced. One good source is enough.
[sources]
feeds = ["https://www.example.org/feed.xml"]
#sitemaps = ["https://www.example.org/news-sitemap.xml"]
# Pages whose links are searched for articles, and how many pages of each list to follow.
#sections = ["https://www.example.org/politics"]
#section_pages = 1
# Lists of articles in JSON, by the paths of the list and of the URL in an item.
#listings = [{url = "https://www.example.org/api/news?page={page}", items = "articles", link = "url"}]
# Whether to look for sources that are not named here; by default where none is.
#discover = true
# Article addresses that hold their day, for backfills.
#dated = ["https://www.example.org/{yyyy}/{mm}/{dd}/{n}"]

# Which URLs are articles: on one of the hosts, found by an include and by no exclude.
[articles]
#include = ['/\d{4}/\d{2}/[^/]+$']
#exclude = ['/(video|gallery)/']

# One name for an article that stands at several addresses: regex = replacement.
#[articles.rewrite]
#'/(politics|world)/(\d+)$' = '/-/\2'

# Help for extraction where it goes wrong without; CSS selectors.
[extract]
#title = "h1.headline"
#body = "div.article-body"
#authors = "a[rel=author]"
#date = "time.published"
# Order of numeric dates: DMY, MDY or YMD. Without it an ambiguous date is not used.
#date_order = "DMY"
# The date in the URL.
#url_date = '/(?P<year>\d{4})/(?P<month>\d{2})/(?P<day>\d{2})/'
# Elements taken out first.
#drop = ["aside", ".newsletter"]
# The text ends before a line that is this; lines that are this are taken out.
#stop_at = ['Read more:.*']
#drop_lines = ['Share this( article)?']

# Editions in several languages: regex searched in the URL = language.
#[extract.languages]
#'^https://www\.example\.org/de/' = "de"

# How politely to fetch: seconds between two requests to a host, and how many at once.
[fetch]
#delay = 1.0
#concurrency = 1
# The longest Crawl-delay of robots.txt that is kept, in seconds.
#max_crawl_delay = 30.0
# Requests that one run, and all runs of a day, may send.
#requests_per_run = 500
#requests_per_day = 2000
# False takes any certificate, even one that has expired.
#verify_tls = true
# Ages after first sight at which an article is fetched again.
#recheck = ["1h", "6h", "1d", "7d", "30d"]
"""
