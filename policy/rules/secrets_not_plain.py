"""No secret stands where it can be read: not in an app's plain variables, not unencrypted in Pulumi's state.

A value counts as a secret by the name that it has (a password, a token, a key), by its form (a private key, a token of
a known vendor), or because a free text looks as random as secrets are. Whether it is marked, and so encrypted in the
state, the engine says. What is short, has another name and looks like nothing is not found.
"""

from __future__ import annotations

from collections.abc import Iterator

from policy.known import KINDS, node_of
from policy.known.kind import TEXT, leaves
from policy.plain_secrets import looks_like_one, names_a_secret, said_in_command, said_in_text
from policy.rule import UNKNOWN, Facts, Marked, Props, Resource, Rule, each, part, texts
from policy.rules.labels_known import DIGESTS

__all__ = ["RULE", "names_a_secret"]

_NEVER_SECRET = ("", "true", "false")
_ALWAYS = {
    "azure-native:dbforpostgresql:Server": ("administratorLoginPassword",),
    "azure-native:keyvault:Secret": ("properties.value",),
    "azure-native:app:Certificate": ("properties.value",),
    "azure-native:app:ManagedEnvironment": ("appLogsConfiguration.logAnalyticsConfiguration.sharedKey",),
    "postgresql:index/role:Role": ("password",),
    "pulumi:providers:postgresql": ("password",),
    "pulumi:providers:cloudflare": ("apiToken", "apiKey"),
    "pulumi:providers:vault": ("token", "authLogin"),
    "pulumi:providers:smarteros-apps": ("postgres", "redis"),
    "smarteros-apps:postgres:Sessions": ("password",),
    "tls:index/certRequest:CertRequest": ("privateKeyPem",),
    "vault:kv/secretV2:SecretV2": ("dataJson",),
}
_CONTAINER, _APP = "docker:index/container:Container", "azure-native:app:ContainerApp"


def _check(resource: Resource, _facts: Facts) -> Iterator[str]:
    inputs, reported = resource.inputs, set()
    for path in _ALWAYS.get(resource.token, ()):
        value = _at(inputs, path)
        if isinstance(value, str) and value and not isinstance(value, Marked):
            reported.add(path)
            yield f"{path} is not marked as a secret, so the state has it in plain: secret(…)"
    own = _app(inputs) if resource.token == _APP else _container(inputs) if resource.token == _CONTAINER else ()
    for path, text in own:
        reported.add(path)
        yield text
    for path, what in _found(resource):
        if path not in reported and path.partition("[")[0] not in reported:
            yield f"{path} {what}, in plain: mark it as a secret where it enters the program, or leave it out"


def _found(resource: Resource) -> Iterator[tuple[str, str]]:
    """What is in texts: in those that are free by all its signs, in the others by its form alone."""
    if resource.token not in KINDS:
        for path, text in texts(resource.inputs):
            what = None if isinstance(text, Marked) else looks_like_one(text)
            if what:
                yield path, what
        return
    digests = {
        f"labels[{index}].value"
        for index, label in enumerate(each(resource.inputs.get("labels")))
        if part(label).get("label") in DIGESTS
    }
    for leaf in leaves(resource.inputs, node_of(resource.token)):
        if leaf.path in digests:
            continue  # labels-known: what stands there is a checksum
        for path, text in texts(leaf.value, leaf.path):
            if not isinstance(text, Marked):
                what = said_in_text(text) if leaf.allowed is TEXT else looks_like_one(text)
                if what:
                    yield path, what


def _app(inputs: Props) -> Iterator[tuple[str, str]]:
    template = part(inputs.get("template"))
    for where in ("containers", "initContainers"):
        for index, container in enumerate(each(template.get(where))):
            at = f"template.{where}[{index}]"
            for number, variable in enumerate(each(part(container).get("env"))):
                name, value = part(variable).get("name"), part(variable).get("value")
                is_given = value not in (None, UNKNOWN) and str(value).lower() not in _NEVER_SECRET
                if isinstance(name, str) and is_given and not _is_switch(value) and names_a_secret(name):
                    mend = "secretRef, from Key Vault"
                    yield f"{at}.env[{number}].value", f"the variable {name} has its value in the app: {mend}"
            yield from _command(at, [*each(part(container).get("command")), *each(part(container).get("args"))])
    for index, one in enumerate(each(part(inputs.get("configuration")).get("secrets"))):
        if part(one).get("value") not in (None, ""):
            text = f"the app's secret {part(one).get('name')} is kept in the app: keyVaultUrl and an identity"
            yield f"configuration.secrets[{index}].value", text


def _container(inputs: Props) -> Iterator[tuple[str, str]]:
    for index, variable in enumerate(each(inputs.get("envs"))):
        name, _, value = str(variable).partition("=")
        if isinstance(variable, Marked) or value.lower() in _NEVER_SECRET or _is_switch(value):
            continue
        if names_a_secret(name):
            yield f"envs[{index}]", f"the variable {name} is in plain: a secret of the Workload, best a secret file"
    yield from _command("command", [*each(inputs.get("entrypoints")), *each(inputs.get("command"))])
    yield from _command("healthcheck.tests", each(part(inputs.get("healthcheck")).get("tests")))
    for index, upload in enumerate(each(inputs.get("uploads"))):
        content = part(upload).get("content")
        name = str(part(upload).get("file", "")).rpartition("/")[2].replace("-", "_")
        plain = isinstance(content, str) and content and not isinstance(content, Marked)
        if plain and names_a_secret(name):
            yield (
                f"uploads[{index}].content",
                f"the file {part(upload).get('file')} is in plain: a secret file of the Workload",
            )


def _is_switch(value: object) -> bool:
    """Not a secret under any name: a number, a word of the vendor's."""
    return (str(value).isdigit() and len(str(value)) < 7) or str(value).lower() in ("plain", "login", "required")


def _command(at: str, given: list[object]) -> Iterator[tuple[str, str]]:
    """Options of a command that have a secret's name, and a value that anybody reads."""
    words: list[str] = []
    for one in given:
        words += ["$SECRET"] if isinstance(one, Marked) else str(one).split()
    for option in said_in_command(words):
        yield at, f"the option --{option} has its value in the command: a secret file of the Workload"


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
