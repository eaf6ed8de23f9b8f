"""A container of a host is closed: no capability that it does not need, no way up, a limit, a health check.

A root file system that can be written to is allowed where a label says why. It runs as the user that its image has.
"""

from __future__ import annotations

from collections.abc import Iterator

from policy.rule import UNKNOWN, Facts, Props, Resource, Rule, each, part

CAPABILITIES = ("CAP_CHOWN",)
"""What a container that fills a volume needs, to give its files to whom they are for; it doesn't reach the host."""
_AS_ROOT = ("traefik", "chatwoot", "chatwoot-worker", "chatwoot-prepare")
"""What runs as root inside, without a capability: its vendor's image has no user of its own, or writes as root."""
_IMAGES_OWN_USER = ("traefik-docker-api",)
"""Whose user is the image's business: it only reads a socket that root owns."""
_FILLS = "-secrets-loader"
WRITABLE_ROOT = "smarteros.writable-root"
"""The label whose text says why the root file system can't be read-only."""


def _check(resource: Resource, facts: Facts) -> Iterator[str]:
    inputs, name = resource.inputs, str(resource.inputs.get("name", resource.name))
    yield from _user(name, inputs.get("user"), facts)
    yield from _runs(name, inputs)
    yield from _profile(name, inputs)
    yield from _limits(name, inputs)
    labels = {str(part(one).get("label")): part(one).get("value") for one in each(inputs.get("labels"))}
    if inputs.get("readOnly") is not True and not _reason(labels.get(WRITABLE_ROOT)):
        yield f"container {name}: make its root read-only, or say in the label {WRITABLE_ROOT} why it can't be"


def _user(name: str, user: object, facts: Facts) -> Iterator[str]:
    if any(facts.is_called(name, one) for one in _IMAGES_OWN_USER) or name.endswith(_FILLS):
        return
    if user is None and not facts.own_machine:
        yield f"container {name}: say the user that its image has, as in 1000:1000"
    elif str(user).partition(":")[0] in ("0", "root") and not any(facts.is_called(name, one) for one in _AS_ROOT):
        yield f"container {name} runs as root: the user that its image has"


def _runs(name: str, inputs: Props) -> Iterator[str]:
    ends = _ends(inputs)
    if inputs.get("mustRun") is False and not ends:
        yield f"container {name}: mustRun is false for what ends by itself alone, with attach"
    wanted = "no" if ends else "unless-stopped"
    if inputs.get("restart", "no") not in (UNKNOWN, wanted):
        yield f"container {name}: restart {wanted}"


def _ends(inputs: Props) -> bool:
    """Whether it prepares something, and is waited for until it ends."""
    return inputs.get("attach") is True and inputs.get("mustRun") is False


def _profile(name: str, inputs: Props) -> Iterator[str]:
    options = [str(one).replace("=", ":") for one in each(inputs.get("securityOpts"))]
    privileges = {one for one in options if one.partition(":")[0] == "no-new-privileges"}
    if not privileges or not privileges <= {"no-new-privileges", "no-new-privileges:true"}:
        yield f"container {name}: add the security option no-new-privileges:true"
    for option in options:
        if option.endswith(":unconfined") or option == "label:disable":
            yield f"container {name}: {option} takes the host's own profile away: leave it out"
    capabilities = part(inputs.get("capabilities"))
    if "ALL" not in each(capabilities.get("drops")):
        yield f"container {name}: drop the capability ALL, then add what it needs"
    for added in each(capabilities.get("adds")):
        if added not in CAPABILITIES:
            yield f"container {name}: the capability {added} is none of {', '.join(CAPABILITIES)}"


def _limits(name: str, inputs: Props) -> Iterator[str]:
    memory = inputs.get("memory", 0)
    if isinstance(memory, int | float) and memory <= 0:
        yield f"container {name}: without a limit of its memory a leak ends the host, not the container"
    if inputs.get("memorySwap", memory) not in (UNKNOWN, memory):
        yield f"container {name}: memorySwap is its memory, else it fills the host's swap"
    tests = part(inputs.get("healthcheck")).get("tests")
    # One that is waited for until it ends can't hang unnoticed.
    if not _ends(inputs) and (not tests or (tests is not UNKNOWN and each(tests)[:1] == ["NONE"])):
        yield f"container {name}: without a health check nobody knows that it hangs"


def _reason(text: object) -> bool:
    return text is UNKNOWN or (isinstance(text, str) and bool(text.strip()))


RULE = Rule(
    name="containers-hardened",
    says="Containers of a host have no privileges, a memory limit, a health check and a read-only root.",
    types=("docker:index/container:Container",),
    check=_check,
    needs_facts=True,
)
