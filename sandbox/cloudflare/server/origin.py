"""What stands behind a name of a simulated zone: record → Container App or host, its certificate, its health.

Reads the inventory as the vendors' own routing would; changes nothing.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

from sandbox.apps.server.stand_ins import Told
from sandbox.azure.server.revisions import Revisions
from sandbox.core.inventory import Inventory
from sandbox.core.records import Record
from sandbox.core.values import lookup
from sandbox.docker.server.environment import told_container
from sandbox.docker.server.traefik import certificate_of
from sandbox.postgresql.server.databases import Databases

DNS_RECORD = "cloudflare:index/dnsRecord:DnsRecord"
APP = "azure-native:app:ContainerApp"
CERTIFICATE = "azure-native:app:Certificate"
ENVIRONMENT = "azure-native:app:ManagedEnvironment"
CONTAINER = "docker:index/container:Container"
_PEM = re.compile(r"(-----BEGIN ([A-Z ]+)-----.+?-----END \2-----)", re.DOTALL)


@dataclass(frozen=True)
class Origin:
    """Who answers for a name."""

    app: str
    image: str
    proxied: bool
    certificate: tuple[str, str] | None
    """(certificate, key) that the origin shows; None when it has none for the name."""
    health_path: str
    health: Callable[[], str | None]
    """None when the app could work; else why not."""
    told: Callable[[], Told] | None = None
    """What its container was told."""
    problem: str | None = None
    """Why nobody answers."""


class Origins:
    """Finds the origin of a name."""

    def __init__(self, cloud: Inventory, databases: Databases, revisions: Revisions) -> None:
        self._cloud = cloud
        self._databases = databases
        self._revisions = revisions

    def of(self, name: str) -> Origin | None:
        """The origin; None when no record has the name."""
        record = self._record(name)
        if record is None:
            return None
        proxied = bool(record.inputs.get("proxied"))
        target = str(record.inputs.get("content", "")).lower()
        for app in self._cloud.find(APP):
            if lookup(app.outputs, "configuration.ingress.fqdn") == target:
                return self._app(app, name, proxied)
        return self._on_host(target, name, proxied)

    def _record(self, name: str) -> Record | None:
        wanted = [name, "*." + name.partition(".")[2]]
        records = [one for one in self._cloud.find(DNS_RECORD) if one.inputs.get("type") in ("A", "AAAA", "CNAME")]
        for candidate in wanted:
            for record in records:
                if str(record.inputs.get("name", "")).lower() == candidate:
                    return record
        return None

    # -- Container Apps ------------------------------------------------------------------------------------------------

    def _app(self, app: Record, name: str, proxied: bool) -> Origin:
        container = app.inputs["template"]["containers"][0]
        domains = lookup(app.inputs, "configuration.ingress.customDomains") or []
        domain = next((one for one in domains if str(one.get("name", "")).lower() == name), None)
        bound = domain is not None and domain.get("bindingType") == "SniEnabled"
        probes = [probe for probe in container.get("probes") or [] if probe.get("httpGet")]
        ready = [probe for probe in probes if probe.get("type") == "Readiness"] or probes
        return Origin(
            app=str(app.inputs.get("containerAppName", app.id)),
            image=str(container.get("image")),
            proxied=proxied,
            certificate=self._bound(str(domain["certificateId"])) if domain is not None and bound else None,
            health_path=str(ready[0]["httpGet"]["path"]) if ready else "/",
            health=lambda: self._app_health(app, container),
            told=lambda: self._told(app, container),
            problem=None
            if domain is not None
            else f"the app {app.inputs.get('containerAppName')} has no custom domain {name}",
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

    def _app_health(self, app: Record, container: Mapping[str, Any]) -> str | None:
        """Whether the app's database lets it in, with the very settings and secrets that its running revision has."""
        settings = self._settings(app, container)
        if settings.get("DB_TYPE") != "postgresdb":
            return None
        host = settings.get("DB_POSTGRESDB_HOST", "")
        way = self._databases.private_route(host, int(settings.get("DB_POSTGRESDB_PORT", "5432")))
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

    def _told(self, app: Record, container: Mapping[str, Any]) -> Told:
        before = app.inputs["template"].get("initContainers") or []
        secrets = self._revisions.secrets(app)
        files = {name.removeprefix("file-"): value for name, value in secrets.items() if name.startswith("file-")}
        return Told(
            image=str(container.get("image")),
            env=self._settings(app, container),
            files=files,
            # An app answers only when these have ended well.
            prepared=[str(word) for one in before for word in one.get("command") or []],
        )

    def _settings(self, app: Record, container: Mapping[str, Any]) -> dict[str, str]:
        secrets = self._revisions.secrets(app)
        found = {}
        for one in container.get("env") or []:
            found[one["name"]] = (
                secrets.get(one["secretRef"], "") if one.get("secretRef") else str(one.get("value", ""))
            )
        return found

    # -- hosts ---------------------------------------------------------------------------------------------------------

    def _on_host(self, address: str, name: str, proxied: bool) -> Origin:
        for container in self._cloud.find(CONTAINER):
            labels = {one["label"]: str(one["value"]) for one in container.inputs.get("labels") or []}
            rules = [
                value
                for key, value in labels.items()
                if key.startswith("traefik.http.routers.") and key.endswith(".rule")
            ]
            if container.scope.rsplit(":", 1)[0] == address and any(f"Host(`{name}`)" in rule for rule in rules):
                return self._container(container, proxied, certificate_of(self._cloud, address, name))
        nobody = f"the host {address} routes {name} to no container"
        return Origin("", "", proxied, None, "/", lambda: None, problem=nobody)

    def _container(self, container: Record, proxied: bool, certificate: tuple[str, str] | None) -> Origin:
        return Origin(
            app=str(container.inputs.get("name")),
            image=str(container.inputs.get("image")),
            proxied=proxied,
            certificate=certificate,
            health_path="/",
            health=lambda: None,
            told=lambda: told_container(self._cloud, container),
        )
