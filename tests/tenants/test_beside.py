"""Notes beside states, in a folder and in a bucket: the same answers, and no state is ever touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest

from deploy.target import RunTarget
from settings.state import AzblobState, LocalState, LoginState, S3State, backend_of
from tenants.beside import Beside, Bucket, Folder, beside

ONE, OTHER = ("smarteros-tenants-01", "acme"), ("smarteros-tenants-02", "beta")


@dataclass
class Backend:
    """A backend, and a way to put a state into it beside the engine."""

    where: Beside
    put: Callable[[str, bytes], None]
    states: Callable[[], list[str]]


@pytest.fixture(params=["folder", "bucket", "bucket, below a path"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    """Of each kind."""
    if request.param == "folder":
        yield _of_a_folder(tmp_path)
        return
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        endpoint = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
        keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s"}
        there = boto3.client("s3", endpoint_url=endpoint, region_name="auto", **keys)
        name = f"our-state-{uuid4().hex[:8]}"  # all of moto's servers have the same buckets
        there.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "auto"})
        url = str(backend_of(S3State(kind="s3", bucket=name, endpoint=endpoint, region="auto"), tmp_path))
        prefix = "" if request.param == "bucket" else "teams/one/"
        url = url.replace(name, f"{name}/{prefix.rstrip('/')}") if prefix else url
        where = Bucket(url, {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"})
        yield Backend(
            where, lambda path, content: _put(there, name, prefix + path, content), lambda: _states(there, name)
        )
    finally:
        server.stop()


def _of_a_folder(folder: Path) -> Backend:
    def put(path: str, content: bytes) -> None:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)

    return Backend(Folder(folder), put, lambda: sorted(str(one) for one in folder.glob(".pulumi/**/*")))


def _put(there: Any, bucket: str, key: str, content: bytes) -> None:
    there.put_object(Bucket=bucket, Key=key, Body=content)


def _states(there: Any, bucket: str) -> list[str]:
    listed = there.list_objects_v2(Bucket=bucket).get("Contents", ())
    return sorted(one["Key"] for one in listed if ".pulumi" in one["Key"])


def test_notes_are_kept_replaced_and_removed(backend: Backend) -> None:
    """Each stack's own; one that is not there is no fault."""
    where = backend.where
    assert where.notes([ONE, OTHER]) == {}
    where.remove(ONE)
    where.write(ONE, b"first")
    where.write(OTHER, b"other")
    where.write(ONE, b"second")
    assert where.notes([ONE, OTHER]) == {ONE: b"second", OTHER: b"other"}
    where.remove(ONE)
    assert where.notes([ONE, OTHER]) == {OTHER: b"other"}
    where.remove_all()
    assert where.notes([ONE, OTHER]) == {}
    where.remove_all()


def test_every_write_of_a_state_is_another_version(backend: Backend) -> None:
    """By content. Of a state that lies there twice the plain one counts, as for whoever reads it. Notes are none."""
    where, path = backend.where, f".pulumi/stacks/{ONE[0]}/{ONE[1]}.json"
    assert where.versions([ONE]) == {}
    found = set[str]()
    for name, content in ((f"{path}.gz", b"packed"), (path, b"one"), (path, b"two"), (f"{path}.bak", b"older")):
        backend.put(name, content)
        found.add(where.versions([ONE, OTHER])[ONE])
    assert len(found) == 3
    assert set(where.versions([OTHER])) == set()
    before, now = backend.states(), where.versions([ONE])
    where.write(ONE, b"note")
    where.remove_all()
    assert (backend.states(), where.versions([ONE])) == (before, now)


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (LocalState(kind="local", folder=".smos/state"), Folder),
        (S3State(kind="s3", bucket="our-state", endpoint=None, region="auto"), Bucket),
        (AzblobState(kind="azblob", account="stsmarterosstate", container="pulumi"), type(None)),
        (LoginState(kind="login"), type(None)),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_which_backends_can_bear_notes(state: Any, kind: type, tmp_path: Path) -> None:
    """Every kind that the settings know has an answer; of the last two, nothing is known: every tenant is asked."""
    environ = {"PULUMI_BACKEND_URL": backend_of(state, tmp_path) or ""}
    assert isinstance(beside(cast(RunTarget, SimpleNamespace(environ=environ))), kind)
