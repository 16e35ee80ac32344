"""How an object gets into a bucket: in one piece or in parts, with all the guards that the store knows.

The guards are `If-None-Match: *`, so that nothing is overwritten, and `x-amz-checksum-sha256`, beside the Content-MD5
that every write carries (some stores that verify signatures do not compare the body with the digest that was signed). A
store that objects to one of the guards is written to without it from then on.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import io
import logging
from collections.abc import Iterator
from typing import Any, BinaryIO

from archive.bucket import Bucket
from archive.bucket_errors import NotUnderstood
from archive.errors import ObjectMissing, StoreError

logger = logging.getLogger(__name__)

_CONDITION = "IfNoneMatch"
_CHECKSUM = "ChecksumSHA256"


class Uploads:
    """Writes to one bucket."""

    def __init__(self, bucket: Bucket, *, part_size: int, multipart_from: int, small: int) -> None:
        """Of objects of up to `small` bytes the ETag is believed; sizes are in bytes."""
        self._bucket = bucket
        self._part_size = part_size
        self._multipart_from = multipart_from
        self._small = small
        self._unknown: set[str] = set()

    def with_bucket(self, bucket: Bucket) -> Uploads:
        """The same, through another view of the bucket."""
        other = copy.copy(self)
        other._bucket = bucket
        return other

    @property
    def conditional(self) -> bool:
        """Whether writes carry `If-None-Match: *`."""
        return _CONDITION not in self._unknown

    @property
    def with_checksum(self) -> bool:
        """Whether writes carry `x-amz-checksum-sha256`."""
        return _CHECKSUM not in self._unknown

    def ignores_condition(self) -> None:
        """The store overwrites all the same, or does not know the header: leave it out."""
        self._unknown.add(_CONDITION)

    def upload(self, key: str, source: BinaryIO, size: int, sha256: str) -> bool:
        """Write an object; whether the store's answer proves that it holds these very bytes.

        ObjectConflict, or ObjectMissing for one in parts, when there is such an object already.
        """
        guards = {_CONDITION: "*"}
        described = {"Metadata": {"sha256": sha256}}
        if size < self._multipart_from:
            source.seek(0)
            body = source.read() if size <= self._small else source
            checksum = {_CHECKSUM: base64.b64encode(bytes.fromhex(sha256)).decode()}
            reply = self._send("put_object", key, checksum | guards, Body=body, ContentLength=size, **described)
            return isinstance(body, bytes) and _etag(reply) == hashlib.md5(body, usedforsecurity=False).hexdigest()
        upload = self._bucket.call("write", "create_multipart_upload", key, **described)["UploadId"]
        try:
            parts = {"Parts": list(self._send_parts(key, upload, source))}
            self._send("complete_multipart_upload", key, guards, UploadId=upload, MultipartUpload=parts)
        except BaseException:
            self._abandon(key, upload)
            raise
        return False

    def _abandon(self, key: str, upload: str) -> None:
        try:
            self._bucket.call_once("discard an unfinished upload of", "abort_multipart_upload", key, UploadId=upload)
        except ObjectMissing:
            logger.info("%s: its upload is finished or gone", key)
        except StoreError as exc:
            logger.warning("%s; it takes space until it is discarded", exc)

    def _send_parts(self, key: str, upload: str, source: BinaryIO) -> Iterator[dict[str, Any]]:
        source.seek(0)
        number = 1
        while part := source.read(self._part_size):
            reply = self._bucket.call(
                "write", "upload_part", key, UploadId=upload, PartNumber=number, Body=io.BytesIO(part)
            )
            yield {"PartNumber": number, "ETag": reply["ETag"]}
            number += 1

    def _send(self, operation: str, key: str, guards: dict[str, str], **arguments: Any) -> dict[str, Any]:
        """Write with all the guards that the store knows, left out one by one, in their order, where it objects."""
        guards = {name: value for name, value in guards.items() if name not in self._unknown}
        refused: list[str] = []
        while True:
            try:
                reply = self._bucket.call("write", operation, key, **arguments, **guards)
                break
            except NotUnderstood:
                if not guards:
                    raise
                refused.append(next(iter(guards)))
                del guards[refused[-1]]
        for name in refused:
            self._unknown.add(name)
            logger.warning("%s: does not know %s; going on without it", self._bucket.place, name)
        return reply


def _etag(reply: dict[str, Any]) -> str:
    tag: str = reply.get("ETag", "")
    return tag.strip('"')
