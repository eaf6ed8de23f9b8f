"""A real Vault in place of the simulated one: the program that SMOS_VAULT_BINARY names, with integrated storage.

Opt-in, for who has built or installed one (docs/adr/vault.md): nothing here looks for it, and nothing downloads it. It
is used as a container's Vault is: sealed when it starts, its data in the folder of the container's volume.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import time
from pathlib import Path

from sandbox.home import write_private

__all__ = ["BINARY_VARIABLE", "VaultProcess", "chosen_binary"]

BINARY_VARIABLE = "SMOS_VAULT_BINARY"
START_TIMEOUT_S = 20.0


def chosen_binary() -> str | None:
    """The program that the operator named, if one was."""
    return os.environ.get(BINARY_VARIABLE) or None


class VaultProcess:
    """One real Vault, sealed at first."""

    def __init__(self, folder: Path, binary: str) -> None:
        data = folder / "raft"
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.port, cluster = _free_port(), _free_port()
        config = {
            "storage": {"raft": {"path": str(data), "node_id": "vault-0"}},
            "listener": {
                "tcp": {
                    "address": f"127.0.0.1:{self.port}",
                    "cluster_address": f"127.0.0.1:{cluster}",
                    "tls_disable": True,
                }
            },
            "api_addr": f"http://127.0.0.1:{self.port}",
            "cluster_addr": f"https://127.0.0.1:{cluster}",
            "disable_mlock": True,
            "ui": False,
        }
        write_private(folder / "vault.json", json.dumps(config))
        with (folder / "vault.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  the program that the operator named
                [binary, "server", f"-config={folder / 'vault.json'}"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._wait(folder)

    @property
    def sealed(self) -> bool:
        """Whether it answers nothing yet."""
        return self._status() != 200

    def close(self) -> None:
        """Ends the process, which keeps what it has written."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _wait(self, folder: Path) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and self._process.poll() is None:
            if self._status():
                return
            time.sleep(0.05)
        self.close()
        raise ValueError(f"the Vault named by {BINARY_VARIABLE} did not start: {folder / 'vault.log'} says why")

    def _status(self) -> int:
        """The status of its health; 0 while nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/v1/sys/health")
            return connection.getresponse().status
        return 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
