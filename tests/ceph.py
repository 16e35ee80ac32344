"""A second real S3 store on this machine: Ceph with its RADOS Gateway, one node on loopback, stricter than the first.

with Ceph() as server:
    server.create_bucket("archive")

It needs Debian's packages ceph-mon, ceph-osd, radosgw and ceph-common, and nothing of systemd. The steps are those of
https://docs.ceph.com/en/latest/install/manual-deployment/ for one monitor, one OSD and one copy of each object.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import tempfile
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.guard import Guard
from tests.ports import HOST, free_ports

PROGRAMS = ("ceph", "ceph-authtool", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin")
PACKAGES = ("ceph-common", "ceph-mon", "ceph-osd", "radosgw")
"""Debian's packages that hold these programs."""

_CONFIG = """\
[global]
fsid = {fsid}
mon host = {monitor}
mon initial members = a
public addr = {host}
cluster addr = {host}
auth allow insecure global id reclaim = false
mon allow pool size one = true
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd crush chooseleaf type = 0
osd memory target = 939524096
bluestore block size = 10737418240
keyring = {folder}/keyring
run dir = {folder}
crash dir = {folder}
admin socket = {folder}/$name.asok
log file = {folder}/$name.log
[mon]
mon data = {folder}/mon
[osd]
osd data = {folder}/osd
keyring = {folder}/osd/keyring
[client.rgw]
rgw data = {folder}/rgw
keyring = {folder}/rgw/keyring
rgw frontends = beast endpoint={host}:{port}
rgw dns name = {host}
"""


def missing_programs() -> list[str]:
    """The programs that are not installed."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


class Ceph:
    """One server; its data are deleted when it ends."""

    def __init__(self) -> None:
        # Not in a folder of pytest: the path of a Unix socket has at most 107 bytes.
        self._folder = Path(tempfile.mkdtemp(prefix="ceph-"))
        self._mon_port, self._old_mon_port, self._port = free_ports(3)
        self._access_key = f"AK{secrets.token_hex(9).upper()}"
        self._secret_key = secrets.token_hex(20)
        self._daemons: list[subprocess.Popen[bytes]] = []
        self._guards = [Guard('sleep 1; rm -rf "$1"', self._folder)]

    @property
    def endpoint(self) -> str:
        """`http://127.0.0.1:port`."""
        return f"http://{HOST}:{self._port}"

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

    def __enter__(self) -> Ceph:
        try:
            self._start_monitor()
            self._start_osd()
            self._start_gateway()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _start_monitor(self) -> None:
        fsid = str(uuid.uuid4())
        monitor = f"[v2:{HOST}:{self._mon_port},v1:{HOST}:{self._old_mon_port}]"
        for name in ("mon", "osd", "rgw"):
            (self._folder / name).mkdir()
        self._config.write_text(
            _CONFIG.format(fsid=fsid, monitor=monitor, host=HOST, folder=self._folder, port=self._port), "utf-8"
        )
        keyring, monmap = self._folder / "keyring", self._folder / "monmap"
        self._run("ceph-authtool", "--create-keyring", keyring, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *")
        caps = [part for service in ("mon", "osd", "mgr") for part in ("--cap", service, "allow *")]
        self._run("ceph-authtool", keyring, "--gen-key", "-n", "client.admin", *caps)
        self._run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", monitor, monmap)
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", keyring)
        self._start("ceph-mon", "-f", "-i", "a")

    def _start_osd(self) -> None:
        name, key = str(uuid.uuid4()), self._run("ceph-authtool", "--gen-print-key").strip()
        self._run("ceph", "osd", "new", name, "-i", "-", given=json.dumps({"cephx_secret": key}))
        self._run(
            "ceph-authtool", "--create-keyring", self._folder / "osd/keyring", "--name", "osd.0", "--add-key", key
        )
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", name)
        self._start("ceph-osd", "-f", "-i", "0")
        self._wait("the OSD", lambda: '"num_up_osds":1' in self._run("ceph", "osd", "stat", "-f", "json"))

    def _start_gateway(self) -> None:
        self._run(
            *("ceph", "auth", "get-or-create", "client.rgw", "mon", "allow rwx", "osd", "allow rwx"),
            *("-o", self._folder / "rgw/keyring"),
        )
        keys = ("--access-key", self._access_key, "--secret-key", self._secret_key)
        self._run("radosgw-admin", "user", "create", "--uid", "presskeep", "--display-name", "presskeep", *keys)
        self._start("radosgw", "-f", "-n", "client.rgw")
        self._wait("the gateway", self._answers)

    @property
    def _config(self) -> Path:
        return self._folder / "ceph.conf"

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", ""), "HOME": str(self._folder), "CEPH_CONF": str(self._config)}

    def _run(self, *command: str | Path, given: str = "") -> str:
        done = subprocess.run(
            command, env=self._environment(), input=given, capture_output=True, text=True, timeout=120, check=False
        )
        if done.returncode:
            # Not the whole command: the last arguments may be keys.
            raise RuntimeError(f"{command[0]} {command[1]}: exit code {done.returncode}: {done.stderr[-2000:]}")
        return done.stdout

    def _start(self, *command: str) -> None:
        with (self._folder / "output.log").open("ab") as output:
            daemon = subprocess.Popen(
                command, env=self._environment(), stdout=output, stderr=output, start_new_session=True
            )
        self._daemons.append(daemon)
        self._guards.append(Guard('kill -9 "$1"', daemon.pid))

    def _wait(self, what: str, ready: Any, seconds: float = 90) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and all(daemon.poll() is None for daemon in self._daemons):
            if ready():
                return
            time.sleep(0.2)
        tail = (self._folder / "output.log").read_text(errors="replace")[-2000:]
        raise RuntimeError(f"{what} of Ceph is not up; the end of its output:\n{tail}")

    def _answers(self) -> bool:
        try:
            self.client().list_buckets()
        except (ClientError, BotoCoreError):
            return False
        return True

    def _end(self) -> None:
        for daemon in reversed(self._daemons):
            daemon.kill()
            daemon.wait()
        self._daemons.clear()
        for guard in self._guards:
            guard.dismiss()
        self._guards.clear()
        shutil.rmtree(self._folder)
