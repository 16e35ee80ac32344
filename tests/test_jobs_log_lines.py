"""Promises of the log: each line names its run and its site, and is one line whatever it holds."""

from __future__ import annotations

import json
import logging
import sys

from scrapy import Request

from crawler.visits import META, Errand
from jobs.log_lines import LineFormatter


def record(message: str, *args: object, **extra: object) -> logging.LogRecord:
    return logging.getLogger("crawler.archiving").makeRecord(
        "crawler.archiving", logging.WARNING, __file__, 1, message, args, None, extra=extra
    )


def test_a_line_of_json_has_run_site_and_message() -> None:
    line = json.loads(LineFormatter("json", "r1").format(record("batch %s safe", "b1", site="daily")))
    assert {name: line[name] for name in ("level", "run", "site", "message")} == {
        "level": "WARNING",
        "run": "r1",
        "site": "daily",
        "message": "batch b1 safe",
    }


def test_what_scrapy_says_of_a_request_names_the_site_of_its_errand() -> None:
    request = Request("https://daily.example/1", meta={META: Errand(site="daily", kind="page", url="u")})
    line = json.loads(LineFormatter("json").format(record("Crawled %(request)s", {"request": request})))
    assert line["site"] == "daily"
    assert "run" not in line


def test_control_characters_cannot_forge_a_line_of_json_or_move_the_cursor() -> None:
    hostile = record("title %s", "a\x1b[2J\nb", site="daily")
    assert len(LineFormatter("json", "r1").format(hostile).splitlines()) == 1
    assert "\x1b" not in LineFormatter("text", "r1").format(hostile)


def test_a_line_of_text_names_run_and_site_and_a_fault_brings_its_traceback() -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        fault = record("it broke", site="daily", run="r2")
        fault.exc_info = sys.exc_info()
    text = LineFormatter("text").format(fault)
    assert " WARNING [r2] [daily] crawler.archiving: it broke\n" in text
    assert text.endswith("ValueError: broken")
    assert "ValueError: broken" in json.loads(LineFormatter("json").format(fault))["error"]
