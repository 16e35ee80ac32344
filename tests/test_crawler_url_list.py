"""What crawler/url_list.py promises: a list written by hand is read line by line, and no mistake passes unseen."""

from __future__ import annotations

from archive.records import Announcement
from crawler.url_list import read_url_list


def test_a_list_gives_urls_with_dates_and_skips_comments_and_blank_lines() -> None:
    text = "\ufeff# from the library\n\nhttps://h.example/1\t4 December 2023\r\n  https://h.example/2#x  \n#https://h.example/3"
    result = read_url_list(text)
    assert [(found.url, found.announcement) for found in result.found] == [
        ("https://h.example/1", Announcement(source="list", kind="list", published="4 December 2023")),
        ("https://h.example/2", Announcement(source="list", kind="list")),
    ]
    assert (result.reason, result.warnings) == (None, ())


def test_a_line_that_is_no_url_is_named_by_its_number() -> None:
    result = read_url_list("# list\nhttps://h.example/1\nwww.h.example/2\nftp://me:s3cret@h.example/")
    assert len(result.found) == 1
    assert result.warnings == (
        "line 3: 'www.h.example/2': is not an absolute http or https URL",
        "line 4: 'ftp://***@h.example/': is not an absolute http or https URL",
    )


def test_a_list_without_urls_says_so() -> None:
    assert read_url_list("# nothing yet\n").reason == "list_empty"
