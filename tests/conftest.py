"""Stores and catalogs for the tests, in real servers that run once for the whole session.

A store is a folder or a bucket of SeaweedFS, a catalog a file of SQLite or a database of PostgreSQL.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from archive.catalog import Catalog
from archive.store import DirectoryStore, Store
from archive.store_s3 import S3Store
from tests.ceph import PACKAGES, Ceph, missing_programs
from tests.fake_time import FakeTime
from tests.fault_proxy import FaultProxy
from tests.postgres import Postgres
from tests.seaweed import BUCKET, Seaweed

# The first of these tests waits for Ceph's start.
_CEPH = (pytest.mark.slow, pytest.mark.ceph, pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    """A running server with the bucket `archive`."""
    with Seaweed(tmp_path_factory.mktemp("seaweed")) as server:
        server.create_bucket(BUCKET)
        yield server


@pytest.fixture
def aws(seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Seaweed:
    """The server, with boto3's whole environment pointing at it and at nothing of this machine's user."""
    _set_environment(monkeypatch, tmp_path, seaweed.environment())
    return seaweed


@pytest.fixture
def prefix() -> str:
    """A prefix that no other test uses."""
    return f"test/{secrets.token_hex(6)}"


@pytest.fixture
def s3_store(aws: Seaweed, prefix: str) -> S3Store:
    """An empty store in the bucket; objects of 6 MiB go in parts."""
    return S3Store(BUCKET, prefix, part_size=5 << 20, multipart_from=6 << 20)


@pytest.fixture
def directory_store(tmp_path: Path) -> DirectoryStore:
    """An empty store in a folder."""
    return DirectoryStore(tmp_path / "archive")


@pytest.fixture(scope="session")
def ceph() -> Iterator[Ceph]:
    """A running server with the bucket `archive`; the test is skipped where Ceph is not installed."""
    if missing := missing_programs():
        pytest.skip(f"{', '.join(missing)} not found; Debian has them in {' '.join(PACKAGES)}")
    with Ceph() as server:
        server.create_bucket(BUCKET)
        yield server


@pytest.fixture
def ceph_store(ceph: Ceph, prefix: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> S3Store:
    """As `s3_store`, in Ceph."""
    _set_environment(monkeypatch, tmp_path, ceph.environment())
    return S3Store(BUCKET, prefix, part_size=5 << 20, multipart_from=6 << 20)


@pytest.fixture(params=["directory", "s3", pytest.param("ceph", marks=_CEPH)])
def store(request: pytest.FixtureRequest) -> Store:
    """Each kind of store in turn."""
    found: Store = request.getfixturevalue(f"{request.param}_store")
    return found


@pytest.fixture
def proxy(aws: Seaweed, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    """A proxy in front of the server, with boto3's environment pointing at it."""
    with FaultProxy(aws.endpoint) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.endpoint)
        yield proxy


@pytest.fixture
def fake_time() -> FakeTime:
    """A clock that only waiting moves."""
    return FakeTime()


@pytest.fixture
def patient(proxy: FaultProxy, prefix: str, fake_time: FakeTime) -> S3Store:
    """An empty store behind the proxy, as `s3_store`, that waits in fake time."""
    return S3Store(BUCKET, prefix, patience=fake_time.patience(), part_size=5 << 20, multipart_from=6 << 20)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL."""
    with Postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def catalog_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where there is no catalog yet, in each kind of database in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/catalog.sqlite"
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.create_database()


@pytest.fixture
def catalog(catalog_url: str) -> Iterator[Catalog]:
    """An empty catalog, in each kind of database in turn."""
    catalog = Catalog(catalog_url)
    catalog.prepare()
    yield catalog
    catalog.close()


def _set_environment(monkeypatch: pytest.MonkeyPatch, folder: Path, environment: Mapping[str, str]) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "no-credentials"))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
