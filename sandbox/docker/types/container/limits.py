"""What a container may use and do: memory, processors, capabilities, logs (what inputs alone decide)."""

from __future__ import annotations

from sandbox.core.rules import Between, Must, OneOf, Pattern, Rule, UniqueItems
from sandbox.docker.daemon import PROVIDER
from sandbox.docker.names import GO_BOOLEAN
from sandbox.docker.types.container import values
from sandbox.docker.types.container.logs import LOG_DRIVERS, log_options

__all__ = ["RULES"]

CONTAINER_GO = f"{PROVIDER}/resource_docker_container.go"
VERIFY = "https://github.com/moby/moby/blob/master/daemon/container.go"
RUN = "https://docs.docker.com/reference/cli/docker/container/run/"
RESOURCES = "https://docs.docker.com/engine/containers/resource_constraints/"
MEBIBYTES = "(in mebibytes)"


LIMITS: tuple[Rule, ...] = (
    Must(
        path="memory",
        test=lambda value, _: value == 0 or value >= 6,
        says=f"must be 0 (no limit) or at least 6 {MEBIBYTES}",
        code="Minimum memory limit allowed is 6MB",
        source=RESOURCES,
    ),
    Must(
        path="memorySwap",
        test=values.swap,
        says=f"must be -1 (unlimited) or at least memory, which must be set too {MEBIBYTES}",
        code="Minimum memoryswap limit should be larger than memory limit",
        source=RESOURCES,
    ),
    Must(
        path="memoryReservation",
        test=values.reservation,
        says=f"must be 0 or at least 6, and not more than memory {MEBIBYTES}",
        code="Minimum memory limit can not be less than memory reservation limit",
        source=RESOURCES,
    ),
    Between(path="shmSize", least=0, source=CONTAINER_GO),
    Must(
        path="cpus",
        test=values.cpus,
        says="must be a decimal text as Docker writes it back (1, 0.5, 1.25), at least 0.01",
        code="Error setting cpus",
        source="https://github.com/docker/cli/blob/master/opts/opts.go",
    ),
    Must(
        path="cpuShares",
        test=lambda value, _: value == 0 or 2 <= value <= 262144,
        says="must be 0 (the engine's own) or 2 to 262144",
        code="the minimum allowed cpu-shares is 2",
        source="https://www.kernel.org/doc/Documentation/scheduler/sched-design-CFS.txt",
    ),
    Pattern(
        path="cpuSet",
        regex=r"\d+([,-]\d+)*",
        says="must be processors such as 0-2 or 0,1",
        source=CONTAINER_GO,
    ),
    Must(
        path="ulimits[*]",
        test=values.ulimit,
        says="names one of Linux's limits; soft must not be more than hard",
        source="https://github.com/docker/go-units/blob/master/ulimit.go",
    ),
    UniqueItems(path="ulimits", key="name", source=CONTAINER_GO),
)

SECURITY: tuple[Rule, ...] = (
    *(
        Must(
            path=f"capabilities.{name}[*]",
            test=values.capability,
            says="must be ALL or a Linux capability with its prefix (CAP_CHOWN): Docker answers with "
            "the prefix, so a name"
            " without it replaces the container after each refresh",
            code="unknown capability",
            source="https://github.com/moby/moby/blob/master/daemon/pkg/oci/caps/utils.go",
        )
        for name in ("adds", "drops")
    ),
    Pattern(
        path="securityOpts[*]",
        regex=r"no-new-privileges([:=]" + GO_BOOLEAN + r")?|apparmor[:=].+|seccomp[:=].+|label[:=].+"
        r"|systempaths=unconfined|writable-cgroups=" + GO_BOOLEAN,
        says="is not a security option (no-new-privileges:true, apparmor=…, seccomp=…, label=…, "
        "systempaths=unconfined)",
        code="invalid --security-opt",
        source=RUN + "#security-opt",
    ),
    Must(
        path="sysctls",
        test=values.sysctls,
        says="only what has a namespace of its own: net.* (not with the host's network), "
        "kernel.shm*, kernel.msg*, kernel.sem,"
        " fs.mqueue.*",
        code="sysctl is not in a separate kernel namespace",
        source=RUN + "#sysctl",
    ),
    Pattern(
        path="pidMode",
        regex=r"|host|container:.+",
        says="must be host or container:<name>",
        code="invalid PID mode",
        source=VERIFY,
    ),
    Pattern(
        path="ipcMode",
        regex=r"|none|private|shareable|host|container:.+",
        says="must be none, private, shareable, host or container:<name>",
        code="invalid IPC mode",
        source=CONTAINER_GO,
    ),
    OneOf(
        path="cgroupnsMode",
        values=("private", "host"),
        source=f"{PROVIDER}/resource_docker_container_funcs.go",
    ),
    OneOf(path="usernsMode", values=("", "host"), code="invalid USER mode", source=RUN),
    OneOf(
        path="logDriver",
        values=LOG_DRIVERS,
        code="logger: no log driver is registered with that name",
        source="https://docs.docker.com/engine/logging/configure/",
    ),
    Must(
        path="logDriver",
        name="options:logDriver",
        test=lambda value, props: "logOpts" in props or log_options({}, {"logDriver": value}),
        says="has no default for that: give logOpts",
        code="invalid log opt",
        source="https://github.com/moby/moby/blob/v28.5.2/daemon/logger/gelf/gelf.go",
    ),
    Must(
        path="logOpts",
        test=log_options,
        says="takes the driver's own options; compressing needs max-file of 2 or more (`local` compresses by itself)",
        code="invalid log opt",
        source="https://github.com/moby/moby/blob/master/daemon/logger/local/config.go",
    ),
)

RULES = (*LIMITS, *SECURITY)
