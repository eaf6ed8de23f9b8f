"""One app of Container Apps: a single revision, of one container and its sidecars. Its secrets are references into
Key Vault.

It keeps no files: a volume that must outlive the container is refused, for Azure Files over SMB lacks the
locks and the fsync that databases count on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pulumi_cloudflare as cloudflare
from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions
from pulumi_azure_native import app

from components.placements import Refusal
from components.placements.azure.template import MOST_FAILURES, MOST_PERIOD_S, secret_name, template
from components.placements.azure.vault import SecretVault
from components.workload import Workload
from settings.naming import Names
from settings.sizes import container_apps_size_problem

__all__ = ["ContainerApp", "ContainerAppArgs", "refuse"]

AUTOMATIC_TTL = 1


@dataclass(frozen=True, kw_only=True)
class Edge:
    """How names of the zone lead to the environment."""

    zone_id: str
    domain: str
    certificate_id: Output[str]
    verification_id: Output[str]
    environment_domain: Output[str]


@dataclass(frozen=True, kw_only=True)
class ContainerAppArgs:
    """What runs, and in which environment."""

    names: Names
    workload: Workload
    resource_group: Input[str]
    location: str
    environment_id: Input[str]
    vault: SecretVault
    edge: Edge
    tags: Mapping[str, str]


def refuse(name: str, workload: Workload) -> None:
    """Refuse what Container Apps can't do, before anything of it is declared."""
    cpu = workload.cpu + sum(one.cpu for one in workload.sidecars)
    memory_mb = workload.memory_mb + sum(one.memory_mb for one in workload.sidecars)
    size = container_apps_size_problem(cpu, memory_mb)
    if size:
        why, mend = size
        beside = f" (with {', '.join(one.name for one in workload.sidecars)})" if workload.sidecars else ""
        raise Refusal(name, "cpu", why + beside, mend)
    asked = [("health", workload.health), *((f"sidecars/{one.name}", one.health) for one in workload.sidecars)]
    for where, health in asked:
        if health.alive_within_s > MOST_FAILURES * MOST_PERIOD_S:
            most = MOST_FAILURES * MOST_PERIOD_S
            why = f"Container Apps waits {most} s for a start at most, not {health.alive_within_s}"
            raise Refusal(name, where, why, "a shorter one, or run it on a Docker host")
    for sidecar in workload.sidecars:
        if sidecar.health.command:
            why = "Container Apps probes by HTTP, not by commands"
            raise Refusal(name, f"sidecars/{sidecar.name}", why, "give its health an http_path")
    for volume in workload.volumes:
        if volume.needs == "posix":
            why = f"{volume.path} needs a POSIX file system, and Container Apps has none that is safe (SMB)"
            raise Refusal(name, f"volumes/{volume.name}", why, "run it on a Docker host, or keep no files")
    if workload.published_ports:
        why = f"Container Apps publishes 443 only, not {', '.join(map(str, workload.published_ports))}"
        raise Refusal(name, "published_ports", why, "run it on a Docker host")
    if workload.answers_the_rest:
        why = "an app answers on the names that are bound to it, and on no others"
        raise Refusal(name, "answers_the_rest", why, "run it on the host of the reverse proxy")
    if workload.docker_socket:
        raise Refusal(name, "docker_socket", "there is no Docker on Container Apps", "run it on a Docker host")
    if workload.capabilities:
        raise Refusal(name, "capabilities", "Container Apps grants none", "run it on a Docker host")
    if workload.health.command:
        raise Refusal(name, "health", "Container Apps probes by HTTP, not by commands", "give an http_path")
    if workload.port is None:
        raise Refusal(name, "port", "an app without a port can't be probed", "run it on a Docker host")
    if workload.routes:
        why = "the ingress of an app leads to one port, whatever the path"
        raise Refusal(name, "routes", why, "run it on a Docker host, or put a proxy beside it that tells paths apart")


class ContainerApp(ComponentResource):
    """An app, at its own name when the workload has one."""

    host: Output[str]
    url: Output[str]

    def __init__(self, name: str, args: ContainerAppArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:azure:ContainerApp", name, None, opts)
        workload, app_name = args.workload, args.names.container_app(name)
        # What nobody outside reaches has its name one level lower.
        inside = "" if workload.hostname else "internal."
        default_host = Output.concat(f"{app_name}.{inside}", args.edge.environment_domain)
        secrets = {**_env_secrets(workload), **_file_secrets(workload)}
        references = [
            app.SecretArgs(
                name=secret,
                key_vault_url=args.vault.store(
                    f"{name}-secret-{secret}", args.names.key_vault_secret(name, secret), value, self
                ),
                identity=args.vault.identity_id,
            )
            for secret, value in secrets.items()
        ]
        records = list(self._records(name, args, default_host)) if workload.hostname else []
        created = app.ContainerApp(
            f"{name}-app",
            container_app_name=app_name,
            resource_group_name=args.resource_group,
            location=args.location,
            managed_environment_id=args.environment_id,
            workload_profile_name="Consumption",
            identity=app.ManagedServiceIdentityArgs(
                type=app.ManagedServiceIdentityType.USER_ASSIGNED,
                user_assigned_identities=[args.vault.identity_id],
            ),
            configuration=app.ConfigurationArgs(
                active_revisions_mode=app.ActiveRevisionsMode.SINGLE,
                ingress=_ingress(args),
                secrets=references,
            ),
            template=template(name, workload, [reference.key_vault_url for reference in references]),
            tags=args.tags,
            # The name must be owned, and the secrets readable, before the app can be created.
            opts=ResourceOptions(parent=self, depends_on=[args.vault.may_read, *records]),
        )
        self.host = Output.all(workload.hostname or default_host, created.id).apply(lambda both: str(both[0]))
        self.url = Output.concat("https://", self.host)
        self.register_outputs({"host": self.host, "url": self.url})

    def _records(self, name: str, args: ContainerAppArgs, target: Output[str]) -> Iterator[Resource]:
        """Who owns the name, and where it leads: both before the app binds it."""
        hostname = str(args.workload.hostname)
        yield cloudflare.DnsRecord(
            f"{name}-ownership",
            zone_id=args.edge.zone_id,
            name=f"asuid.{hostname}",
            type="TXT",
            content=Output.concat('"', args.edge.verification_id, '"'),
            ttl=AUTOMATIC_TTL,
            opts=ResourceOptions(parent=self),
        )
        yield cloudflare.DnsRecord(
            f"{name}-name",
            zone_id=args.edge.zone_id,
            name=hostname,
            type="CNAME",
            content=target,
            ttl=AUTOMATIC_TTL,
            proxied=True,
            opts=ResourceOptions(parent=self),
        )


def _env_secrets(workload: Workload) -> dict[str, Input[str]]:
    return {secret_name(key): value for key, value in workload.secrets.items()}


def _file_secrets(workload: Workload) -> dict[str, Input[str]]:
    return {secret_name(f"file-{file}"): value for file, value in workload.secret_files.items()}


def _ingress(args: ContainerAppArgs) -> app.IngressArgs:
    hostname = args.workload.hostname
    domains = []
    if hostname:
        certificate = args.edge.certificate_id
        binding = app.BindingType.SNI_ENABLED
        domains = [app.CustomDomainArgs(name=hostname, binding_type=binding, certificate_id=certificate)]
    return app.IngressArgs(
        external=bool(hostname),
        target_port=args.workload.port,
        transport=app.IngressTransportMethod.AUTO,
        allow_insecure=False,
        traffic=[app.TrafficWeightArgs(latest_revision=True, weight=100)],
        custom_domains=domains,
    )
