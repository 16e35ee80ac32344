"""Where the catalog's database is: an SQLAlchemy URL, read without ever showing its password."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from archive.errors import CatalogError

_FORMS = "write sqlite:///path/to/catalog.sqlite or postgresql://user@host/database"
_SECRETS = ("password", "sslpassword")


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseUrl:
    """A URL of one of the databases that a catalog can lie in."""

    parsed: sa.URL
    """For SQLAlchemy, driver included."""

    @classmethod
    def parse(cls, text: str) -> DatabaseUrl:
        """Read `sqlite:///path` or `postgresql://user:password@host/database`; CatalogError for anything else."""
        try:
            url = make_url(text)
        except (ArgumentError, ValueError):
            # What was raised repeats parts of the URL, and so perhaps of the password.
            raise CatalogError(f"catalog: not a database URL; {_FORMS}") from None
        backend = url.get_backend_name()
        if backend == "sqlite":
            return cls(parsed=url)
        if backend != "postgresql":
            raise CatalogError(f"catalog: presskeep knows SQLite and PostgreSQL, not {backend!r}; {_FORMS}")
        if text.count("@") > 1:
            raise CatalogError("catalog: the database URL has more than one @; write %40 for those in its password")
        return cls(parsed=url.set(drivername="postgresql+psycopg"))

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of this machine; otherwise it is PostgreSQL."""
        return self.parsed.get_backend_name() == "sqlite"

    @property
    def name(self) -> str:
        """The URL for messages: without password, driver and parameters."""
        shown = self.parsed.set(drivername=self.parsed.get_backend_name(), query={})
        return shown._replace(password=None).render_as_string()

    def without_secrets(self, text: str) -> str:
        """`text` with *** for each password of this URL."""
        secrets = [self.parsed.password, *(self.parsed.query.get(name) for name in _SECRETS)]
        for secret in filter(None, secrets):
            text = text.replace(str(secret), "***")
        return text
