"""What the running revision of each simulated Container App has read of its secrets, and the versions that a Key Vault
keeps of them.

As in the real one: a revision reads its secrets when it starts. A new value in Key Vault, and a changed reference in
`configuration.secrets`, make no new revision: the old one goes on with what it read, also when it is restarted. A
change of the template makes one. Not played: that Azure looks again, within 30 minutes, for a newer value behind an
address without a version.
(learn.microsoft.com/azure/container-apps/manage-secrets; microsoft/azure-container-apps issues 691 and 856)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.core.inventory import Inventory
from sandbox.core.records import Record
from sandbox.core.values import lookup

__all__ = ["SECRET_VERSION", "Revisions"]

APP = "azure-native:app:ContainerApp"
SECRET = "azure-native:keyvault:Secret"
REVISION = "sandbox:revision"
SECRET_VERSION = "sandbox:secret-version"
"""Its id is the address with the version."""


class Revisions:
    """Follows the apps and the secrets as they change."""

    def __init__(self, cloud: Inventory) -> None:
        self._cloud = cloud

    def happened(self, what: str, record: Record, before: Record | None) -> None:
        """Starts a revision where the template is another one, and keeps each version of a secret."""
        if record.token == SECRET:
            self._keep(what, record)
        elif record.token == APP and what == "deleted":
            self._end(record)
        elif record.token == APP and self._name(record) != (self._name(before) if before else None):
            inputs = {"name": self._name(record), "secrets": self._read(record)}
            self._cloud.put(Record(id=_id(record), token=REVISION, inputs=inputs, outputs={}))

    def secrets(self, app: Record) -> Mapping[str, str]:
        """By name, as the running revision knows them."""
        started = self._cloud.get(_id(app))
        return dict(started.inputs["secrets"]) if started else self._read(app)

    def _name(self, app: Record) -> str:
        return str(app.outputs.get("latestRevisionName"))

    def _end(self, app: Record) -> None:
        started = self._cloud.get(_id(app))
        if started is not None:
            self._cloud.remove(started)

    def _keep(self, what: str, secret: Record) -> None:
        identity = str(lookup(secret.outputs, "properties.secretUriWithVersion"))
        address = str(lookup(secret.outputs, "properties.secretUri"))
        if what != "deleted":
            value = {"value": str(lookup(secret.inputs, "properties.value"))}
            self._cloud.put(Record(id=identity, token=SECRET_VERSION, inputs=value, outputs={}))
            return
        for version in self._cloud.find(SECRET_VERSION):
            if version.id.lower().startswith(f"{address}/".lower()):
                self._cloud.remove(version)

    def _read(self, app: Record) -> dict[str, str]:
        declared = lookup(app.inputs, "configuration.secrets") or []
        return {str(one["name"]): self._value(one) for one in declared}

    def _value(self, secret: Mapping[str, Any]) -> str:
        url = secret.get("keyVaultUrl")
        if not url:
            return str(secret.get("value", ""))
        version = self._cloud.get(str(url))
        if version is not None and version.token == SECRET_VERSION:
            return str(version.inputs["value"])
        for record in self._cloud.find(SECRET):
            if str(url).lower() == str(lookup(record.outputs, "properties.secretUri")).lower():
                return str(lookup(record.inputs, "properties.value"))
        return ""


def _id(app: Record) -> str:
    return f"{app.id}/revisions/running"
