"""A container has the volumes of its own service, and none of another's; all of them are this environment's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy.rule import Facts, Resource, Rule, each, part
from policy.rules.networks_own import part_of

_VOLUME = "docker:index/volume:Volume"
_BESIDE = re.compile(r"-(secrets-loader|prepare)$")
_WORKER = re.compile(r"-worker(-\d+)?$")


def _check(resource: Resource, facts: Facts) -> Iterator[str]:
    name = resource.inputs.get("name", resource.name)
    if not isinstance(name, str) or not facts.system:
        return
    prefix = f"{facts.system}-{facts.environment}-"
    if not name.startswith(prefix):
        yield f"{name} is none of this environment's: its name begins with {prefix}"
    if resource.token == _VOLUME:
        return
    service = _BESIDE.sub("", part_of(name, facts))
    own = {f"{prefix}{service}-", f"{prefix}{_WORKER.sub('', service)}-"}
    for volume in each(resource.inputs.get("volumes")):
        mounted, path = part(volume).get("volumeName"), part(volume).get("hostPath")
        if not mounted and not path and "volumeName" not in part(volume):
            yield f"container {name} mounts something without a name, which nobody finds again: volumeName"
        elif isinstance(mounted, str) and mounted and not mounted.startswith(tuple(own)):
            yield f"container {name} mounts {mounted}, which is another service's: a volume of its own"


RULE = Rule(
    name="volumes-own",
    says="A container mounts the volumes of its own service.",
    types=("docker:index/container:Container", _VOLUME),
    check=_check,
    everywhere=True,
    needs_facts=True,
)
