"""State in a bucket: the plain CLI on a server that speaks S3, by the URL that the settings make.

A container of Azure's is tried where Azurite is installed (`npm install -g azurite`); else that test says so.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import state
from deploy.target import RunTarget, Target
from engine import find
from settings.state import AzblobState, S3State, backend_of

pytestmark = pytest.mark.slow

AZURITE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Azurite's own, the same everywhere (its documentation)."""


@pytest.fixture
def bucket() -> Iterator[str]:
    """The address of an S3 server with the bucket `our-state`."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    endpoint = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    there = boto3.client(
        "s3", endpoint_url=endpoint, aws_access_key_id="k", aws_secret_access_key="s", region_name="auto"
    )
    there.create_bucket(Bucket="our-state", CreateBucketConfiguration={"LocationConstraint": "auto"})
    yield endpoint
    server.stop()


def run_target(folder: Path, backend: str, **credentials: str) -> RunTarget:
    """A project without a program, with its state there."""
    project = folder / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: smarteros\nruntime: yaml\n")
    (folder / "runs").mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "SMOS_", "AWS_"))}
    environ = {
        **kept,
        **credentials,
        "PULUMI_BACKEND_URL": backend,
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "only for this test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    return RunTarget(
        target=Target.REAL,
        pulumi=find().path,
        project=project,
        hosts_project=project,
        scratch=folder / "runs",
        environ=environ,
    )


def pulumi(place: RunTarget, *arguments: str) -> str:
    """The plain CLI."""
    command = [str(place.pulumi), *arguments, "--cwd", str(place.project)]
    done = subprocess.run(command, env=dict(place.environ), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def round_trip(place: RunTarget) -> None:
    """A stack there, copied before an operation, and brought back from the copy."""
    assert state.protect(place, "prod", print) is None, "there is no stack yet"
    pulumi(place, "stack", "init", "prod")
    assert "manifest" in (state.protect(place, "prod", print) or {})
    assert "prod" in pulumi(place, "stack", "ls")
    (copy,) = state.copies(place, "prod")
    assert state.restore(place, "prod", print).taken == copy.taken


def test_state_in_a_bucket_that_speaks_s3(tmp_path: Path, bucket: str) -> None:
    """As Cloudflare's R2: an endpoint of its own, path style, region auto."""
    url = backend_of(S3State(kind="s3", bucket="our-state", endpoint=bucket, region="auto"), tmp_path)
    assert url is not None
    round_trip(run_target(tmp_path, url, AWS_ACCESS_KEY_ID="k", AWS_SECRET_ACCESS_KEY="s"))


@pytest.mark.skipif(shutil.which("azurite-blob") is None, reason="Azurite is not installed: npm install -g azurite")
def test_state_in_a_container_of_azure(tmp_path: Path) -> None:
    """On Azurite. Its account is devstoreaccount1; where it is, only the engine's own variables can say."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    where = ["--blobPort", str(port), "--location", str(tmp_path / "blobs")]
    server = subprocess.Popen(["azurite-blob", *where, "--silent", "--skipApiVersionCheck", "--disableTelemetry"])
    try:
        url = backend_of(AzblobState(kind="azblob", account="devstoreaccount1", container="pulumi"), tmp_path)
        assert url is not None
        here = f"{url}&protocol=http&domain=127.0.0.1:{port}&localemu=true"
        make_container(port)
        keys = {"AZURE_STORAGE_ACCOUNT": "devstoreaccount1", "AZURE_STORAGE_KEY": AZURITE_KEY}
        round_trip(run_target(tmp_path, here, **keys))
    finally:
        server.terminate()
        server.wait(10)


def make_container(port: int) -> None:
    """`pulumi`, by one signed request: the project needs no SDK of Azure's for more."""
    import base64
    import hashlib
    import hmac
    import urllib.request
    from email.utils import formatdate

    date, version = formatdate(usegmt=True), "2021-08-06"
    lines = ["PUT", *[""] * 11, f"x-ms-date:{date}", f"x-ms-version:{version}"]
    text = "\n".join([*lines, "/devstoreaccount1/devstoreaccount1/pulumi", "restype:container"])
    signed = base64.b64encode(hmac.new(base64.b64decode(AZURITE_KEY), text.encode(), hashlib.sha256).digest()).decode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/devstoreaccount1/pulumi?restype=container",
        method="PUT",
        headers={
            "x-ms-date": date,
            "x-ms-version": version,
            "Authorization": f"SharedKey devstoreaccount1:{signed}",
            "Content-Length": "0",
        },
    )
    for _ in range(100):
        try:
            urllib.request.urlopen(request, timeout=5).close()  # noqa: S310  this machine
            return
        except ConnectionError:
            time.sleep(0.1)
        except OSError as error:
            if "refused" not in str(error):
                raise
            time.sleep(0.1)
    raise AssertionError("Azurite did not start")
