"""`presskeep metrics`: how sites are doing, for Prometheus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jobs.console import out


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(metrics)


def metrics(
    context: typer.Context,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write it to this file, for node_exporter, not to the screen.")
    ] = None,
) -> None:
    """Print how sites are doing in the text format of Prometheus.

    For machines without `presskeep schedule`, which serves the same at an address.

    Example: presskeep metrics --output /var/lib/node_exporter/presskeep.prom
    """
    from jobs.config import find_config, load_config
    from jobs.errors import JobsError
    from jobs.metrics import PresskeepCollector, metrics_text, write_metrics
    from jobs.opened import opened_catalog

    with opened_catalog(load_config(find_config(context.obj))) as catalog:
        text = metrics_text(PresskeepCollector(catalog))
    if output is None:
        out.file.write(text.decode())
        return
    try:
        write_metrics(text, output)
    except OSError as exc:
        raise JobsError(f"--output {output}: cannot be written: {exc.strerror}") from exc
