"""What decides: every file that could, every secret, every version. What is left out of it is never applied."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from deploy.target import ROOT, Target
from engine import pin
from settings import Settings, load_files
from tenants import fingerprint
from tenants.fingerprint import Fingerprints, code_of, deciding_files
from tenants.model import Tenant
from tenants.platform import Platform
from tenants.secrets import TenantSecrets, VaultLogin
from tests.tenants.test_stack import SECRETS, TENANT, platform

ROOTED = replace(SECRETS, root_key="ab" * 32)
ENTRIES = (
    *("tenants/lifecycle.py", "tenants/stack.py", "tenants/fleet/running.py", "tenants/servers.py", "cli/tenant.py"),
    *(
        "provider/server.py",
        "provider/servicer.py",
        "policy/warm.py",
        "sandbox/server.py",
        "engine/program.py",
        "__main__.py",
    ),
)
"""Where what happens to a tenant begins: the commands, the program, what serves the provider and the policies, and the
platform's own program, of whose outputs a tenant is made.
"""


@pytest.fixture(scope="module")
def settings() -> Settings:
    """The tracked ones."""
    return load_files("prod", ROOT)


def of(
    settings: Settings,
    tenant: Tenant = TENANT,
    on: Platform | None = None,
    secrets: TenantSecrets = ROOTED,
    vault: str = "a",
    target: Target = Target.SANDBOX,
) -> str:
    """A tenant's fingerprint."""
    return Fingerprints(settings, on or platform(True), secrets, target=target, vault=vault).of(tenant)


def tracked() -> list[str]:
    """Every file of the clone that is tracked, or would be."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [name for name in listed if (ROOT / name).is_file()]


def test_a_change_of_any_file_that_decides_is_another_code(tmp_path: Path) -> None:
    """Every tracked one in every room but tests, docs and bench: code, settings, migrations, lock. And its name."""
    names = [name for name in tracked() if not name.startswith(("tests/", "docs/", "bench/", "tenants/registry/"))]
    decide = [name for name in names if not Path(name).name.startswith(".") and not name.startswith(".")]
    decide = [name for name in decide if name != "smos" and not name.endswith(".md")]
    for wanted in (
        "requirements.lock",
        "settings/program.py",
        "deploy/policies.py",
        "Pulumi.prod.yaml",
        "engine/pin.py",
    ):
        assert wanted in decide
    assert any(name.endswith(".sql") for name in decide)
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, tmp_path / name)
    before = code_of.__wrapped__(tmp_path)
    assert [file.relative_to(tmp_path).as_posix() for file in deciding_files(tmp_path)] == sorted(
        decide, key=lambda name: tmp_path / name
    )
    for name in decide[:: max(1, len(decide) // 40)]:
        file, content = tmp_path / name, (tmp_path / name).read_bytes()
        file.write_bytes(content + b"\n")
        assert code_of.__wrapped__(tmp_path) != before, name
        file.write_bytes(content)
    assert code_of.__wrapped__(tmp_path) == before
    (tmp_path / "settings" / "program.py").rename(tmp_path / "settings" / "programme.py")
    assert code_of.__wrapped__(tmp_path) != before


def test_a_new_room_decides_from_its_first_file(tmp_path: Path) -> None:
    """Nobody has to name it anywhere."""
    (tmp_path / "tenants").mkdir()
    (tmp_path / "tenants" / "one.py").touch()
    before = code_of.__wrapped__(tmp_path)
    (tmp_path / "waivers").mkdir()
    (tmp_path / "waivers" / "__init__.py").touch()
    with_room = code_of.__wrapped__(tmp_path)
    (tmp_path / "waivers" / "list.yaml").write_text("[]\n")
    assert len({before, with_room, code_of.__wrapped__(tmp_path)}) == 3
    for nothing in ("venv", ".smos", "tests"):
        (tmp_path / nothing).mkdir()
        (tmp_path / nothing / "one.py").touch()
    (tmp_path / "venv" / "pyvenv.cfg").touch()
    (tmp_path / "waivers" / "__pycache__").mkdir()
    (tmp_path / "waivers" / "__pycache__" / "list.pyc").touch()
    names = {file.relative_to(tmp_path).as_posix() for file in deciding_files(tmp_path)}
    assert names == {"tenants/one.py", "waivers/__init__.py", "waivers/list.yaml"}


def test_every_module_that_is_imported_for_a_tenant_decides() -> None:
    """By the graph of imports, from where a tenant's run begins: wherever it leads, however late, it is covered."""
    reached, waiting = set[Path](), [ROOT / name for name in ENTRIES]
    while waiting:
        file = waiting.pop()
        if file not in reached:
            reached.add(file)
            waiting += imported_by(file)
    covered = set(deciding_files(ROOT))
    assert not {str(file.relative_to(ROOT)) for file in reached - covered}
    rooms = {file.relative_to(ROOT).parts[0] for file in reached}
    assert rooms >= {
        "tenants",
        "components",
        "settings",
        "provider",
        "policy",
        "engine",
        "deploy",
        "sandbox",
        "age_keyring",
        "access",
    }


def imported_by(file: Path) -> Iterator[Path]:
    """The project's own modules that a module names, in its head or anywhere in it; and those named in texts."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and {".", ":"} & {*node.value}:
            names = [node.value.partition(":")[0]]
        else:
            continue
        for name in names:
            base = ROOT.joinpath(*name.split(".")) if all(part.isidentifier() for part in name.split(".")) else None
            if base is not None and base.with_suffix(".py").is_file():
                yield base.with_suffix(".py")
            elif base is not None and (base / "__init__.py").is_file():
                yield base / "__init__.py"


def test_the_rooms_that_decide_nothing_are_imported_by_none_that_does() -> None:
    """Only the commands that check and measure name what does it."""
    for file in deciding_files(ROOT):
        if file.suffix == ".py" and file.relative_to(ROOT).as_posix() not in ("cli/bench.py", "cli/check.py"):
            found = {one.relative_to(ROOT).parts[0] for one in imported_by(file)}
            assert not found & {"tests", "bench", "docs"}, file


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "Other"},
        {"tier": "pro"},
        {"state": "suspended"},
        {"wave": 3},
        {"isolation": {"n8n": "silo"}},
    ],
    ids=str,
)
def test_what_its_file_says_counts(settings: Settings, changed: dict[str, Any]) -> None:
    """All of it."""
    other = Tenant.model_validate({**json.loads(TENANT.model_dump_json(exclude_unset=True)), **changed})
    if other != TENANT:
        assert of(settings, other) != of(settings)


def test_what_it_stands_on_counts(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The platform and its generation, the settings, each secret, which Vault, the target, the versions, the code."""
    secrets: dict[str, Any] = {
        name: "another" for name in ("cloudflare_token", "provisioner_password", "redis_password")
    }
    login = VaultLogin(role_id="Throw4way-role", secret_id="Throw4way-other")
    found = [
        of(settings),
        of(settings, on=replace(platform(True), edge_name="other.example.com")),
        of(settings, on=replace(platform(True), generation="made again")),
        of(settings, on=platform(False)),
        *(of(settings, secrets=replace(ROOTED, **{name: value})) for name, value in secrets.items()),
        of(settings, secrets=replace(ROOTED, root_key="cd" * 32)),
        of(settings, secrets=replace(ROOTED, vault=login)),
        of(settings, secrets=replace(ROOTED, states=login)),
        of(settings, vault="b"),
        of(settings, target=Target.REAL),
        of(load_files("backup", ROOT)),
    ]
    monkeypatch.setattr(pin, "VERSION", "9.9.9")
    fingerprint._versions.cache_clear()
    found.append(of(settings))
    monkeypatch.undo()
    fingerprint._versions.cache_clear()
    monkeypatch.setattr(fingerprint, "code_of", lambda _: "other code")
    found.append(of(settings))
    monkeypatch.undo()
    assert len(set(found)) == len(found)
    assert of(settings) == found[0]


def test_the_versions_are_those_of_the_engine_and_of_every_provider() -> None:
    """As installed: a lock that nobody has installed yet changes the code, not these."""
    names = {name for name, _ in fingerprint._versions()}
    wanted = {one.name.lower() for one in metadata.distributions() if one.name.startswith("pulumi")}
    assert names == {"engine", *wanted}
    assert "pulumi_vault" in names


def test_nobody_can_try_out_a_secret(settings: Settings) -> None:
    """A fingerprint is made with a key of the keyring. Where there is none, no secret is in it at all."""
    assert of(settings) != of(settings, secrets=replace(ROOTED, root_key="cd" * 32))
    without = replace(SECRETS, root_key="")
    assert of(settings, secrets=without) == of(settings, secrets=replace(without, provisioner_password="x"))


def test_a_platform_that_was_made_again_is_another_generation() -> None:
    """With the same names, addresses and ids; an update in place is the same one."""
    from tenants.platform import generation_of

    one = {"urn": "urn:db", "id": "vps", "created": "2026-11-01T00:00:00Z", "modified": "2026-11-01T00:00:00Z"}
    before = generation_of({"resources": [one]})
    assert generation_of({"resources": [{**one, "modified": "2026-11-02T00:00:00Z"}]}) == before
    assert generation_of({"resources": [{**one, "created": "2026-11-02T00:00:00Z"}]}) != before
    assert generation_of({"resources": [{**one, "id": "other"}]}) != before
    assert generation_of({"resources": []}) != before
