"""Extraction end to end: which text stays, what hostile pages do, what a profile can say."""

from __future__ import annotations

import unicodedata
from importlib.metadata import version

import pytest

from archive.records import Capture
from crawler.articles import read_article
from crawler.extract import ExtractionFailed, NotAnArticle
from crawler.profile import ExtractRules, SiteProfile
from tests.article_page import FETCHED, HEADLINE, PARAGRAPHS, URL, article_page, extracted, paragraphs

LONG = [f"{text} {text}" for text in PARAGRAPHS]


def test_text_is_the_paragraphs_and_nothing_else() -> None:
    found = extracted(article_page())
    assert paragraphs(found) == list(PARAGRAPHS)
    assert found.title == HEADLINE
    assert found.word_count == sum(len(paragraph.split()) for paragraph in PARAGRAPHS)


def test_paragraphs_in_divs_and_line_breaks_are_paragraphs() -> None:
    divs = article_page(body="".join(f"<div style='text-align: justify'>{text}</div>" for text in PARAGRAPHS))
    breaks = article_page(body="<br><br>".join(PARAGRAPHS))
    assert paragraphs(extracted(divs)) == paragraphs(extracted(breaks)) == list(PARAGRAPHS)


def test_subheads_lists_and_quotations_stay_in_their_place() -> None:
    body = (
        f"<p>{PARAGRAPHS[0]}</p><p>{PARAGRAPHS[1]}</p><h2>What changes</h2><ul><li>{PARAGRAPHS[2]}</li>"
        f"<li>{PARAGRAPHS[3]}</li></ul><blockquote><p>{PARAGRAPHS[4]}</p></blockquote><p>{PARAGRAPHS[0]} Again.</p>"
    )
    expected = [*PARAGRAPHS[:2], "What changes", *PARAGRAPHS[2:], f"{PARAGRAPHS[0]} Again."]
    assert paragraphs(extracted(article_page(body=body))) == expected


def test_a_paragraph_cut_by_html_comments_is_whole() -> None:
    body = "".join(f"<p>{text.replace(' the ', ' <!-- -->the<!-- --> ')}</p>" for text in PARAGRAPHS)
    assert paragraphs(extracted(article_page(body=body))) == list(PARAGRAPHS)


def test_text_beside_a_wordy_notice_is_found() -> None:
    """A cluster of prose far larger than what looked like the article is added."""
    notice = "<div class='print'><p>This copy is for your personal use only and must not be sold to anybody.</p></div>"
    body = "".join(f"<p>{text} {text}</p>" for text in PARAGRAPHS)
    page = f"<html><body>{notice}<h1>{HEADLINE}</h1><div class='wall'>{body}</div></body></html>"
    assert all(text in extracted(page).text for text in PARAGRAPHS)


def test_a_body_of_divs_is_a_cluster_too() -> None:
    quote = f"<blockquote><p>{PARAGRAPHS[1]}</p></blockquote>"
    body = "".join(f"<div class='x'><span>{text} {text}</span></div>" for text in PARAGRAPHS)
    page = f"<html><body><h1>{HEADLINE}</h1><div class='q'>{quote}</div><div class='wall'>{body}</div></body></html>"
    assert all(text in extracted(page).text for text in PARAGRAPHS)


def test_a_lead_between_headline_and_text_belongs_to_it() -> None:
    lead = (
        "Two years after the first cable gave way under a column of lorries, the bridge that ties both halves of the "
        "harbour together is open again, and most of those who waited for it crossed on foot."
    )
    page = article_page(head=f"<meta name='description' content='{lead}'>", above=f"<div class='lead'>{lead}</div>")
    assert paragraphs(extracted(page)) == [lead, *PARAGRAPHS]


def test_a_deck_of_one_line_belongs_to_the_headline() -> None:
    deck = "Buses and cyclists return to the bridge; the ferry sails on until the summer is here."
    page = article_page(head=f"<meta name='description' content='{deck}'>", above=f"<div class='lead'>{deck}</div>")
    assert paragraphs(extracted(page)) == list(PARAGRAPHS)


@pytest.mark.parametrize("between", ["\\n\\n", "<br />", "&lt;/p&gt;&lt;p&gt;"])
def test_article_body_of_the_json_ld_is_taken_where_the_page_has_none(between: str) -> None:
    body = between.join(LONG)
    script = f'<script type="application/ld+json">{{"@type":"NewsArticle","articleBody":"{body}"}}</script>'
    page = article_page(head=script, body="<p>The Paper has been printed on Quay Street since 1871.</p>")
    assert paragraphs(extracted(page)) == LONG


def test_text_typed_between_blank_lines_is_paragraphs() -> None:
    assert paragraphs(extracted(article_page(body="<pre>" + "\n\n".join(PARAGRAPHS) + "</pre>"))) == list(PARAGRAPHS)


def test_a_page_that_stands_in_a_noscript_element_as_a_whole_is_read() -> None:
    page = article_page(body="".join(f"<p>{text}</p>" for text in LONG))
    page = page.replace("<article>", "<noscript><div><article>").replace("</article>", "</article></div>")
    assert paragraphs(extracted(page)) == LONG


def test_readings_of_characters_are_no_text() -> None:
    page = article_page(body="".join(f"<p><ruby>港<rp>(</rp><rt>みなと</rt></ruby> {text}</p>" for text in PARAGRAPHS))
    assert paragraphs(extracted(page)) == [f"港 {text}" for text in PARAGRAPHS]


def test_the_next_story_on_the_same_page_is_not_taken_in() -> None:
    next_story = "".join(
        f"<p>{'The ferry was late again, and nobody on the quay could say why. ' * 4}</p>" for _ in range(9)
    )
    page = article_page().replace(
        "</body>", f"<article><h1>Ferry late again</h1><div class='story'>{next_story}</div></article>"
    )
    assert paragraphs(extracted(page)) == list(PARAGRAPHS)


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        (b"", "empty"),
        (b" \n\t ", "empty"),
        (b"%PDF-1.7\n" + bytes(range(256)) * 20, "not_html"),
        (b'{"title": "no page"}', "not_html"),
        (b"<" * 100_000, "not_html"),
        (b"<html><body>" + b"<div>" * 300 + b"text", "too_deep"),
        (b"<html><body>" + b"<b>" * 100_000 + b"text", "too_deep"),
        (b"<html><body><p>" + b"word " * 2_000_000, "too_large"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 20 + b"<p >" + bytes(range(256)), "not_html"),
        (b"<html><body>" + b"<p>word" * 100_000, "too_many_elements"),
        (b"<html><body><table>" + b"<tr><td>cell</td></tr>" * 50_000, "too_many_elements"),
    ],
    ids=["nothing", "blanks", "pdf", "json", "angles", "deep", "abyss", "huge", "png", "paragraphs", "rows"],
)
def test_unreadable_pages_fail_with_a_reason(html: bytes, reason: str) -> None:
    with pytest.raises(ExtractionFailed) as caught:
        extracted(html)
    assert caught.value.reason == reason
    assert not isinstance(caught.value, NotAnArticle)


def test_a_page_without_text_is_no_article() -> None:
    with pytest.raises(NotAnArticle) as caught:
        extracted("<html><body><nav><a href='/'>Home</a></nav></body></html>")
    assert caught.value.reason == "no_text"


def test_two_hundred_levels_of_nesting_are_read() -> None:
    page = article_page().replace("<article>", "<div>" * 200 + "<article>")
    assert paragraphs(extracted(page)) == list(PARAGRAPHS)


def test_unterminated_json_ld_costs_nothing() -> None:
    script = '<script type="application/ld+json">{"@type":"NewsArticle","headline":"' + 'a{"[' * 12_000 + "</script>"
    assert extracted(article_page(head=script)).title == HEADLINE


def test_all_text_is_valid_nfc() -> None:
    """No NUL, no lone surrogate, no bidi override, composed letters."""
    dirty = "Zu\u0308rich\u0000 &#xD800; \u202eevil\u202c ends the paragraph"
    body = "".join(f"<p>{text} {dirty}.</p>" for text in PARAGRAPHS)
    head = f"<meta property='og:title' content='{dirty}'><meta name='keywords' content='{dirty}'>"
    found = extracted(article_page(head=head, body=body))
    for text in (found.text, found.alt_title or "", *found.tags, *(removed.text for removed in found.removed_blocks)):
        assert unicodedata.is_normalized("NFC", text)
        text.encode()
        assert not set(text) & {"\0", "\u202e", "\u202c"}
    assert "Zürich" in found.text


@pytest.mark.parametrize("charset", ["windows-1251", "koi8-r", "utf-16"])
def test_charset_of_the_header_decides(charset: str) -> None:
    text = "Мост через гавань снова открыт после двух лет ремонта, который обошёлся городу в сорок миллионов. "
    page = article_page(body="".join(f"<p>{text * 2}</p>" for _ in range(4))).replace("<meta charset='utf-8'>", "")
    found = extracted(page.encode(charset), content_type=f"text/html; charset={charset}")
    assert text.strip() in found.text
    assert found.language == "ru"


def test_body_selector_decides_alone() -> None:
    chosen = "".join(f"<p>{text}</p>" for text in PARAGRAPHS[:2])
    page = article_page(body=f"<div class='lead'><p>{PARAGRAPHS[4]}</p></div><div id='main-text'>{chosen}</div>")
    assert paragraphs(extracted(page, body="#main-text")) == list(PARAGRAPHS[:2])


def test_a_selector_that_finds_nothing_leaves_it_to_the_general_rules() -> None:
    assert paragraphs(extracted(article_page(), body=".no-such-class", title=".nor-this")) == list(PARAGRAPHS)


def test_dropped_elements_are_gone_even_from_short_pages() -> None:
    page = article_page(body=f"<p>{PARAGRAPHS[0]}</p><p class='advice'>{PARAGRAPHS[1]}</p><p>{PARAGRAPHS[2]}</p>")
    assert PARAGRAPHS[1] in extracted(page).text
    assert PARAGRAPHS[1] not in extracted(page, drop=[".advice"]).text


def test_stop_at_and_drop_lines_match_whole_lines() -> None:
    found = extracted(article_page(), stop_at=["Buses are .*"], drop_lines=["“We have waited.*", "Engineers"])
    assert paragraphs(found) == [PARAGRAPHS[0], PARAGRAPHS[2]]
    reasons = {removed.text: removed.reason for removed in found.removed_blocks}
    assert reasons[PARAGRAPHS[1]] == "profile:drop_lines"
    assert reasons[PARAGRAPHS[3]] == reasons[PARAGRAPHS[4]] == "profile:stop_at"


def test_metadata_is_taken_over() -> None:
    head = (
        "<meta property='article:section' content='City'><meta property='og:description' content='It is open.'>"
        "<meta property='og:image' content='/img/bridge.jpg'><link rel='canonical' href='/news/harbour-bridge?x=1'>"
        "<meta property='article:tag' content='bridges, harbour,bridges'>"
    )
    found = extracted(article_page(head=head))
    assert (found.section, found.description, found.tags) == ("City", "It is open.", ("bridges", "harbour"))
    assert found.image == "https://paper.example/img/bridge.jpg"
    assert found.canonical_link == "https://paper.example/news/harbour-bridge?x=1"


def test_links_of_other_schemes_are_no_image_and_no_canonical() -> None:
    head = "<meta property='og:image' content='javascript:alert(1)'><link rel='canonical' href='data:text/html,x'>"
    found = extracted(article_page(head=head))
    assert found.image is None
    assert found.canonical_link is None


@pytest.mark.parametrize(
    "trail",
    [
        "<ul class='breadcrumb'><li><a href='/'>Home</a></li><li><a href='/city'>City</a></li></ul>",
        "<div class='pth'><a href='/'>Home</a> &raquo; <a href='/city'>City</a></div>",
    ],
)
def test_section_is_the_last_step_of_the_breadcrumbs(trail: str) -> None:
    page = article_page().replace("<article>", f"<article>{trail}")
    assert extracted(page).section == "City"


@pytest.mark.parametrize(
    ("page", "flag"),
    [
        (article_page(body=f"<p>{PARAGRAPHS[0]}</p>"), "short"),
        (article_page(), "no_date"),
        (article_page(below="<div><p>Subscribe now to continue reading</p></div>"), "paywall"),
        (
            article_page(
                head='<script type="application/ld+json">{"@type":"NewsArticle","isAccessibleForFree":"False"}</script>'
            ),
            "paywall",
        ),
        (
            article_page(
                body="".join(f"<p>{text}</p>" for text in PARAGRAPHS[:-1]) + "<p>The ferry, which carried nine…</p>"
            ),
            "truncated",
        ),
        (
            f"<html><head><title>404 - page not found</title></head><body><p>{PARAGRAPHS[0]}</p></body></html>",
            "soft_404",
        ),
    ],
)
def test_flags_tell_of_doubts(page: str, flag: str) -> None:
    assert flag in extracted(page).flags


def test_a_sound_article_has_no_flags() -> None:
    body = "".join(f"<p>{text}</p>" for text in PARAGRAPHS)
    page = article_page(head="<meta property='article:published_time' content='2024-01-29T09:00:00+01:00'>", body=body)
    assert extracted(page).flags == ()


def test_an_article_names_its_extractor_both_versions_and_the_profiles_rules() -> None:
    capture = Capture(site="paper", url=URL, status=200, body=article_page().encode(), fetched=FETCHED)
    plain = SiteProfile(name="paper", title="The Paper", hosts=("paper.example",))
    ruled = plain.model_copy(update={"extract": ExtractRules(drop_lines=("Advertisement",))})
    drafts = [read_article(capture, profile) for profile in (plain, ruled)]
    assert {draft.extractor for draft in drafts} == {"presskeep"}
    assert {draft.extractor_version for draft in drafts} == {
        f"{version('presskeep')}+trafilatura.{version('trafilatura')}"
    }
    assert [draft.profile_hash for draft in drafts] == [plain.extraction_hash, ruled.extraction_hash]
    assert drafts[0].profile_hash != drafts[1].profile_hash
