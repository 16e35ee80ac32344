"""What can go wrong with an archive.

    ArchiveError
    ├── StoreError              a store refused, failed or cannot be reached
    │   ├── StoreUnavailable    network, time-out, 5xx, throttling: worth retrying later
    │   ├── StoreDenied         credentials or permissions: retrying changes nothing
    │   ├── ObjectMissing       no such object
    │   └── ObjectConflict      the key holds other bytes than ours
    ├── DamagedObject           bytes are there but do not match their recorded digest or format
    ├── CatalogError            the catalog cannot be opened, read or written
    │   └── CatalogUnavailable  lost connection, restart, another writer: worth retrying later
    ├── LeaseHeld               another process works on the site
    ├── LeaseLost               another process has taken over the site
    └── BatchReplaced           another batch has taken the place of one that was to be replaced

Every message holds what failed, the value it failed on, and what to do.
"""

from __future__ import annotations

from datetime import datetime


class ArchiveError(Exception):
    """Raised when the archive cannot do what was asked; see the subclasses for whether to retry."""


class StoreError(ArchiveError):
    """Raised when a store operation fails; `key` is the object key, None when the whole store is meant."""

    def __init__(self, message: str, *, key: str | None = None) -> None:
        super().__init__(message)
        self.key = key


class StoreUnavailable(StoreError):
    """Raised when the store cannot be reached or is overloaded; retry later.

    `retry_after` is how many seconds it asked to wait (RFC 9110, section 10.2.3), 0 if it did not ask.
    """

    def __init__(self, message: str, *, key: str | None = None, retry_after: float = 0.0) -> None:
        super().__init__(message, key=key)
        self.retry_after = retry_after


class StoreDenied(StoreError):
    """Raised when the store refuses our credentials or lacks a permission; do not retry, tell the operator."""


class ObjectMissing(StoreError):
    """Raised when an object does not exist; do not retry."""


class ObjectConflict(StoreError):
    """Raised when a key already holds different bytes; never overwrite, alarm the operator."""


class DamagedObject(ArchiveError):
    """Raised when stored bytes fail their checksum or their format; do not serve them."""


class CatalogError(ArchiveError):
    """Raised when the catalog cannot be used; the archive's objects are unaffected."""


class CatalogUnavailable(CatalogError):
    """Raised when the catalog's database cannot be reached, restarts or is busy; retry later."""


class LeaseHeld(ArchiveError):
    """Raised when a site is in other hands; leave it to them, or retry after `expires`."""

    def __init__(self, message: str, *, holder: str, expires: datetime) -> None:
        super().__init__(message)
        self.holder = holder
        self.expires = expires


class LeaseLost(ArchiveError):
    """Raised when a site has passed into other hands meanwhile; do not retry, stop working on it."""


class BatchReplaced(ArchiveError):
    """Raised when a batch that was to be replaced has been replaced meanwhile; look again at what there is."""
