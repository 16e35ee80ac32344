"""What crawler/profile.py promises: clear words for every mistake in a profile, and which URLs belong to a site."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from crawler.errors import ProfileError
from crawler.profile import SiteProfile, builtin_profiles, load_profile, load_profiles
from crawler.urls import InvalidUrl

MINIMAL = 'name = "gazette"\ntitle = "The Gazette"\nhosts = ["www.gazette.example"]\n'


def profile(**fields: Any) -> SiteProfile:
    """A profile of the Gazette."""
    return SiteProfile.model_validate(
        {"name": "gazette", "title": "The Gazette", "hosts": ["www.gazette.example"]} | fields
    )


def refusal(tmp_path: Path, text: str | bytes) -> str:
    """The message with which a file of this content is refused, without the file's own path."""
    path = tmp_path / "gazette.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{path}: ") for line in lines)
    return "\n".join(line.removeprefix(f"{path}: ") for line in lines)


def test_a_minimal_profile_has_polite_defaults(tmp_path: Path) -> None:
    path = tmp_path / "gazette.toml"
    path.write_text(MINIMAL)
    loaded = load_profile(path)
    assert loaded == profile()
    assert (loaded.fetch.delay, loaded.fetch.concurrency, loaded.timezone) == (1.0, 1, "UTC")


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("colour = 1", "colour: unknown key; remove it"),
        ('timezon = "UTC"', "timezon: unknown key; did you mean 'timezone'?"),
        ("[sources]\nfeed = []", "sources.feed: unknown key; did you mean 'feeds'?"),
        ("language = 3", "language: 3: must be text in quotes"),
        ('language = "English"', "language: 'English': is no BCP 47 language tag such as en, ckb or pt-BR"),
        ('timezone = "Mars/Base"', "timezone: 'Mars/Base': is no IANA time zone such as Europe/Berlin"),
        ('timezone = "../../etc/passwd"', "timezone: '../../etc/passwd': is no IANA time zone such as Europe/Berlin"),
        (
            'schedule = "@daily"',
            'schedule: \'@daily\': must have five fields, "minute hour day month weekday", such as "*/30 * * * *"',
        ),
        ("sources = 1", "sources: 1: must be a table"),
        (
            '[sources]\nfeeds = "https://x.org/rss"',
            "sources.feeds: 'https://x.org/rss': must be a list such as [\"…\"]",
        ),
        (
            '[sources]\nfeeds = ["https://x.org/rss", "/rss"]',
            "sources.feeds[1]: '/rss': is not an absolute http or https URL",
        ),
        (
            '[sources]\nsitemaps = ["ftp://x.org/"]',
            "sources.sitemaps[0]: 'ftp://x.org/': is not an absolute http or https URL",
        ),
        ('[sources]\nsections = ["https:///x"]', "sources.sections[0]: 'https:///x': names no host"),
        ('[sources]\nsection_pages = "3"', "sources.section_pages: '3': must be a whole number"),
        ("[sources]\nsection_pages = 51", "sources.section_pages: 51: Input should be less than or equal to 50"),
        (
            '[articles]\ninclude = ["("]',
            "articles.include[0]: '(': is no regular expression: missing ), unterminated subpattern at position 0",
        ),
        (
            "[articles.rewrite]\n'/a' = '\\1'",
            "articles.rewrite: {'/a': '\\\\1'}: '\\\\1' cannot replace '/a': invalid group reference 1 at position 1",
        ),
        ('[extract]\nbody = "div["', "extract.body: 'div[': is no CSS selector: Expected ident or '*', got <EOF at 4>"),
        (
            '[extract]\ndrop = ["p:odd(1)"]',
            "extract.drop[0]: 'p:odd(1)': is no CSS selector: The pseudo-class :odd() is unknown",
        ),
        ('[extract]\ndate_order = "dmy"', "extract.date_order: 'dmy': Input should be 'DMY', 'MDY' or 'YMD'"),
        (
            "[extract]\nurl_date = '(?P<year>\\d{4})'",
            "extract.url_date: '(?P<year>\\\\d{4})': lacks the named group day, month; "
            "write (?P<year>\\d{4}) and so on",
        ),
        (
            '[extract.languages]\n"/en/" = "English"',
            "extract.languages.'/en/': 'English': is no BCP 47 language tag such as en, ckb or pt-BR",
        ),
        ('[fetch]\ndelay = "1"', "fetch.delay: '1': must be a number"),
        ("[fetch]\nconcurrency = true", "fetch.concurrency: True: must be a whole number"),
    ],
)
def test_each_mistake_is_one_line_with_key_value_and_reason(tmp_path: Path, extra: str, message: str) -> None:
    assert refusal(tmp_path, MINIMAL + extra) == message


@pytest.mark.parametrize("name", ["", "The Gazette", "Gazette", "-gazette", "../gazette", "a" * 64])
def test_a_name_that_could_not_be_an_object_key_is_refused(tmp_path: Path, name: str) -> None:
    message = refusal(tmp_path, MINIMAL.replace('"gazette"', f'"{name}"', 1))
    assert message.startswith(f"name: {name!r}: must be 1 to 63 lower-case letters")


@pytest.mark.parametrize(
    "host",
    ["https://x.org", "x.org/news", "X.org", "x.org.", "x.org:443", "x.org:80", "пример.рф", "a@x.org", "", "x..org"],
)
def test_hosts_must_be_written_as_urls_will_show_them(tmp_path: Path, host: str) -> None:
    assert refusal(tmp_path, MINIMAL.replace("www.gazette.example", host)).startswith(f"hosts[0]: {host!r}: ")


def test_a_profile_without_hosts_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, 'name = "a"\ntitle = "A"\nhosts = []') == "hosts: []: must name at least one host"
    assert refusal(tmp_path, 'name = "a"\ntitle = "A"') == "hosts: is required"


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    assert refusal(tmp_path, "") == "name: is required\ntitle: is required\nhosts: is required"


def test_toml_errors_give_line_and_column(tmp_path: Path) -> None:
    assert re.fullmatch(r"not TOML: .+ \(at line 2, column \d+\)", refusal(tmp_path, 'name = "a"\ntitle = \n'))


def test_a_file_that_is_not_utf8_says_where(tmp_path: Path) -> None:
    assert refusal(tmp_path, b'title = "caf\xe9"') == "not UTF-8 text at byte 12; save it as UTF-8"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"none\.toml: cannot be read: No such file"):
        load_profile(tmp_path / "none.toml")


def test_no_password_of_a_url_is_ever_repeated(tmp_path: Path) -> None:
    message = refusal(tmp_path, MINIMAL + '[sources]\nfeeds = ["https://me:s3cret@x.org/rss", 7]')
    assert "sources.feeds[0]: 'https://***@x.org/rss': must not hold a user name or password" in message
    assert "s3cret" not in message
    message = refusal(tmp_path, MINIMAL + '[sources]\nfeeds = ["https://me:s3/cret@x.org/rss"]')
    assert "cret" not in message


def test_profiles_are_loaded_from_files_and_folders_by_name(tmp_path: Path) -> None:
    (tmp_path / "sites").mkdir()
    (tmp_path / "sites" / "b.toml").write_text(MINIMAL.replace("gazette", "herald"))
    (tmp_path / "sites" / "notes.txt").write_text("not a profile")
    (tmp_path / "a.toml").write_text(MINIMAL)
    loaded = load_profiles([tmp_path / "a.toml", tmp_path / "sites"])
    assert list(loaded) == ["gazette", "herald"]


def test_two_files_of_one_name_are_refused_naming_both(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(MINIMAL)
    (tmp_path / "b.toml").write_text(MINIMAL)
    with pytest.raises(ProfileError) as caught:
        load_profiles([tmp_path])
    assert str(caught.value) == (
        f"{tmp_path / 'b.toml'}: name: 'gazette': {tmp_path / 'a.toml'} has this name already; rename one of them"
    )


def test_one_file_named_twice_is_one_profile(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(MINIMAL)
    (tmp_path / "sub").mkdir()
    assert list(load_profiles([tmp_path, tmp_path / "sub" / ".." / "a.toml"])) == ["gazette"]


def test_a_url_is_accepted_on_a_host_with_an_include_and_without_an_exclude() -> None:
    site = profile(articles={"include": [r"/news/\d+"], "exclude": [r"/news/\d+/gallery"]})
    assert site.accepts("http://www.gazette.example/news/17?utm_source=x")
    assert not site.accepts("https://www.gazette.example/sports/17")
    assert not site.accepts("https://www.gazette.example/news/17/gallery")
    assert not site.accepts("https://www.herald.example/news/17")
    assert not site.accepts("https://www.gazette.example.evil.example/news/17")
    assert not site.accepts("javascript:alert('/news/17')")


def test_a_host_with_a_port_is_another_host() -> None:
    site = profile(hosts=["127.0.0.1:8080"])
    assert site.accepts("http://127.0.0.1:8080/a")
    assert not site.accepts("http://127.0.0.1/a")


def test_twin_hosts_are_one_under_the_first_name_listed() -> None:
    site = profile(hosts=["www.gazette.example", "sport.gazette.example"])
    for host in ("gazette.example", "m.gazette.example", "mobile.gazette.example", "amp.gazette.example"):
        assert site.canonical(f"http://{host}/a-1/amp") == "https://www.gazette.example/a-1"
        assert site.accepts(f"http://{host}/a-1")
    assert site.canonical("https://m.sport.gazette.example/a") == "https://sport.gazette.example/a"
    assert site.canonical("https://m.herald.example/a") == "https://m.herald.example/a"


def test_rewrites_give_one_name_to_an_article_under_several_sections() -> None:
    site = profile(articles={"rewrite": {r"/[a-z]+/(\d+)$": r"/-/\1"}})
    assert site.canonical("https://www.gazette.example/world/17") == "https://www.gazette.example/-/17"
    assert site.canonical("https://www.gazette.example/world/17") == site.canonical("https://gazette.example/iraq/17")


def test_what_is_no_url_has_no_canonical_form() -> None:
    with pytest.raises(InvalidUrl):
        profile().canonical("nonsense")


def test_the_extraction_hash_follows_extraction_rules_only() -> None:
    assert profile().extraction_hash == profile(fetch={"delay": 9}, schedule="0 5 * * *").extraction_hash
    assert profile().extraction_hash != profile(extract={"date_order": "DMY"}).extraction_hash


def test_builtin_profiles_load() -> None:
    assert builtin_profiles()["rudaw"].title == "Rudaw"


@pytest.mark.parametrize(
    ("path", "accepted"),
    [
        ("english/middleeast/iraq/041220233", True),
        ("english/kurdistan/04122023", True),
        ("sorani/kurdistan/0412202312", True),
        ("english/categories/kurdistan/1079288", True),
        ("arabic/categories/world/77/", True),
        ("english", False),
        ("english/middleeast/iraq", False),
        ("english/categories/kurdistan", False),
        ("english/onair/shows", False),
        ("klingon/kurdistan/04122023", False),
    ],
)
def test_rudaw_articles_are_known_in_both_address_schemes(path: str, accepted: bool) -> None:
    assert builtin_profiles()["rudaw"].accepts(f"https://www.rudaw.net/{path}") is accepted


def test_rudaw_names_an_article_once_whatever_its_section() -> None:
    rudaw = builtin_profiles()["rudaw"]
    first = rudaw.canonical("https://www.rudaw.net/english/categories/kurdistan/1079288")
    assert first == rudaw.canonical("http://rudaw.net/english/categories/iraq/1079288?utm_medium=social")
    assert first != rudaw.canonical("https://www.rudaw.net/sorani/categories/kurdistan/1079288")


def test_rudaw_dates_stand_in_its_older_addresses_day_first() -> None:
    pattern = builtin_profiles()["rudaw"].extract.url_date
    assert pattern is not None
    found = re.search(pattern, "https://www.rudaw.net/english/middleeast/iraq/041220233")
    assert found is not None
    assert date(int(found["year"]), int(found["month"]), int(found["day"])) == date(2023, 12, 4)
    assert re.search(pattern, "https://www.rudaw.net/english/categories/kurdistan/1079288") is None
    assert re.search(pattern, "https://www.rudaw.net/english/kurdistan/41132023") is None


@pytest.mark.parametrize(
    ("edition", "tag"), [("english", "en"), ("arabic", "ar"), ("sorani", "ckb"), ("kurmanci", "kmr"), ("turkish", "tr")]
)
def test_rudaw_editions_have_their_languages(edition: str, tag: str) -> None:
    languages = builtin_profiles()["rudaw"].extract.languages
    url = f"https://www.rudaw.net/{edition}/kurdistan/04122023"
    assert [found for pattern, found in languages.items() if re.search(pattern, url)] == [tag]
