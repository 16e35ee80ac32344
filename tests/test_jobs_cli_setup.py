"""Promises of `presskeep init` and `presskeep doctor`."""

from __future__ import annotations

import os
import re
import socket
import sqlite3
import tomllib
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from archive.marker import read_marker
from archive.store import open_store
from crawler.profile import ArticleRules, ExtractRules, FetchRules, SiteProfile, Sources, load_profile
from jobs.config import Config, load_config
from jobs.doctor import Finding, examine
from jobs.samples import SITE_PROFILE, configuration
from tests.command import Finished, presskeep
from tests.fault_proxy import FaultProxy, answer, refuse_header
from tests.seaweed import BUCKET, Seaweed

CONTACT = "https://example.org/crawler"


def init(folder: Path, *arguments: str) -> Finished:
    return presskeep("init", "--contact", CONTACT, *arguments, folder=folder)


def findings(folder: Path) -> dict[str, dict[str, str]]:
    """What doctor found, by name."""
    return {finding["name"]: finding for finding in presskeep("doctor", "--json", folder=folder).json["findings"]}


def uncommented(text: str) -> str:
    """A sample with every optional setting switched on."""
    return re.sub(r"^#(?=\S)", "", text, flags=re.MULTILINE)


def test_init_leaves_an_archive_that_can_be_used(tmp_path: Path) -> None:
    done = init(tmp_path)
    assert (done.code, done.err) == (0, "")
    config = load_config(tmp_path / "presskeep.toml")
    assert config.archive == (tmp_path / "data/archive").as_uri()
    assert config.contact == CONTACT
    assert list(config.profiles()) == ["example"]
    marker = read_marker(open_store(config.archive))
    assert marker is not None
    assert marker.archive_id in done.out
    assert "failed" not in done.out
    assert presskeep("status", folder=tmp_path).code == 0


def test_init_leaves_nothing_in_the_archive_but_its_marker(tmp_path: Path) -> None:
    init(tmp_path)
    store = open_store((tmp_path / "data/archive").as_uri())
    assert [info.key for info in store.list()] == ["presskeep.json"]


def test_init_without_a_contact_says_why_it_is_needed(tmp_path: Path) -> None:
    done = presskeep("init", folder=tmp_path)
    assert done.code == 2
    assert "user agent" in done.err
    assert done.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--contact", "x", "at least 3"),
        ("--contact", "a\nb@example.org", "one printable line"),
        ("--archive", "ftp://host/folder", "not the URL of an archive"),
        ("--archive", "s3://AKIA:topsecret@bucket/prefix", "credentials in it"),
    ],
)
def test_init_refuses_what_it_cannot_use_and_writes_nothing(
    tmp_path: Path, option: str, value: str, reason: str
) -> None:
    done = init(tmp_path, option, value)
    assert done.code == 2
    assert reason in done.err
    assert "topsecret" not in done.err
    assert list(tmp_path.iterdir()) == []


def test_init_again_keeps_everything(tmp_path: Path) -> None:
    init(tmp_path)
    config, profile = tmp_path / "presskeep.toml", tmp_path / "sites/example.toml"
    for path in (config, profile):
        path.write_text(path.read_text() + "# mine\n")
    before = config.read_text(), profile.read_text(), (tmp_path / "data/archive/presskeep.json").read_text()
    assert presskeep("init", folder=tmp_path).code == 0
    assert init(tmp_path).code == 0
    after = config.read_text(), profile.read_text(), (tmp_path / "data/archive/presskeep.json").read_text()
    assert after == before


def test_init_again_does_not_bring_back_a_sample_that_was_replaced(tmp_path: Path) -> None:
    init(tmp_path)
    (tmp_path / "sites/example.toml").rename(tmp_path / "sites/mine.toml")
    init(tmp_path)
    assert [path.name for path in (tmp_path / "sites").iterdir()] == ["mine.toml"]


def test_init_does_not_pretend_to_have_changed_a_setting(tmp_path: Path) -> None:
    init(tmp_path)
    done = init(tmp_path, "--archive", "elsewhere")
    assert done.code == 2
    assert "`archive`" in done.err
    assert "--force" in done.err


def test_init_with_force_writes_anew(tmp_path: Path) -> None:
    init(tmp_path)
    (tmp_path / "sites/example.toml").write_text("broken")
    assert init(tmp_path, "--archive", "elsewhere", "--force").code == 0
    assert load_config(tmp_path / "presskeep.toml").archive == (tmp_path / "elsewhere").as_uri()
    assert load_profile(tmp_path / "sites/example.toml").name == "example"


def test_init_writes_where_config_says(tmp_path: Path) -> None:
    done = presskeep("--config", "deep/down/mine.toml", "init", "--contact", CONTACT, folder=tmp_path)
    assert done.code == 0
    folder = tmp_path / "deep/down"
    assert load_config(folder / "mine.toml").archive == (folder / "data/archive").as_uri()
    assert (folder / "sites/example.toml").exists()


def test_init_proves_a_bucket(aws: Seaweed, prefix: str, tmp_path: Path) -> None:
    done = init(tmp_path, "--archive", f"s3://{BUCKET}/{prefix}")
    assert (done.code, done.err) == (0, "")
    assert re.search(r"^ok +If-None-Match: ", done.out, re.MULTILINE)
    keys = aws.client().list_objects_v2(Bucket=BUCKET, Prefix=prefix)["Contents"]
    assert [entry["Key"] for entry in keys] == [f"{prefix}/presskeep.json"]


def test_init_in_a_bucket_that_is_not_there_says_so(aws: Seaweed, tmp_path: Path) -> None:
    done = init(tmp_path, "--archive", "s3://no-such-bucket/news")
    assert done.code == 2
    assert "no such bucket" in done.err


def test_init_refuses_a_folder_with_a_foreign_marker(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/presskeep.json").write_text("[]")
    done = init(tmp_path, "--archive", "other")
    assert done.code == 2
    assert "not a marker of presskeep" in done.err


def test_init_ends_with_1_when_the_spool_cannot_be_written(tmp_path: Path) -> None:
    init(tmp_path)
    (tmp_path / "data/spool").rmdir()
    (tmp_path / "data/spool").write_text("in the way")
    done = presskeep("init", folder=tmp_path)
    assert done.code == 1
    assert re.search(r"^failed +spool: .*set `spool`$", done.out, re.MULTILINE)


def test_the_sample_configuration_shows_every_setting_with_its_default() -> None:
    shown = tomllib.loads(uncommented(configuration(archive="file:///archive", contact=CONTACT)))
    config = Config(archive="file:///archive", contact=CONTACT)
    assert shown.keys() == Config.model_fields.keys() - {"folder"}
    assert Config.model_validate(shown) == config


@pytest.mark.parametrize("contact", ['"quoted" \\ desk@example.org', "Größe – كركوك", "#x = 1"])
def test_any_contact_survives_the_configuration(contact: str) -> None:
    assert tomllib.loads(configuration(archive="file:///archive", contact=contact))["contact"] == contact


def test_the_sample_profile_is_valid_with_and_without_its_options() -> None:
    SiteProfile.model_validate(tomllib.loads(SITE_PROFILE))
    SiteProfile.model_validate(tomllib.loads(uncommented(SITE_PROFILE)))


def test_the_sample_profile_shows_every_key() -> None:
    shown: dict[str, Any] = tomllib.loads(uncommented(SITE_PROFILE))
    assert shown.keys() == SiteProfile.model_fields.keys()
    for table, model in (
        ("sources", Sources),
        ("articles", ArticleRules),
        ("extract", ExtractRules),
        ("fetch", FetchRules),
    ):
        assert shown[table].keys() == model.model_fields.keys()


def test_doctor_finds_nothing_wrong_after_init(tmp_path: Path) -> None:
    init(tmp_path)
    done = presskeep("doctor", folder=tmp_path)
    assert (done.code, done.err) == (0, "")
    names = [re.fullmatch(r"ok +([^:]+): .*: .*", line)[1] for line in done.out.splitlines()]  # type: ignore[index]
    assert names == [
        "configuration",
        "profiles",
        "clock",
        "access",
        "write",
        "write once",
        "read",
        "list",
        "delete",
        "store clock",
        "catalog",
        "spool",
    ]


def test_doctor_without_a_configuration_says_how_to_get_one(tmp_path: Path) -> None:
    done = presskeep("doctor", folder=tmp_path)
    assert done.code == 1
    assert "presskeep init" in done.out


def test_doctor_as_json_says_whether_all_is_well(tmp_path: Path) -> None:
    init(tmp_path)
    assert presskeep("doctor", "--json", folder=tmp_path).json["well"] is True
    (tmp_path / "sites/example.toml").write_text("name = 1")
    done = presskeep("doctor", "--json", folder=tmp_path)
    assert (done.code, done.json["well"]) == (1, False)


def test_doctor_goes_on_after_a_broken_profile(tmp_path: Path) -> None:
    init(tmp_path)
    (tmp_path / "sites/example.toml").write_text('name = "Example!"\n')
    found = findings(tmp_path)
    assert found["profiles"]["state"] == "failed"
    assert "example.toml" in found["profiles"]["result"]
    assert {found[name]["state"] for name in ("write", "catalog", "spool")} == {"ok"}


def test_doctor_says_when_no_site_is_configured(tmp_path: Path) -> None:
    init(tmp_path)
    (tmp_path / "sites/example.toml").unlink()
    assert "no site is configured" in findings(tmp_path)["profiles"]["result"]


def test_doctor_names_what_lies_in_the_spool_and_is_no_capture(tmp_path: Path) -> None:
    init(tmp_path)
    (tmp_path / "data/spool/daily").mkdir()
    (tmp_path / "data/spool/daily/notes.txt").write_text("mine")
    spool = findings(tmp_path)["spool"]
    assert spool["state"] == "warning"
    assert spool["result"] == "written; 1 files there are no captures and stay: 'daily/notes.txt'"
    assert (tmp_path / "data/spool/daily/notes.txt").read_text() == "mine"


def test_doctor_names_a_catalog_of_a_newer_version(tmp_path: Path) -> None:
    init(tmp_path)
    with sqlite3.connect(tmp_path / "data/catalog.sqlite") as connection:
        connection.execute("UPDATE catalog_version SET version_num = '9999'")
    connection.close()
    catalog = findings(tmp_path)["catalog"]
    assert catalog["state"] == "failed"
    assert "version 9999" in catalog["result"]


def test_doctor_shows_no_password_of_a_database(tmp_path: Path) -> None:
    init(tmp_path)
    config = tmp_path / "presskeep.toml"
    config.write_text(config.read_text() + 'catalog = "nosuchdb://desk:to/ps@ecret@db.example/presskeep"\n')
    done = presskeep("doctor", folder=tmp_path)
    assert done.code == 1
    assert "catalog" in done.out
    assert "ecret" not in done.out + done.err


def moved_clock(folder: Path, by: timedelta) -> dict[str, Finding]:
    found = examine(folder / "presskeep.toml", now=lambda: datetime.now(UTC) + by)
    return {finding.name: finding for finding in found}


def test_doctor_sees_a_clock_that_is_behind(tmp_path: Path) -> None:
    init(tmp_path)
    found = moved_clock(tmp_path, timedelta(hours=-2))
    assert (found["clock"].state, found["store clock"].state) == ("failed", "failed")
    assert "behind" in found["store clock"].result


def test_doctor_sees_a_clock_that_is_ahead_of_the_stores(tmp_path: Path, aws: Seaweed, prefix: str) -> None:
    init(tmp_path, "--archive", f"s3://{BUCKET}/{prefix}")
    found = moved_clock(tmp_path, timedelta(hours=2))
    assert (found["clock"].state, found["store clock"].state) == ("ok", "failed")
    assert "ahead" in found["store clock"].result


def test_doctor_finds_nothing_wrong_with_a_bucket(tmp_path: Path, aws: Seaweed, prefix: str) -> None:
    init(tmp_path, "--archive", f"s3://{BUCKET}/{prefix}")
    found = findings(tmp_path)
    assert {finding["state"] for finding in found.values()} == {"ok"}
    assert {"x-amz-checksum-sha256", "If-None-Match"} <= found.keys()


@pytest.mark.parametrize(
    ("method", "name", "permission"),
    [("PUT", "write", "s3:PutObject"), ("GET", "list", "s3:ListBucket"), ("DELETE", "delete", "s3:DeleteObject")],
)
def test_doctor_names_the_missing_permission(
    tmp_path: Path,
    proxy: FaultProxy,
    prefix: str,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    name: str,
    permission: str,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.endpoint)
    init(tmp_path, "--archive", f"s3://{BUCKET}/{prefix}")
    proxy.plan(method, answer(403, "AccessDenied"), containing="list-type" if name == "list" else "", times=99)
    found = findings(tmp_path)
    assert found[name]["state"] == "failed"
    assert permission in found[name]["result"]
    assert {found[name]["state"] for name in ("access", "catalog", "spool")} == {"ok"}


def test_doctor_only_warns_of_a_store_without_conditional_writes(
    tmp_path: Path, proxy: FaultProxy, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.endpoint)
    init(tmp_path, "--archive", f"s3://{BUCKET}/{prefix}")
    proxy.plan("PUT", refuse_header("if-none-match", 501, "NotImplemented"), times=99)
    done = presskeep("doctor", folder=tmp_path)
    assert done.code == 0
    assert re.search(r"^warning +If-None-Match: ", done.out, re.MULTILINE)


def test_doctor_names_a_wrong_secret_and_shows_neither(
    tmp_path: Path, aws: Seaweed, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    init(tmp_path, "--archive", f"s3://{BUCKET}/{prefix}")
    right = os.environ["AWS_SECRET_ACCESS_KEY"]
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-secret")
    done = presskeep("doctor", folder=tmp_path)
    assert done.code == 1
    assert re.search(r"^failed +access: .*AWS_SECRET_ACCESS_KEY", done.out, re.MULTILINE)
    assert re.search(r"^ok +spool: ", done.out, re.MULTILINE)
    assert "canary-secret" not in done.out + done.err
    assert right not in done.out + done.err


def test_doctor_names_an_endpoint_that_does_not_answer(
    tmp_path: Path, aws: Seaweed, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    init(tmp_path, "--archive", f"s3://{BUCKET}/{prefix}")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
        found = findings(tmp_path)
    assert found["access"]["state"] == "failed"
    assert endpoint in found["access"]["result"]
    assert found["permissions"]["state"] == "skipped"
    assert {found[name]["state"] for name in ("catalog", "spool")} == {"ok"}


def test_doctor_without_credentials_says_which_variables_to_set(
    tmp_path: Path, aws: Seaweed, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    init(tmp_path, "--archive", f"s3://{BUCKET}/{prefix}")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    access = findings(tmp_path)["access"]
    assert access["state"] == "failed"
    assert "AWS_ACCESS_KEY_ID" in access["result"]


def test_the_version_is_that_of_the_distribution(tmp_path: Path) -> None:
    assert presskeep("--version", folder=tmp_path).out.strip() == f"presskeep {version('presskeep')}"
