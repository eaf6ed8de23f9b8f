"""What of a state runs a service's code, what goes with it, and whether a service answers well."""

from __future__ import annotations

from typing import Any

import pytest

from recovery.upgrade.code_of import HoldsData, code_of, taken_along
from recovery.upgrade.smoke import SmokeFailed, works
from settings import WebAddress
from settings.services.owner import Answer
from settings.systems.smarteros import SmarterOSServices

CONTAINER, VOLUME = "docker:index/container:Container", "docker:index/volume:Volume"
COMPONENT = "smarteros:services:Chatwoot"


def resource(name: str, kind: str, parent: str = "", *, needs: tuple[str, ...] = ()) -> dict[str, Any]:
    """As a state has it."""
    return {
        "urn": f"urn::{name}",
        "type": kind,
        "parent": f"urn::{parent}",
        "dependencies": [f"urn::{one}" for one in needs],
    }


STATE = {
    "resources": [
        resource("chatwoot", COMPONENT),
        resource("chatwoot-web", "smarteros:docker:ClosedContainer", "chatwoot"),
        resource("chatwoot-storage", VOLUME, "chatwoot-web"),
        resource("chatwoot-container", CONTAINER, "chatwoot-web", needs=("chatwoot-storage",)),
        resource("odoo", "smarteros:services:Odoo"),
        resource("odoo-container", CONTAINER, "odoo"),
        resource("route", "cloudflare:index/dnsRecord:DnsRecord", needs=("chatwoot-container",)),
    ]
}


def test_its_containers_go_and_its_volumes_stay() -> None:
    """However deep they are; nobody else's."""
    assert code_of(STATE, "chatwoot") == ["urn::chatwoot-container"]
    assert taken_along(STATE, ["urn::chatwoot-container"]) == ["urn::route"]


def test_data_that_depends_on_it_stops_everything() -> None:
    """Before anything is taken away."""
    more = resource("late", VOLUME, needs=("chatwoot-container",))
    with pytest.raises(HoldsData, match=r"late depends on what would be stopped.*Fix: "):
        taken_along({"resources": [*STATE["resources"], more]}, ["urn::chatwoot-container"])


SMOKE = next(kind for key, kind in SmarterOSServices.kinds() if key == "chatwoot").upgrades["chatwoot"].smoke
ADDRESS = WebAddress(host="chatwoot.example.cl", tls=True, proxies=2)


def asked(*answers: Answer | OSError, tag: str = "v4.19.0-ce") -> list[str]:
    """One answer after the other, the last one for ever; a clock of its own."""
    now, left = [0.0], list(answers)

    def visit(_address: WebAddress, _question: Any) -> Answer:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, OSError):
            raise answer
        return answer

    def sleep(seconds: float) -> None:
        now[0] += seconds

    return works(ADDRESS, SMOKE, tag, visit, within_s=60, clock=(lambda: now[0], sleep))


def says(version: str, data: str = "ok", status: int = 200) -> Answer:
    """As Chatwoot's /api does."""
    body = f'{{"version": "{version}", "queue_services": "ok", "data_services": "{data}"}}'
    return Answer(status, body=body.encode())


def test_it_is_asked_until_the_new_version_answers_well() -> None:
    """Nobody there, the old one, its database away: all that passes."""
    assert asked(OSError("refused"), says("4.18.0"), says("4.19.0", "failing"), says("4.19.0"))


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (says("4.18.0"), "4.18.0"),
        (says("4.19.0", "failing"), "data_services: failing"),
        (OSError("gone"), "nobody answers"),
    ],
)
def test_what_does_not_pass_fails_with_what_it_said_last(answer: Answer | OSError, told: str) -> None:
    """After its time."""
    with pytest.raises(SmokeFailed, match=told):
        asked(answer)
