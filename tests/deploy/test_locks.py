"""Locks of a dead run are told from those of the living, and removed only when the death is proved."""

from __future__ import annotations

import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from deploy.locks import Locked, free_of_dead_locks
from deploy.target import RunTarget

NAMES = ["f30fcf6e.json", "f30fcf6e.json.18e9c7333eb9904f.tmp"]


def lock(folder: Path, name: str, pid: int, host: str = "") -> Path:
    """A lock as the engine writes it; the second name is that of one it was killed in the middle of."""
    file = folder / ".pulumi" / "locks" / "organization" / "smarteros-tenants-07" / "acme" / name
    file.parent.mkdir(parents=True)
    about = {"pid": pid, "hostname": host or socket.gethostname(), "timestamp": datetime.now(UTC).isoformat()}
    file.write_text(json.dumps(about))
    return file


def free(folder: Path) -> None:
    """As a run does before it begins."""
    place = cast(RunTarget, SimpleNamespace(environ={"PULUMI_BACKEND_URL": f"file://{folder}"}))
    free_of_dead_locks(place, "smarteros-tenants-07", "acme", lambda _: None)


@pytest.mark.parametrize("name", NAMES)
def test_a_dead_runs_lock_goes(tmp_path: Path, name: str) -> None:
    """Also one that was being written, whole or not."""
    file = lock(tmp_path, name, pid=2**22 + 1)
    free(tmp_path)
    assert not file.exists()
    file.write_text('{"pid": 1')
    free(tmp_path)
    assert not file.exists()


@pytest.mark.parametrize("name", NAMES)
def test_the_living_and_strangers_keep_theirs(tmp_path: Path, name: str) -> None:
    """Nothing is removed, and it is said who holds it."""
    file = lock(tmp_path, name, pid=os.getpid())
    with pytest.raises(Locked, match=f"process {os.getpid()}, which runs"):
        free(tmp_path)
    file.write_text(file.read_text().replace(socket.gethostname(), "another-machine"))
    with pytest.raises(Locked, match="another-machine"):
        free(tmp_path)
    assert file.exists()
