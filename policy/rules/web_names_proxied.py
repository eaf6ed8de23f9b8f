"""Names that browsers open go through Cloudflare: nobody needs the addresses behind it, and it keeps floods off.

Names with an underscore or `asuid` prove things to machines, and must not be proxied.
"""

from __future__ import annotations

from collections.abc import Iterator

from policy.rule import Facts, Resource, Rule, differs

_PROOFS = ("asuid",)


def _check(resource: Resource, _facts: Facts) -> Iterator[str]:
    kind, name = resource.inputs.get("type"), str(resource.inputs.get("name", ""))
    first = name.partition(".")[0]
    proof = first in _PROOFS or any(label.startswith("_") for label in name.split("."))
    if kind in ("A", "AAAA", "CNAME") and not proof and differs(resource.inputs.get("proxied"), True):
        yield f"{kind} {name} shows its origin to everybody: proxied: true"


RULE = Rule(
    name="web-names-proxied",
    says="Names of the web go through Cloudflare's proxy.",
    types=("cloudflare:index/dnsRecord:DnsRecord",),
    check=_check,
)
