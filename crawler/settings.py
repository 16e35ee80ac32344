"""Scrapy settings: polite and safe by default.

The PRESSKEEP_* settings say where things lie; jobs/scrapy_settings.py fills them in from presskeep.toml.
"""

from __future__ import annotations

import os
from importlib.metadata import version

from crawler.profile import SiteProfile

BOT_NAME = "presskeep"
SPIDER_MODULES = ["crawler.spiders"]
USER_AGENT = f"presskeep/{version('presskeep')}"
ROBOTSTXT_USER_AGENT = "presskeep"

# Where things lie.
PRESSKEEP_ARCHIVE = ""
PRESSKEEP_CATALOG = ""
PRESSKEEP_SPOOL = ""
PRESSKEEP_SPOOL_MB = 2000  # megabytes at which fetching pauses
PRESSKEEP_PROFILES: dict[str, SiteProfile] = {}
PRESSKEEP_RUN = ""
PRESSKEEP_COMMAND = "scrapy"
PRESSKEEP_ALLOW_NETWORKS: list[str] = []  # not public, but may be connected to
PRESSKEEP_CLOCK = "crawler.clock.now"  # what gives the time, aware UTC: a function or where it is
PRESSKEEP_HEALTH = None  # an object that judges the sites of a run, see crawler/run_report.py
PRESSKEEP_EXTRACTION_WORKERS = min(os.cpu_count() or 1, 8)
PRESSKEEP_EXTRACTION_DEADLINE = 30.0  # seconds a page
PRESSKEEP_EXTRACTION_MEMORY = 2 * 1024**3  # bytes of address space a worker

PRESSKEEP_FIRST_REST = 5.0  # seconds that a busy host gets which does not say how long

# Our own parts.
SCHEDULER = "crawler.scheduler.PausingScheduler"
SCHEDULER_PRIORITY_QUEUE = "crawler.frontier.FairQueue"
DOWNLOADER = "crawler.downloader.PromptDownloader"
EXTENSIONS = {
    "crawler.archiving.Archiving": 100,
    "crawler.traffic.Traffic": 100,
    "scrapy.extensions.memusage.MemoryUsage": None,
    "crawler.memory.SessionMemoryUsage": 0,
    "scrapy.extensions.throttle.AutoThrottle": None,
    "crawler.throttle.SiteThrottle": 0,
    "scrapy.extensions.feedexport.FeedExporter": None,
}
DOWNLOADER_MIDDLEWARES = {
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "crawler.robots.RobotsMiddleware": 100,
    "crawler.middlewares.OffsiteRedirectMiddleware": 90,
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
    "crawler.middlewares.SourceDecodingMiddleware": 590,
    "crawler.hosts.HostsMiddleware": 940,
    "crawler.middlewares.RevisitMiddleware": 945,
    "crawler.middlewares.RecordingMiddleware": 950,
}
ITEM_PIPELINES = {
    "crawler.pipelines.ExtractionPipeline": 300,
    "crawler.pipelines.ArchivePipeline": 800,
}

# Polite. Hosts with a profile have their own slot; these are for all others.
ROBOTSTXT_OBEY = True
DOWNLOAD_DELAY = 1.0
CONCURRENT_REQUESTS_PER_DOMAIN = 1
# What bounds the requests under way is each host's own concurrency: see crawler/frontier.py.
CONCURRENT_REQUESTS = 256
# Nor do pages that wait for extraction hold up any host but their own: see crawler/backlog.py.
SCRAPER_SLOT_MAX_ACTIVE_SIZE = 2**40
# A page yields one item; Scrapy starts so many tasks for every response, and its hundred cost 5 ms a page.
CONCURRENT_ITEMS = 1
AUTOTHROTTLE_ENABLED = True
RETRY_TIMES = 2
# The page's outcome says it too.
RETRY_GIVE_UP_LOG_LEVEL = "INFO"
REDIRECT_MAX_TIMES = 8
COOKIES_ENABLED = False
REFERRER_POLICY = "no-referrer"

# Only gzip, because other tools that replay the archive undo nothing else everywhere; no language, because the
# publisher's own choice for its readers is what the archive is to show.
DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Encoding": "gzip",
}

# Safe.
DOWNLOAD_VERIFY_CERTIFICATES = True
DOWNLOAD_TIMEOUT = 60
DOWNLOAD_MAXSIZE = 16 * 1024**2
DOWNLOAD_WARNSIZE = 0
# What came of a body that was cut short is kept too; crawler/middlewares.py sees to it that it is no article.
DOWNLOAD_FAIL_ON_DATALOSS = False
# Names are looked up in these threads; a few that nobody answers for must not hold up the others.
REACTOR_THREADPOOL_MAXSIZE = 32
TWISTED_DNS_RESOLVER = "crawler.resolver.GuardedResolver"
DOWNLOAD_HANDLERS = {
    "http": "crawler.download_handler.GuardedHandler",
    "https": "crawler.download_handler.GuardedHandler",
    **dict.fromkeys(("data", "file", "ftp", "s3")),
}
METAREFRESH_ENABLED = False
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
MEMUSAGE_CHECK_INTERVAL_SECONDS = 15.0
# A page may be large and still be one URL; the spider settles each URL itself and filters duplicates itself.
DUPEFILTER_CLASS = "scrapy.dupefilters.BaseDupeFilter"
HTTPERROR_ALLOW_ALL = False

# Quiet.
LOG_LEVEL = "INFO"
STATS_DUMP = False
TWISTED_REACTOR = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"
