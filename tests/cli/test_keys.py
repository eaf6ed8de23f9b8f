"""`./smos keys`, as operators type it: made once, opened by anyone of them, and no value where it was not asked for."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pyrage
import pytest
from typer.testing import CliRunner

from age_keyring import Identity, Keyring, Recipient
from cli.keys import app
from kept.operator_error import OperatorError

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "t" * 40


@dataclass(frozen=True)
class Said:
    """What a command printed."""

    stdout: str
    stderr: str


@dataclass(frozen=True)
class Operator:
    """Somebody at a machine, with a key file of their own."""

    folder: Path
    name: str

    @property
    def key(self) -> Path:
        return self.folder / f"{self.name}.txt"

    @property
    def file(self) -> Path:
        return self.folder / "keyring.age"

    def keys(self, *arguments: str, stdin: str = "", exit_code: int = 0) -> Said:
        """`./smos keys ARGUMENTS`, in this process."""
        environ = {"SMOS_KEYRING": str(self.file), "SMOS_KEY_FILE": str(self.key)}
        done = CliRunner().invoke(app, arguments, input=stdin, env=environ)
        failure = done.exception if isinstance(done.exception, OperatorError) else None
        said = Said(done.stdout, f"{done.stderr}{failure.for_operator() if failure else ''}")
        assert (failure.exit_code if failure else done.exit_code) == exit_code, (said, done.exc_info)
        return said

    def opened(self) -> dict[str, str]:
        keyring = Keyring.open(self.file, Identity.read(self.key))
        return {path: keyring.get(path) for path in keyring.paths()}


@pytest.fixture
def ana(tmp_path: Path) -> Operator:
    """Ana has made the keyring."""
    operator = Operator(tmp_path, "ana")
    operator.keys("init", "--name", "ana")
    return operator


def test_init_makes_everything_once(ana: Operator) -> None:
    """Key, keyring and what can be generated, for all environments; again: nothing, and it says so."""
    before = ana.opened()
    assert {"shared/n8nEncryptionKey", "prod/redisPasswords/health", "backup/hostPrivateKeys/vps"} <= before.keys()
    again = ana.keys("init")
    assert again.stdout.startswith("0 made")
    assert ana.opened() == before
    said = again.stdout + again.stderr
    assert "external/cloudflareApiToken: missing" in said
    assert "https://dash.cloudflare.com/profile/api-tokens" in said
    assert "one key opens it" in said
    assert not [path for path, value in before.items() if value in said]


def test_init_for_one_environment_makes_nothing_of_the_others(tmp_path: Path) -> None:
    """A developer's throw-away keyring: no entry of a server's, and no vendor's that would be missing."""
    developer = Operator(tmp_path, "eva")
    said = developer.keys("init", "--stack", "local")
    assert {path.split("/")[0] for path in developer.opened()} == {"local", "shared"}
    assert "shared/n8nEncryptionKey" not in developer.opened()
    assert "missing" not in said.stdout + said.stderr


def test_init_makes_what_a_change_of_settings_calls_for(ana: Operator) -> None:
    """What is missing only; the rest keeps its values."""
    before = ana.opened()
    with Keyring.changing(ana.file, Identity.read(ana.key)) as keyring:
        keyring.remove("prod/redisPasswords/health")
    assert "made     prod/redisPasswords/health\n1 made" in ana.keys("init").stdout
    after = ana.opened()
    assert after.pop("prod/redisPasswords/health") != before.pop("prod/redisPasswords/health")
    assert after == before


def test_verify_tells_what_is_missing_until_nothing_is(ana: Operator) -> None:
    """Exit code 1 and every entry; then for whom it is encrypted."""
    report = ana.keys("verify", exit_code=1).stderr
    assert "external/cloudflareApiToken" in report
    assert "external/cloudflareDnsToken" in report
    ana.keys("set", "external/cloudflareApiToken", stdin=f"{TOKEN}\n")
    ana.keys("set", "external/cloudflareDnsToken", stdin=TOKEN)
    ana.keys("set", "external/openaiApiKey", stdin=f"sk-proj-{TOKEN}")
    ana.keys("set", "external/chatwootSmtpPassword", stdin=TOKEN)
    for one in ("AccessKeyIds/r2", "SecretKeys/r2", "SecretKeys/azure"):
        ana.keys("set", f"external/backupStore{one}", stdin=TOKEN)
    assert ana.opened()["external/cloudflareApiToken"] == TOKEN
    assert "nothing missing; encrypted to ana and nobody else" in ana.keys("verify").stdout


def test_set_stores_nothing_that_can_not_be_right(ana: Operator) -> None:
    """Another shape, an unsafe path, a value that is there: refused, not shown, nothing written."""
    before = ana.file.read_bytes()
    refused = ana.keys("set", "external/cloudflareApiToken", stdin="hunter2", exit_code=2)
    assert "not an API token" in refused.stderr
    there = ana.keys("set", "prod/redisPasswords/health", stdin="Hunter2" + "x" * 20, exit_code=1)
    assert "there already, with another value" in there.stderr
    assert "not a path" in ana.keys("set", "../x", stdin="hunter2", exit_code=1).stderr
    assert "hunter2" not in (refused.stderr + there.stderr).lower()
    assert ana.file.read_bytes() == before
    assert "spelled right?" in ana.keys("set", "prod/redisPasswords/heath", stdin="hunter2").stderr


def test_a_value_is_shown_on_request_only(ana: Operator) -> None:
    """--reveal prints it and nothing else; without it an SSH key's public half is told, which a host must know."""
    values = ana.opened()
    listed = ana.keys("show").stdout
    assert "opened by ana (you)" in listed
    assert all(path in listed and value not in listed for path, value in values.items())
    assert (
        ana.keys("show", "prod/redisPasswords/health", "--reveal").stdout == values["prod/redisPasswords/health"] + "\n"
    )
    assert "ssh-ed25519 AAAA" in ana.keys("show", "prod/hostPrivateKeys/vps").stdout
    assert "there is prod/redisPasswords/health" in ana.keys("show", "prod/redisPasswords/healht", exit_code=1).stderr
    ana.keys("show", "--reveal", exit_code=2)


def test_a_second_person_gets_in_and_out(ana: Operator) -> None:
    """Their own init names the command that lets them in; removal says what it can't undo; the last one stays."""
    ben = Operator(ana.folder, "ben")
    report = ben.keys("init", exit_code=1).stderr
    public = Identity.read(ben.key).public[0]
    assert f"./smos keys add-recipient {public}" in report
    ana.keys("add-recipient", public, "--name", "ben")
    first = ben.keys("show", exit_code=1).stderr
    who = re.findall(r"SHA256:[^\s;]+", first)[0]
    assert f"./smos keys trust {who} --name NAME" in first
    assert "not signed with" in ben.keys("trust", "SHA256:x", "--name", "ana", exit_code=2).stderr
    ben.keys("trust", who, "--name", "ana")
    assert ben.opened() == ana.opened()
    line = re.findall(r"keys trust '(ssh-ed25519 \S+)' --name", report)[0]
    assert "none of its recipients" not in ben.keys("show").stderr
    gone = ben.keys("remove-recipient", "ben")
    assert "knows the values so far" in gone.stderr
    assert "none of its recipients" in ben.keys("show", exit_code=1).stderr
    assert "trusted here are ana" in ana.keys("show", exit_code=1).stderr
    ana.keys("trust", line, "--name", "ben")
    assert "signature of ben counts here (signed it last)" in ana.keys("show").stdout
    assert "last recipient" in ana.keys("remove-recipient", "ana", exit_code=1).stderr
    ana.keys("distrust", "ben")
    assert "trusted here are ana" in ana.keys("show", exit_code=1).stderr
    assert "nothing was signed" in ana.keys("sign", exit_code=2).stderr
    assert "opened by\n  ana" in ana.keys("sign", "--yes", "--name", "ana").stdout
    assert "(signed it last)" in ana.keys("show").stdout


def test_a_keyring_of_an_earlier_version_is_signed_once(ana: Operator) -> None:
    """It is refused until somebody has looked at it; then everything is as it was."""
    values, identity = ana.opened(), Identity.read(ana.key)
    plain = pyrage.decrypt(ana.file.read_bytes(), list(identity.keys)).split(b"\n", 3)[3]
    ana.file.write_bytes(pyrage.encrypt(plain, [Recipient(identity.public[0], "ana").key("")], armored=True))
    identity.signing.unlink()
    identity.signers.unlink()
    refused = ana.keys("verify", exit_code=1).stderr
    assert "it is not signed" in refused
    assert "./smos keys sign" in refused
    ana.keys("sign", "--yes")
    assert ana.opened() == values


def test_a_lost_key_file_is_said(ana: Operator) -> None:
    """Where it was looked for, and how to name another; as a process of its own: exit code 1 and no traceback."""
    lost = {"SMOS_KEYRING": str(ana.file), "SMOS_KEY_FILE": str(ana.folder / "none")}
    command = [sys.executable, str(ROOT / "cli"), "keys", "verify"]
    done = subprocess.run(command, env=lost, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("smos: ")
    assert "there is no key to open the keyring with" in done.stderr
    assert "SMOS_KEY_FILE" in done.stderr
    assert "Traceback" not in done.stderr


def test_generate_replaces_only_when_told(ana: Operator) -> None:
    """Never what a vendor makes, never what nothing calls for."""
    before = ana.opened()
    assert "--replace" in ana.keys("generate", "prod/redisPasswords/health", exit_code=1).stderr
    assert "replaced" in ana.keys("generate", "prod/redisPasswords/health", "--replace").stdout
    assert ana.opened()["prod/redisPasswords/health"] != before["prod/redisPasswords/health"]
    assert "made by its vendor" in ana.keys("generate", "external/cloudflareApiToken", exit_code=2).stderr
    assert "prod/redisPasswords/health" in ana.keys("generate", "prod/redisPasswords", exit_code=2).stderr
