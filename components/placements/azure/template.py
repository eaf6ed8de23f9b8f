"""What an app of Container Apps runs: its containers, what they hold and are told, and how many replicas there are."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

from pulumi import Input, Output
from pulumi_azure_native import app

from components.workload import Health, Sidecar, Workload

__all__ = ["MOST_FAILURES", "MOST_PERIOD_S", "REVISION", "secret_name", "template"]

MOST_FAILURES, MOST_PERIOD_S = 10, 240
"""What Container Apps takes of a probe: failureThreshold and periodSeconds of ContainerAppProbe in
Azure/azure-rest-api-specs specification/app/resource-manager/Microsoft.App/ContainerApps/stable/2024-03-01/
CommonDefinitions.json."""
SECRETS_VOLUME = "secret-files"
REVISION = "SMARTEROS_REVISION"


def secret_name(key: str) -> str:
    """Lower-case letters, digits and hyphens, as a secret of an app must be named."""
    return re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-")


def template(name: str, workload: Workload, secret_versions: Sequence[Input[str]]) -> app.TemplateArgs:
    """All of it, for one revision: another one for each version of a secret, for a running one never reads again."""
    volumes = [app.VolumeArgs(name=volume.name, storage_type=app.StorageType.EMPTY_DIR) for volume in workload.volumes]
    mounts = [app.VolumeMountArgs(volume_name=volume.name, mount_path=volume.path) for volume in workload.volumes]
    if workload.secret_files:
        items = [
            app.SecretVolumeItemArgs(path=file, secret_ref=secret_name(f"file-{file}"))
            for file in workload.secret_files
        ]
        volumes.append(app.VolumeArgs(name=SECRETS_VOLUME, storage_type=app.StorageType.SECRET, secrets=items))
        mounts.append(app.VolumeMountArgs(volume_name=SECRETS_VOLUME, mount_path=Workload.SECRETS_FOLDER))
    for sidecar in workload.sidecars:
        volumes += [
            app.VolumeArgs(name=f"{sidecar.name}-{volume.name}", storage_type=app.StorageType.EMPTY_DIR)
            for volume in sidecar.volumes
        ]
    environment = _environment(workload, [*workload.env, *workload.secrets])
    prepare = app.InitContainerArgs(
        name=f"{name}-prepare",
        image=workload.image,
        command=list(workload.prepare),
        env=environment,
        resources=_resources(workload),
        volume_mounts=mounts,
    )
    main = app.ContainerArgs(
        name=name,
        image=workload.image,
        command=list(workload.command) or None,
        args=list(workload.args) or None,
        env=[*environment, *_revised(secret_versions)],
        resources=_resources(workload),
        probes=_probes(workload.health, workload.port),
        volume_mounts=mounts,
    )
    return app.TemplateArgs(
        # Each replica runs it, whenever it starts; a revision whose replicas don't get past it is not provisioned.
        init_containers=[prepare] if workload.prepare else None,
        containers=[main, *(_beside(name, workload, sidecar) for sidecar in workload.sidecars)],
        volumes=volumes,
        scale=_scale(workload),
        termination_grace_period_seconds=workload.stop_timeout_s,
    )


def _environment(workload: Workload, names: Iterable[str]) -> list[app.EnvironmentVarArgs]:
    return [
        app.EnvironmentVarArgs(name=name, secret_ref=secret_name(name))
        if name in workload.secrets
        else app.EnvironmentVarArgs(name=name, value=workload.env[name])
        for name in names
    ]


def _revised(secret_versions: Sequence[Input[str]]) -> list[app.EnvironmentVarArgs]:
    """A variable that nobody reads. Key Vault's names of versions say nothing of the values, so neither does it."""
    if not secret_versions:
        return []
    digest = Output.all(*secret_versions).apply(lambda found: hashlib.sha256("\n".join(found).encode()).hexdigest())
    return [app.EnvironmentVarArgs(name=REVISION, value=digest.apply(lambda text: text[:16]))]


def _resources(of: Workload | Sidecar) -> app.ContainerResourcesArgs:
    return app.ContainerResourcesArgs(cpu=of.cpu, memory=f"{of.memory_mb / 1024:g}Gi")


def _beside(name: str, workload: Workload, sidecar: Sidecar) -> app.ContainerArgs:
    """A sidecar: it shares the replica's network, so the main container is at its own address."""
    own = [app.EnvironmentVarArgs(name=key, value=value) for key, value in sidecar.env.items()]
    found = {key: f"http://127.0.0.1:{port}" for key, port in sidecar.reaches.items()}
    return app.ContainerArgs(
        name=f"{name}-{sidecar.name}",
        image=sidecar.image,
        args=list(sidecar.args) or None,
        env=[
            *own,
            *_environment(workload, sidecar.shares),
            *(app.EnvironmentVarArgs(name=key, value=url) for key, url in found.items()),
        ],
        resources=_resources(sidecar),
        probes=_probes(sidecar.health, sidecar.port),
        volume_mounts=[
            app.VolumeMountArgs(volume_name=f"{sidecar.name}-{volume.name}", mount_path=volume.path)
            for volume in sidecar.volumes
        ],
    )


def _scale(workload: Workload) -> app.ScaleArgs:
    scale = workload.scale
    if scale is None:
        return app.ScaleArgs(min_replicas=workload.replicas, max_replicas=workload.replicas)
    waiting = scale.by
    rule = app.CustomScaleRuleArgs(
        type="redis",
        metadata={
            "address": Output.concat(waiting.host, f":{waiting.port}"),
            "listName": waiting.key,
            "listLength": str(waiting.per_replica),
            "enableTLS": str(waiting.tls).lower(),
        },
        auth=[app.ScaleRuleAuthArgs(secret_ref=secret_name(waiting.password), trigger_parameter="password")],
    )
    return app.ScaleArgs(
        min_replicas=scale.min_replicas,
        max_replicas=scale.max_replicas,
        # As n8n-io/n8n-hosting charts/n8n values.yaml has them for workers.
        polling_interval=15,
        cooldown_period=300,
        rules=[app.ScaleRuleArgs(name="queue", custom=rule)],
    )


def _probes(health: Health, port: int | None) -> list[app.ContainerAppProbeArgs]:
    """All three said outright: which default ones Azure adds depends on the kind of the environment."""

    alive = health.alive_path or health.http_path

    def probe(kind: app.Type, path: str | None, failures: int, every_s: int) -> app.ContainerAppProbeArgs:
        return app.ContainerAppProbeArgs(
            type=kind,
            http_get=app.ContainerAppProbeHttpGetArgs(path=path, port=port, scheme=app.Scheme.HTTP),
            failure_threshold=failures,
            period_seconds=every_s,
            timeout_seconds=health.timeout_s,
        )

    return [
        # Until it passes nobody asks the others, and who never passes is started anew.
        probe(app.Type.STARTUP, alive, MOST_FAILURES, -(-health.alive_within_s // MOST_FAILURES)),
        probe(app.Type.LIVENESS, alive, 5, health.interval_s * 2),
        probe(app.Type.READINESS, health.http_path, 3, health.interval_s),
    ]
