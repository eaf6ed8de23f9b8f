"""What a service is handed of what is not its own: keys of accounts, and its ends of calls. Nothing is made here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import Input

from components.workload import Workload

__all__ = ["Handed", "HandedAccounts", "Wires"]


@dataclass(frozen=True, kw_only=True)
class Handed:
    """What a service is handed of what is not its own.

    Software that reads files takes `env` and `secret_files`; software that does not, `plain` as its environment and
    `keys` as its secrets. Software with names of its own picks its values from `plain` and `keys`.
    """

    plain: Mapping[str, str]
    """Variable → value: models, addresses, ids."""
    keys: Mapping[str, Input[str]]
    """Variable → key."""

    @property
    def env(self) -> dict[str, str]:
        """What is plain, and where each key is: OPENAI_API_KEY_FILE names the file."""
        return {
            **self.plain,
            **{f"{name}_FILE": f"{Workload.SECRETS_FOLDER}/{_file_of(name)}" for name in self.keys},
        }

    @property
    def secret_files(self) -> dict[str, Input[str]]:
        """The files that `env` names."""
        return {_file_of(name): value for name, value in self.keys.items()}


@dataclass(frozen=True, kw_only=True)
class HandedAccounts(Handed):
    """What a service is handed of outside accounts: of those that name it, and nothing of any other."""


@dataclass(frozen=True, kw_only=True)
class Wires(Handed):
    """A service's ends of the calls that are declared in settings.wiring."""

    private_networks: tuple[str, ...]
    """Into which private networks its own calls go; software that shuns all private addresses must be told of them."""


def _file_of(variable: str) -> str:
    return variable.lower().replace("_", "-")
