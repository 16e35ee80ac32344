"""Which of a page's dates is the date of publication."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from archive.records import Announcement, DateCandidate
from tests.article_page import PARAGRAPHS, URL, article_page, extracted

JSON_LD = (
    '<script type="application/ld+json">{"@type":"NewsArticle","datePublished":"2023-12-04T19:40:00+03:00",'
    '"dateModified":"2023-12-05T08:00:00+03:00"}</script>'
)
META = "<meta property='article:published_time' content='2023-11-01T00:00:00Z'>"
GERMAN = 4 * (
    "<p>Die Hafenbrücke ist nach zwei Jahren wieder offen, und die ersten, die am Montag darüber gingen, waren "
    "dreihundert Schulkinder mit Fahnen und einer Blaskapelle, die seit dem frühen Morgen gewartet hatten.</p>"
)
FEED = Announcement(source="https://paper.example/rss", kind="feed", published="Mon, 04 Dec 2023 20:00:00 +0300")


def test_the_json_ld_of_the_article_goes_before_meta_elements() -> None:
    found = extracted(article_page(head=META + JSON_LD))
    assert (found.published, found.published_source) == (date(2023, 12, 4), "jsonld:datePublished")
    assert found.published_at == datetime(2023, 12, 4, 16, 40, tzinfo=UTC)
    assert (found.published_precision, found.modified) == ("second", date(2023, 12, 5))


def test_every_date_is_kept_as_a_candidate_best_first() -> None:
    found = extracted(article_page(head=META + JSON_LD, above="<p>04-12-2023</p>"), announcement=FEED)
    assert [candidate.source for candidate in found.date_candidates] == [
        "jsonld:datePublished",
        "meta:article:published_time",
        "feed",
        "headline",
        "jsonld:dateModified",
    ]
    assert DateCandidate(source="headline", value="04-12-2023") in found.date_candidates


def test_the_profiles_selector_goes_before_all_and_a_time_of_that_day_refines_it() -> None:
    page = article_page(head=META + JSON_LD, above="<span class='day'>04-12-2023</span>")
    found = extracted(page, date=".day", date_order="DMY")
    assert (found.published, found.published_precision) == (date(2023, 12, 4), "second")
    other = extracted(page.replace("04-12-2023", "03-12-2023"), date=".day", date_order="DMY")
    assert (other.published, other.published_precision) == (date(2023, 12, 3), "day")
    assert other.published_source == "profile:selector"


def test_an_ambiguous_date_alone_is_not_used() -> None:
    found = extracted(article_page(above="<p>04-12-2023</p>"))
    assert found.published is None
    assert "no_date" in found.flags
    assert found.date_candidates == (DateCandidate(source="headline", value="04-12-2023"),)


def test_an_announcement_decides_where_the_page_is_ambiguous() -> None:
    found = extracted(article_page(above="<p>04-12-2023</p>"), announcement=FEED)
    assert (found.published, found.published_source) == (date(2023, 12, 4), "feed")


def test_a_german_page_writes_the_day_first() -> None:
    found = extracted(article_page(above="<p>04.12.2023</p>", body=GERMAN, lang="de"))
    assert found.published == date(2023, 12, 4)


@pytest.mark.parametrize(
    "path", ["/2023/12/04/bridge", "/2023/dec/04/bridge", "/bridge-20231204", "/news/2023-12-04-bridge"]
)
def test_a_date_in_the_url_is_read(path: str) -> None:
    found = extracted(article_page(), url=f"https://paper.example{path}")
    assert (found.published, found.published_source) == (date(2023, 12, 4), "url")


def test_the_profiles_url_pattern_is_read() -> None:
    found = extracted(
        article_page(), url=f"{URL}/041220231", url_date=r"/(?P<day>\d{2})(?P<month>\d{2})(?P<year>\d{4})\d?$"
    )
    assert (found.published, found.published_source) == (date(2023, 12, 4), "profile:url_date")


def test_a_date_beside_the_headline_goes_before_times_elsewhere() -> None:
    page = article_page(
        above="<p>Monday, 4 December 2023</p>", below="<div><time datetime='2024-01-02'>2 Jan</time></div>"
    )
    assert extracted(page).published == date(2023, 12, 4)


def test_a_day_of_the_future_is_a_candidate_only() -> None:
    found = extracted(article_page(head="<meta property='article:published_time' content='2024-02-02T00:00:00Z'>"))
    assert found.published is None
    assert found.date_candidates[0].value == "2024-02-02T00:00:00Z"


def test_the_day_shown_to_readers_corrects_a_time_in_utc() -> None:
    """Eleven in the evening on the east coast is four in the morning in UTC."""
    head = "<meta property='article:published_time' content='2023-12-05T04:00:00Z'>"
    found = extracted(article_page(head=head, above="<p>Dec. 4, 2023 11:00 pm</p>"))
    assert found.published == date(2023, 12, 4)
    assert found.published_at == datetime(2023, 12, 5, 4, tzinfo=UTC)


def test_an_update_of_a_live_blog_is_not_its_publication() -> None:
    script = (
        '<script type="application/ld+json">{"@type":"LiveBlogPosting","headline":"Live","datePublished":"2023-12-04",'
        '"liveBlogUpdate":[{"@type":"BlogPosting","headline":"Now","datePublished":"2023-12-06","author":"A","articleBody":"b"}]}'
        "</script>"
    )
    assert extracted(article_page(head=script)).published == date(2023, 12, 4)


@pytest.mark.parametrize(
    "above",
    [
        "<div class='tag'><span>Apr</span><span>04</span><span>2023</span></div>",
        "<div><span>Ada Lovelace</span><span>Apr 4, 2023</span><span>2 shares</span></div>",
        "<div><p>Harbour</p><span>Ada Lovelace</span><span>Apr 4, 2023</span><span>2 shares</span></div>",
        "<p>HARBOUR CITY, April 4, 2023 (Wire Service) - The harbour bridge reopened, and the first to cross it were"
        " three hundred school children who had waited since the early morning, with flags and a brass band.</p>",
        "<p>Press release of 4 April 2023</p>",
    ],
    ids=["pieces", "glued", "glued beside a line", "dateline", "press release"],
)
def test_dates_that_stand_beside_the_headline_in_unusual_ways_are_read(above: str) -> None:
    found = extracted(article_page(above=above))
    assert (found.published, found.published_source) == (date(2023, 4, 4), "headline")


def test_a_date_in_the_footer_of_an_article_is_found_where_there_is_no_other() -> None:
    footer = "<footer><span class='post-created'>28.01.22</span></footer>"
    found = extracted(article_page(body=GERMAN, below=footer, lang="de"))
    assert (found.published, found.published_source) == (date(2022, 1, 28), "marked")
    assert extracted(article_page(head=META, body=GERMAN, below=footer, lang="de")).published == date(2023, 11, 1)


def test_dates_of_teasers_are_not_the_articles() -> None:
    teaser = "<div class='teaser'><span class='date'>3 May 2023</span> Ferry late again</div>"
    body = "".join(f"<p>{text}</p>" for text in 4 * PARAGRAPHS)
    assert extracted(article_page(body=body, below=teaser)).published is None


def test_a_date_in_the_headline_itself_is_not_its_publication() -> None:
    page = article_page().replace("<h1>", "<h1>14 - 20 January 2022: ")
    assert extracted(page).published is None


def test_a_british_page_writes_the_day_first() -> None:
    above = "<p>04/12/2023</p>"
    assert extracted(article_page(above=above, lang="en-GB")).published == date(2023, 12, 4)
    assert extracted(article_page(above=above), url="https://paper.example.uk/bridge").published == date(2023, 12, 4)
    assert extracted(article_page(above=above, lang="en-US")).published is None


def test_the_month_in_the_url_decides_between_dates_on_the_page() -> None:
    above = "<p>Book published: 14 August 2017</p><p>Saturday, 9 September 2017</p>"
    found = extracted(article_page(above=above), url="https://paper.example/2017/09/review/")
    assert found.published == date(2017, 9, 9)


def test_the_day_shown_beside_the_headline_goes_before_its_neighbour_in_the_url() -> None:
    above = "<p>posted on 2023-12-19 23:30 EST</p>"
    assert extracted(article_page(above=above), url="https://paper.example/2023-12-20/x").published == date(
        2023, 12, 19
    )


def test_page_and_meta_element_together_outvote_json_ld_that_kept_the_first_publication() -> None:
    meta = "<meta property='article:published_time' content='2024-01-15T09:00:00+01:00'>"
    found = extracted(article_page(head=JSON_LD + meta, above="<p>15 January 2024</p>"))
    assert found.published == date(2024, 1, 15)
    assert extracted(article_page(head=JSON_LD, above="<p>15 January 2024</p>")).published == date(2023, 12, 4)
    updated = extracted(article_page(head=JSON_LD + meta, above="<p>Updated 15 January 2024</p>"))
    assert updated.published == date(2023, 12, 4)


@pytest.mark.parametrize(
    "value",
    ["0000-00-00", "9999-12-31", "2023-02-30", "0", "1970-01-01T00:00:00Z", "2024-02-02T00:00:00+14:00", "31/31/2023"],
)
def test_no_date_is_invented_from_one_that_cannot_be(value: str) -> None:
    node = f'<script type="application/ld+json">{{"@type":"NewsArticle","datePublished":"{value}"}}</script>'
    meta = f"<meta property='article:published_time' content='{value}'>"
    found = extracted(article_page(head=node + meta, above=f"<time datetime='{value}'></time>"))
    assert (found.published, found.published_source) == (None, None)
    assert DateCandidate(source="jsonld:datePublished", value=value) in found.date_candidates
