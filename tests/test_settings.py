"""The settings: one model for files and program, every mistake at once, and never a secret in a message."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import pulumi
import pytest
import yaml
from pulumi.runtime import mocks
from pydantic import TypeAdapter

from settings import Settings, SettingsError, expected_secrets, load_engine, load_files
from settings.secrets import SHAPES, SecretOutputs, entry_of
from settings.systems.smarteros import CALLS
from settings.wiring import wiring_entry
from tests.components.declared import Answers, config_of, engine_config, prod_config, secrets_of

ROOT = Path(__file__).resolve().parents[1]


def write(folder: Path, changed: dict[str, Any], without: tuple[str, ...] = ()) -> Path:
    values = {key: value for key, value in (prod_config() | changed).items() if key not in without}
    document = {"config": {f"smarteros:{key}": value for key, value in values.items()}}
    (folder / "Pulumi.prod.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    return folder


def problems(folder: Path, **changed: Any) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        load_files("prod", write(folder, changed))
    return [str(problem) for problem in refused.value.problems]


def with_(path: str, value: Any) -> dict[str, Any]:
    """prod's configuration with one value changed; `…` removes it."""
    key, *rest = path.split("/")
    top = prod_config()[key] if rest else value
    here = top
    for index, part in enumerate(rest):
        at = int(part) if part.isdigit() else part
        if index < len(rest) - 1:
            here = here[at]
        elif value is ...:
            del here[at]
        else:
            here[at] = value
    return {key: top}


def test_the_tracked_file_is_accepted_without_its_secrets() -> None:
    """The file that everybody clones has no mistake."""
    settings = load_files("prod", ROOT)
    assert settings.domain == "smarterbot.cl"
    assert settings.stack == "prod"


def test_reading_files_imports_neither_pulumi_nor_an_sdk() -> None:
    """What runs before the engine starts must be quick."""
    code = (
        "import sys; from pathlib import Path; import settings;"
        "settings.load_files('prod', Path('.'));"
        "print([name for name in sys.modules if name.split('.')[0].startswith('pulumi')])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("path", "value", "where", "why", "mend"),
    [
        ("hosts/0/address", "vps.example.com", "hosts/0/address", "not an IPv4 address", "203.0.113.10"),
        ("hosts/0/hostKey", "ssh-ed25519", "hosts/0/hostKey", "not an OpenSSH public host key", "console"),
        ("hosts/0/hostKey", f"ssh-rsa {'AAAA' * 93}", "hosts/0/hostKey", "that can be pinned", "ssh_host_ed25519_key"),
        ("hosts/0/memoryMb", "much", "hosts/0/memoryMb", "valid integer", "How much memory"),
        ("hosts/0/memoryMb", 2048, "hosts/0/memoryMb", "there is room for 1024", "lower a memoryMb"),
        ("hosts/0/cpus", ..., "hosts/0/cpus", "missing", "How many CPUs"),
        ("hosts/0/sshprt", 22, "hosts/0/sshprt", "not known", "did you mean sshPort?"),
        ("hosts/0/networkCidr", "10.40.0.0/16", "hosts/0/networkCidr", "overlaps", "another /16"),
        ("cloudflare/zoneId", "smarterbot.cl", "cloudflare/zoneId", "not 32 hex", "overview page"),
        ("azure/subscriptionId", "none", "azure/subscriptionId", "not a GUID", "az account show"),
        ("domain", "smarterbot", "domain", "not a domain name", "example.com"),
        ("operators", [], "operators", "must be an object", "Who runs the platform"),
        ("services/n8n/hostname", "n8n.example.com", "services/n8n/hostname", "outside the zone", "a name below"),
        ("services/n8n/hostname", "a.b.smarterbot.cl", "services/n8n/hostname", "one level", "a-b"),
        ("services/traefik/hostname", "n8n", "services/n8n/hostname", "traefik has this name", "another name"),
        ("services/n8n/database", "azur", "services/n8n/database", "no database server", "did you mean azure?"),
        ("services/n8n/database", "vps", "services/n8n/database", "only its host can reach", "same place"),
        ("services/n8n/cpu", 0.3, "services/n8n", "steps of 0.25", "memoryMb: 1024"),
        ("services/n8n/memoryMb", 2048, "services/n8n", "exactly 1024 MB", "memoryMb: 1024"),
        ("services/n8n/placement", {"where": "moon"}, "services/n8n/placement", "'moon'", "one of 'azure'"),
        ("services/n8n/placement", {}, "services/n8n/placement", "does not say where", "where: one of"),
        ("services/redis/placement", {"where": "azure"}, "services/redis/placement/where", "choices", "docker"),
        ("services/redis/placement/host", "vsp", "services/redis/placement/host", "no host", "mean vps?"),
        ("databaseServers/0/placement/through", "x", "databaseServers/0/placement/through", "no host", "vps"),
        ("databaseServers/0/placement/sku", "B2s", "databaseServers/0/placement/sku", "size", "Standard_B2s"),
        ("databaseServers/1/name", "azure", "databaseServers/1/name", "taken", "another name"),
        ("services/storage/placement", {"where": "docker"}, "services/storage/placement", "'docker'", "'azure', 'r2'"),
        ("services/storage/placement/keepDeletedDays", 0, "services/storage/placement", "greater than", "deleted"),
        ("azure", {}, "azure", "in Azure run databaseServers/azure, services/storage, services/n8n", "subscriptionId"),
        ("standby", "perhaps", "standby", "boolean", "-standby"),
        ("services/n8n/hostname", "n" * 64, "services/n8n/hostname", "at most 63", "shorter"),
        ("tunnel/firstPort", 80, "tunnel/firstPort", "1024", "local port"),
        ("protect", "perhaps", "protect", "boolean", "Refuse to delete"),
        ("servces", {}, "servces", "not known", "did you mean services?"),
        ("stack", "prod", "stack", "not known", "state"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_its_mend(
    tmp_path: Path, path: str, value: Any, where: str, why: str, mend: str
) -> None:
    """Each message names file, path, why and mend."""
    given = [text for text in problems(tmp_path, **with_(path, value)) if f": smarteros:{where}" in text]
    assert given, problems(tmp_path, **with_(path, value))
    assert any(text.startswith("Pulumi.prod.yaml: ") for text in given)
    assert any(why in text and mend in text.split("Fix: ")[1] for text in given), given


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Mistakes of one key and mistakes across keys, in one go."""
    changed = with_("hosts/0/address", "x") | with_("services/n8n/database", "y") | with_("domain", "z")
    given = "\n".join(problems(tmp_path, **changed))
    for where in ("hosts/0/address", "services/n8n/database", "smarteros:domain"):
        assert where in given


def test_a_name_in_the_zone_may_be_given_in_full(tmp_path: Path) -> None:
    """`n8n` and `n8n.smarterbot.cl` are the same name."""
    folder = write(tmp_path, with_("services/n8n/hostname", "n8n.smarterbot.cl"))
    settings = load_files("prod", folder)
    given = settings.services.model_dump()["n8n"]["hostname"]
    assert settings.fqdn(given) == settings.fqdn("n8n") == "n8n.smarterbot.cl"


@pytest.mark.parametrize("value", [{"redisPassword": "hunter2hunter2"}, {"secure": "v1:abc"}])
def test_secrets_do_not_belong_into_the_file(tmp_path: Path, value: Any) -> None:
    """In plain or encrypted: they are in the keyring; the message says how to move them, and shows none."""
    given = problems(tmp_path, secrets=value)
    assert len(given) == 1
    assert "secrets are in the keyring" in given[0]
    assert "./smos keys set" in given[0].split("Fix: ")[1]
    assert "pulumi config rm smarteros:secrets --stack prod" in given[0].split("Fix: ")[1]
    assert "hunter2" not in given[0]


def test_standby_names_are_beside_the_real_ones(tmp_path: Path) -> None:
    """One label longer and no level deeper; the suffix counts for the longest name that the DNS takes."""
    settings = load_files("prod", write(tmp_path, {"standby": True}))
    assert settings.fqdn("n8n") == settings.fqdn("n8n.smarterbot.cl") == "n8n-standby.smarterbot.cl"
    assert settings.fqdn("smarterbot.cl") == "standby.smarterbot.cl"
    assert not settings.has_wildcard
    assert load_files("prod", ROOT).has_wildcard
    long = with_("services/n8n/hostname", "n" * 56)
    load_files("prod", write(tmp_path, long))
    assert any("-standby included" in text for text in problems(tmp_path, standby=True, **long))


def test_two_environments_never_share_the_real_names(tmp_path: Path) -> None:
    """Of the environments of a zone all but one are standby, or no one knows who answers."""
    write(tmp_path, {})
    for standby in (False, True):
        config = config_of("backup") | {"standby": standby}
        document = {"config": {f"smarteros:{key}": value for key, value in config.items()}}
        (tmp_path / "Pulumi.backup.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
        if standby:
            load_files("backup", tmp_path)
            load_files("prod", tmp_path)
            continue
        for stack, other in (("backup", "prod"), ("prod", "backup")):
            with pytest.raises(SettingsError, match=rf"smarteros:standby: .*Pulumi.{other}.yaml is at the names"):
                load_files(stack, tmp_path)


def test_without_azure_nothing_is_asked_of_it(tmp_path: Path) -> None:
    """An environment outside Azure leaves the key out; an empty object is the same."""
    config = config_of("backup")
    assert "azure" not in config
    explicit: list[dict[str, Any]] = [{}, {"azure": {}}]
    for more in explicit:
        document = {"config": {f"smarteros:{key}": value for key, value in (config | more).items()}}
        (tmp_path / "Pulumi.backup.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
        settings = load_files("backup", tmp_path)
        assert settings.azure is None
        assert settings.names.bucket("backups") == "smarteros-backup-backups"


def test_what_is_no_secret_must_stand_in_plain(tmp_path: Path) -> None:
    """An encrypted public value could not be checked before the run."""
    given = problems(tmp_path, domain={"secure": "v1:abc"})
    assert [text for text in given if "smarteros:domain: encrypted" in text]


@pytest.mark.parametrize(
    ("text", "why"),
    [(None, "no such file"), ("config: [", "not YAML"), ("a: 1", "missing"), ("config: 1", "missing")],
)
def test_a_file_that_is_none_is_told(tmp_path: Path, text: str | None, why: str) -> None:
    """Files that are absent, broken or empty have words of their own."""
    if text is not None:
        (tmp_path / "Pulumi.prod.yaml").write_text(text)
    with pytest.raises(SettingsError, match=why):
        load_files("prod", tmp_path)


def test_every_setting_is_declared_with_type_and_description() -> None:
    """Pulumi.yaml documents each key, and its defaults are the model's."""
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    fields = {str(field.alias): field for name, field in Settings.model_fields.items() if name != "stack"}
    assert set(declared) == {f"smarteros:{key}" for key in fields}
    for key, field in fields.items():
        entry = declared[f"smarteros:{key}"]
        assert entry["description"], key
        assert ("default" in entry) == (not field.is_required()), key
        if "default" in entry:
            kind: Any = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
            read = TypeAdapter(kind).validate_python(entry["default"])
            assert read == field.get_default(call_default_factory=True), key


def test_every_field_says_what_it_is() -> None:
    """A description is a field's documentation, and the mend when it is missing."""
    from settings import parts, services

    for module in (parts, services):
        for name in module.__all__:
            fields = getattr(getattr(module, name), "model_fields", {})
            assert all(field.description for field in fields.values()), name


def test_tunnels_are_known_before_the_run() -> None:
    """One local port a database server, in order; Azure's by name, a container's by its fixed address. Then what else
    operators reach."""
    azure, vps, redis, vault = load_files("prod", ROOT).tunnels()
    assert (azure.name, azure.local_port, azure.host, azure.target_port) == ("azure", 15432, "vps", 5432)
    assert azure.target_host.startswith("psql-smarteros-prod-azure-")
    assert azure.target_host.endswith(".postgres.database.azure.com")
    assert (vps.name, vps.local_port, vps.host) == ("vps", 15433, "vps")
    assert vps.target_host == "172.30.1.11"
    assert (vault.name, vault.host, vault.target_port) == ("vault", "vps", 8200)
    assert (redis.name, redis.local_port, redis.target_host, redis.target_port) == (
        "redis",
        15473,
        "172.30.1.101",
        6379,
    )


def test_expected_secrets_fill_what_the_program_gets() -> None:
    """Whoever makes secrets learns every entry, one for each server and host, of a known shape and with its purpose."""
    expected = expected_secrets(load_files("prod", ROOT))
    paths = {one.entry for one in expected}
    assert {"shared/n8nEncryptionKey", "prod/databaseAdminPasswords/vps", "prod/hostPrivateKeys/vps"} <= paths
    assert {"shared/resticPassword", "shared/statePassphrase", "external/cloudflareApiToken"} <= paths
    assert {one.name for one in expected} >= set(SecretOutputs.__dataclass_fields__)
    assert all(one.purpose and one.kind in SHAPES for one in expected)
    stores = ("backupStoreAccessKeyIds/r2", "backupStoreSecretKeys/r2", "backupStoreSecretKeys/azure")
    others = ("cloudflareApiToken", "cloudflareDnsToken", "chatwootSmtpPassword", "openaiApiKey")
    assert {one.entry for one in expected if one.external} == {f"external/{one}" for one in (*stores, *others)}


def test_both_environments_share_what_must_be_the_same() -> None:
    """n8n's key, the backups' and the state's passwords, and the vendors' tokens; the rest is each one's own. Of what
    only prod runs, backup holds nothing.
    """
    both = {stack: load_files(stack, ROOT) for stack in ("prod", "backup")}
    prod, backup = ({one.entry for one in expected_secrets(settings)} for settings in both.values())
    assert {path.split("/")[0] for path in prod & backup} == {"shared", "external"}
    assert "shared/n8nEncryptionKey" in prod & backup
    there = {key for key, _ in both["backup"].services.running()}
    beyond = {
        entry_of(one, "prod")
        for key, service in both["prod"].services.running()
        for one in service.called_for()
        if key not in there
    } | {wiring_entry(call, both["prod"]) for call in CALLS if not {call.caller, call.callee} <= there}
    assert {path.split("/")[0] for path in prod - backup - beyond} == {"prod"}


SECRETS = secrets_of("prod", prod_config())


def in_program(changed: dict[str, Any] | None = None, secrets: dict[str, str] = SECRETS) -> Settings:
    mocks.set_mocks(Answers(), project="smarteros-hosts", stack="prod")
    engine_config(prod_config() | (changed or {}), secrets)
    return load_engine()


def test_the_program_reads_the_same_settings_as_the_file() -> None:
    """One model, also in another project of the repository; values come as texts."""
    from_file = load_files("prod", ROOT)
    assert in_program().model_dump() == from_file.model_dump()
    assert in_program({"protect": "false"}).protect is False


def test_each_secret_is_a_secret_output() -> None:
    """No secret leaves the settings as a plain text."""
    secrets = in_program().secrets
    for name in SecretOutputs.__dataclass_fields__:
        value = getattr(secrets, name)
        for output in value.values() if isinstance(value, dict) else [value]:
            assert isinstance(output, pulumi.Output)
            assert pulumi.runtime.sync_await._sync_await(output.is_secret())


@pytest.mark.parametrize(
    ("changed", "why", "mend"),
    [
        ({"prod/redisPasswords/health": None}, "keyring.age: prod/redisPasswords/health: missing", "./smos keys init"),
        ({"external/cloudflareDnsToken": None}, "missing (For Traefik", "./smos keys set external/cloudflareDnsToken"),
        (
            {"prod/redisPasswords/health": "hunter2"},
            "keyring.age: prod/redisPasswords/health: not 20 to 100",
            "--replace",
        ),
        ({"prod/hostPrivateKeys/vps": "hunter2"}, "not an OpenSSH private key", "ssh-keygen"),
    ],
)
def test_bad_secrets_stop_the_program_without_being_shown(changed: dict[str, str | None], why: str, mend: str) -> None:
    """pulumi.RunError with entry, why and mend, and no value."""
    secrets = {path: value for path, value in (SECRETS | changed).items() if value is not None}
    with pytest.raises(pulumi.RunError) as refused:
        in_program(secrets=secrets)
    assert why in str(refused.value)
    assert mend in str(refused.value).split("Fix: ")[1]
    assert "hunter2" not in str(refused.value)
    assert "Throw4way" not in str(refused.value)


def test_a_keyring_that_does_not_open_stops_the_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No keyring, no key: in words, without a traceback."""
    in_program()
    monkeypatch.setenv("SMOS_KEY_FILE", str(tmp_path / "key.txt"))
    with pytest.raises(pulumi.RunError, match="no key to open the keyring"):
        load_engine()
    in_program()
    monkeypatch.setenv("SMOS_KEYRING", str(tmp_path / "keyring.age"))
    with pytest.raises(pulumi.RunError, match="there is no keyring"):
        load_engine()


def test_outside_the_program_there_are_no_secrets() -> None:
    """Reading files decrypts nothing."""
    with pytest.raises(RuntimeError, match="load_engine"):
        _ = load_files("prod", ROOT).secrets
