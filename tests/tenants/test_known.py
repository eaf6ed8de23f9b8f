"""Of whom it is known that nothing has changed: only what was good, is what is wanted now, and nobody has touched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tenants.beside import Folder
from tenants.fingerprint import Fingerprints
from tenants.known import BEFORE_AN_END, GOOD_FOR, Known, ends_of
from tenants.model import Tenant
from tests.tenants.test_stack import TENANT

STACK = ("smarteros-tenants-07", TENANT.slug)
START = datetime(2026, 11, 30, 12, tzinfo=UTC)


@dataclass
class Clock:
    """Of a machine."""

    at: datetime = START

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Place:
    """A backend of files with one tenant's state, and what is known beside it."""

    folder: Path
    clock: Clock = field(default_factory=Clock)

    def known(self, of: str = "wanted", key: bytes = b"k" * 32) -> Known:
        """As a run sees it: in this clone or another, with a keyring, when a tenant's fingerprint is `of`."""
        prints = SimpleNamespace(key=key, of=lambda tenant: f"{of} {tenant.model_dump_json()}")
        return Known(Folder(self.folder), cast(Fingerprints, prints), self.clock)

    def put(self, content: Mapping[str, Any] | None = None, stack: tuple[str, str] = STACK) -> dict[str, Any]:
        """Writes a state; the deployment in it."""
        deployment = dict(content or state())
        file = self.folder / ".pulumi" / "stacks" / stack[0] / f"{stack[1]}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"checkpoint": {"latest": deployment}}))
        return deployment

    def kept(self, content: Mapping[str, Any] | None = None, tenant: Tenant = TENANT) -> bool:
        """After a good run."""
        deployment, known = self.put(content), self.known()
        return known.keep(STACK, tenant, deployment, known.version(STACK))

    def is_known(self, known: Known | None = None, tenant: Tenant = TENANT) -> bool:
        """Whether a run leaves it out."""
        return (known or self.known()).unchanged({STACK: tenant}) == {TENANT.slug}

    @property
    def note(self) -> Path:
        """The file."""
        (found,) = (self.folder / "known").glob("*/*.json")
        return found


def state(*resources: Mapping[str, Any], **known: Any) -> dict[str, Any]:
    """A deployment of a tenant that is well."""
    root = {"type": "pulumi:pulumi:Stack", "outputs": {"tenant": {"slug": TENANT.slug, "pending": [], **known}}}
    return {"resources": [root, *resources]}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """After a good run."""
    made = Place(tmp_path)
    assert made.kept()
    return made


def test_after_a_good_run_it_is_known(place: Place) -> None:
    """Also to another clone: what is known lies beside the state, and only its owner may read it."""
    assert place.is_known()
    assert place.note == place.folder / "known" / STACK[0] / f"{STACK[1]}.json"
    assert place.note.stat().st_mode & 0o077 == 0


def test_another_fingerprint_voids_it(place: Place) -> None:
    """Whatever of it: the file, the platform, the code, a secret."""
    assert not place.is_known(place.known(of="another"))
    assert not place.is_known(tenant=TENANT.model_copy(update={"tier": "pro"}))
    assert place.is_known()


def test_a_state_that_somebody_wrote_voids_it(place: Place) -> None:
    """Also with the same resources, time and size; also one that is gone, or lies there packed."""
    file = place.folder / ".pulumi" / "stacks" / STACK[0] / f"{STACK[1]}.json"
    before, about = file.read_bytes(), file.stat()
    file.write_bytes(before[:-1] + b" ")
    import os

    os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert not place.is_known()
    file.write_bytes(before)
    assert place.is_known()
    file.rename(file.with_suffix(".json.gz"))
    assert place.is_known(), "the same content is the same version"
    file.with_suffix(".json.gz").unlink()
    assert not place.is_known()


def test_a_note_that_this_program_did_not_write_is_not_believed(place: Place) -> None:
    """Made up, changed in any word, or cut off."""
    text = place.note.read_text()
    note = json.loads(text)
    for name in note:
        for other in ("", "x", note[name] * 2 if isinstance(note[name], str) else 7):
            place.note.write_text(json.dumps({**note, name: other}))
            assert not place.is_known(), name
        place.note.write_text(json.dumps({key: value for key, value in note.items() if key != name}))
        assert not place.is_known(), name
    for broken in ("", "{", "[]", "null", '"text"', "5", text[: len(text) // 2], "\x00" * 50):
        place.note.write_text(broken)
        assert not place.is_known(), broken
    place.note.write_text(text)
    assert place.is_known()


def test_a_longer_time_can_t_be_given_to_a_note(place: Place) -> None:
    """Nor can one be signed with another keyring."""
    place.clock.at += GOOD_FOR
    note = json.loads(place.note.read_text())
    place.note.write_text(json.dumps({**note, "until": (START + timedelta(days=900)).isoformat()}))
    assert not place.is_known()
    place.clock.at = START
    known = place.known(key=b"other" * 8)
    known.keep(STACK, TENANT, state(), known.version(STACK))
    assert not place.is_known()


def test_a_copied_note_is_not_believed(place: Place) -> None:
    """Another tenant's, even with a copy of its state."""
    other = (STACK[0], "other")
    place.put(stack=other)
    Folder(place.folder).write(other, place.note.read_bytes())
    assert place.known().unchanged({other: TENANT}) == set()


def test_it_is_good_for_a_day(place: Place) -> None:
    """And not from the future, but for what two clocks may differ."""
    for later, known in ((GOOD_FOR - timedelta(seconds=1), True), (GOOD_FOR, False), (-timedelta(minutes=4), True)):
        place.clock.at = START + later
        assert place.is_known() is known, later
    place.clock.at = START - timedelta(minutes=6)
    assert not place.is_known()


def test_what_is_forgotten_is_not_known(place: Place) -> None:
    """As before every run, and after one that failed: nothing is known until one has ended well."""
    place.known().forget(STACK)
    assert not place.is_known()
    place.known().forget(STACK)
    assert place.kept()
    assert place.is_known()
    Folder(place.folder).remove_all()
    assert not place.is_known()


@pytest.mark.parametrize(
    "found",
    [
        state(pending=[{"what": "www.acme.cl"}]),
        {**state(), "pending_operations": [{"type": "creating"}]},
        {"resources": []},
        state({"type": "tls:index/cert:Cert", "outputs": {"validityEndTime": "2026-12-01T12:00:00Z"}}),
        state({"type": "vault:index:Token", "outputs": {"expireTime": "no time at all"}}),
    ],
    ids=["waits for a human", "an operation without an end", "nothing exported", "ends soon", "ends nobody knows when"],
)
def test_of_what_is_not_settled_nothing_is_known(place: Place, found: dict[str, Any]) -> None:
    """It is asked for real each time."""
    place.known().forget(STACK)
    assert not place.kept(found)
    assert not place.is_known()


@pytest.mark.parametrize("between", ["importing", "offboarding"])
def test_of_a_tenant_that_is_in_between_nothing_is_known(place: Place, between: str) -> None:
    """Only of one that is active or suspended."""
    place.known().forget(STACK)
    assert not place.kept(tenant=TENANT.model_copy(update={"state": between}))
    assert place.kept(tenant=TENANT.model_copy(update={"state": "suspended"}))


def test_it_ends_before_any_credential_does(tmp_path: Path) -> None:
    """Early enough that the run that renews it comes before."""
    place = Place(tmp_path)
    end = START + BEFORE_AN_END + timedelta(hours=3)
    assert place.kept(state({"type": "azure-native:x:Y", "outputs": {"endDate": end.isoformat()}}))
    place.clock.at = START + timedelta(hours=2, minutes=59)
    assert place.is_known()
    place.clock.at = START + timedelta(hours=3)
    assert not place.is_known()


@pytest.mark.parametrize(
    ("own", "role", "lives"), [(7200, 0, 7200), (None, 3600, 3600), (7200, 3600, 3600), (None, None, None)]
)
def test_a_secret_id_of_vault_ends_as_it_or_its_role_says(own: int, role: int, lives: int | None) -> None:
    """Vault tells how long it lives, from when it was made; no time at all is for ever."""
    token = "vault:appRole/authBackendRole"
    resources = (
        {"type": f"{token}SecretId:AuthBackendRoleSecretId", "created": START.isoformat(), "outputs": {"ttl": own}},
        {"type": f"{token}:AuthBackendRole", "outputs": {"secretIdTtl": role}},
    )
    assert list(ends_of(state(*resources))) == ([START + timedelta(seconds=lives)] if lives else [])


def test_without_a_key_or_a_place_nothing_is_known(place: Place) -> None:
    """A keyring without its root; a state behind a login."""
    assert not place.is_known(place.known(key=b""))
    assert not place.known(key=b"").keep(STACK, TENANT, state(), "v")
    nowhere = Known(None, cast(Fingerprints, SimpleNamespace(key=b"k", of=str)))
    assert (nowhere.unchanged({STACK: TENANT}), nowhere.version(STACK)) == (set(), "")
    nowhere.forget(STACK)


def test_a_state_that_another_writes_meanwhile_is_not_taken_for_this_run_s(place: Place) -> None:
    """The version is asked for before the state is read: what is written in between is another one."""
    known = place.known()
    version, mine = known.version(STACK), place.put()
    place.put(state(slug="another"))
    known.keep(STACK, TENANT, mine, version)
    assert not place.is_known()


def test_many_at_once(tmp_path: Path) -> None:
    """Threads keep and forget, each its own tenants'; nobody reads half a note."""
    place = Place(tmp_path)
    stacks = [(f"smarteros-tenants-{number % 8:02d}", f"t-{number}") for number in range(80)]
    for stack in stacks:
        place.put(stack=stack)
    known = place.known()

    def turn(stack: tuple[str, str]) -> None:
        for _ in range(5):
            known.forget(stack)
            assert known.keep(stack, TENANT, state(), known.version(stack))
            assert known.unchanged({stack: TENANT}) == {stack[1]}

    with ThreadPoolExecutor(8) as several:
        list(several.map(turn, stacks))
    assert known.unchanged(dict.fromkeys(stacks, TENANT)) == {stack[1] for stack in stacks}
