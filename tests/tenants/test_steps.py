"""A tenant's steps: each says itself what others must know of it, and whoever walks them knows none by name."""

from __future__ import annotations

import ast
import json
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pulumi
import pytest
from hypothesis import HealthCheck, given, settings
from pulumi.runtime import mocks

from tenants import steps as listed
from tenants.archive.content import Content
from tenants.archive.manifest import ArchiveBroken, Manifest, lossy, read_manifest
from tenants.archive.parts import Parts, differences
from tenants.archive.texts import of_steps, secrets_in
from tenants.doors import doors_of
from tenants.fleet.health import checks_of_all
from tenants.fleet.work import Work
from tenants.names import TenantNames
from tenants.platform import Platform
from tenants.residue import searches
from tenants.session import PlatformSession
from tenants.silos import own_memory_mb
from tenants.stack import program
from tenants.steps import MODULES, owners_of, steps
from tenants.steps.step import Dump, Step, StepOutputs
from tests.components.declared import Answers, Declared, Recorder, resolved
from tests.tenants import made_up_step, test_silo
from tests.tenants.test_left import SLUGS
from tests.tenants.test_stack import SECRETS, TENANT, platform

ROOT = Path(__file__).resolve().parents[2]
WALKERS = ("stack", "silos", "doors", "powers", "last_rights", "lifecycle", "status", "offboarding", "desired")


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """One step more, before those that use what others give."""
    at = MODULES.index("tenants.steps.vault")
    monkeypatch.setattr(listed, "MODULES", (*MODULES[:at], "tests.tenants.made_up_step", *MODULES[at:]))


def declared() -> dict[str, Declared]:
    """All of an active tenant's stack, by name; components too."""
    monitor = Recorder()
    mocks.set_mocks(Answers(), project="smarteros-tenants", stack="acme-2", preview=False, monitor=monitor)
    pulumi.runtime.test(program(TENANT, platform(True), SECRETS))()  # type: ignore[no-untyped-call] # untyped SDK
    return {one.name: one for one in monitor.declared if one.custom}


def costs(where: Platform) -> dict[str, float]:
    """Of a new tenant."""
    session = SimpleNamespace(platform=where, stacks={})
    entries = {"acme-2": SimpleNamespace(tenant=TENANT)}
    work = Work(session=cast(PlatformSession, session), entries=cast(Any, entries), files=cast(Any, None), say=print)
    return dict(work.costs("acme-2"))


def test_a_made_up_step_is_declared_with_the_others(made_up: None) -> None:
    """Its login is in the tenant's part of Vault, and the name in the zone waits for it."""
    found = declared()
    assert resolved(found["guestbook-database"].inputs)["name"] == "guests_acme_2"
    assert json.loads(str(resolved(found["vault-guestbook"].inputs)["dataJson"]))["database"] == "guests_acme_2"
    assert found["guestbook-database"].urn in found["dns-record"].dependencies


def test_a_made_up_step_is_known_to_all_who_walk(made_up: None) -> None:
    """Left, archived, counted, closed, ended, checked: without an edit of theirs."""
    assert "PostgreSQL, the guestbook's" in {one.where for one in searches()}
    assert owners_of(TENANT.names) == ("t_acme_2", "n8n_acme_2", "guests_acme_2")
    assert costs(platform(True))["guestbooks"] == 5
    assert doors_of(["urn:pulumi:a::b::c::guestbook-owner"]) == ["its guestbook (guestbook-owner)"]
    assert made_up_step.STEP.lossy[0] in lossy()
    assert "guestbook" in of_steps()
    with pytest.raises(ArchiveBroken, match="guestbook is made anew"):
        secrets_in(b'{"guestbook": {}}')
    assert made_up_step.STEP.checks[0] in checks_of_all()
    silo = test_silo.tenant()
    assert own_memory_mb(silo) == 7 + 1024


def test_without_it_nobody_knows_of_it() -> None:
    """What the tests above see is the made-up step's, and the list's."""
    assert "guestbook-database" not in declared()
    assert "guestbook" not in of_steps()
    assert costs(platform(True)) == {"cloudflare": 2, "azure-native": 3}
    assert costs(platform(True, "r2")) == {"cloudflare": 4}


def manifest(**content: Any) -> bytes:
    """Of an archive with a guestbook in it."""
    one = {"sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "size": 0}
    files = ("database.sql", "tenant.yaml", made_up_step.FILE)
    values = {
        **{"slug": "acme", "rut": "12345678-5", "name": "Acme", "environment": "prod", "made": "2026-01-31T12:00:00Z"},
        **{"serverVersion": 180004, "schemaVersion": "0001", "parts": dict.fromkeys(files, one)},
        "content": {"tables": {}, "rows": {}, "redisKeys": 0, "redis": "", "secrets": "", **content},
    }
    return json.dumps(Manifest.model_validate(values).model_dump(by_alias=True, mode="json")).encode()


def test_its_file_is_an_archives_where_the_step_is_known(made_up: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is refused where it is not: nobody could put it back."""
    parts = dict.fromkeys(("database.sql", "tenant.yaml", made_up_step.FILE), b"")
    found = read_manifest(manifest(steps={"guestbook": "a"}), parts)
    assert found.content.steps == {"guestbook": "a"}
    monkeypatch.setattr(listed, "MODULES", MODULES)
    with pytest.raises(ArchiveBroken, match=r"guestbook\.sql.*and no other"):
        read_manifest(manifest(), parts)


def test_an_archive_without_such_a_step_is_as_it_was() -> None:
    """The manifest of format 1 has no key more: a version that knows none of it reads it."""
    assert b"steps" not in manifest()


class Store:
    """A part that is a text in memory."""

    def __init__(self, text: str, done: list[str]) -> None:
        self.text, self.done = text, done

    def dump(self) -> Dump:
        return Dump(file=self.text.encode(), content=self.content())

    def restore(self, checked: bytes) -> None:
        self.text = checked.decode()
        self.done.append(self.text)

    def content(self) -> dict[str, Any]:
        return {"steps": {"guestbook": self.text}}


def test_what_is_in_a_part_is_compared_after_it_was_put_back(made_up: None) -> None:
    """By its checksum; a part without a place is told, and nothing is written before every part was read."""
    part, done = made_up_step.STEP.archived, list[str]()
    assert part is not None
    before, there = Store("hello", done), Store("", done)
    files, wanted, _ = Parts(((part, before),)).dump()
    assert files == {made_up_step.FILE: b"hello"}
    assert list(differences(Parts(((part, there),)).content(), wanted)) == []  # nothing there: there was no place
    there.text = "another"
    (why,) = differences(Parts(((part, there),)).content(), wanted)
    assert why == "what is in guestbook is not as in the archive"
    assert Parts(((part, there),)).restore(files) == []
    assert list(differences(Parts(((part, there),)).content(), wanted)) == []
    assert Parts(((part, None),)).restore(files) == [made_up_step.FILE]
    redis = next(step.archived for step in steps() if step.name == "redis")
    assert redis is not None
    done.clear()
    with pytest.raises(ArchiveBroken):
        Parts(((part, there), (redis, there))).restore({**files, redis.file: b"no key\n"})
    assert done == []


def test_a_step_without_data_needs_a_name_and_what_it_declares(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything else has a default that says nothing."""
    bare = Step(name="bare", declare=lambda _: StepOutputs())
    monkeypatch.setattr(listed, "_imported", lambda _: (bare,))
    assert [one.where for one in searches()] == ["Pulumi's state"]
    assert (owners_of(TENANT.names), of_steps(), costs(platform(True))) == ((), frozenset(), {})
    empty = Content.model_validate({"tables": {}, "rows": {}, "redisKeys": 0, "redis": "", "secrets": ""})
    assert list(differences(empty, empty)) == []


def test_steps_have_names_of_their_own() -> None:
    """Two with one name would mix up their checksums in an archive, two with one file their data."""
    names, files = [one.name for one in steps()], [one.archived.file for one in steps() if one.archived]
    assert len(set(names)) == len(names) == len(MODULES)
    assert len(set(files)) == len(files)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the first one imports what it needs
@given(slugs=SLUGS.flatmap(lambda one: SLUGS.map(lambda other: (one, other))))
def test_no_two_tenants_and_no_two_steps_meet_at_a_name(slugs: tuple[str, str]) -> None:
    """Wherever names must differ."""
    called = [
        (where, named(TenantNames(slug)), (slug, step.name))
        for slug in set(slugs)
        for step in steps()
        for where, named in step.names.items()
    ]
    for one, other in combinations(called, 2):
        assert one[:2] != other[:2], (one, other)


def test_who_walks_the_steps_knows_none_by_name() -> None:
    """They import the list and what a step is, and no step."""
    folder = ROOT / "tenants"
    files = [folder / f"{name}.py" for name in WALKERS]
    files += [file for room in ("residue", "archive", "fleet") for file in (folder / room).glob("*.py")]
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tenants.steps"):
                assert node.module in ("tenants.steps", "tenants.steps.step"), f"{file}: {node.module}"
