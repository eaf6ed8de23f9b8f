"""A state is changed in every form that YAML has for a file, and nothing else is; one bad file stops its own tenant."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from tenants.model import State
from tenants.registry import Registry, RegistryError
from tenants.tenant_file import Unreadable, read, values_of, with_state

ZONE = "example.com"
ACME = {"rut": "12345678-5", "name": "Acme Corp", "domain": "acme.example.com"}
OTHER = {"rut": "76086428-5", "name": "Otra Ltda.", "domain": "otra.example.com"}
HEAD = 'rut: 12345678-5 # its tax number\nname: "Acme Corp"\ndomain: acme.example.com\n'
# What stands there → what stands there then. The lines around it are the same, byte by byte.
FORMS = {
    "plain": (f"{HEAD}state: active\n", f"{HEAD}state: suspended\n"),
    "quoted": (f"{HEAD}state: 'active' # since May\n", f"{HEAD}state: 'suspended' # since May\n"),
    "a quoted key": (f'{HEAD}"state": active\n', f'{HEAD}"state": suspended\n'),
    "JSON": (
        json.dumps({**ACME, "state": "active"}, indent=2),
        json.dumps({**ACME, "state": "suspended"}, indent=2),
    ),
    "a flow mapping": (
        "{rut: 12345678-5, name: Acme Corp, state: active, domain: acme.example.com} # one line\n",
        "{rut: 12345678-5, name: Acme Corp, state: suspended, domain: acme.example.com} # one line\n",
    ),
    "an end": (f"---\n{HEAD}state: active\n...\n", f"---\n{HEAD}state: suspended\n...\n"),
    "on the next line": (
        f"{HEAD}state:\n  # paid\n  active\ntier: pro\n",
        f"{HEAD}state:\n  # paid\n  suspended\ntier: pro\n",
    ),
    "a space before the colon": (f"{HEAD}state : active", f"{HEAD}state : suspended"),
    "no end of the last line": (f"{HEAD}state: active", f"{HEAD}state: suspended"),
    "CRLF": (f"{HEAD}state: active\n".replace("\n", "\r\n"), f"{HEAD}state: suspended\n".replace("\n", "\r\n")),
    "a BOM": (f"\ufeff{HEAD}state: active\n", f"\ufeff{HEAD}state: suspended\n"),
    "a tag": (f"{HEAD}state: !!str active\n", f"{HEAD}state: suspended\n"),
    "another key that looks like it": (
        f"{HEAD}# state: active\nstate: active\nchannels:\n  email: [state@acme.cl]\n",
        f"{HEAD}# state: active\nstate: suspended\nchannels:\n  email: [state@acme.cl]\n",
    ),
    "no state at all": (HEAD, f"{HEAD}state: suspended\n"),
    "no state and no end of the last line": (HEAD.rstrip(), f"{HEAD}state: suspended\n"),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_state_is_changed_and_nothing_else(form: str) -> None:
    """Byte by byte; and back again it is the first text, where the first text had a state."""
    before, after = FORMS[form]
    changed = with_state(before, "suspended", "acme.yaml")
    assert changed == after
    assert yaml.safe_load(changed.encode()) == {**yaml.safe_load(before.encode()), "state": "suspended"}
    if "no state" not in form and form != "a tag":
        assert with_state(changed, "active", "acme.yaml") == before


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}state: &s active\n",
        "{rut: 12345678-5, name: Acme Corp, domain: acme.example.com} # its file\n",
        f"{HEAD}state: |-\n  active\ntier: pro\n",
        f"{HEAD}state: >-\n  active\n",
        f"x: &s active\n{HEAD}state: *s\n",
        f"base: &b {{state: active}}\n<<: *b\n{HEAD}",
        f"---\r\n{HEAD.replace(chr(10), chr(13) + chr(10))}",
        f"\ufeff# first\n{HEAD}# last\n",
    ],
)
def test_where_the_state_has_no_place_of_its_own_the_file_is_written_anew(text: str) -> None:
    """By ruamel.yaml: what it says is the same but for the state, comments stay, and the ends of lines too."""
    changed = with_state(text, "suspended", "acme.yaml")
    assert yaml.safe_load(changed.encode()) == {**yaml.safe_load(text.encode()), "state": "suspended"}
    assert ("\r\n" in changed) is ("\r\n" in text)
    assert changed.startswith("\ufeff") is text.startswith("\ufeff")
    assert changed.count("#") == text.count("#")


def test_what_cannot_be_changed_alone_is_told_and_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that changes something else beside the state is not believed."""
    for writer in ("_in_place", "_anew"):
        monkeypatch.setattr(f"tenants.tenant_file.{writer}", lambda text, state: f"{text}tier: pro\nstate: {state}\n")
    with pytest.raises(Unreadable, match=r"acme.yaml: state: .*Fix: write state: suspended into it by hand"):
        with_state(HEAD, "suspended", "acme.yaml")


@pytest.mark.parametrize("state", ["suspended", "offboarding"])
@pytest.mark.parametrize("form", FORMS)
def test_the_registry_writes_it_and_reads_it_back(tmp_path: Path, form: str, state: State) -> None:
    """The file keeps its rights; a reader sees the old text or the new one; nothing else lies there."""
    file = tmp_path / "acme.yaml"
    file.write_bytes(FORMS[form][0].encode())
    file.chmod(0o640)
    before = Registry([tmp_path], ZONE).find("acme").tenant
    assert Registry([tmp_path], ZONE).set_state("acme", state)
    assert Registry([tmp_path], ZONE).find("acme").tenant == before.model_copy(update={"state": state})
    assert not Registry([tmp_path], ZONE).set_state("acme", state)
    assert [one.name for one in tmp_path.iterdir()] == ["acme.yaml"]
    assert file.stat().st_mode & 0o777 == 0o640


BAD: dict[str, Any] = {
    "no YAML": "rut: [",
    "an unknown key": {**ACME, "plan": "gold"},
    "a wrong number": {**ACME, "rut": "1-1"},
    "another's name": {**OTHER, "rut": "11111111-1"},
    "no text": b"\xff\xfe\x00",
    "empty": "",
    "twice a key": f"{HEAD}name: Acme\n",
}


def bad_beside_good(folder: Path, content: object) -> Registry:
    """acme.yaml is bad, otra.yaml is good."""
    text = content if isinstance(content, str | bytes) else yaml.safe_dump(content)
    (folder / "acme.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    (folder / "otra.yaml").write_text(yaml.safe_dump(OTHER))
    return Registry([folder], ZONE)


@pytest.mark.parametrize("fault", BAD)
def test_one_bad_file_stops_its_own_tenant_alone(tmp_path: Path, fault: str) -> None:
    """The other one can be found, suspended and removed; the bad one is told, by its file; its name stays its own."""
    found = bad_beside_good(tmp_path, BAD[fault])
    assert [one.tenant.slug for one in found.entries] == ["otra"]
    assert set(found.left_out) == {"acme"}
    assert found.slugs == {"acme", "otra"}
    assert found.set_state("otra", "suspended")
    with pytest.raises(RegistryError, match=r"tenants/registry/acme\.yaml"):
        found.set_state("acme", "suspended")
    with pytest.raises(RegistryError, match=r"tenants/registry/acme\.yaml"):
        found.add(ACME)
    assert "otra" in found.remove("otra")


@pytest.mark.parametrize(
    ("content", "claimed"),
    [
        ({**ACME, "plan": "gold"}, {"rut": "12.345.678-5"}),
        (f"{HEAD}domains: [www.acme.cl]\nstate: [", {"domains": ["www.acme.cl"]}),
        (f"{HEAD}x: [", {"rut": "12345678-5"}),
        (b"\xff\xfe", {}),
    ],
)
def test_nobody_new_gets_what_a_bad_file_may_hold(tmp_path: Path, content: object, claimed: dict[str, Any]) -> None:
    """What stands in it may be its tenant's; of one that can't be read at all, anything."""
    third = {"rut": "11111111-1", "name": "Tercera", "domain": "tercera.example.com"}
    found = bad_beside_good(tmp_path, content)
    with pytest.raises(RegistryError, match=r"mend tenants/registry/acme\.yaml first"):
        found.add({**third, **claimed})
    if claimed:
        assert found.add(third)[1]


def test_two_who_hold_the_same_are_both_left_out(tmp_path: Path) -> None:
    """Whose it is can't be told; a third goes on, and no new one gets it."""
    for name, values in (("acme", ACME), ("otra", {**OTHER, "rut": ACME["rut"]})):
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(values))
    third = {"rut": "11111111-1", "name": "Tercera", "domain": "tercera.example.com"}
    (tmp_path / "tercera.yaml").write_text(yaml.safe_dump(third))
    found = Registry([tmp_path], ZONE)
    assert [one.tenant.slug for one in found.entries] == ["tercera"]
    assert set(found.left_out) == {"acme", "otra"}
    with pytest.raises(RegistryError, match="has this rut already"):
        found.add({**third, "domain": "cuarta.example.com", "rut": ACME["rut"]})


def test_a_link_is_told_and_what_it_leads_to_is_neither_opened_nor_shown(tmp_path: Path) -> None:
    """Neither its content nor its path; also one that appears between the look and the opening."""
    secret = tmp_path / "elsewhere-secret.txt"
    secret.write_text("canary: [of the secret\n")
    folder = tmp_path / "registry"
    folder.mkdir()
    (folder / "acme.yaml").symlink_to(secret)
    said = "\n".join(map(str, Registry([folder], ZONE).problems))
    assert "a link" in said
    assert "canary" not in said
    assert "elsewhere" not in said
    raced = folder / "raced.yaml"
    raced.symlink_to(secret)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "is_symlink", lambda _: False)
        with pytest.raises(Unreadable, match="a link"):
            read(raced, "raced.yaml")


def test_a_write_that_fails_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither half of it, nor a draft beside it."""
    file = tmp_path / "acme.yaml"
    file.write_text(HEAD)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        Registry([tmp_path], ZONE).set_state("acme", "suspended")
    assert file.read_text() == HEAD
    assert [one.name for one in tmp_path.iterdir()] == ["acme.yaml"]


def test_what_is_no_yaml_is_told_by_place_and_without_its_content() -> None:
    """A value of it could be a secret that somebody put there by mistake."""
    with pytest.raises(Unreadable) as raised:
        values_of("token: [hvs.secret\n", "acme.yaml")
    assert "hvs" not in str(raised.value)
