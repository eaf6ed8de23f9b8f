"""A simulated Vault without its wire: mounts, tokens, and the policies that every request must pass.

What lies under a path is the business of the engine that is mounted there; what is not simulated answers as a path
that Vault does not know.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sandbox.vault.server.barrier import Barrier, VaultError, denied
from sandbox.vault.server.built_in import BUILT_IN
from sandbox.vault.server.policy import ACL, parse

__all__ = ["DEFAULT_POLICY", "MAX_TTL_S", "Call", "Core", "Engine", "Token", "hashed", "seconds"]

MAX_TTL_S = 2764800
"""32 days, Vault's own."""
DEFAULT_POLICY = """
path "auth/token/lookup-self" { capabilities = ["read"] }
path "auth/token/renew-self" { capabilities = ["update"] }
path "auth/token/revoke-self" { capabilities = ["update"] }
path "sys/capabilities-self" { capabilities = ["update"] }
path "sys/internal/ui/resultant-acl" { capabilities = ["read"] }
path "sys/renew" { capabilities = ["update"] }
path "sys/leases/renew" { capabilities = ["update"] }
path "sys/leases/lookup" { capabilities = ["update"] }
path "cubbyhole/*" { capabilities = ["create", "read", "update", "delete", "list"] }
path "sys/wrapping/wrap" { capabilities = ["update"] }
path "sys/wrapping/lookup" { capabilities = ["update"] }
path "sys/wrapping/unwrap" { capabilities = ["update"] }
path "sys/tools/hash" { capabilities = ["update"] }
path "sys/tools/hash/*" { capabilities = ["update"] }
"""
SUDO = (
    *("sys/auth/*", "sys/remount", "sys/audit", "sys/audit/*", "sys/raw", "sys/raw/*", "sys/rotate", "sys/seal"),
    *("sys/step-down", "sys/config/cors", "sys/config/auditing/*", "sys/config/ui/headers/*", "sys/plugins/catalog/*"),
    *("sys/revoke-prefix/*", "sys/revoke-force/*", "sys/leases/revoke-prefix/*", "sys/leases/revoke-force/*"),
    *("sys/leases/lookup/*", "sys/leases", "sys/internal/inspect/*", "auth/token/accessors", "auth/token/accessors/"),
    *("auth/token/create-orphan", "auth/token/revoke-orphan"),
)
USES = ("decrypt", "hmac", "verify", "encrypt")
"""What is done with a key of transit and leaves it as it is. (`encrypt` alone may make one: that is not simulated.)"""
TABLES = {
    **{
        "policies": ("policies",),
        "policy": ("policies",),
        "mounts": ("mounts",),
        "auth": ("auth",),
        "audit": ("audit",),
    },
    "*": ("mounts", "auth", "audit", "tokens", "policies"),
}
"""Which tables a path below `sys/` may change, by its first word."""
UNAUTHENTICATED = ("sys/health", "sys/init", "sys/leader", "sys/seal-status", "sys/unseal")


class Token(dict[str, Any]):
    """What is kept of a token, under the hash of its text."""

    @property
    def policies(self) -> list[str]:
        """The names of the token's policies."""
        return list(self["policies"])


@dataclass
class Call:
    """One request, as an engine sees it."""

    core: Core
    operation: str
    path: str
    """Below the mount."""
    data: Mapping[str, Any]
    mount: dict[str, Any]
    """The mount's own record."""
    token: Token | None = None
    token_text: str = ""

    @property
    def store(self) -> dict[str, Any]:
        """The part of the storage that the engine keeps its entries in."""
        found: dict[str, Any] = self.core.barrier.state["data"].setdefault(self.mount["uuid"], {})
        return found


class Engine(Protocol):
    """What a secrets engine or an auth method must have to be mounted."""

    def exists(self, call: Call) -> bool | None:
        """Whether a write would change something (update) or make it (create); None when every write is an update."""

    def handle(self, call: Call) -> dict[str, Any] | None:
        """The answer's content; None for an empty one."""


class Core:
    """One Vault: its storage, its mounts, its tokens, and how a request finds its way among them."""

    def __init__(self, folder: Path, engines: Mapping[str, Engine], system: Engine, tokens: Engine) -> None:
        self.folder = folder
        self.barrier = Barrier(folder)
        self.engines = engines
        self._system = system
        self._tokens = tokens

    # -- requests ----------------------------------------------------------------------------------------------------

    def request(self, operation: str, path: str, data: Mapping[str, Any], token: str) -> dict[str, Any] | None:
        """Does it, or raises VaultError."""
        if path not in UNAUTHENTICATED and self.barrier.sealed:
            raise VaultError(503, "Vault is sealed")
        if path in UNAUTHENTICATED:
            return self._system.handle(Call(self, operation, path.removeprefix("sys/"), data, {}))
        entry = None if self._is_login(path) else self.token(token)
        if entry is not None and not self._may_see_mount(entry, path):
            raise denied()
        engine, call = self._routed(operation, path, data)
        call.token, call.token_text = entry, token
        if entry is not None:
            call.operation = operation = self._real_operation(engine, call)
            sudo = any(path.startswith(one[:-1]) if one.endswith("*") else path == one for one in SUDO)
            seen = path.startswith("sys/internal/ui/mounts/")  # tells by itself who may know what
            if not seen and not self.acl(entry).allows(operation, path, sudo=sudo):
                raise denied()
            self._use(entry, token)
        self._audit(operation, path, entry)
        before = set(self.barrier.state["data"])
        answer = engine.handle(call)
        if operation not in ("read", "list") and not self.barrier.sealed:  # who seals it has kept it
            self._keep(path, call, before)
        return answer

    def _keep(self, path: str, call: Call, before: set[str]) -> None:
        """Writes what a request may have changed: of a mount, its own data; each use of a counted token; the rest by
        the first words of the path.
        """
        word = path.removeprefix("sys/").partition("/")[0]
        parts = [] if call.token is None or not call.token["num_uses"] else ["tokens"]
        if path.startswith("auth/token/") or self._is_login(path):
            parts.append("tokens")
        if call.mount and not (call.mount["type"] == "transit" and call.path.partition("/")[0] in USES):
            parts.append(f"data/{call.mount['uuid']}")
        if path.startswith("sys/"):
            parts += TABLES.get(word, TABLES["*"])
        parts += [f"data/{gone}" for gone in before - set(self.barrier.state["data"])]
        if parts:
            self.barrier.keep(*dict.fromkeys(parts))

    @staticmethod
    def _real_operation(engine: Engine, call: Call) -> str:
        """A write is a creation where the engine can tell that nothing is there yet."""
        if call.operation != "update":
            return call.operation
        return "create" if engine.exists(call) is False else "update"

    def _is_login(self, path: str) -> bool:
        """Whether the path is one of a login, which needs no token."""
        for prefix, mount in self.barrier.state["auth"].items():
            if path.startswith(f"auth/{prefix}"):
                return mount["type"] == "approle" and path == f"auth/{prefix}login"
        return False

    def _may_see_mount(self, entry: Token, path: str) -> bool:
        """Without a mount, the answer to whom may not know is the same as with one."""
        return self._mount_of(path) is not None or path.startswith(("sys/", "auth/token/")) or self.acl(entry).root

    def _routed(self, operation: str, path: str, data: Mapping[str, Any]) -> tuple[Engine, Call]:
        if path.startswith("sys/"):
            return self._system, Call(self, operation, path.removeprefix("sys/"), data, {})
        if path.startswith("auth/token/"):
            return self._tokens, Call(self, operation, path.removeprefix("auth/token/"), data, {})
        found = self._mount_of(path)
        if found is None:
            raise VaultError(404, f'no handler for route "{path}". route entry not found.')
        prefix, mount = found
        return self.engines[mount["type"]], Call(self, operation, path.removeprefix(prefix), data, mount)

    def mounted_at(self, path: str) -> tuple[str, dict[str, Any]] | None:
        """(full path, record) of the mount that a path lies in, the built-in ones too: the longest decides."""
        kept = self._mount_of(path)
        built_in = [(prefix, one) for prefix, one in BUILT_IN.items() if path.startswith(prefix)]
        return max([*([kept] if kept else []), *built_in], key=lambda found: len(found[0]), default=None)

    def _mount_of(self, path: str) -> tuple[str, dict[str, Any]] | None:
        state = self.barrier.state
        for end in range(len(path) - 1, 0, -1):  # the longest first: every mount's path ends in a slash
            if path[end] == "/":
                prefix = path[: end + 1]
                is_auth = prefix.startswith("auth/")
                mount = state["auth"].get(prefix.removeprefix("auth/")) if is_auth else state["mounts"].get(prefix)
                if mount is not None:
                    return prefix, mount
        return None

    def _audit(self, operation: str, path: str, entry: Token | None) -> None:
        """One line for each request, while a device is enabled. Nothing secret is in it."""
        if not self.barrier.state["audit"]:
            return
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "type": "request",
            "auth": {"policies": entry.policies, "accessor": entry["accessor"]} if entry else {},
            "request": {"operation": operation, "path": path},
        }
        with (self.folder / "audit.log").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")

    # -- tokens ------------------------------------------------------------------------------------------------------

    def new_token(self, policies: list[str], *, ttl_s: int, **more: Any) -> tuple[str, Token]:
        """A token with exactly these policies; `ttl_s=0` never ends."""
        text = "hvs." + secrets.token_urlsafe(24).replace("-", "A").replace("_", "B")
        entry = Token(
            {
                "policies": policies,
                "accessor": secrets.token_urlsafe(18).replace("-", "A").replace("_", "B"),
                "creation_time": int(time.time()),
                "creation_ttl": ttl_s,
                "expires": time.time() + ttl_s if ttl_s else 0,
                "num_uses": 0,
                **{"display_name": "token", "meta": None, "path": "auth/token/create", "orphan": True, "parent": ""},
                **more,
            }
        )
        tokens, now = self.barrier.state["tokens"], time.time()
        for over in [key for key, one in tokens.items() if one["expires"] and one["expires"] < now]:
            del tokens[over]
        tokens[hashed(text)] = entry
        return text, entry

    def token(self, text: str) -> Token:
        """The token's entry; refuses one that is missing, unknown or over."""
        if not text:
            raise VaultError(403, "permission denied")
        entry = self.barrier.state["tokens"].get(hashed(text))
        if entry is None or (entry["expires"] and entry["expires"] < time.time()):
            raise denied("invalid token")
        return Token(entry)

    def revoke(self, key: str) -> None:
        """Ends a token (by its hash) and those made with it."""
        tokens = self.barrier.state["tokens"]
        for child in [other for other, entry in tokens.items() if entry["parent"] == key]:
            self.revoke(child)
        tokens.pop(key, None)

    def _use(self, entry: Token, text: str) -> None:
        """Counts the uses of a token that has only so many."""
        if entry["num_uses"] == 1:
            self.revoke(hashed(text))
        elif entry["num_uses"] > 1:
            entry["num_uses"] -= 1
            self.barrier.state["tokens"][hashed(text)]["num_uses"] -= 1

    def acl(self, entry: Token) -> ACL:
        """What the token may do."""
        texts = self.barrier.state["policies"]
        return ACL(
            [parse(texts[name]) for name in entry.policies if name in texts],
            root="root" in entry.policies,
        )

    def new_mount(self, kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """The record of a new mount."""
        config = {**{"default_lease_ttl": 0, "max_lease_ttl": 0}, **dict(data.get("config") or {})}
        return {
            "type": kind,
            "description": str(data.get("description") or ""),
            "options": data.get("options", {}),
            "config": {name: seconds(value) if name.endswith("_ttl") else value for name, value in config.items()},
            "accessor": f"{'auth_' if kind in ('approle',) else ''}{kind}_{secrets.token_hex(4)}",
            "uuid": str(uuid.uuid4()),
            "local": bool(data.get("local", False)),
            "seal_wrap": bool(data.get("seal_wrap", False)),
        }


def hashed(token: str) -> str:
    """Under which name a token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()


def seconds(value: Any) -> int:
    """A duration as Vault reads it: seconds, or a number with s, m, h or d."""
    text = str(value or 0)
    factor = {"s": 1, "m": 60, "h": 3600, "d": 86400}.get(text[-1])
    return int(float(text[:-1]) * factor) if factor else int(float(text))
