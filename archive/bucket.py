"""Patient calls to one S3 bucket: the only place where boto3 is used.

botocore gives up after a tenth of a second of 503; here a call goes on for minutes, and ends in one of our own errors.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import logging
from functools import cached_property
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from archive.backoff import Backoff, Patience
from archive.bucket_errors import FOREIGN, translate
from archive.errors import StoreError, StoreUnavailable

logger = logging.getLogger(__name__)

_ASKED_FROM = 1 << 20
"""Bytes of an object from which on the store may refuse it before it is sent."""

# At DEBUG botocore logs whole requests, session token included.
logging.getLogger("botocore").setLevel(logging.WARNING)


class Bucket:
    """The objects of bucket `name` whose keys begin with `prefix`.

    Endpoint, region and credentials come from boto3's own chain at the first call.
    """

    def __init__(
        self,
        name: str,
        prefix: str,
        *,
        patience: Patience,
        timeout: float,
        connections: int,
        profile: str | None = None,
    ) -> None:
        """`timeout` is how many seconds a connection may stay silent, `connections` how many are open at once.

        `profile` is one of the AWS configuration files, None for what the chain chooses.
        """
        self.name = name
        self.prefix = prefix
        self._patience = patience
        self._timeout = timeout
        self._connections = connections
        self._profile = profile

    def with_patience(self, patience: Patience) -> Bucket:
        """The same bucket over the same connections, for a caller who waits so long."""
        other = copy.copy(self)
        other._patience = patience
        return other

    @property
    def place(self) -> str:
        """Which bucket at which endpoint, for messages; without credentials."""
        endpoint = urlsplit(self._client.meta.endpoint_url)
        return f"bucket {self.name} at {endpoint.scheme}://{endpoint.netloc}"

    def call(self, action: str, operation: str, key: str | None = None, **arguments: Any) -> dict[str, Any]:
        """The answer to boto3's `operation`, its `Body` read to the end; tried until the patience is over.

        `action` is a key of `bucket_errors.PERMISSIONS`; `key` goes without the prefix. A `Body` to be sent is bytes,
        or seekable and sent from its start; its MD5 goes along (RFC 1864), which stores compare with what arrived.
        """
        backoff = Backoff(self._patience)
        while True:
            try:
                return self.call_once(action, operation, key, **arguments)
            except StoreUnavailable as exc:
                delay = backoff.next_delay(exc.retry_after)
                if delay is None:
                    raise
                logger.warning("%s; trying again in %.1f s", exc, delay)
            self._patience.sleep(delay)

    def call_once(self, action: str, operation: str, key: str | None = None, **arguments: Any) -> dict[str, Any]:
        """As `call`, with a single try."""
        if key is not None:
            arguments["Key"] = self.prefix + key
        if "Body" in arguments:
            arguments["ContentMD5"] = _content_md5(arguments["Body"])
        try:
            reply: dict[str, Any] = getattr(self._client, operation)(Bucket=self.name, **arguments)
            if "Body" in reply:
                reply["Body"] = reply["Body"].read()
        except FOREIGN as exc:
            raise translate(exc, action=action, key=key, place=self.place) from exc
        return reply

    @cached_property
    def _client(self) -> Any:
        config = Config(
            retries={"total_max_attempts": 1},
            connect_timeout=min(10.0, self._timeout),
            read_timeout=self._timeout,
            max_pool_connections=self._connections,
            # Trailing checksums break older stores, and some keep them inside the object.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        try:
            # A session of its own: boto3's default one is not thread-safe.
            client = boto3.session.Session(profile_name=self._profile).client("s3", config=config)
        except FOREIGN as exc:
            raise translate(exc, action="read", key=None, place=f"bucket {self.name}") from exc
        except ValueError as exc:
            raise StoreError(f"bucket {self.name}: {exc}; correct AWS_ENDPOINT_URL_S3") from exc
        client.meta.events.register_last("before-call.s3", _send_at_once)
        if "@" in urlsplit(client.meta.endpoint_url).netloc:
            raise StoreError(f"bucket {self.name}: take the credentials out of the endpoint in AWS_ENDPOINT_URL_S3")
        return client


def _send_at_once(params: dict[str, Any], **_: Any) -> None:
    """Do not ask whether a small object is welcome (RFC 9110, section 10.1.1): that takes as long as the PUT itself."""
    if int(params["headers"].get("Content-Length", 0)) <= _ASKED_FROM:
        params["headers"].pop("Expect", None)


def _content_md5(body: BinaryIO | bytes) -> str:
    digest = hashlib.md5(body if isinstance(body, bytes) else b"", usedforsecurity=False)
    if not isinstance(body, bytes):
        body.seek(0)
        while block := body.read(1 << 20):
            digest.update(block)
        body.seek(0)
    return base64.b64encode(digest.digest()).decode()
