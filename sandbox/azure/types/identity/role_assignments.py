"""Role assignments: what a principal may do, and where."""

from __future__ import annotations

import re

from sandbox.azure.names import (
    GUID,
    REPLACEMENT,
    arm_outputs,
    known,
    random_guid,
    text,
)
from sandbox.azure.rules import IDENTITY
from sandbox.azure.types.containerapp.ingress import APP, ENVIRONMENT
from sandbox.azure.types.containerapp.secrets import ROLE_ASSIGNMENT
from sandbox.azure.types.identity.conditions import SOURCE as CONDITIONS
from sandbox.azure.types.identity.conditions import problem_with
from sandbox.azure.types.identity.identities import own_principal
from sandbox.core.kinds import ResourceType
from sandbox.core.records import Cloud, Computing
from sandbox.core.rules import Length, Must, NeedsInCloud, OneOf, Pattern, Unchangeable
from sandbox.core.values import UNKNOWN, Props, Value, is_set, lookup

__all__ = ["TYPES"]

_RBAC = "https://learn.microsoft.com/azure/role-based-access-control/"
_BUILT_IN = _RBAC + "built-in-roles"
_TROUBLE = _RBAC + "troubleshooting"
ROLES = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
    "00482a5a-887f-4fb3-b363-3b7fe8e74483": "Key Vault Administrator",
    "21090545-7ca7-4776-b22c-e363652d74d2": "Key Vault Reader",
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer",
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    "14b46e9e-c2b7-41b4-b07b-48a6ebf60603": "Key Vault Crypto Officer",
    "12338af0-0e69-4776-bea7-57ae8d297424": "Key Vault Crypto User",
    "e147488a-f6f5-4113-8e2d-b22465e65bf6": "Key Vault Crypto Service Encryption User",
    "a4417e6f-fecd-4de8-b567-7b0420556985": "Key Vault Certificates Officer",
    "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba": "Key Vault Certificate User",
    "17d1049b-9a84-46fb-8f53-869881c3d3ab": "Storage Account Contributor",
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": "Storage Blob Data Reader",
    "0c867c2a-1d8c-454a-a3db-ab2ea1bdc8bb": "Storage File Data SMB Share Contributor",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "7f951dda-4ed3-4680-a7ca-43fe172d538d": "AcrPull",
    "8311e382-0749-4cb8-b61a-304f252e45ec": "AcrPush",
    "4d97b98b-1d4f-4787-a291-c67834d212e7": "Network Contributor",
    "b12aa53e-6015-4669-85d0-8515ebb3ae7f": "Private DNS Zone Contributor",
    "73c42c96-874c-492b-b04d-ab87d138a893": "Log Analytics Reader",
    "92aaf0da-9dab-42b6-94a3-d43ce8d16293": "Log Analytics Contributor",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "43d0d8ad-25c7-4714-9337-8ba259a9fe05": "Monitoring Reader",
    "f1a07417-d97a-45cb-824c-7a7467783830": "Managed Identity Operator",
    "358470bc-b998-42bd-ab17-a7e34c199c0f": "Container Apps Contributor",
    "ad2dd5fb-cd4b-4fd4-a9b6-4fed3630980b": "Container Apps Reader",
}
_DEFINITION = rf"(/subscriptions/{GUID})?/providers/Microsoft\.Authorization/roleDefinitions/({GUID})"


def _principals(cloud: Cloud) -> dict[str, str]:
    """Every principal that resources have: its id (in lower case) → of which resource."""
    found = {text(one.outputs, "principalId").lower(): one.id for one in cloud.find(IDENTITY)}
    for token in (APP, ENVIRONMENT, "azure-native:storage:StorageAccount"):
        for record in cloud.find(token):
            found[text(record.outputs, "identity.principalId").lower()] = record.id
    found.pop("", None)
    return found


def _principal(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    principal = text(inputs, "principalId").lower()
    if not principal or principal in _principals(cloud) or principal == own_principal(config).lower():
        return None
    # Users, groups, devices: the directory's, which is not simulated.
    if known(inputs, "principalType") not in (None, "ServicePrincipal") or lookup(inputs, "principalType") is UNKNOWN:
        return None
    return f"Principal {principal} does not exist in the directory {text(config, 'tenantId')}"


def _principal_type(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    kind, principal = text(inputs, "principalType"), text(inputs, "principalId")
    if kind in ("", "ServicePrincipal") or principal.lower() not in _principals(cloud):
        return None
    return f"The PrincipalId {principal!r} has type 'ServicePrincipal', which is different from specified {kind!r}"


def _same(inputs: Props) -> tuple[str, str, str]:
    """What two assignments may not have in common, however it is written."""
    role = text(inputs, "roleDefinitionId").rsplit("/", 1)[-1]
    return text(inputs, "principalId").lower(), role.lower(), text(inputs, "scope").strip("/").lower()


def _assigned(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    own = _role_id(Computing(id="", name=text(inputs, "roleAssignmentName"), inputs=inputs, config=config, cloud=cloud))
    mine = _same(inputs)
    for record in cloud.find(ROLE_ASSIGNMENT):
        if "" in mine or record.id.lower() == own.lower():
            continue
        if ("same",) not in record.known:
            record.known["same",] = _same(record.inputs)
        if record.known["same",] == mine:
            return f"as {record.id}"
    return None


def _role_known(value: Value, _: Props) -> bool | str:
    found = re.fullmatch(_DEFINITION, str(value), re.IGNORECASE)
    return found is None or found[2].lower() in ROLES or f"role definition {found[2]} does not exist"


def _scope(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    scope = "/" + text(inputs, "scope").strip("/")
    subscription = f"/subscriptions/{text(config, 'subscriptionId')}"
    if scope == "/" or scope.lower() == subscription.lower() or cloud.get(scope) is not None:
        return None
    return f"{scope!r} could not be found"


def _role_id(one: Computing) -> str:
    scope = text(one.inputs, "scope").strip("/")
    return f"/{scope}/providers/Microsoft.Authorization/roleAssignments/{one.name}"


ROLE_ASSIGNMENT_TYPE = ResourceType(
    token=ROLE_ASSIGNMENT,
    about="What a principal may do, and where: a role for it on a scope.",
    sources=(
        "Azure/azure-rest-api-specs specification/authorization/resource-manager/Microsoft.Authorization/stable/"
        "2022-04-01/authorization-RoleAssignmentsCalls.json",
        _TROUBLE,
    ),
    id=_role_id,
    named_by="roleAssignmentName",
    autoname=random_guid,
    properties=(
        "roleAssignmentName",
        "scope",
        "roleDefinitionId",
        "principalId",
        "principalType",
        "description",
        "condition",
        "conditionVersion",
    ),
    rules=(
        Pattern(
            path="roleAssignmentName",
            regex=GUID,
            code="InvalidRoleAssignmentId",
            says="The role assignment ID is not valid. It must be a GUID; leave it out to get one",
            source=_TROUBLE,
        ),
        Pattern(
            path="roleDefinitionId",
            regex=f"(?i:{_DEFINITION})",
            code="InvalidRoleDefinitionId",
            says="must be /subscriptions/<id>/providers/Microsoft.Authorization/roleDefinitions/<GUID of the role>",
            source=_RBAC + "role-assignments-rest",
        ),
        Must(
            path="roleDefinitionId",
            name="known:roleDefinitionId",
            code="RoleDefinitionDoesNotExist",
            test=_role_known,
            says=(
                "use the GUID of a built-in role (custom roles are not simulated; see "
                "sandbox/azure/types/identity/role_assignments.py)"
            ),
            source=_BUILT_IN,
        ),
        Pattern(
            path="principalId",
            regex=GUID,
            code="InvalidPrincipalId",
            says="must be the principalId of an identity (a GUID), not its resource id and not its clientId",
            source=_TROUBLE,
        ),
        Pattern(
            path="scope",
            regex=r"/?subscriptions/[^/]+(/.+[^/])?",
            says="must be the id of a subscription, resource group or resource",
            source=_RBAC + "scope-overview",
        ),
        Length(path="description", most=1024, says="at most 1024 characters", source=_TROUBLE),
        Must(
            path="condition",
            test=lambda value, inputs: is_set(lookup(inputs, "conditionVersion")),
            says="needs conditionVersion 2.0",
            source=_RBAC + "conditions-format",
        ),
        OneOf(path="conditionVersion", values=("2.0",), source=_RBAC + "conditions-format"),
        Must(
            path="condition",
            name="meaning:condition",
            test=lambda value, _: problem_with(str(value)) or True,
            says="write it as Azure reads it: (!(ActionMatches{'…'}) OR (@Resource[…] StringEquals '…'))",
            source=CONDITIONS,
        ),
        NeedsInCloud(
            path="scope",
            name="exists:scope",
            code="ResourceNotFound",
            test=_scope,
            says="create what the scope names first",
            source=_TROUBLE,
        ),
        NeedsInCloud(
            path="principalId",
            name="exists:principalId",
            code="PrincipalNotFound",
            test=_principal,
            says="pass the principalId output of an identity; for people set principalType User or Group",
            source="https://github.com/Azure/HubAndSpokeResearchEnclave/issues/50",
        ),
        NeedsInCloud(
            path="principalType",
            name="matches:principalType",
            code="UnmatchedPrincipalType",
            test=_principal_type,
            says="set principalType ServicePrincipal",
            source="https://github.com/Azure/modern-web-app-pattern-dotnet/pull/129",
        ),
        Unchangeable(
            path="roleDefinitionId",
            code="RoleAssignmentUpdateNotPermitted",
            test=lambda old, new: str(old).lower() == str(new).lower(),
            says="an assignment keeps its role; make another one and delete this",
            source=_TROUBLE,
        ),
        Unchangeable(
            path="principalType",
            code="RoleAssignmentUpdateNotPermitted",
            test=lambda old, new: str(old).lower() == str(new).lower(),
            says="of an assignment only the description and the condition can be changed; make another one",
            source=f"{_TROUBLE}; only principalId and scope replace it: {REPLACEMENT}",
        ),
        NeedsInCloud(
            path="principalId",
            name="unique:principalId",
            code="RoleAssignmentExists",
            test=_assigned,
            says="The role assignment already exists: this principal has this role on this scope",
            source=_TROUBLE,
        ),
    ),
    computed=arm_outputs("Microsoft.Authorization/roleAssignments", "2022-04-01"),
    replaces=("roleAssignmentName", "scope", "principalId"),
    not_checked=(
        "A new principal takes a while to be known everywhere (set principalType, then Azure does not look it up).",
        "Whether the operator may assign roles is not checked; users and groups of the directory are not known here.",
    ),
)

TYPES = (ROLE_ASSIGNMENT_TYPE,)
