"""Container Apps: the environment, its certificates, the apps (Microsoft.App, 2025)."""

from __future__ import annotations

from collections.abc import Mapping

from policy.known.kind import ANY, TEXT, Allowed, Kind, Like, Only, Within

__all__ = ["KINDS"]

_OURS: Mapping[str, Allowed] = {"resourceGroupName": ANY, "location": ANY, "tags.*": TEXT}
_CONTAINER: Mapping[str, Allowed] = {
    "name": ANY,
    "image": ANY,  # images-pinned
    "env[].name": ANY,
    "env[].value": TEXT,
    "env[].secretRef": ANY,
    "resources.cpu": ANY,
    "resources.memory": ANY,
    "volumeMounts[].mountPath": ANY,
    "volumeMounts[].volumeName": ANY,
}
_PROBE: Mapping[str, Allowed] = {
    "type": Only("Startup", "Readiness", "Liveness"),
    "httpGet.path": Like(r"/[A-Za-z0-9/._-]*", "a path without a query"),
    "httpGet.port": Within(1, 65535),
    "httpGet.scheme": Only("HTTP", "HTTPS"),
    "failureThreshold": Within(1, 10),
    "periodSeconds": Within(1, 240),
    "timeoutSeconds": Within(1, 240),
}
# What a container runs instead of what its image says is written out: the worker of n8n, what prepares Metabase.
_RUNS = Like(r"worker|--concurrency=\d+", "what a container here is started with")
_APP: Mapping[str, Allowed] = {
    "containerAppName": ANY,
    "managedEnvironmentId": ANY,
    "workloadProfileName": Only("Consumption"),
    "identity.type": Only("UserAssigned"),
    "identity.userAssignedIdentities[]": ANY,
    "configuration.activeRevisionsMode": Only("Single"),
    "configuration.ingress.external": ANY,  # apps-closed
    "configuration.ingress.allowInsecure": ANY,  # tls-minimum
    "configuration.ingress.transport": Only("auto", "http", "http2"),
    "configuration.ingress.targetPort": Within(1, 65535),
    "configuration.ingress.customDomains[].name": ANY,  # names-in-zone
    "configuration.ingress.customDomains[].certificateId": ANY,
    "configuration.ingress.customDomains[].bindingType": Only("SniEnabled"),
    "configuration.ingress.traffic[].latestRevision": Only(True),
    "configuration.ingress.traffic[].weight": Only(100),
    "configuration.secrets[].name": ANY,
    "configuration.secrets[].identity": ANY,
    "configuration.secrets[].keyVaultUrl": ANY,  # apps-closed
    "template.containers[].args[]": _RUNS,
    "template.terminationGracePeriodSeconds": Within(0, 600),
    "template.scale.minReplicas": Within(0, 30),
    "template.scale.maxReplicas": Within(1, 30),
    "template.scale.cooldownPeriod": ANY,
    "template.scale.pollingInterval": ANY,
    "template.scale.rules[].name": ANY,
    "template.scale.rules[].custom.type": Only("redis"),
    "template.scale.rules[].custom.auth[].secretRef": ANY,
    "template.scale.rules[].custom.auth[].triggerParameter": Only("password", "username"),
    "template.scale.rules[].custom.metadata.address": ANY,
    "template.scale.rules[].custom.metadata.enableTLS": Only("true"),
    "template.scale.rules[].custom.metadata.listLength": ANY,
    "template.scale.rules[].custom.metadata.listName": ANY,
    "template.volumes[].name": ANY,
    "template.volumes[].storageType": Only("EmptyDir", "Secret"),
    "template.volumes[].secrets[].path": ANY,
    "template.volumes[].secrets[].secretRef": ANY,
    "template.initContainers[].command[]": TEXT,
    **{f"template.containers[].{path}": allowed for path, allowed in _CONTAINER.items()},
    **{f"template.initContainers[].{path}": allowed for path, allowed in _CONTAINER.items()},
    **{f"template.containers[].probes[].{path}": allowed for path, allowed in _PROBE.items()},
    **_OURS,
}

KINDS: Mapping[str, Kind] = {
    "azure-native:app:ContainerApp": Kind(properties=_APP, required=("managedEnvironmentId", "identity.type")),
    "azure-native:app:ManagedEnvironment": Kind(
        properties={
            "environmentName": ANY,
            "appLogsConfiguration.destination": Only("log-analytics"),
            "appLogsConfiguration.logAnalyticsConfiguration.customerId": ANY,
            "appLogsConfiguration.logAnalyticsConfiguration.sharedKey": ANY,  # secrets-not-plain
            "vnetConfiguration.infrastructureSubnetId": ANY,
            "vnetConfiguration.internal": ANY,
            "workloadProfiles[].name": Only("Consumption"),
            "workloadProfiles[].workloadProfileType": Only("Consumption"),
            "workloadProfiles[].enableFips": ANY,
            "zoneRedundant": ANY,
            **_OURS,
        },
        required=("appLogsConfiguration.destination", "vnetConfiguration.infrastructureSubnetId"),
    ),
    "azure-native:app:Certificate": Kind(
        properties={
            "certificateName": ANY,
            "environmentName": ANY,
            "properties.password": ANY,
            "properties.value": ANY,  # secrets-not-plain
            **_OURS,
        }
    ),
}
