"""What a container is joined to: ports, networks, volumes, files (what inputs alone decide)."""

from __future__ import annotations

from sandbox.core.rules import AtMostOne, Between, ExactlyOne, Forbidden, Must, OneOf, Pattern, Rule, UniqueItems
from sandbox.core.values import Props
from sandbox.docker.daemon import PROVIDER
from sandbox.docker.names import VOLUME_NAME
from sandbox.docker.types.container import values

__all__ = ["RULES"]

CONTAINER_GO = f"{PROVIDER}/resource_docker_container.go"
VERIFY = "https://github.com/moby/moby/blob/master/daemon/container.go"
RUN = "https://docs.docker.com/reference/cli/docker/container/run/"


def _host_network(props: Props) -> bool:
    mode = props.get("networkMode", "bridge")
    return isinstance(mode, str) and (mode in ("host", "none") or mode.startswith("container:"))


RULES: tuple[Rule, ...] = (
    Between(path="ports[*].internal", least=1, most=65535, source=RUN + "#publish"),
    Between(path="ports[*].external", least=0, most=65535, source=RUN + "#publish"),
    OneOf(path="ports[*].protocol", values=("tcp", "udp", "sctp"), code="invalid proto", source=RUN + "#publish"),
    Must(
        path="ports[*].ip",
        test=lambda value, props: value == "" or values.address(value, props),
        says="must be an address of the host, e.g. 127.0.0.1",
        source=RUN + "#publish",
    ),
    Must(
        path="ports",
        test=values.ports_once,
        says="publishes one port of the host twice",
        code="port is already allocated",
        source=RUN,
    ),
    Forbidden(
        path="networksAdvanced",
        when=_host_network,
        says="can't be used with networkMode host, none or container:…",
        code="container cannot be connected to another network",
        source="https://github.com/moby/moby/blob/master/daemon/container_operations.go",
    ),
    UniqueItems(path="networksAdvanced", key="name", code="endpoint already exists in network", source=CONTAINER_GO),
    Must(
        path="networksAdvanced[*].ipv4Address",
        test=values.ipv4,
        says="must be an IPv4 address",
        source=RUN + "#ip",
    ),
    Must(
        path="networksAdvanced[*]",
        name="must:networksAdvanced[*].name",
        test=values.own_network,
        says="an ipv4Address or aliases need a docker.Network; Docker's own (bridge, host, none) have neither",
        code="invalid endpoint settings",
        source="https://github.com/moby/moby/blob/master/daemon/container_operations.go",
    ),
    Must(
        path="volumes",
        test=values.mount_points,
        says="mounts two things in one place",
        code="Duplicate mount point",
        source=VERIFY,
    ),
    Pattern(
        path="volumes[*].containerPath",
        regex=r"/.+",
        says="must be an absolute path, and not / itself",
        code="invalid mount path",
        source="https://github.com/moby/moby/blob/master/volume/mounts/linux_parser.go",
    ),
    Pattern(
        path="volumes[*].volumeName",
        regex=VOLUME_NAME,
        says="is not a volume's name: at least two of letters, digits, _ . -, beginning with a letter or digit",
        code="invalid characters for a local volume name",
        source="https://github.com/moby/moby/blob/v28.5.2/volume/local/local.go",
    ),
    Pattern(
        path="volumes[*].hostPath",
        regex=r"/.*",
        says="must be an absolute path",
        source=f"{PROVIDER}/validators.go",
    ),
    AtMostOne(
        path="volumes[*]",
        fields=("volumeName", "hostPath", "fromContainer"),
        says="takes one source: volumeName, hostPath or fromContainer; none makes an anonymous volume",
        source=f"{PROVIDER}/resource_docker_container_structures.go",
    ),
    Must(
        path="volumes[*]",
        test=lambda value, _: ("containerPath" in value) != ("fromContainer" in value),
        says="needs containerPath, or fromContainer without it",
        source=f"{PROVIDER}/resource_docker_container_structures.go",
    ),
    OneOf(path="volumes[*].selinuxRelabel", values=("z", "Z"), source=CONTAINER_GO),
    OneOf(path="mounts[*].type", values=("bind", "volume", "tmpfs"), source=CONTAINER_GO),
    Pattern(
        path="mounts[*].target",
        regex=r"/.+",
        says="must be an absolute path",
        code="invalid mount path",
        source=RUN + "#mount",
    ),
    Must(
        path="mounts[*]",
        test=values.mount,
        says="bind needs an absolute source, volume takes a volume's name, tmpfs takes none",
        code="invalid mount config",
        source="https://github.com/moby/moby/blob/master/volume/mounts/linux_parser.go",
    ),
    Must(
        path="tmpfs",
        test=values.tmpfs,
        says="takes absolute paths with mount options",
        code="invalid tmpfs option",
        source=RUN + "#tmpfs",
    ),
    Forbidden(
        path="uploads",
        when=values.equals("readOnly", True),
        says="can't be written where the root is read-only, not even below a volume, as the provider copies every "
        "file through /: let another container without readOnly put it into the volume",
        code="Error response from daemon: container rootfs is marked read-only",
        source=f"{PROVIDER}/resource_docker_container_funcs.go",
    ),
    ExactlyOne(
        path="uploads[*]",
        fields=("content", "contentBase64", "source"),
        source=f"{PROVIDER}/resource_docker_container_funcs.go",
    ),
    Pattern(path="uploads[*].file", regex=r"/.+", says="must be an absolute path in the container", source=""),
    Must(
        path="uploads[*].contentBase64",
        test=values.base64_text,
        says="must be base64",
        source=f"{PROVIDER}/validators.go",
    ),
    *(
        Forbidden(
            path=f"uploads[*].{name}",
            says="is not what comes of it: asked for an owner, the engine gives the file to the user of the container "
            "or of its image (20.10 looks that one up on the host, where it fails). Upload without it, and run `chown` "
            "in that container",
            source="https://github.com/moby/moby/blob/v28.5.2/daemon/archive_tarcopyoptions_unix.go",
        )
        for name in ("owner", "group")
    ),
    Pattern(
        path="uploads[*].permissions",
        regex=r"0[0-7]{3}",
        says="must be an octal mode such as 0600",
        source=CONTAINER_GO,
    ),
)
