"""What is mounted in Vault: secrets engines, methods of login."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.core.kinds import ResourceType
from sandbox.core.records import Computing
from sandbox.core.rules import Between, Forbidden, Must, OneOf, Rule, Unchangeable
from sandbox.core.values import Props, Value
from sandbox.vault.http import PROVIDER, Refused, delete, read, write
from sandbox.vault.server.mount_table import mount_path_problem, ttl_problem

__all__ = ["NAMESPACE", "TYPES", "path_rules"]

MOUNT_GO, AUTH_GO = f"{PROVIDER}/resource_mount.go", f"{PROVIDER}/resource_auth_backend.go"
POLICIES = "https://developer.hashicorp.com/vault/docs/concepts/policies"
MOUNTS_API = "https://developer.hashicorp.com/vault/api-docs/system/mounts"
SYSTEM_GO = "https://github.com/hashicorp/vault/blob/v1.21.0/vault/logical_system.go"
MOUNT_TABLE_GO, AUTH_TABLE_GO = (
    f"https://github.com/hashicorp/vault/blob/v1.21.0/vault/{one}.go" for one in ("mount", "auth")
)

NAMESPACE = Forbidden(path="namespace", says="namespaces are a part of Vault Enterprise", source=MOUNTS_API)


def no_slashes(value: Value, _: Props) -> bool:
    """No slash at either end, no empty segment."""
    return bool(value) and "" not in str(value).split("/")


def path_rules(path: str, source: str) -> tuple[Rule, ...]:
    """What the path of a mount must be."""
    return (
        Must(path=path, test=no_slashes, says="must have no slash at its ends and no empty segment", source=source),
        Must(
            path=path,
            name=f"must:{path}:fixed",
            test=lambda value, _: "*" not in value and "+" not in value,
            says="must have no * or +: policies could not name it",
            source=POLICIES,
        ),
        Must(
            path=path,
            name=f"must:{path}:clean",
            test=lambda value, _: str(value).isprintable() and not {".", ".."} & set(str(value).split("/")),
            says="must be of printable characters, without . or .. as a segment",
            code="400",
            source=SYSTEM_GO,
        ),
    )


def _free(value: Value, _: Props) -> bool:
    return not mount_path_problem(str(value))


def _lease_times(value: Value, props: Props) -> bool | str:
    return ttl_problem(int(value), int(props.get("maxLeaseTtlSeconds") or 0)) or True


def _no_version(value: Value, props: Props) -> bool:
    return str(props.get("type")).startswith("kv") or not value.get("version")


def _one_version(value: Value, props: Props) -> bool:
    return props.get("type") != "kv-v2" or str(value.get("version", "2")) == "2"


def _moved(path: str) -> Unchangeable:
    return Unchangeable(
        path=path,
        name=f"unchangeable:{path}",
        test=lambda old, new: old == new,
        says="moving a mount is not simulated: declare another one",
        source=MOUNT_GO,
    )


# -- mounts ------------------------------------------------------------------------------------------------------------


def _create_mount(computing: Computing) -> Mapping[str, Any]:
    inputs = computing.inputs
    body = {
        "type": inputs["type"],
        "description": inputs.get("description", ""),
        "config": _ttls(inputs, "default_lease_ttl", "max_lease_ttl"),
        "options": inputs.get("options") or {},
        "local": inputs.get("local", False),
        "seal_wrap": inputs.get("sealWrap", False),
    }
    try:
        write(computing, f"sys/mounts/{inputs['path']}", body, "POST")
    except Refused as refused:
        raise Refused(f"error writing to Vault: {refused}") from None
    return {"id": str(inputs["path"]), **(_read_mount(computing) or {})}


def _ttls(inputs: Props, *names: str) -> dict[str, str]:
    keys = {"default_lease_ttl": "defaultLeaseTtlSeconds", "max_lease_ttl": "maxLeaseTtlSeconds"}
    return {name: f"{int(inputs.get(keys[name]) or 0)}s" for name in names}


def _update_mount(computing: Computing, _old: Props) -> Mapping[str, Any] | None:
    inputs = computing.inputs
    body: dict[str, Any] = {
        **_ttls(inputs, "default_lease_ttl", "max_lease_ttl"),
        "description": inputs.get("description", ""),
        "options": inputs.get("options") or {},
    }
    try:
        write(computing, f"sys/mounts/{inputs['path']}/tune", body, "POST")
    except Refused as refused:
        raise Refused(f"error updating Vault: {refused}") from None
    return _read_mount(computing)


def _read_mount(computing: Computing) -> Mapping[str, Any] | None:
    path = str(computing.inputs.get("path") or computing.id)
    try:
        mount = (read(computing, f"sys/mounts/{path}") or {}).get("data")
    except Refused as refused:
        if refused.status == 400 and "No secret engine mount" in str(refused):
            return None
        raise
    if mount is None:
        return None
    seen: dict[str, Any] = {
        "path": path,
        "type": mount["type"],
        "description": mount["description"],
        "accessor": mount["accessor"],
        "defaultLeaseTtlSeconds": mount["config"]["default_lease_ttl"],
        "maxLeaseTtlSeconds": mount["config"]["max_lease_ttl"],
        "options": mount["options"] or {},
    }
    if computing.inputs.get("type") == "kv-v2":  # it is reported as kv with an option
        seen["type"] = "kv-v2"
        if "version" not in (computing.inputs.get("options") or {}):
            seen["options"] = {key: value for key, value in seen["options"].items() if key != "version"}
    return seen


def _unmount(computing: Computing) -> None:
    delete(computing, f"sys/mounts/{computing.inputs['path']}")


def _versioned(value: Value, props: Props) -> bool:
    return value != "kv" or str((props.get("options") or {}).get("version", "")) == "2"


MOUNT = ResourceType(
    token="vault:index/mount:Mount",
    about="A secrets engine at a path. Deleting it deletes everything in it.",
    sources=(MOUNT_GO, MOUNTS_API),
    properties=(
        *("path", "type", "description", "defaultLeaseTtlSeconds", "maxLeaseTtlSeconds", "options", "local"),
        *("sealWrap", "namespace"),
    ),
    rules=(
        *path_rules("path", MOUNTS_API),
        Must(
            path="path",
            name="must:path:free",
            test=_free,
            says="is a path of Vault's own (sys, auth, cubbyhole, identity, audit)",
            code="400",
            source=f"{MOUNT_TABLE_GO} protectedMounts",
        ),
        OneOf(path="type", values=("kv", "kv-v2", "transit"), says="is not simulated: kv-v2 and transit are"),
        Must(
            path="type",
            test=_versioned,
            says="version 1 of kv is not simulated: kv-v2, or options: {version: 2}",
            source="https://developer.hashicorp.com/vault/docs/secrets/kv",
        ),
        Between(path="defaultLeaseTtlSeconds", least=0, source=MOUNTS_API),
        Between(path="maxLeaseTtlSeconds", least=0, source=MOUNTS_API),
        Must(
            path="defaultLeaseTtlSeconds",
            test=_lease_times,
            says="a lease is no longer than the longest, the mount's own or the server's",
            code="400",
            source=f"{SYSTEM_GO} handleMount",
        ),
        Must(
            path="options",
            test=_no_version,
            says="this engine does not allow setting a version: only kv has versions",
            code="400",
            source=f"{SYSTEM_GO} handleMount",
        ),
        Must(
            path="options",
            name="must:options:kv-v2",
            test=_one_version,
            says="kv-v2 is version 2: Vault would set it so, and each refresh would show a change",
            source=f"{MOUNT_GO} readMount",
        ),
        NAMESPACE,
        _moved("path"),
    ),
    id=lambda computing: str(computing.inputs["path"]),
    computed={
        "accessor": lambda computing: computing.old.get("accessor", ""),
        "defaultLeaseTtlSeconds": lambda computing: computing.inputs.get("defaultLeaseTtlSeconds", 0),
        "maxLeaseTtlSeconds": lambda computing: computing.inputs.get("maxLeaseTtlSeconds", 0),
        "sealWrap": lambda computing: computing.inputs.get("sealWrap", False),
    },
    replaces=("type", "local", "sealWrap"),
    state_only=True,
    on_create=_create_mount,
    on_update=_update_mount,
    on_delete=_unmount,
    on_read=_read_mount,
    not_checked=("a default lease above the server's own limit: refused also where a tuning would take it",),
)


# -- methods of login --------------------------------------------------------------------------------------------------


def _auth_path(computing: Computing) -> str:
    return str(computing.inputs.get("path") or computing.inputs.get("type") or computing.id)


def _enable(computing: Computing) -> Mapping[str, Any]:
    body = {name: computing.inputs.get(name) for name in ("type", "description", "local") if name in computing.inputs}
    try:
        write(computing, f"sys/auth/{_auth_path(computing)}", body, "POST")
    except Refused as refused:
        raise Refused(f"error writing to Vault: {refused}") from None
    return {"id": _auth_path(computing), **(_read_auth(computing) or {})}


def _tune_auth(computing: Computing, _old: Props) -> Mapping[str, Any] | None:
    body = {"description": computing.inputs.get("description", "")}
    write(computing, f"sys/mounts/auth/{_auth_path(computing)}/tune", body, "POST")
    return _read_auth(computing)


def _read_auth(computing: Computing) -> Mapping[str, Any] | None:
    """As the provider asks (vault/api sys_auth.go GetAuthWithContext): below sys/mounts, then for the tuning."""
    path = _auth_path(computing)
    try:
        found = (read(computing, f"sys/mounts/auth/{path}") or {}).get("data")
    except Refused as refused:
        if refused.status == 400 and "No secret engine mount at" in str(refused):
            return None
        raise
    if found is None:
        return None
    read(computing, f"sys/mounts/auth/{path}/tune")
    return {"path": path, **{name: found[name] for name in ("type", "description", "accessor")}}


AUTH = ResourceType(
    token="vault:index/authBackend:AuthBackend",
    about="A method of login. Deleting it ends every token that came of it.",
    sources=(AUTH_GO, "https://developer.hashicorp.com/vault/api-docs/system/auth"),
    properties=("type", "path", "description", "local", "namespace"),
    rules=(
        *path_rules("path", AUTH_GO),
        OneOf(path="type", values=("approle",), says="is not simulated: approle is"),
        Must(
            path="path",
            name="must:path:token",
            test=lambda value, _: str(value).split("/")[0] != "token",
            says="path is already in use at token/: tokens are a method of their own in every Vault",
            code="400",
            source=f"{AUTH_TABLE_GO} enableCredentialInternal",
        ),
        NAMESPACE,
        _moved("path"),
    ),
    id=_auth_path,
    computed={
        "accessor": lambda computing: computing.old.get("accessor", ""),
        "path": _auth_path,
    },
    replaces=("type", "local"),
    state_only=True,
    on_create=_enable,
    on_update=_tune_auth,
    on_delete=lambda computing: delete(computing, f"sys/auth/{_auth_path(computing)}"),
    on_read=_read_auth,
)


TYPES = (MOUNT, AUTH)
