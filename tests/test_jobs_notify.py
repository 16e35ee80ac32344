"""Promises of the notifiers: people are told once of what opens and once of what is over, and no secret leaks."""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from archive.catalog import Catalog
from archive.run_report import RunReport, SiteReport
from archive.site_findings import SiteFinding
from jobs.config import Config
from jobs.notifiers import Message, NotDelivered
from jobs.notify import message, tell
from tests.ports import free_ports

NOW = datetime(2026, 3, 3, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECRET = "wJalrXUtnFEMI"


def found(kind: str = "author", *, site: str = "daily", closed: datetime | None = None) -> SiteFinding:
    return SiteFinding(
        site=site,
        kind=kind,
        since=NOW - HOUR,
        opened=NOW,
        closed=closed,
        run="run-1",
        summary="no article has an <author> \x1b[31m",
        cause="the byline changed",
        examples=("https://daily.example/1",),
    )


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(f"sqlite:///{tmp_path}/catalog.sqlite")
    catalog.prepare()
    yield catalog
    catalog.close()


def record(catalog: Catalog, *findings: SiteFinding, finished: datetime = NOW) -> None:
    catalog.diary.record(
        RunReport(
            run=f"run-{finished:%H%M}",
            command="crawl daily",
            state="done",
            exit_code=0,
            started=finished,
            finished=finished,
            sites=(SiteReport(site="daily", findings=findings),),
        )
    )


class Hook(HTTPServer):
    """Takes JSON; the first answers can be others than 200."""

    def __init__(self, *statuses: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses = list(statuses)
        self.bodies: list[Any] = []
        self.address = f"http://127.0.0.1:{self.server_port}/services/{SECRET}"

    def __enter__(self) -> Hook:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        if status == 200:
            self.server.bodies.append(body)
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def config(*tables: dict[str, Any], minutes: int = 0) -> Config:
    return Config.model_validate(
        {"archive": "file:///a", "contact": "desk@example.org", "notify": tables, "notify_minutes": minutes}
    )


WEBHOOK = {"kind": "webhook", "url_env": "HOOK"}


def tell_of(catalog: Catalog, settings: Config, environment: dict[str, str], now: datetime = NOW) -> int:
    return tell(settings, catalog, now, environment=environment, sleep=lambda seconds: None)


def test_a_webhook_is_told_once_of_what_opens_and_once_of_what_is_over(catalog: Catalog) -> None:
    with Hook() as hook:
        environment = {"HOOK": hook.address}
        assert tell_of(catalog, config(WEBHOOK), environment) == 0
        record(catalog, found())
        assert [tell_of(catalog, config(WEBHOOK), environment) for _ in range(3)] == [1, 0, 0]
        record(catalog, found(closed=NOW + HOUR), finished=NOW + HOUR)
        assert [tell_of(catalog, config(WEBHOOK), environment) for _ in range(3)] == [1, 0, 0]
    opened, closed = (body["text"] for body in hook.bodies)
    assert opened.startswith("presskeep: daily changed\n")
    assert closed.startswith("presskeep: daily recovered\n")


def test_what_was_scraped_is_neither_markup_nor_a_control_character(catalog: Catalog) -> None:
    record(catalog, found())
    with Hook() as hook:
        tell_of(catalog, config(WEBHOOK), {"HOOK": hook.address})
    [body] = hook.bodies
    assert "no article has an &lt;author&gt; [31m" in body["text"]


def test_what_opened_and_closed_before_anybody_was_told_is_not_told_of(catalog: Catalog) -> None:
    record(catalog, found())
    record(catalog, found(closed=NOW + HOUR), finished=NOW + HOUR)
    with Hook() as hook:
        assert tell_of(catalog, config(WEBHOOK), {"HOOK": hook.address}) == 0
    assert hook.bodies == []


def test_a_message_that_is_refused_is_tried_again(catalog: Catalog) -> None:
    record(catalog, found())
    with Hook(500, 429) as hook:
        assert tell_of(catalog, config(WEBHOOK), {"HOOK": hook.address}) == 1
    assert len(hook.bodies) == 1


def test_what_could_not_be_told_is_told_after_a_later_run_and_the_log_has_no_secret(
    catalog: Catalog, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    record(catalog, found())
    with Hook(500, 500, 500) as hook:
        environment = {"HOOK": hook.address}
        assert tell_of(catalog, config(WEBHOOK), environment) == 0
        assert tell_of(catalog, config(WEBHOOK), environment) == 1
    assert tell_of(catalog, config(WEBHOOK), environment) == 0
    record(catalog, found("title"), finished=NOW + HOUR)
    assert tell_of(catalog, config(WEBHOOK), environment) == 0
    assert "webhook HOOK: answered 500" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize("value", ["", "file:///etc/passwd", f"https://{SECRET} .example/", "http://127.0.0.1:1/"])
def test_an_address_that_leads_nowhere_is_one_line(
    catalog: Catalog, caplog: pytest.LogCaptureFixture, value: str
) -> None:
    record(catalog, found())
    assert tell_of(catalog, config(WEBHOOK), {"HOOK": value}) == 0
    [line] = caplog.messages
    assert line.startswith("findings are not told: webhook HOOK: ")
    assert SECRET not in line


def test_messages_keep_their_distance_and_one_tells_of_all(catalog: Catalog) -> None:
    settings = config(WEBHOOK, minutes=60)
    with Hook() as hook:
        environment = {"HOOK": hook.address}
        record(catalog, found())
        assert tell_of(catalog, settings, environment) == 1
        record(catalog, found(), found("title"), found("date"), finished=NOW + HOUR / 2)
        assert tell_of(catalog, settings, environment, NOW + HOUR / 2) == 0
        assert tell_of(catalog, settings, environment, NOW + HOUR) == 2
    assert len(hook.bodies) == 2


def test_a_message_about_many_findings_is_cut() -> None:
    told = message([found(site=f"site-{number}") for number in range(50)])
    assert told.subject == "presskeep: 50 sites changed"
    assert "30 more" in told.text


def test_a_notifier_that_fails_does_not_keep_the_others_from_telling(catalog: Catalog) -> None:
    record(catalog, found())
    with Hook() as hook:
        tables = [{"kind": "command", "command": ["/nonexistent/pager"]}, WEBHOOK]
        assert tell_of(catalog, config(*tables), {"HOOK": hook.address}) == 1
    assert len(hook.bodies) == 1


def test_a_command_reads_the_message_and_is_given_the_subject(catalog: Catalog, tmp_path: Path) -> None:
    record(catalog, found())
    program = "import sys; open(sys.argv[1], 'w').write(sys.argv[2] + '|' + sys.stdin.read())"
    table = {"kind": "command", "command": [sys.executable, "-c", program, str(tmp_path / "told")]}
    assert tell_of(catalog, config(table), {}) == 1
    subject, _, text = (tmp_path / "told").read_text().partition("|")
    assert subject == "presskeep: daily changed"
    assert text.startswith("daily: author: no article has an <author>")


class Mailbox:
    """Keeps what comes, from those who know the password."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.mails.append(envelope)
        return "250 OK"


def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    right = isinstance(data, LoginPassword) and data.password == SECRET.encode()
    return AuthResult(success=right, handled=False)


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    box = Mailbox()
    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=free_ports(1)[0],
        authenticator=authenticate,
        auth_required=True,
        auth_require_tls=False,
    )
    controller.start()
    yield box, controller.port
    controller.stop()


@pytest.mark.filterwarnings("ignore")  # what the server of the test warns of
def test_a_mail_comes_from_who_knows_the_password(catalog: Catalog, mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    record(catalog, found())
    table = {
        "kind": "email",
        "to": ["desk@example.org", "night@example.org"],
        "sender": "presskeep@example.org",
        "host": "127.0.0.1",
        "port": port,
        "tls": "none",
        "user": "keeper",
        "password_env": "MAIL_PASSWORD",
    }
    settings = config(table)
    with pytest.raises(NotDelivered, match="SMTPAuthenticationError") as refused:
        settings.notify[0].send(Message(subject="x", text="y"), {"MAIL_PASSWORD": "wrong"})
    assert "wrong" not in str(refused.value)
    assert tell_of(catalog, settings, {"MAIL_PASSWORD": SECRET}) == 1
    [mail] = box.mails
    assert mail.rcpt_tos == ["desk@example.org", "night@example.org"]
    assert b"Subject: presskeep: daily changed" in bytes(mail.content or b"")


@pytest.mark.filterwarnings("ignore")  # what the server of the test warns of
def test_a_server_without_tls_gets_no_password(catalog: Catalog, mailbox: tuple[Mailbox, int]) -> None:
    """Unless the configuration says that it may."""
    box, port = mailbox
    table = {"kind": "email", "to": ["desk@example.org"], "sender": "a@example.org", "host": "127.0.0.1", "port": port}
    with pytest.raises(NotDelivered, match="SMTPNotSupportedError"):
        config(table).notify[0].send(Message(subject="x", text="y"), {})
    assert box.mails == []
