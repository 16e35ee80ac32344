"""The archives of the web, as the configuration names them."""

from __future__ import annotations

from crawler.common_crawl import CommonCrawl
from crawler.polite_client import PoliteClient
from crawler.wayback import Wayback
from crawler.web_archives import WebArchive
from jobs.config import Config


def web_archive(config: Config, name: str) -> WebArchive:
    """The archive of this name, one of `archive.backfills.WEB_ARCHIVES`."""
    rules = config.web_archives

    def client() -> PoliteClient:
        return PoliteClient(user_agent=config.user_agent, per_minute=rules.per_minute(name))

    if name == Wayback.name:
        return Wayback(client(), cdx=rules.wayback_index, replay=rules.wayback_pages)
    return CommonCrawl(client(), client(), index_url=rules.commoncrawl_index, data_url=rules.commoncrawl_data)
