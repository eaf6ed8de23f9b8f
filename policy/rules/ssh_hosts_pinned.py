"""Whoever is reached by SSH shows the host key of the settings: nobody between can be the host."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from policy.rule import UNKNOWN, Facts, Props, Resource, Rule, each, part

_WEAK = ("no", "off", "accept-new", "ask")
_NEEDED = (
    *("stricthostkeychecking", "userknownhostsfile", "globalknownhostsfile", "knownhostscommand", "batchmode"),
    *("connecttimeout", "identityfile", "identitiesonly", "controlmaster", "controlpath", "controlpersist"),
    *("serveraliveinterval", "serveralivecountmax", "port", "user", "hostkeyalgorithms"),
)
"""A ProxyCommand or LocalCommand would start a program here, a forward would open a way."""
_NOWHERE = {"/dev/null", "none"}
_FILES = ("userknownhostsfile", "globalknownhostsfile")
_PINNED = re.compile(r"/(usr/)?bin/echo %H [a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}( [^%\s]+)?")
"""A command that prints one key, written out: with %t and %K it would print whatever the other side showed."""
_FLAGS = re.compile(r"^-[46AaCfGgKkMNnqsTtVvXxYy]*o")
_OPTION = re.compile(r"(?P<name>[A-Za-z0-9]+)\s*(=|\s)\s*(?P<value>.*)", re.S)


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
    if host.startswith("unix://") or not host:
        return
    if not host.startswith("ssh://"):
        yield f"{host} is Docker's API without SSH: ssh://"
        return
    options: dict[str, str] = {}
    for name, value in _options(json.loads(given) if isinstance(given, str) else each(given)):
        # ssh(1) keeps what it is told first.
        options.setdefault(name, value)
    checking = options.get("stricthostkeychecking", "(not set)").lower()
    if checking != "yes":
        yield f"StrictHostKeyChecking is {checking}: yes; with {'/'.join(_WEAK)} any machine can be the host"
    for name in options:
        if name not in _NEEDED:
            yield f"{name} is none of the options that are needed here: {', '.join(_NEEDED)}"
    command = options.get("knownhostscommand")
    if command is not None and not _PINNED.fullmatch(command):
        yield f"KnownHostsCommand={command} is not one key written out: /bin/echo %H and the key of the settings"
    elif command is None and all(set(options.get(file, "").split()) <= _NOWHERE for file in _FILES):
        yield "no host key is given: KnownHostsCommand, as components/placements/docker/connection.py does"


def _options(words: list[Any]) -> Iterator[tuple[str, str]]:
    """The options of ssh(1): -o Name=value or -o "Name value", in one word or in two."""
    for word in words:
        found = _OPTION.fullmatch(_FLAGS.sub("", str(word)).strip())
        if found:
            yield found["name"].lower(), found["value"].strip().strip('"')


RULE = Rule(
    name="ssh-hosts-pinned",
    says="SSH accepts the host key of the settings and no other.",
    types=("pulumi:providers:docker", "command:remote:Command", "command:remote:CopyToRemote"),
    check=_check,
)
