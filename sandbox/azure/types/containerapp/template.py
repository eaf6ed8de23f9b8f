"""Container Apps: what may stand in `template` (containers, their resources, volumes)."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from sandbox.azure.names import items, known, text
from sandbox.azure.rules import EachNeeds
from sandbox.azure.types.containerapp.ingress import environment_id
from sandbox.azure.types.containerapp.scale import PROBE_RULES, SCALE_RULES
from sandbox.azure.types.containerapp.secrets import secret_ref
from sandbox.core.records import Cloud
from sandbox.core.rules import AtMostOne, Between, Must, NeedsInCloud, Pattern, Required, Rule, UniqueItems
from sandbox.core.values import UNKNOWN, Props, Value, contains_unknown, lookup

__all__ = ["PROFILE_SIZES", "STORAGE", "TEMPLATE_CLOUD_RULES", "TEMPLATE_RULES"]

STORAGE = "azure-native:app:ManagedEnvironmentsStorage"
_CONTAINERS = "https://learn.microsoft.com/azure/container-apps/containers"
_VOLUMES = "https://learn.microsoft.com/azure/container-apps/storage-mounts"
_LABEL = r"(?=.{1,63}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_IMAGE = (
    r"([A-Za-z0-9][A-Za-z0-9.-]*(:\d{1,5})?/)?[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
    r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?"
)
PROFILE_SIZES = {
    "D4": (4, 16), "D8": (8, 32), "D16": (16, 64), "D32": (32, 128),
    "E4": (4, 32), "E8": (8, 64), "E16": (16, 128), "E32": (32, 256),
    "NC24-A100": (24, 220), "NC48-A100": (48, 440), "NC96-A100": (96, 880),
}  # fmt: skip


def _gib(memory: str) -> Decimal:
    try:
        return Decimal(memory.removesuffix("Gi"))
    except InvalidOperation:
        return Decimal(0)


def total_resources(containers: Value) -> tuple[Decimal, Decimal]:
    """The sum of cpu and memory (GiB) over containers; one without a request gets Azure's 0.5 and 1Gi."""
    cpu = sum((Decimal(str(known(one, "resources.cpu") or "0.5")) for one in containers), Decimal(0))
    memory = sum((_gib(text(one, "resources.memory") or "1Gi") for one in containers), Decimal(0))
    return cpu, memory


def _on_consumption(inputs: Props) -> bool:
    profile = lookup(inputs, "workloadProfileName")
    return profile is not UNKNOWN and (known(inputs, "workloadProfileName") or "Consumption") == "Consumption"


def _allowed_total(value: Value, _: Props) -> bool | str:
    if any(contains_unknown(lookup(one, "resources")) for one in value if known(one, "resources")):
        return True
    cpu, memory = total_resources(value)
    if not value:
        return True
    if cpu % Decimal("0.25") == 0 and Decimal("0.25") <= cpu <= 4 and memory == 2 * cpu:
        return True
    return (
        f"The total requested CPU and memory resources for this application (CPU: {cpu}, memory: {memory}) is invalid"
    )


def _names_apart(value: Value, inputs: Props) -> bool:
    names = [lookup(one, "name") for one in items(inputs, "template.containers")]
    return value not in names


def _declared_volume(value: Value, inputs: Props) -> bool:
    volumes = lookup(inputs, "template.volumes")
    names = [lookup(one, "name") for one in volumes] if isinstance(volumes, list) else []
    return volumes is UNKNOWN or UNKNOWN in names or value in names


def _needs_storage(value: Value, _: Props) -> bool:
    shared = known(value, "storageType") in ("AzureFile", "NfsAzureFile")
    return not shared or bool(known(value, "storageName")) or lookup(value, "storageName") is UNKNOWN


def _container_rules(place: str, where: str) -> tuple[Rule, ...]:
    """The rules of a list of containers: the ordinary ones and the init containers share them."""
    return (
        Required(path=f"{place}[*].image", source=_CONTAINERS),
        Pattern(
            path=f"{place}[*].image",
            regex=_IMAGE,
            code="InvalidParameterValueInContainerTemplate",
            says=(
                "must be an image reference: [registry/]repository[:tag][@sha256:digest], the repository "
                "in lower case"
            ),
            source=_CONTAINERS,
        ),
        Required(path=f"{place}[*].name", source=_CONTAINERS),
        Pattern(
            path=f"{place}[*].name",
            regex=_LABEL,
            says=(
                "must consist of lower case letters, digits and '-', start and end with a letter or digit, "
                "at most 63 characters"
            ),
            source=_CONTAINERS,
        ),
        UniqueItems(path=place, key="name", source=_CONTAINERS),
        Pattern(
            path=f"{place}[*].resources.memory",
            regex=r"\d+(\.\d{1,2})?Gi",
            says='must be a decimal with at most 2 places followed by Gi, e.g. "0.5Gi"',
            source=_CONTAINERS,
        ),
        Between(path=f"{place}[*].resources.cpu", least=0.1, most=96, source=_CONTAINERS),
        Required(path=f"{place}[*].env[*].name", source=_CONTAINERS),
        Pattern(
            path=f"{place}[*].env[*].name",
            regex=r"[-._a-zA-Z][-._a-zA-Z0-9]*",
            code="ContainerAppInvalidEnvVarName",
            says="must consist of letters, digits, '_', '-' and '.', and not start with a digit",
            source="https://github.com/MicrosoftDocs/azure-docs/issues/94512",
        ),
        UniqueItems(path=f"{place}[*].env", key="name", source=_CONTAINERS),
        AtMostOne(path=f"{place}[*].env[*]", fields=("value", "secretRef"), source=_CONTAINERS),
        secret_ref(f"{place}[*].env[*].secretRef", where),
        Required(path=f"{place}[*].volumeMounts[*].volumeName", source=_VOLUMES),
        Must(
            path=f"{place}[*].volumeMounts[*].volumeName",
            name=f"declared:{place}.volumeMounts",
            test=_declared_volume,
            says="must be the name of a volume in template.volumes",
            source=_VOLUMES,
        ),
        Required(path=f"{place}[*].volumeMounts[*].mountPath", source=_VOLUMES),
        Pattern(
            path=f"{place}[*].volumeMounts[*].mountPath",
            regex=r"/[^:]*",
            says="must be an absolute path without ':'",
            source="azure-mgmt-appcontainers 3.2.0 models.VolumeMount",
        ),
        UniqueItems(path=f"{place}[*].volumeMounts", key="mountPath", source=_VOLUMES),
        Pattern(
            path=f"{place}[*].volumeMounts[*].subPath",
            regex=r"(?!/)(?!(.*/)?\.\.(/|$)).*",
            says="must be a path inside the volume: without '/' at its start, and without '..'",
            source=_VOLUMES,
        ),
    )  # fmt: skip


_VOLUME_RULES: tuple[Rule, ...] = (
    Required(path="template.volumes[*].name", source=_VOLUMES),
    Pattern(
        path="template.volumes[*].name",
        regex=_LABEL,
        says="must consist of lower case letters, digits and '-'",
        source=_VOLUMES,
    ),
    UniqueItems(path="template.volumes", key="name", source=_VOLUMES),
    Must(
        path="template.volumes[*]",
        name="storage:volumes",
        partial=True,
        test=_needs_storage,
        says="storageType AzureFile or NfsAzureFile needs storageName: a storage of the environment",
        source=_VOLUMES,
    ),
    Must(
        path="template.volumes[*]",
        name="secrets:volumes",
        partial=True,
        test=lambda value, _: known(value, "secrets") is None or known(value, "storageType") in (None, "Secret"),
        says="secrets are for volumes of storageType Secret",
        source=_VOLUMES,
    ),
    secret_ref("template.volumes[*].secrets[*].secretRef", "a volume"),
)

TEMPLATE_RULES: tuple[Rule, ...] = (
    Required(path="template", source=_CONTAINERS),
    Required(path="template.containers", source=_CONTAINERS),
    *_container_rules("template.containers", "a container"),
    *_container_rules("template.initContainers", "an init container"),
    Must(
        path="template.initContainers[*].name",
        name="apart:initContainers",
        test=_names_apart,
        says="is the name of a container too; each name may stand once in an app",
        source=_CONTAINERS,
    ),
    Must(
        path="template.containers",
        name="total:containers",
        code="ContainerAppInvalidResourceTotal",
        partial=True,
        when=_on_consumption,
        test=_allowed_total,
        says=(
            "Total CPU and memory for all containers must add up to 0.25/0.5Gi, 0.5/1.0Gi, … up to 4/8Gi "
            "(CPU in steps of 0.25, memory in Gi = 2 times CPU)"
        ),
        source=_CONTAINERS,
    ),
    Pattern(
        path="template.revisionSuffix",
        regex=r"(?!.*--)[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?",
        says=("must consist of lower case letters, digits and single '-', start and end with a letter or digit"),
        source="https://learn.microsoft.com/azure/container-apps/revisions",
    ),
    Between(
        path="template.terminationGracePeriodSeconds",
        least=0,
        most=600,
        source="https://learn.microsoft.com/azure/container-apps/application-lifecycle-management",
    ),
    *PROBE_RULES,
    *SCALE_RULES,
    *_VOLUME_RULES,
)


def _storage(value: Value, inputs: Props, cloud: Cloud, config: Props) -> str | None:
    fields = {"AzureFile": "azureFile", "NfsAzureFile": "nfsAzureFile"}
    wanted = fields.get(text(value, "storageType"))
    name = text(value, "storageName")
    if wanted is None or not name or not environment_id(inputs):
        return None
    record = cloud.get(f"{environment_id(inputs)}/storages/{name}")
    if record is None:
        return f"the environment has no storage {name!r}"
    if known(record.inputs, f"properties.{wanted}") is None:
        return f"storage {name!r} of the environment is not of type {text(value, 'storageType')}"
    return None


def _profile(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    name, record = text(inputs, "workloadProfileName"), cloud.get(environment_id(inputs))
    if not name or record is None:
        return None
    names = [text(one, "name") for one in items(record.inputs, "workloadProfiles")]
    has = ", ".join(names) or "none"
    return None if name in names else f"the environment has no workload profile {name!r} (it has: {has})"


def _fits(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    record = cloud.get(environment_id(inputs))
    if record is None:
        return None
    profiles = items(record.inputs, "workloadProfiles")
    cpu, memory = total_resources(items(inputs, "template.containers"))
    if not profiles:
        too_much = f"{cpu} CPU in an environment without workload profiles (Consumption only: at most 2 CPU and 4Gi)"
        return None if cpu <= 2 else too_much
    name = text(inputs, "workloadProfileName")
    kind = next((text(one, "workloadProfileType") for one in profiles if text(one, "name") == name), "")
    size = PROFILE_SIZES.get(kind)
    if size is None or (cpu <= size[0] and memory <= size[1]):
        return None
    node = f"{kind}: {size[0]} CPU and {size[1]}Gi a node"
    return f"{cpu} CPU and {memory}Gi on workload profile {name!r} ({node})"


TEMPLATE_CLOUD_RULES: tuple[Rule, ...] = (
    EachNeeds(
        path="template.volumes[*]",
        name="exists:volumes",
        test=_storage,
        says="create the ManagedEnvironmentsStorage first and let the app depend on it",
        source=_VOLUMES,
    ),
    NeedsInCloud(
        path="workloadProfileName",
        name="exists:workloadProfileName",
        test=_profile,
        says="name one of the environment's workloadProfiles",
        source="https://learn.microsoft.com/azure/container-apps/workload-profiles-overview",
    ),
    NeedsInCloud(
        path="template.containers",
        name="fits:containers",
        test=_fits,
        says="ask for less, or run on a larger workload profile",
        source="https://learn.microsoft.com/azure/container-apps/workload-profiles-overview",
    ),
)
