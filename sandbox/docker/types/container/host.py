"""What the host decides about a container: image, free names and ports, networks and volumes that exist."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from fractions import Fraction

from sandbox.core.records import Cloud, Computing, Record
from sandbox.core.rules import NeedsInCloud, Rule, Unique
from sandbox.core.values import UNKNOWN, Props, Value
from sandbox.docker import names as reference
from sandbox.docker.containers import CONTAINER, IMAGE, VOLUME
from sandbox.docker.daemon import PROVIDER, daemon, digest, host_record, images_on, named, on_host
from sandbox.docker.types.container import values
from sandbox.docker.types.network.network import NETWORK
from sandbox.scene import HOST

__all__ = ["CONTAINER", "RULES", "network_data", "pulled"]

FUNCS = f"{PROVIDER}/resource_docker_container_funcs.go"
MOBY = "https://github.com/moby/moby/blob/master/daemon"


def _others(inputs: Props, cloud: Cloud, config: Props) -> list[Props]:
    """The containers of this host, but for the one of the same name (it is this one, at an update)."""
    return [one.inputs for one in on_host(cloud, CONTAINER, config) if one.inputs.get("name") != inputs.get("name")]


def _image(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    """A name is pulled, should the host lack it; an id is in no registry, so it must be there."""
    image = inputs.get("image")
    if not isinstance(image, str) or image in images_on(cloud, config) or reference.is_one(image):
        return None
    return f"Unable to create container with image {image}: unable to find or pull image {image}"


def pulled(computing: Computing) -> None:
    """What findImage pulls for a container is on the host from then on, whoever asked for it (keepLocally)."""
    image = str(computing.inputs["image"])
    if image in images_on(computing.cloud, computing.config):
        return
    outputs = {"name": image, "imageId": reference.image_id(image), "repoDigest": reference.repo_digest(image)}
    computing.cloud.put(
        Record(
            id=reference.image_id(image) + image,
            token=IMAGE,
            inputs={"name": image, "keepLocally": True},
            outputs=outputs,
            scope=daemon(computing.config),
        )
    )


def _bindings(inputs: Props) -> list[tuple[int, str, str]]:
    ports = inputs.get("ports")
    found = []
    for item in ports if isinstance(ports, list) else ():
        external = item.get("external") if item is not UNKNOWN else None
        if isinstance(external, (int, float)) and external:
            found.append((int(external), item.get("protocol", "tcp"), item.get("ip") or "0.0.0.0"))  # noqa: S104 - Docker's default
    return found


def _clash(one: tuple[int, str, str], other: tuple[int, str, str]) -> bool:
    wild = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound
    return one[:2] == other[:2] and (one[2] == other[2] or one[2] in wild or other[2] in wild)


def _port_taken(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    record = host_record(config, cloud)
    reached = record is not None and record.token == HOST
    ssh = [(int(record.inputs.get("port", 22)), "tcp", "0.0.0.0")] if record and reached else []  # noqa: S104 - compared with, not bound
    taken = ssh + [binding for other in _others(inputs, cloud, config) for binding in _bindings(other)]
    for mine in _bindings(inputs):
        if any(_clash(mine, other) for other in taken):
            return (
                "Unable to start container: driver failed programming external connectivity on endpoint "
                f"{inputs.get('name')}: Bind for {mine[2]}:{mine[0]} failed: port is already allocated"
            )
    return None


def _no_way_in(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    networks = inputs.get("networksAdvanced")
    known = [one.get("name") for one in networks if one is not UNKNOWN] if isinstance(networks, list) else []
    found = [named(cloud, NETWORK, config, name) for name in known if name is not UNKNOWN]
    if not _bindings(inputs) or len(found) != len(networks or ()):
        return None
    if found and all(one is not None and one.inputs.get("internal") is True for one in found):
        return "every network of it is internal, so Docker would start it and publish no port, without a word"
    return None


def _networks(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    wanted = [one.get("name") for one in inputs.get("networksAdvanced") or [] if one is not UNKNOWN]
    for name in wanted:
        if name is not UNKNOWN and name not in values.BUILT_IN and named(cloud, NETWORK, config, name) is None:
            return f"Unable to connect to network '{name}': network {name} not found"
    return None


def _network_mode(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    mode = inputs.get("networkMode")
    if not isinstance(mode, str) or mode in values.BUILT_IN:
        return None
    if mode.startswith("container:"):
        found = named(cloud, CONTAINER, config, mode.removeprefix("container:"))
        return None if found else f"No such container: {mode.removeprefix('container:')}"
    return None if named(cloud, NETWORK, config, mode) else f"network {mode} not found"


def _held(network: Record) -> set[str]:
    """The addresses of a network that Docker holds itself: its own, the broadcast's, the gateway's, auxiliary ones."""
    held: set[str] = set()
    for item in network.inputs.get("ipamConfigs") or []:
        if not item.get("subnet"):
            continue
        net = ipaddress.ip_network(str(item.get("subnet")))
        if net.version == 4 and net.prefixlen < 31:
            held |= {str(net[0]), str(net[-1])}
        if item.get("gateway"):
            held.add(str(item["gateway"]))
        elif not item.get("ipRange") and network.inputs.get("driver", "bridge") == "bridge" and net.num_addresses > 1:
            held.add(str(net[1]))  # with a range it is the range's first free one: not known here
        held |= {str(address) for address in (item.get("auxAddress") or {}).values()}
    return held


def _addresses(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    found = [one for one in inputs.get("networksAdvanced") or [] if one is not UNKNOWN]
    for field, one in [(field, one) for one in found for field in ("ipv4Address", "ipv6Address")]:
        address = one.get(field)
        record = named(cloud, NETWORK, config, one.get("name")) if isinstance(address, str) else None
        if record is None or not values.address(address, inputs):
            continue
        nets = [item["subnet"] for item in record.inputs.get("ipamConfigs") or [] if item.get("subnet")]
        version = ipaddress.ip_address(str(address)).version
        subnets = [net for net in nets if ipaddress.ip_network(str(net)).version == version]
        if not subnets:
            return (
                "user specified IP address is supported only when connecting to networks with user configured subnets"
            )
        if not any(ipaddress.ip_address(str(address)) in ipaddress.ip_network(str(net)) for net in subnets):
            return f"no configured subnet contains IP address {address}"
        if address in _held(record):
            return f"Address already in use ({address} is the network's own, its broadcast's or its gateway's)"
        for other in _others(inputs, cloud, config):
            for item in other.get("networksAdvanced") or []:
                if item.get("name") == one.get("name") and item.get(field) == address:
                    return "Address already in use"
    return None


def _volumes(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    volumes, mounts = inputs.get("volumes"), inputs.get("mounts")
    wanted = [one.get("volumeName") for one in (volumes if isinstance(volumes, list) else ()) if one is not UNKNOWN]
    wanted += [
        one.get("source")
        for one in (mounts if isinstance(mounts, list) else ())
        if one is not UNKNOWN and one.get("type") == "volume"
    ]
    for name in wanted:
        if isinstance(name, str) and named(cloud, VOLUME, config, name) is None:
            return f"there is no volume {name!r} on this host"
    return None


def _from_container(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    volumes = inputs.get("volumes")
    for one in volumes if isinstance(volumes, list) else ():
        source = one.get("fromContainer") if one is not UNKNOWN else None
        if isinstance(source, str) and named(cloud, CONTAINER, config, source) is None:
            return f"No such container: {source}"
    return None


def _processors(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    record, wanted = host_record(config, cloud), inputs.get("cpus")
    there = record.inputs.get("cpus") if record else None
    if isinstance(wanted, str) and there and Fraction(wanted) > Fraction(str(there)):
        return f"range of CPUs is from 0.01 to {float(there):.2f}, as there are only {there} CPUs available"
    return None


def _processor_set(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    record, wanted = host_record(config, cloud), inputs.get("cpuSet")
    there = record.inputs.get("cpus") if record else None
    if not isinstance(wanted, str) or not there:
        return None
    if max(map(int, re.findall(r"\d+", wanted)), default=0) < float(there):
        return None
    available = "0" if float(there) < 2 else f"0-{int(float(there)) - 1}"
    return f"Requested CPUs are not available - requested {wanted}, available: {available}"


def _joined(field: str, namespace: str) -> Callable[[Props, Cloud, Props], str | None]:
    def test(inputs: Props, cloud: Cloud, config: Props) -> str | None:
        mode = inputs.get(field)
        if not isinstance(mode, str) or not mode.startswith("container:"):
            return None
        name = mode.removeprefix("container:")
        missing = f"failed to join {namespace} namespace: No such container: {name}"
        found = named(cloud, CONTAINER, config, name)
        if found is None:
            return missing
        if found.inputs.get("start") is False:
            return f"cannot join {namespace} of a non running container: {name}"
        if namespace == "IPC" and found.inputs.get("ipcMode", "private") not in ("shareable", "host"):
            return f"can't join IPC of container {name}: non-shareable IPC (hint: use IpcMode:shareable for the donor)"
        return None

    return test


RULES: tuple[Rule, ...] = (
    NeedsInCloud(
        path="image",
        test=_image,
        says="an id must be of an image on this host; a name is pulled. An image that was pruned there is in Pulumi's "
        "state still, with its id: pass the container its name",
        source=FUNCS,
    ),
    Unique(
        path="name",
        token=CONTAINER,
        scope=daemon,
        code="Conflict",
        says="is already in use by a container of this host. You have to remove (or rename) that "
        "container to be able to "
        "reuse that name. At a replacement Pulumi creates the new one first: leave out `name`, or "
        "set deleteBeforeReplace",
        source=f"{MOBY}/names.go",
    ),
    NeedsInCloud(path="ports", test=_port_taken, says="choose another port of the host", source=f"{MOBY}/libnetwork"),
    NeedsInCloud(
        path="ports",
        name="needsincloud:ports:internal",
        test=_no_way_in,
        says="attach a network that is not internal, or publish nothing",
        source="https://github.com/moby/moby/issues/36174",
    ),
    NeedsInCloud(
        path="networksAdvanced",
        test=_networks,
        says="create it with docker.Network on this host",
        source=FUNCS,
    ),
    NeedsInCloud(
        path="networkMode",
        test=_network_mode,
        says="must be bridge, host, none or an existing network",
        source=FUNCS,
    ),
    NeedsInCloud(
        path="networksAdvanced",
        name="needsincloud:networksAdvanced[*].ipv4Address",
        test=_addresses,
        says="give an address of the network's own subnet that neither Docker nor another container has",
        source=f"{MOBY}/container_operations.go",
    ),
    NeedsInCloud(
        path="volumes",
        test=_volumes,
        says="create it with docker.Volume (Docker would make an unmanaged one: not simulated)",
        source="https://docs.docker.com/engine/storage/volumes/",
    ),
    NeedsInCloud(
        path="volumes",
        name="needsincloud:volumes[*].fromContainer",
        test=_from_container,
        says="create that container first",
        source=f"{MOBY}/volumes.go",
    ),
    NeedsInCloud(
        path="cpus",
        test=_processors,
        says="ask for fewer",
        source=f"{MOBY}/daemon_unix.go",
    ),
    NeedsInCloud(
        path="cpuSet",
        test=_processor_set,
        says="name processors that the host has; they are counted from 0",
        source=f"{MOBY}/daemon_unix.go",
    ),
    *(
        NeedsInCloud(
            path=field,
            test=_joined(field, namespace),
            says="create that container first",
            source=f"{MOBY}/oci_linux.go",
        )
        for field, namespace in (("pidMode", "PID"), ("ipcMode", "IPC"))
    ),
)


def network_data(computing: Computing) -> Value:
    """The addresses on each network: as asked for, else stable ones inside the network's range."""
    inputs, mode = computing.inputs, computing.inputs.get("networkMode", "bridge")
    wanted = {one["name"]: one for one in inputs.get("networksAdvanced") or [] if isinstance(one, dict)}
    found = []
    for name, asked in (wanted or {mode: {}}).items():
        record = named(computing.cloud, NETWORK, computing.config, name)
        standard = [{"subnet": "172.17.0.0/16", "gateway": "172.17.0.1"}]
        configs = record.outputs.get("ipamConfigs") if record else standard
        if not configs or mode in ("host", "none"):
            continue
        net = ipaddress.ip_network(str(configs[0]["subnet"]))
        room = max(1, min(net.num_addresses, 65534) - 4)
        free = net[2 + int(digest(str(inputs["name"]), str(name))[:6], 16) % room]
        address = ipaddress.ip_address(str(asked.get("ipv4Address") or free))
        found.append(
            {
                "networkName": str(record.inputs.get("name")) if record else str(name),
                "ipAddress": str(address),
                "ipPrefixLength": net.prefixlen,
                "gateway": configs[0].get("gateway", str(net[1])),
                "macAddress": "02:42:" + ":".join(f"{byte:02x}" for byte in address.packed[-4:]),
            }
        )
    return found
