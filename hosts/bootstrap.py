"""What prepares a host: `bootstrap.sh`, with its parameters, as one command. It runs nothing itself."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from settings.hosts import RemoteHost

__all__ = ["Bootstrap", "preparation", "script"]

_END = "END_OF_SMARTEROS_BOOTSTRAP"


def script() -> str:
    """The script, as it is in this folder."""
    return (Path(__file__).parent / "bootstrap.sh").read_text(encoding="utf-8")


@dataclass(frozen=True, kw_only=True)
class Bootstrap:
    """The script and what it is told. Two that are equal do the same."""

    ssh_port: int = 22
    deploy_user: str = "deploy"
    swap_mb: int = 2048
    deploy_keys: Sequence[str] = ()
    """Who may log in as the deploy user; by default whoever runs the script may."""

    @property
    def parameters(self) -> dict[str, str]:
        """The script's environment, without its version."""
        given = {
            "SSH_PORT": str(self.ssh_port),
            "DEPLOY_USER": self.deploy_user,
            "SWAP_MB": str(self.swap_mb),
        }
        if self.deploy_keys:
            given["DEPLOY_KEYS"] = "\n".join(self.deploy_keys)
        return given

    @property
    def version(self) -> str:
        """Changes when the script or a parameter does; a prepared host carries it in /etc/smarteros/host-version."""
        text = script() + "".join(f"\0{key}={value}" for key, value in sorted(self.parameters.items()))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def environment(self) -> dict[str, str]:
        """The variables by which the script is told its parameters."""
        return {**self.parameters, "HOST_VERSION": self.version}

    def command(self, user: str) -> str:
        """One command for a remote shell. Variables go in its text, because sshd takes none from outside."""
        words = ["env", *(f"{key}={value}" for key, value in self.environment().items()), "bash", "-s"]
        sudo = "" if user == "root" else "sudo -n "
        return f"{sudo}{shlex.join(words)} <<'{_END}'\n{script()}{_END}\n"


def preparation(host: RemoteHost) -> Bootstrap:
    """Of a host, as the settings say it is."""
    return Bootstrap(ssh_port=host.ssh_port, deploy_user=host.user)
