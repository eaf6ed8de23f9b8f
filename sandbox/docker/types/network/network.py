"""Docker networks on a simulated daemon: names, drivers, address ranges. No packet flows."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from sandbox.core.kinds import ResourceType
from sandbox.core.records import Cloud
from sandbox.core.rules import Must, NeedsInCloud, OneOf, Pattern, Unique, UniqueItems
from sandbox.core.values import Props, Value
from sandbox.docker.containers import CONTAINER
from sandbox.docker.daemon import PROVIDER, daemon, digest, on_host
from sandbox.docker.names import LABEL_GO
from sandbox.docker.types.network import ranges

__all__ = ["NETWORK", "TYPES", "attached_to"]

NETWORK = "docker:index/network:Network"
MOBY = "https://github.com/moby/moby/blob/master/daemon"
POOLS = "https://docs.docker.com/engine/network/#automatic-subnet-allocation"

_DOCKER0 = ipaddress.ip_network("172.17.0.0/16")
"""The pool of the default bridge, which every engine has (daemon.json `bip` is not simulated)."""


def _is_network(value: Value, _: Props) -> bool:
    return "/" in str(value) and ranges.network(value) is not None


def _inside(field: str) -> Callable[[Value, Props], bool | str]:
    def test(config: Value, _: Props) -> bool | str:
        subnet, value = config.get("subnet"), config.get(field)
        if value is None or subnet is None:
            return True if value is None else f"{field} {value} without a subnet"
        whole = ranges.network(subnet)
        if whole is None:
            return True  # the rule on subnet says it
        try:
            part = ipaddress.ip_network(value)
        except ValueError:
            return f"{value!r} is not an address"
        return (part.version == whole.version and part.subnet_of(whole)) or f"{value} is not inside {subnet}"  # type: ignore[arg-type] # same version: checked before

    return test


def _overlap(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    given = [one.get("subnet") for one in inputs.get("ipamConfigs") or [] if isinstance(one, dict)]
    mine = [net for net in map(ranges.network, given) if net]
    if any(ranges.overlap(net, _DOCKER0) for net in mine):
        return "Pool overlaps with other one on this address space (bridge, Docker's own)"
    for record in on_host(cloud, NETWORK, config):
        if record.inputs.get("name") == inputs.get("name"):
            continue
        for one in record.inputs.get("ipamConfigs") or []:
            other = ranges.network(one.get("subnet"))
            if other and any(ranges.overlap(net, other) for net in mine):
                return f"Pool overlaps with other one on this address space ({record.inputs.get('name')})"
    return None


def _parent_taken(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    """Each parent interface has one macvlan network, or one of ipvlan."""
    mine = (inputs.get("options") or {}).get("parent")
    if inputs.get("driver") not in ("macvlan", "ipvlan") or not mine:
        return None
    for record in on_host(cloud, NETWORK, config):
        theirs = (record.inputs.get("options") or {}).get("parent")
        if record.inputs.get("name") != inputs.get("name") and theirs == mine:
            return f"network {record.id} is already using parent interface {mine}"
    return None


def attached_to(cloud: Cloud, config: Props, name: object, identity: str = "") -> list[str]:
    """The names of the containers on this daemon that are on the network."""
    found = []
    for container in on_host(cloud, CONTAINER, config):
        networks = [item.get("name") for item in container.inputs.get("networksAdvanced") or []]
        networks.append(container.inputs.get("networkMode"))
        if name in networks or (identity and identity in networks):
            found.append(str(container.inputs.get("name")))
    return found


def _still_attached(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    name = inputs.get("name")
    identity = digest("network", daemon(config), str(name))
    attached = attached_to(cloud, config, name, identity)
    if not attached:
        return None
    return f'error while removing network: network {name} id {identity} has active endpoints (name:"{attached[0]}")'


def _subnet_given(computing_inputs: Props, host: str) -> list[dict[str, str]]:
    given = computing_inputs.get("ipamConfigs")
    if given:
        return [dict(one) for one in given]
    second = 18 + int(digest("pool", host, str(computing_inputs.get("name")))[:4], 16) % 14
    return [{"subnet": f"172.{second}.0.0/16", "gateway": f"172.{second}.0.1"}]


TYPES = (
    ResourceType(
        token=NETWORK,
        about="A network between containers on one Docker host. It can't be deleted while a container is on it.",
        sources=(
            f"{PROVIDER}/resource_docker_network.go",
            "https://docs.docker.com/reference/cli/docker/network/create/",
        ),
        properties=(
            *("attachable", "driver", "internal", "ipamConfigs", "ipamDriver", "ipamOptions"),
            *("ipv6", "labels", "name", "options"),
        ),
        named_by="name",
        autoname=lambda name, seed: f"{name}-{seed.hex()[:7]}",
        rules=(
            Pattern(
                path="name",
                regex=r"[a-zA-Z0-9][a-zA-Z0-9_.-]*",
                says="must be letters, digits, _ . - and begin with a letter or digit",
                source=f"{MOBY}/libnetwork/config/config.go",
            ),
            Must(
                path="name",
                name="must:name:predefined",
                test=lambda value, _: value not in ("bridge", "host", "none", "default"),
                says="is one of Docker's own networks (bridge, host, none, default): choose another name",
                code="operation is not permitted on predefined network",
                source=f"{MOBY}/network.go",
            ),
            OneOf(
                path="driver",
                values=("bridge", "macvlan", "ipvlan"),
                says="is not a driver of this host (simulated: bridge, macvlan, ipvlan; overlay needs a swarm)",
                source="https://docs.docker.com/engine/network/drivers/",
            ),
            OneOf(
                path="ipamDriver",
                values=("default", "null"),
                source="https://docs.docker.com/reference/cli/docker/network/create/",
            ),
            Must(
                path="ipamConfigs[*].subnet",
                test=_is_network,
                says="must be a network in CIDR form with no host bits, e.g. 172.28.0.0/16",
                code="invalid subnet",
                source=f"{MOBY}/network/ipam.go",
            ),
            Must(
                path="ipamConfigs[*]",
                name="must:ipamConfigs[*].gateway",
                test=_inside("gateway"),
                says="the gateway must be an address of the subnet",
                code="no matching subnet for gateway",
                source=f"{MOBY}/network/ipam.go",
            ),
            Must(
                path="ipamConfigs[*]",
                name="must:ipamConfigs[*].ipRange",
                test=_inside("ipRange"),
                says="the range must be part of the subnet",
                code="no matching subnet for range",
                source=f"{MOBY}/network/ipam.go",
            ),
            Must(
                path="ipamConfigs[*]",
                name="must:ipamConfigs[*].free-gateway",
                test=ranges.gateway_is_free,
                code="failed to allocate gateway",
                says="a subnet's first address names it, the last is the broadcast's; a single address is no subnet",
                source="https://github.com/moby/moby/blob/v28.5.2/libnetwork/ipam/allocator.go",
            ),
            Must(
                path="options",
                test=ranges.options,
                says="is not what the driver reads",
                code="invalid parameter",
                source=f"{MOBY}/libnetwork/drivers/bridge/bridge_linux.go",
            ),
            Must(
                path="ipamConfigs[*]",
                name="must:ipamConfigs[*].auxAddress",
                test=ranges.auxiliary,
                says="auxiliary addresses are of the subnet, and nobody else's",
                source="https://github.com/moby/moby/blob/v28.5.2/api/types/network/ipam.go",
            ),
            Must(
                path="ipamConfigs[*]",
                name="must:ipamConfigs[*].linkLocal",
                test=ranges.link_local,
                says="a subnet can't overlap with the link-local prefix fe80::/10",
                source=f"{MOBY}/libnetwork/drivers/bridge/setup_ipv6_linux.go",
            ),
            Must(
                path="ipamConfigs",
                name="overlap:ipamConfigs",
                test=ranges.own_ranges,
                code="Pool overlaps with other one on this address space",
                says="subnets of one network don't overlap",
                source=f"{MOBY}/libnetwork/ipams/defaultipam",
            ),
            Must(
                path="ipamConfigs",
                name="null:ipamConfigs",
                test=ranges.null_ranges,
                code="null ipam driver does not handle specific address pool requests",
                says="leave the subnets out, or the driver",
                source=f"{MOBY}/libnetwork/ipams/null/null.go",
            ),
            NeedsInCloud(
                path="options",
                name="needsincloud:options.parent",
                test=_parent_taken,
                says="choose another parent interface, or a VLAN of it",
                source=f"{MOBY}/libnetwork/drivers/macvlan/macvlan_network.go",
            ),
            UniqueItems(path="labels", key="label", source=LABEL_GO),
            Unique(
                path="name",
                token=NETWORK,
                scope=daemon,
                says="is the name of a network of this host already: choose another, or import that one",
                code="network with that name already exists",
                source=f"{MOBY}/network.go",
            ),
            NeedsInCloud(
                path="ipamConfigs",
                test=_overlap,
                code="invalid pool request",
                says="choose a range that no other network of this host has",
                source="https://docs.docker.com/reference/cli/docker/network/create/#specify-advanced-options",
            ),
        ),
        id=lambda c: digest("network", daemon(c.config), str(c.inputs["name"])),
        computed={
            "scope": lambda c: "local",
            "driver": lambda c: c.inputs.get("driver", "bridge"),
            "internal": lambda c: c.inputs.get("internal", False),
            "options": lambda c: c.inputs.get("options", {}),
            "ipamConfigs": lambda c: _subnet_given(c.inputs, daemon(c.config)),
        },
        replaces=(
            *("attachable", "driver", "internal", "ipamConfigs", "ipamDriver", "ipamOptions"),
            *("ipv6", "labels", "name", "options"),
        ),
        defaults={"ipamDriver": "default"},
        scope=daemon,
        deletion=(
            NeedsInCloud(
                path="name",
                name="deletion:attached",
                test=_still_attached,
                says="delete or replace the containers on it first (Pulumi: deleteBeforeReplace on them)",
                source=f"{PROVIDER}/resource_docker_network_funcs.go",
            ),
        ),
        not_checked=(
            "swarm networks (overlay, ingress): refused as not simulated",
            "that automatic ranges are free",
        ),
    ),
)
