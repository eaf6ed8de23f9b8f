"""The tenants' files: each mistake with file, path, value and mend, and nothing written when there is one."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from settings import load_files
from settings.problems import shown
from tenants.hostnames import hostnames
from tenants.model import RESERVED
from tenants.registry import FOLDER, Registry, RegistryError

ROOT = Path(__file__).resolve().parents[2]
ZONE = "example.com"
ACME = {"rut": "12345678-5", "name": "Acme Corp", "domain": "acme.example.com"}
OTHER = {"rut": "76086428-5", "name": "Otra Ltda.", "domain": "otra.example.com"}


def write(folder: Path, name: str, values: object) -> None:
    """A tenant's file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(values if isinstance(values, str) else yaml.safe_dump(values), encoding="utf-8")


def mistakes(folder: Path) -> list[str]:
    """What is wrong with the files of a folder."""
    found = Registry([folder], ZONE)
    assert found.problems, "no mistake was found"
    for name in found.left_out:
        with pytest.raises(RegistryError):
            found.find(name)
    return [str(problem) for problem in found.problems]


def refused(folder: Path, **changed: str) -> str:
    """The words with which a new tenant is refused; nothing is written."""
    before = sorted(folder.iterdir()) if folder.exists() else []
    with pytest.raises(RegistryError) as error:
        Registry([folder], ZONE).add({**ACME, **changed})
    assert (sorted(folder.iterdir()) if folder.exists() else []) == before
    return str(error.value)


def test_the_tracked_registry_is_in_order() -> None:
    """The files that everybody clones have no mistake."""
    entries = Registry([ROOT / FOLDER], load_files("prod", ROOT).domain).entries
    assert [one.tenant.slug for one in entries] == ["acme", "algorithmics", "beesmart", "notaria-17"]


def test_a_new_tenant_is_a_file_and_adding_it_again_changes_nothing(tmp_path: Path) -> None:
    """The file is named by the slug, holds the normalised values and reads back as the same tenant."""
    tenant, written = Registry([tmp_path], ZONE).add({**ACME, "rut": "12.345.678-5"})
    assert written
    assert yaml.safe_load((tmp_path / "acme.yaml").read_text()) == {**ACME, "state": "active"}
    assert Registry([tmp_path], ZONE).add(ACME) == (tenant, False)
    assert [one.tenant for one in Registry([tmp_path], ZONE).entries] == [tenant]
    assert [file.name for file in tmp_path.iterdir()] == ["acme.yaml"]


def test_the_wrong_check_digit_names_the_right_number(tmp_path: Path) -> None:
    """File, path, value and mend."""
    said = refused(tmp_path, rut="12345678-9")
    assert said.startswith('tenants/registry/acme.yaml: rut: "12345678-9": ')
    assert "12345678-5" in said
    assert "Fix:" in said


@pytest.mark.parametrize(
    "domain",
    [
        *("a.example.com", "1acme.example.com", "-acme.example.com", "acme-.example.com", "a_b.example.com"),
        *("ACME.example.com", "á.example.com", f"{'a' * 33}.example.com", "../../x.example.com", "a b.example.com"),
        *("xn--acm-epa.example.com", "n8n-standby.example.com", "", ".example.com", "a';drop.example.com"),
        *(f"{word}.example.com" for word in ("www", "api", "admin", "n8n", "vault", "mail")),
    ],
)
def test_unsafe_and_reserved_slugs_are_refused_as_slugs(tmp_path: Path, domain: str) -> None:
    """The message says slug: it becomes names of databases, mounts and records."""
    said = refused(tmp_path, domain=domain)
    assert "slug" in said
    assert ": domain: " in said
    assert "Fix:" in said


def test_no_service_of_the_platform_can_be_taken() -> None:
    """Every name that an environment gives itself is reserved."""
    services = load_files("prod", ROOT).services
    names = {getattr(getattr(services, key), "hostname", None) for key in type(services).model_fields} - {None, "*"}
    assert names <= RESERVED


@pytest.mark.parametrize(
    "domain", ["acme.example.org", "acme.com", "acme.xexample.com", "acme.sub.example.com", "acme"]
)
def test_a_domain_outside_the_zone_is_refused(tmp_path: Path, domain: str) -> None:
    """One level below the zone: certificates cover no more."""
    said = refused(tmp_path, domain=domain)
    assert ": domain: " in said
    assert f"acme.{ZONE}" in said or "as in example.com" in said


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Not one a try."""
    said = refused(tmp_path, rut="1-1", name="  ", domain="www.example.com")
    assert [line.split(": ")[1] for line in said.splitlines()] == ["rut", "name", "domain"]


@pytest.mark.parametrize("key", ["rut", "domain"])
def test_two_files_with_one_rut_or_domain_are_refused(tmp_path: Path, key: str) -> None:
    """Whoever the second is, it is not the first."""
    write(tmp_path, "acme.yaml", ACME)
    write(tmp_path, "otra.yaml", {**OTHER, key: ACME[key]})
    said = mistakes(tmp_path)
    assert any(f"{key}: " in one for one in said)


def test_a_new_tenant_with_anothers_rut_is_refused(tmp_path: Path) -> None:
    """The other's file is named."""
    write(tmp_path, "otra.yaml", OTHER)
    assert "tenants/registry/otra.yaml has this rut already" in refused(tmp_path, rut=OTHER["rut"])


def test_a_tenant_that_exists_with_other_data_is_not_overwritten(tmp_path: Path) -> None:
    """Edits are made in the file, where they are reviewed."""
    write(tmp_path, "acme.yaml", ACME)
    assert "exists with other data" in refused(tmp_path, name="Acme Inc")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("rut: [", "line 2, column 1"),
        ("rut: 12345678-5\n\tname: x\n", "line 2, column 1"),
        ("rut: 12345678-5\nrut: 12345678-5\nname: Acme\ndomain: acme.example.com\n", "line 2, column 1"),
        ("- a\n", "not a mapping"),
        ("", "not a mapping"),
    ],
)
def test_malformed_yaml_is_told_with_line_and_column(tmp_path: Path, text: str, where: str) -> None:
    """Also a key that stands there twice, of which YAML would take the last."""
    write(tmp_path, "acme.yaml", text)
    (said,) = mistakes(tmp_path)
    assert said.startswith("tenants/registry/acme.yaml: ")
    assert where in said


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"plan": "gold"}, "plan: this key is not known"),
        ({"rut": 12345678}, "rut: 12345678: must be a text"),
        ({"name": "a\nb"}, "one line of printable characters"),
        ({"state": "gone"}, "state: "),
    ],
)
def test_wrong_values_in_a_file(tmp_path: Path, changed: dict[str, object], said: str) -> None:
    """Unknown keys and wrong types are refused, not ignored."""
    write(tmp_path, "acme.yaml", {**ACME, **changed})
    assert any(said in one for one in mistakes(tmp_path))


def test_a_file_has_the_name_of_its_tenant(tmp_path: Path) -> None:
    """Else two files could be one tenant, or a lost file be overlooked."""
    write(tmp_path, "roadrunner.yaml", ACME)
    assert "rename the file to acme.yaml" in mistakes(tmp_path)[0]


def test_a_shadow_registry_lies_over_the_tracked_one(tmp_path: Path) -> None:
    """What is written lands in the last folder; a file there stands in for the one below."""
    tracked, shadow = tmp_path / "tracked", tmp_path / "shadow"
    write(tracked, "acme.yaml", ACME)
    Registry([tracked, shadow], ZONE).add(OTHER)
    assert [file.name for file in tracked.iterdir()] == ["acme.yaml"]
    assert [file.name for file in shadow.iterdir()] == ["otra.yaml"]
    write(shadow, "acme.yaml", {**ACME, "name": "Acme in the sandbox"})
    names = [one.tenant.name for one in Registry([tracked, shadow], ZONE).entries]
    assert names == ["Acme in the sandbox", OTHER["name"]]


@pytest.mark.parametrize("text", ["name: &a [*a]", "name: &a {b: *a}", f"name: {'[' * 3000}{']' * 3000}"])
def test_a_value_that_holds_itself_is_a_mistake_like_another(tmp_path: Path, text: str) -> None:
    """No traceback, whatever YAML can say."""
    write(tmp_path, "acme.yaml", f"rut: 12345678-5\ndomain: acme.example.com\n{text}\n")
    said = mistakes(tmp_path)
    assert said[0].startswith("tenants/registry/acme.yaml")
    assert "Fix:" in said[0]


def test_a_huge_value_is_not_made_whole_to_be_cut() -> None:
    """Ten aliases of ten aliases are more than fit into memory."""
    value: list[object] = ["x"]
    for _ in range(40):
        value = [value] * 10
    assert len(shown(value)) <= 60


def test_a_name_of_the_platforms_services_is_no_tenants(tmp_path: Path) -> None:
    """Of any environment: neither a new file nor one that is there."""
    registry = Registry([tmp_path], ZONE, {"acme": "Pulumi.prod.yaml"})
    with pytest.raises(RegistryError, match=r"slug 'acme' is the platform's own: a host name in Pulumi\.prod\.yaml"):
        registry.add(ACME)
    write(tmp_path, "acme.yaml", ACME)
    with pytest.raises(RegistryError, match="platform's own"):
        Registry([tmp_path], ZONE, {"acme": "Pulumi.prod.yaml"}).find("acme")


def test_the_names_are_those_of_every_environment(tmp_path: Path) -> None:
    """Also another one's, of the same files' folder; the wildcard is no name."""
    for stack, name in (("prod", "flows"), ("backup", "flows2.smarterbot.cl")):
        text = (ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
        assert "hostname: n8n" in text
        (tmp_path / f"Pulumi.{stack}.yaml").write_text(text.replace("hostname: n8n", f"hostname: {name}"))
    found = hostnames(tmp_path, load_files("prod", tmp_path))
    assert {"flows": "Pulumi.prod.yaml", "flows2": "Pulumi.backup.yaml"}.items() <= found.items()
    assert "*" not in found


@pytest.mark.parametrize("word", ["asuid", "wpad", "dmarc"])
def test_names_that_prove_or_lead_are_reserved(word: str) -> None:
    """Azure's proofs, browsers' proxies, mail's policies."""
    assert word in RESERVED
