"""What an administrator sets up in Vault: mounts, methods of login, policies, audit devices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.catalog.vault_http import PROVIDER, Refused, delete, read, write
from sandbox.kinds import ResourceType
from sandbox.records import Computing
from sandbox.rules import Between, Forbidden, Must, OneOf, Required, Rule, Unchangeable
from sandbox.values import Props, Value
from sandbox.vault_policy import PolicyError, parse

__all__ = ["NAMESPACE", "TYPES", "path_rules"]

MOUNT_GO, AUTH_GO = f"{PROVIDER}/resource_mount.go", f"{PROVIDER}/resource_auth_backend.go"
POLICY_GO, AUDIT_GO = f"{PROVIDER}/resource_policy.go", f"{PROVIDER}/resource_audit.go"
POLICIES = "https://developer.hashicorp.com/vault/docs/concepts/policies"
AUDIT_API = "https://developer.hashicorp.com/vault/api-docs/system/audit"
MOUNTS_API = "https://developer.hashicorp.com/vault/api-docs/system/mounts"
RESERVED = ("sys", "auth", "cubbyhole", "identity", "audit")

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
            test=lambda value, _: "*" not in value and "+" not in value and " " not in value,
            says="must have no *, + or blank: policies could not name it",
            source=POLICIES,
        ),
    )


def _free(value: Value, _: Props) -> bool:
    return str(value).split("/")[0] not in RESERVED


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
            source=MOUNTS_API,
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
    not_checked=("lease times against the server's own limits",),
)


# -- policies ----------------------------------------------------------------------------------------------------------


def _write_policy(computing: Computing) -> Mapping[str, Any]:
    name = str(computing.inputs["name"])
    if computing.inputs.get("allowOverwrite") is False and not computing.old and _read_policy(computing):
        raise Refused(f'policy "{name}" already exists; use import to manage it or set allowOverwrite = true')
    try:
        write(computing, f"sys/policies/acl/{name}", {"policy": computing.inputs["policy"]})
    except Refused as refused:
        raise Refused(f"error writing to Vault: {refused}") from None
    return {"id": name}


def _read_policy(computing: Computing) -> Mapping[str, Any] | None:
    name = str(computing.inputs.get("name") or computing.id)
    found = read(computing, f"sys/policies/acl/{name}")
    return None if found is None else {"name": name, "policy": found["data"]["policy"]}


def _parses(value: Value, _: Props) -> bool | str:
    try:
        rules = parse(str(value))
    except PolicyError as error:
        return str(error)
    return bool(rules) or "no path in it"


POLICY = ResourceType(
    token="vault:index/policy:Policy",
    about="What whoever holds it may do, path by path.",
    sources=(POLICY_GO, POLICIES),
    properties=("name", "policy", "allowOverwrite", "namespace"),
    named_by="name",
    autoname=lambda name, seed: f"{name}-{seed.hex()[:7]}",
    rules=(
        Must(
            path="name",
            test=lambda value, _: value == str(value).lower() and value not in ("", "root") and "/" not in value,
            says="must be in lower case, as Vault keeps it, without a slash, and not root",
            code="400",
            source="https://developer.hashicorp.com/vault/api-docs/system/policies",
        ),
        Must(path="policy", test=_parses, says="Vault does not take this document", code="400", source=POLICIES),
        NAMESPACE,
    ),
    id=lambda computing: str(computing.inputs["name"]),
    replaces=("name",),
    state_only=True,
    on_create=_write_policy,
    on_update=lambda computing, _: _write_policy(computing),
    on_delete=lambda computing: delete(computing, f"sys/policies/acl/{computing.inputs['name']}"),
    on_read=_read_policy,
    not_checked=("restrictions of parameters and wrapping: such a document is refused",),
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
    write(
        computing,
        f"sys/auth/{_auth_path(computing)}/tune",
        {"description": computing.inputs.get("description", "")},
        "POST",
    )
    return _read_auth(computing)


def _read_auth(computing: Computing) -> Mapping[str, Any] | None:
    path = _auth_path(computing)
    found = (read(computing, "sys/auth") or {}).get("data", {}).get(f"{path}/")
    if found is None:
        return None
    return {"path": path, **{name: found[name] for name in ("type", "description", "accessor")}}


AUTH = ResourceType(
    token="vault:index/authBackend:AuthBackend",
    about="A method of login. Deleting it ends every token that came of it.",
    sources=(AUTH_GO, "https://developer.hashicorp.com/vault/api-docs/system/auth"),
    properties=("type", "path", "description", "local", "namespace"),
    rules=(
        *path_rules("path", AUTH_GO),
        OneOf(path="type", values=("approle",), says="is not simulated: approle is"),
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


# -- audit -------------------------------------------------------------------------------------------------------------


def _audit_path(computing: Computing) -> str:
    return str(computing.inputs.get("path") or computing.inputs.get("type") or computing.id)


def _enable_audit(computing: Computing) -> Mapping[str, Any]:
    names = ("type", "description", "local", "options")
    body = {name: computing.inputs.get(name) for name in names if name in computing.inputs}
    try:
        write(computing, f"sys/audit/{_audit_path(computing)}", body)
    except Refused as refused:
        raise Refused(f"error enabling audit backend: {refused}") from None
    return {"id": _audit_path(computing)}


def _read_audit(computing: Computing) -> Mapping[str, Any] | None:
    path = _audit_path(computing)
    found = (read(computing, "sys/audit") or {}).get("data", {}).get(f"{path}/")
    if found is None:
        return None
    return {"path": path, **{name: found[name] for name in ("type", "description", "options")}}


AUDIT = ResourceType(
    token="vault:index/audit:Audit",
    about="Where Vault writes down every request, with secrets as hashes only.",
    sources=(AUDIT_GO, AUDIT_API),
    properties=("type", "path", "description", "local", "options", "namespace"),
    rules=(
        *path_rules("path", AUDIT_API),
        OneOf(path="type", values=("file",), says="is not simulated: file is", source=AUDIT_API),
        Required(
            path="options.file_path",
            says="is required: a path, or stdout, as the key file_path",
            code="400",
            source="https://developer.hashicorp.com/vault/docs/audit/file",
        ),
        NAMESPACE,
    ),
    id=_audit_path,
    computed={"path": _audit_path},
    replaces=("type", "path", "description", "local", "options"),
    state_only=True,
    on_create=_enable_audit,
    on_delete=lambda computing: delete(computing, f"sys/audit/{_audit_path(computing)}"),
    on_read=_read_audit,
    not_checked=("whether the file can be written",),
)

TYPES = (MOUNT, POLICY, AUTH, AUDIT)
