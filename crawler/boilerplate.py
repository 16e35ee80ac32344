"""What stands among an article's text and is not part of it, judged line by line.

Even a good guess at the body holds repeated headlines, teasers, calls to subscribe, credits, author notes and comment
policies. Each rule below looks at a line, at where it stands and at what the page says elsewhere; what goes is kept as
a `RemovedBlock` with the rule's name, so that nothing vanishes unseen. Lines that the publisher's own JSON-LD counts
as article body are spared by the rules that can err.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from archive.records import RemovedBlock
from crawler import phrases
from crawler.blocks import HEADINGS, Block
from crawler.dates import read_date
from crawler.placement import Placement
from crawler.text import letters

_TOP = 8
"""A headline is repeated among the first blocks; further down the same words are a subhead."""
_CONFIRMABLE = 15
_KICKER = 10
_TEASER = 30
_LABEL = 5
_LABEL_LENGTH = 40
_CALL = 60
_SHORT_CALL = 14
_CREDIT = 45
_NOTE = 80
_DATELINE = 14
_LEAD = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What the page says of itself, for comparison with its lines."""

    titles: Sequence[str] = ()
    """Every form of the headline."""
    authors: Sequence[str] = ()
    body: str = ""
    """`articleBody` of its JSON-LD."""
    page: Sequence[Block] = ()
    """All blocks, in page order: a heading need not be among those of the body."""
    stop_at: Sequence[str] = ()
    """Regexes of the profile, see `crawler.profile.ExtractRules`."""
    drop_lines: Sequence[str] = ()


def remove_boilerplate(blocks: Sequence[Block], context: Context) -> tuple[list[Block], tuple[RemovedBlock, ...]]:
    """The blocks that stay, and the text of those that go with the reason, both in page order."""
    reasons: dict[Block, str] = {}
    for find in (_by_profile, _comments, _by_rules, _outside, _dangling_headings):
        rest = [block for block in blocks if block not in reasons]
        reasons |= find(rest, context)
    kept = [block for block in blocks if block not in reasons]
    return kept, tuple(RemovedBlock(text=block.text, reason=reasons[block]) for block in blocks if block in reasons)


def _by_profile(blocks: Sequence[Block], context: Context) -> dict[Block, str]:
    """Lines the site's profile names."""
    end = next((place for place, block in enumerate(blocks) if _matches(block, context.stop_at)), len(blocks))
    dropped = {block: "profile:drop_lines" for block in blocks[:end] if _matches(block, context.drop_lines)}
    return dropped | dict.fromkeys(blocks[end:], "profile:stop_at")


def _matches(block: Block, patterns: Sequence[str]) -> bool:
    return any(re.fullmatch(pattern, block.text) for pattern in patterns)


def _comments(blocks: Sequence[Block], context: Context) -> dict[Block, str]:
    """Everything from the heading of the comments, or from the comment policy, to the end."""
    prose_seen = False
    headed = _below_comments_heading(blocks, context.page)
    for place, block in enumerate(blocks):
        heading = (block in headed or _heads_comments(block)) and not _goes_on(blocks[:place], blocks[place:], context)
        if prose_seen and (heading or _opens_policy(blocks[place:])):
            return dict.fromkeys(blocks[place:], "comments")
        prose_seen = prose_seen or block.words >= _LEAD
    return {}


def _goes_on(above: Sequence[Block], below: Sequence[Block], context: Context) -> bool:
    """Whether the article goes on below a heading of comments, which is a subhead of it then.

    So it is where the publisher's `articleBody` holds text from there, or most of the text stands there, in the element
    of the text above.
    """
    confirmed = letters(context.body)
    known = {block.key for block in above}
    if any(block.words >= _LEAD and block.key in confirmed and block.key not in known for block in below):
        return True
    homes = {block.element.getparent() for block in above if block.words >= _LEAD}
    alike = [block for block in below if block.element.getparent() in homes]
    return sum(len(block.key) for block in alike) > sum(len(block.key) for block in above)


def _below_comments_heading(blocks: Sequence[Block], page: Sequence[Block]) -> set[Block]:
    """The first of the blocks below each heading of comments in the page."""
    wanted = set(blocks)
    below: set[Block] = set()
    headed = False
    for block in page:
        if headed and block in wanted:
            below.add(block)
            headed = False
        headed = headed or (block.element.tag in HEADINGS and _heads_comments(block))
    return below


def _heads_comments(block: Block) -> bool:
    return phrases.COMMENTS_HEADING.fullmatch(block.text) is not None


def _opens_policy(tail: Sequence[Block]) -> bool:
    """Whether a line speaks of comments, and all prose from it to the end speaks like a moderator."""
    if not phrases.speaks_of_comments(tail[0].text) or len(phrases.moderation(tail[0].text)) < 2:
        return False
    words = {block: phrases.moderation(block.text) for block in tail}
    return all(words[block] for block in tail if block.words >= _LEAD) and len(set().union(*words.values())) >= 3


@dataclass(frozen=True, kw_only=True, slots=True)
class _Line:
    """A block as the rules see it."""

    block: Block
    place: int
    """Its number among the blocks."""
    count: int
    """How many blocks there are."""
    headline: int
    """Place of the last repetition of the headline at the top, -1 if there is none."""
    placement: Placement
    titles: frozenset[str]
    authors: tuple[str, ...]

    @property
    def late(self) -> bool:
        return self.place >= self.count - 3


def _by_rules(blocks: Sequence[Block], context: Context) -> dict[Block, str]:
    """Lines that one of the rules below names."""
    placement, confirmed = Placement(blocks), letters(context.body)
    titles = frozenset(map(letters, context.titles)) - {""}
    authors = tuple(key for key in map(letters, context.authors) if len(key) > 5)
    tops = [place for place, block in enumerate(blocks[:_TOP]) if block.key in titles and block.element.tag in HEADINGS]
    reasons = {}
    for place, block in enumerate(blocks):
        line = _Line(
            block=block,
            place=place,
            count=len(blocks),
            headline=max(tops, default=-1),
            placement=placement,
            titles=titles,
            authors=authors,
        )
        spared = len(block.key) > _CONFIRMABLE and block.key in confirmed
        reason = next((name for name, rule, sure in _RULES if (sure or not spared) and rule(line)), None)
        if reason:
            reasons[block] = reason
    return reasons


def _headline_repeated(line: _Line) -> bool:
    return line.place < _TOP and line.block.key in line.titles


def _before_headline(line: _Line) -> bool:
    return line.place < line.headline and line.block.words < _KICKER and line.block.text[-1] not in '.”"。'


def _furniture(line: _Line) -> bool:
    return line.placement.in_furniture(line.block)


def _only_link(line: _Line) -> bool:
    return line.block.linked > 0.9 and line.block.words < _TEASER


def _see_also(line: _Line) -> bool:
    """A line that points elsewhere: by a link, by a colon, or by saying nothing more."""
    text, words = line.block.text, line.block.words
    points = line.block.linked > 0.3 or words <= _LABEL or ":" in text[:_LABEL_LENGTH]
    return words < _TEASER and points and phrases.SEE_ALSO.match(text) is not None


def _call_to_action(line: _Line) -> bool:
    text, words = line.block.text, line.block.words
    if words > _CALL or text[0] in '“"„«‘':
        return False
    call = phrases.call_to_action(text)
    if call is None:
        return False
    again = phrases.call_to_action(text[call.end() :]) is not None
    return line.late or again or words <= _SHORT_CALL or (call.start() < 25 and words <= 40)


def _advertisement(line: _Line) -> bool:
    """The label of an advertisement; as a heading, the same word opens a part of the story."""
    return line.block.element.tag not in HEADINGS and phrases.ADVERTISEMENT.fullmatch(line.block.text) is not None


def _credit(line: _Line) -> bool:
    return line.block.words < _CREDIT and phrases.CREDIT.search(line.block.text) is not None


def _reporting(line: _Line) -> bool:
    return line.block.words < _NOTE and phrases.REPORTING.match(line.block.text) is not None


def _author_note(line: _Line) -> bool:
    block = line.block
    if block.words >= _NOTE or not block.key.startswith(line.authors or ("\n",)):
        return False
    return (line.place < 4 and block.words < 5) or phrases.ROLE.search(block.text[:250]) is not None


def _dateline(line: _Line) -> bool:
    """Byline or date above the text."""
    block = line.block
    if line.place > 5 or block.words > _DATELINE:
        return False
    if any(name in block.key and len(block.key) < len(name) + 25 for name in line.authors):
        return True
    if _BYLINE.match(block.text) and block.words < 10:
        return True
    return _TIMED.search(block.text) is not None or (block.text[0].isdigit() and read_date(block.text) is not None)


_BYLINE = re.compile(r"(?:[Bb]y|[Vv]on|[Pp]or|[Pp]ar|[Dd]i|[Aa]v|[Aa]f|[Dd]oor) +[A-ZÀ-Þ]|بقلم|[Аа]втор")
_TIMED = re.compile(
    r"\b\d{1,2}[:.]\d\d\b.*\d{4}|\d{4}\D.*\b\d{1,2}[:.]\d\d\b|\b(?:hours?|minutes?|days?) ago$|\bmin(?:ute)?s? read\b|"
    r"^\W*(?:last )?(?:updated?|published|posted|stand|erstellt|aktualisiert|mis à jour|publié|actualizado|publicado|"
    r"uppdaterad|publicerad|güncelleme)\b.*\d",
    re.I,
)

_RULES: tuple[tuple[str, Callable[[_Line], bool], bool], ...] = (
    # Reason, rule, and whether it holds against the publisher's own articleBody.
    ("headline_repeated", _headline_repeated, True),
    ("before_headline", _before_headline, True),
    ("furniture", _furniture, False),
    ("only_link", _only_link, False),
    ("see_also", _see_also, False),
    ("call_to_action", _call_to_action, False),
    ("advertisement", _advertisement, True),
    ("credit", _credit, False),
    ("reporting_note", _reporting, False),
    ("author_note", _author_note, False),
    ("dateline", _dateline, True),
)


def _outside(blocks: Sequence[Block], context: Context) -> dict[Block, str]:
    """Short lines before, and all lines after, the element that holds nearly all the text."""
    placement = Placement(blocks)
    inside = {share: _inside(blocks, placement, share) for share in (0.9, 0.8)}
    first = next((place for place, block in enumerate(blocks) if block in inside[0.9]), 0)
    last = max((place for place, block in enumerate(blocks) if block in inside[0.8]), default=len(blocks))
    before = (block for block in blocks[:first] if block.words <= _LEAD)
    return dict.fromkeys((*before, *blocks[last + 1 :]), "outside_body")


def _inside(blocks: Sequence[Block], placement: Placement, share: float) -> set[Block]:
    home = placement.home(share)
    return {block for block in blocks if home in block.around}


def _dangling_headings(blocks: Sequence[Block], context: Context) -> dict[Block, str]:
    """Headings at the end that nothing follows."""
    end = len(blocks)
    while end > 1 and blocks[end - 1].element.tag in HEADINGS:
        end -= 1
    return dict.fromkeys(blocks[end:], "heading_of_nothing")
