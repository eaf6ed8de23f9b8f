"""What is refused, in the words that the operator reads: the path, the numbers, and the mend."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi import ResourceOptions

from age_keyring import Keyring
from capacity.report import report_of
from components.placements import Refusal
from components.placements.azure import AzurePlatform, AzurePlatformArgs
from components.workload import Health, Volume, Workload
from settings import Settings, SettingsError, expected_secrets, load_files, secret_problems
from settings.reading import read_settings
from tests.components.declared import ROOT, config_of, declare, keyring_folder, prod_config, secrets_of


def problems_of(**changed: Any) -> list[str]:
    """What is wrong with prod's settings when some of them are others."""
    _, problems = read_settings("prod", prod_config() | changed, "Pulumi.prod.yaml")
    return [str(problem) for problem in problems]


def services(**changed: dict[str, Any]) -> dict[str, Any]:
    """prod's services, some of them told something else."""
    found: dict[str, Any] = deepcopy(prod_config()["services"])
    return {"services": {key: {**given, **changed.get(key, {})} for key, given in found.items()}}


def written(folder: Path, stack: str, text: str) -> None:
    """A stack's file."""
    (folder / f"Pulumi.{stack}.yaml").write_text(text, encoding="utf-8")


def refused(folder: Path, stack: str) -> list[str]:
    """What is wrong with a stack's file."""
    with pytest.raises(SettingsError) as failure:
        load_files(stack, folder)
    return [str(problem) for problem in failure.value.problems]


def test_a_placement_that_a_service_cannot_run_on() -> None:
    """The model knows where each service can run."""
    (text,) = problems_of(**services(vault={"placement": {"where": "azure", "host": "vps"}}))
    assert text == (
        'Pulumi.prod.yaml: smarteros:services/vault/placement/where: "azure": not one of the choices: it '
        "can't run there. Fix: one of: 'docker'"
    )
    (text,) = [one for one in problems_of(**services(n8n={"placement": {"where": "r2"}})) if "n8n" in one]
    assert text == (
        'Pulumi.prod.yaml: smarteros:services/n8n/placement: {"where": "r2"}: \'r2\' is not a place where it can run. '
        "Fix: where: one of 'azure', 'docker'"
    )


def test_a_database_on_smb() -> None:
    """Files that must survive are refused by Container Apps' placement: SMB has neither the locks nor the fsync."""
    database = Workload(
        image="example.org/database:1",
        port=5432,
        health=Health(http_path="/"),
        cpu=0.5,
        memory_mb=1024,
        volumes=[Volume("data", "/var/lib/data", needs="posix")],
    )

    def run(settings: Settings) -> None:
        AzurePlatform("azure", AzurePlatformArgs(settings=settings)).run("database", database, ResourceOptions())

    with pytest.raises(Refusal) as failure:
        declare(run)
    assert str(failure.value) == (
        "database/volumes/data: /var/lib/data needs a POSIX file system, and Container Apps has none that is safe "
        "(SMB). Fix: run it on a Docker host, or keep no files"
    )


def test_two_edges_in_one_file(tmp_path: Path) -> None:
    """YAML's parsers take the second of two equal keys and say nothing; here it is refused."""
    lines = (ROOT / "Pulumi.prod.yaml").read_text(encoding="utf-8").splitlines()
    first = next(index for index, line in enumerate(lines) if line.strip() == "traefik:")
    twice = [*lines[: first + 1], *lines[first + 1 : first + 4], "    traefik:", *lines[first + 1 :]]
    written(tmp_path, "prod", "\n".join(twice))
    (text,) = refused(tmp_path, "prod")
    assert text == (
        f"Pulumi.prod.yaml: line {first + 5}, column 5: not YAML: traefik stands here a second time; the first is in "
        f"line {first + 1}. Fix: mend that line"
    )


def test_two_edges_on_one_machine(tmp_path: Path) -> None:
    """Two environments whose reverse proxies would both publish 80 and 443 of one machine."""
    prod, backup = (config_of(stack) for stack in ("prod", "backup"))
    backup["hosts"][0]["address"] = prod["hosts"][0]["address"]
    for stack, config in (("prod", prod), ("backup", backup)):
        written(tmp_path, stack, yaml.safe_dump({"config": {f"smarteros:{key}": one for key, one in config.items()}}))
    for stack, other in (("prod", "backup"), ("backup", "prod")):
        (text,) = refused(tmp_path, stack)
        assert text == (
            f'Pulumi.{stack}.yaml: smarteros:hosts/0/address: "203.0.113.10": the reverse proxy of Pulumi.{other}.yaml '
            "is on this machine, too: both would publish its ports 80 and 443. Fix: a machine of its own, or no "
            "services.traefik in one of the two"
        )
    # Without its reverse proxy the second one may share the machine; nor can it have what is reached by a name.
    for key in ("traefik", "holding", "n8n"):
        del backup["services"][key]
    del backup["profile"], backup["ai"]
    written(tmp_path, "backup", yaml.safe_dump({"config": {f"smarteros:{key}": one for key, one in backup.items()}}))
    load_files("prod", tmp_path)
    load_files("backup", tmp_path)


def test_a_missing_external_secret() -> None:
    """What only a vendor makes is named with what it is for and where it comes from."""
    settings = load_files("prod", ROOT)
    values = secrets_of("prod", prod_config())
    del values["external/cloudflareDnsToken"]
    folder = keyring_folder(tuple(sorted(values.items())))
    from age_keyring import Identity

    keyring = Keyring.open(folder / "keyring.age", Identity.read(folder / "key.txt"))
    (problem,) = secret_problems(expected_secrets(settings), keyring)
    assert str(problem) == (
        "keyring.age: external/cloudflareDnsToken: missing (For Traefik's certificate on the hosts: Zone:Read and "
        "DNS:Edit, nothing else). Fix: create one at https://dash.cloudflare.com/profile/api-tokens (not the global "
        "API key); then ./smos keys set external/cloudflareDnsToken"
    )


def test_a_duplicate_hostname() -> None:
    """Whoever comes second has to have another one (the platform's services come first); the short and the full form
    are the same.
    """
    texts = problems_of(**services(traefik={"hostname": "n8n.smarterbot.cl"}))
    assert (
        'Pulumi.prod.yaml: smarteros:services/n8n/hostname: "n8n": traefik has this name already. Fix: another name'
    ) in texts


def test_a_refused_pair_of_cpu_and_memory() -> None:
    """Container Apps gives each CPU its memory."""
    (text,) = problems_of(**services(n8n={"cpu": 0.5, "memoryMb": 2048}))
    assert text == (
        'Pulumi.prod.yaml: smarteros:services/n8n: {"cpu": 0.5, "memoryMb": 2048}: Container Apps gives 0.5 CPU '
        "exactly 1024 MB, not 2048. Fix: memoryMb: 1024, or another cpu"
    )


def test_a_profile_that_does_not_fit() -> None:
    """`full` on the machine of the specification: refused with the sum, and with what would be enough."""
    settings = load_files("backup", ROOT)
    report = report_of(settings, "full")
    (memory,) = [str(one) for one in report.problems if one.path == "smarteros:hosts/0/memoryMb"]
    held = report.hosts[0].memory
    assert memory == (
        f"Pulumi.backup.yaml: smarteros:hosts/0/memoryMb: 8192: what runs there may use {held.used:.0f} MB ({held}); "
        f"there is room for 7168 (8192 less 1024 for Docker and the system), {held.used - 7168:.0f} too little. "
        f"Fix: lower a memoryMb, or a host with {held.used + 1024:.0f} MB"
    )
    assert held.used > 2 * 7168


def test_a_profile_that_is_not_whole() -> None:
    """A `full` without one of its services is none."""
    found = services()["services"]
    del found["vault"]
    (text,) = [one for one in problems_of(services=found, profile="core") if "lack" in one]
    assert text == (
        'Pulumi.prod.yaml: smarteros:profile: "core": core has n8n, redis, traefik, holding, vault, knowledge, '
        "storage, tenants, guard; here lack vault. Fix: add services.vault; or profile: custom"
    )
