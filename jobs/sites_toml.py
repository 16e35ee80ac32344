"""A proposal as a site profile in TOML, with a comment for each value that says where it came from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from crawler.announced import tidy
from jobs.sites_add import Proposal, Source

_FIRST_LINES = """\
# Proposed from {home}: look through it before you crawl.
# `presskeep sites check {name}` shows what it finds; docs/add-a-site.md has every key.
"""


def render(proposal: Proposal) -> str:
    """The text of the profile; it is valid whatever the site said of itself."""
    blocks = (_site(proposal), _sources(proposal), _articles(proposal), _extract(proposal))
    text = "\n\n".join("\n".join(block) for block in map(list, blocks) if block)
    return _FIRST_LINES.format(home=proposal.home, name=proposal.name) + f"\n{text}\n"


def _site(proposal: Proposal) -> Iterator[str]:
    yield f"name = {_string(proposal.name)}"
    yield f"# {_comment(proposal.title.why)}"
    yield f"title = {_string(proposal.title.value)}"
    yield f"hosts = [{', '.join(map(_string, proposal.hosts))}]"
    yield f"# {_comment(proposal.zone.why)}"
    yield f"timezone = {_string(proposal.zone.value)}"
    if proposal.language:
        yield f"# {_comment(proposal.language.why)}"
        yield f"language = {_string(proposal.language.value)}"


def _sources(proposal: Proposal) -> Iterator[str]:
    """Sitemaps of everything are left out where something lists only what is new: they are costly to read hourly."""
    yield "[sources]"
    new = any(source.only_new for source in (*proposal.feeds, *proposal.sitemaps))
    sitemaps = [source for source in proposal.sitemaps if source.only_new or not new]
    whole = [source for source in proposal.sitemaps if source not in sitemaps]
    yield from _list("feeds", proposal.feeds)
    yield from _list("sitemaps", sitemaps)
    for source in whole:
        yield f"# For a first, large crawl, a sitemap of everything ({source.origin}): {_comment(source.url)}"
    if not proposal.feeds and not proposal.sitemaps:
        yield "# No feed and no sitemap was found, so the links of this page are read; add the section pages."
        yield f"sections = [{_string(proposal.home)}]"


def _list(key: str, sources: Sequence[Source]) -> Iterator[str]:
    if sources:
        yield f"{key} = ["
        for source in sources:
            yield f"    # {len(source.found)} entries, {source.origin}."
            yield f"    {_string(source.url)},"
        yield "]"


def _articles(proposal: Proposal) -> Iterator[str]:
    yield "[articles]"
    matched = sum(len(shape.examples) for shape in proposal.shapes)
    if not proposal.shapes:
        yield "# The addresses of articles have nothing in common that tells them apart: write `include` by hand."
        return
    yield f"# Learned from {_comment(proposal.learned_from)}: {matched} of {proposal.announced} article URLs match, and"
    yield f"# {proposal.linked_articles} of the {proposal.links} links of the home page do."
    yield "include = ["
    for shape in proposal.shapes:
        yield f"    # {len(shape.examples)} such as {_comment(shape.examples[0])}"
        yield f"    {_regex(shape.pattern)},"
    yield "]"


def _extract(proposal: Proposal) -> Iterator[str]:
    if proposal.date_order:
        yield "[extract]"
        yield f"# {_comment(proposal.date_order.why)}"
        yield f"date_order = {_string(proposal.date_order.value)}"


def _string(text: str) -> str:
    # A JSON string is a basic string of TOML, but for the delete character.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _regex(pattern: str) -> str:
    return _string(pattern) if "'" in pattern else f"'{pattern}'"


def _comment(text: str) -> str:
    return tidy(text, 300) or ""
