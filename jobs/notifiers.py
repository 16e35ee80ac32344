"""The tables `[[notify]]` of presskeep.toml: where people are told, and how a message gets there.

Addresses that are secrets and passwords stand in the environment; the configuration only names the variable.
"""

from __future__ import annotations

import json
import smtplib
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from http.client import HTTPException
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from jobs.errors import JobsError

_SECONDS = 20
"""How long a server may take to answer, and"""
_COMMAND_SECONDS = 60
"""a command to end."""
_SLACK = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
"""https://docs.slack.dev/messaging/formatting-message-text#escaping"""


@dataclass(frozen=True, kw_only=True)
class Message:
    """What people are told."""

    subject: str
    """One line."""
    text: str
    """Plain text, without control characters but line feeds."""


class NotDelivered(JobsError):
    """Raised when a message was not taken; trying again may help."""


class Notifier(Protocol):
    """One way to tell people."""

    @property
    def name(self) -> str:
        """For messages and logs; without secrets."""

    def send(self, message: Message, environment: Mapping[str, str]) -> None:
        """Deliver it; NotDelivered."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Webhook(_Table):
    """A POST of JSON with the key `text`, as Slack, Mattermost, Rocket.Chat and Discord's `/slack` take it."""

    kind: Literal["webhook"]
    url_env: str
    """Variable that holds the address."""

    @property
    def name(self) -> str:
        return f"webhook {self.url_env}"

    def send(self, message: Message, environment: Mapping[str, str]) -> None:
        url = _secret(self.name, self.url_env, environment)
        if not url.startswith(("https://", "http://")):
            raise NotDelivered(f"{self.name}: is no http or https address")
        text = f"{message.subject}\n{message.text}".translate(_SLACK)
        body = json.dumps({"text": text}).encode()
        request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS):  # noqa: S310 - http or https, seen above
                pass
        except urllib.error.HTTPError as exc:
            raise NotDelivered(f"{self.name}: answered {exc.code}") from None
        except (OSError, ValueError, HTTPException) as exc:
            # What was raised may repeat the address.
            raise NotDelivered(f"{self.name}: {type(exc).__name__}") from None


class Email(_Table):
    """A plain text message by SMTP."""

    kind: Literal["email"]
    to: tuple[str, ...] = Field(min_length=1)
    sender: str
    host: str = "localhost"
    port: int = Field(default=587, ge=1, le=65535)
    tls: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password_env: str | None = None
    """Variable that holds the password of `user`."""

    @property
    def name(self) -> str:
        return f"email to {', '.join(self.to)}"

    def send(self, message: Message, environment: Mapping[str, str]) -> None:
        mail = EmailMessage()
        mail["Subject"], mail["From"], mail["To"] = message.subject, self.sender, ", ".join(self.to)
        mail.set_content(message.text)
        try:
            with self._connected() as server:
                if self.user is not None and self.password_env is not None:
                    server.login(self.user, _secret(self.name, self.password_env, environment))
                server.send_message(mail)
        except (smtplib.SMTPException, OSError) as exc:
            raise NotDelivered(f"{self.name}: {self.host}:{self.port}: {type(exc).__name__}") from None

    def _connected(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self.tls == "tls":
            return smtplib.SMTP_SSL(self.host, self.port, timeout=_SECONDS, context=context)
        server = smtplib.SMTP(self.host, self.port, timeout=_SECONDS)
        if self.tls == "starttls":
            server.starttls(context=context)
        return server


class Command(_Table):
    """A program that reads the message from standard input; its last argument is the subject."""

    kind: Literal["command"]
    command: tuple[str, ...] = Field(min_length=1)
    """Program and arguments; no shell."""

    @property
    def name(self) -> str:
        return f"command {self.command[0]}"

    def send(self, message: Message, environment: Mapping[str, str]) -> None:
        try:
            done = subprocess.run(  # noqa: S603 - what the configuration says
                [*self.command, message.subject],
                input=message.text,
                text=True,
                env=dict(environment),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_COMMAND_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as exc:
            raise NotDelivered(f"{self.name}: {type(exc).__name__}") from None
        if done.returncode:
            raise NotDelivered(f"{self.name}: ended with code {done.returncode}")


AnyNotifier = Annotated[Webhook | Email | Command, Field(discriminator="kind")]


def _secret(name: str, variable: str, environment: Mapping[str, str]) -> str:
    if value := environment.get(variable):
        return value
    raise NotDelivered(f"{name}: the variable {variable} is not set")
