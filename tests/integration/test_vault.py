"""Vault after the demo, as an operator types it: initialised once, sealed by a restart, opened again, nothing lost."""

from __future__ import annotations

import json
from typing import Any

import pytest

from age_keyring import Identity, Keyring
from tests.integration.conftest import Clone
from tests.sandbox.vault.server.servers import Asked

pytestmark = pytest.mark.slow


def status(clone: Clone) -> dict[str, Any]:
    """What `./smos vault status` tells."""
    found: dict[str, Any] = json.loads(clone.smos("vault", "status", "prod", "--json").stdout)
    return found


def entry(clone: Clone, name: str) -> str:
    """One of the Vault's entries of the keyring."""
    return Keyring.open(clone.home.keyring, Identity.read(clone.home.key)).get(f"prod/vault/{name}")


def test_vault_is_initialised_once_and_opened_after_a_restart(demo: Clone) -> None:
    """After the demo an init changes nothing; a restart seals it; the keyring's keys open it, and nothing is lost."""
    again = json.loads(demo.smos("vault", "init", "prod", "--json").stdout.splitlines()[-1])
    assert (again["ok"], again["changes"]) == (True, 0)
    found = status(demo)
    assert (found["sealed"], found["keysInKeyring"], found["threshold"]) == (False, 5, 3)
    port = int(found["address"].rpartition(":")[2])
    login = {"role_id": entry(demo, "provisionerRoleId"), "secret_id": entry(demo, "provisionerSecretId")}
    vault = Asked(port, "")
    token = vault.done("POST", "auth/approle/login", login)["auth"]["client_token"]
    vault.done("POST", "sys/mounts/kv-probe", {"type": "kv-v2"}, token)
    vault.done("POST", "kv-probe/data/a", {"data": {"kept": True}}, token)
    assert vault.ask("GET", "platform/data/a", token=token)[0] == 403

    demo.smos("sandbox", "stop")
    assert status(demo)["sealed"] is True
    assert "opened" in demo.smos("vault", "unseal", "prod").stdout
    token = vault.done("POST", "auth/approle/login", login)["auth"]["client_token"]
    assert vault.done("GET", "kv-probe/data/a", token=token)["data"]["data"] == {"kept": True}
    vault.done("DELETE", "sys/mounts/kv-probe", token=token)
    for name in ("rootToken", "unsealKeys/1", "provisionerSecretId"):
        assert not any(entry(demo, name) in said for said in list(demo.said)), name
