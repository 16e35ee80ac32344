"""The log as lines of text or of JSON, each with the run and the site that it is about.

JSON lines have the fields `time` (ISO 8601, UTC), `level`, `logger`, `run`, `site`, `message`, and `error` with the
traceback of a fault; those without a value are absent.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

from crawler.visits import META
from jobs.console import safe

Form = Literal["text", "json"]


def log_to_stderr(form: Form, level: str, *, run: str = "") -> None:
    """Write what is logged from `level` on to standard error; `run` is the run that this process works for."""
    handler = logging.StreamHandler()
    handler.setLevel(level)
    handler.setFormatter(LineFormatter(form, run))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level)


class LineFormatter(logging.Formatter):
    """Makes one line of a record; a record may name its site by `extra={"site": …}`."""

    def __init__(self, form: Form, run: str = "") -> None:
        super().__init__()
        self._form = form
        self._run = run

    def format(self, record: logging.LogRecord) -> str:
        """The line; a traceback follows the line of text that it belongs to."""
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "run": getattr(record, "run", self._run),
            "site": _site(record),
            "message": safe(record.getMessage()),
            "error": self.formatException(record.exc_info) if record.exc_info else "",
        }
        if self._form == "json":
            return json.dumps({name: value for name, value in fields.items() if value}, ensure_ascii=False)
        about = " ".join(f"[{fields[name]}]" for name in ("run", "site") if fields[name])
        line = f"{fields['time']} {fields['level']} {about} {fields['logger']}: {fields['message']}".replace("  ", " ")
        return f"{line}\n{fields['error']}" if fields["error"] else line


def _site(record: logging.LogRecord) -> str:
    """The site that the record names, or that the request is for which Scrapy names in it."""
    if site := getattr(record, "site", ""):
        return str(site)
    request = record.args.get("request") if isinstance(record.args, Mapping) else None
    errand = getattr(request, "meta", {}).get(META)
    return getattr(errand, "site", "")
