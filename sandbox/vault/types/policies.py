"""What an administrator says in Vault: policies, and where every request is written down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.core.kinds import ResourceType
from sandbox.core.records import Computing
from sandbox.core.rules import Must, OneOf
from sandbox.core.values import Props, Value
from sandbox.vault.http import PROVIDER, Refused, delete, read, write
from sandbox.vault.server.audit import option_problem
from sandbox.vault.server.policy import PolicyError, parse, template_problem
from sandbox.vault.types.mounts import NAMESPACE, path_rules

__all__ = ["TYPES"]

POLICY_GO, AUDIT_GO = f"{PROVIDER}/resource_policy.go", f"{PROVIDER}/resource_audit.go"
POLICIES = "https://developer.hashicorp.com/vault/docs/concepts/policies"
TEMPLATES = "https://developer.hashicorp.com/vault/tutorials/policies/policy-templating"
AUDIT_API = "https://developer.hashicorp.com/vault/api-docs/system/audit"
SERVER_GO = "https://github.com/hashicorp/vault/blob/v1.21.0"


# -- policies ----------------------------------------------------------------------------------------------------------


def _write_policy(computing: Computing) -> Mapping[str, Any]:
    name = str(computing.inputs["name"])
    if not computing.old and _read_policy(computing) and computing.inputs.get("allowOverwrite") is False:
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
    return bool(rules) or bool(str(value).strip()) or "'policy' parameter not supplied or empty"


def _templates(value: Value, _: Props) -> bool | str:
    """What stands between the braces of its paths; whether they close is a matter of the document."""
    for directive in re.findall(r"\{\{(.*?)\}\}", str(value)):
        if template_problem(directive):
            return template_problem(directive)
    return True


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
            test=lambda value, _: str(value).lower() != "root" and "" not in str(value).split("/"),
            says="must be a name, with no slash at its ends, and not root, which nobody changes",
            code="400",
            source=f"{SERVER_GO}/vault/policy_store.go SetPolicy",
        ),
        Must(
            path="policy",
            test=_parses,
            says="Vault does not take this document, or it asks for what is not simulated",
            code="400",
            source=POLICIES,
        ),
        Must(
            path="policy",
            name="must:policy:template",
            test=_templates,
            says="Vault takes it and never grants anything by it: use identity.entity.id, identity.entity.name,"
            " identity.entity.metadata.KEY, identity.entity.aliases.ACCESSOR.name, identity.groups.names.NAME.id …",
            source=TEMPLATES,
        ),
        NAMESPACE,
    ),
    id=lambda computing: str(computing.inputs["name"]),
    replaces=("name",),
    state_only=True,
    on_create=_write_policy,
    on_update=lambda computing, _: _write_policy(computing),
    on_delete=lambda computing: delete(computing, f"sys/policies/acl/{computing.inputs['name']}"),
    on_read=_read_policy,
    not_checked=(
        "restrictions of parameters and wrapping: such a document is refused",
        "templates grant nothing here: no token has an entity",
    ),
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
        Must(
            path="options",
            test=lambda value, _: option_problem(value) or True,
            says="file_path is a path, stdout or discard; mode is octal, not executable; log_raw, hmac_accessor and"
            " elide_list_responses are true or false; format is json or jsonx",
            code="400",
            source=f"{SERVER_GO}/audit/backend_file.go newFileBackend",
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

TYPES = (POLICY, AUDIT)
