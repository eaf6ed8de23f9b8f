"""Containers of a host are closed."""

from __future__ import annotations

from typing import Any

import pytest

from policy.rules.containers_hardened import RULE
from tests.policy.judged import changed, said

BOX = "docker:index/container:Container"
CLOSED = {
    "name": "n8n",
    "user": "1000:1000",
    "restart": "unless-stopped",
    "securityOpts": ["no-new-privileges:true"],
    "capabilities": {"drops": ["ALL"]},
    "memory": 512.0,
    "healthcheck": {"tests": ["CMD", "true"]},
    "readOnly": True,
}
ENDS: dict[str, Any] = {"attach": True, "mustRun": False, "restart": "no"}

RIGHT: list[tuple[str, dict[str, Any]]] = [
    (BOX, CLOSED),
    # One that is waited for until it ends.
    (BOX, changed(CLOSED, healthcheck=None, **ENDS)),
    (BOX, changed(CLOSED, name="s-prod-traefik", user="0:0")),
    (BOX, changed(CLOSED, name="s-prod-n8n-secrets-loader", user="0:0", healthcheck=None, **ENDS)),
    (BOX, changed(CLOSED, memorySwap=512.0)),
    (BOX, changed(CLOSED, readOnly=False, labels=[{"label": "smarteros.writable-root", "value": "npm"}])),
    (BOX, changed(CLOSED, capabilities={"drops": ["ALL"], "adds": ["CAP_CHOWN"]})),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (BOX, changed(CLOSED, securityOpts=None), "no-new-privileges"),
    (BOX, changed(CLOSED, securityOpts=["no-new-privileges:false"]), "no-new-privileges"),
    (BOX, changed(CLOSED, securityOpts=["no-new-privileges:true", "seccomp=unconfined"]), "unconfined"),
    (BOX, changed(CLOSED, capabilities={"drops": ["CAP_CHOWN"]}), "drop the capability ALL"),
    (BOX, changed(CLOSED, capabilities={"drops": ["ALL"], "adds": ["CAP_SYS_ADMIN"]}), "CAP_SYS_ADMIN"),
    (BOX, changed(CLOSED, memory=None), "memory"),
    (BOX, changed(CLOSED, securityOpts=["no-new-privileges:true", "no-new-privileges=false"]), "no-new-privileges"),
    (BOX, changed(CLOSED, securityOpts=["no-new-privileges:true", "label=disable"]), "label:disable"),
    (BOX, changed(CLOSED, healthcheck={"tests": ["NONE"]}), "health check"),
    (BOX, changed(CLOSED, readOnly=None, labels=[{"label": "smarteros.writable-root", "value": " "}]), "read-only"),
    (BOX, changed(CLOSED, memory=-1.0), "memory"),
    (BOX, changed(CLOSED, memory=0.0), "memory"),
    (BOX, changed(CLOSED, healthcheck=None), "health check"),
    (BOX, changed(CLOSED, mustRun=False), "mustRun"),
    (BOX, changed(CLOSED, restart="always"), "restart unless-stopped"),
    (BOX, changed(CLOSED, restart=None), "restart unless-stopped"),
    (BOX, changed(CLOSED, user="0:0"), "runs as root"),
    (BOX, changed(CLOSED, user="root"), "runs as root"),
    (BOX, changed(CLOSED, user=None), "say the user"),
    (BOX, changed(CLOSED, memorySwap=-1.0), "memorySwap"),
    (BOX, changed(CLOSED, capabilities={"drops": ["ALL"], "adds": ["CAP_SETUID"]}), "CAP_SETUID"),
    (BOX, changed(CLOSED, healthcheck=None, attach=True), "health check"),
    (BOX, changed(CLOSED, healthcheck=None, memory=None, **ENDS), "memory"),
    (BOX, changed(CLOSED, readOnly=False), "read-only"),
    (BOX, changed(CLOSED, readOnly=None, labels=[{"label": "smarteros.writable-root", "value": ""}]), "read-only"),
]


@pytest.mark.parametrize(("token", "inputs"), RIGHT)
def test_what_is_right_passes(token: str, inputs: dict[str, Any]) -> None:
    """Nothing is said of it."""
    assert said(RULE, token, inputs) == []


@pytest.mark.parametrize(("token", "inputs", "words"), WRONG)
def test_what_is_wrong_is_told(token: str, inputs: dict[str, Any], words: str) -> None:
    """One fault, one violation, and it says what."""
    found = said(RULE, token, inputs)
    assert len(found) == 1, found
    assert words in found[0]
