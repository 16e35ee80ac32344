"""What is kept and how: `archive.open` reads an archive by its address, see archive/public.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archive.public import Archive


def open(url: str) -> Archive:
    """The archive at `s3://bucket/prefix` or `file:///path`, for reading; StoreError if that is no such address.

    It needs neither catalog nor configuration, and only `s3:GetObject` and `s3:ListBucket`. Endpoint, region and
    credentials come from the chain that all AWS tools share. Nothing is fetched yet.
    """
    # pyarrow and boto3 take a second to import, and every module of this package comes through here.
    from archive.public import Archive
    from archive.store import open_store

    return Archive(open_store(url))
