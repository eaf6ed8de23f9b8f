"""A container's process: name, command, environment, restarts, health check (what inputs alone decide)."""

from __future__ import annotations

import re

from sandbox.core.records import Computing
from sandbox.core.rules import Between, Forbidden, Must, OneOf, Pattern, Required, Rule, UniqueItems
from sandbox.core.values import UNKNOWN, Props, Value
from sandbox.docker.daemon import PROVIDER
from sandbox.docker.types.container import values

__all__ = ["RULES", "exit_code"]

CONTAINER_GO = f"{PROVIDER}/resource_docker_container.go"
FUNCS = f"{PROVIDER}/resource_docker_container_funcs.go"
VERIFY = "https://github.com/moby/moby/blob/master/daemon/container.go"
RUN = "https://docs.docker.com/reference/cli/docker/container/run/"


def _restart_without_count(props: Props) -> bool:
    restart = props.get("restart", "no")
    return restart is not UNKNOWN and restart != "on-failure" and props.get("maxRetryCount") != 0


def _removed_and_restarted(props: Props) -> bool:
    return props.get("rm") is True and props.get("restart", "no") not in ("no", UNKNOWN)


def _is_left_alone(value: Value, props: Props) -> bool:
    return not value or props.get("mustRun", True) in (False, UNKNOWN)


def _is_not_restarted(value: Value, props: Props) -> bool:
    return not value or props.get("restart", "no") in ("no", "on-failure", UNKNOWN)


SIGNAL = (
    r"(?i)(SIG)?(ABRT|ALRM|BUS|CHLD|CLD|CONT|FPE|HUP|ILL|INT|IO|IOT|KILL|PIPE|POLL|PROF|PWR|QUIT|SEGV|STKFLT|STOP|SYS|TERM"
    r"|TRAP|TSTP|TTIN|TTOU|URG|USR1|USR2|VTALRM|WINCH|XCPU|XFSZ|RTMIN(\+\d+)?|RTMAX(-\d+)?)|[1-9]|[1-5]\d|6[0-4]"
)
NAMES: tuple[Rule, ...] = (
    Pattern(
        path="name",
        regex=r"[a-zA-Z0-9][a-zA-Z0-9_.-]+",
        says="is not a container name: at least two of letters, digits, _ . -, beginning with a letter or digit",
        code="Invalid container name",
        source="https://github.com/moby/moby/blob/master/daemon/names/names.go",
    ),
    Must(
        path="hostname",
        test=values.host_name,
        says="must be labels of letters, digits and - joined by dots, 63 characters at most",
        code="invalid hostname format",
        source=VERIFY,
    ),
    Must(
        path="command[*]",
        test=lambda value, _: value != "",
        says="values for command may not be empty",
        source=FUNCS,
    ),
    Pattern(
        path="user",
        regex=r"([^\s:]+)?(:[^\s:]+)?",
        says="must be user or user:group, by name or number",
        source="https://docs.docker.com/reference/dockerfile/#user",
    ),
    Must(
        path="user",
        name="range:user",
        test=values.ids_in_range,
        says="has numbers from 0 to 2147483647",
        code="uids and gids must be in range 0-2147483647",
        source="https://github.com/moby/sys/blob/main/user/user.go (ErrRange, GetExecUser)",
    ),
    Pattern(
        path="workingDir",
        regex=r"/.*",
        says="must be an absolute path",
        code="invalid working directory",
        source=VERIFY,
    ),
    Pattern(
        path="envs[*]",
        regex=r"(?s)[^=]+(=.*)?",
        says="must be KEY=VALUE, or KEY alone, which removes the image's variable",
        code="invalid environment variable",
        source=VERIFY,
    ),
    Must(
        path="envs",
        name="unique:envs",
        partial=True,
        test=values.unique_keys,
        says="sets the variable twice: the list is a set, which of the two wins is chance",
        source=CONTAINER_GO,
    ),
    UniqueItems(path="labels", key="label", source=CONTAINER_GO),
    Must(
        path="hosts[*].ip",
        test=values.address_or_gateway,
        says="must be an IP address or host-gateway",
        code="invalid IP address in add-host",
        source=RUN + "#add-host",
    ),
    Must(
        path="dns[*]",
        test=values.address,
        says="must be an IP address",
        code="IP address is not correctly formatted",
        source=RUN,
    ),
    Pattern(
        path="stopSignal",
        regex=SIGNAL,
        says="is not a signal, e.g. SIGTERM",
        code="invalid signal",
        source=VERIFY,
    ),
    Between(path="stopTimeout", least=-1, source=RUN + "#stop-timeout"),
)

RESTART_AND_HEALTH: tuple[Rule, ...] = (
    OneOf(path="restart", values=("no", "on-failure", "always", "unless-stopped"), source=CONTAINER_GO),
    Forbidden(
        path="maxRetryCount",
        when=_restart_without_count,
        says="can only be used with restart 'on-failure'",
        code="invalid restart policy",
        source="https://github.com/moby/moby/blob/master/api/types/container/hostconfig.go",
    ),
    Forbidden(
        path="rm",
        when=_removed_and_restarted,
        says="can't be used with a restart policy: remove one of them",
        code="can't create 'AutoRemove' container with restart policy",
        source=VERIFY,
    ),
    Required(
        path="healthcheck",
        when=values.equals("wait", True),
        says="is required with wait: the provider waits for health (an image's own HEALTHCHECK is not simulated)",
        source=FUNCS,
    ),
    Between(path="waitTimeout", least=1, source=CONTAINER_GO),
    Must(
        path="healthcheck.tests",
        test=values.health_test,
        says="must begin with CMD, CMD-SHELL or NONE, and CMD-SHELL takes one text",
        code="Unknown type in healthcheck",
        source="https://docs.docker.com/reference/dockerfile/#healthcheck",
    ),
    *(
        Must(
            path=f"healthcheck.{name}",
            test=values.duration,
            says="must be a duration as Docker writes it back (30s, 1m30s), 0s or at least 1ms: "
            "others change at each refresh",
            source=VERIFY,
        )
        for name in ("interval", "timeout", "startPeriod", "startInterval")
    ),
    Between(path="healthcheck.retries", least=0, source=CONTAINER_GO),
)

ATTACHED: tuple[Rule, ...] = (
    Must(
        path="attach",
        name="ends:attach",
        test=_is_left_alone,
        says="waits for the container's end: with mustRun the provider reads an ended one back as mustRun false, and "
        "starts it again at each run, so give mustRun false",
        source=FUNCS,
    ),
    Must(
        path="attach",
        name="restarts:attach",
        test=_is_not_restarted,
        says="waits for the container's end, which never comes with restart always or unless-stopped",
        source=FUNCS,
    ),
    Must(
        path="attach",
        name="waits:attach",
        test=lambda value, props: not value or props.get("wait") is not True,
        says="with wait is not simulated: a container that has ended is never healthy",
        source=FUNCS,
    ),
)

RULES = (*NAMES, *RESTART_AND_HEALTH, *ATTACHED)


def exit_code(computing: Computing) -> Value:
    """How an attached container's command ended. The provider reports it and does not mind: any end is a success."""
    inputs = computing.inputs
    if inputs.get("attach") is not True or inputs.get("start") is False:
        return None
    words = [str(word) for word in (*(inputs.get("entrypoints") or ()), *(inputs.get("command") or ()))]
    said = re.fullmatch(r"(?:\S*/)?(?:sh|bash) -c exit (\d{1,3})", " ".join(words))
    return int(said[1]) & 255 if said else int(words == ["false"])
