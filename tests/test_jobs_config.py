"""Promises of the configuration: paths are relative to its file, and whatever is wrong is one clear line."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.config import Config, find_config, load_config
from jobs.errors import ConfigError, MissingConfig

GOOD = 'archive = "s3://press/news"\ncontact = "https://presskeep.example/crawler"\n'
SITE = 'name = "daily"\ntitle = "The Daily"\nhosts = ["daily.example"]\n'


def load(folder: Path, text: str) -> Config:
    path = folder / "presskeep.toml"
    path.write_text(text, encoding="utf-8")
    return load_config(path)


def problem(folder: Path, text: str, site: str = SITE) -> str:
    """What is said about a configuration and the one site profile beside it."""
    (folder / "sites").mkdir()
    (folder / "sites" / "daily.toml").write_text(site, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(folder, text).profiles()
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_relative_paths_are_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    (tmp_path / "sites").mkdir()
    (tmp_path / "sites" / "daily.toml").write_text(SITE, encoding="utf-8")
    config = load(tmp_path, GOOD + 'spool = "wait"\ncatalog = "sqlite:///books/c.sqlite"\n')
    assert config.spool_folder == tmp_path / "wait"
    assert config.catalog_url == f"sqlite:///{tmp_path}/books/c.sqlite"
    assert list(config.profiles()) == ["daily"]


def test_absolute_paths_and_other_databases_stay_as_they_are(tmp_path: Path) -> None:
    config = load(tmp_path, GOOD + 'spool = "/var/spool/pk"\ncatalog = "postgresql+psycopg://db.example/pk"\n')
    assert config.spool_folder == Path("/var/spool/pk")
    assert config.catalog_url == "postgresql+psycopg://db.example/pk"
    assert load(tmp_path, GOOD + 'catalog = "sqlite:////var/c.sqlite"\n').catalog_url == "sqlite:////var/c.sqlite"


def test_the_user_agent_names_program_and_contact(tmp_path: Path) -> None:
    name, _, contact = load(tmp_path, GOOD).user_agent.partition(" ")
    assert name.partition("/")[0] == "presskeep"
    assert contact == "(+https://presskeep.example/crawler)"


def test_the_file_is_looked_for_in_this_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--config`, then PRESSKEEP_CONFIG, then the working folder."""
    for name in ("given.toml", "environment.toml", "presskeep.toml"):
        (tmp_path / name).write_text(GOOD, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    environment = {"PRESSKEEP_CONFIG": str(tmp_path / "environment.toml")}
    assert find_config(tmp_path / "given.toml", environment).name == "given.toml"
    assert find_config(None, environment).name == "environment.toml"
    assert find_config(None, {}).name == "presskeep.toml"


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(MissingConfig, match=r"absent\.toml: no such file; write one with `presskeep init`"):
        find_config(tmp_path / "absent.toml", {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("archive = ", "not TOML"),
        (b"archive = \xff".decode("latin-1"), "not TOML"),
        ('archive = "s3://press/news"\n', "contact: is required"),
        ('contact = "me@example.org"\n', "archive: is required"),
        (GOOD + 'arhcive = "x"\n', "arhcive: unknown key; "),
        (GOOD + "spool = 5\n", "spool: 5: "),
        (GOOD + 'sites = "daily"\n', "sites: 'daily': must be a list such as [\"…\"]"),
        (GOOD + 'sites = ["builtin:nobody"]\n', "sites: 'builtin:nobody': no such built-in profile; there are "),
        (
            'archive = "http://press"\ncontact = "me@example.org"\n',
            "archive: 'http://press': must be s3://bucket/",
        ),
        ('archive = "file://press"\ncontact = "me@example.org"\n', "archive: 'file://press': must be s3://bucket/"),
        ('archive = "s3://press"\ncontact = "me\\nX-Evil: 1"\n', "must be one printable line"),
    ],
)
def test_a_wrong_file_is_one_clear_line(tmp_path: Path, text: str, said: str) -> None:
    message = problem(tmp_path, text)
    assert message.startswith((f"{tmp_path}/presskeep.toml: ", "sites: "))
    assert said in message


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    (tmp_path / "presskeep.toml").write_bytes(b'archive = "\xff"')
    with pytest.raises(ConfigError, match=r"presskeep\.toml: not TOML: .*utf-8"):
        load_config(tmp_path / "presskeep.toml")


def test_a_schedule_that_is_none_names_site_and_line(tmp_path: Path) -> None:
    message = problem(tmp_path, GOOD, SITE + 'schedule = "0 25 * * *"\n')
    assert message.startswith("site daily: schedule: '0 25 * * *': not a crontab line: ")


def test_credentials_in_a_wrong_archive_url_are_not_repeated(tmp_path: Path) -> None:
    message = problem(tmp_path, GOOD.replace("s3://press", "http://user:canary@press"))
    assert "http://***@press" in message
    assert "canary" not in message
