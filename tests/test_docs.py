"""Promises of README.md, CHANGELOG.md and docs: what they tell is what the code does, and nothing is left out."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from inspect import signature
from pathlib import Path
from textwrap import dedent
from typing import Any

import pyarrow as pa
import pytest
import typer
from pydantic import BaseModel

from archive import outcomes
from archive.block_memory import REPEATED
from archive.manifest import CaptureEntry, Manifest, StoredObject
from archive.public import Archive
from archive.run_report import RunReport, SiteReport
from archive.shards import SCHEMA
from archive.site_findings import SiteFinding
from archive.tombstones import Tombstone
from crawler.profile import SiteProfile
from jobs.cli import app
from jobs.config import Config
from jobs.doctor import examine
from jobs.health import KINDS
from tests.archive_builder import Installation, visited

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined] # a group, since there are several
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")])
TYPES = {
    pa.string(): "string",
    pa.int32(): "int32",
    pa.int64(): "int64",
    pa.date32(): "date",
    pa.timestamp("us", tz="UTC"): "timestamp",
    pa.list_(pa.string()): "list of string",
    pa.list_(pa.struct([("source", pa.string()), ("value", pa.string())])): "list of source, value",
    pa.list_(pa.struct([("text", pa.string()), ("reason", pa.string())])): "list of text, reason",
}

PAGE = b"<h1>One story</h1>"
PLAIN = (("Content-Type", "text/html"),)
Capture = pytest.CaptureFixture[str]

documents = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def rows(text: str, *headings: str) -> list[list[str]]:
    """The cells of all tables whose first headings are these, without the headings."""
    found = []
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        lines = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table.splitlines()]
        if tuple(lines[0][: len(headings)]) == headings:
            found += lines[2:]
    return found


def names(cells: list[list[str]]) -> list[str]:
    """Every name in the first cells, each written `so`."""
    return [name for cell, *_ in cells for name in re.findall(r"`([^`]+)`", cell)]


def section(text: str, heading: str) -> str:
    """From this heading up to the next one of its level or above."""
    level = heading.partition(" ")[0]
    start = text.index(f"{heading}\n")
    end = re.compile(rf"^#{{2,{len(level)}}} ", re.MULTILINE).search(text, start + len(heading))
    return text[start : end.start() if end else None]


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of one language."""
    return [dedent(block) for block in re.findall(rf"^ *```{language}\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)]


def command_lines(text: str) -> Iterator[list[str]]:
    """The words of every `presskeep …` that a reader might type, in blocks and in the text."""
    inline = re.findall(r"`(presskeep [^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    shown = [line for block in blocks(text, "(?:sh|text|cron|ini)") for line in block.splitlines()]
    typed = [match[1] for line in shown if (match := re.search(r"(?:^|[\s/$])(presskeep [a-z-].*)", line))]
    for line in [*inline, *typed]:
        yield shlex.split(re.split(r"\s(?:[|#]|>>?|2>)", line.replace("\n", " "))[0])[1:]


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Dotted keys of a configuration model and of its tables."""
    for name, field in model.model_fields.items():
        yield prefix + name
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from keys(field.annotation, f"{name}.")


def slug(heading: str) -> str:
    """The anchor of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_every_command_is_told_of_in_the_readme_or_a_document() -> None:
    told = {
        words[0] for path in DOCUMENTS if path.name != "CHANGELOG.md" for words in command_lines(text_of(str(path)))
    }
    assert set(COMMANDS) <= told


@documents
def test_no_command_or_option_is_told_of_that_does_not_exist(document: Path) -> None:
    for words in command_lines(text_of(str(document))):
        assert words[0] in COMMANDS, words
        command = COMMANDS[words[0]]
        if len(words) > 1 and not words[1].startswith("-") and hasattr(command, "commands"):
            assert words[1] in command.commands, words
            command = command.commands[words[1]]
        options = {name for option in command.params for name in option.opts}
        given = {word for word in words[1:] if re.fullmatch(r"--?[a-z][a-z-]*", word)}
        assert given <= options | {"--help", "-vv"}, words


def test_the_changelog_names_every_command() -> None:
    told = {words[0] for words in command_lines(text_of("CHANGELOG.md"))}
    assert set(COMMANDS) == told


def test_every_entry_of_the_changelog_begins_with_the_name_of_the_thing() -> None:
    entries = re.findall(r"^- (.*)", text_of("CHANGELOG.md"), re.MULTILINE)
    assert entries
    assert [entry for entry in entries if not entry.startswith("`")] == []


def test_the_readme_names_the_two_commands_that_begin_everything() -> None:
    first_screen = text_of("README.md").partition("\n## ")[0]
    assert "make demo" in first_screen
    assert "make test" in first_screen
    assert {"demo:", "test:"} <= {line.split(" ")[0] for line in text_of("Makefile").splitlines() if line}


def test_operate_has_every_key_of_the_configuration_and_no_other() -> None:
    table = rows(section(text_of("docs/operate.md"), "## Configuration"), "key", "format", "default")
    assert set(names(table)) == set(Config.model_fields) - {"folder"}
    assert {cell[0].strip("`") for cell in table if cell[2] == "required"} == {
        name for name, field in Config.model_fields.items() if field.is_required()
    }


def test_operate_shows_the_defaults_of_the_configuration() -> None:
    table = rows(section(text_of("docs/operate.md"), "## Configuration"), "key", "format", "default")
    told = tomllib.loads(
        "\n".join(f"{key.strip('`')} = {default.strip('`')}" for key, _, default in table if default != "required")
    )
    assert Config.model_validate({**told, "archive": "file:///a", "contact": "desk@example.org"}) == Config(
        archive="file:///a", contact="desk@example.org"
    )


def test_add_a_site_has_every_key_of_a_profile_and_no_other() -> None:
    table = rows(text_of("docs/add-a-site.md"), "key", "format", "default")
    assert sorted(cell[0].strip("`") for cell in table) == sorted(keys(SiteProfile))
    required = {cell[0].strip("`") for cell in table if cell[2] == "required"}
    assert required == {name for name, field in SiteProfile.model_fields.items() if field.is_required()}


@documents
def test_every_profile_and_configuration_shown_is_valid(document: Path) -> None:
    minimal = {"name": "x", "title": "X", "hosts": ["www.example.org"]}
    for block in blocks(text_of(str(document)), "toml"):
        values = tomllib.loads(block)
        if "archive" in values:
            Config.model_validate(values)
        else:
            SiteProfile.model_validate(minimal | values)


def test_operate_has_every_outcome_and_no_other() -> None:
    known = {value for name, value in vars(outcomes).items() if name.isupper() and isinstance(value, str)}
    told = names(rows(text_of("docs/operate.md"), "outcome", "meaning"))
    assert {name.partition(":")[0] for name in told} == known | {"http_NNN"}


def test_operate_has_every_kind_of_finding_and_no_other() -> None:
    told = names(rows(section(text_of("docs/operate.md"), "## Health"), "kind", "what changed"))
    assert sorted(told) == sorted(KINDS)


def test_operate_tells_of_no_reason_for_leaving_out_a_block_that_does_not_exist() -> None:
    told = names(rows(text_of("docs/operate.md"), "reason", "what it was"))
    assert REPEATED in told
    assert [name for name in told if name != REPEATED and f'"{name}"' not in text_of("crawler/boilerplate.py")] == []


def test_operate_has_every_line_of_doctor_and_no_other(tmp_path: Path) -> None:
    Installation(tmp_path)
    told = set(names(rows(text_of("docs/operate.md"), "line", "what is tried")))
    only_in_s3 = {"x-amz-checksum-sha256", "If-None-Match"}
    assert {finding.name for finding in examine(tmp_path / "presskeep.toml")} == told - only_in_s3


def test_the_archive_format_has_every_column_with_its_type_in_order() -> None:
    table = rows(text_of("docs/archive-format.md"), "column", "type", "null")
    told = [(name.strip("`"), kind, null) for name, kind, null, _ in table]
    assert told == [(field.name, TYPES[field.type], "yes" if field.nullable else "") for field in SCHEMA]


def test_the_archive_format_has_every_field_of_a_manifest() -> None:
    manifests = section(text_of("docs/archive-format.md"), "## Manifests")
    known = [*Manifest.__dataclass_fields__, *StoredObject.__dataclass_fields__, *CaptureEntry.__dataclass_fields__]
    assert sorted(names(rows(manifests, "field", "meaning"))) == sorted(known)


def test_the_archive_format_has_every_field_of_a_run_report() -> None:
    reports = section(text_of("docs/archive-format.md"), "## Run reports")
    records = (RunReport, SiteReport, SiteFinding)
    known = [name for record in records for name in record.__dataclass_fields__]
    assert sorted(names(rows(reports, "field", "meaning"))) == sorted(known)


def test_the_archive_format_has_every_field_of_a_tombstone() -> None:
    told = names(rows(section(text_of("docs/archive-format.md"), "## Tombstones"), "field", "meaning"))
    assert sorted(told) == sorted(Tombstone.__dataclass_fields__)


@documents
def test_links_between_the_documents_resolve(document: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", text_of(str(document))):
        path = document.parent / target if target else document
        assert path.is_file(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in map(slug, headings), f"{target}#{anchor}"


def test_every_document_can_be_reached_from_the_readme() -> None:
    linked = set(re.findall(r"\]\(([^)#:]+)\)", text_of("README.md")))
    assert {str(path.relative_to(ROOT)) for path in DOCUMENTS} <= linked | {"README.md"}


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive of one article in the folder that the recipes read."""
    installation = Installation(tmp_path, sites=["rudaw"])
    installation.crawl(visited(1, site="rudaw", body=PAGE, headers=PLAIN, title="One story"), site="rudaw")
    monkeypatch.chdir(tmp_path)
    return installation.archive


def run_recipe(document: str, mark: str) -> dict[str, Any]:
    """Run the one Python block of a document that has `mark` in it; the names that it leaves."""
    [recipe] = [block for block in blocks(text_of(document), "python") if mark in block]
    left: dict[str, Any] = {}
    exec(compile(recipe, document, "exec"), left)
    return left


def test_the_recipe_that_checks_all_objects_names_what_is_missing_or_damaged(archive: Path, capsys: Capture) -> None:
    run_recipe("docs/archive-format.md", "hashlib")
    assert capsys.readouterr().out == ""
    [shard], [warc] = archive.rglob("*.parquet"), archive.rglob("*.warc.gz")
    shard.write_bytes(shard.read_bytes()[:-1])
    warc.unlink()
    run_recipe("docs/archive-format.md", "hashlib")
    lines = capsys.readouterr().out.splitlines()
    assert sorted(line.split()[0] for line in lines) == ["damaged", "missing"]


@pytest.mark.parametrize(
    ("document", "mark", "printed"),
    [
        ("README.md", "duckdb", "rudaw"),
        ("README.md", "warcio", "200 https://rudaw.example/2026/1"),
        ("docs/archive-format.md", "QUALIFY", "One story"),
        ("docs/query.md", "news.sites()", "One story"),
        ("docs/query.md", "passages", "p ["),
        ("docs/query.md", "QUALIFY", "One story"),
    ],
)
def test_the_recipes_print_what_is_in_the_archive(
    document: str, mark: str, printed: str, archive: Path, capsys: Capture
) -> None:
    run_recipe(document, mark)
    assert printed in capsys.readouterr().out


def test_the_recipe_for_the_page_behind_an_article_gives_the_page(archive: Path) -> None:
    assert run_recipe("docs/archive-format.md", "warc_offset")["html"] == PAGE


def test_the_recipe_for_pages_gives_page_and_captures(archive: Path, capsys: Capture) -> None:
    assert run_recipe("docs/query.md", "decoded_body")["html"] == PAGE
    assert "archived https://rudaw.example/2026/1" in capsys.readouterr().out


def test_query_has_every_condition_of_the_python_api() -> None:
    conditions = set(signature(Archive.articles).parameters) - {"self"}
    assert set(names(rows(text_of("docs/query.md"), "argument", "meaning"))) == conditions


@documents
def test_no_line_is_wider_than_120_characters(document: Path) -> None:
    assert [line for line in text_of(str(document)).splitlines() if len(line) > 120] == []
