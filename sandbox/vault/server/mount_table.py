"""What is mounted in a simulated Vault: engines below sys/mounts, methods of login below sys/auth, one table for both.

As with the real one (hashicorp/vault v1.21.0 vault/logical_system.go: handleMount, handleEnableAuth, handleReadMount,
handleReadAuth, handleTuneReadCommon, handleTuneWriteCommon, mountInfo), sys/mounts/auth/NAME reads and tunes a method
of login too: that is how vault/api's GetAuth and MountConfig ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.vault.server.barrier import VaultError, denied
from sandbox.vault.server.built_in import BUILT_IN
from sandbox.vault.server.core import MAX_TTL_S, Call, seconds

__all__ = ["MOUNTABLE", "Mounts", "mount_path_problem", "ttl_problem"]

MOUNTABLE = ("kv", "kv-v2", "transit")
AUTH_METHODS = ("approle",)
PROTECTED = ("audit/", "auth/", "sys/", "cubbyhole/", "identity/")
UNTUNABLE = ("cubbyhole/", "sys/", "audit/")
SINGLETONS = ("cubbyhole", "identity", "system", "token")
RUNNING = {"kv": "v0.25.0+builtin", "transit": "v1.21.0+builtin.vault", "approle": "v1.21.0+builtin.vault"}
VISIBILITIES = ("", "hidden", "unauth")
LISTS = (
    *("audit_non_hmac_request_keys", "audit_non_hmac_response_keys", "passthrough_request_headers"),
    *("allowed_response_headers", "delegated_auth_accessors"),
)
TOKEN_TYPES = ("default-service", "default-batch", "service", "batch")


def ttl_problem(default_s: int, max_s: int) -> str:
    """Why a mount can't be made with these lease times; empty when it can (0: the server's own)."""
    if max_s and default_s > max_s:
        return "given default lease TTL greater than given max lease TTL"
    if not max_s and default_s > MAX_TTL_S:
        return f"given default lease TTL greater than system max lease TTL of {MAX_TTL_S}"
    return ""


def mount_path_problem(path: str) -> str:
    """Why nothing can be mounted at this path; empty when something can."""
    place = path.strip("/") + "/"
    return f'cannot mount "{place}"' if place.startswith(PROTECTED) else ""


class Mounts:
    """The two tables of what is mounted: secrets engines and auth methods."""

    def engines(self, call: Call, rest: str) -> dict[str, Any] | None:
        """Answers sys/mounts: lists, mounts, tunes and unmounts secrets engines."""
        if rest == "" and call.operation == "read":
            return _both({path: _info(path, one) for path, one in _table(call, "").items()})
        path, tuned = _place(rest)
        if tuned:
            return self._tune(call, path)
        if call.operation == "read":
            found = call.core.mounted_at(path)
            if found is None:
                raise VaultError(400, f"No secret engine mount at {path}")
            return _both(_info(*found))
        if call.operation == "delete":
            return self._remove(call, path, "mounts")
        if call.operation != "update" or not rest:
            raise _no_operation()
        self._mount(call, path)
        return None

    def methods(self, call: Call, rest: str) -> dict[str, Any] | None:
        """Answers sys/auth: lists, enables, tunes and disables auth methods."""
        if rest == "" and call.operation == "read":
            table = _table(call, "auth/")
            return _both({path.removeprefix("auth/"): _info(path, one) for path, one in table.items()})
        path, tuned = _place(rest)
        if tuned:
            return self._tune(call, f"auth/{path}")
        if call.operation == "read":
            found = _table(call, "auth/").get(f"auth/{path}")
            if found is None:
                raise VaultError(400, f"No auth engine at {path}")
            return _both(_info(f"auth/{path}", found))
        if call.operation == "delete":
            return self._remove(call, path, "auth")
        if call.operation != "update" or not rest:
            raise _no_operation()
        self._enable(call, path)
        return None

    def seen_by(self, call: Call, rest: str) -> dict[str, Any]:
        """sys/internal/ui/mounts/PATH, which vault's own commands ask before they read or write a secret."""
        path, _ = _place(rest)
        found = call.core.mounted_at(path)
        if found is None or call.token is None or not call.core.acl(call.token).reaches(found[0]):
            why = "preflight capability check returned 403, please ensure client's policies grant access to path"
            raise denied(f'{why} "{path}"', first=False)
        info = _info(*found)
        for name in ("default_lease_ttl", "max_lease_ttl"):
            info["config"][name] = info["config"][name] or MAX_TTL_S
        return {"data": {**info, "path": found[0].removeprefix("auth/")}}

    # -- making and removing -----------------------------------------------------------------------------------------

    def _mount(self, call: Call, path: str) -> None:
        kind, config = str(call.data.get("type") or ""), _config(call.data)
        problem = ttl_problem(config["default_lease_ttl"], config["max_lease_ttl"])
        if problem:
            raise VaultError(400, problem)
        options = dict(call.data.get("options") or {})
        if not kind:
            raise VaultError(400, "backend type must be specified as a string")
        if kind not in ("kv", "kv-v1", "kv-v2") and options.get("version"):
            raise VaultError(400, f'secrets engine "{kind}" does not allow setting a version')
        if mount_path_problem(path):
            raise VaultError(400, mount_path_problem(path))
        if kind in SINGLETONS:
            raise VaultError(400, f'mount type of "{kind}" is not mountable')
        self._refuse_taken(call, path, "")
        if kind not in MOUNTABLE:
            raise VaultError(400, f"plugin not found in the catalog: {kind}")
        if kind == "kv-v2":
            options["version"] = "2"
        if kind.startswith("kv") and options.get("version") != "2":
            raise VaultError(400, "kv version 1 is not simulated: options.version must be 2")
        mount = call.core.new_mount(kind.removesuffix("-v2"), {**call.data, "config": config, "options": options})
        call.core.barrier.state["mounts"][path] = mount

    def _enable(self, call: Call, path: str) -> None:
        kind, config = str(call.data.get("type") or ""), _config(call.data)
        problem = ttl_problem(config["default_lease_ttl"], config["max_lease_ttl"])
        if problem:
            raise VaultError(400, problem)
        if not kind:
            raise VaultError(400, "backend type must be specified as a string")
        self._refuse_taken(call, path, "auth/")
        if kind == "token":
            raise VaultError(400, "token credential backend cannot be instantiated")
        if kind not in AUTH_METHODS:
            raise VaultError(400, f"plugin not found in the catalog: {kind}")
        call.core.barrier.state["auth"][path] = call.core.new_mount(kind, {**call.data, "config": config})

    @staticmethod
    def _refuse_taken(call: Call, path: str, prefix: str) -> None:
        for used in _table(call, prefix):
            place = used.removeprefix(prefix) if prefix else used
            if place.startswith(path) or path.startswith(place):
                raise VaultError(400, f"path is already in use at {place}")

    @staticmethod
    def _remove(call: Call, path: str, table: str) -> None:
        if table == "auth" and path == "token/":
            raise VaultError(400, "token credential backend cannot be disabled")
        if table == "mounts" and path.startswith(PROTECTED[2:]):
            raise VaultError(400, f'cannot unmount "{path}"')
        removed = call.core.barrier.state[table].pop(path, None)
        if removed is not None:
            call.core.barrier.state["data"].pop(removed["uuid"], None)

    # -- tuning ------------------------------------------------------------------------------------------------------

    def _tune(self, call: Call, path: str) -> dict[str, Any] | None:
        found = call.core.mounted_at(path)
        if call.operation == "read":
            if found is None:
                raise VaultError(400, f'cannot fetch sysview for path "{path}"')
            return _both(_tuning(*found))
        if call.operation != "update":
            raise _no_operation()
        if path.startswith(UNTUNABLE):
            raise VaultError(400, f'cannot tune "{path}"')
        if found is None:
            raise VaultError(400, f'tune of path "{path}" failed: no mount entry found')
        before = int((found[1]["options"] or {}).get("version") or 0)
        _tuned(*found, call.data)
        after = int((found[1]["options"] or {}).get("version") or 0)
        if after <= before:
            return None
        why = f"Upgrading mount from version {before} to version {after}. This mount will be unavailable for a brief"
        return {"warnings": [f"{why} period and will resume service shortly."]}


def _place(rest: str) -> tuple[str, bool]:
    """(path with its final slash, whether its tuning is meant)."""
    return rest.removesuffix("/tune").strip("/") + "/", rest.endswith("/tune")


def _no_operation() -> VaultError:
    return VaultError(405, "1 error occurred:\n\t* unsupported operation\n\n")


def _both(data: Mapping[str, Any]) -> dict[str, Any]:
    """Below `data` and, for older clients, beside it."""
    return {**data, "data": data}


def _table(call: Call, prefix: str) -> dict[str, dict[str, Any]]:
    """Full path → record, of the engines ("") or of the methods of login ("auth/")."""
    kept = call.core.barrier.state["auth" if prefix else "mounts"]
    built_in = {path: one for path, one in BUILT_IN.items() if path.startswith("auth/") == bool(prefix)}
    return {**built_in, **{prefix + path: one for path, one in kept.items()}}


def _config(data: Mapping[str, Any]) -> dict[str, Any]:
    """The times and what else can be set, checked."""
    given = dict(data.get("config") or {})
    config: dict[str, Any] = {}
    for name, what in (("default_lease_ttl", "default"), ("max_lease_ttl", "max")):
        config[name] = _duration(given.get(name), f"unable to parse {what} TTL of {given.get(name)}: ")
    visibility = str(given.get("listing_visibility") or "")
    if visibility not in VISIBILITIES:
        raise VaultError(400, f"invalid listing_visibility {visibility}")
    if visibility:
        config["listing_visibility"] = visibility
    config["force_no_cache"] = bool(given.get("force_no_cache"))
    return {**config, **{name: given[name] for name in LISTS if given.get(name)}}


def _duration(value: Any, before: str = "") -> int:
    text = str(value or "")
    if text in ("", "system"):
        return 0
    try:
        found = seconds(text)
    except ValueError:
        raise VaultError(400, f'{before}time: invalid duration "{text}"') from None
    return found


def _info(path: str, mount: Mapping[str, Any]) -> dict[str, Any]:
    """A mount as it is read."""
    kind, config = str(mount["type"]), dict(mount["config"])
    if path.startswith("auth/"):
        config.setdefault("token_type", "default-service")
    running = mount.get("running_plugin_version") or RUNNING.get(kind, "")
    supported = {"deprecation_status": "supported"} if kind in RUNNING else {}
    return {
        **{name: mount[name] for name in ("type", "description", "accessor", "local", "seal_wrap", "options", "uuid")},
        "external_entropy_access": False,
        "plugin_version": "",
        "running_plugin_version": running,
        "running_sha256": "",
        **supported,
        "config": {"force_no_cache": False, **config},
    }


def _tuning(path: str, mount: Mapping[str, Any]) -> dict[str, Any]:
    """What can be set of a mount, with the server's own times where it has none."""
    config = {"force_no_cache": False, **mount["config"]}
    for name in ("default_lease_ttl", "max_lease_ttl"):
        config[name] = config[name] or MAX_TTL_S
    if path.startswith("auth/"):
        config.setdefault("token_type", "default-service")
    options = {"options": mount["options"]} if mount["options"] else {}
    return {"description": mount["description"], **config, **options}


def _tuned(path: str, mount: dict[str, Any], data: Mapping[str, Any]) -> None:
    config, options = mount["config"], _new_options(mount, data)
    default_s, max_s = (
        _duration(data[name]) if data.get(name) else config[name] for name in ("default_lease_ttl", "max_lease_ttl")
    )
    if default_s and max_s and default_s > max_s:
        why = f"backend max lease TTL of {max_s} would be less than backend default lease TTL of {default_s}"
        raise VaultError(400, why)
    if "listing_visibility" in data and data["listing_visibility"] not in VISIBILITIES:
        raise VaultError(400, f"invalid listing_visibility {data['listing_visibility']}")
    kind = data.get("token_type")
    if kind and not path.startswith("auth/"):
        raise VaultError(400, "'token_type' can only be modified on auth mounts")
    if kind and kind not in TOKEN_TYPES:
        raise VaultError(400, "invalid value for 'token_type'")
    config.update({"default_lease_ttl": default_s, "max_lease_ttl": max_s})
    if data.get("description") is not None:
        mount["description"] = data["description"]
    config.update({name: data[name] for name in (*LISTS, "listing_visibility", "token_type") if data.get(name)})
    mount["options"] = options


def _new_options(mount: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any] | None:
    given, had = dict(data.get("options") or {}), dict(mount["options"] or {})
    version = str(given.get("version", ""))
    if version:
        now = int(had.get("version") or 0)
        if not version.isdigit():
            raise VaultError(400, f'unable to parse options: strconv.ParseInt: parsing "{version}": invalid syntax')
        if int(version) not in (1, 2):
            raise VaultError(400, f"invalid version provided: {version}")
        if now > int(version):
            raise VaultError(400, f"cannot downgrade mount from version {now}")
    merged = {key: value for key, value in {**had, **given}.items() if value != "" or key == "version"}
    return merged or mount["options"]
