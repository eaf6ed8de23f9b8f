"""One app of Container Apps: a single revision of one container. Its secrets are references into Key Vault.

It keeps no files: a volume that must outlive the container is refused, for Azure Files over SMB lacks the
locks and the fsync that databases count on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pulumi_cloudflare as cloudflare
from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions
from pulumi_azure_native import app

from components.placements import Refusal
from components.placements.azure.vault import SecretVault
from components.workload import Health, Workload
from settings.naming import Names
from settings.sizes import container_apps_size_problem

__all__ = ["ContainerApp", "ContainerAppArgs", "refuse"]

AUTOMATIC_TTL = 1
SECRETS_VOLUME = "secret-files"


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
    size = container_apps_size_problem(workload.cpu, workload.memory_mb)
    if size:
        raise Refusal(name, "cpu", *size)
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
        default_host = Output.concat(app_name, ".", args.edge.environment_domain)
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
            template=_template(name, workload),
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
    return {_secret_name(key): value for key, value in workload.secrets.items()}


def _file_secrets(workload: Workload) -> dict[str, Input[str]]:
    return {_secret_name(f"file-{file}"): value for file, value in workload.secret_files.items()}


def _secret_name(key: str) -> str:
    """Lower-case letters, digits and hyphens, as a secret of an app must be named."""
    return re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-")


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


def _template(name: str, workload: Workload) -> app.TemplateArgs:
    volumes = [app.VolumeArgs(name=volume.name, storage_type=app.StorageType.EMPTY_DIR) for volume in workload.volumes]
    mounts = [app.VolumeMountArgs(volume_name=volume.name, mount_path=volume.path) for volume in workload.volumes]
    if workload.secret_files:
        items = [
            app.SecretVolumeItemArgs(path=file, secret_ref=_secret_name(f"file-{file}"))
            for file in workload.secret_files
        ]
        volumes.append(app.VolumeArgs(name=SECRETS_VOLUME, storage_type=app.StorageType.SECRET, secrets=items))
        mounts.append(app.VolumeMountArgs(volume_name=SECRETS_VOLUME, mount_path=Workload.SECRETS_FOLDER))
    environment = [app.EnvironmentVarArgs(name=key, value=value) for key, value in workload.env.items()]
    environment += [app.EnvironmentVarArgs(name=key, secret_ref=_secret_name(key)) for key in workload.secrets]
    resources = app.ContainerResourcesArgs(cpu=workload.cpu, memory=f"{workload.memory_mb / 1024:g}Gi")
    prepare = app.InitContainerArgs(
        name=f"{name}-prepare",
        image=workload.image,
        command=list(workload.prepare),
        env=environment,
        resources=resources,
        volume_mounts=mounts,
    )
    return app.TemplateArgs(
        # Each replica runs it, whenever it starts; a revision whose replicas don't get past it is not provisioned.
        init_containers=[prepare] if workload.prepare else None,
        containers=[
            app.ContainerArgs(
                name=name,
                image=workload.image,
                command=list(workload.command) or None,
                args=list(workload.args) or None,
                env=environment,
                resources=resources,
                probes=_probes(workload.health, workload.port),
                volume_mounts=mounts,
            )
        ],
        volumes=volumes,
        scale=app.ScaleArgs(min_replicas=workload.replicas, max_replicas=workload.replicas),
        termination_grace_period_seconds=workload.stop_timeout_s,
    )


def _probes(health: Health, port: int | None) -> list[app.ContainerAppProbeArgs]:
    """All three said outright: which default ones Azure adds depends on the kind of the environment."""

    def probe(kind: app.Type, failures: int, every_s: int) -> app.ContainerAppProbeArgs:
        return app.ContainerAppProbeArgs(
            type=kind,
            http_get=app.ContainerAppProbeHttpGetArgs(path=health.http_path, port=port, scheme=app.Scheme.HTTP),
            failure_threshold=failures,
            period_seconds=every_s,
            timeout_seconds=health.timeout_s,
        )

    return [
        # A first start migrates the database: up to five minutes.
        probe(app.Type.STARTUP, 10, 30),
        probe(app.Type.LIVENESS, 5, health.interval_s * 2),
        probe(app.Type.READINESS, 3, health.interval_s),
    ]
