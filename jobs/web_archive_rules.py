"""The table `web_archives` of the configuration: where archives of the web are asked, and how often."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


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
    wayback_per_minute: float = Field(default=24.0, gt=0)
    """Requests, to both together; the servers bear no more."""
    commoncrawl_index: WebAddress = "https://index.commoncrawl.org"
    """Where `collinfo.json` and the indexes are."""
    commoncrawl_data: WebAddress = "https://data.commoncrawl.org"
    """Where the WARC files are."""
    commoncrawl_per_minute: float = Field(default=60.0, gt=0)
    """Requests to each of these."""

    def per_minute(self, name: str) -> float:
        """Pages that the archive of this name is asked for, one of `archive.backfills.WEB_ARCHIVES`."""
        return self.wayback_per_minute if name == "wayback" else self.commoncrawl_per_minute
