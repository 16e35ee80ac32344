"""The settings module that scrapy.cfg names: safe defaults plus what presskeep.toml says.

Without a configuration Scrapy's own commands still work; a crawl then says that the configuration is missing.
"""

from __future__ import annotations

import sys

from crawler.errors import CrawlerError
from crawler.settings import *  # noqa: F403 - a Scrapy settings module is its names
from jobs.config import find_config, load_config
from jobs.crawl_settings import crawl_settings
from jobs.errors import JobsError, MissingConfig

try:
    globals().update(crawl_settings(load_config(find_config(None))))
except MissingConfig:
    pass
except (JobsError, CrawlerError) as exc:
    sys.exit(f"presskeep: {exc}")
