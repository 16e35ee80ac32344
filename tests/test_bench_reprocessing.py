"""Promises of reprocessing at length, tried on a small archive: kills lose and double nothing, memory aside."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.reprocessing import Copy, run


@pytest.mark.slow
@pytest.mark.bench
@pytest.mark.timeout(600)
def test_a_reprocessing_that_is_killed_twice_ends_as_one_that_was_not_and_a_second_run_changes_nothing(
    tmp_path: Path,
) -> None:
    first = Copy(tmp_path / "first")
    first.folder.mkdir()
    first.fill(articles=120, batch=10, seed=1)
    whole, killed = (run(tmp_path, first, name=f"{kills}", workers=2, kills=kills, articles=120) for kills in (0, 2))
    assert (whole.left, whole.again) == (killed.left, killed.again) == (0, 0)
    assert whole.digest == killed.digest
