"""Where there is Docker: machines that are reached by SSH, or the developer's own, whose engine is at a socket."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from settings.parts import Address, Host, HostKey, Name, Port, matching

__all__ = ["DEFAULT_DOCKER_HOST", "AnyHost", "LocalHost", "RemoteHost"]

DEFAULT_DOCKER_HOST = "unix:///var/run/docker.sock"
DOCKER_HOST = "DOCKER_HOST"

_USER = "^[a-z_][a-z0-9_-]{0,31}$"
_Socket = Annotated[
    str,
    AfterValidator(
        matching(
            "unix:///[^ ?#]+",
            f"not a socket of this machine (from {DOCKER_HOST}, when the file does not say it)",
            f"as in {DEFAULT_DOCKER_HOST}; a machine elsewhere is reach: ssh",
        )
    ),
]
_Path = Annotated[str, AfterValidator(matching("/[^ ]+", "not a path from the root", "as in /var/run/docker.sock"))]


class RemoteHost(Host):
    """A machine that is reached by SSH. It exists already: it is never bought or destroyed from here."""

    reach: Literal["ssh"] = Field("ssh", description="By SSH")
    address: Address = Field(description="Its public IPv4 address")
    ssh_port: Port = Field(22, description="The port of its SSH server")
    user: str = Field("deploy", pattern=_USER, description="The user in the docker group")
    bootstrap_user: str = Field("root", pattern=_USER, description="Who prepares it the first time (root or sudo)")
    host_key: HostKey = Field(description="Its pinned SSH host key: type and base64")

    @property
    def engine_at(self) -> str:
        """The address at which its Docker engine is known."""
        return self.address

    @property
    def docker_address(self) -> str:
        """Where Docker's provider reaches the engine: over SSH."""
        return f"ssh://{self.user}@{self.address}:{self.ssh_port}"

    @property
    def pinned_key(self) -> str:
        """The host key that the host must show, as its settings say."""
        return self.host_key


class LocalHost(Host):
    """The developer's own machine. What runs there is reached on 127.0.0.1 alone, in plain: by nobody else."""

    reach: Literal["local"] = Field(description="The Docker engine of the machine on which this runs")
    docker_host: _Socket = Field(
        DEFAULT_DOCKER_HOST,
        description="The engine's socket; when it is not said, DOCKER_HOST, as for the `docker` command",
    )
    socket: _Path = Field(
        "/var/run/docker.sock",
        description="The socket as containers may mount it; another one for an engine without root",
    )
    http_port: Port = Field(8080, description="The port of 127.0.0.1 at which the reverse proxy answers")
    ports: dict[Name, Port] = Field(
        default_factory=dict,
        description="Services that answer at a port of localhost of their own, instead of at a name",
    )

    own_machine: ClassVar[bool] = True

    @property
    def engine_at(self) -> str:
        """The address at which its Docker engine is known: the engine's socket."""
        return self.docker_host

    @property
    def docker_address(self) -> str:
        """Where Docker's provider reaches the engine: at its socket."""
        return self.docker_host

    @property
    def own_ports(self) -> Mapping[str, int]:
        """Which ports of the machine services have, by their keys, as its settings say."""
        return self.ports

    @property
    def listening(self) -> Mapping[tuple[str, ...], int]:
        """The reverse proxy's, and those of services."""
        return {("httpPort",): self.http_port, **{("ports", key): port for key, port in self.ports.items()}}

    @model_validator(mode="before")
    @classmethod
    def _of_the_operator(cls, value: Any) -> Any:
        said = os.environ.get(DOCKER_HOST)
        return {"dockerHost": said, **value} if said and isinstance(value, Mapping) else value


def _how(value: Any) -> str:
    """By SSH, when a host does not say it."""
    reach = value.get("reach", "ssh") if isinstance(value, Mapping) else getattr(value, "reach", "ssh")
    return str(reach)


AnyHost = Annotated[
    Annotated[RemoteHost, Tag("ssh")] | Annotated[LocalHost, Tag("local")],
    Discriminator(
        _how,
        custom_error_type="fault",
        custom_error_message="it does not say how it is reached",
        custom_error_context={"mend": "reach: ssh, or local for this machine's own Docker engine"},
    ),
]
