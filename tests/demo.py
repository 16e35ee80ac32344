"""`make demo`: the main job, end to end, on this machine alone.

A newsroom of invented sites and a real S3 server (SeaweedFS) run on loopback; every other line is what a user would
type. With `--keep` both servers stay until Ctrl-C, so that one can go on typing.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from tests.newsroom import PAGES, Newsroom, load_sites
from tests.seaweed import Seaweed

FOLDER = Path("demo-data")
BUCKET = "press"

_FURTHER = f"""Look further: {FOLDER}/articles.jsonl holds every article with its metadata.
`make demo KEEP=1` leaves the servers running, so that you can type commands of your own.
README.md tells how to begin with a real site."""


def main() -> None:
    """Run the demo in ./demo-data, which is emptied first."""
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the servers running until Ctrl-C")
    keep = parser.parse_args().keep
    begun = time.monotonic()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    with Seaweed(FOLDER.resolve() / "s3") as s3, Newsroom(load_sites(PAGES), process=True) as newsroom:
        s3.create_bucket(BUCKET)
        _say(f"{len(newsroom.sites)} news sites and an S3 server are up. An archive needs a config and site profiles:")
        presskeep = _Typist(s3.environment())
        presskeep("init", "--archive", f"s3://{BUCKET}/news", "--contact", "https://presskeep.example/crawler")
        (FOLDER / "sites" / "example.toml").unlink()
        with (FOLDER / "presskeep.toml").open("a", encoding="utf-8") as config:
            # The newsroom stands on this machine, where no public address leads.
            config.write('allow_networks = ["127.0.0.0/8"]\n')
        for name in newsroom.sites:
            (FOLDER / "sites" / f"{name}.toml").write_text(newsroom.profile(name), encoding="utf-8")
        _say("Crawl all sites: find what they announce, fetch it, clean it, archive it.")
        presskeep("crawl", "--all")
        _say("Crawl again: nothing is fetched twice.")
        before = _article_requests(newsroom)
        presskeep("crawl", "--all")
        again = _article_requests(newsroom) - before
        print(f"requests for article pages, by the sites' own logs: {before} first, {again} now")
        _say("One article as a reader would like it:")
        presskeep("show", newsroom.base_urls["rudaw"] + "/english/middleeast/iraq/04122023")
        _say("What lies in the bucket, seen with boto3: raw pages (WARC), articles (Parquet), manifests (JSON).")
        _list_bucket(s3)
        presskeep("status")
        _say("Download the archive:")
        presskeep("download", "articles.jsonl", "--format", "jsonl")
        print(f"\ndone in {time.monotonic() - begun:.0f} s")
        if keep:
            _wait(presskeep)
        else:
            print(_FURTHER)


class _Typist:
    """Types commands into the demo folder's shell and shows them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)

    def __call__(self, *arguments: str) -> None:
        print(f"\n$ presskeep {shlex.join(arguments)}", flush=True)
        subprocess.run(
            [sys.executable, "-m", "jobs.cli", *arguments],
            cwd=FOLDER,
            env={**os.environ, **self.environment},
            check=True,
        )


def _say(text: str) -> None:
    print(f"\n== {text}", flush=True)


def _article_requests(newsroom: Newsroom) -> int:
    articles = {(site.name, page.path) for site in newsroom.sites.values() for page in site.articles}
    return sum((request.site, request.path) in articles for request in newsroom.log)


def _list_bucket(s3: Seaweed) -> None:
    objects = s3.client().list_objects_v2(Bucket=BUCKET)["Contents"]
    for entry in objects:
        print(f"{entry['Size']:>9}  {entry['Key']}")
    print(f"{sum(entry['Size'] for entry in objects):>9}  bytes in {len(objects)} objects")


def _wait(presskeep: _Typist) -> None:
    print(f"\nIn another terminal, go on in {FOLDER.resolve()} with:")
    for name, value in presskeep.environment.items():
        print(f"export {name}={shlex.quote(value)}")
    print("Ctrl-C here ends the servers.", flush=True)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    main()
