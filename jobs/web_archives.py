"""The archives of the web, as the configuration names them."""

from __future__ import annotations

from urllib.parse import urlsplit

from archive.catalog import Catalog
from crawler.common_crawl import CommonCrawl
from crawler.pace import SharedPace
from crawler.polite_client import PoliteClient
from crawler.wayback import Wayback
from crawler.web_archives import WebArchive
from jobs.config import Config


def web_archive(config: Config, catalog: Catalog, name: str) -> WebArchive:
    """The archive of this name, one of `archive.backfills.WEB_ARCHIVES`; all who share the catalog share its pace."""
    rules = config.web_archives

    def client(server: str) -> PoliteClient:
        per_minute = rules.per_minute(name)
        pace = SharedPace(catalog.hosts, urlsplit(server).netloc, per_minute)
        return PoliteClient(user_agent=config.user_agent, per_minute=per_minute, pace=pace)

    if name == Wayback.name:
        return Wayback(client(rules.wayback_index), cdx=rules.wayback_index, replay=rules.wayback_pages)
    return CommonCrawl(
        client(rules.commoncrawl_index),
        client(rules.commoncrawl_data),
        index_url=rules.commoncrawl_index,
        data_url=rules.commoncrawl_data,
    )
