"""What a container of PostgreSQL does before its server starts, when it has an entry of its own: done really.

The entry is a container's command that ends in the image's `docker-entrypoint.sh`. It runs here with the wheel's
`postgres` and with the container's folders led to where they are; the image's own part, which makes the cluster and
starts the server, is the sandbox's (sandbox.postgresql.server.clusters).
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from kept.postgres_programs import as_server_user, give_to_server_user, program
from sandbox.home import write_private
from sandbox.postgresql.server.clusters import Cluster

__all__ = ["run_entry"]

TIMEOUT_S = 60


def run_entry(cluster: Cluster, words: Sequence[str], data_path: str, files: Mapping[str, str]) -> None:
    """`words`: the container's entry point and command; `data_path`: where it has its data; `files`: what else it
    reads, by path. The server must not run. Raises ValueError with what was said when it ends badly.
    """
    root = Path(tempfile.mkdtemp(prefix="smos-postgres-"))
    try:
        places = {data_path: cluster.data}
        for number, (path, content) in enumerate(files.items()):
            places[path] = root / f"file-{number}"
            write_private(places[path], content)
            give_to_server_user(places[path])
        _command(root, "postgres", f'exec {shlex.quote(program("postgres"))} "$@"')
        for image_own in ("docker-ensure-initdb.sh", "docker-entrypoint.sh"):
            _command(root, image_own, "exit 0")
        give_to_server_user(root)
        done = subprocess.run(  # noqa: S603  the container's command, which our own program declared
            as_server_user([_adapted(word, places) for word in words]),
            env={"PATH": f"{root}:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd="/",
            timeout=TIMEOUT_S,
            check=False,
        )
    finally:
        shutil.rmtree(root, ignore_errors=True)
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-500:]
        raise ValueError(f"container failed to be in healthy state: it ended with {done.returncode}: {said}")


def _command(root: Path, name: str, line: str) -> None:
    file = root / name
    file.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
    file.chmod(0o755)


def _adapted(text: str, places: Mapping[str, Path]) -> str:
    """The text with the container's paths led to where they are here."""
    paths = "|".join(re.escape(path) for path in sorted(places, key=len, reverse=True))
    return re.sub(paths, lambda found: shlex.quote(str(places[found[0]])), text)
