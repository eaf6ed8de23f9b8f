"""Archives that mean harm, by the commands: what a tenant has hidden in its database, and a file from a stranger."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import psycopg
import pyrage
import pytest

from age_keyring import Identity, Keyring
from age_keyring.signing import opened, private_of, public_of
from tenants.archive.manifest import digest
from tenants.archive.tar import packed, unpacked
from tenants.steps.database import FILE as DATABASE
from tests.integration.conftest import Clone
from tests.integration.test_demo import last_json
from tests.integration.test_tenant_life import Data, rut, with_redis
from tests.integration.test_tenants import server

pytestmark = pytest.mark.slow
SLUG, DOMAIN = "carniceria", "carniceria.smarterbot.cl"
DELETE = ("tenant", "delete", SLUG, "--yes", "--confirm", SLUG, "--json")
HIDDEN = """
CREATE FUNCTION leave() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN
  EXECUTE 'SET ROLE NONE';
  EXECUTE format('ALTER ROLE %I PASSWORD ''stolen-passw0rd''', session_user);
  EXECUTE 'SET ROLE t_carniceria';
  EXECUTE 'ALTER ROLE t_carniceria PASSWORD ''stolen-passw0rd''';
  EXECUTE 'ALTER ROLE t_carniceria SET default_transaction_read_only = on';
  EXECUTE 'ALTER DATABASE t_carniceria SET statement_timeout = 1';
END $f$;
CREATE FUNCTION spring(v int) RETURNS boolean LANGUAGE plpgsql AS $f$ BEGIN
  IF session_user <> 't_carniceria' THEN PERFORM public.leave(); END IF;
  RETURN true;
END $f$;
CREATE TABLE trap (v int CHECK (public.spring(v)));
INSERT INTO trap VALUES (1);
"""
EVIL = b"\nSET ROLE NONE;\nCREATE ROLE more LOGIN SUPERUSER PASSWORD 'stolen-passw0rd';\n"


def by_a_stranger(clone: Clone, file: Path) -> bytes:
    """As whoever has seen one, and knows the recipients, makes another: other SQL, right checksums, no signature."""
    identity = Identity.read(clone.home.key)
    keyring = Keyring.open(clone.home.keyring, identity)
    ours = public_of(private_of(keyring.get("shared/archiveSigningKey")))
    sealed = opened(file.read_bytes(), "archive", [ours])[1]
    parts = unpacked(pyrage.decrypt(bytes(sealed), list(identity.keys)))
    parts[DATABASE] += EVIL
    manifest = json.loads(parts["manifest.json"])
    manifest["parts"][DATABASE] = {"sha256": digest(parts[DATABASE]), "size": len(parts[DATABASE])}
    parts["manifest.json"] = json.dumps(manifest).encode()
    return bytes(pyrage.encrypt(packed(parts, "manifest.json"), [one.key("") for one in keyring.recipients]))


def roles(clone: Clone) -> list[str]:
    """Of the tenant, and of whoever wanted to be more."""
    password = clone.shell("./smos keys show prod/databaseAdminPasswords/vps --reveal").stdout.strip()
    where = {**server(clone), "user": "postgres", "dbname": "postgres", "password": password}
    query = "SELECT rolname FROM pg_roles WHERE rolname LIKE 't\\_carniceria%' OR rolname = 'more' ORDER BY 1"
    with psycopg.connect(**where) as connection:
        return [str(name) for (name,) in connection.execute(query).fetchall()]


def test_neither_a_hidden_function_nor_a_strangers_file_gets_anything(demo: Clone, tmp_path: Path) -> None:
    """Deleted and imported, a tenant with a trap in it is as before, with its own password; a stranger's archive is
    refused, with its checksum typed it fails in words, and what it left is deleted without looking into it again.
    """
    demo.smos("create", "tenant", rut(77888777), "Carnicería", DOMAIN, "--json")
    with_redis(demo, SLUG, 7)
    data = Data(demo, SLUG)
    data.fill()
    with psycopg.connect(**data.database) as connection:
        connection.execute(HIDDEN)
    gone = last_json(demo.smos(*DELETE).stdout)
    demo.smos("tenant", "import", gone["archive"], "--json")
    assert Data(demo, SLUG).seen() == (25, 25, "1", {"pan": "2"})
    with psycopg.connect(**Data(demo, SLUG).database) as connection:
        connection.execute("INSERT INTO trap VALUES (2)")
    assert roles(demo) == ["t_carniceria"]
    gone = last_json(demo.smos(*DELETE).stdout)

    strange = tmp_path / "strange.archive"
    strange.write_bytes(by_a_stranger(demo, Path(gone["archive"])))
    refused = demo.smos("tenant", "import", str(strange), ok=False)
    assert "it is not signed" in refused.stdout + refused.stderr
    assert roles(demo) == []
    shelf = sorted(one.name for one in (demo.home.folder / "archive").glob("*.archive"))
    checksum = hashlib.sha256(strange.read_bytes()).hexdigest()
    failed = demo.smos("tenant", "import", str(strange), "--trust", checksum, ok=False)
    assert "permission denied to create role" in failed.stdout + failed.stderr
    assert "stays closed (importing)" in failed.stdout + failed.stderr
    ended = last_json(demo.smos(*DELETE).stdout)
    assert (ended["ok"], ended["left"], ended["archive"]) == (True, 0, "")
    assert sorted(one.name for one in (demo.home.folder / "archive").glob("*.archive")) == shelf
    assert roles(demo) == []

    again = demo.smos("tenant", "import", str(gone["archive"]), "--json")
    assert last_json(again.stdout)["ok"]
    demo.smos(*DELETE)
    used = demo.smos("tenant", "import", gone["archive"], ok=False)
    assert "--serial" in used.stdout + used.stderr
