"""What lies under sys/ and auth/token/ of a simulated Vault."""

from __future__ import annotations

import base64
import time
from typing import Any

from sandbox.vault_barrier import VaultError, denied
from sandbox.vault_core import DEFAULT_POLICY, MAX_TTL_S, Call, Token, hashed, seconds
from sandbox.vault_policy import PolicyError, parse

__all__ = ["System", "Tokens"]

MOUNTABLE = ("kv", "kv-v2", "transit")
AUTH_METHODS = ("approle",)


class System:
    """sys/."""

    def exists(self, call: Call) -> bool | None:
        """Every write here is an update."""
        return None

    def handle(self, call: Call) -> dict[str, Any] | None:
        """By the first word of the path."""
        head, _, rest = call.path.partition("/")
        acts = {
            **{"health": self._health, "init": self._init, "seal-status": self._status, "unseal": self._unseal},
            **{"seal": self._seal, "mounts": self._mounts, "auth": self._auth, "audit": self._audit},
            **{"capabilities-self": self._capabilities, "capabilities": self._capabilities},
        }
        if head in ("policies", "policy"):
            return self._policies(call, rest.removeprefix("acl").lstrip("/") if head == "policies" else rest)
        if head not in acts:
            raise VaultError(404, f'no handler for route "sys/{call.path}". route entry not found.')
        return acts[head](call, rest)

    def _health(self, call: Call, _rest: str) -> dict[str, Any]:
        status = call.core.barrier.status()
        return {
            "initialized": status["initialized"],
            "sealed": status["sealed"],
            "standby": False,
            "server_time_utc": int(time.time()),
            "version": status["version"],
        }

    def _status(self, call: Call, _rest: str) -> dict[str, Any]:
        return call.core.barrier.status()

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

    # -- mounts ------------------------------------------------------------------------------------------------------

    def _mounts(self, call: Call, rest: str) -> dict[str, Any] | None:
        kind = str(call.data.get("type", ""))
        if call.operation == "update" and not rest.endswith("/tune"):
            if kind not in MOUNTABLE:
                raise VaultError(400, f"plugin not found in the catalog: {kind or '(none)'} (simulated: {MOUNTABLE})")
            version = str((call.data.get("options") or {}).get("version", "2" if kind == "kv-v2" else "1"))
            if kind == "kv" and version != "2":
                raise VaultError(400, "kv version 1 is not simulated: options.version must be 2")
        return self._mounted(call, rest, "mounts", "")

    def _auth(self, call: Call, rest: str) -> dict[str, Any] | None:
        kind = str(call.data.get("type", ""))
        if call.operation == "update" and not rest.endswith("/tune") and kind not in AUTH_METHODS:
            raise VaultError(400, f"plugin not found in the catalog: {kind or '(none)'} (simulated: {AUTH_METHODS})")
        return self._mounted(call, rest, "auth", "auth/")

    def _mounted(self, call: Call, rest: str, table: str, prefix: str) -> dict[str, Any] | None:
        places: dict[str, Any] = call.core.barrier.state[table]
        path, tuned = rest.removesuffix("/tune").strip("/") + "/", rest.endswith("/tune")
        if not rest and call.operation == "read":
            return {"data": places, **places}
        if path not in places and (tuned or call.operation == "read"):
            raise VaultError(400, f"No {'auth' if prefix else 'secret'} engine mount at {prefix}{path}")
        if tuned and call.operation == "update":
            return self._tuned(places[path], call)
        if call.operation == "read":
            found = places[path]["config"] if tuned else places[path]
            return {"data": found, **found}
        if call.operation == "delete":
            removed = places.pop(path, None)
            if removed is not None:
                call.core.barrier.state["data"].pop(removed["uuid"], None)
            return None
        used = next((one for one in places if one.startswith(path) or path.startswith(one)), None)
        if used is not None:
            raise VaultError(400, f"path is already in use at {prefix}{used}")
        kind = str(call.data["type"])
        mount = call.core.new_mount("kv" if kind == "kv-v2" else kind, call.data)
        if kind == "kv-v2":
            mount["options"] = {**(mount["options"] or {}), "version": "2"}
        places[path] = mount
        return None

    @staticmethod
    def _tuned(mount: dict[str, Any], call: Call) -> None:
        for name, value in call.data.items():
            if name == "description":
                mount["description"] = value
            elif name == "options":
                mount["options"] = {**(mount["options"] or {}), **(value or {})} or None
            else:
                mount["config"][name] = seconds(value) if name.endswith("_ttl") else value

    # -- policies, audit ---------------------------------------------------------------------------------------------

    def _policies(self, call: Call, rest: str) -> dict[str, Any] | None:
        texts: dict[str, str] = call.core.barrier.state["policies"]
        name = rest.strip("/").lower()
        if not name:
            return {"data": {"keys": sorted([*texts, "root"]), "policies": sorted([*texts, "root"])}}
        if call.operation == "read":
            if name not in texts:
                raise VaultError(404)
            return {"data": {"name": name, "policy": texts[name]}}
        if name == "root" or (name == "default" and call.operation == "delete"):
            word = "delete" if call.operation == "delete" else "update"
            raise VaultError(400, f'cannot {word} "{name}" policy')
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
        return None

    def _audit(self, call: Call, rest: str) -> dict[str, Any] | None:
        devices: dict[str, Any] = call.core.barrier.state["audit"]
        path = rest.strip("/") + "/"
        if call.operation == "read" and not rest:
            return {"data": devices, **devices}
        if call.operation == "delete":
            devices.pop(path, None)
            return None
        kind, options = str(call.data.get("type", "")), dict(call.data.get("options") or {})
        if kind != "file":
            raise VaultError(400, f"unknown backend type: {kind} (simulated: file)")
        if not (options.get("file_path") or options.get("path")):
            raise VaultError(400, "file_path is required")
        if path in devices:
            raise VaultError(400, "path already in use")
        devices[path] = {
            "type": kind,
            "path": path,
            "description": str(call.data.get("description") or ""),
            "options": options,
            "local": bool(call.data.get("local", False)),
        }
        return None

    def _capabilities(self, call: Call, _rest: str) -> dict[str, Any]:
        text = str(call.data.get("token") or call.token_text)
        acl = call.core.acl(call.core.token(text))
        paths = call.data.get("paths") or [call.data.get("path", "")]
        found: dict[str, Any] = {path: acl.capabilities(path) for path in paths}
        if len(paths) == 1:
            found["capabilities"] = found[paths[0]]
        return {"data": found, **found}


class Tokens:
    """auth/token/."""

    def exists(self, call: Call) -> bool | None:
        """Every write here is an update."""
        return None

    def handle(self, call: Call) -> dict[str, Any] | None:
        """By the path."""
        acts = {
            **{"lookup-self": self._lookup_self, "create": self._create, "create-orphan": self._create},
            **{"revoke-self": self._revoke_self, "renew-self": self._renew_self},
        }
        if call.path not in acts:
            raise VaultError(404, f'no handler for route "auth/token/{call.path}". route entry not found.')
        return acts[call.path](call)

    def _lookup_self(self, call: Call) -> dict[str, Any]:
        entry = _own(call)
        left = int(entry["expires"] - time.time()) if entry["expires"] else 0
        return {"data": {**entry, "id": call.token_text, "ttl": left, "renewable": bool(entry["expires"])}}

    def _create(self, call: Call) -> dict[str, Any]:
        mine = _own(call)
        wanted = [str(one) for one in call.data.get("policies") or mine.policies]
        if not call.data.get("no_default_policy") and "root" not in wanted:
            wanted = sorted({*wanted, "default"})
        if "root" not in mine.policies and set(wanted) - {*mine.policies, "default"}:
            raise VaultError(400, "child policies must be subset of parent")
        ttl = seconds(call.data.get("ttl")) or (0 if wanted == ["root"] else MAX_TTL_S)
        orphan = call.path == "create-orphan" or bool(call.data.get("no_parent"))
        text, entry = call.core.new_token(
            wanted,
            ttl_s=ttl,
            num_uses=int(call.data.get("num_uses") or 0),
            display_name=f"token-{call.data['display_name']}" if call.data.get("display_name") else "token",
            meta=call.data.get("meta"),
            orphan=orphan,
            parent="" if orphan else hashed(call.token_text),
        )
        return {"auth": auth_answer(text, entry)}

    def _revoke_self(self, call: Call) -> None:
        call.core.revoke(hashed(call.token_text))

    def _renew_self(self, call: Call) -> dict[str, Any]:
        entry = call.core.barrier.state["tokens"][hashed(call.token_text)]
        if not entry["expires"]:
            raise VaultError(400, "lease is not renewable")
        entry["expires"] = time.time() + entry["creation_ttl"]
        return {"auth": auth_answer(call.token_text, Token(entry))}


def auth_answer(text: str, entry: Token) -> dict[str, Any]:
    """What a login or a creation answers."""
    return {
        "client_token": text,
        "accessor": entry["accessor"],
        "policies": entry.policies,
        "token_policies": entry.policies,
        "metadata": entry["meta"],
        "lease_duration": entry["creation_ttl"],
        "renewable": bool(entry["expires"]),
        "entity_id": "",
        "token_type": "service",
        "orphan": entry["orphan"],
        "num_uses": entry["num_uses"],
    }


def _own(call: Call) -> Token:
    if call.token is None:
        raise denied()
    return call.token
