"""What is granted in Azure is narrow: one of two roles, on one resource."""

from __future__ import annotations

from collections.abc import Iterator

from policy.rule import Facts, Resource, Rule

_KNOWN = {
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
}
"""What the program's identities do: read a vault's secrets, keep blobs."""
_NEVER = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
    "00482a5a-887f-4fb3-b363-3b7fe8e74483": "Key Vault Administrator",
}
_CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"


def _check(resource: Resource, _facts: Facts) -> Iterator[str]:
    definition, scope = resource.inputs.get("roleDefinitionId"), resource.inputs.get("scope")
    role = str(definition).rpartition("/")[2].lower() if isinstance(definition, str) else ""
    wide = isinstance(scope, str) and "/providers/microsoft." not in scope.lower().partition("/resourcegroups/")[2]
    if role in _NEVER:
        yield f"{_NEVER[role]} may give itself everything: a role for what the program does"
    elif role and role != _CONTRIBUTOR and role not in _KNOWN:
        yield f"the role {role} is none that the program gives: {', '.join(_KNOWN.values())}"
    if role == _CONTRIBUTOR:
        yield "Contributor may change and delete everything below its scope: a role for what the program does"
    if wide:
        yield f"the scope {scope} is a whole group, subscription or more: one resource"


RULE = Rule(
    name="roles-confined",
    says="Role assignments are narrow in power and in scope.",
    types=("azure-native:authorization:RoleAssignment",),
    check=_check,
)
