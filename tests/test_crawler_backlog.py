"""Promises of what waits for extraction: it holds up its own host, and no other."""

from __future__ import annotations

from contextlib import ExitStack

from crawler.backlog import ALL, OWN, Backlog


def test_a_host_whose_pages_wait_is_asked_for_no_more_until_they_are_extracted() -> None:
    backlog = Backlog()
    with backlog.of("large.example", OWN):
        assert not backlog.holds_up("large.example")
        with backlog.of("large.example", 1):
            assert backlog.holds_up("large.example")
            assert not backlog.holds_up("small.example")
        assert not backlog.holds_up("large.example")


def test_however_much_waits_a_host_without_a_waiting_page_goes_on() -> None:
    backlog = Backlog()
    with ExitStack() as waiting:
        for number in range(ALL // OWN + 1):
            waiting.enter_context(backlog.of(f"{number}.example", OWN))
        assert backlog.holds_up("0.example")
        assert not backlog.holds_up("honest.example")
    assert not backlog.holds_up("0.example")


def test_a_page_whose_extraction_broke_waits_no_more() -> None:
    backlog = Backlog()
    try:
        with backlog.of("large.example", OWN + 1):
            raise ValueError("broken")
    except ValueError:
        assert not backlog.holds_up("large.example")
