"""Values on the wire, the shadow's merge and the inventory: what the provider server stands on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from engine import wire
from sandbox import client, shadow
from sandbox.core.inventory import Inventory
from sandbox.core.provider import taken_along
from sandbox.core.records import Record
from sandbox.core.values import UNKNOWN, expand, leaves, show, steps
from sandbox.home import Home, SandboxError
from sandbox.vendors import packages

SCALARS = st.none() | st.booleans() | st.text(max_size=8) | st.integers(-1000, 1000).map(float)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=6), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(min_size=1, max_size=6), VALUES, max_size=4))
def test_values_survive_the_wire(values: dict[str, Any]) -> None:
    """What is written is read again, but for what is null at the top (it counts as not given)."""
    read, secrets = wire.read(wire.write(values))
    assert read == {key: value for key, value in values.items() if value is not None}
    assert secrets == frozenset()


def test_secrets_and_unknowns_keep_their_places() -> None:
    """A secret deep in a list is plain for the rules and marked again on the way out; an unknown stays one."""
    values = {"a": [{"b": "hidden"}, {"b": UNKNOWN}]}
    marks = frozenset({("a", 0, "b")})
    struct = wire.write(values, marks)
    assert "hidden" not in str(struct.fields["a"].list_value.values[0].struct_value.fields["b"].string_value)
    assert wire.read(struct) == (values, marks)


@given(st.lists(st.sampled_from(["a", "b.c", "d e", 0, 3]), min_size=1, max_size=4))
def test_a_path_reads_as_it_is_shown(path: list[str | int]) -> None:
    """`steps` understands what `show` writes, dots and spaces in keys included."""
    if isinstance(path[0], str):
        assert steps(show(path)) == path


def test_a_rule_says_nothing_of_a_child_without_its_parent() -> None:
    """A path below something that is absent names no place."""
    assert list(expand({}, "a.b")) == []
    assert [place for place, _ in expand({"a": [{}, {"b": 1}]}, "a[*].b")] == ["a[0].b", "a[1].b"]
    assert dict(leaves({"a": {"b": []}})) == {("a", "b"): []}


def test_the_inventory_outlives_the_process_and_hides_what_it_holds(tmp_path: Path) -> None:
    """What exists is there after a restart, ids compare without case, and nothing stands on the disk in plain."""
    cloud = Inventory(tmp_path)
    cloud.put(
        Record(
            id="/Sub/A",
            token="t:m:T",
            inputs={"password": "canary-in-the-cloud"},
            outputs={},
            secrets=frozenset({("password",)}),
        )
    )
    cloud.close()
    again = Inventory(tmp_path)
    found = again.get("/sub/a")
    assert found is not None
    assert found.inputs == {"password": "canary-in-the-cloud"}
    assert found.secrets == frozenset({("password",)})
    again.remove(found)
    assert again.all() == []
    again.close()
    assert all(b"canary-in-the-cloud" not in file.read_bytes() for file in tmp_path.iterdir())


def test_a_deletion_takes_what_is_below_it_and_nothing_that_is_only_called_so(tmp_path: Path) -> None:
    """Of the same vendor, in the same place, where ids are paths: an ARM group's resources, a mount's secrets."""
    cloud = Inventory(tmp_path)
    for token, scope, identity in (
        ("azure-native:resources:ResourceGroup", "", "/subscriptions/s/resourceGroups/rg"),
        ("azure-native:app:ContainerApp", "", "/subscriptions/s/resourcegroups/RG/providers/x/app"),
        ("azure-native:app:ContainerApp", "", "/subscriptions/s/resourceGroups/rg2/providers/x/app"),
        ("vault:index/mount:Mount", "one", "kv"),
        ("vault:kv/secretV2:SecretV2", "one", "kv/data/a"),
        ("vault:kv/secretV2:SecretV2", "other", "kv/data/a"),
        ("smarteros-apps:postgres:Migrations", "one", "kv/knowledge"),
        ("cloudflare:index/customHostnameFallbackOrigin:CustomHostnameFallbackOrigin", "", "zone"),
        ("cloudflare:index/zoneSetting:ZoneSetting", "", "zone/ssl"),
    ):
        cloud.put(Record(id=identity, token=token, scope=scope, inputs={}, outputs={}))
    simulated = {package.name: package for package in packages()}
    below = {
        one.id: [(it.scope, it.id) for it in taken_along(simulated[one.token.partition(":")[0]], cloud, one)]
        for one in cloud.all()
        if one.token.partition(":")[0] in simulated
    }
    assert {name: found for name, found in below.items() if found} == {
        "/subscriptions/s/resourceGroups/rg": [("", "/subscriptions/s/resourcegroups/RG/providers/x/app")],
        "kv": [("one", "kv/data/a")],
    }
    cloud.close()


def test_the_shadow_follows_the_tracked_file_and_keeps_its_own(tmp_path: Path) -> None:
    """An edit of a tracked key is seen; what only the shadow has (salt, secrets, a simulated `config set`) stays."""
    root, home = tmp_path / "clone", Home(tmp_path / "home")
    (root / "hosts").mkdir(parents=True)
    (root / "Pulumi.yaml").write_text("name: x\nruntime: python\n")
    tracked, copy = root / "Pulumi.prod.yaml", home.project / "Pulumi.prod.yaml"

    def refreshed(text: str) -> dict[str, Any]:
        tracked.write_text(text)
        shadow.refresh(home, root, lambda stack, config: config.update({"x:stack": stack}))
        content: dict[str, Any] = yaml.safe_load(copy.read_text())
        return content

    home.project.mkdir(parents=True)
    first = refreshed("config: {x:a: 1, x:b: 1}")
    copy.write_text(
        yaml.safe_dump({"encryptionsalt": "salt", "config": {**first["config"], "x:b": 5, "x:s": {"secure": "v1"}}})
    )
    assert refreshed("config: {x:a: 2, x:b: 1}") == {
        "encryptionsalt": "salt",
        "config": {"x:a": 2, "x:b": 5, "x:stack": "prod", "x:s": {"secure": "v1"}},
    }
    assert "x:a" not in refreshed("config: {x:b: 1}")["config"]
    assert tracked.read_text() == "config: {x:b: 1}"


def test_a_malformed_tracked_file_is_shown_as_it_is(tmp_path: Path) -> None:
    """The program's own message must come from the same text that the operator has in the editor."""
    root, home = tmp_path / "clone", Home(tmp_path / "home")
    (root / "hosts").mkdir(parents=True)
    home.project.mkdir(parents=True)
    (root / "Pulumi.yaml").write_text("name: x\nruntime: python\n")
    (root / "Pulumi.prod.yaml").write_text("config: [unclosed")
    shadow.refresh(home, root, lambda stack, config: None)
    assert (home.project / "Pulumi.prod.yaml").read_text() == "config: [unclosed"


def test_the_shadow_merges_inside_of_a_key_and_takes_no_real_secret(tmp_path: Path) -> None:
    """A simulated change of one part of a key does not freeze the others; the real stack's secrets stay outside."""
    root, home = tmp_path / "clone", Home(tmp_path / "home")
    (root / "hosts").mkdir(parents=True)
    home.project.mkdir(parents=True)
    (root / "Pulumi.yaml").write_text("name: x\nruntime: python\n")
    tracked, copy = root / "Pulumi.prod.yaml", home.project / "Pulumi.prod.yaml"
    tracked.write_text("encryptionsalt: real\nconfig: {x:s: {a: {m: 1}, b: {m: 1}}, x:hidden: {secure: v1}}")
    shadow.refresh(home, root, lambda stack, config: None)
    content = yaml.safe_load(copy.read_text())
    assert content == {"config": {"x:s": {"a": {"m": 1}, "b": {"m": 1}}}}
    content["config"]["x:s"]["a"]["m"] = 5
    copy.write_text(yaml.safe_dump(content))
    tracked.write_text("encryptionsalt: real\nconfig: {x:s: {a: {m: 1}, b: {m: 2}}}")
    shadow.refresh(home, root, lambda stack, config: None)
    assert yaml.safe_load(copy.read_text()) == {"config": {"x:s": {"a": {"m": 5}, "b": {"m": 2}}}}


def test_only_a_sandboxs_folder_is_ever_emptied(tmp_path: Path) -> None:
    """A folder that holds something else is neither taken as a sandbox nor emptied."""
    (tmp_path / "thesis.txt").write_text("dear")
    home = Home(tmp_path)
    with pytest.raises(SandboxError, match="nothing was touched"):
        client.reset(home)
    with pytest.raises(SandboxError, match="holds other things"):
        client.begin(home)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]
    own = Home(tmp_path / "own")
    client.begin(own)
    (own.folder / "cloud.sqlite").touch()
    client.reset(own)
    assert not (own.folder / "cloud.sqlite").exists()
