"""The table `web_archives` of the configuration: where archives of the web are asked, and how often."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from crawler.common_crawl import CommonCrawl
from crawler.polite_client import PoliteClient
from crawler.wayback import PER_MINUTE, Wayback
from crawler.web_archives import WebArchive


def _web_address(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("must be an absolute http or https URL")
    return value.rstrip("/")


WebAddress = Annotated[str, AfterValidator(_web_address)]


class WebArchiveRules(BaseModel):
    """Addresses of the servers; others may speak like them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    wayback_index: WebAddress = "https://web.archive.org/cdx/search/cdx"
    """The CDX server."""
    wayback_pages: WebAddress = "https://web.archive.org/web"
    """What stands before the time in the address of a capture."""
    wayback_per_minute: float = Field(default=PER_MINUTE, gt=0)
    """Requests, to both together."""
    commoncrawl_index: WebAddress = "https://index.commoncrawl.org"
    """Where `collinfo.json` and the indexes are."""
    commoncrawl_data: WebAddress = "https://data.commoncrawl.org"
    """Where the WARC files are."""
    commoncrawl_per_minute: float = Field(default=60.0, gt=0)
    """Requests to each of these."""

    def per_minute(self, name: str) -> float:
        """Pages that this archive is asked for."""
        return self.wayback_per_minute if name == Wayback.name else self.commoncrawl_per_minute

    def archive(self, name: str, user_agent: str) -> WebArchive:
        """The archive of this name, see archive/backfills.py."""
        client = PoliteClient(user_agent=user_agent, per_minute=self.per_minute(name))
        if name == Wayback.name:
            return Wayback(client, cdx=self.wayback_index, replay=self.wayback_pages)
        data = PoliteClient(user_agent=user_agent, per_minute=self.per_minute(name))
        return CommonCrawl(client, data, index_url=self.commoncrawl_index, data_url=self.commoncrawl_data)
