"""At which address who calls whom: the calls themselves are their system's (settings.systems).

Every call has a secret of its own in the keyring, with which the caller signs and the one called verifies; both are
handed the same entry. What is sent is the applications' own business; how it is signed, docs/wiring.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from settings.findings import Finding
from settings.hosts import AnyHost
from settings.networks import DATA_SUBNET, EDGE_SUBNET, docker_subnets
from settings.parts import Host
from settings.system import Call
from settings.systems import SYSTEMS

if TYPE_CHECKING:
    from settings.model import Settings
    from settings.services import PlatformServices

__all__ = [
    "HMAC_HEADER",
    "IDENTITY_HEADER",
    "WIRING_CHECKS",
    "announced",
    "calls_of",
    "identity_of",
    "private_networks",
    "url_of",
    "wiring_entry",
]

IDENTITY_HEADER = "X-SMOS-Identity"
HMAC_HEADER = "X-SMOS-HMAC"


def calls_of(settings: Settings) -> list[Call]:
    """The calls that there are in an environment: those of its system whose two ends run."""
    return list(_between(settings.system, settings.services))


def _between(system: str, services: PlatformServices) -> Iterator[Call]:
    running = {key for key, _ in services.running()}
    return (call for call in SYSTEMS[system].calls if {call.caller, call.callee} <= running)


def wiring_entry(call: Call, settings: Settings) -> str:
    """Where in the keyring the secret of a call is. The same for all environments: the services' own databases have it,
    too, in credentials and tools, and after a fail-over they are restored into the other environment.
    """
    return f"{settings.stack if settings.own_machine else 'shared'}/wiring/{call.name}"


def identity_of(settings: Settings, call: Call) -> str:
    """As whom the caller makes itself known."""
    return f"{call.caller}@{settings.domain}"


def url_of(settings: Settings, call: Call) -> str:
    """Where the caller finds the one called: inside the host's network when both are in it, else by its public name."""
    callee = getattr(settings.services, call.callee)
    if callee.elsewhere is not None:
        return str(callee.elsewhere.url)
    if _stays_inside(settings.services, settings.hosts, call):
        return f"http://{call.callee}:{callee.port}{call.path}"
    return settings.address(call.callee).url + call.path


def announced(settings: Settings, call: Call) -> dict[str, str]:
    """What others may know of a call: no secret."""
    url, identity = url_of(settings, call), identity_of(settings, call)
    return {"caller": call.caller, "callee": call.callee, "url": url, "identity": identity}


def private_networks(settings: Settings, service: str) -> tuple[str, ...]:
    """The private networks that a service calls into: nothing else that is private is its business.

    Docker's DNS answers with the address in the first network that both are in: those with a way out come first, then
    by name (moby/moby daemon/libnetwork/sandbox.go, Endpoint.Less). That is `edge`; but on the developer's own machine
    `data` has a way out, too.
    """
    inside = [
        call
        for call in calls_of(settings)
        if call.caller == service and _stays_inside(settings.services, settings.hosts, call)
    ]
    names = {getattr(settings.services, call.callee).place.machine for call in inside}
    return tuple(
        str(subnet) for host in sorted(settings.hosts, key=_name) if host.name in names for subnet in _answering(host)
    )


def _name(host: Host) -> str:
    return host.name


def _answering(host: Host) -> list[IPv4Network]:
    subnets = docker_subnets(host)
    return [subnets[EDGE_SUBNET], *([subnets[DATA_SUBNET]] if host.own_machine else [])]


def _stays_inside(services: PlatformServices, hosts: tuple[AnyHost, ...], call: Call) -> bool:
    """Whether the call never leaves its host. On the developer's own machine all do: no name of it leads there from
    inside a container.
    """
    there, here = (getattr(services, key).place for key in (call.callee, call.caller))
    if there is None or here is None or here.private_network is None or here.private_network != there.private_network:
        return False
    outside = call.refuses_private or getattr(services, call.callee).tls_only
    return not outside or here.machine in _own_machines(hosts)


def _own_machines(hosts: tuple[AnyHost, ...]) -> set[str]:
    return {host.name for host in hosts if host.own_machine}


def calls_arrive(system: str, hosts: tuple[AnyHost, ...], all_services: PlatformServices) -> Iterator[Finding]:
    """Whoever is called from elsewhere has a name there, and is not on the developer's own machine."""
    local = _own_machines(hosts)
    for call in _between(system, all_services):
        callee = getattr(all_services, call.callee)
        if callee.elsewhere is not None or _stays_inside(all_services, hosts, call):
            continue
        name, whence = getattr(callee, "hostname", None), f"{call.caller} calls it from elsewhere ({call.name})"
        if name is None:
            mend = f"hostname: {call.callee}; or both on the same host"
            yield ("services", call.callee, "hostname"), name, f"{whence}, and no name leads to it", mend
        elif callee.place is not None and callee.place.machine in local:
            why = f"{whence}, and nobody else reaches the developer's own machine (reach: local)"
            yield ("services", call.caller), call.caller, why, f"{call.caller} on the same machine, or neither of them"


WIRING_CHECKS: tuple[Callable[..., Iterator[Finding]], ...] = (calls_arrive,)
