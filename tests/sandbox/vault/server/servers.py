"""A Vault to ask over HTTP in tests: the simulated one, and the real one where a binary is installed.

The real one is looked for in the variable VAULT_BINARY, then on PATH; it runs in memory, as its own development mode.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.vault.server.http import VaultServer

__all__ = ["Asked", "real", "real_binary", "simulated"]

ROOT_TOKEN = "root-of-a-test"


@dataclass
class Asked:
    """A Vault that answers at a port."""

    port: int
    root: str = ""

    def ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, token: str | None = None
    ) -> tuple[int, Any]:
        """(status, content)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        headers = {"X-Vault-Token": self.root if token is None else token}
        connection.request(method, f"/v1/{path}", None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if 300 <= answer.status < 400:  # another spelling of the path: a page for people
            return answer.status, answer.getheader("Location")
        return answer.status, json.loads(content) if content.strip() else None

    def done(self, method: str, path: str, body: Mapping[str, Any] | None = None, token: str | None = None) -> Any:
        """The content of an answer that must be a good one."""
        status, content = self.ask(method, path, body, token)
        assert status < 300, (path, status, content)
        return content

    def token(self, *policies: str) -> str:
        """A token with these policies, and `default`."""
        made = self.done("POST", "auth/token/create", {"policies": list(policies), "ttl": "1h"})
        return str(made["auth"]["client_token"])


@contextlib.contextmanager
def simulated(folder: Path) -> Iterator[Asked]:
    """The simulated one, open."""
    server = VaultServer(folder)
    try:
        vault = Asked(server.port)
        keys = vault.done("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1})
        vault.done("PUT", "sys/unseal", {"key": keys["keys"][0]})
        vault.root = keys["root_token"]
        yield vault
    finally:
        server.close()


def real_binary() -> str | None:
    """The program, if there is one."""
    return os.environ.get("VAULT_BINARY") or shutil.which("vault")


@contextlib.contextmanager
def real(folder: Path) -> Iterator[Asked]:
    """The real one, open and empty."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    where = [f"-dev-listen-address=127.0.0.1:{port}", f"-dev-root-token-id={ROOT_TOKEN}", "-dev-no-store-token"]
    process = subprocess.Popen(
        [str(real_binary()), "server", "-dev", *where],
        env={**os.environ, "HOME": str(folder), "VAULT_DISABLE_MLOCK": "true"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    vault = Asked(port, ROOT_TOKEN)
    try:
        deadline = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError):
                if vault.ask("GET", "sys/health")[0] == 200:
                    break
            assert time.monotonic() < deadline, "the real Vault did not start"
            time.sleep(0.1)
        yield vault
    finally:
        process.terminate()
        process.wait(10)
