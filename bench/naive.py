"""The script one would write in an afternoon: a Scrapy spider, trafilatura, an object an article.

    python -m bench.naive --bucket NAME --prefix PREFIX SITEMAP_URL…

It is what the pipeline bench compares presskeep with: each part used as its documentation shows, nothing slowed down.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterator
from typing import Any, Self

import boto3
import trafilatura
from scrapy.crawler import Crawler, CrawlerProcess
from scrapy.http import Response
from scrapy.spiders import SitemapSpider

FIELDS = ("title", "author", "date", "sitename", "description", "categories", "tags", "language", "image", "text")


class ArticleSpider(SitemapSpider):
    """Fetches what the sitemaps name and extracts it on the spot."""

    name = "articles"

    def parse(self, response: Response, **kwargs: Any) -> Iterator[dict[str, Any]]:
        """The article on the page, if trafilatura finds one."""
        document = trafilatura.bare_extraction(response.text, url=response.url, with_metadata=True)
        if document is not None:
            yield {"url": response.url, **{field: getattr(document, field) for field in FIELDS}}


class S3Pipeline:
    """Puts each article into the bucket as JSON."""

    def __init__(self, bucket: str, prefix: str) -> None:
        self.bucket = bucket
        self.prefix = prefix
        self.s3 = boto3.client("s3")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Reads BUCKET and PREFIX."""
        return cls(crawler.settings["BUCKET"], crawler.settings["PREFIX"])

    def process_item(self, item: dict[str, Any]) -> dict[str, Any]:
        """Put and pass on."""
        name = hashlib.sha256(item["url"].encode()).hexdigest()
        body = json.dumps(item, ensure_ascii=False).encode()
        self.s3.put_object(Bucket=self.bucket, Key=f"{self.prefix}/{name}.json", Body=body)
        return item


def main() -> None:
    """Crawl the sitemaps named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bucket", required=True)
    parser.add_argument("--prefix", required=True)
    parser.add_argument("sitemaps", nargs="+", metavar="SITEMAP_URL")
    options = parser.parse_args()
    process = CrawlerProcess(
        {
            "BUCKET": options.bucket,
            "PREFIX": options.prefix,
            "ITEM_PIPELINES": {S3Pipeline: 300},
            "ROBOTSTXT_OBEY": True,
            "DOWNLOAD_DELAY": 0,
            "LOG_LEVEL": "INFO",
        }
    )
    process.crawl(ArticleSpider, sitemap_urls=options.sitemaps)
    process.start()


if __name__ == "__main__":
    main()
