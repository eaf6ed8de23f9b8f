"""Labels of a container speak of that container alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from policy.rule import UNKNOWN
from policy.rules.labels_known import RULE
from tests.policy.judged import FACTS, said

BOX = "docker:index/container:Container"


def box(key: str, value: Any) -> dict[str, Any]:
    """A container with one label."""
    return {"name": "s-prod-odoo", "labels": [{"label": key, "value": value}]}


RIGHT: list[tuple[str, dict[str, Any]]] = [
    (BOX, box("traefik.enable", "true")),
    (BOX, box("traefik.docker.network", "s-prod-edge")),
    (BOX, box("traefik.http.routers.odoo.rule", "Host(`odoo.example.com`)")),
    (BOX, box("traefik.http.routers.odoo-8072.service", "odoo-8072")),
    (BOX, box("traefik.http.routers.odoo.middlewares", "odoo-host")),
    (BOX, box("traefik.http.services.odoo.loadbalancer.server.port", "8069")),
    (BOX, box("smarteros.stack", UNKNOWN)),
]
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (BOX, box("traefik.http.routers.n8n.rule", "Host(`n8n.example.com`)"), "speaks of another"),
    (BOX, box("traefik.http.routers.odoo2.rule", "Host(`n8n.example.com`)"), "speaks of another"),
    (BOX, box("traefik.http.routers.odoo.middlewares", "n8n-host"), "speaks of another"),
    (BOX, box("traefik.http.routers.odoo.priority", "99999"), "priority"),
    (BOX, box("traefik.http.routers.odoo.entrypoints", "web"), "entrypoints"),
    (BOX, box("traefik.http.services.odoo.loadbalancer.server.url", "http://x"), "server.url"),
    (BOX, box("traefik.tcp.routers.odoo.rule", "HostSNI(`*`)"), "tcp"),
    (BOX, box("traefik.docker.network", "s-prod-socket"), "network"),
    (BOX, box("smarteros.tenant", "acme"), "smarteros.tenant"),
    (BOX, box("com.example.else", "x"), "com.example.else"),
    (BOX, {"labels": [{"label": "traefik.enable", "value": "true"}] * 2}, "twice"),
]


@pytest.mark.parametrize(("token", "inputs"), RIGHT)
def test_what_is_right_passes(token: str, inputs: dict[str, Any]) -> None:
    """Nothing is said of it."""
    assert said(RULE, token, inputs) == []


@pytest.mark.parametrize(("token", "inputs", "words"), WRONG)
def test_what_is_wrong_is_told(token: str, inputs: dict[str, Any], words: str) -> None:
    """One fault, one violation, and it says what."""
    found = said(RULE, token, inputs)
    assert len(found) == 1, found
    assert words in found[0]


def test_in_a_tenants_stack_it_says_whose_it_is() -> None:
    """By a label with the tenant's slug, and no other's."""
    acme = replace(FACTS, tenant="acme")
    stack = {"label": "smarteros.stack", "value": "prod"}
    for labels, wrong in (
        ([stack, {"label": "smarteros.tenant", "value": "acme"}], 0),
        ([stack], 1),
        ([stack, {"label": "smarteros.tenant", "value": "other"}], 1),
    ):
        assert len(said(RULE, BOX, {"name": "s-prod-t-acme-n8n", "labels": labels}, acme)) == wrong
