"""A Docker container: the resource type. Nothing runs.

The rules that inputs alone decide are in `docker_container_process`, `_limits`, `_mounts`; what other things
on the host decide (image, names, ports, networks, volumes) is in `docker_container_host`.
"""

from __future__ import annotations

from sandbox.core.kinds import ResourceType
from sandbox.docker.daemon import PROVIDER, daemon, digest
from sandbox.docker.types.container import host, joined, limits, mounts, process, read

__all__ = ["TYPES"]

CONTAINER_GO = f"{PROVIDER}/resource_docker_container.go"
RUN = "https://docs.docker.com/reference/cli/docker/container/run/"

REPLACES = (
    *(
        "name",
        "image",
        "readOnly",
        "hostname",
        "domainname",
        "command",
        "entrypoints",
        "user",
        "dns",
        "dnsOpts",
    ),
    *(
        "dnsSearches",
        "publishAllPorts",
        "workingDir",
        "capabilities",
        "securityOpts",
        "runtime",
        "platform",
        "stopSignal",
    ),
    *(
        "stopTimeout",
        "mounts",
        "volumes",
        "ports",
        "hosts",
        "ulimits",
        "envs",
        "privileged",
        "labels",
        "shmSize",
    ),
    *(
        "logDriver",
        "logOpts",
        "networkMode",
        "networksAdvanced",
        "pidMode",
        "usernsMode",
        "uploads",
        "sysctls",
        "ipcMode",
    ),
    *("groupAdds", "tty", "stdinOpen", "cpus", "cgroupnsMode"),
)
UPDATES = (
    *("rm", "start", "attach", "wait", "waitTimeout", "mustRun", "restart", "maxRetryCount", "removeVolumes", "tmpfs"),
    *(
        "destroyGraceSeconds",
        "memory",
        "memoryReservation",
        "memorySwap",
        "cpuShares",
        "cpuSet",
        "healthcheck",
        "init",
    ),
    "containerReadRefreshTimeoutMilliseconds",
)

TYPES = (
    ResourceType(
        token=host.CONTAINER,
        about="A container on a Docker host. Most changes replace it; memory, restart, shares and processors are "
        "updated in place. Another healthcheck, tmpfs, init or rm is called an update too, and the container stays as "
        "it was, as the next refresh shows. `cpus` comes back as the provider writes it (2 as 2.0): another form is a "
        "replacement.",
        sources=(CONTAINER_GO, f"{PROVIDER}/resource_docker_container_funcs.go", RUN),
        properties=(*REPLACES, *UPDATES),
        named_by="name",
        autoname=lambda name, seed: f"{name}-{seed.hex()[:7]}",
        rules=(*process.RULES, *limits.RULES, *mounts.RULES, *joined.RULES, *host.RULES),
        id=lambda c: digest(
            "container", daemon(c.config), str(c.inputs["name"]), repr(sorted(c.inputs.items(), key=repr))
        ),
        computed={
            "bridge": lambda c: "",
            "networkDatas": host.network_data,
            "hostname": lambda c: c.inputs.get("hostname") or digest("hostname", str(c.inputs["name"]))[:12],
            "logDriver": lambda c: c.inputs.get("logDriver", "json-file"),
            "runtime": lambda c: c.inputs.get("runtime", "runc"),
            "ipcMode": lambda c: c.inputs.get("ipcMode", "private"),
            "shmSize": lambda c: c.inputs.get("shmSize", 64),
            "init": lambda c: c.inputs.get("init", False),
            "exitCode": process.exit_code,
        },
        replaces=REPLACES,
        sets=read.SETS,
        delete_before_replace=True,
        written_back=read.written_back,
        carried_out=read.carried_out,
        on_create=host.pulled,
        defaults={
            **{"restart": "no", "start": True, "mustRun": True, "rm": False, "readOnly": False, "tty": False},
            **{
                "stdinOpen": False,
                "attach": False,
                "networkMode": "bridge",
                "removeVolumes": True,
                "wait": False,
                "waitTimeout": 60,
            },
            **{"memoryReservation": 0, "containerReadRefreshTimeoutMilliseconds": 15000},
        },
        scope=daemon,
        not_checked=(
            "what the image itself declares (its user, command, ports and health check)",
            "that the host has the memory and the processors (only cpus and cpuSet against the host record's `cpus`)",
            "devices, GPUs, storage options and logs: refused as not simulated",
            "how the command of an attached container ends: `false`, and `exit N` of a shell, end as they say, "
            "all others well",
            "what a health check that is not wholly given takes from the image's own",
        ),
    ),
)
