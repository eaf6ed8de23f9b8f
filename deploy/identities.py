"""Under which id a vendor knows a thing whose creation was begun, when nobody noted its answer.

Most ids follow from the inputs; whether the thing exists is then the provider's own matter (it is read). Of Docker's
containers, networks and images the host is asked, of DNS records and origin certificates Cloudflare's API. What lives
in Pulumi's state alone (a generated password, a key) was lost with the answer, and nothing can depend on it yet.
"""

from __future__ import annotations

import asyncio
import re
import shlex
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from deploy.identity_templates import IDS, LEFT_OUT, NOWHERE
from deploy.json_api import NoAnswer, asked
from deploy.target import RunTarget, Target
from hosts import own_engine
from kept.operator_error import OperatorError
from settings import Settings

__all__ = [
    "CLOUDFLARE_API",
    "Means",
    "Pending",
    "Unknown",
    "identity_of",
    "means_of",
]

CLOUDFLARE_API = "SMOS_CLOUDFLARE_API"
"""Where a simulated run has Cloudflare's API. Ignored in a real one: no variable may lead a token elsewhere."""

_TIMEOUT_S = 15.0


@dataclass(frozen=True, kw_only=True)
class Means:
    """What it takes to ask the vendors: the settings, the address of Cloudflare's API, the SSH configuration."""

    settings: Settings
    cloudflare: str = "https://api.cloudflare.com/client/v4"
    ssh_config: Path | None = None


def means_of(place: RunTarget, settings: Settings) -> Means:
    """Whom a run asks: of a simulated one, the simulated."""
    usual = Means(settings=settings, ssh_config=place.ssh_config)
    if place.target is Target.SANDBOX and CLOUDFLARE_API in place.environ:
        return replace(usual, cloudflare=place.environ[CLOUDFLARE_API])
    return usual


class Unknown(OperatorError):
    """It can't be told whether the thing exists; the text says what to look at."""


@dataclass(frozen=True, kw_only=True)
class Pending:
    """A creation that was begun and of whose end nobody knows."""

    urn: str
    token: str
    inputs: Mapping[str, Any] = field(repr=False)
    provider: Mapping[str, Any] = field(repr=False)
    """The configuration of the provider that was creating it, secrets in plain: never shown."""

    @property
    def name(self) -> str:
        """The last part of the URN."""
        return self.urn.rsplit("::", 1)[-1]


def identity_of(one: Pending, means: Means) -> str | None:
    """The id under which it exists, if it exists; None when nothing needs to be adopted. Raises Unknown."""
    if one.token.startswith(NOWHERE):
        return None
    template = IDS.get(one.token)
    if template is not None:
        return _filled(template, one)
    ask = _ASKED.get(one.token)
    if ask is None:
        raise Unknown(
            f"{one.name} ({one.token}) was being created when the last run was killed, and how to find out whether it "
            "exists is not known here. Fix: look at the vendor's; when it exists: pulumi import, when not: "
            "pulumi refresh --clear-pending-creates"
        )
    return ask(one, means)


def _filled(template: str, one: Pending) -> str:
    values = {**LEFT_OUT, **_given(one.provider), **_given(one.inputs)}

    def value(match: re.Match[str]) -> str:
        for name in match.group(1).split("|"):
            if name in values:
                return str(values[name])
        raise Unknown(f"{one.name} ({one.token}): its state has no {match.group(1)}, so its id is not known")

    return re.sub(r"\{([\w|]+)\}", value, template).replace("//", "/")


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "")}


# -- PostgreSQL: grants have no name of their own --------------------------------------------------------------------


Ask = Callable[[Pending, Means], str | None]


def _grant(one: Pending, _means: Means) -> str:
    inputs = one.inputs
    parts = [inputs["role"], inputs["database"]]
    if inputs["objectType"] != "database":
        parts.append(inputs.get("schema"))
    return "_".join(str(part) for part in (*parts, inputs["objectType"], *(inputs.get("objects") or [])))


def _default_privileges(one: Pending, _means: Means) -> str:
    names = ("role", "database", "schema", "owner", "objectType")
    return "_".join(str(one.inputs.get(name) or "noschema") for name in names)


def _membership(one: Pending, _means: Means) -> str:
    inputs = one.inputs
    return "_".join((str(inputs["role"]), str(inputs["grantRole"]), str(bool(inputs.get("withAdminOption"))).lower()))


# -- Docker: the host is asked ---------------------------------------------------------------------------------------


def _docker(kind: str) -> Ask:
    def ask(one: Pending, means: Means) -> str | None:
        from hosts.ssh import SshProblem, run

        where, name = urlsplit(str(one.provider.get("host", ""))), str(one.inputs["name"])
        if where.scheme == "unix":
            return _own(one, kind, name)
        here = (where.hostname, where.port or 22)
        host = next((known for known in means.settings.remote_hosts if (known.address, known.ssh_port) == here), None)
        if host is None:
            raise Unknown(f"{one.name}: its Docker host {where.hostname} is not in the settings any more")
        command = f"docker {kind} inspect --format '{{{{.Id}}}}' {shlex.quote(name)}"
        try:
            status, out, err = asyncio.run(run(host, command, means.ssh_config))
        except SshProblem as problem:
            raise Unknown(f"{one.name}: {problem}") from None
        if status != 0:
            if "no such" in err.lower():
                return None
            raise Unknown(f"{one.name}: host {host.name} answered `{command}` with: {err.strip() or status}")
        return out.strip() + (name if kind == "image" else "")

    return ask


def _own(one: Pending, kind: str, name: str) -> str | None:
    """Of this machine's own engine."""
    try:
        found = own_engine.identity(str(one.provider["host"]), kind, name)
    except own_engine.EngineProblem as problem:
        raise Unknown(f"{one.name}: {problem}") from None
    return found + (name if kind == "image" else "") if found is not None else None


# -- Cloudflare: its API is asked ------------------------------------------------------------------------------------


def _record(one: Pending, means: Means) -> str | None:
    wanted = one.inputs
    query = {"name": str(wanted["name"]), "type": str(wanted["type"])}
    there = [
        found
        for found in _cloudflare(one, means, f"zones/{wanted['zoneId']}/dns_records", query)
        if wanted.get("content") is None or _text(found.get("content")) == _text(wanted["content"])
    ]
    there.sort(key=lambda found: found.get("comment") != wanted.get("comment"))  # the one with our mark first
    return str(there[0]["id"]) if there else None


def _custom_hostname(one: Pending, means: Means) -> str | None:
    wanted = one.inputs
    query = {"hostname": str(wanted["hostname"])}
    for found in _cloudflare(one, means, f"zones/{wanted['zoneId']}/custom_hostnames", query):
        if _text(found.get("hostname")) == _text(wanted["hostname"]):
            return str(found["id"])
    return None


def _certificate(one: Pending, means: Means) -> str | None:
    wanted = set(one.inputs["hostnames"])
    query = {"zone_id": means.settings.zone.zone_id}
    for found in _cloudflare(one, means, "certificates", query):
        same = "".join(str(found.get("csr", "")).split()) == "".join(str(one.inputs["csr"]).split())
        if same and set(found.get("hostnames") or []) == wanted and not found.get("revoked_at"):
            return str(found["id"])
    return None


def _text(value: object) -> str:
    return str(value).strip('"').rstrip(".").lower()


def _cloudflare(one: Pending, means: Means, path: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
    url = f"{means.cloudflare}/{path}?{urllib.parse.urlencode({**query, 'per_page': '100'})}"
    try:
        content = asked(url, token=str(one.provider.get("apiToken", "")))
    except NoAnswer as error:
        mend = "an API token that may read this zone's DNS and certificates" if error.status else "try again"
        raise Unknown(f"{one.name}: Cloudflare does not say whether it exists: {error}. Fix: {mend}") from None
    return list(content.get("result") or [])


_ASKED: Mapping[str, Ask] = {
    "postgresql:index/grant:Grant": _grant,
    "postgresql:index/defaultPrivileges:DefaultPrivileges": _default_privileges,
    "postgresql:index/grantRole:GrantRole": _membership,
    "docker:index/container:Container": _docker("container"),
    "docker:index/network:Network": _docker("network"),
    "docker:index/remoteImage:RemoteImage": _docker("image"),
    "cloudflare:index/dnsRecord:DnsRecord": _record,
    "cloudflare:index/customHostname:CustomHostname": _custom_hostname,
    "cloudflare:index/originCaCertificate:OriginCaCertificate": _certificate,
}
