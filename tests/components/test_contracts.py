"""The contract of a service, for every one on every kind of place: it is declared as its settings say, or refused with
the reason and the mend. A new service is here by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from deploy.policies import facts_of
from settings import SHAPES, expected_secrets
from settings.capacity import connections_held
from settings.secrets import OF_SERVICES
from settings.services.owner import Owner
from tests.components.declared import SECRET_TEXTS, Hidden, resolved, secrets_of
from tests.components.placed import CASES, Case, containers_of
from tests.components.places import EXAMPLES
from tests.policy.judged import violations

GENERATED = ("Rand0m", "SharedKeyOfTheWorkspace")


# Which of them run: asked once for all tests.
REFUSED = {case for case in CASES if not case.typed or case.read()[0] is None}
RUNNING = [case for case in CASES if case not in REFUSED]
IN_CONTAINERS = [case for case in RUNNING if case.wanted.footprint(case.service)]


def each(cases: list[Case]) -> pytest.MarkDecorator:
    """A test for each of them."""
    return pytest.mark.parametrize("case", cases, ids=str)


@pytest.mark.parametrize("case", sorted(REFUSED, key=str), ids=str)
def test_a_place_where_a_service_cannot_run_is_refused(case: Case) -> None:
    """Before anything is created: the path into the file, why, and the mend; and nothing else is wrong with it."""
    _, problems = case.read()
    assert problems
    for problem in problems:
        assert problem.path.startswith(f"smarteros:services/{case.service}/placement"), problem
        assert problem.why, problem
        assert problem.mend, problem


@pytest.mark.parametrize("service", sorted({case.service for case in CASES}))
def test_every_service_runs_somewhere(service: str) -> None:
    """No service is refused everywhere."""
    assert [case for case in RUNNING if case.service == service]


@each(RUNNING)
def test_a_service_is_declared_where_its_settings_allow_it(case: Case) -> None:
    """What its settings let through, no placement refuses."""
    assert case.own() or not case.where, case


@each(RUNNING)
def test_names_start_with_the_service(case: Case) -> None:
    """So that everybody knows whose a resource is."""
    for one in case.own():
        assert one.name == case.service or one.name.startswith(f"{case.service}-"), one.name


@each(RUNNING)
def test_what_is_declared_is_what_the_capacity_model_counts(case: Case) -> None:
    """The same containers, with the same CPUs and memory: no more, no less, on every place."""
    declared = {one.name: (one.cpu, one.memory_mb, one.passing) for one in containers_of(case)}
    counted = {one.name: (one.cpu, one.memory_mb, one.passing) for one in case.wanted.footprint(case.service)}
    assert declared == counted


@each(IN_CONTAINERS)
def test_every_container_has_limits_health_labels_and_networks(case: Case) -> None:
    """What a container must have where it is: of a host, of an app of Azure, of any other kind of place."""
    for one in containers_of(case):
        assert not list(EXAMPLES[case.where].faults(one)), one.name


@each(RUNNING)
def test_no_secret_is_declared_in_plain(case: Case) -> None:
    """Those of the keyring and those that are generated are marked wherever they go."""
    for one in case.declared():
        for text in plain_texts(one.inputs):
            assert not any(secret in text for secret in (*SECRET_TEXTS, *GENERATED)), one.name


def plain_texts(value: Any) -> Iterator[str]:
    """Every text that is not inside a secret."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from plain_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from plain_texts(inner)
    elif isinstance(value, str):
        yield value


def hidden_texts(value: Any) -> Iterator[str]:
    """Every text that is inside a secret."""
    if isinstance(value, Hidden):
        yield from plain_texts(resolved(value.value))
    elif isinstance(value, dict):
        for inner in value.values():
            yield from hidden_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from hidden_texts(inner)


@each(RUNNING)
def test_its_secrets_come_from_the_keyring(case: Case) -> None:
    """Each that it calls for has an entry of a known shape, and is handed to it as it stands there."""
    expected = {one.key: one for one in expected_secrets(case.settings) if one.name == OF_SERVICES}
    values = secrets_of("prod", case.configuration())
    held = "\n".join(text for one in case.declared() for text in hidden_texts(one.inputs))
    owner = case.wanted.owner
    for secret in case.wanted.called_for():
        one = expected[secret.name]
        assert one.kind in SHAPES
        if isinstance(owner, Owner) and owner.hashed and secret.name == owner.password:
            continue  # its hash is handed over: tests/components/test_owners.py
        if case.wanted.footprint(case.service):
            assert values[one.entry].strip() in held or json.dumps(values[one.entry])[1:-1] in held, one.entry


@each(RUNNING)
def test_its_role_in_postgresql_may_hold_the_connections_that_are_counted(case: Case) -> None:
    """Else the service fails below what the server has room for."""
    for one in case.declared():
        if one.name == f"{case.service}-db-owner":
            assert one.inputs["connectionLimit"] >= connections_held(case.wanted)


@each(RUNNING)
def test_its_policies_pass(case: Case) -> None:
    """All rules, over all that is declared."""
    assert not list(violations(case.declared(), facts_of(case.settings)))


@each(IN_CONTAINERS)
def test_only_a_service_with_a_name_is_reached_from_outside(case: Case) -> None:
    """An app of Azure without a host name has no ingress from outside; a container of a host no router."""
    named = bool(getattr(case.wanted, "hostname", None))
    routed = [one for one in case.own() if EXAMPLES[case.where].routed(one)]
    published = case.service == "traefik"
    assert bool(routed) == (named and not published), [one.name for one in routed]
