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

from sandbox.command.copies import is_a_folder, place_fault, source_fault
from sandbox.command.endings import always_fails
from sandbox.command.ssh import CONNECTION_GO, RULES, host_of, reachable
from sandbox.core.kinds import ResourceType
from sandbox.core.records import Computing
from sandbox.core.rules import Must, Rule
from sandbox.core.values import Props, Value

__all__ = ["TYPES"]

REMOTE = "https://github.com/pulumi/pulumi-command/blob/master/provider/pkg/provider/remote"
CONNECTION = (
    *("connection.host", "connection.port", "connection.user", "connection.privateKey"),
    *("connection.privateKeyPassword", "connection.hostKey", "connection.dialErrorLimit"),
    *("connection.perDialTimeout", "connection.agentSocketPath"),
)
_HEREDOC = re.compile(r"\bbash -s\b[^\n]*<<-?\s*'(\w+)'\n(.*?)^\1$", re.DOTALL | re.MULTILINE)
_INSTALLS_DOCKER = re.compile(r"\b(docker-ce|docker\.io|get\.docker\.com)\b")
_HOST_VERSION = re.compile(r"\bHOST_VERSION=([\w.-]+)")


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
    return not refused or f"Unable to set '{refused[0]}'"


def _readable(value: Value, _: Props) -> bool | str:
    return source_fault(value) or True


def _writable(value: Value, props: Props) -> bool | str:
    return place_fault(str(value), props) or True


def _run(computing: Computing, script: object) -> dict[str, Any]:
    reason = reachable(computing.inputs, computing.cloud)
    if reason is not None:
        raise ConnectionError(reason)
    record = host_of(computing.inputs, computing.cloud)
    if record is not None and isinstance(script, str):
        outputs = dict(record.outputs)
        if _INSTALLS_DOCKER.search(script):
            outputs["docker"] = True
        version = _HOST_VERSION.search(script)
        if version:
            outputs["hostVersion"] = version.group(1)
        if outputs != record.outputs:
            computing.cloud.put(replace(record, outputs=outputs))
    return {"stdout": "", "stderr": ""}


def _create(computing: Computing) -> Mapping[str, Any]:
    identity = {"id": f"command{secrets.token_hex(4)}"}
    script = computing.inputs.get("create")
    return {**identity, **(_run(computing, script) if script is not None else {})}


def _update(computing: Computing, _: Props) -> Mapping[str, Any]:
    script = computing.inputs.get("update", computing.inputs.get("create"))
    return _run(computing, script) if script is not None else {}


def _delete(computing: Computing) -> None:
    if computing.inputs.get("delete"):
        _run(computing, computing.inputs["delete"])


def _copy(computing: Computing) -> Mapping[str, Any]:
    _run(computing, None)
    return {"id": f"copy{secrets.token_hex(4)}"}


def _copy_again(computing: Computing, _: Props) -> Mapping[str, Any]:
    _run(computing, None)
    return {}


def _kept(name: str) -> Callable[[Computing], Value]:
    return lambda computing: computing.old.get(name, "")


SCRIPTS: tuple[Rule, ...] = tuple(
    Must(
        path=name,
        test=_script,
        says="bash -n refuses it",
        code="Process exited with status 2",
        source="https://www.gnu.org/software/bash/manual/html_node/The-Set-Builtin.html",
    )
    for name in ("create", "update", "delete")
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
            *RULES,
            *SCRIPTS,
            Must(
                path="create",
                name="ends:create",
                test=_fails,
                says="a command that does not end with 0 is an error",
                source=f"{REMOTE}/commandOutputs.go",
            ),
            Must(
                path="environment",
                test=_accepted_variables,
                says="sshd takes LANG and LC_* only (AcceptEnv): put the variables into the command's text",
                code="ssh: setenv failed",
                source=f"{REMOTE}/commandOutputs.go",
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
            *RULES,
            Must(
                path="source",
                test=_readable,
                says="must be a FileAsset, StringAsset or FileArchive, of something that can be read",
                source=f"{REMOTE}/copyController.go",
            ),
            Must(
                path="remotePath",
                test=lambda value, _: (
                    "\0" not in str(value)
                    and (str(value).startswith(("/", "./")) or bool(re.fullmatch(r"[\w.-].*", value)))
                ),
                says="must be a path on the host, absolute or relative to the user's home (~ is not expanded)",
                source=f"{REMOTE}/copyController.go",
            ),
            Must(
                path="remotePath",
                name="file:remotePath",
                test=lambda value, props: not is_a_folder(str(value), props),
                says="is a folder: for a text it must be the path of a file",
                source=f"{REMOTE}/copyController.go (copyTextContent)",
            ),
            Must(
                path="remotePath",
                name="place:remotePath",
                test=_writable,
                says="must be a place where the host can make a file",
                source=f"{REMOTE}/copyController.go (MkdirAll, Create, copyAssetArchive); path_resolution(7)",
            ),
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
