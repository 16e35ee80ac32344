"""Run by Alembic, with the connection that archive/migrations/__init__.py handed over."""

from __future__ import annotations

from alembic import context

from archive.migrations import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
context.run_migrations()
