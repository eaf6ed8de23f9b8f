"""A deleted Key Vault can be brought back by nobody purged before, and Azure's roles say who reads it."""

from __future__ import annotations

from collections.abc import Iterator

from policy.rule import UNKNOWN, Facts, Resource, Rule, differs, part

MIN_DAYS = 30


def _check(resource: Resource, _facts: Facts) -> Iterator[str]:
    properties = resource.inputs.get("properties")
    if properties is UNKNOWN:
        return
    vault = part(properties)
    if differs(vault.get("enablePurgeProtection"), True):
        yield "properties.enablePurgeProtection: true, or whoever deletes it can make that final at once"
    if differs(vault.get("enableRbacAuthorization"), True):
        yield "properties.enableRbacAuthorization: true, so that one list says who reads what"
    if vault.get("enableSoftDelete") is False:
        yield "properties.enableSoftDelete: true"
    days = vault.get("softDeleteRetentionInDays", 90)
    if isinstance(days, int | float) and days < MIN_DAYS:
        yield f"properties.softDeleteRetentionInDays is {days:g}: at least {MIN_DAYS}"
    if part(vault).get("accessPolicies"):
        yield "properties.accessPolicies stand beside the roles: grant a role instead"


RULE = Rule(
    name="key-vault-guarded",
    says="Key Vaults have purge protection and are read by roles.",
    types=("azure-native:keyvault:Vault",),
    check=_check,
)
