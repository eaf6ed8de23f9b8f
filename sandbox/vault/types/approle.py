"""AppRole: a role with its policies. The secret half of a login with it is in sandbox.vault.types.secret_ids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.core.kinds import ResourceType
from sandbox.core.records import Computing
from sandbox.core.rules import Between, Must, OneOf, Pattern, Rule
from sandbox.core.values import Props, Value
from sandbox.vault.http import PROVIDER, Refused, read, write
from sandbox.vault.http import delete as remove
from sandbox.vault.server.cidrs import block, shown
from sandbox.vault.types.mounts import NAMESPACE

__all__ = ["API", "NAMES", "SERVER_GO", "TYPES", "networks", "role_path", "written"]

ROLE_GO = f"{PROVIDER}/resource_approle_auth_backend_role.go"
API = "https://developer.hashicorp.com/vault/api-docs/auth/approle"
NUMBERS = {
    "secretIdNumUses": "secret_id_num_uses",
    "secretIdTtl": "secret_id_ttl",
    "tokenExplicitMaxTtl": "token_explicit_max_ttl",
    "tokenMaxTtl": "token_max_ttl",
    "tokenNumUses": "token_num_uses",
    "tokenPeriod": "token_period",
    "tokenTtl": "token_ttl",
}
OTHERS = {
    "bindSecretId": "bind_secret_id",
    "secretIdBoundCidrs": "secret_id_bound_cidrs",
    "tokenBoundCidrs": "token_bound_cidrs",
    "tokenNoDefaultPolicy": "token_no_default_policy",
    "tokenPolicies": "token_policies",
    "tokenType": "token_type",
}
SERVER_GO = "https://github.com/hashicorp/vault/blob/v1.21.0/builtin/credential/approle"


def role_path(inputs: Props) -> str:
    """Where a role is, of inputs that name it."""
    return f"auth/{str(inputs.get('backend', 'approle')).strip('/')}/role/{inputs['roleName']}"


def _same_networks(given: list[Any], seen: list[Any]) -> bool:
    """Vault reads 10.0.0.1/32 back as 10.0.0.1; the provider takes both for one (auth_token.go handleCIDRField)."""
    return sorted(shown(str(one)) for one in given) == sorted(shown(str(one)) for one in seen)


def _body(inputs: Props) -> dict[str, Any]:
    return {theirs: inputs[ours] for ours, theirs in {**NUMBERS, **OTHERS}.items() if ours in inputs}


def _create_role(computing: Computing) -> Mapping[str, Any]:
    inputs, path = computing.inputs, role_path(computing.inputs)
    written(computing, path, _body(inputs), f'error writing AppRole auth backend role "{path}"')
    if inputs.get("roleId"):
        failing = f'error writing AppRole auth backend role "{path}"\'s RoleID'
        written(computing, f"{path}/role-id", {"role_id": inputs["roleId"]}, failing)
    return {"id": path, **(_read_role(computing) or {})}


def _update_role(computing: Computing, old: Props) -> Mapping[str, Any] | None:
    inputs, path = computing.inputs, role_path(computing.inputs)
    cleared = {theirs: 0 for ours, theirs in NUMBERS.items() if ours in old and ours not in inputs}
    body = {**cleared, **_body(inputs)}
    for ours in ("tokenPolicies", "secretIdBoundCidrs", "tokenBoundCidrs"):
        if ours in old and ours not in inputs:
            body[OTHERS[ours]] = []
    written(computing, path, body, f'error updating AppRole auth backend role "{path}"')
    if inputs.get("roleId") and inputs.get("roleId") != old.get("roleId"):
        written(computing, f"{path}/role-id", {"role_id": inputs["roleId"]}, f'error updating "{path}"\'s RoleID')
    return _read_role(computing)


def written(computing: Computing, path: str, body: Mapping[str, Any], failing: str) -> Any:
    """What Vault answers to a write. Raises Refused, in the provider's words (`failing`)."""
    try:
        return write(computing, path, body)
    except Refused as refused:
        raise Refused(f"{failing}: {refused}", refused.status) from None


def _read_role(computing: Computing) -> Mapping[str, Any] | None:
    path = role_path(computing.inputs)
    found = read(computing, path)
    if found is None:
        return None
    data = found["data"]
    seen = {ours: data[theirs] for ours, theirs in {**NUMBERS, **OTHERS}.items() if data.get(theirs) is not None}
    given = computing.inputs
    # What was never given stays out of sight: the provider fills it in as computed.
    kept = {ours: value for ours, value in seen.items() if ours in given or value not in (0, [], "default")}
    if "tokenPolicies" in given and sorted(given["tokenPolicies"]) == sorted(seen.get("tokenPolicies", [])):
        kept["tokenPolicies"] = given["tokenPolicies"]
    for name in ("tokenBoundCidrs", "secretIdBoundCidrs"):
        if name in given and _same_networks(given[name], seen.get(name, [])):
            kept[name] = given[name]
    return {**kept, "roleId": read(computing, f"{path}/role-id")["data"]["role_id"]}


NAMES: tuple[Rule, ...] = (
    Pattern(
        path="roleName",
        regex=r"\w(([\w.-]+)?\w)?",
        says="must be of letters (Vault keeps them in lower case), digits, . _ - with none of . - at its ends",
        source=f"{SERVER_GO}/path_role.go rolePaths (framework.GenericNameRegex)",
    ),
    Must(
        path="roleName",
        name="must:roleName:length",
        test=lambda value, _: len(str(value).encode()) <= 4096,
        says="role_name is longer than maximum of 4096 bytes",
        code="400",
        source=f"{SERVER_GO}/path_role.go pathRoleCreateUpdate",
    ),
    Must(
        path="backend",
        test=lambda value, _: bool(value) and "" not in str(value).split("/"),
        says="must be the path of the method, without auth/ and without slashes at its ends",
        source=ROLE_GO,
    ),
    NAMESPACE,
)


def networks(*paths: str, alone: bool = False) -> tuple[Rule, ...]:
    """The rule of lists of networks. `alone`: an address is one, too."""
    more = ", or an address" if alone else ""
    return tuple(
        Must(
            path=f"{path}[*]",
            test=lambda value, _: block(str(value), alone=alone) is not None,
            says=f"must be a network as in 10.0.0.0/8{more}",
            code="400" if alone else "500",
            source=f"{SERVER_GO}/path_role.go (cidrutil.ValidateCIDRListSlice, parseutil.ParseAddrs)",
        )
        for path in paths
    )


def _ttl_within(value: Value, props: Props) -> bool:
    most = props.get("tokenMaxTtl")
    return not most or int(value) <= int(most)


def _bound(props: Props, _: Props) -> bool:
    free = props.get("bindSecretId") is False
    return not (free and not props.get("secretIdBoundCidrs") and not props.get("tokenBoundCidrs"))


ROLE = ResourceType(
    token="vault:appRole/authBackendRole:AuthBackendRole",
    about="A role of AppRole: which policies a login with it has, and for how long.",
    sources=(ROLE_GO, API),
    properties=("roleName", "backend", "roleId", "namespace", *NUMBERS, *OTHERS),
    rules=(
        *NAMES,
        *(Between(path=name, least=0, source=API) for name in NUMBERS),
        *networks("secretIdBoundCidrs"),
        *networks("tokenBoundCidrs", alone=True),
        OneOf(path="tokenType", values=("default", "service"), says="is not simulated: service tokens are"),
        Must(
            path="tokenTtl",
            test=_ttl_within,
            says="token_ttl should not be greater than token_max_ttl",
            code="400",
            source=API,
        ),
        Must(
            path="",
            name="must:constraint",
            test=_bound,
            partial=True,
            says="at least one constraint should be enabled on the role: bindSecretId, or bound networks",
            code="500",
            source=API,
        ),
        Must(
            path="tokenPolicies[*]",
            test=lambda value, _: str(value).lower() not in ("", "root"),
            says="must be a policy's name, and not root",
            source=API,
        ),
    ),
    id=lambda computing: role_path(computing.inputs),
    computed={"roleId": lambda computing: computing.inputs.get("roleId", computing.old.get("roleId", ""))},
    defaults={"backend": "approle", "bindSecretId": True},
    replaces=("roleName", "backend"),
    state_only=True,
    on_create=_create_role,
    on_update=_update_role,
    on_delete=lambda computing: remove(computing, role_path(computing.inputs)),
    on_read=_read_role,
    not_checked=("from which networks a login comes: every one here comes from this machine",),
)


TYPES = (ROLE,)
