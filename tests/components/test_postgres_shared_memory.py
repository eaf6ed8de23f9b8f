"""The shared memory of a PostgreSQL container is enough for what its own parameters let it take there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from components.placements.docker.postgres import postgres_workload
from settings.default_images import every_default_image
from settings.places import DockerPostgres
from settings.postgres import VACUUM_WORKERS, memory_of

ROOT = Path(__file__).resolve().parents[2]
BEFORE_MB = 256


def parameters(memory_mb: int) -> tuple[dict[str, str], int]:
    """The parameters of a container of that size, and its /dev/shm."""
    place = DockerPostgres.model_validate({"where": "docker", "host": "vps", "memoryMb": memory_mb})
    workload = postgres_workload(every_default_image()["postgres"], place, "password", "another")
    words = [word.partition("=") for word in workload.args if "=" in word]
    return {key: value for key, _, value in words}, workload.shm_mb


@pytest.mark.parametrize("memory_mb", [512, 2048, 2560, 4096, 6144, 32768])
def test_every_build_that_memory_is_kept_for_fits_into_shared_memory(memory_mb: int) -> None:
    """One number, reckoned from the parameter that the server is started with; and it is within the memory model."""
    said, shm_mb = parameters(memory_mb)
    maintenance = int(said["maintenance_work_mem"].removesuffix("MB"))
    assert shm_mb >= VACUUM_WORKERS * maintenance
    assert int(said["max_parallel_maintenance_workers"]) > 0
    memory = memory_of(memory_mb)
    assert memory.shared_buffers + shm_mb - 64 <= memory_mb


def built(folder: Path, shm_mb: int, maintenance_mb: int) -> str:
    """What came of a build with a /dev/shm of that size, in a mount namespace of its own."""
    mount = f"mount -t tmpfs -o size={shm_mb}m,mode=1777 tmpfs /dev/shm && exec "
    command = [sys.executable, "-m", "tests.components.hnsw_build", str(folder), str(maintenance_mb)]
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", mount + '"$@"', "sh", *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_a_vector_index_is_built_with_the_declared_shared_memory_and_was_not_before(tmp_path: Path) -> None:
    """8,000 rows of 384 dimensions on a real server of 6144 MB, as prod has: 256 MB of /dev/shm were not enough."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        pytest.skip("only root, with mount namespaces, gives a process a /dev/shm of its own: no index was built")
    said, shm_mb = parameters(6144)
    maintenance = int(said["maintenance_work_mem"].removesuffix("MB"))
    assert "No space left on device" in built(tmp_path / "before", BEFORE_MB, maintenance)
    assert built(tmp_path / "now", shm_mb, maintenance) == "built"
