"""Who answers at the address of a simulated Container App: its certificate for a name, its health, what it was told.

Reads the inventory as Azure's own routing would; changes nothing.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

import psycopg

from sandbox.apps.server.stand_ins import Startup, reply
from sandbox.azure.server.revisions import Revisions
from sandbox.core.backend import Ask
from sandbox.core.inventory import Inventory
from sandbox.core.origin import Origin
from sandbox.core.records import Record
from sandbox.core.values import lookup

__all__ = ["Apps"]

APP = "azure-native:app:ContainerApp"
CERTIFICATE = "azure-native:app:Certificate"
_PEM = re.compile(r"(-----BEGIN ([A-Z ]+)-----.+?-----END \2-----)", re.DOTALL)


class Apps:
    """The apps as a visitor meets them."""

    def __init__(self, cloud: Inventory, revisions: Revisions, ask: Ask) -> None:
        self._cloud = cloud
        self._revisions = revisions
        self._ask = ask

    def origin(self, target: str, name: str) -> Origin | None:
        """The app at that address, as it answers for a name; None when it is no app's."""
        apps = self._cloud.find(APP)
        app = next((one for one in apps if lookup(one.outputs, "configuration.ingress.fqdn") == target), None)
        return self._origin(app, name) if app else None

    def _origin(self, app: Record, name: str) -> Origin:
        container = app.inputs["template"]["containers"][0]
        domains = lookup(app.inputs, "configuration.ingress.customDomains") or []
        domain = next((one for one in domains if str(one.get("name", "")).lower() == name), None)
        bound = domain is not None and domain.get("bindingType") == "SniEnabled"
        probes = [probe for probe in container.get("probes") or [] if probe.get("httpGet")]
        ready = [probe for probe in probes if probe.get("type") == "Readiness"] or probes
        unknown = f"the app {app.inputs.get('containerAppName')} has no custom domain {name}"
        return Origin(
            app=str(app.inputs.get("containerAppName", app.id)),
            image=str(container.get("image")),
            certificate=self._bound(str(domain["certificateId"])) if domain is not None and bound else None,
            health_path=str(ready[0]["httpGet"]["path"]) if ready else "/",
            health=lambda: self._health(app, container),
            reply=lambda path, body: reply(self._startup(app, container), path, body),
            problem=unknown if domain is None else None,
        )

    def _bound(self, certificate_id: str) -> tuple[str, str] | None:
        record = self._cloud.get(certificate_id)
        if record is None or record.token != CERTIFICATE:
            return None
        text = base64.b64decode(str(lookup(record.inputs, "properties.value"))).decode(errors="replace")
        blocks = _PEM.findall(text)
        certificates = [block for block, label in blocks if label == "CERTIFICATE"]
        keys = [block for block, label in blocks if label.endswith("PRIVATE KEY")]
        return ("\n".join(certificates), keys[0]) if certificates and keys else None

    def _health(self, app: Record, container: Mapping[str, Any]) -> str | None:
        """Whether the app's database lets it in, with the very settings and secrets that its running revision has."""
        settings = self._settings(app, container)
        if settings.get("DB_TYPE") != "postgresdb":
            return None
        host = settings.get("DB_POSTGRESDB_HOST", "")
        way = self._ask.inside(host, int(settings.get("DB_POSTGRESDB_PORT", "5432")))
        if way is None:
            return f"nothing answers at {host}"
        try:
            psycopg.connect(
                host=way[0],
                port=way[1],
                user=settings.get("DB_POSTGRESDB_USER"),
                password=settings.get("DB_POSTGRESDB_PASSWORD"),
                dbname=settings.get("DB_POSTGRESDB_DATABASE"),
                sslmode="require" if settings.get("DB_POSTGRESDB_SSL_ENABLED") == "true" else "disable",
                connect_timeout=5,
            ).close()
        except psycopg.Error as error:
            return f"database: {str(error).strip().splitlines()[-1]}"
        return None

    def _startup(self, app: Record, container: Mapping[str, Any]) -> Startup:
        before = app.inputs["template"].get("initContainers") or []
        secrets = self._revisions.secrets(app)
        files = {name.removeprefix("file-"): value for name, value in secrets.items() if name.startswith("file-")}
        return Startup(
            image=str(container.get("image")),
            env=self._settings(app, container),
            files=files,
            # An app answers only when these have ended well.
            prepared=[str(word) for one in before for word in one.get("command") or []],
        )

    def _settings(self, app: Record, container: Mapping[str, Any]) -> dict[str, str]:
        secrets = self._revisions.secrets(app)
        return {
            one["name"]: secrets.get(one["secretRef"], "") if one.get("secretRef") else str(one.get("value", ""))
            for one in container.get("env") or []
        }
