"""What lies under sys/ of a simulated Vault."""

from __future__ import annotations

import base64
import time
from typing import Any

from sandbox.vault.server.audit import devices
from sandbox.vault.server.barrier import CLUSTER_ID, VaultError
from sandbox.vault.server.core import DEFAULT_POLICY, Call
from sandbox.vault.server.mount_table import Mounts
from sandbox.vault.server.policy import PolicyError, parse
from sandbox.vault.server.snapshot import FORCED, SNAPSHOT, restored, taken

__all__ = ["ARCHIVE", "System"]

ARCHIVE = "archive"
"""Under which word the bytes of a snapshot go through: no JSON, neither as a request nor as an answer."""


class System:
    """Answers what lies below sys/ for whoever has a token: mounts, policies, capabilities, audit devices."""

    def __init__(self) -> None:
        self._mounts = Mounts()

    def exists(self, call: Call) -> bool | None:
        """Every write here is an update."""
        return None

    def handle(self, call: Call) -> dict[str, Any] | None:
        """By the first word of the path."""
        head, _, rest = call.path.partition("/")
        acts = {
            **{"health": self._health, "init": self._init, "seal-status": self._status, "unseal": self._unseal},
            **{"seal": self._seal, "mounts": self._mounts.engines, "auth": self._mounts.methods},
            **{"audit": devices, "internal": self._internal, "leader": self._leader, "storage": self._storage},
            **{"capabilities-self": self._capabilities, "capabilities": self._capabilities},
        }
        if head in ("policies", "policy"):
            return self._policies(call, rest.removeprefix("acl").lstrip("/") if head == "policies" else rest)
        if head not in acts:
            raise VaultError(404, "1 error occurred:\n\t* unsupported path\n\n")
        return acts[head](call, rest)

    def _health(self, call: Call, _rest: str) -> dict[str, Any]:
        status = call.core.barrier.status()
        return {
            "initialized": status["initialized"],
            "sealed": status["sealed"],
            "standby": False,
            **{"performance_standby": False, "replication_performance_mode": "disabled", "enterprise": False},
            **{"replication_dr_mode": "disabled", "replication_primary_canary_age_ms": 0, "clock_skew_ms": 0},
            **{"echo_duration_ms": 0, "cluster_name": "vault-cluster-sandbox", "cluster_id": CLUSTER_ID},
            "server_time_utc": int(time.time()),
            "version": status["version"],
        }

    def _status(self, call: Call, _rest: str) -> dict[str, Any]:
        return call.core.barrier.status()

    def _internal(self, call: Call, rest: str) -> dict[str, Any]:
        if call.operation != "read" or not rest.startswith("ui/mounts/"):
            raise VaultError(404, f'no handler for route "sys/{call.path}". route entry not found.')
        return self._mounts.seen_by(call, rest.removeprefix("ui/mounts/"))

    def _leader(self, call: Call, _rest: str) -> dict[str, Any]:
        no_address: dict[str, Any] = {"leader_address": "", "leader_cluster_address": ""}
        no_address |= {"performance_standby": False, "performance_standby_last_remote_wal": 0}
        return {"ha_enabled": False, "is_self": False, "active_time": "0001-01-01T00:00:00Z", **no_address}

    def _init(self, call: Call, _rest: str) -> dict[str, Any]:
        barrier = call.core.barrier
        if call.operation == "read":
            return {"initialized": barrier.initialized}
        tables: tuple[str, ...] = ("mounts", "auth", "audit", "tokens", "data")
        state: dict[str, Any] = {**{name: {} for name in tables}, "policies": {"default": DEFAULT_POLICY}}
        if not barrier.initialized:
            barrier.state = state
            root, _ = call.core.new_token(["root"], ttl_s=0, display_name="root", path="auth/token/root")
            barrier.state = {}
        shares = barrier.initialize(
            int(call.data.get("secret_shares", 5)), int(call.data.get("secret_threshold", 3)), state
        )
        return {
            "keys": [share.hex() for share in shares],
            "keys_base64": [base64.b64encode(share).decode() for share in shares],
            "root_token": root,
        }

    def _unseal(self, call: Call, _rest: str) -> dict[str, Any]:
        if call.data.get("reset"):
            call.core.barrier.reset()
        elif not call.data.get("key"):
            raise VaultError(400, "'key' must be specified in request body as JSON, or 'reset' set to true")
        else:
            call.core.barrier.unseal(str(call.data["key"]))
        return call.core.barrier.status()

    def _seal(self, call: Call, _rest: str) -> None:
        call.core.barrier.keep()
        call.core.barrier.seal()

    def _storage(self, call: Call, rest: str) -> dict[str, Any] | None:
        """Its raft snapshots alone."""
        barrier, path = call.core.barrier, f"sys/storage/{rest}"
        if path not in (SNAPSHOT, FORCED):
            raise VaultError(404, "1 error occurred:\n\t* unsupported path\n\n")
        if call.operation == "read" and path == SNAPSHOT:
            return {ARCHIVE: taken(barrier)}
        if call.operation != "update":
            raise VaultError(405, "1 error occurred:\n\t* unsupported operation\n\n")
        restored(barrier, call.data[ARCHIVE], force=path == FORCED)
        return None

    # -- policies ----------------------------------------------------------------------------------------------------

    def _policies(self, call: Call, rest: str) -> dict[str, Any] | None:
        texts: dict[str, str] = call.core.barrier.state["policies"]
        name, old = rest.strip("/").lower(), call.path.startswith("policy")
        if not name:
            keys = [*sorted(texts), "root"]
            both = {"keys": keys, "policies": keys}
            return {**both, "data": both} if old else {"data": {"keys": keys}}
        if call.operation == "read":
            if name not in texts:
                raise VaultError(404)
            answer = {"name": name, "rules" if old else "policy": texts[name]}
            return {**answer, "data": answer} if old else {"data": answer}
        if name == "root" or (name == "default" and call.operation == "delete"):
            word = "delete" if call.operation == "delete" else "update"
            raise VaultError(
                400, f"cannot {word} default policy" if name == "default" else f'cannot {word} "{name}" policy'
            )
        if call.operation == "delete":
            texts.pop(name, None)
            return None
        document = str(call.data.get("policy", ""))
        if not document:
            raise VaultError(400, "'policy' parameter not supplied or empty")
        try:
            parse(document)
        except PolicyError as error:
            raise VaultError(400, str(error)) from None
        texts[name] = document
        converted = name != rest.strip("/")
        return {"warnings": [f"policy name was converted to {name}"]} if converted else None

    def _capabilities(self, call: Call, _rest: str) -> dict[str, Any]:
        text = str(call.data.get("token") or call.token_text)
        acl = call.core.acl(call.core.token(text))
        paths = call.data.get("paths") or [call.data.get("path", "")]
        found: dict[str, Any] = {path: acl.capabilities(path) for path in paths}
        if len(paths) == 1:
            found["capabilities"] = found[paths[0]]
        return {"data": found, **found}
