"""An archive in an S3-compatible bucket.

A write goes so: read the source through and compare its digest; ask whether the object is there already; PUT it with
`If-None-Match: *`; ask again what is there now. The last answer alone decides, so a reply lost after the write is no
error, and nothing is overwritten even where `If-None-Match` is ignored, unless two writers race. The first question is
left out once the store has refused to write a small object of ours a second time, the last one where the store itself
answers with the MD5 of a small object: that is the ETag of what was put in one piece (Amazon S3, "Common response
headers"). The digest is kept as user metadata `sha256`.
"""

from __future__ import annotations

import copy
import io
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Lock
from typing import Any, BinaryIO

from archive.backoff import Patience
from archive.bucket import Bucket
from archive.bucket_errors import NotUnderstood, PastEnd
from archive.errors import ObjectConflict, ObjectMissing, StoreDenied, StoreError, StoreUnavailable
from archive.object_reader import open_ranged
from archive.objects import (
    KeptVersion,
    Leftover,
    ObjectInfo,
    check_key,
    check_prefix,
    check_range,
    check_source,
    conflict,
    sha256_of,
)
from archive.store_probe import StoreProbe, attempt, probe_calls, probe_key
from archive.uploads import Uploads

MEBIBYTE = 1 << 20

_SMALL = MEBIBYTE
"""Bytes up to which an object is believed to be there by its ETag, and may be sent again, to see that it is refused."""

logger = logging.getLogger(__name__)


class S3Store:
    """One prefix of one bucket. Nothing is sent before the first call."""

    def __init__(
        self,
        bucket: str,
        prefix: str = "",
        *,
        patience: Patience | None = None,
        timeout: float = 60.0,
        connections: int = 16,
        part_size: int = 16 * MEBIBYTE,
        multipart_from: int = 64 * MEBIBYTE,
        profile: str | None = None,
    ) -> None:
        """Objects of `multipart_from` bytes or more go in parts of `part_size` bytes; S3 wants 5 MiB or more each.

        A connection may stay silent for `timeout` seconds; `connections` are open at once. `profile` is one of the AWS
        configuration files, None for what boto3's chain chooses.
        """
        if prefix:
            check_key(prefix)
        self.url = f"s3://{bucket}/{prefix}".rstrip("/")
        self._bucket = Bucket(
            bucket,
            f"{prefix}/" if prefix else "",
            patience=patience or Patience(),
            timeout=timeout,
            connections=connections,
            profile=profile,
        )
        self._uploads = Uploads(self._bucket, part_size=part_size, multipart_from=multipart_from, small=_SMALL)
        self._refuses_overwriting = False
        self._proving = Lock()

    def with_patience(self, patience: Patience) -> S3Store:
        other = copy.copy(self)
        other._bucket = self._bucket.with_patience(patience)
        other._uploads = self._uploads.with_bucket(other._bucket)
        return other

    @property
    def conditional_put(self) -> bool:
        """Whether writes carry `If-None-Match: *`: until the store has refused it, or `probe` saw it ignored."""
        return self._uploads.conditional

    @property
    def checksum_header(self) -> bool:
        """Whether writes carry `x-amz-checksum-sha256`: until the store has refused it."""
        return self._uploads.with_checksum

    def put(self, key: str, source: BinaryIO, *, size: int, sha256: str) -> None:
        check_key(key)
        check_source(source, key, size=size, sha256=sha256)
        there = None if self._refuses_overwriting else self._find(key)
        uploaded = there is None
        if not uploaded or not self._taken(key, source, size, sha256):
            self._compare(key, there or self._find(key), size, sha256)
        if uploaded and size <= _SMALL:
            self._prove(key, source, size, sha256)

    def get(self, key: str, *, offset: int = 0, length: int | None = None) -> bytes:
        check_key(key)
        check_range(offset, length)
        if offset == 0 and length is None:
            return self._read(key)
        try:
            return self._read(key, Range=f"bytes={offset}-{'' if length is None else offset + length - 1}")
        except PastEnd:
            return b""

    def open(self, key: str) -> BinaryIO:
        info = self.head(key)
        if info is None:
            raise ObjectMissing(f"{key}: no such object in {self.url}", key=key)
        return open_ranged(lambda offset, length: self.get(key, offset=offset, length=length), info.size)

    def head(self, key: str) -> ObjectInfo | None:
        check_key(key)
        info = self._find(key)
        if info is None:
            self._explain(key)
        return info

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        check_prefix(prefix)
        # StartAfter would need keys in byte order, and some stores list folder by folder.
        for page in self._pages("list", "list_objects_v2", prefix, "ContinuationToken"):
            for entry in page.get("Contents", ()):
                # A slash at the end marks the folders that some tools draw.
                if not entry["Key"].endswith("/"):
                    yield ObjectInfo(key=self._short(entry), size=entry["Size"], modified=_utc(entry["LastModified"]))

    def delete(self, key: str) -> None:
        check_key(key)
        self._bucket.call("delete", "delete_object", key)

    def kept_versions(self, key: str) -> Iterator[KeptVersion]:
        check_key(key)
        for page in self._pages("list old versions of", "list_object_versions", key, "KeyMarker", "VersionIdMarker"):
            for entry in page.get("Versions", ()):
                # Where nothing was ever versioned, what is there now is the version `null`.
                if self._short(entry) == key and not (entry["VersionId"] == "null" and entry["IsLatest"]):
                    yield KeptVersion(
                        key=key,
                        version=entry["VersionId"],
                        size=entry["Size"],
                        locked_until=self._locked_until(key, entry["VersionId"]),
                    )

    def leftovers(self) -> Iterator[Leftover]:
        action = "list unfinished uploads of"
        for page in self._pages(action, "list_multipart_uploads", "", "KeyMarker", "UploadIdMarker"):
            for entry in page.get("Uploads", ()):
                yield Leftover(key=self._short(entry), started=_utc(entry["Initiated"]), token=entry["UploadId"])

    def discard(self, leftover: Leftover) -> None:
        try:
            self._bucket.call(
                "discard an unfinished upload of", "abort_multipart_upload", leftover.key, UploadId=leftover.token
            )
        except ObjectMissing:
            logger.info("%s: its unfinished upload is gone already", leftover.key)

    def probe(self) -> StoreProbe:
        lines = list(probe_calls(self, probe_key()))
        if lines[0].ok:
            lines.append(attempt("x-amz-checksum-sha256", self._probe_checksum, needed=False))
            lines.append(attempt("If-None-Match", self._probe_conditional, needed=False))
        return StoreProbe(lines=tuple(lines))

    def _taken(self, key: str, source: BinaryIO, size: int, sha256: str) -> bool:
        """Write it; whether the store's answer proves that it holds these very bytes."""
        try:
            return self._uploads.upload(key, source, size, sha256)
        except (ObjectConflict, ObjectMissing):
            # It was there before, another writer was faster, or it was an earlier try whose reply was lost.
            logger.info("%s: is in the store already", key)
            return False

    def _compare(self, key: str, there: ObjectInfo | None, size: int, sha256: str) -> None:
        if there is None:
            raise StoreUnavailable(f"{key}: {self._bucket.place} took it and does not have it; try again", key=key)
        held = there.sha256 or self._digest(key)
        if (there.size, held) != (size, sha256):
            raise conflict(key, f"{there.size} bytes with SHA-256 {held} instead of {size} bytes with {sha256}")

    def _prove(self, key: str, source: BinaryIO, size: int, sha256: str) -> None:
        """Find out, once, whether the store refuses to overwrite, with an object that it holds and its very bytes."""
        if self._refuses_overwriting or not self.conditional_put or not self._proving.acquire(blocking=False):
            return
        try:
            self._uploads.upload(key, source, size, sha256)
        except ObjectConflict:
            self._refuses_overwriting = True
        except StoreError as exc:
            logger.info("%s; the object is safe, only a second write of it failed", exc)
        else:
            self._uploads.ignores_condition()
        finally:
            self._proving.release()

    def _pages(self, action: str, operation: str, prefix: str, *markers: str) -> Iterator[dict[str, Any]]:
        """All pages of a listing; `markers` are the arguments that carry it on, given in the page before as `Next…`."""
        more: dict[str, str] = {}
        while True:
            page = self._bucket.call(action, operation, Prefix=self._bucket.prefix + prefix, **more)
            truncated = page.get("IsTruncated")
            if truncated is None or (truncated and any(f"Next{name}" not in page for name in markers)):
                raise self._not_s3(None)
            yield page
            if not truncated:
                return
            more = {name: page[f"Next{name}"] for name in markers}

    def _find(self, key: str) -> ObjectInfo | None:
        try:
            reply = self._bucket.call("read", "head_object", key)
        except ObjectMissing:
            return None
        except (StoreDenied, NotUnderstood):
            # The answer to HEAD has no body to give a reason in (RFC 9110, section 9.3.2), that to GET has.
            self._explain(key)
            raise
        if "LastModified" not in reply:
            raise self._not_s3(key)
        return ObjectInfo(
            key=key,
            size=reply["ContentLength"],
            sha256=reply["Metadata"].get("sha256"),
            modified=_utc(reply["LastModified"]),
        )

    def _explain(self, key: str) -> None:
        """Raise what is really wrong, if anything but the object's absence is."""
        try:
            self._read(key, Range="bytes=0-0")
        except (ObjectMissing, PastEnd):
            return

    def _read(self, key: str, **span: str) -> bytes:
        body: bytes = self._bucket.call("read", "get_object", key, **span)["Body"]
        return body

    def _digest(self, key: str) -> str:
        with self.open(key) as stream:
            return sha256_of(stream)

    def _not_s3(self, key: str | None) -> StoreUnavailable:
        return StoreUnavailable(
            f"{self._bucket.place} does not answer like an S3 store: check the endpoint and any gateway on the way",
            key=key,
        )

    def _locked_until(self, key: str, version: str) -> datetime | None:
        try:
            reply = self._bucket.call("read", "head_object", key, VersionId=version)
        except StoreError as exc:
            logger.info("%s: version %s: %s", key, version, exc)
            return None
        until: datetime | None = reply.get("ObjectLockRetainUntilDate")
        return until and _utc(until)

    def _short(self, entry: dict[str, Any]) -> str:
        key: str = entry["Key"]
        return key.removeprefix(self._bucket.prefix)

    def _probe_checksum(self) -> str:
        if not self.checksum_header:
            raise StoreError("the store does not know it; it compares Content-MD5 instead")
        return "the store takes it"

    def _probe_conditional(self) -> str:
        key = probe_key()
        try:
            for data in (b"one", b"other"):
                self._bucket.call("write", "put_object", key, Body=io.BytesIO(data), IfNoneMatch="*")
        except ObjectConflict:
            return "the store itself refuses to overwrite"
        except NotUnderstood:
            self._uploads.ignores_condition()
        finally:
            self.delete(key)
        self._uploads.ignores_condition()
        raise StoreError(
            "the store does not honour it, so presskeep asks before each write instead: "
            "never let two machines archive the same site at once"
        )


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
