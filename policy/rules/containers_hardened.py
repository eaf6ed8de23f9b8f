"""A container of a host is closed: no capability that it does not need, no way up, a limit, a health check.

A root file system that can be written to is allowed where a label says why. Containers that never start (they only
fill a volume with files) are left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from policy.rule import UNKNOWN, Facts, Resource, Rule, each, part

CAPABILITIES = (
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_IPC_LOCK",
    "CAP_NET_BIND_SERVICE",
    "CAP_SETGID",
    "CAP_SETUID",
)
"""What images need to take their own files or to bind a port; none of them reaches the host."""
WRITABLE_ROOT = "smarteros.writable-root"
"""The label whose text says why the root file system can't be read-only."""


def _check(resource: Resource, _facts: Facts) -> Iterator[str]:
    inputs, name = resource.inputs, str(resource.inputs.get("name", resource.name))
    if inputs.get("start") is False:
        return
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
    memory = inputs.get("memory", 0)
    if isinstance(memory, int | float) and memory <= 0:
        yield f"container {name}: without a limit of its memory a leak ends the host, not the container"
    tests = part(inputs.get("healthcheck")).get("tests")
    # One that is waited for until it ends can't hang unnoticed.
    ends = inputs.get("attach") is True and inputs.get("mustRun") is False
    if not ends and (not tests or (tests is not UNKNOWN and each(tests)[:1] == ["NONE"])):
        yield f"container {name}: without a health check nobody knows that it hangs"
    labels = {str(part(one).get("label")): part(one).get("value") for one in each(inputs.get("labels"))}
    if inputs.get("readOnly") is not True and not _reason(labels.get(WRITABLE_ROOT)):
        yield f"container {name}: make its root read-only, or say in the label {WRITABLE_ROOT} why it can't be"


def _reason(text: object) -> bool:
    return text is UNKNOWN or (isinstance(text, str) and bool(text.strip()))


RULE = Rule(
    name="containers-hardened",
    says="Containers of a host have no privileges, a memory limit, a health check and a read-only root.",
    types=("docker:index/container:Container",),
    check=_check,
)
