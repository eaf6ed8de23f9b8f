"""Whoever is reached by SSH shows the host key of the settings: nobody between can be the host."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from policy.rule import UNKNOWN, Facts, Props, Resource, Rule, each, part

_WEAK = ("no", "off", "accept-new", "ask")


def _check(resource: Resource, _facts: Facts) -> Iterator[str]:
    if resource.token == "pulumi:providers:docker":
        yield from _docker(resource.inputs)
        return
    connection = part(resource.inputs.get("connection"))
    for key, where in ((connection, "connection"), (part(connection.get("proxy")), "connection.proxy")):
        if key and key.get("hostKey", "") in ("", None):
            yield f"{where}.hostKey is missing: the host's public key, from the settings"


def _docker(inputs: Props) -> Iterator[str]:
    host, given = inputs.get("host"), inputs.get("sshOpts")
    if not isinstance(host, str) or given is UNKNOWN:
        return
    if host.startswith("tcp://") and not inputs.get("certMaterial"):
        yield f"{host} is Docker's API without SSH: ssh://"
    if not host.startswith("ssh://"):
        return
    options = dict(_options(json.loads(given) if isinstance(given, str) else each(given)))
    checking = options.get("stricthostkeychecking", "(not set)").lower()
    if checking != "yes":
        yield f"StrictHostKeyChecking is {checking}: yes; with {'/'.join(_WEAK)} any machine can be the host"
    if not {"knownhostscommand", "userknownhostsfile", "globalknownhostsfile"} & options.keys():
        yield "no host key is given: KnownHostsCommand, as components/placements/docker/connection.py does"


def _options(words: list[Any]) -> Iterator[tuple[str, str]]:
    """The options of ssh(1): -o Name=value, in one word or in two."""
    for word in words:
        name, is_option, value = str(word).removeprefix("-o").strip().partition("=")
        if is_option:
            yield name.strip().lower(), value.strip()


RULE = Rule(
    name="ssh-hosts-pinned",
    says="SSH accepts the host key of the settings and no other.",
    types=("pulumi:providers:docker", "command:remote:Command", "command:remote:CopyToRemote"),
    check=_check,
)
