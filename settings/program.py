"""The settings as the engine hands them to the running program, with the secrets from the keyring. The only reader
of Pulumi's config.

Works the same in every project of this repository: the namespace is always `smarteros`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from settings.entries import open_keyring, secret_problems
from settings.expected import expected_secrets
from settings.model import Settings
from settings.problems import NAMESPACE
from settings.reading import read_settings
from settings.secrets import ExpectedSecret, SecretOutputs
from settings.target import refuse_wrong_target

if TYPE_CHECKING:
    from age_keyring import Keyring

__all__ = ["load_engine"]


def load_engine() -> Settings:
    """The settings of the running program, or pulumi.RunError with every problem."""
    import pulumi
    from pulumi.runtime import config as engine

    refuse_wrong_target()
    stack = pulumi.get_stack()
    file = f"Pulumi.{stack}.yaml"
    everything: dict[str, Any] = {**engine.get_config_env(), **engine.CONFIG.get()}
    mine = {
        key.removeprefix(f"{NAMESPACE}:"): value for key, value in everything.items() if key.startswith(f"{NAMESPACE}:")
    }
    settings, problems = read_settings(stack, mine, file)
    if settings is None:
        raise pulumi.RunError("\n".join(str(problem) for problem in problems))
    settings._secrets = _secrets(settings)
    return settings


def _secrets(settings: Settings) -> SecretOutputs:
    import pulumi

    from age_keyring import KeyringError

    expected = expected_secrets(settings)
    try:
        keyring = open_keyring()
    except KeyringError as error:
        raise pulumi.RunError(str(error)) from None
    problems = secret_problems(expected, keyring)
    if problems:
        raise pulumi.RunError("\n".join(str(problem) for problem in problems))
    return _outputs(expected, keyring)


def _outputs(expected: Sequence[ExpectedSecret], keyring: Keyring) -> SecretOutputs:
    from pulumi import Output

    wanted = {field.name for field in fields(SecretOutputs)}
    each = {field.name for field in fields(SecretOutputs) if "Mapping" in str(field.type)}
    held: dict[str, Any] = {name: {} for name in each}
    for one in expected:
        if one.name in each:
            held[one.name][one.key] = Output.secret(keyring.get(one.entry))
        elif one.name in wanted:
            held[one.name] = Output.secret(keyring.get(one.entry))
    return SecretOutputs(**held)
