"""Requests to a Vault and the answers of the real one: the table that the simulated one is held against.

`exchanges.yaml` says what is asked, `answers.json` what a real Vault answered. The answers are written anew
by `VAULT_BINARY=/path/to/vault python -m tests.sandbox.vault.server.exchanges` (how to build one: docs/adr/vault.md).
"""

from __future__ import annotations

import http.client
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.sandbox.vault.server.servers import Asked, real

__all__ = ["ANSWERS", "EXCHANGES", "answers", "recorded"]

FOLDER = Path(__file__).parent
EXCHANGES: list[dict[str, Any]] = yaml.safe_load((FOLDER / "exchanges.yaml").read_text())
ANSWERS = FOLDER / "answers.json"
VOLATILE = (
    *("id", "accessor", "client_token", "request_id", "uuid", "entity_id", "cluster_id", "cluster_name", "nonce"),
    *("creation_time", "last_updated_time", "expiration_time", "expire_time", "issue_time", "created_time"),
    *("updated_time", "deletion_time", "last_renewal", "last_renewal_time", "server_time_utc", "secret_id", "role_id"),
    *("secret_id_accessor", "echo_duration_ms", "clock_skew_ms", "active_time", "leader_address", "build_date"),
    *("leader_cluster_address", "raft_committed_index", "raft_applied_index", "expires", "ttl"),
)
"""What differs from one Vault, or one moment, to the next: only its kind is compared."""
OF_A_DEVELOPMENT_SERVER = ("storage_type", "t", "n", "ha_enabled", "is_self", "path")
"""A real one here runs in memory, with one key, and its root token came with the command line."""


def answers(vault: Asked) -> Iterator[dict[str, Any]]:
    """Asks everything in order, and says what came of each."""
    names = {"root": vault.root, "nobody": "", "wrong": "hvs.wrong"}
    for one in EXCHANGES:
        status, content, location = _asked(vault, one, names)
        for name, path in one.get("keep", {}).items():
            names[name] = str(_at(content, path))
        found: dict[str, Any] = {"do": one["do"], "status": status}
        if location:
            found["location"] = location
        yield {**found, "content": _steady(content, _names_of(one["do"]))}


def recorded() -> list[dict[str, Any]]:
    """The real one's answers."""
    found: list[dict[str, Any]] = json.loads(ANSWERS.read_text())
    return found


def _asked(vault: Asked, one: Mapping[str, Any], names: Mapping[str, str]) -> tuple[int, Any, str]:
    method, _, path = one["do"].partition(" ")
    body = one.get("text") if "text" in one else json.dumps(one["with"]) if "with" in one else None
    if body is not None:
        body = re.sub(r"\$\{(\w+)\}", lambda match: names[match.group(1)], body)
    token = names[one.get("as", "root")]
    headers = {"X-Vault-Request": "true", **({"X-Vault-Token": token} if token else {})}
    if "namespace" in one:
        headers["X-Vault-Namespace"] = one["namespace"]
    connection = http.client.HTTPConnection("127.0.0.1", vault.port, timeout=20)
    connection.request(method, f"/v1/{path}", body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    location = answer.getheader("Location") or ""
    if location:
        return answer.status, None, location
    try:
        return answer.status, json.loads(text) if text.strip() else None, location
    except ValueError:
        return answer.status, "no JSON", location


def _at(content: Any, path: str) -> Any:
    for step in path.split("."):
        content = (content or {}).get(step, "")
    return content


def _names_of(what: str) -> tuple[str, ...]:
    ours = ("sys/seal-status", "sys/health", "sys/leader", "sys/init", "auth/token/lookup-self")
    return (*VOLATILE, *OF_A_DEVELOPMENT_SERVER) if any(one in what for one in ours) else VOLATILE


UNCOMPARED = ("created_by", "deleted_by", "last_updated_by", "entity_id")
"""Who did it: nobody here is an entity."""


def _steady(value: Any, names: tuple[str, ...]) -> Any:
    """With the kind in place of what differs each time."""
    if isinstance(value, dict):
        kept = [(key, one) for key, one in sorted(value.items()) if key not in UNCOMPARED]
        return {key: _kind(one) if key in names else _steady(one, names) for key, one in kept}
    if isinstance(value, list):
        return [_steady(one, names) for one in value]
    if isinstance(value, str):
        return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uuid>", value)
    return "<number>" if isinstance(value, int) and value > 1_700_000_000 else value


def _kind(value: Any) -> Any:
    if value is None or value == "":
        return value
    if isinstance(value, bool):
        return "<true or false>"
    return "<number>" if isinstance(value, int | float) else f"<{type(value).__name__}>"


def _record() -> None:
    with tempfile.TemporaryDirectory() as folder, real(Path(folder)) as vault:
        lines = ",\n".join(json.dumps(one, ensure_ascii=False, sort_keys=True) for one in answers(vault))
    ANSWERS.write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    _record()
