"""Docker: containers, images, networks, volumes (kreuzwerker/terraform-provider-docker 4.5.0, internal/provider).

What is a default of the provider's is told by its real bridge, and stands here too: `start`, `rm`, `logs` and so on.
"""

from __future__ import annotations

from collections.abc import Mapping

from policy.known.kind import ANY, INTENT, TEXT, Allowed, Default, Kind, Like, Named, Only, Within
from policy.known.names import CONTAINER

__all__ = ["KINDS"]

_SECONDS = Like(r"(\d{1,2}h)?(\d{1,2}m)?(\d{1,3}s)?", "a duration as in 1m30s")
_FOLDER = r"(rw|nosuid|nodev|noexec|size=\d{1,4}m|mode=0?[0-7]{3}|uid=\d+|gid=\d+)"
_TMPFS = Like(
    rf"(?=.*\bnosuid\b)(?=.*\bnodev\b)(?=.*\bsize=)(?!.*mode=0?[0-7][0-7][2367]){_FOLDER}(,{_FOLDER})*",
    "bounded, nosuid, nodev and nobody else's to write",
)
_CONTAINER: Mapping[str, Allowed] = {
    "name": Named(CONTAINER),
    "image": ANY,  # images-pinned
    "entrypoints[]": TEXT,
    "command[]": TEXT,
    "envs[]": TEXT,
    "user": Like(r"\d+:\d+", "a user and a group as numbers, as in 1000:1000"),
    "cpus": ANY,
    "memory": ANY,  # containers-hardened, host-memory
    "memorySwap": ANY,  # containers-hardened
    "memoryReservation": Default(0),
    "shmSize": Within(1, 16384),
    "tmpfs.*": _TMPFS,
    "ulimits[].name": Only("nofile"),
    "ulimits[].soft": Within(1, 1_048_576),
    "ulimits[].hard": Within(1, 1_048_576),
    "init": Only(True),
    "readOnly": ANY,  # containers-hardened
    "privileged": Default(False),
    "capabilities.adds[]": ANY,  # containers-hardened
    "capabilities.drops[]": ANY,
    "securityOpts[]": Only("no-new-privileges:true"),
    "networkMode": ANY,  # networks-own
    "networksAdvanced[].name": ANY,  # networks-own
    "networksAdvanced[].aliases[]": ANY,
    "networksAdvanced[].ipv4Address": ANY,
    "ports[].internal": Within(1, 65535),
    "ports[].external": Within(1, 65535),
    "ports[].ip": ANY,  # edge-publishes
    "ports[].protocol": Only("tcp", "udp"),
    "volumes[].volumeName": Named(CONTAINER),  # and volumes-own
    "volumes[].containerPath": ANY,
    "volumes[].hostPath": ANY,  # host-untouched
    "volumes[].readOnly": ANY,
    "uploads[].file": Like(r"/run/secrets/[A-Za-z0-9][A-Za-z0-9._-]*", "a file right below /run/secrets"),
    "uploads[].content": TEXT,
    "uploads[].permissions": Only("0400"),
    "uploads[].executable": Default(False),
    "labels[].label": ANY,  # labels-known
    "labels[].value": TEXT,
    "logDriver": Only("local"),
    "logOpts.max-size": Like(r"[1-9]\d?m", "at most 99m"),
    "logOpts.max-file": Like(r"[1-9]", "at most 9"),
    "healthcheck.tests[]": TEXT,
    "healthcheck.interval": _SECONDS,
    "healthcheck.timeout": _SECONDS,
    "healthcheck.startPeriod": _SECONDS,
    "healthcheck.startInterval": Default("0s"),
    "healthcheck.retries": Within(0, 20),
    "restart": ANY,  # containers-hardened
    "start": Default(True),
    "attach": ANY,  # containers-hardened
    "mustRun": ANY,
    "wait": ANY,
    "waitTimeout": Within(1, 7200),
    "stopTimeout": Within(1, 3600),
    "destroyGraceSeconds": Within(1, 3600),
    "containerReadRefreshTimeoutMilliseconds": Default(15000),
    "rm": Default(False),
    "logs": Default(False),  # the state would have them in plain
    "tty": Default(False),
    "stdinOpen": Default(False),
    "removeVolumes": Default(True),
}
_MARKED: Mapping[str, Allowed] = {
    "labels[].label": Only(INTENT, "smarteros.tenant"),
    "labels[].value": Like(r"[a-z0-9-]{1,63}", "a tenant's name or the mark of an intent"),
}

KINDS: Mapping[str, Kind] = {
    "docker:index/container:Container": Kind(properties=_CONTAINER, required=("name", "image"), in_tenants=True),
    "docker:index/remoteImage:RemoteImage": Kind(
        properties={
            "name": ANY,  # images-pinned
            "keepLocally": Only(True),
            "platform": Default(""),
        },
        required=("name",),
        in_tenants=True,
    ),
    "docker:index/network:Network": Kind(
        properties={
            "name": ANY,  # networks-own
            "driver": Only("bridge"),
            "internal": ANY,  # data-networks-internal
            "ipamDriver": Default("default"),
            "ipamConfigs[].subnet": ANY,
            "ipamConfigs[].ipRange": ANY,
            "ipamConfigs[].gateway": ANY,
            **_MARKED,
        },
        required=("name",),
    ),
    "docker:index/volume:Volume": Kind(
        properties={"name": Named(CONTAINER), "driver": Default("local"), **_MARKED},
        required=("name",),
        in_tenants=True,
    ),
}
