"""What a run still lacks: named with its mend, and never a secret."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from deploy.doctor import Finding, examine
from deploy.target import ROOT, Target
from settings.target import mark

TOKEN = "a" * 20 + "SECRET" + "b" * 20


def lacking(found: list[Finding]) -> dict[str, Finding]:
    """What is missing, by name."""
    return {one.what: one for one in found if not one.ok}


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """A machine on which nobody has ever logged in anywhere."""
    return {"HOME": str(tmp_path), "SMOS_KEY_FILE": str(tmp_path / "key.txt"), "PULUMI_HOME": str(tmp_path)}


def test_everything_that_is_missing_is_named_with_its_mend(bare: dict[str, str]) -> None:
    """Keyring, tokens, logins, keys, and each value that is still the documentation's."""
    found = lacking(examine("prod", Target.REAL, bare))
    assert found.keys() >= {
        "keyring",
        "external/cloudflareApiToken",
        "external/cloudflareDnsToken",
        "azure login",
        "ssh key",
        "smarteros:cloudflare/zoneId",
        "smarteros:azure/subscriptionId",
        "smarteros:hosts/0/address",
        "smarteros:hosts/0/hostKey",
    }
    assert all(one.mend for one in found.values())
    token = found["external/cloudflareApiToken"]
    assert "DNS:Edit" in token.detail
    assert "https://dash.cloudflare.com/profile/api-tokens" in token.mend
    assert "./smos keys set external/cloudflareApiToken" in token.mend
    assert "Contributor" in found["azure login"].mend


def test_what_is_there_is_not_missed(bare: dict[str, str], tmp_path: Path) -> None:
    """An SSH key, a service principal, and settings of one's own."""
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "id_ed25519").write_text("x")
    project = tmp_path / "project"
    project.mkdir()
    text = (ROOT / "Pulumi.prod.yaml").read_text()
    for old, new in (
        ("0123456789abcdef0123456789abcdef", "9" * 32),
        ("fedcba9876543210fedcba9876543210", "8" * 32),
        ("00000000-0000-4000-8000-000000000001", "3d7a1c52-8c0e-4f0b-9a51-6a7be5b5e001"),
        ("00000000-0000-4000-8000-000000000002", "3d7a1c52-8c0e-4f0b-9a51-6a7be5b5e002"),
        ("203.0.113.10", "145.223.1.10"),
        ("A" * 44 + "\n", "A" * 4 + "IEeUl3n/AapAFcz2xo3yGg5wIjwBM+gxmWfHhwk9tmc1\n"),
    ):
        text = text.replace(old, new)
    (project / "Pulumi.prod.yaml").write_text(text)
    environ = {**bare, "ARM_CLIENT_ID": "x", "ARM_TENANT_ID": "x", "ARM_CLIENT_SECRET": TOKEN}
    found = examine("prod", Target.REAL, environ, project)
    missing = lacking(found)
    assert not {"azure login", "ssh key", "smarteros:cloudflare/zoneId", "smarteros:hosts/0/address"} & missing.keys()
    assert not any(TOKEN in f"{one}" for one in found)


@pytest.mark.parametrize(
    ("state", "added", "missing"),
    [
        ("{kind: s3, bucket: our-state, endpoint: 'https://a.r2.cloudflarestorage.com'}", {}, True),
        ("{kind: s3, bucket: our-state}", {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": TOKEN}, False),
        ("{kind: azblob, account: ourstate, container: pulumi}", {}, True),
        ("{kind: azblob, account: ourstate, container: pulumi}", {"AZURE_STORAGE_KEY": TOKEN}, False),
        ("{kind: login}", {}, True),
        ("{kind: login}", {"PULUMI_BACKEND_URL": "s3://ours"}, False),
        ("{kind: local}", {}, False),
    ],
)
def test_each_kind_of_state_says_what_it_needs(
    bare: dict[str, str], tmp_path: Path, state: str, added: dict[str, str], missing: bool
) -> None:
    """A bucket wants keys, a container a login, and a login to have been made."""
    text = (ROOT / "Pulumi.prod.yaml").read_text() + f"\n  smarteros:state: {state}\n"
    (tmp_path / "Pulumi.prod.yaml").write_text(text)
    found = examine("prod", Target.REAL, {**bare, **added}, tmp_path)
    assert ("state" in lacking(found)) == missing
    assert not any(TOKEN in f"{one}" for one in found)


def test_a_shell_of_the_sandbox_is_named(bare: dict[str, str], tmp_path: Path) -> None:
    """Before anything else is tried in it."""
    mark(tmp_path)
    environ = {**bare, "PULUMI_BACKEND_URL": f"file://{tmp_path}/state", "SMOS_TARGET": "sandbox"}
    shell = lacking(examine("prod", Target.REAL, environ))["shell"]
    assert "SMOS_TARGET" in shell.detail
    assert "new terminal" in shell.mend


def test_wrong_settings_are_told_and_nothing_further_is_asked(bare: dict[str, str], tmp_path: Path) -> None:
    """What hangs on the settings can't be judged without them."""
    (tmp_path / "Pulumi.prod.yaml").write_text("config: {smarteros:domian: x}\n")
    found = examine("prod", Target.REAL, bare, tmp_path)
    assert found[-1].what == "settings"
    assert "smarteros:domian" in found[-1].detail


def test_the_command_ends_with_1_and_one_json_object(bare: dict[str, str]) -> None:
    """For people and for programs."""
    done = subprocess.run(
        [str(ROOT / "smos"), "doctor", "prod", "--target", "real", "--json"],
        env={"PATH": "/usr/bin:/bin", **bare},
        capture_output=True,
        text=True,
        check=False,
    )
    facts = json.loads(done.stdout)
    assert done.returncode == 1
    assert (facts["ok"], facts["target"], facts["stack"]) == (False, "real", "prod")
    assert {"what", "ok", "detail", "mend"} == facts["checks"][0].keys()


def test_what_has_no_support_is_told_and_lacks_nothing(bare: dict[str, str]) -> None:
    """One line for Botpress v12: a run needs nothing more for it."""
    (found,) = [one for one in examine("prod", Target.SANDBOX, bare) if one.what == "botpress"]
    assert found.ok
    assert "no release since April 2025" in found.detail
