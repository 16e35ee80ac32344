"""Promises of `presskeep metrics`, /metrics and /healthz."""

from __future__ import annotations

import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from archive.catalog import Catalog
from archive.errors import CatalogError
from archive.run_report import RunReport, SiteReport
from archive.site_findings import SiteFinding
from jobs.errors import JobsError
from jobs.metrics import PresskeepCollector, SchedulerState, metrics_text
from jobs.metrics_server import MetricsServer
from jobs.scheduler import Scheduler
from tests.archive_builder import Installation
from tests.command import presskeep
from tests.ports import free_ports

NOW = datetime.now(UTC).replace(microsecond=0)
FINDING = SiteFinding(
    site="daily", kind="author", since=NOW, opened=NOW, run="run-1", summary='no "author"\n', cause="unknown"
)


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """Two runs today, the first with two new articles, and one last week."""
    installation = Installation(tmp_path)
    catalog = Catalog(f"sqlite:///{tmp_path}/data/catalog.sqlite")
    catalog.prepare()
    for age, new in ((timedelta(days=7), 5), (timedelta(hours=3), 2), (timedelta(hours=1), 0)):
        site = SiteReport(site="daily", new=new, requests=10, bytes_received=1000, findings=(FINDING,))
        report = RunReport(
            run=f"run-{age.days}-{new}",
            command="crawl daily",
            state="done",
            exit_code=0,
            started=NOW - age,
            finished=NOW,
            sites=(site,),
        )
        catalog.diary.record(report)
    catalog.close()
    return installation


def samples(text: str) -> dict[str, float]:
    """Name and labels -> value."""
    return {
        " ".join([sample.name.removeprefix("presskeep_"), *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_tell_of_the_last_day_of_each_site_and_of_open_findings(installation: Installation) -> None:
    told = samples(presskeep("metrics", folder=installation.folder).out)
    assert told["site_new_articles_day daily"] == 2
    assert told["site_requests_day daily"] == 20
    assert told["site_runs_day daily"] == 2
    assert told["site_last_run_timestamp_seconds daily"] == (NOW - timedelta(hours=1)).timestamp()
    assert told["site_last_new_timestamp_seconds daily"] == (NOW - timedelta(hours=3)).timestamp()
    assert told["open_findings author daily"] == 1


def test_the_file_for_node_exporter_is_replaced_whole(installation: Installation) -> None:
    file = installation.folder / "presskeep.prom"
    file.write_text("old")
    done = presskeep("metrics", "--output", str(file), folder=installation.folder)
    assert (done.code, done.out) == (0, "")
    assert samples(file.read_text())["site_runs_day daily"] == 2
    assert [path.name for path in installation.folder.glob("*presskeep.prom*")] == ["presskeep.prom"]
    done = presskeep("metrics", "--output", "/nonexistent/presskeep.prom", folder=installation.folder)
    assert (done.code, "cannot be written: No such file or directory" in done.err) == (2, True)


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_address_tells_of_the_scheduler_and_of_its_health(installation: Installation) -> None:
    catalog = Catalog(f"sqlite:///{installation.folder}/data/catalog.sqlite")
    state = SchedulerState(leading=True, waiting=3, running=2, scheduled=40)
    collector = PresskeepCollector(catalog, scheduler=lambda: state)
    ailments = ["", "its main loop has not turned for 400 s"]
    with MetricsServer(
        "127.0.0.1:0", metrics=lambda: metrics_text(collector), ailing=lambda: ailments.pop(0)
    ) as server:
        told = samples(get(server.port, "/metrics")[1])
        assert get(server.port, "/healthz") == (200, "ok\n")
        assert get(server.port, "/healthz") == (503, "its main loop has not turned for 400 s\n")
        assert get(server.port, "/etc/passwd")[0] == 404
    assert [told[f"scheduler_{name}"] for name in ("leading", "waiting", "running", "scheduled")] == [1, 3, 2, 40]
    catalog.close()


def test_a_catalog_that_is_away_is_said_without_its_details() -> None:
    def fail() -> bytes:
        raise CatalogError("catalog postgresql://keeper:secret@db is away")

    with MetricsServer("127.0.0.1:0", metrics=fail, ailing=lambda: "") as server:
        assert get(server.port, "/metrics") == (503, "the catalog cannot be read\n")


def test_an_address_that_is_taken_is_one_line(installation: Installation) -> None:
    with MetricsServer("127.0.0.1:0", metrics=lambda: b"", ailing=lambda: "") as server:
        config = installation.folder / "presskeep.toml"
        config.write_text(f'{config.read_text()}[schedule]\nmetrics = "127.0.0.1:{server.port}"\n')
        with pytest.raises(JobsError, match="cannot listen there"):
            Scheduler(config, name="test").run()


def test_a_scheduler_serves_while_it_runs_and_no_longer(installation: Installation) -> None:
    [port] = free_ports(1)
    config = installation.folder / "presskeep.toml"
    config.write_text(f'{config.read_text()}[schedule]\nmetrics = "127.0.0.1:{port}"\nhousekeeping = ""\n')
    scheduler = Scheduler(config, name="test")
    with scheduler._served():
        assert get(port, "/healthz") == (200, "ok\n")
        assert samples(get(port, "/metrics")[1])["scheduler_leading"] == 0
    with pytest.raises(urllib.error.URLError):
        get(port, "/healthz")
