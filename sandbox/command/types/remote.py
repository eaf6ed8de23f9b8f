"""The command provider: commands on simulated hosts. Their text is checked; what they do to the host is not.

No program is executed. A script that installs Docker makes the host one with Docker; what else one does is not known.
"""

from __future__ import annotations

import re
import secrets
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sandbox.command.copies import place_fault, source_fault, source_of
from sandbox.command.endings import always_fails
from sandbox.command.ssh import CONNECTION_GO, connection_rules, host_of, is_prepared, user_of
from sandbox.core.kinds import ResourceType
from sandbox.core.records import Cloud, Computing
from sandbox.core.rules import Must, NeedsInCloud, Rule, refusals
from sandbox.core.values import Props, Value

__all__ = ["TYPES", "Refused"]

REMOTE = "https://github.com/pulumi/pulumi-command/blob/v1.2.1/provider/pkg/provider/remote"
CONNECTION = (
    *("connection.host", "connection.port", "connection.user", "connection.privateKey"),
    *("connection.privateKeyPassword", "connection.hostKey", "connection.dialErrorLimit"),
    *("connection.perDialTimeout", "connection.agentSocketPath"),
)
_HEREDOC = re.compile(r"\bbash -s\b[^\n]*<<-?\s*'(\w+)'\n(.*?)^\1$", re.DOTALL | re.MULTILINE)
_INSTALLS_DOCKER = re.compile(r"\b(docker-ce|docker\.io|get\.docker\.com)\b")
_HOST_VERSION = re.compile(r"\bHOST_VERSION=([\w.-]+)")
_ARGUMENT_MAX = 131_072
"""Bytes of one argument and of one variable, with the NUL at its end (MAX_ARG_STRLEN, execve(2))."""


class Refused(Exception):
    """What the provider says where a command or a copy fails."""


def _fault(script: str) -> str | None:
    """Where bash sees a syntax error; never the line itself, which may hold a secret."""
    done = subprocess.run(
        ["bash", "-n"],  # noqa: S607 - whichever bash is there: it only reads
        input=script,
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    if done.returncode == 0:
        return None
    place = re.search(r"line (\d+)", done.stderr)
    return f"line {place.group(1)}" if place else "somewhere"


def _script(value: Value, _: Props) -> bool | str:
    for text in (str(value), *(found.group(2) for found in _HEREDOC.finditer(str(value)))):
        fault = _fault(text)
        if fault:
            return f"syntax error at {fault}"
    return True


def _fails(value: Value, _: Props) -> bool | str:
    """Commands whose end is known without running them."""
    code = always_fails(str(value))
    return code == 0 or f"Process exited with status {code}"


def _accepted_variables(value: Value, _: Props) -> bool | str:
    refused = sorted(name for name in value if name != "LANG" and not name.startswith("LC_"))
    if refused:
        return f"Unable to set '{refused[0]}'"
    odd = sorted(name for name, text in value.items() if "\0" in f"{name}{text}" or _is_long(f"{name}={text}"))
    return not odd or f"Unable to set '{odd[0]}': a NUL, or {_ARGUMENT_MAX} bytes"


def _is_long(text: str) -> bool:
    return len(text.encode()) >= _ARGUMENT_MAX


def _one_source(value: Value, _: Props) -> bool | str:
    return source_fault(value) or True


def _writable(inputs: Props, cloud: Cloud, _: Props) -> str | None:
    host = host_of(inputs, cloud)
    prepared = host is not None and is_prepared(host)
    return place_fault(str(inputs.get("remotePath")), source_of(inputs.get("source")), user_of(inputs), prepared)


def _effects(computing: Computing, script: str) -> None:
    """What is known of a script: Docker is installed, at which version of the preparation."""
    record = host_of(computing.inputs, computing.cloud)
    if record is None:
        return
    outputs = dict(record.outputs)
    if _INSTALLS_DOCKER.search(script):
        outputs["docker"] = True
    version = _HOST_VERSION.search(script)
    if version:
        outputs["hostVersion"] = version.group(1)
    if outputs != record.outputs:
        computing.cloud.put(replace(record, outputs=outputs))


def _ran(computing: Computing, script: object) -> Mapping[str, Any]:
    if not isinstance(script, str):
        return {}
    _effects(computing, script)
    return {"stdout": "", "stderr": ""}


def _refuse(rules: tuple[Rule, ...], inputs: Props, cloud: Cloud) -> None:
    """Raises Refused with the first reason why what is run then fails."""
    for rule in rules:
        for failure in refusals(rule, inputs, cloud, {}):
            raise Refused(f"{failure.path}: {failure.reason} (rule {failure.rule})")


def _create(computing: Computing) -> Mapping[str, Any]:
    return {"id": f"command{secrets.token_hex(4)}", **_ran(computing, computing.inputs.get("create"))}


def _rerun(computing: Computing, name: str) -> Mapping[str, Any]:
    """What runs later is judged as what runs at a creation, and not before."""
    script = computing.inputs.get(name)
    if script is not None:
        _refuse(COMMAND_RULES, {**computing.inputs, "create": script}, computing.cloud)
    return _ran(computing, script)


def _update(computing: Computing, _: Props) -> Mapping[str, Any]:
    return _rerun(computing, "create" if computing.inputs.get("update") is None else "update")


def _delete(computing: Computing) -> None:
    _rerun(computing, "delete")


def _copy(_: Computing) -> Mapping[str, Any]:
    return {"id": f"copy{secrets.token_hex(4)}"}


def _copy_again(computing: Computing, old: Props) -> Mapping[str, Any]:
    """Only another source or another place is copied again: a changed connection is not tried."""
    if any(computing.inputs.get(name) != old.get(name) for name in ("source", "remotePath")):
        _refuse(COPY_RULES, computing.inputs, computing.cloud)
    return {}


def _kept(name: str) -> Callable[[Computing], Value]:
    return lambda computing: computing.old.get(name, "")


def _is_run(inputs: Props) -> bool:
    """Without a command nobody is dialled: the connection is not read."""
    return inputs.get("create") is not None


COMMAND_RULES: tuple[Rule, ...] = (
    *connection_rules(_is_run),
    Must(
        path="create",
        test=_script,
        says="bash -n refuses it",
        code="Process exited with status 2",
        source="https://www.gnu.org/software/bash/manual/html_node/The-Set-Builtin.html",
        phase="create",
    ),
    Must(
        path="create",
        name="ends:create",
        test=_fails,
        says="a command that does not end with 0 is an error",
        source=f"{REMOTE}/commandOutputs.go",
        phase="create",
    ),
    Must(
        path="create",
        name="length:create",
        test=lambda value, _: "\0" not in str(value) and not _is_long(str(value)),
        says=f"must be shorter than {_ARGUMENT_MAX} bytes, without NUL: it is one argument of the host's shell",
        source="execve(2), MAX_ARG_STRLEN; openssh session.c session_exec_req",
        phase="create",
    ),
    Must(
        path="environment",
        test=_accepted_variables,
        says="sshd takes LANG and LC_* only (AcceptEnv): put the variables into the command's text",
        code="ssh: setenv failed",
        source=f"{REMOTE}/commandOutputs.go",
        phase="create",
        when=_is_run,
    ),
)
"""Of `create`, when it runs; `update` and `delete` are judged by the same when they run."""

COPY_RULES: tuple[Rule, ...] = (
    *connection_rules(lambda inputs: True),
    NeedsInCloud(
        path="remotePath",
        test=_writable,
        says="must be a place where the host can write what is copied (~ is not expanded: it is a name like others)",
        source=f"{REMOTE}/copyController.go (copyTextContent, sftpCopy, copyDir); path_resolution(7)",
        phase="create",
    ),
)

TYPES = (
    ResourceType(
        token="command:remote:Command",
        about="A command on a host over SSH, at creation, update and deletion. A changed trigger runs it anew.",
        sources=(f"{REMOTE}/command.go", f"{REMOTE}/commandController.go", CONNECTION_GO),
        properties=(
            *CONNECTION,
            *("addPreviousOutputInEnv", "create", "delete", "environment", "logging", "stdin", "triggers"),
            "update",
        ),
        rules=(
            *COMMAND_RULES,
            Must(
                path="environment",
                name="null:environment",
                test=lambda value, _: None not in value.values(),
                says="each variable must have a text",
                source="https://github.com/pulumi/pulumi/blob/sdk/v3.259.0/sdk/go/common/util/mapper/mapper_decode.go",
            ),
        ),
        id=lambda computing: "",
        computed={name: _kept(name) for name in ("stdout", "stderr")},
        secret_outputs=("connection",),
        replaces=("triggers",),
        state_only=True,
        on_create=_create,
        on_update=_update,
        on_delete=_delete,
        not_checked=(
            "what the command does and prints: stdout and stderr are empty, no program is executed; "
            "nor how it ends, but for what the shell's own words decide (`exit N`, `false`, `test`, `if`), "
            "whatever the programs do",
            "passwords, agents and proxies (jump hosts): refused as not simulated",
        ),
    ),
    ResourceType(
        token="command:remote:CopyToRemote",
        about="A file copied to a host over SFTP. Nothing is kept of it.",
        sources=(f"{REMOTE}/copy.go", f"{REMOTE}/copyController.go", CONNECTION_GO),
        properties=(*CONNECTION, "remotePath", "source", "triggers"),
        rules=(
            Must(
                path="source",
                test=_one_source,
                says="must be a StringAsset, or a FileAsset or FileArchive of something that can be read",
                source=f"{REMOTE}/copyController.go (Check)",
            ),
            *COPY_RULES,
        ),
        id=lambda computing: "",
        secret_outputs=("connection",),
        replaces=("triggers",),
        state_only=True,
        on_create=_copy,
        on_update=_copy_again,
        not_checked=("that the host's folder can be written, but for what every host has",),
    ),
)
