"""What the simulated programs answer follows from what they were told: one that is told nothing could be claimed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from components.services.chatwoot import PREPARE
from components.services.chatwoot import owner_script as chatwoots
from components.services.metabase import setup_script
from components.services.n8n_owner import password_hash
from components.services.odoo import owner_script as odoos
from sandbox.apps.server.stand_ins import Startup, reply
from settings.services.owner import Answer, Claim, Owner
from settings.systems.smarteros import SmarterOSServices
from tests.components.placed import CASES

PASSWORD = "Pa55word" * 5
BY_START = {
    "n8n": Startup(
        image="docker.n8n.io/n8nio/n8n:2.35.7",
        env={
            "N8N_INSTANCE_OWNER_MANAGED_BY_ENV": "true",
            "N8N_INSTANCE_OWNER_EMAIL": "dev@example.com",
            "N8N_INSTANCE_OWNER_PASSWORD_HASH": password_hash(PASSWORD, "key", "dev@example.com"),
        },
    ),
    "botpress": Startup(
        image="botpress/server:12.31.10@sha256:00",
        env={"BP_ADMIN_EMAIL": "dev@example.com", "BP_ADMIN_PASSWORD": PASSWORD},
    ),
    "mcp": Startup(
        image="ghcr.io/ibm/mcp-context-forge:v1.0.8",
        env={"PLATFORM_ADMIN_EMAIL": "dev@example.com", "PLATFORM_ADMIN_PASSWORD": PASSWORD},
    ),
}
FILE = {"owner-password": PASSWORD}
AT = {"SMOS_OWNER_PASSWORD_FILE": "/run/secrets/owner-password"}
REQUEST = json.dumps({"token": "SETUP_TOKEN", "user": {"email": "dev@example.com", "password": PASSWORD}})
BY_PREPARATION = {
    "chatwoot": Startup(
        image="chatwoot/chatwoot:v4.18.0-ce",
        env={"SMOS_OWNER_EMAIL": "dev@example.com", **AT},
        files=FILE,
        prepared=["/bin/sh", "-c", PREPARE, "prepare", chatwoots()],
    ),
    "metabase": Startup(
        image="metabase/metabase:v0.64.1.5",
        env={"SMOS_SETUP_REQUEST": "/run/secrets/metabase-setup.json"},
        files={"metabase-setup.json": REQUEST},
        prepared=["/bin/bash", "-c", setup_script()],
    ),
    "odoo": Startup(image="docker.io/odoo:19.0-20260817", env=AT, files=FILE, prepared=["/bin/bash", "-c", odoos()]),
}
HANDED = BY_START | BY_PREPARATION


def owners() -> dict[str, Owner]:
    """Of every service that has one."""
    return {case.service: owner for case in CASES if case.typed and isinstance(owner := case.model.owner, Owner)}


def claim(service: str, startup: Startup) -> Claim:
    """What the product makes of the stand-in's answer."""
    question = owners()[service].question
    said = reply(startup, question.path, dict(question.body) if question.body else None)
    assert said is not None
    return question.means(Answer(said.status, said.location, json.dumps(dict(said.content)).encode()))


def test_every_service_with_an_owner_has_its_stand_in() -> None:
    """A later one brings its own, or nothing would answer the question."""
    assert HANDED.keys() == owners().keys() <= SmarterOSServices.model_fields.keys()


@pytest.mark.parametrize("service", sorted(HANDED))
def test_what_was_told_of_its_owner_is_owned(service: str) -> None:
    """As this program declares it."""
    assert claim(service, HANDED[service]) == "owned"


@pytest.mark.parametrize("service", sorted(BY_START))
def test_what_makes_its_owner_as_it_starts_must_be_told_of_him(service: str) -> None:
    """The program of yesterday, which told n8n nothing."""
    assert claim(service, replace(HANDED[service], env={})) == "claimable"


@pytest.mark.parametrize("service", sorted(BY_START))
@pytest.mark.parametrize("left_out", [0, 1])
def test_each_variable_counts(service: str, left_out: int) -> None:
    """Half of an owner is none."""
    startup = HANDED[service]
    names = [name for name in startup.env if not name.endswith("BY_ENV")]
    less = replace(startup, env={name: value for name, value in startup.env.items() if name != names[left_out]})
    # The gateway's vendor has a default for each half: only both together let a stranger in.
    assert claim(service, less) != "owned" or service == "mcp"


def test_n8n_does_not_start_with_a_password_in_place_of_its_hash() -> None:
    """owner.instance-settings-loader.ts ends it: nobody owns it, but nobody is led to it either."""
    startup = HANDED["n8n"]
    plain = replace(startup, env={**startup.env, "N8N_INSTANCE_OWNER_PASSWORD_HASH": PASSWORD})
    assert claim("n8n", plain) == "unknown"


WITHOUT: dict[str, list[tuple[dict[str, Any], Claim]]] = {
    # Yesterday's: the tables alone.
    "chatwoot": [
        ({"prepared": ["bundle", "exec", "rails", "db:chatwoot_prepare"]}, "claimable"),
        ({"files": {}}, "claimable"),
        ({"prepared": ["/bin/sh", "-c", PREPARE, "prepare", "Redis::Alfred.get('x')"]}, "claimable"),
        ({"prepared": ()}, "unknown"),
    ],
    "metabase": [({"prepared": ()}, "claimable"), ({"files": {}}, "claimable")],
    # Yesterday's: no tables, so no answer that would say that it is owned.
    "odoo": [
        ({"prepared": ()}, "unknown"),
        ({"prepared": ["odoo", "-d", "odoo", "-i base"]}, "claimable"),
        ({"files": {"owner-password": "admin"}}, "claimable"),
    ],
}


@pytest.mark.parametrize(
    ("service", "changed", "expected"),
    [(service, changed, expected) for service, rows in WITHOUT.items() for changed, expected in rows],
)
def test_what_is_prepared_must_be_prepared(service: str, changed: dict[str, Any], expected: Claim) -> None:
    """Without the preparation, or what it needs, it is as its vendor leaves it."""
    assert claim(service, replace(HANDED[service], **changed)) == expected


@pytest.mark.parametrize(("metrics", "status"), [("true", 200), ("false", 404)])
def test_n8ns_measures_follow_from_what_it_is_told(metrics: str, status: int) -> None:
    """Switched on, they are on its public port."""
    (measures,) = owners()["n8n"].closed
    said = reply(replace(HANDED["n8n"], env={"N8N_METRICS": metrics}), measures.path, None)
    assert said is not None
    assert said.status == status
    assert measures.means(Answer(said.status)) == ("claimable" if metrics == "true" else "owned")


def test_nothing_else_is_simulated() -> None:
    """What no program here was asked, none answers."""
    assert reply(HANDED["n8n"], "/rest/login", {}) is None
    assert reply(Startup(image="nginx:1", env={}), "/rest/settings", None) is None
