"""Container Apps: secrets, who may read them from Key Vault, and the registries that use them."""

from __future__ import annotations

import re

from sandbox.azure.names import guid_of, items, known, names_record, provider_id, text
from sandbox.azure.rules import EachNeeds, identity_assigned
from sandbox.core.records import Cloud, Record
from sandbox.core.rules import ExactlyOne, Length, Must, Pattern, Required, Rule, UniqueItems
from sandbox.core.values import UNKNOWN, Props, Value, is_set, lookup

__all__ = ["ROLE_ASSIGNMENT", "SECRET_CLOUD_RULES", "SECRET_RULES", "VAULT", "own_identity", "secret_ref"]

VAULT = "azure-native:keyvault:Vault"
ROLE_ASSIGNMENT = "azure-native:authorization:RoleAssignment"
READERS = {
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer",
    "00482a5a-887f-4fb3-b363-3b7fe8e74483": "Key Vault Administrator",
}
_SECRETS = "configuration.secrets"
_REGISTRIES = "configuration.registries"
_MANAGE = "https://learn.microsoft.com/azure/container-apps/manage-secrets"
_PULL = "https://learn.microsoft.com/azure/container-apps/managed-identity-image-pull"
_URL = (
    r"https://(?P<vault>[A-Za-z0-9-]{3,24})\.vault\.azure\.net(:443)?"
    r"/secrets/(?P<secret>[A-Za-z0-9-]{1,127})(/(?P<version>[0-9a-fA-F]{32}))?/?"
)


def declared_secrets(inputs: Props) -> list[str] | None:
    """The names of the app's secrets; None when they are not all known."""
    secrets = lookup(inputs, _SECRETS)
    if secrets is UNKNOWN:
        return None
    names = [lookup(item, "name") for item in secrets] if isinstance(secrets, list) else []
    return None if UNKNOWN in names else [str(name) for name in names]


def secret_ref(path: str, where: str) -> Must:
    """A reference to a secret must name one that the app declares."""

    def declared(value: Value, inputs: Props) -> bool | str:
        names = declared_secrets(inputs)
        return names is None or value in names or f"SecretRef {value!r} defined for {where} not found"

    return Must(
        path=path,
        code="ContainerAppSecretRefNotFound",
        says=f"name one of the app's own secrets (declare it in {_SECRETS})",
        source=_MANAGE,
        test=declared,
    )


def own_identity(path: str) -> Must:
    """An identity that is used must be assigned to the app."""
    return Must(
        path=path,
        test=lambda value, inputs: identity_assigned(str(value), inputs),
        says=(
            "must be assigned to the app: its id in identity.userAssignedIdentities, "
            'or "system" with type SystemAssigned'
        ),
        source=_MANAGE,
    )


def _with_identity(value: Value, _: Props) -> bool:
    return not is_set(lookup(value, "keyVaultUrl")) or is_set(lookup(value, "identity"))


def _credentials(value: Value, _: Props) -> bool | str:
    given = {name for name in ("identity", "username", "passwordSecretRef") if is_set(lookup(value, name))}
    return given in ({"identity"}, {"username", "passwordSecretRef"}) or f"given: {', '.join(sorted(given)) or 'none'}"


SECRET_RULES: tuple[Rule, ...] = (
    Required(path=f"{_SECRETS}[*].name", source=_MANAGE),
    Pattern(
        path=f"{_SECRETS}[*].name",
        regex=r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?",
        code="ContainerAppInvalidSecretName",
        says=(
            "must consist of lower case letters, digits and '-', start and end with a letter or digit, at "
            "most 253 characters"
        ),
        source="https://github.com/Azure/container-apps-deploy-action/issues/116",
    ),
    UniqueItems(path=_SECRETS, key="name", source=_MANAGE),
    ExactlyOne(
        path=f"{_SECRETS}[*]",
        fields=("value", "keyVaultUrl"),
        code="ContainerAppSecretInvalid",
        says="value, or keyVaultUrl and identity, should be provided",
        source="https://github.com/pulumi/pulumi-azure-native/issues/2807",
    ),
    Length(
        path=f"{_SECRETS}[*].value",
        least=1,
        code="ContainerAppSecretInvalid",
        says="a secret may not be empty",
        source="https://github.com/pulumi/pulumi-azure-native/issues/2807",
    ),
    Must(
        path=f"{_SECRETS}[*]",
        name="identity:secrets",
        code="ContainerAppSecretInvalid",
        partial=True,
        test=_with_identity,
        says="keyVaultUrl needs identity: the id of a user assigned identity of the app, or system",
        source=_MANAGE,
    ),
    Pattern(
        path=f"{_SECRETS}[*].keyVaultUrl",
        regex=_URL,
        code="ContainerAppSecretKeyVaultUrlInvalid",
        says="must be https://<vault>.vault.azure.net/secrets/<name>, with or without /<version>",
        source="https://github.com/microsoft/azure-container-apps/issues/733",
    ),
    own_identity(f"{_SECRETS}[*].identity"),
    Required(path=f"{_REGISTRIES}[*].server", source=_PULL),
    Pattern(
        path=f"{_REGISTRIES}[*].server",
        regex=r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?",
        says="must be a host name (ghcr.io, myregistry.azurecr.io), without https:// and path",
        source=_PULL,
    ),
    UniqueItems(path=_REGISTRIES, key="server", any_case=True, source=_PULL),
    Must(
        path=f"{_REGISTRIES}[*]",
        name="credentials:registries",
        partial=True,
        test=_credentials,
        says="takes either identity, or username with passwordSecretRef",
        source=_PULL,
    ),
    own_identity(f"{_REGISTRIES}[*].identity"),
    secret_ref(f"{_REGISTRIES}[*].passwordSecretRef", "a registry"),
    own_identity("configuration.identitySettings[*].identity"),
)


def vault_named(cloud: Cloud, name: str) -> Record | None:
    """The Key Vault of that name (names are unique over all of Azure)."""
    return next((record for record in cloud.find(VAULT) if names_record(record, "vaultName", name)), None)


def _principal(identity: str, inputs: Props, cloud: Cloud, config: Props) -> str:
    if identity.lower() == "system":
        own = provider_id(inputs, config, "Microsoft.App", "containerApps", text(inputs, "containerAppName"))
        return guid_of(f"{own}/principal")
    record = cloud.get(identity)
    return text(record.outputs, "principalId") if record else ""


def may_read(principal: str, secret: str, vault: Record, cloud: Cloud) -> str | None:
    """Whether a principal may read a Key Vault secret: None, or why not."""
    if known(vault.inputs, "properties.enableRbacAuthorization") is not True:
        for policy in items(vault.inputs, "properties.accessPolicies"):
            rights = [str(one).lower() for one in items(policy, "permissions.secrets")]
            if text(policy, "objectId").lower() == principal.lower() and {"get", "all"} & set(rights):
                return None
        return f"no access policy of vault {vault.id!r} lets principal {principal} get secrets"
    for record in cloud.find(ROLE_ASSIGNMENT):
        role = text(record.inputs, "roleDefinitionId").rsplit("/", 1)[-1].lower()
        scope = text(record.inputs, "scope").lower().rstrip("/")
        is_theirs = text(record.inputs, "principalId").lower() == principal.lower()
        if is_theirs and role in READERS and (secret.lower() + "/").startswith(scope + "/"):
            return None
    return f"principal {principal} has no role assignment that lets it read {secret!r}"


def _fetched(value: Value, inputs: Props, cloud: Cloud, config: Props) -> str | None:
    found = re.fullmatch(_URL, text(value, "keyVaultUrl"))
    identity, name = text(value, "identity"), text(value, "name")
    if found is None or not identity:
        return None
    unable = (
        f"Invalid value: {name!r}: Unable to get value using Managed identity {identity} for secret {name}. Error: "
    )
    vault = vault_named(cloud, found["vault"])
    if vault is None:
        return f"{unable}there is no Key Vault {found['vault']!r}"
    secret = f"{vault.id}/secrets/{found['secret']}"
    record = cloud.get(secret)
    if record is None:
        return f"{unable}Key Vault {found['vault']!r} has no secret {found['secret']!r}"
    newest, url = text(record.outputs, "properties.secretUriWithVersion"), text(value, "keyVaultUrl").rstrip("/")
    if found["version"] and newest and url.lower() != newest.lower() and cloud.get(url) is None:
        return f"{unable}secret {found['secret']!r} has no version {found['version']}"
    reason = may_read(_principal(identity, inputs, cloud, config), secret, vault, cloud)
    return f"{unable}{reason}" if reason else None


SECRET_CLOUD_RULES: tuple[Rule, ...] = (
    EachNeeds(
        path=f"{_SECRETS}[*]",
        name="readable:secrets",
        code="InvalidParameterValueInContainerTemplate",
        test=_fetched,
        says=(
            "give the identity the role Key Vault Secrets User on the vault first, and let the app depend "
            "on the role assignment"
        ),
        source="https://github.com/microsoft/azure-container-apps/issues/1174",
    ),
)
