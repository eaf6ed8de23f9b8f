"""The AppRole method of a simulated Vault: roles, their two halves of a login, and the tokens that come of it."""

from __future__ import annotations

import json
import secrets
import time
import uuid
from collections.abc import Mapping
from typing import Any

from sandbox.vault.server.barrier import VaultError, failed
from sandbox.vault.server.cidrs import blocks, not_a_block, not_within, shown
from sandbox.vault.server.core import MAX_TTL_S, Call, hashed, seconds
from sandbox.vault.server.key_value import unsupported
from sandbox.vault.server.tokens import auth_answer

__all__ = ["AppRole"]

DEFAULTS: Mapping[str, Any] = {
    **{"bind_secret_id": True, "local_secret_ids": False, "secret_id_bound_cidrs": None, "secret_id_num_uses": 0},
    **{"secret_id_ttl": 0, "token_bound_cidrs": [], "token_explicit_max_ttl": 0, "token_max_ttl": 0},
    **{"token_no_default_policy": False, "token_num_uses": 0, "token_period": 0, "token_policies": []},
    **{"token_ttl": 0, "token_type": "default"},
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
        if not rest and call.operation != "list":
            raise unsupported()
        if not rest:
            if not roles:
                raise VaultError(404)
            return {"data": {"keys": sorted(roles)}}
        name, _, more = rest.lower().rstrip("/").partition("/")
        if not more:
            return self._role(call, roles, name)
        role = roles.get(name)
        if role is None:
            raise _no_role(call, name, more)
        if more == "role-id":
            return self._role_id(call, roles, name)
        return self._secret_ids(call, role, more)

    def _role(self, call: Call, roles: dict[str, Any], name: str) -> dict[str, Any] | None:
        role = roles.get(name)
        if call.operation == "read":
            if role is None:
                raise VaultError(404)
            return {"data": {key: role.get(key, DEFAULTS[key]) for key in DEFAULTS}}
        if call.operation == "delete":
            roles.pop(name, None)
            return None
        given = _given(call.data)
        whole = {**(role or {**DEFAULTS, "role_id": str(uuid.uuid4()), "secret_ids": {}, "name": name}), **given}
        problem = _token_problem(whole)
        if problem:
            raise VaultError(400, problem)
        if role is not None and "local_secret_ids" in call.data:
            raise VaultError(400, "local_secret_ids can only be modified during role creation")
        _refuse_networks(whole["secret_id_bound_cidrs"] or [], "failed to validate CIDR blocks")
        if whole["secret_id_num_uses"] < 0:
            raise VaultError(400, "secret_id_num_uses cannot be negative")
        self._keep(roles, name, whole)
        return None

    @staticmethod
    def _keep(roles: dict[str, Any], name: str, role: dict[str, Any]) -> None:
        if not role["role_id"]:
            raise VaultError(400, "invalid role_id supplied, or failed to generate a role_id")
        if not role["bind_secret_id"] and not role["secret_id_bound_cidrs"] and not role["token_bound_cidrs"]:
            raise failed("at least one constraint should be enabled on the role")
        if any(one["role_id"] == role["role_id"] for other, one in roles.items() if other != name):
            raise failed("role_id already in use")
        roles[name] = role

    def _role_id(self, call: Call, roles: dict[str, Any], name: str) -> dict[str, Any] | None:
        if call.operation == "read":
            return {"data": {"role_id": roles[name]["role_id"]}}
        wanted = str(call.data.get("role_id") or "")
        if not wanted:
            raise VaultError(400, "missing role_id")
        self._keep(roles, name, {**roles[name], "role_id": wanted})
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
        if more not in ("secret-id-accessor/lookup", "secret-id-accessor/destroy"):
            raise unsupported()
        if not accessor:
            raise VaultError(400, "missing secret_id_accessor")
        found = next((key for key, one in ids.items() if one["secret_id_accessor"] == accessor), None)
        missing = f'failed to find accessor entry for secret_id_accessor: "{accessor}"'
        if more.endswith("destroy"):
            if found is None:
                raise failed(missing)
            del ids[found]
            return None
        if found is None or _over(ids[found]):
            raise VaultError(404, data={"error": missing})
        return {"data": _shown(ids[found])}

    @staticmethod
    def _new_secret_id(call: Call, role: dict[str, Any], more: str) -> dict[str, Any]:
        text = str(call.data.get("secret_id") or "") if more == "custom-secret-id" else str(uuid.uuid4())
        if not text:
            raise VaultError(400, "missing secret_id")
        if not role["bind_secret_id"]:
            raise VaultError(400, "bind_secret_id is not set on the role")
        entry = _entry(call.data, role)
        if hashed(text) in role["secret_ids"]:
            raise failed("failed to store secret_id: SecretID is already registered")
        role["secret_ids"][hashed(text)] = entry
        shown = {key: entry[key] for key in ("secret_id_accessor", "secret_id_ttl", "secret_id_num_uses")}
        return {"data": {"secret_id": text, **shown}}

    @staticmethod
    def _login(call: Call) -> dict[str, Any]:
        wanted = str(call.data.get("role_id") or "")
        if not wanted:
            raise VaultError(500, "failed to determine alias name from login request")
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
        policies = {one.lower() for one in role["token_policies"]} | (
            set() if role["token_no_default_policy"] else {"default"}
        )
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


def _no_role(call: Call, name: str, more: str) -> VaultError:
    why = f'role "{name}" does not exist'
    if call.operation == "read":
        return VaultError(404)
    if more == "role-id":
        return VaultError(404, "1 error occurred:\n\t* unsupported path\n\n")
    if call.operation == "list":
        return VaultError(400, why)
    return failed(why) if more.startswith("secret-id-accessor/") else VaultError(404, why)


def _given(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a request says of a role, as it is kept."""
    given = {key: value for key, value in data.items() if key in (*DEFAULTS, "role_id")}
    for key in given:
        if key.endswith(("_ttl", "_period")):
            given[key] = _seconds(key, given[key])
        elif key == "token_policies":
            given[key] = _policies(given[key])
        elif key in ("token_bound_cidrs", "secret_id_bound_cidrs"):
            given[key] = blocks(given[key])
    wrong = not_a_block(given.get("token_bound_cidrs", []), alone=True)
    if wrong is not None:
        why = f"Unable to convert {json.dumps(wrong)} to an IPv4 or IPv6 address, or a UNIX Socket"
        raise VaultError(400, f"error parsing address {json.dumps(wrong)}: {why}")
    if "token_bound_cidrs" in given:
        given["token_bound_cidrs"] = [shown(one) for one in given["token_bound_cidrs"]]
    return given


def _seconds(name: str, value: Any) -> int:
    found = seconds(value)
    if found < 0:
        why = f"error converting input for field {json.dumps(name)}: cannot provide negative value '{value}'"
        raise VaultError(400, why)
    return found


def _token_problem(role: Mapping[str, Any]) -> str:
    """As TokenParams.ParseTokenFields of the SDK (sdk/helper/tokenutil)."""
    kind = role["token_type"]
    if kind not in ("", "default", "service", "batch", "default-service", "default-batch"):
        return f"invalid 'token_type' value {json.dumps(kind)}"
    if role["token_num_uses"] < 0:
        return "'token_num_uses' cannot be negative"
    if "batch" in kind and (role["token_period"] or role["token_num_uses"]):
        what = "periodic tokens" if role["token_period"] else "tokens with limited use count"
        return f"'token_type' cannot be 'batch' or 'default_batch' when set to generate {what}"
    if role["token_max_ttl"] and role["token_ttl"] > role["token_max_ttl"]:
        return "'token_ttl' cannot be greater than 'token_max_ttl'"
    return ""


def _over(entry: Mapping[str, Any]) -> bool:
    return bool(entry["secret_id_ttl"]) and entry["creation_time"] + entry["secret_id_ttl"] < time.time()


def _policies(value: Any) -> list[str]:
    names = value if isinstance(value, list) else str(value or "").split(",")
    return list(dict.fromkeys(str(name).strip() for name in names if str(name).strip()))


def _entry(data: Mapping[str, Any], role: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a secret id, which may not be wider than its role: handleRoleSecretIDCommon of path_role.go."""
    networks, of_token = blocks(data.get("cidr_list")), blocks(data.get("token_bound_cidrs"))
    _refuse_networks(networks, "failed to validate CIDR blocks")
    _refuse_wider(networks, role["secret_id_bound_cidrs"] or [])
    _refuse_networks(of_token, "failed to validate token CIDR blocks")
    _refuse_wider(of_token, role["token_bound_cidrs"])
    uses, most = int(data.get("num_uses", role["secret_id_num_uses"])), role["secret_id_num_uses"]
    if uses < 0:
        raise VaultError(400, "num_uses cannot be negative")
    if most and not 0 < uses <= most:
        raise VaultError(400, "num_uses cannot be higher than the role's secret_id_num_uses")
    ttl, longest = seconds(data.get("ttl", role["secret_id_ttl"])), role["secret_id_ttl"]
    if longest and not 0 < ttl <= longest:
        raise VaultError(400, "ttl cannot be longer than the role's secret_id_ttl")
    return {
        "secret_id_accessor": str(uuid.UUID(bytes=secrets.token_bytes(16), version=4)),
        "secret_id_ttl": ttl,
        "secret_id_num_uses": uses,
        "metadata": _metadata(data.get("metadata")),
        "cidr_list": networks,
        "token_bound_cidrs": of_token,
        "creation_time": int(time.time()),
    }


def _refuse_networks(texts: list[str], why: str) -> None:
    wrong = not_a_block(texts)
    if wrong is not None:
        raise failed(f"{why}: invalid CIDR address: {wrong}")


def _refuse_wider(texts: list[str], bounds: list[str]) -> None:
    if not_within(texts, bounds) is not None:
        wide = [one if "/" in one else f"{one}/32" for one in bounds]
        what = f"CIDR blocks on the role {_quoted(wide)} and CIDR blocks on the secret ID {_quoted(texts)}"
        raise failed(f"failed to verify subset relationship between {what}: %!w(<nil>)")


def _quoted(texts: list[str]) -> str:
    return "[" + " ".join(json.dumps(one) for one in texts) + "]"


def _shown(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A secret id as its accessor tells it: everything but itself."""
    made = entry["creation_time"]
    over = _moment(made + entry["secret_id_ttl"]) if entry["secret_id_ttl"] else "0001-01-01T00:00:00Z"
    times = {"creation_time": _moment(made), "last_updated_time": _moment(made), "expiration_time": over}
    return {**entry, **times}


def _moment(stamp: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(stamp))


def _metadata(value: Any) -> dict[str, str]:
    try:
        found = json.loads(value) if value else {}
    except ValueError as error:
        raise VaultError(400, f"failed to parse metadata: {error}") from None
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
        raise VaultError(400, "failed to parse metadata: failed to parse the input: invalid <key,value> format")
    return found
