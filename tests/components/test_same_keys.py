"""What prod has written, backup can read: the keys that both are given are the same, by the real formats."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from settings import Settings, expected_secrets, open_keyring
from tests.components.declared import declare, platform, resolved
from tests.n8n_format import opened, sealed

CREDENTIAL = json.dumps({"apiKey": "not-a-real-one"}, separators=(",", ":"))
VECTOR = "U2FsdGVkX1+hgi94Vvjcn/Yg15hPa3YOQUZa/DJvK074CGoI13J0es2kpkwvOumz"


@cache
def n8n_key(stack: str) -> str:
    """n8n's encryption key as the environment hands it to n8n: in the vault's secret, or in the container."""
    for one in platform(stack):
        inputs = resolved(one.inputs)
        if one.name == "n8n-secret-n8n-encryption-key":
            return str(inputs["properties"]["value"])
        if one.name == "n8n-container":
            lines = dict(line.split("=", 1) for line in inputs["envs"])
            return str(lines["N8N_ENCRYPTION_KEY"])
    raise AssertionError(f"{stack} hands no key to n8n")


def test_the_format_is_the_one_that_n8n_and_openssl_write() -> None:
    """`openssl enc -aes-256-cbc -md md5 -a -A -k KEY` made this."""
    assert opened(VECTOR, "Throw4wayThrow4wayThrow4wayN8n") == CREDENTIAL


def test_a_credential_that_n8n_wrote_in_prod_opens_in_backup() -> None:
    """And the other way round, for the way back."""
    prod, backup = n8n_key("prod"), n8n_key("backup")
    assert opened(sealed(CREDENTIAL, prod), backup) == CREDENTIAL
    assert opened(sealed(CREDENTIAL, backup), prod) == CREDENTIAL


def test_another_key_opens_nothing() -> None:
    """So the test above proves something: one letter less, and the credential is lost."""
    lost = 0
    for _ in range(8):  # padding looks right by chance once in 256
        try:
            lost += opened(sealed(CREDENTIAL, n8n_key("prod")), n8n_key("backup")[:-1]) != CREDENTIAL
        except ValueError:
            lost += 1
    assert lost == 8


def restic_environment(stack: str, folder: Path) -> dict[str, str]:
    """How restic is started for an environment: the password comes from the keyring that its settings lead to."""
    found: list[str] = []

    def build(settings: Settings) -> None:
        (wanted,) = [one for one in expected_secrets(settings) if one.name == "restic_password"]
        found.append(open_keyring().get(wanted.entry))

    declare(build, stack)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "RESTIC_REPOSITORY": str(folder / "repository"),
        "RESTIC_CACHE_DIR": str(folder / "cache" / stack),
        "RESTIC_PASSWORD": found[0],
    }


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("restic") is None, reason="restic is not installed (apt-get install restic)")
def test_a_snapshot_of_prod_opens_in_backup(tmp_path: Path) -> None:
    """The real restic: a snapshot made under prod's settings is restored under backup's, and with no other password."""

    def restic(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["restic", *arguments], env=environ, cwd=tmp_path, capture_output=True, text=True, check=False
        )

    prod, backup = restic_environment("prod", tmp_path), restic_environment("backup", tmp_path)
    (tmp_path / "dump").mkdir()
    (tmp_path / "dump" / "n8n.sql").write_text("select 1;\n")
    steps = [
        (prod, ["init"]),
        (prod, ["backup", "dump"]),
        (backup, ["restore", "latest", "--target", str(tmp_path / "restored")]),
    ]
    for environ, arguments in steps:
        done = restic(environ, *arguments)
        assert done.returncode == 0, done.stderr
    (restored,) = (tmp_path / "restored").rglob("n8n.sql")
    assert restored.read_text() == "select 1;\n"
    refused = restic(backup | {"RESTIC_PASSWORD": "another"}, "snapshots")
    assert refused.returncode != 0
    assert "wrong password" in refused.stderr
