"""AppRole: the secret half of a login with a role."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from sandbox.core.kinds import ResourceType
from sandbox.core.records import Computing
from sandbox.core.rules import Between, Must, Required
from sandbox.core.values import Props, Value
from sandbox.vault.http import PROVIDER, Refused, write
from sandbox.vault.types.approle import API, NAMES, SERVER_GO, networks, role_path, written

__all__ = ["TYPES"]

SECRET_ID_GO = f"{PROVIDER}/resource_approle_auth_backend_role_secret_id.go"


def _create_secret_id(computing: Computing) -> Mapping[str, Any]:
    inputs = computing.inputs
    custom = bool(inputs.get("secretId"))
    path = f"{role_path(inputs)}/{'custom-secret-id' if custom else 'secret-id'}"
    body: dict[str, Any] = {"metadata": inputs.get("metadata", "")}
    for ours, theirs in (("secretId", "secret_id"), ("ttl", "ttl"), ("numUses", "num_uses")):
        if inputs.get(ours):  # the provider sends no zero (GetOk)
            body[theirs] = inputs[ours]
    for ours, theirs in (("cidrLists", "cidr_list"), ("tokenBoundCidrs", "token_bound_cidrs")):
        if inputs.get(ours):
            body[theirs] = ",".join(inputs[ours])
    answer = written(computing, path, body, f'error writing AppRole auth backend role SecretID "{path}"')["data"]
    accessor = answer["secret_id_accessor"]
    backend = str(inputs.get("backend", "approle")).strip("/")
    write(computing, f"{role_path(inputs)}/secret-id-accessor/lookup", {"secret_id_accessor": accessor})
    return {
        "id": f"backend={backend}::role={inputs['roleName']}::accessor={accessor}",
        "accessor": accessor,
        "secretId": answer["secret_id"],
    }


def _accessor(computing: Computing) -> str:
    found = re.search(r"::accessor=(.+)$", computing.id)
    return str(computing.old.get("accessor") or (found.group(1) if found else ""))


def _read_secret_id(computing: Computing) -> Mapping[str, Any] | None:
    accessor = _accessor(computing)
    try:
        write(computing, f"{role_path(computing.inputs)}/secret-id-accessor/lookup", {"secret_id_accessor": accessor})
    except Refused as refused:
        if refused.status == 404 or "does not exist" in str(refused):
            return None
        raise
    return {"accessor": accessor}


def _delete_secret_id(computing: Computing) -> None:
    try:
        path = f"{role_path(computing.inputs)}/secret-id-accessor/destroy"
        write(computing, path, {"secret_id_accessor": _accessor(computing)})
    except Refused as refused:
        if refused.status != 404 and "does not exist" not in str(refused):
            raise Refused(f'error deleting AppRole auth backend role SecretID "{computing.id}"') from None


def _an_object(value: Value, _: Props) -> bool:
    try:
        return isinstance(json.loads(value), dict)
    except ValueError:
        return False


def _of_texts(value: Value, props: Props) -> bool | str:
    if not _an_object(value, props):
        return True  # the rule before says it
    wrong = next((key for key, one in json.loads(value).items() if not isinstance(one, str)), None)
    return wrong is None or f"{wrong} is none"


SECRET_ID = ResourceType(
    token="vault:appRole/authBackendRoleSecretId:AuthBackendRoleSecretId",
    about="The secret half of a login with a role. Its text is a secret of the stack's state.",
    sources=(SECRET_ID_GO, API),
    properties=(
        *("roleName", "backend", "secretId", "cidrLists", "tokenBoundCidrs", "metadata", "ttl", "numUses"),
        "namespace",
    ),
    rules=(
        *NAMES,
        Required(path="secretId", when=lambda props: props.get("secretId") == "", says="is empty", source=SECRET_ID_GO),
        Must(path="metadata", test=_an_object, says="must be a JSON object as text", source=SECRET_ID_GO),
        Must(
            path="metadata",
            name="must:metadata:texts",
            test=_of_texts,
            says="failed to parse metadata: every value must be a text",
            code="400",
            source=f"{SERVER_GO}/path_role.go handleRoleSecretIDCommon (strutil.ParseArbitraryKeyValues)",
        ),
        Between(path="ttl", least=0, source=API),
        Between(path="numUses", least=0, source=API),
        *networks("cidrLists", "tokenBoundCidrs"),
    ),
    id=lambda computing: computing.id,
    computed={
        "accessor": lambda computing: computing.old.get("accessor", ""),
        "secretId": lambda computing: computing.inputs.get("secretId", computing.old.get("secretId", "")),
    },
    secret_outputs=("secretId",),
    write_only=("secretId",),
    defaults={"backend": "approle"},
    replaces=("roleName", "backend", "secretId", "cidrLists", "tokenBoundCidrs", "metadata", "ttl", "numUses"),
    state_only=True,
    on_create=_create_secret_id,
    on_delete=_delete_secret_id,
    on_read=_read_secret_id,
    not_checked=("response wrapping: wrappingTtl is refused",),
)

TYPES = (SECRET_ID,)
