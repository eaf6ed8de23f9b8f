"""The simulated Docker daemon of a host: how the provider's configuration finds it, what is on it already.

A host is a record `sandbox:host` (inputs: address, user, port, hostKey, authorizedKeys; outputs: docker), this
machine's own engine a record `sandbox:engine` whose id is its address. It answers only what the daemon would be asked
here; it runs no container.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from sandbox.core.records import Cloud, Record
from sandbox.core.values import UNKNOWN, Props
from sandbox.docker.containers import CONTAINER, IMAGE, VOLUME
from sandbox.scene import ENGINE, HOST

__all__ = [
    "connect",
    "daemon",
    "digest",
    "docker_id",
    "host_record",
    "images_on",
    "named",
    "on_host",
    "ssh_options",
]

PROVIDER = "https://github.com/kreuzwerker/terraform-provider-docker/blob/master/internal/provider"

_OPTION = re.compile(r"([A-Za-z]\w*)(?:\s*=\s*|\s+)(.+)", re.DOTALL)
_LAX = frozenset(("no", "off", "false", "accept-new"))
_STRICT = _LAX | {"yes", "true", "ask"}
"""openssh-portable readconf.c, multistate_strict_hostkey; compared without case."""


def digest(*parts: str) -> str:
    """64 hexadecimal digits that are always the same for the same parts (ids, digests)."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _address(config: Props) -> SplitResult | None:
    host = config.get("host")
    if not isinstance(host, str):
        return None
    try:
        parts = urlsplit(host)
        parts.port  # noqa: B018 - reading it is what checks it: a port that is no number raises here
    except ValueError:
        return None
    return parts


def daemon(config: Props) -> str:
    """The scope of Docker's names: one daemon, named by address and port, or by its socket."""
    parts = _address(config)
    if parts is None or not parts.hostname:
        return str(config.get("host", "local"))
    return f"{parts.hostname}:{parts.port or 22}".lower()


def host_record(config: Props, cloud: Cloud) -> Record | None:
    """The simulated host, or this machine's own engine, that the provider's `host` points to."""
    parts = _address(config)
    if parts is not None and parts.scheme == "unix":
        return next((one for one in cloud.find(ENGINE) if one.id == config["host"]), None)
    if parts is None or parts.scheme != "ssh":
        return None
    for record in cloud.find(HOST):
        same_port = int(record.inputs.get("port", 22)) == (parts.port or 22)
        if str(record.inputs.get("address", "")).lower() == (parts.hostname or "") and same_port:
            return record
    return None


def on_host(cloud: Cloud, token: str, config: Props) -> Iterator[Record]:
    """Every record of the type on the configured daemon (a record without a scope counts as on it)."""
    here = daemon(config)
    for record in cloud.find(token):
        if record.scope in ("", here):
            yield record


def named(cloud: Cloud, token: str, config: Props, name: object) -> Record | None:
    """The record of the type with that name or id on this daemon."""
    for record in on_host(cloud, token, config):
        if name in (record.id, record.inputs.get("name"), record.outputs.get("name")):
            return record
    return None


def docker_id(cloud: Cloud, host: str, kind: str, name: str) -> str | None:
    """What `docker --host HOST KIND inspect --format {{.Id}} NAME` says; None when there is none."""
    tokens = {
        "container": CONTAINER,
        "network": "docker:index/network:Network",
        "image": IMAGE,
    }
    if kind not in tokens:
        return None
    record = named(cloud, tokens[kind], {"host": host}, name)
    if record is None:
        return None
    return str(record.outputs.get("imageId") or record.id.removesuffix(name)) if kind == "image" else record.id


def labelled(cloud: Cloud, host: str, kind: str, label: str, value: str) -> list[str]:
    """What `docker --host HOST ps --all` or `volume ls` says with a filter on a label: names."""
    token = VOLUME if kind == "volume ls" else CONTAINER
    wanted = {"label": label, "value": value}
    return [
        str(one.inputs["name"])
        for one in on_host(cloud, token, {"host": host})
        if any(
            {"label": own.get("label"), "value": own.get("value")} == wanted for own in one.inputs.get("labels") or []
        )
    ]


def images_on(cloud: Cloud, config: Props) -> set[str]:
    """Every text that names an image pulled onto this daemon: name, id, digest."""
    found: set[str] = set()
    for record in on_host(cloud, IMAGE, config):
        values = (record.inputs.get("name"), record.outputs.get("imageId"), record.outputs.get("repoDigest"))
        found |= {value for value in values if isinstance(value, str) and value}
    return found


def ssh_options(config: Props) -> list[str] | None:
    """`sshOpts` as a list (the engine sends it as JSON text); None when it is no list of texts."""
    given = config.get("sshOpts") or []
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            return None
    return list(given) if isinstance(given, list) and all(isinstance(one, str) for one in given) else None


def option(options: list[str], name: str) -> str | None:
    """The value of an ssh option, given as `-o Name=value`, `-oName=value`, or with a blank as in ssh_config; the first
    one counts.
    """
    for one in options:
        found = _OPTION.match(one.removeprefix("-o").strip())
        if found and found.group(1).lower() == name.lower():
            return found.group(2).strip()
    return None


def connect(config: Props, cloud: Cloud) -> str | None:
    """None, or why the daemon can't be reached, in the words of the provider, ssh and the Docker client."""
    if config.get("disableDockerDaemonCheck") in (True, "true"):
        return None
    host = config.get("host")
    reason = _unreachable(config, cloud)
    if reason is None:
        return None
    return (
        f"Error pinging Docker server, please make sure that {host} is reachable and has a  '_ping' "
        "endpoint. "
        f"Error: {reason}"
    )


def _unreachable(config: Props, cloud: Cloud) -> str | None:
    parts = _address(config)
    record = host_record(config, cloud)
    if parts is not None and parts.scheme == "unix":
        missing = f"Cannot connect to the Docker daemon at {config['host']}. Is the docker daemon running?"
        return None if record else missing
    if parts is None or record is None:
        return f"error during connect: ssh: connect to host {daemon(config)}: Connection refused (no such host)"
    strict = option(ssh_options(config) or [], "StrictHostKeyChecking")
    if strict is not None and strict.lower() not in _STRICT:
        return (
            f'command [ssh] has exited with exit status 255, stderr=command-line line 0: unsupported option "{strict}".'
        )
    user = record.inputs.get("user", "root")
    command = f"ssh {parts.username or 'root'}@{parts.hostname} -- docker system dial-stdio"
    prefix = f"command [{command}] has exited with "
    if (parts.username or "root") != user:
        return f"{prefix}exit status 255, stderr={parts.username}@{parts.hostname}: Permission denied (publickey)."
    if not _host_key_accepted(ssh_options(config) or [], parts.hostname or "", parts.port or 22, record.inputs):
        return f"{prefix}exit status 255, stderr=Host key verification failed."
    if not record.outputs.get("docker"):
        return f"{prefix}exit status 127, stderr=bash: line 1: docker: command not found"
    return None


def _host_key_accepted(options: list[str], address: str, port: int, host: Mapping[str, Any]) -> bool:
    """ssh in a program has nobody to ask: an unknown key is refused unless an option says otherwise."""
    if (option(options, "StrictHostKeyChecking") or "ask").lower() in _LAX:
        return True
    printed = (option(options, "KnownHostsCommand") or "").split()
    if printed[:2] == ["/bin/echo", "%H"]:
        return printed[2:4] == str(host.get("hostKey")).split()[:2]
    if printed:
        return False  # only that one command is simulated
    known = option(options, "UserKnownHostsFile") or option(options, "GlobalKnownHostsFile")
    if known is None:
        return False
    key = host.get("hostKey")
    if key is None or key is UNKNOWN:
        return True
    wanted = str(key).split()[:2]
    names = {address, f"[{address}]:{port}"}
    for path in known.split():
        file = Path(path.strip('"')).expanduser()
        for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
            fields = line.split()
            if len(fields) >= 3 and names & set(fields[0].split(",")) and fields[1:3] == wanted:
                return True
    return False
