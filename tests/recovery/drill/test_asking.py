"""What services declare is asked of data in their vendors' own schema: whole data pass, and each damage is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from recovery.drill.asking import Given, answers
from recovery.drill.declared import recovery_of
from recovery.drill.proof import Answer
from tests.recovery.conftest import ATTACHMENT, BLOB, SECRETS, Vendors, values_of

SYSTEM = "smarteros"
DAMAGES = [
    (
        "n8n",
        "credentials-decrypt",
        "UPDATE credentials_entity SET data = 'U2FsdGVkX18AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='",
    ),
    ("n8n", "owner-logs-in", 'UPDATE "user" SET password = NULL'),
    ("n8n", "owner-logs-in", 'DELETE FROM "user"'),
    ("n8n", "workflows-have-owners", "DELETE FROM shared_workflow"),
    ("n8n", "webhooks-have-workflows", "DELETE FROM workflow_entity"),
    ("chatwoot", "counters-are-ahead", "SELECT setval('conv_dpid_seq_1', 1)"),
    ("chatwoot", "counters-are-ahead", "DROP SEQUENCE conv_dpid_seq_1"),
    ("chatwoot", "conversation-is-created", "SELECT setval('conv_dpid_seq_1', 1)"),
    ("chatwoot", "messages-have-conversations", "DELETE FROM conversations"),
    ("chatwoot", "attachments-are-there", "UPDATE active_storage_blobs SET checksum = 'AAAA'"),
    ("chatwoot", "attachments-are-there", "UPDATE active_storage_blobs SET key = 'ffffff'"),
    ("chatwoot", "attachments-are-there", "UPDATE active_storage_blobs SET byte_size = 1"),
    (
        "chatwoot",
        "second-factors-decrypt",
        'UPDATE users SET otp_secret = replace(otp_secret, \'"iv":"\', \'"iv":"A\')',
    ),
    ("chatwoot", "administrator-logs-in", "UPDATE users SET encrypted_password = ''"),
    (
        "odoo",
        "attachments-are-there",
        "UPDATE ir_attachment SET checksum = repeat('0', 40) WHERE store_fname IS NOT NULL",
    ),
    ("odoo", "administrator-logs-in", "UPDATE res_users SET password = 'plain'"),
    ("odoo", "modules-are-settled", "UPDATE ir_module_module SET state = 'to upgrade' WHERE name = 'mail'"),
    ("metabase", "connections-decrypt", 'UPDATE metabase_database SET details = \'{"host":"plain"}\''),
    (
        "metabase",
        "settings-decrypt",
        "UPDATE setting SET value = translate(value, 'ABCDabcd', 'BCDAbcda') WHERE key = 'encryption-check'",
    ),
    ("metabase", "administrator-logs-in", "UPDATE core_user SET password_salt = 'other'"),
    ("botpress", "bots-are-whole", "UPDATE srv_ghost_files SET deleted = true WHERE file_path LIKE '%bot.config.json'"),
    ("botpress", "workspaces-are-there", "DELETE FROM srv_ghost_files WHERE file_path LIKE '%workspaces.json'"),
    ("tenants", "chunks-are-in-order", "DELETE FROM chunks WHERE position = 3"),
    ("tenants", "counters", "SELECT setval('pedidos_id_seq', 3)"),
    ("tenants", "indexes-and-triggers", "ALTER TABLE pedidos ADD CHECK (total < 0) NOT VALID"),
    ("tenants", "nearest-vector", "DROP INDEX chunks_embedding; UPDATE chunks SET embedding = NULL"),
]


@pytest.fixture
def volumes(tmp_path: Path) -> dict[str, Path]:
    """The volumes that came back with the databases."""
    chatwoot, odoo = tmp_path / "chatwoot-storage", tmp_path / "odoo-data"
    blob = chatwoot / "ab" / "cd" / "abcdef123456"
    blob.parent.mkdir(parents=True)
    blob.write_bytes(BLOB)
    return {"prod-chatwoot-storage": chatwoot, "prod-odoo-data": odoo}


def asked(vendors: Vendors, vendor: str, name: str, volumes: dict[str, Path]) -> dict[str, Answer]:
    """Each question's answer."""
    if vendor == "odoo":
        file = volumes["prod-odoo-data"] / "filestore" / name / values_of("odoo")["attachment"]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(ATTACHMENT)
    with vendors.connect(name) as connection:
        given = Given(secrets=SECRETS, volumes=volumes)
        return {one.name: one for one in answers(connection, recovery_of(SYSTEM, vendor), given)}


@pytest.mark.parametrize("vendor", ["n8n", "chatwoot", "odoo", "metabase", "botpress", "tenants"])
def test_whole_data_pass(vendors: Vendors, vendor: str, volumes: dict[str, Path]) -> None:
    """Nothing wrong, nothing unproved, and every declared question was put."""
    found = asked(vendors, vendor, vendors.database(vendor), volumes)
    assert {name: one.found for name, one in found.items() if one.outcome in ("wrong", "unproved")} == {}
    declared = recovery_of(SYSTEM, vendor)
    assert declared is not None
    assert {one.name for one in declared.checks} <= set(found)
    assert any(one.outcome == "right" for one in found.values())


@pytest.mark.parametrize(("vendor", "name", "damage"), DAMAGES)
def test_damage_is_told(vendors: Vendors, vendor: str, name: str, damage: str, volumes: dict[str, Path]) -> None:
    """By the question that is there for it."""
    database = vendors.database(vendor)
    with vendors.connect(database) as connection:
        if vendor == "n8n" and name == "webhooks-have-workflows":
            connection.execute("DELETE FROM shared_workflow")
        connection.execute(damage.encode())
    found = asked(vendors, vendor, database, volumes)[name]
    assert found.outcome == ("nothing" if name == "nearest-vector" else "wrong"), found


def test_every_declared_question_has_its_damage() -> None:
    """A check that can't fail is none."""
    tried = {(vendor, name) for vendor, name, _ in DAMAGES}
    for vendor in ("n8n", "chatwoot", "odoo", "metabase", "botpress", "tenants"):
        declared = recovery_of(SYSTEM, vendor)
        assert declared is not None
        wanted = {(vendor, one.name) for one in declared.checks}
        assert wanted - tried <= {("odoo", "companies-have-partners")}, "a foreign key keeps that one from being made"


def test_another_key_is_told(vendors: Vendors, volumes: dict[str, Path]) -> None:
    """The keyring of another installation, or a lost one."""
    database = vendors.database("n8n")
    with vendors.connect(database) as connection:
        given = Given(secrets={**SECRETS, "n8n_encryption_key": "Another1234567890abcdefgh"})
        found = {one.name: one for one in answers(connection, recovery_of(SYSTEM, "n8n"), given)}
        none = {one.name: one for one in answers(connection, recovery_of(SYSTEM, "n8n"), Given())}
    assert found["credentials-decrypt"].outcome == "wrong"
    assert none["credentials-decrypt"].outcome == "unproved"


def test_an_unprepared_database_proves_nothing(vendors: Vendors, volumes: dict[str, Path]) -> None:
    """Nothing is "right" where there is nothing to ask."""
    database = vendors.database("tenants")
    with vendors.connect(database) as connection:
        found = list(answers(connection, recovery_of(SYSTEM, "odoo"), Given()))
    declared = recovery_of(SYSTEM, "odoo")
    assert declared is not None
    assert {one.outcome for one in found if one.name in {check.name for check in declared.checks}} == {"unproved"}


def test_asking_writes_nothing(vendors: Vendors, volumes: dict[str, Path]) -> None:
    """A conversation is created, and rolled back."""
    database = vendors.database("chatwoot")
    found = asked(vendors, "chatwoot", database, volumes)
    assert found["conversation-is-created"].outcome == "right"
    with vendors.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM conversations").fetchone() == (9,)


def test_a_path_that_leads_out_is_not_followed(vendors: Vendors, volumes: dict[str, Path], tmp_path: Path) -> None:
    """A row names a file above the volume, and a link in it leads there."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(BLOB)
    (volumes["prod-chatwoot-storage"] / "xx").symlink_to(outside)
    database = vendors.database("chatwoot")
    with vendors.connect(database) as connection:
        connection.execute("UPDATE active_storage_blobs SET key = 'xx../secret'")
    assert asked(vendors, "chatwoot", database, volumes)["attachments-are-there"].outcome == "wrong"
