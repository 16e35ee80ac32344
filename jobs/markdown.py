"""An article's text as Markdown (CommonMark 0.31): subheads, lists and quotes as the archive keeps them.

What a site wrote is text in it, whatever it looks like.
"""

from __future__ import annotations

import re

from archive.passages import passages
from archive.records import Article
from jobs.console import safe


def markdown_text(article: Article) -> str:
    """The text of an article, without its headline; subheads begin at the second level."""
    return "\n\n".join(_passage(kind, [escaped(paragraph) for paragraph in run]) for kind, run in passages(article))


def escaped(text: str) -> str:
    """Text that means in CommonMark and GitHub's dialect just what it says (sections 2.4, 4.2, 4.3, 5.2)."""
    inline = re.sub(r"[\\`*_\[\]<>&|~]", r"\\\g<0>", safe(text))
    return re.sub(r"(?m)^(\s*)(\d*)([#+\-=.)])|( )(#+$)", r"\1\2\4\\\3\5", inline)


def _passage(kind: str, paragraphs: list[str]) -> str:
    if kind == "ul":
        return "\n".join(f"- {item}" for item in paragraphs)
    if kind == "ol":
        return "\n".join(f"{number}. {item}" for number, item in enumerate(paragraphs, 1))
    if kind == "blockquote":
        return "\n>\n".join(f"> {paragraph}" for paragraph in paragraphs)
    if kind.startswith("h"):
        return "\n\n".join(f"{'#' * max(2, int(kind[1]))} {heading}" for heading in paragraphs)
    return "\n\n".join(paragraphs)
