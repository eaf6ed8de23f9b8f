"""The Docker engine of the machine on which this runs, asked over its socket: whether it answers, and what it has.

Asks and changes nothing. Which engine it is say the settings (settings.hosts.LocalHost).
"""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any
from urllib.parse import quote

from kept.operator_error import OperatorError

__all__ = ["EngineProblem", "ask", "identity", "problem"]

TIMEOUT_S = 5
_PATHS = {"container": "/containers/{}/json", "network": "/networks/{}", "image": "/images/{}/json"}


class EngineProblem(OperatorError):
    """Why the engine can't be asked, and how to mend it."""


class _OverSocket(http.client.HTTPConnection):
    """HTTP as the engine speaks it."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT_S)
        self.sock.connect(self._path)


def ask(docker_host: str, path: str) -> tuple[int, str]:
    """Status and body of a GET. Raises EngineProblem when nobody answers."""
    connection = _OverSocket(docker_host.removeprefix("unix://"))
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise EngineProblem(
            f"this machine's Docker engine does not answer at {docker_host}: {why}. Fix: start Docker, and be in the "
            "group that may use it; with its socket elsewhere (`docker context inspect` says where): export DOCKER_HOST"
        ) from None
    finally:
        connection.close()


def problem(docker_host: str) -> str | None:
    """None when the engine answers; else what is wrong, and how to mend it."""
    try:
        status, said = ask(docker_host, "/_ping")
    except EngineProblem as found:
        return str(found)
    if status == 200:
        return None
    return f"what answers at {docker_host} is no Docker engine that works ({status}: {said.strip()[:200]})"


def identity(docker_host: str, kind: str, name: str) -> str | None:
    """The id of a container, network or image; None when there is none. Raises EngineProblem."""
    status, said = ask(docker_host, _PATHS[kind].format(quote(name, safe="/:@")))
    if status == 404:
        return None
    try:
        found: dict[str, Any] = json.loads(said)
        return str(found["Id"])
    except (ValueError, KeyError, TypeError):
        raise EngineProblem(f"{docker_host} answered {status} for the {kind} {name}: {said.strip()[:200]}") from None
