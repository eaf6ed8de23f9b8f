"""Labels of containers steer the reverse proxy: each one is known, and speaks of its own container.

Traefik reads the labels of all containers as one configuration: a router or service of one name in two of them takes
the other's visitors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy.known.kind import INTENT
from policy.rule import UNKNOWN, Facts, Resource, Rule, each, part
from policy.rules.networks_own import part_of

_TRAEFIK = re.compile(
    r"traefik\.http\.(?P<kind>routers|services|middlewares)\.(?P<name>[a-z0-9-]+)\.(?P<rest>[A-Za-z.-]+)"
)
_MAY_FOLLOW = re.compile(r"|-host|-rest|-\d+")
DIGESTS = ("smarteros.prepared", "smarteros.secret-files")
"""Labels that say by a checksum what a container was started with."""
_PLAIN = {
    "traefik.enable": re.compile("true"),
    "smarteros.system": re.compile(".+"),
    "smarteros.stack": re.compile(".+"),
    "smarteros.writable-root": re.compile(".*"),
    INTENT: re.compile("[0-9a-f]{24}"),
    **dict.fromkeys(DIGESTS, re.compile("[0-9a-f]{8,64}|sha256:[0-9a-f]{64}")),
}
_NUMBER = re.compile(r"\d{1,5}")
_PARTS: dict[tuple[str, str], re.Pattern[str] | None] = {
    ("routers", "rule"): re.compile("(?s).*"),  # names-in-zone
    ("routers", "entrypoints"): re.compile("websecure|web"),
    ("routers", "priority"): re.compile("1|1000"),
    ("routers", "middlewares"): None,
    ("routers", "service"): None,
    ("services", "loadbalancer.server.port"): _NUMBER,
    ("middlewares", "headers.customrequestheaders.X-Forwarded-Host"): re.compile(r"[a-z0-9.-]+(:\d+)?"),
}
"""What a label may be about, and its value: nothing stands for a name of the container's own."""


def _check(resource: Resource, facts: Facts) -> Iterator[str]:
    name = str(resource.inputs.get("name", resource.name))
    own = part_of(name, facts)
    seen: set[str] = set()
    for label in each(resource.inputs.get("labels")):
        key, value = part(label).get("label"), part(label).get("value")
        if not isinstance(key, str):
            continue
        if key.lower() in seen:
            yield f"container {name}: the label {key} stands there twice: once"
        seen.add(key.lower())
        if value is UNKNOWN or not facts.system or (isinstance(value, str) and _is_known(key, value, own, facts)):
            continue
        yield f"container {name}: the label {key} is none that it needs, or speaks of another: leave it out"
    if "smarteros.stack" in seen and facts.tenant and "smarteros.tenant" not in seen:
        yield f"container {name} does not say whose it is: the label smarteros.tenant"


def _is_known(key: str, value: str, own: str, facts: Facts) -> bool:
    if key in _PLAIN:
        return bool(_PLAIN[key].fullmatch(value))
    if key == "smarteros.tenant":
        return bool(facts.tenant) and value == facts.tenant
    if key == "traefik.docker.network":
        return facts.is_called(value, "edge")
    found = _TRAEFIK.fullmatch(key)
    if not found or (found["kind"], found["rest"]) not in _PARTS or not _is_own(found["name"], own):
        return False
    if (found["kind"], found["rest"]) == ("routers", "entrypoints") and value == "web":
        return facts.own_machine
    pattern = _PARTS[found["kind"], found["rest"]]
    return _is_own(value, own) if pattern is None else bool(pattern.fullmatch(value))


def _is_own(name: str, own: str) -> bool:
    return name.startswith(own) and bool(_MAY_FOLLOW.fullmatch(name[len(own) :]))


RULE = Rule(
    name="labels-known",
    says="Labels of a container speak of that container alone.",
    types=("docker:index/container:Container",),
    check=_check,
    needs_facts=True,
)
