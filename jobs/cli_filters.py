"""The options by which `presskeep download` and `presskeep search` choose articles; `jobs.selecting` combines them."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

_Many = list[str] | None

Site = Annotated[_Many, typer.Option("--site", help="Only this site; may be repeated, as all that follow.")]
Since = Annotated[str | None, typer.Option("--from", metavar="DAY", help="First day, YYYY-MM-DD.")]
Until = Annotated[str | None, typer.Option("--to", metavar="DAY", help="Last day.")]
By = Annotated[
    Literal["published", "fetched"], typer.Option("--by", help="Which day: of publication, or of capture (UTC).")
]
Language = Annotated[_Many, typer.Option("--language", help="Only this language, such as ckb.")]
Section = Annotated[_Many, typer.Option("--section", help="Only this section of the site.")]
Author = Annotated[_Many, typer.Option("--author", help="Only authors whose name has this in it.")]
Match = Annotated[_Many, typer.Option("--match", help="Only with all these words in headline or text.")]
Flag = Annotated[_Many, typer.Option("--flag", help="Only with this flag, such as paywall.")]
NoFlag = Annotated[_Many, typer.Option("--no-flag", help="Only without this flag.")]
Archive = Annotated[
    str | None,
    typer.Option("--archive", metavar="URL", help="Read this archive; needs no configuration or catalog."),
]
