"""The settings as the engine hands them to the running program, secrets included. The only reader of
Pulumi's config.

Works the same in every project of this repository: the namespace is always `smarteros`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from settings.model import Settings
from settings.problems import NAMESPACE, Problem
from settings.reading import read_secrets, read_settings
from settings.secrets import SecretOutputs, Secrets

if TYPE_CHECKING:
    from pulumi import Output

__all__ = ["load_engine"]


def load_engine() -> Settings:
    """The settings of the running program, or pulumi.RunError with every problem."""
    import pulumi
    from pulumi.runtime import config as engine

    stack = pulumi.get_stack()
    file = f"Pulumi.{stack}.yaml"
    everything: dict[str, Any] = {**engine.get_config_env(), **engine.CONFIG.get()}
    mine = {
        key.removeprefix(f"{NAMESPACE}:"): value for key, value in everything.items() if key.startswith(f"{NAMESPACE}:")
    }
    raw_secrets = mine.pop("secrets", None)
    settings, problems = read_settings(stack, mine, file)
    secrets: Secrets | None = None
    path = f"{NAMESPACE}:secrets"
    if raw_secrets is None:
        problems.append(Problem(file, path, "", "missing", f"pulumi config set --secret {path} < secrets.json"))
    elif not engine.is_config_secret(path):
        problems.append(Problem(file, path, "", "secrets in plain text", "new ones, set with --secret"))
    else:
        secrets, found = read_secrets(settings, raw_secrets, file)
        problems += found
    if problems or settings is None or secrets is None:
        raise pulumi.RunError("\n".join(str(problem) for problem in problems))
    settings._secrets = _outputs(secrets)
    return settings


def _outputs(secrets: Secrets) -> SecretOutputs:
    from pulumi import Output

    def secret(value: str) -> Output[str]:
        return Output.secret(value)

    held = {name: _each(getattr(secrets, name), secret) for name in Secrets.model_fields}
    return SecretOutputs(**held)


def _each(value: Any, secret: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: secret(inner.get_secret_value()) for name, inner in value.items()}
    return secret(value.get_secret_value())
