"""What a tenant can write into its part of Vault keeps nobody reading for ever; and no request has an empty part."""

from __future__ import annotations

import http.client
from pathlib import Path
from typing import Any, cast

import pytest

from deploy.vault_api import VaultApi
from tenants.archive import secrets
from tenants.archive.manifest import ArchiveBroken
from tenants.archive.secrets import TenantSecretsInVault
from tenants.names import TenantNames
from tests.sandbox.vault.server.servers import simulated


class Listed:
    """A Vault that lists what it is told to, below every folder."""

    def __init__(self, *keys: str) -> None:
        self.keys, self.asked = keys, 0

    def ask(self, method: str, path: str, body: Any = None, token: str = "") -> dict[str, Any]:
        """As VaultApi."""
        self.asked += 1
        return {"data": {"keys": list(self.keys)}} if method == "LIST" else {"data": {"data": {}}}


@pytest.mark.parametrize("keys", [("/",), ("",), ("a//",), ("a/",)])
def test_a_folder_in_itself_is_told(monkeypatch: pytest.MonkeyPatch, keys: tuple[str, ...]) -> None:
    """An empty part of a path leads to where it is; a folder that is everywhere below itself ends, too."""
    monkeypatch.setattr(secrets, "MOST_FOLDERS", 2_000)
    there = Listed(*keys)
    with pytest.raises(ArchiveBroken, match=r"Vault, kv-acme: .*Fix: "):
        TenantSecretsInVault(cast(VaultApi, there), "token", TenantNames("acme")).dump()
    assert there.asked <= 2_001


@pytest.mark.parametrize("path", ["kv//data/a", "kv/data/a//b", "kv/data/a%2F%2Fb", "kv/data/a%2f/b", "kv/data/a/./b"])
@pytest.mark.parametrize("method", ["GET", "POST", "LIST"])
def test_the_simulated_vault_takes_no_path_that_the_real_one_redirects(tmp_path: Path, path: str, method: str) -> None:
    """Go's router cleans what it has decoded, and answers with the other path (net/http, ServeMux, cleanPath)."""
    with simulated(tmp_path / "vault") as vault:
        connection = http.client.HTTPConnection("127.0.0.1", vault.port, timeout=10)
        connection.request(method, f"/v1/{path}", b'{"data": {}}', {"X-Vault-Token": "root"})
        answer = connection.getresponse()
        assert answer.status == 307
        assert "//" not in str(answer.getheader("Location"))
        connection.close()
