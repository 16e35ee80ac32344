"""Flags for what is no plain article: each on a page of its kind, and not on the article that looks like it."""

from __future__ import annotations

import pytest

from crawler.errors import NotAnArticle
from tests.article_page import HEADLINE, PARAGRAPHS, URL, article_page, extracted

DATE = "<meta property='article:published_time' content='2024-01-29T09:00:00+01:00'>"
VIDEO_TYPE = "<meta property='og:type' content='video.other'>"
LIVE_TYPE = '<script type="application/ld+json">{"@type":"LiveBlogPosting","headline":"Bridge live"}</script>'
CAPTION = "<p>Cyclists crossed the new harbour bridge for the first time on Monday, watched by the mayor.</p>"
BANNER = (
    "<p>We and our 812 partners store and access information on your device, such as cookies, and process personal data"
    " to show personalised ads.</p><p>You can accept all, reject all or manage your choices at any time; some partners"
    " rely on legitimate interest instead of your consent.</p>"
)
BANNER_DE = (
    "<p>Wir und unsere 203 Partner speichern Informationen auf einem Gerät, etwa Cookies, und verarbeiten"
    " personenbezogene Daten für Werbung.</p><p>Mit Ihrer Einwilligung dürfen wir das; manche Partner berufen sich auf"
    " ein berechtigtes Interesse. Sie können alle akzeptieren oder Einstellungen verwalten.</p>"
)
CHECK = (
    "<p>Please verify that you are human before you go on. This takes a few seconds and happens once a day.</p>"
    "<p>Your reference number is 7f3a and your address has been noted by the protection service.</p>"
)
LOGIN = (
    "<p>You must be logged in to see this page. If you have an account with the paper, use the form on this page.</p>"
    "<p>Those who have forgotten their password can ask for a new one by letter or by telephone.</p>"
)
TICKER = "".join(f"<h3>{hour}:15</h3><p>{text}</p>" for hour, text in enumerate(PARAGRAPHS, start=9))
ABOUT_COOKIES = "".join(
    f"<p>{text}</p>"
    for text in (
        "The ministry wants to forbid cookies that follow readers from one site to the next without their consent.",
        "Newspapers fear for what personalised advertising brings them, which is a third of what they earn each year.",
        "A minister who spoke on Monday called the banners a plague that nobody has ever read to the end of.",
        "Parliament is to vote in the spring, and two of the three parties in government have said that they agree.",
    )
)
ABOUT_ROBOTS = (
    "<p>Are you a robot? The museum puts that question to its visitors from Friday, in a show about thinking machines"
    " that has been four years in the making and fills both floors.</p>"
)


def page_of(title: str, body: str, *, head: str = "") -> str:
    """A page whose title and heading are the same, without any article around its text."""
    head = f"<title>{title}</title>{head}"
    return f"<html lang='en'><head>{head}</head><body><h1>{title}</h1><main>{body}</main></body></html>"


@pytest.mark.parametrize(
    ("flag", "html", "url"),
    [
        ("captcha", page_of("Just a moment...", CHECK), URL),
        ("captcha", page_of("The Paper", CHECK), URL),
        ("consent", page_of("Before you continue", BANNER), URL),
        ("consent", page_of("Ihre Privatsphäre", BANNER_DE), URL),
        ("login", page_of("Log in", LOGIN), URL),
        ("login", page_of("The Paper", LOGIN), URL),
        ("paywall", article_page(below="<p>This article is for subscribers.</p>"), URL),
        ("video", article_page(head=VIDEO_TYPE, body=CAPTION), URL),
        ("video", article_page(body=CAPTION), "https://paper.example/videos/harbour-bridge"),
        ("gallery", article_page(body=CAPTION), "https://paper.example/photos/harbour-bridge"),
        ("live_blog", article_page(head=LIVE_TYPE), URL),
        ("live_blog", article_page(body=TICKER), "https://paper.example/live/harbour-bridge"),
    ],
)
def test_a_page_of_its_kind_is_flagged(flag: str, html: str, url: str) -> None:
    assert flag in extracted(html, url=url).flags


@pytest.mark.parametrize(
    ("reason", "html"),
    [
        ("captcha", page_of("Just a moment...", "<form><label>Your answer</label></form>")),
        ("login", page_of("Log in", "<form><label>Name</label><label>Password</label><button>Go</button></form>")),
        ("no_text", page_of("The Paper", "<a href='/'>Home</a>")),
    ],
)
def test_a_wall_without_any_text_is_named_as_the_reason(reason: str, html: str) -> None:
    with pytest.raises(NotAnArticle) as caught:
        extracted(html)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("flag", "html", "url"),
    [
        ("captcha", article_page(head=DATE, body=ABOUT_ROBOTS), URL),
        ("consent", article_page(head=DATE, body=ABOUT_COOKIES), URL),
        ("consent", article_page().replace("<article>", f"<div class='cookie-banner'>{BANNER}</div><article>"), URL),
        ("login", article_page(below="<p>You must be logged in to post a comment.</p>"), URL),
        ("login", article_page(head=DATE, above="<a href='/login'>Log in</a>"), URL),
        ("paywall", article_page(body=f"<p>{PARAGRAPHS[0]}</p><p>The mayor had to read to continue.</p>"), URL),
        ("video", article_page(), "https://paper.example/video/harbour-bridge"),
        ("gallery", article_page(), "https://paper.example/photos/harbour-bridge"),
        ("gallery", article_page(body=CAPTION), "https://paper.example/culture/photos-of-the-bridge"),
        ("live_blog", article_page(), "https://paper.example/live/harbour-bridge"),
        ("live_blog", article_page(body=TICKER), "https://paper.example/travel/timetable"),
    ],
)
def test_an_article_that_looks_like_it_is_not(flag: str, html: str, url: str) -> None:
    found = extracted(html, url=url)
    assert flag not in found.flags
    assert found.title == HEADLINE
