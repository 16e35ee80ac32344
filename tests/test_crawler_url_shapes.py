"""Promises of learning what the addresses of articles have in common."""

from __future__ import annotations

import re

import pytest

from crawler.url_shapes import MAX_SHAPES, learn_shapes

SITE = "https://www.example.org"


@pytest.mark.parametrize(
    ("paths", "new", "sections"),
    [
        (
            ["/world/2024/06/03/calder-ferry", "/uk/2024/06/04/quay", "/uk/2024/12/04/a-b-c"],
            ["/sport/2026/01/09/cup"],
            ["/world", "/world/2024", "/about-us"],
        ),
        (
            ["/uk/2024/jun/03/calder-ferry", "/uk/london/2024/jul/04/quay"],
            ["/world/2026/jan/09/cup"],
            ["/uk", "/uk/london/all"],
        ),
        (
            ["/news/uk/ferry-returns-33386398", "/news/uk/cup-final-32676317"],
            ["/news/uk/new-ramp-40000001"],
            ["/news/uk", "/news/uk/opinion", "/topic/ferries"],
        ),
        (
            ["/a/f90116512ed7c9f776da4e3b8ae194c5", "/a/x-0ac37b0b1ab398ea91df35b88b87d623"],
            ["/a/151f82b59473d29a448ef1cea9afe471"],
            ["/a", "/hub/storms"],
        ),
        (["/stories/3376705/", "/stories/3017954/"], ["/stories/4000000/"], ["/stories/", "/"]),
        (
            ["/uk/article245055596/Ferry-returns.html", "/uk/leeds/article253202060/Cup.html"],
            ["/world/article1234567/Ramp-x.html"],
            ["/uk/", "/uk/index.html"],
        ),
        (["/show.php?id=123", "/show.php?id=456"], ["/show.php?id=789"], ["/show.php", "/list.php?page=2"]),
        (
            ["/news/the-ferry-is-back", "/news/a-cup-for-the-island", "/news/storm-over-the-quay"],
            ["/news/roses-in-the-wind"],
            ["/news", "/about", "/sport/the-cup-and-us"],
        ),
        (["/article/2025-05-03-hearings/", "/article/2026-01-06-traders/"], ["/article/2026-02-01-x/"], ["/article/"]),
    ],
    ids=["dates", "month-names", "slug-id", "hash", "id", "prefixed-id", "query", "slug", "dated-slug"],
)
def test_a_shape_finds_new_articles_and_leaves_section_pages(
    paths: list[str], new: list[str], sections: list[str]
) -> None:
    shapes = learn_shapes(SITE + path for path in paths)
    assert sorted(url for shape in shapes for url in shape.examples) == sorted(SITE + path for path in paths)
    found = [path for path in (*new, *sections) if any(re.search(shape.pattern, SITE + path) for shape in shapes)]
    assert found == new


def test_sites_without_any_mark_of_an_article_give_no_shape() -> None:
    assert learn_shapes([f"{SITE}/ferry", f"{SITE}/quay", f"{SITE}/cup"]) == ()


def test_rare_shapes_are_left_out_and_frequent_ones_come_first() -> None:
    urls = [f"{SITE}/stories/{number}" for number in range(10_000, 10_060)]
    urls += [f"{SITE}/2024/06/{day:02}/ferry" for day in range(1, 21)]
    shapes = learn_shapes([*urls, f"{SITE}/extra/one-two-three"])
    assert [len(shape.examples) for shape in shapes] == [60, 20]


def test_there_are_never_more_shapes_than_a_person_would_read() -> None:
    urls = [f"{SITE}/{'x' * depth}{number}000/{'w/' * depth}99" for depth in range(1, 20) for number in range(2)]
    assert len(learn_shapes(urls)) <= MAX_SHAPES
