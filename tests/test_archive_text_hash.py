"""Promises of archive/text_hash.py: what a reader would call the same text has the same hash."""

from __future__ import annotations

import pytest

from archive.text_hash import text_hash

TITLE = "Council to mend the bridge"
STORY = (
    "The town council met on Tuesday evening to talk about the bridge over the lower canal.\n\n"
    "A surveyor found cracks in two of the four pillars.\n\n“We will close it at 10:30,” the mayor said."
)


@pytest.mark.parametrize(
    "text",
    [
        STORY.replace(" ", "  "),
        STORY.replace("\n\n", "\n"),
        STORY.replace("cracks in", "cracks\u00a0in"),
        f"Updated: 4 March 2026, 10:31 GMT\n\n{STORY}",
        f"{STORY}\n\n1,204 views",
        f"{STORY}\n\n37 Kommentare",
        f"{STORY}\n\nPublished 5 minutes ago",
        f"{STORY}\n\nآخر تحديث 10:31",
        f"{STORY}\n\nFerry fire put out in an hour\n\nMayor of Hull steps down",
    ],
)
def test_spacing_stamps_counters_and_rotating_headlines_make_no_difference(text: str) -> None:
    assert text_hash(TITLE, text) == text_hash(TITLE, STORY)


@pytest.mark.parametrize(
    "text",
    [
        STORY.replace("two of the four", "three of the four"),
        STORY.replace("10:30", "11:30"),
        STORY.replace("Tuesday", "Monday"),
        f"{STORY}\n\nCorrection: an earlier version misstated the number of pillars.",
        STORY.partition("\n\n")[0],
        f"{STORY}\n\nNo.",
    ],
)
def test_what_a_reader_would_notice_makes_a_difference(text: str) -> None:
    assert text_hash(TITLE, text) != text_hash(TITLE, STORY)


def test_the_headline_counts() -> None:
    assert text_hash("Bridge closed", STORY) != text_hash(TITLE, STORY)
    assert text_hash(f" {TITLE.upper()} ", STORY) == text_hash(TITLE, STORY)


def test_where_all_lines_are_short_all_of_them_count() -> None:
    """A poem, a table, a live ticker."""
    assert text_hash(TITLE, "Rovers 2\n\nUnited 1") != text_hash(TITLE, "Rovers 2\n\nUnited 2")


def test_text_without_spaces_is_measured_by_its_letters() -> None:
    line = "町議会は火曜日の夜に下の運河にかかる橋について話し合った"
    assert text_hash(TITLE, f"{STORY}\n\n{line}") != text_hash(TITLE, STORY)
