"""No container gets hold of its host: not privileged, not in its namespaces, no folder of it, no device.

Docker's socket is the host's root account. Its reading proxy alone has it, and read-only. On a developer's own machine
the socket is where the settings say: an engine without root has another one.
"""

from __future__ import annotations

from collections.abc import Iterator

from policy.rule import Facts, Props, Resource, Rule, each, part

SOCKET = "/var/run/docker.sock"
READER = "traefik-docker-api"
_NAMESPACES = ("networkMode", "pidMode", "ipcMode", "usernsMode")


def _check(resource: Resource, facts: Facts) -> Iterator[str]:
    inputs, name = resource.inputs, str(resource.inputs.get("name", resource.name))
    if inputs.get("privileged") is True:
        yield f"container {name} is privileged: name the one capability that it needs instead"
    for key in _NAMESPACES:
        shared = str(inputs.get(key, "")).strip().lower()
        if shared == "host":
            yield f"container {name} shares the host's {key}: leave {key} out"
        elif shared.startswith("container:"):
            yield f"container {name} shares the {key} of another: leave {key} out"
    for network in each(inputs.get("networksAdvanced")):
        if str(part(network).get("name", "")).strip().lower() == "host":
            yield f"container {name} is in the host's own network: one of the system's"
    for volume in each(inputs.get("volumes")):
        if part(volume).get("fromContainer"):
            yield f"container {name} has the volumes of {part(volume)['fromContainer']}: name the volume"
    for device in each(inputs.get("devices")):
        yield f"container {name} has the device {part(device).get('hostPath')}: no service here needs one"
    socket = facts.socket or SOCKET
    for path, writable in _host_paths(inputs):
        if path == socket and facts.is_called(name, READER) and not writable:
            continue
        is_socket = path in (SOCKET, socket)
        what = "Docker's socket is root on the host" if is_socket else "a folder of the host is outside of backups"
        yield f"container {name} mounts {path} of the host ({what}): use a volume, or the socket proxy"


def _host_paths(inputs: Props) -> Iterator[tuple[str, bool]]:
    for volume in each(inputs.get("volumes")):
        path = part(volume).get("hostPath")
        if isinstance(path, str) and path:
            yield path, part(volume).get("readOnly") is not True
    for mount in each(inputs.get("mounts")):
        # No service here has one: a folder in memory is a tmpfs, a volume stands in volumes.
        yield f"{part(mount).get('source', '')} ({part(mount).get('type', 'mounts')})", True


RULE = Rule(
    name="host-untouched",
    says="No container gets hold of its host.",
    types=("docker:index/container:Container",),
    check=_check,
    everywhere=True,
    needs_facts=True,
)
