"""The AppRole method of a simulated Vault: roles, their two halves of a login, and the tokens that come of it."""

from __future__ import annotations

import json
import secrets
import time
import uuid
from collections.abc import Mapping
from typing import Any

from sandbox.vault_barrier import VaultError
from sandbox.vault_core import MAX_TTL_S, Call, hashed, seconds
from sandbox.vault_engines import unsupported
from sandbox.vault_system import auth_answer

__all__ = ["AppRole"]

DEFAULTS: Mapping[str, Any] = {
    **{"bind_secret_id": True, "local_secret_ids": False, "secret_id_bound_cidrs": None, "secret_id_num_uses": 0},
    **{"secret_id_ttl": 0, "token_bound_cidrs": [], "token_explicit_max_ttl": 0, "token_max_ttl": 0},
    **{"token_no_default_policy": False, "token_num_uses": 0, "token_period": 0, "token_policies": [], "token_ttl": 0},
    **{"token_type": "default", "alias_metadata": {}},
}


class AppRole:
    """One mounted AppRole method. Addresses that a role binds to are kept, not checked: all come from one machine."""

    def exists(self, call: Call) -> bool | None:
        """Only for a role itself does Vault tell."""
        words = call.path.split("/")
        return words[1] in call.store.get("roles", {}) if words[0] == "role" and len(words) == 2 else None

    def handle(self, call: Call) -> dict[str, Any] | None:
        """Logins, and what lies below role/."""
        if call.path == "login" and call.operation == "update":
            return self._login(call)
        head, _, rest = call.path.partition("/")
        roles: dict[str, Any] = call.store.setdefault("roles", {})
        if head != "role":
            raise unsupported()
        if not rest and call.operation == "list":
            if not roles:
                raise VaultError(404)
            return {"data": {"keys": sorted(roles)}}
        name, _, more = rest.lower().partition("/")
        if not more:
            return self._role(call, roles, name)
        role = roles.get(name)
        if role is None:
            raise VaultError(404 if call.operation == "read" else 500, f'role "{name}" does not exist')
        if more == "role-id":
            return self._role_id(call, role)
        return self._secret_ids(call, role, more)

    def _role(self, call: Call, roles: dict[str, Any], name: str) -> dict[str, Any] | None:
        role = roles.get(name)
        if call.operation == "read":
            if role is None:
                raise VaultError(404)
            return {"data": {key: role[key] for key in DEFAULTS}}
        if call.operation == "delete":
            roles.pop(name, None)
            return None
        given = {key: value for key, value in call.data.items() if key in DEFAULTS}
        for key in given:
            if key.endswith(("_ttl", "_period")):
                given[key] = seconds(given[key])
            if key == "token_policies":
                given[key] = _policies(given[key])
        whole = {**(role or {**DEFAULTS, "role_id": str(uuid.uuid4()), "secret_ids": {}, "name": name}), **given}
        if whole["token_max_ttl"] and whole["token_ttl"] > whole["token_max_ttl"]:
            raise VaultError(400, "token_ttl should not be greater than token_max_ttl")
        if not whole["bind_secret_id"] and not whole["secret_id_bound_cidrs"] and not whole["token_bound_cidrs"]:
            raise VaultError(500, "1 error occurred:\n\t* at least one constraint should be enabled on the role\n\n")
        roles[name] = whole
        return None

    @staticmethod
    def _role_id(call: Call, role: dict[str, Any]) -> dict[str, Any] | None:
        if call.operation == "read":
            return {"data": {"role_id": role["role_id"]}}
        role["role_id"] = str(call.data.get("role_id") or "")
        return None

    def _secret_ids(self, call: Call, role: dict[str, Any], more: str) -> dict[str, Any] | None:
        ids: dict[str, Any] = role["secret_ids"]
        if more == "secret-id" and call.operation == "list":
            if not ids:
                raise VaultError(404)
            return {"data": {"keys": [one["secret_id_accessor"] for one in ids.values()]}}
        if more in ("secret-id", "custom-secret-id") and call.operation == "update":
            return self._new_secret_id(call, role, more)
        accessor = str(call.data.get("secret_id_accessor", ""))
        found = next((key for key, one in ids.items() if one["secret_id_accessor"] == accessor), None)
        if more in ("secret-id-accessor/lookup", "secret-id-accessor/destroy"):
            if found is None or _over(ids[found]):
                raise VaultError(404, f'failed to find accessor entry for secret_id_accessor: "{accessor}"')
            if more.endswith("destroy"):
                del ids[found]
                return None
            return {"data": ids[found]}
        raise unsupported()

    @staticmethod
    def _new_secret_id(call: Call, role: dict[str, Any], more: str) -> dict[str, Any]:
        if not role["bind_secret_id"]:
            raise VaultError(400, "bind_secret_id is not set on the role")
        text = str(call.data.get("secret_id") or "") if more == "custom-secret-id" else str(uuid.uuid4())
        if not text:
            raise VaultError(400, "missing secret_id")
        if hashed(text) in role["secret_ids"]:
            raise VaultError(500, "SecretID is already registered")
        ttl = seconds(call.data.get("ttl") or role["secret_id_ttl"])
        uses = int(call.data.get("num_uses") or role["secret_id_num_uses"])
        entry = {
            "secret_id_accessor": str(uuid.UUID(bytes=secrets.token_bytes(16), version=4)),
            "secret_id_ttl": ttl,
            "secret_id_num_uses": uses,
            "metadata": _metadata(call.data.get("metadata")),
            "cidr_list": _cidrs(call.data.get("cidr_list")),
            "token_bound_cidrs": _cidrs(call.data.get("token_bound_cidrs")),
            "creation_time": int(time.time()),
        }
        role["secret_ids"][hashed(text)] = entry
        shown = {key: entry[key] for key in ("secret_id_accessor", "secret_id_ttl", "secret_id_num_uses")}
        return {"data": {"secret_id": text, **shown}}

    @staticmethod
    def _login(call: Call) -> dict[str, Any]:
        wanted = str(call.data.get("role_id") or "")
        if not wanted:
            raise VaultError(400, "missing role_id")
        roles = call.store.get("roles", {}).values()
        role = next((one for one in roles if one["role_id"] == wanted), None)
        if role is None:
            raise VaultError(400, "invalid role or secret ID")
        metadata: dict[str, Any] = {}
        if role["bind_secret_id"]:
            text = str(call.data.get("secret_id") or "")
            if not text:
                raise VaultError(400, "missing secret_id")
            entry = role["secret_ids"].get(hashed(text))
            if entry is None or _over(entry):
                raise VaultError(400, "invalid role or secret ID")
            metadata = entry["metadata"]
            if entry["secret_id_num_uses"] == 1:
                del role["secret_ids"][hashed(text)]
            elif entry["secret_id_num_uses"] > 1:
                entry["secret_id_num_uses"] -= 1
        policies = set(role["token_policies"]) | (set() if role["token_no_default_policy"] else {"default"})
        ttl = role["token_period"] or role["token_ttl"] or MAX_TTL_S
        made, token = call.core.new_token(
            sorted(policies),
            ttl_s=min(ttl, role["token_max_ttl"] or ttl),
            num_uses=role["token_num_uses"],
            display_name="approle",
            meta={**metadata, "role_name": role["name"]},
            path="auth/approle/login",
        )
        return {"auth": auth_answer(made, token)}


def _over(entry: Mapping[str, Any]) -> bool:
    return bool(entry["secret_id_ttl"]) and entry["creation_time"] + entry["secret_id_ttl"] < time.time()


def _policies(value: Any) -> list[str]:
    names = value if isinstance(value, list) else str(value or "").split(",")
    return sorted({str(name).strip().lower() for name in names if str(name).strip()})


def _cidrs(value: Any) -> list[str]:
    return [one for one in (value if isinstance(value, list) else str(value or "").split(",")) if one]


def _metadata(value: Any) -> dict[str, Any]:
    try:
        return dict(json.loads(value)) if value else {}
    except ValueError:
        raise VaultError(400, "failed to parse metadata: not a JSON object") from None
