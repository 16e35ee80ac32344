"""Setting up: a configuration and a sample profile, never over what exists, and the marker that begins an archive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ValidationError

from archive.marker import ensure_marker
from archive.store import open_store
from crawler.profile import describe_errors
from jobs import samples
from jobs.config import Config, load_config
from jobs.doctor import PATIENCE
from jobs.errors import ConfigError, JobsError


def set_up(path: Path, *, archive: str | None, contact: str | None, force: bool) -> Iterator[str]:
    """Write what is missing and begin the archive; a line for each step, as it is done.

    `archive` is an archive's URL or a folder; without it, the folder `data/archive` beside `path`. Raises JobsError for
    a missing contact, ConfigError for values that cannot be used, ArchiveError when the archive cannot.
    """
    folder = path.parent.resolve()
    url = _archive_url(archive) if archive else None
    if path.exists() and not force:
        _refuse_changes(path, archive=url, contact=contact)
        yield f"kept {path}"
    else:
        _write(path, _configuration(url or (folder / "data/archive").as_uri(), contact))
        yield f"wrote {path}"
    sample = folder / "sites" / "example.toml"
    if force or not any(sample.parent.glob("*.toml")):
        _write(sample, samples.SITE_PROFILE)
        yield f"wrote {sample}: a sample profile to change"
    store = open_store(load_config(path).archive, patience=PATIENCE)
    yield f"archive {ensure_marker(store).archive_id} in {store.url}"


def _archive_url(given: str) -> str:
    return given if urlsplit(given).scheme else Path(given).resolve().as_uri()


def _configuration(archive: str, contact: str | None) -> str:
    """The file's text; everything that could be wrong with it is found before it is written."""
    if contact is None:
        raise JobsError(
            "--contact is missing: give a web page or mail address, such as --contact https://example.org/crawler; it "
            "goes into the user agent of every request, so that the people who run a site can reach you"
        )
    open_store(archive)
    try:
        Config.model_validate({"archive": archive, "contact": contact})
    except ValidationError as exc:
        raise ConfigError("\n".join(f"--{line}" for line in describe_errors(exc))) from exc
    return samples.configuration(archive=archive, contact=contact)


def _refuse_changes(path: Path, **given: str | None) -> None:
    config = load_config(path)
    for name, value in given.items():
        if value is not None and value != getattr(config, name):
            raise ConfigError(
                f"{path}: has another `{name}` than --{name} says; change it there, or write a new file with --force"
            )


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise ConfigError(f"{path}: cannot be written: {exc.strerror}; check the folder and its permissions") from exc
