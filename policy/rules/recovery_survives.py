"""Nothing that a recovery needs is kept only where it can be lost: keys come from the keyring.

Three things can be seen in a program, and are refused. An encryption key (by the name of the variable, secret or file
that holds it) whose value comes from a resource that makes random values: its only copy is in this stack's state. And
a key that Azure's Key Vault makes: it never leaves it, so what it encrypts is lost with the account, unless its tags
say `escrow: keyring`. And a key of the platform that Vault makes, unless a copy of it may leave for the keyring; those
of tenants encrypt nothing that outlives Vault. Passwords that a rebuild may set anew are no keys in this sense.

A container's variables are told apart by their values, so a key that was never made before is seen as soon as it is
made, not at the preview. Not seen at all: where backups lie, and with which key the state itself is encrypted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from policy.rule import Facts, Resource, StackRule, each, part, texts

_LONG = 8
"""Shorter texts of a resource are switches and names, no keys."""
_MAKES = ("random:", "tls:index/privateKey:")
_KEY = re.compile(
    r"ENCRYPTION_?KEY|SECRET_?KEY_?BASE|UNSEAL|RECOVERY_?KEY|RESTIC|PASSPHRASE|MASTER_?KEY|SEAL_?KEY", re.I
)
_APP = "azure-native:app:ContainerApp"
_SECRET = "azure-native:keyvault:Secret"
_CONTAINER = "docker:index/container:Container"
_AZURE_KEY = "azure-native:keyvault:Key"
_VAULT_KEY = "vault:transit/secretBackendKey:SecretBackendKey"
_TENANTS = "tenant-"


def _check(stack: Sequence[Resource], _facts: Facts) -> Iterator[tuple[Resource | None, str]]:
    known = {one.urn: one for one in stack}
    for resource in stack:
        if resource.token == _AZURE_KEY:
            if part(resource.inputs.get("tags")).get("escrow") != "keyring":
                yield resource, f"{resource.name} never leaves Azure: import one from the keyring, tag escrow: keyring"
            continue
        if resource.token == _VAULT_KEY and _stays_in_vault(resource):
            mend = "exportable and allowPlaintextBackup, and ./smos vault init keeps it in the keyring"
            yield resource, f"{resource.name} never leaves Vault, and is lost with it: {mend}"
        for what, key, value in _keys(resource):
            sources = [known[urn] for urn in resource.sources.get(key, ()) if urn in known]
            made = next((one for one in sources if _made_by(one, value)), None)
            if made:
                why = f"comes from {made.name}, whose only copy is in the state of this stack"
                yield resource, f"{what} {why}: an entry of the keyring instead"


def _stays_in_vault(resource: Resource) -> bool:
    """Whether it is a key of the platform of which no copy can be taken."""
    inputs = resource.inputs
    tenants = str(inputs.get("name") or "").startswith(_TENANTS)
    return not tenants and not (inputs.get("exportable") is True and inputs.get("allowPlaintextBackup") is True)


def _keys(resource: Resource) -> Iterator[tuple[str, str, str | None]]:
    """(what holds an encryption key, the input that it stands in, its value when the input has others too)."""
    inputs = resource.inputs
    if resource.token == _SECRET:
        name = str(inputs.get("secretName", resource.name)).replace("-", "_")
        if _KEY.search(name):
            yield f"the secret {inputs.get('secretName', resource.name)}", "properties", None
    elif resource.token == _APP:
        # By reference its secrets are in Key Vault, where they are found; in plain they would be here.
        for one in each(part(inputs.get("configuration")).get("secrets")):
            if "value" in part(one) and _KEY.search(str(part(one).get("name")).replace("-", "_")):
                yield f"the app's secret {part(one).get('name')}", "configuration", str(part(one)["value"])
    elif resource.token == _CONTAINER:
        for variable in each(inputs.get("envs")):
            name, _, value = str(variable).partition("=")
            if _KEY.search(name):
                yield f"the variable {name}", "envs", value
        for upload in each(inputs.get("uploads")):
            if _KEY.search(str(part(upload).get("file", "")).replace("-", "_")):
                yield f"the file {part(upload).get('file')}", "uploads", str(part(upload).get("content"))


def _made_by(source: Resource, value: str | None) -> bool:
    """Whether a resource that makes random values made this one (any, when the value is not told)."""
    if not source.token.startswith(_MAKES):
        return False
    made = [one for _, one in texts(source.inputs) if len(one) >= _LONG]
    return value is None or any(one in value for one in made)


RULE = StackRule(
    name="recovery-survives",
    says="Nothing that a recovery needs is kept only where it can be lost.",
    check=_check,
)
