"""The key/value engine of a simulated Vault, with versions."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.vault.server.barrier import VaultError
from sandbox.vault.server.core import Call

__all__ = ["KeyValue", "listed", "metadata_problem", "unsupported"]

MOST_KEYS, LONGEST_KEY, LONGEST_VALUE = 64, 128, 512
REFUSED = "custom_metadata validation failed"
WRONG_PATH = (
    "Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. If"
    " using the Vault CLI, use 'vault kv %s' for this operation."
)


def metadata_problem(given: Mapping[str, Any]) -> str:
    """Why a secret can't have this said of it; empty when it can (vault-plugin-secrets-kv path_metadata.go
    validateCustomMetadata).
    """
    if len(given) > MOST_KEYS:
        return f"{REFUSED}: payload must contain at most {MOST_KEYS} keys, provided {len(given)}"
    for key, value in ((str(key), str(value)) for key, value in given.items()):
        length, size = len(key.encode()), len(value.encode())
        if not 0 < length <= LONGEST_KEY:
            return f'{REFUSED}: length of key "{key}" is {length} but must be 0 < len(key) <= {LONGEST_KEY}'
        if not 0 < size <= LONGEST_VALUE:
            return f'{REFUSED}: length of value for key "{key}" is {size} but must be 0 < len(value) <= {LONGEST_VALUE}'
        if not key.isprintable():
            return f"{REFUSED}: key {_quoted(key)} ({key}) contains unprintable characters"
        if not value.isprintable():
            return f"{REFUSED}: value for key {_quoted(key)} contains unprintable characters"
    return ""


def _quoted(text: str) -> str:
    return '"' + text.encode("unicode_escape").decode() + '"'


def unsupported() -> VaultError:
    """A path or a method that the engine does not know."""
    return VaultError(405, "1 error occurred:\n\t* unsupported operation\n\n")


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def listed(names: list[str], prefix: str) -> dict[str, Any]:
    """The next segments below a prefix; folders end in a slash."""
    below = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
    keys = sorted({one.partition("/")[0] + ("/" if "/" in one else "") for one in below})
    if not keys:
        raise VaultError(404)
    return {"data": {"keys": keys}}


class KeyValue:
    """Version 2 of the key/value engine. Versions are neither destroyed nor brought back one by one."""

    def exists(self, call: Call) -> bool | None:
        """A secret, or what is said of one, is created where there is none."""
        kind, _, name = call.path.partition("/")
        if kind not in ("data", "metadata"):
            return None
        found = _secrets(call).get(name)
        return found is not None and (kind == "metadata" or bool(found["versions"]))

    def handle(self, call: Call) -> dict[str, Any] | None:
        """By the first word of the path."""
        kind, _, name = call.path.partition("/")
        if kind == "config":
            return self._config(call)
        if kind not in ("data", "metadata"):
            raise _wrong_path(call)
        if name.endswith("/") and call.operation != "list":
            raise _wrong_path(call)
        if kind == "metadata" and call.operation == "list":
            return listed(list(_secrets(call)), name)
        acts: dict[tuple[str, str], Callable[[Call, str], dict[str, Any] | None]] = {
            ("data", "read"): self._read,
            ("data", "create"): self._write,
            ("data", "update"): self._write,
            ("data", "delete"): self._delete,
            ("metadata", "read"): self._read_about,
            ("metadata", "create"): self._write_about,
            ("metadata", "update"): self._write_about,
            ("metadata", "delete"): self._forget,
        }
        act = acts.get((kind, call.operation))
        if act is None or not name:
            raise unsupported()
        return act(call, name)

    def _config(self, call: Call) -> dict[str, Any] | None:
        config = call.store.setdefault("config", {"max_versions": 0, "cas_required": False})
        if call.operation == "read":
            return {"data": {**config, "delete_version_after": "0s"}}
        if call.operation not in ("create", "update"):
            raise unsupported()
        config.update({name: value for name, value in call.data.items() if name in config})
        return None

    def _read(self, call: Call, name: str) -> dict[str, Any]:
        secret = _secrets(call).get(name)
        if secret is None or not secret["versions"]:
            raise VaultError(404)
        number = str(int(call.data.get("version") or 0) or secret["current_version"])
        version = secret["versions"].get(number)
        if version is None:
            raise VaultError(404)
        about = {**version["metadata"], "custom_metadata": secret["custom_metadata"], "version": int(number)}
        if version["metadata"]["deletion_time"]:  # what is told of it stays, and is an answer of status 404
            raise VaultError(404, data={"data": None, "metadata": about})
        return {"data": {"data": version["data"], "metadata": about}}

    def _write(self, call: Call, name: str) -> dict[str, Any]:
        given = call.data.get("data")
        if "data" not in call.data:
            raise VaultError(400, "no data provided")
        if given is not None and not isinstance(given, Mapping):
            raise VaultError(400, _no_map("data"))
        secret = _secrets(call).get(name) or _empty()
        options = call.data.get("options") or {}
        cas = options.get("cas")
        if cas is None and (secret["cas_required"] or call.store.get("config", {}).get("cas_required")):
            raise VaultError(400, "check-and-set parameter required for this call")
        if cas is not None and not str(cas).isdigit():
            raise VaultError(400, "error parsing check-and-set parameter")
        if cas is not None and int(cas) != secret["current_version"]:
            raise VaultError(400, "check-and-set parameter did not match the current version")
        number = secret["current_version"] + 1
        about = {"created_time": _now(), "deletion_time": "", "destroyed": False}
        secret["versions"][str(number)] = {"data": None if given is None else dict(given), "metadata": about}
        secret["current_version"], secret["updated_time"] = number, _now()
        kept = secret["max_versions"] or call.store.get("config", {}).get("max_versions") or 10
        for old in sorted(secret["versions"], key=int)[:-kept]:
            del secret["versions"][old]
        _secrets(call)[name] = secret
        ignored = sorted(set(call.data) - {"data", "options", "version"})
        warnings = [f"Endpoint ignored these unrecognized parameters: [{' '.join(ignored)}]"] if ignored else None
        return {
            "data": {**about, "custom_metadata": secret["custom_metadata"], "version": number},
            "warnings": warnings,
        }

    def _delete(self, call: Call, name: str) -> None:
        secret = _secrets(call).get(name)
        if secret is not None and secret["versions"]:
            secret["versions"][str(secret["current_version"])]["metadata"]["deletion_time"] = _now()

    def _read_about(self, call: Call, name: str) -> dict[str, Any]:
        secret = _secrets(call).get(name)
        if secret is None:
            raise VaultError(404)
        versions = {number: one["metadata"] for number, one in secret["versions"].items()}
        more = {"delete_version_after": "0s", "last_updated_by": None}
        return {"data": {**secret, "versions": versions, **more}}

    def _write_about(self, call: Call, name: str) -> None:
        warnings = call.data.get("custom_metadata")
        if warnings is not None and not isinstance(warnings, Mapping):
            raise VaultError(400, _no_map("custom_metadata"))
        problem = metadata_problem(warnings or {})
        if problem:
            raise VaultError(400, f"1 error occurred:\n\t* {problem}\n\n")
        secret = _secrets(call).setdefault(name, _empty())
        for key in ("max_versions", "cas_required", "custom_metadata"):
            if key in call.data:
                secret[key] = call.data[key]

    def _forget(self, call: Call, name: str) -> None:
        _secrets(call).pop(name, None)


def _no_map(name: str) -> str:
    return f'Field validation failed: error converting input for field "{name}": expected a map'


def _wrong_path(call: Call) -> VaultError:
    """Where somebody forgot data/ or metadata/: a warning, whose status depends on what was asked for."""
    word = {"read": "get", "list": "list", "delete": "delete"}.get(call.operation, "put")
    return VaultError(404, warnings=(WRONG_PATH % word,))


def _secrets(call: Call) -> dict[str, Any]:
    found: dict[str, Any] = call.store.setdefault("secrets", {})
    return found


def _empty() -> dict[str, Any]:
    return {
        "versions": {},
        "current_version": 0,
        "oldest_version": 0,
        "created_time": _now(),
        "updated_time": _now(),
        "max_versions": 0,
        "cas_required": False,
        "custom_metadata": None,
    }
