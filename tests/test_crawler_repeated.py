"""Promises of learned boilerplate: what stands on several articles of a site goes, what only looks like it stays."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest

from archive.block_memory import BlockPrints, prints_of
from archive.records import ArticleDraft, RemovedBlock, content_hash
from crawler.repeated import remove_repeated
from tests.sample_articles import make_draft

POLICY = (
    "Readers of the Courier are welcome to write to us in any language, as long as they keep to the matter at hand, "
    "stay polite to the people they disagree with, and do not sell anything to anybody."
)
TAIL = "The Harbour Courier has been printed on Quay Street since 1871."
MATTERS = ("harbour", "council", "ferry", "bridge", "school", "museum", "market", "tramway", "library", "orchard")


def prose(number: int, part: int = 0) -> str:
    """A paragraph that no other article has."""
    matter = MATTERS[number % len(MATTERS)]
    return (
        f"On day {number} of the hearing, part {part}, the committee for the {matter} heard {number + 7} witnesses, "
        f"among them the keeper of the {matter} at number {number * 31 + part}, who spoke for an hour about repairs."
    )


def article(number: int, *blocks: str) -> ArticleDraft:
    """Article `number` with its own two paragraphs where the blocks have None or nothing."""
    return make_draft(number, text="\n\n".join(blocks))


def story(
    number: int, *, above: Sequence[str] = (), within: Sequence[str] = (), below: Sequence[str] = ()
) -> ArticleDraft:
    """An article of two paragraphs of its own, with other blocks around them."""
    return article(number, *above, prose(number), *within, prose(number, 1), *below)


def texts(drafts: Sequence[ArticleDraft]) -> list[list[str]]:
    return [draft.text.split("\n\n") for draft in drafts]


def own(count: int) -> list[list[str]]:
    """The blocks of `count` stories without additions."""
    return texts([story(number) for number in range(count)])


def known(count: int, **around: Sequence[str]) -> list[BlockPrints]:
    """What is remembered of earlier stories of the site."""
    return [prints_of(story(100 + number, **around)) for number in range(count)]


def test_a_tail_goes_from_the_third_article_on() -> None:
    [second] = remove_repeated([story(0, below=[TAIL])], known(1, below=[TAIL]))
    [third] = remove_repeated([story(0, below=[TAIL])], known(2, below=[TAIL]))
    assert second.text.endswith(TAIL)
    assert texts([third]) == own(1)


def test_the_articles_of_one_batch_show_it_to_each_other() -> None:
    assert texts(remove_repeated([story(number, below=[TAIL]) for number in range(3)], [])) == own(3)


def test_what_goes_is_recorded_and_all_that_follows_from_the_text_with_it() -> None:
    draft = story(0, below=[TAIL])
    [found] = remove_repeated([draft], known(2, below=[TAIL]))
    assert found.removed_blocks == (*draft.removed_blocks, RemovedBlock(text=TAIL, reason="repeated"))
    assert found.content_hash == content_hash(draft.title, found.text)
    assert found.word_count == len(found.text.split())
    assert dataclasses.replace(draft, text="", content_hash="", word_count=0, flags=(), removed_blocks=()) == (
        dataclasses.replace(found, text="", content_hash="", word_count=0, flags=(), removed_blocks=())
    )


def test_the_structure_of_what_stays_is_kept() -> None:
    draft = dataclasses.replace(story(0, within=[POLICY]), structure=("p", "ul", "blockquote"))
    [found] = remove_repeated([draft], known(5, within=[POLICY]))
    assert (texts([found]), found.structure) == (own(1), ("p", "blockquote"))


def test_an_article_that_becomes_short_is_flagged() -> None:
    long = [f"{TAIL} Part {part} of what we say below every story." for part in range(4)]
    drafts = [dataclasses.replace(article(n, prose(n), *long), flags=()) for n in range(8)]
    assert {draft.flags for draft in remove_repeated(drafts, [])} == {("short",)}


def test_what_was_taken_out_still_counts_as_seen() -> None:
    """Otherwise every third article would be cleaned, and the two after it not."""
    first = remove_repeated([story(number, below=[TAIL]) for number in range(3)], [])
    [later] = remove_repeated([story(5, below=[TAIL])], [prints_of(draft) for draft in first])
    assert texts([later]) == [[prose(5), prose(5, 1)]]


def test_a_policy_that_reads_like_prose_goes_where_a_third_of_the_articles_has_it() -> None:
    drafts = [story(number, below=[POLICY]) for number in range(6)]
    assert texts(remove_repeated(drafts, [])) == own(6)


def test_the_background_of_a_running_story_stays() -> None:
    drafts = [story(number, below=[POLICY] if number < 3 else []) for number in range(12)]
    assert remove_repeated(drafts, []) == drafts


def test_the_heading_of_a_recurring_column_and_a_dateline_stay() -> None:
    heads = ["Notes from the harbour wall", "By our own correspondent on the islands"]
    drafts = [story(number, above=heads if number < 3 else []) for number in range(20)]
    assert remove_repeated(drafts, []) == drafts


def test_subheads_of_a_house_style_stay() -> None:
    drafts = [story(number, within=["What happens next"]) for number in range(9)]
    assert remove_repeated(drafts, []) == drafts


def test_a_call_amid_the_text_of_most_articles_goes() -> None:
    call = "Read the Courier on paper: four weeks for the price of two"
    assert texts(remove_repeated([story(number, within=[call]) for number in range(6)], [])) == own(6)


@pytest.mark.parametrize("credit", ["(Reuters)", "Text: Associated Press, dpa", "Källa: TT Nyhetsbyrån"])
def test_the_credit_of_an_agency_stays(credit: str) -> None:
    drafts = [story(number, below=[credit]) for number in range(6)]
    assert remove_repeated(drafts, []) == drafts


def test_pages_of_a_live_blog_keep_what_they_share() -> None:
    """Each has the entries of the one before."""
    entries = [prose(number) for number in range(12)]
    drafts = [article(number, *entries[number : number + 5]) for number in range(5)]
    assert remove_repeated(drafts, []) == drafts


def test_copies_of_an_article_are_no_evidence() -> None:
    drafts = [dataclasses.replace(story(0, below=[TAIL]), url_id=str(number)) for number in range(5)]
    assert remove_repeated(drafts, []) == drafts


def test_revisions_of_an_article_are_no_evidence() -> None:
    drafts = [dataclasses.replace(story(number, below=[TAIL]), url_id="same") for number in range(5)]
    assert remove_repeated(drafts, []) == drafts


def test_an_article_of_repeated_blocks_only_keeps_them() -> None:
    drafts = [article(number, TAIL, POLICY) for number in range(5)]
    assert remove_repeated(drafts, known(5, below=[TAIL, POLICY])) == drafts


def test_scripts_without_spaces_between_words_are_learned_too() -> None:
    tail = "海港日报自一八七一年起在码头街印刷发行"
    bodies = [f"委员会今天听取了第{number}号证人的陈述，" * 12 for number in range(3)]
    drafts = [article(number, body, tail) for number, body in enumerate(bodies)]
    assert texts(remove_repeated(drafts, [])) == [[body] for body in bodies]
