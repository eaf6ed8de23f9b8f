"""No secret stands where it can be read: not in an app's plain variables, not unencrypted in Pulumi's state.

A value counts as a secret by the name that it has (a password, a token, a key), or because it looks like one (a private
key). Whether it is marked, and so encrypted in the state, the engine says. What has another name and looks like
nothing is not found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from policy.rule import UNKNOWN, Facts, Marked, Props, Resource, Rule, each, part, texts

_NAME = re.compile(
    r"PASSW(OR)?D|PWD|SECRET|TOKEN|CREDENTIAL|PASSPHRASE"
    r"|(API|PRIVATE|ENCRYPTION|ACCESS|SIGNING|MASTER|UNSEAL)_?KEY",
    re.I,
)
_SAYS_WHERE = re.compile(
    r"(_FILE|_PATH|_URL|_NAME|_ID|_TTL|_ENABLED|_TYPE|_HEADER|_(MAX_AGE|EXPIRY)?_?(DAYS|HOURS|MINUTES|SECONDS))$"
    r"|^(OLD)?PWD$",
    re.I,
)
_NEVER_SECRET = ("", "true", "false")
_LOOKS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|AGE-SECRET-KEY-1|\bhv[sb]\.[A-Za-z0-9_-]{20}|\bghp_[A-Za-z0-9]{30}"
)
_IN_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@\"']*:(?!\$[{(]\w+[})]@)[^\s/@\"']+@", re.I)
"""scheme://user:password@host; a password that is only the name of a variable is none."""
_OPTIONS = ("requirepass", "masterauth", "masteruser_password", "pass")
_ALWAYS = {
    "azure-native:dbforpostgresql:Server": ("administratorLoginPassword",),
    "azure-native:keyvault:Secret": ("properties.value",),
    "azure-native:app:Certificate": ("properties.value",),
    "postgresql:index/role:Role": ("password",),
    "pulumi:providers:postgresql": ("password",),
    "pulumi:providers:cloudflare": ("apiToken", "apiKey"),
    "pulumi:providers:vault": ("token",),
    "vault:kv/secretV2:SecretV2": ("dataJson",),
}


def _check(resource: Resource, _facts: Facts) -> Iterator[str]:
    inputs = resource.inputs
    for path, text in texts(inputs):
        if isinstance(text, Marked):
            continue
        if _LOOKS.search(text):
            yield f"{path} holds a key or token in plain: mark it as a secret where it enters the program"
        elif _IN_ADDRESS.search(text):
            yield f"{path} is an address with a password in it, in plain: mark it as a secret, or leave that out"
    for path in _ALWAYS.get(resource.token, ()):
        value = _at(inputs, path)
        if isinstance(value, str) and value and not isinstance(value, Marked):
            yield f"{path} is not marked as a secret, so the state has it in plain: secret(…)"
    if resource.token == "azure-native:app:ContainerApp":
        yield from _app(inputs)
    elif resource.token == "docker:index/container:Container":
        yield from _container(inputs)


def _app(inputs: Props) -> Iterator[str]:
    template = part(inputs.get("template"))
    for container in [*each(template.get("containers")), *each(template.get("initContainers"))]:
        for variable in each(part(container).get("env")):
            name, value = part(variable).get("name"), part(variable).get("value")
            told = value not in (None, UNKNOWN) and str(value).lower() not in _NEVER_SECRET
            if isinstance(name, str) and told and names_a_secret(name):
                yield f"the variable {name} has its value in the app's own description: secretRef, from Key Vault"
        yield from _command([*each(part(container).get("command")), *each(part(container).get("args"))])
    for one in each(part(inputs.get("configuration")).get("secrets")):
        if part(one).get("value") not in (None, ""):
            yield f"the app's secret {part(one).get('name')} is kept in the app: keyVaultUrl and an identity"


def _container(inputs: Props) -> Iterator[str]:
    for variable in each(inputs.get("envs")):
        name, _, value = str(variable).partition("=")
        if value.lower() not in _NEVER_SECRET and names_a_secret(name) and not isinstance(variable, Marked):
            yield f"the variable {name} is in plain: a secret of the Workload, best a secret file"
    yield from _command([*each(inputs.get("entrypoints")), *each(inputs.get("command"))])
    yield from _command(each(part(inputs.get("healthcheck")).get("tests")))
    for upload in each(inputs.get("uploads")):
        content = part(upload).get("content")
        name = str(part(upload).get("file", "")).rpartition("/")[2].replace("-", "_")
        plain = isinstance(content, str) and content and not isinstance(content, Marked)
        if plain and names_a_secret(name):
            yield f"the file {part(upload).get('file')} is in plain: a secret file of the Workload"


def _command(given: list[object]) -> Iterator[str]:
    """Options of a command that have a secret's name, and a value that anybody reads."""
    words = [word for one in given for word in ([one] if isinstance(one, Marked) else str(one).split())]
    for word, after in pairwise([*words, ""]):
        if isinstance(word, Marked) or not word.startswith("-"):
            continue
        option, is_given, value = word.lstrip("-").partition("=")
        value = value if is_given else after
        name = option.replace("-", "_").replace(".", "_")
        plain = not isinstance(value, Marked) and value.lower() not in _NEVER_SECRET
        if plain and not value.startswith(("-", "/", "$", '"$')) and (name in _OPTIONS or names_a_secret(name)):
            yield f"the option --{option} has its value in the command: a secret file of the Workload"


def names_a_secret(name: str) -> bool:
    """Whether a variable of that name holds a secret, and not only says where one is."""
    return bool(_NAME.search(name)) and not _SAYS_WHERE.search(name)


def _at(inputs: Props, path: str) -> object:
    at: object = inputs
    for step in path.split("."):
        at = part(at).get(step)
    return at


RULE = Rule(
    name="secrets-not-plain",
    says="Secrets are never in plain text.",
    types=("*",),
    check=_check,
)
