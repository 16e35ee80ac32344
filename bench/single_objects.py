"""All objects below a prefix of a bucket as one JSON Lines file: boto3, 32 threads, as one would write it by hand.

python -m bench.single_objects BUCKET PREFIX FILE
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import boto3
from botocore.config import Config

_THREADS = 32
_AT_ONCE = 1000


def main(bucket: str, prefix: str, path: str) -> None:
    """Fetch them all."""
    client = boto3.session.Session().client("s3", config=Config(max_pool_connections=_THREADS))

    def keys() -> Iterator[str]:
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for entry in page.get("Contents", ()):
                yield entry["Key"]

    def body(key: str) -> bytes:
        data: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
        return data

    rest = keys()
    with Path(path).open("wb") as file, ThreadPoolExecutor(_THREADS) as pool:
        while some := list(islice(rest, _AT_ONCE)):
            file.writelines(data + b"\n" for data in pool.map(body, some))


if __name__ == "__main__":
    main(*sys.argv[1:])
