"""Which extensions a simulated server has. On Azure: which ones its administrator may create, and the refusal of the
others.

Azure lets members of `azure_pg_admin`, who are no superusers, create the extensions that the server parameter
`azure.extensions` lists. PostgreSQL has no such list, but since 18 a server may look for extensions in a
folder of its own first (`extension_control_path`). Each cluster has such a folder: what is on the list is
there as a trusted extension, everything else that Azure knows is there as a script that only raises Azure's
error. So the rule holds in every database, also in one made from template0, and the wheel's own files stay as
they are.

The wheel carries `vector` alone. Of PostgreSQL's own modules some are there as stand-ins: each can be created by whom
the real one can (its control file says `trusted`), has the real one's name and version, and nothing inside. Another
extension on Azure's list is refused with a sentence that says so; in a container it is unknown.

Not simulated: what a stand-in would hold; on Azure, that IF NOT EXISTS is refused to non-members even where the
extension is there already (learntocloud/learn-to-cloud-app#491), DROP EXTENSION by non-members, ALTER EXTENSION,
shared_preload_libraries. Source: https://learn.microsoft.com/azure/postgresql/extensions/errors-extensions
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from kept.postgres_programs import install_folder
from sandbox.postgresql.server.program import PostgresError

__all__ = ["AZURE_EXTENSIONS", "STAND_INS", "offer", "offer_in_container"]

# fmt: off
AZURE_EXTENSIONS = frozenset(
    {
        "address_standardizer", "age", "amcheck", "anon", "auto_explain", "azure_ai", "azure_storage",
        "bloom", "btree_gin", "btree_gist", "citext", "cube", "dblink", "dict_int", "dict_xsyn",
        "earthdistance", "fuzzystrmatch", "hll", "hstore", "hypopg", "intagg", "intarray", "isn", "lo",
        "login_hook", "lsn", "ltree", "orafce", "pageinspect", "pg_buffercache", "pg_cron",
        "pg_diskann", "pg_freespacemap", "pg_hint_plan", "pg_partman", "pg_prewarm", "pg_repack",
        "pg_stat_statements", "pg_trgm", "pg_visibility", "pgaudit", "pgcrypto", "pglogical",
        "pgrouting", "pgrowlocks", "pgstattuple", "plv8", "postgis", "postgis_raster", "postgis_sfcgal",
        "postgis_tiger_geocoder", "postgis_topology", "postgres_fdw", "postgres_protobuf", "semver",
        "session_variable", "sslinfo", "tablefunc", "tds_fdw", "timescaledb", "topn", "tsm_system_rows",
        "tsm_system_time", "unaccent", "uuid-ossp", "vector",
    }
)
# fmt: on
"""What a flexible server knows
(learn.microsoft.com/azure/postgresql/extensions/concepts-extensions-versions).
"""

STAND_INS: Mapping[str, tuple[str, bool]] = {
    "pg_stat_statements": ("1.11", False),
    "pg_trgm": ("1.6", True),
    "pgcrypto": ("1.3", True),
    "unaccent": ("1.1", True),
    "uuid-ossp": ("1.1", True),
}
"""Module → its version in PostgreSQL 17, and whether the owner of a database may create it
(https://www.postgresql.org/docs/17/contrib.html; each module's page says "considered trusted").
"""

_NOT_LISTED = """DO $$BEGIN RAISE EXCEPTION USING ERRCODE = '0A000',
  MESSAGE = 'extension "{name}" is not allow-listed for "azure_pg_admin" users in '
    'Azure Database for PostgreSQL',
  HINT = 'to see the full allow list of extensions, please run: "show azure.extensions;"'; END$$;
"""
_NOT_CARRIED = """DO $$BEGIN RAISE EXCEPTION USING ERRCODE = '0A000',
  MESSAGE = 'extension "{name}" is allow-listed, but the simulated server does not carry it',
  HINT = 'The simulated servers carry vector, and stand-ins for {stand_ins}.'; END$$;
"""
# A trusted extension's script runs as the bootstrap superuser: session_user is who asked.
_MEMBERS_ONLY = """DO $$BEGIN IF NOT pg_has_role(session_user, 'azure_pg_admin', 'MEMBER') THEN
  RAISE EXCEPTION 'Only members of "azure_pg_admin" are allowed to use CREATE EXTENSION'; END IF; END$$;
"""


def offer(folder: Path, allowed: Iterable[str]) -> None:
    """Writes the cluster's own extension folder (`folder/extension`) anew. The server reads it at each CREATE
    EXTENSION.

    Names are compared without case, as Azure does ("VECTOR").
    """
    names = {name.strip().lower() for name in allowed if name.strip()}
    if unknown := sorted(names - AZURE_EXTENSIONS):
        raise PostgresError(f"azure.extensions: no such extension on Azure: {', '.join(unknown)}.")
    fresh = _fresh(folder)
    carried = install_folder() / "share" / "postgresql" / "extension"
    for name in AZURE_EXTENSIONS:
        if name not in names:
            _write(fresh, name, "0", _NOT_LISTED.format(name=name))
        elif (carried / f"{name}.control").is_file():
            _copy(carried, fresh, name)
        elif name in STAND_INS:
            _write(fresh, name, STAND_INS[name][0], _MEMBERS_ONLY)
        else:
            _write(fresh, name, "0", _NOT_CARRIED.format(name=name, stand_ins=", ".join(sorted(STAND_INS))))
    _put(fresh, folder)


def offer_in_container(folder: Path) -> None:
    """The same folder for a server in a container: stand-ins for what the image has beside the wheel's own."""
    fresh = _fresh(folder)
    for name, (version, trusted) in STAND_INS.items():
        _write(fresh, name, version, "", trusted=trusted)
    _put(fresh, folder)


def _fresh(folder: Path) -> Path:
    fresh = folder / "extension.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True, mode=0o755)
    return fresh


def _put(fresh: Path, folder: Path) -> None:
    final = folder / "extension"
    shutil.rmtree(final, ignore_errors=True)
    fresh.rename(final)


def _write(folder: Path, name: str, version: str, script: str, control: str = "", *, trusted: bool = True) -> None:
    control = control or f"comment = 'nothing inside'\ndefault_version = '{version}'\n"
    (folder / f"{name}.control").write_text(f"{control}trusted = {str(trusted).lower()}\n", encoding="utf-8")
    (folder / f"{name}--{version}.sql").write_text(script, encoding="utf-8")


def _copy(carried: Path, folder: Path, name: str) -> None:
    control = (carried / f"{name}.control").read_text(encoding="utf-8")
    version = next(line.split("'")[1] for line in control.splitlines() if line.startswith("default_version"))
    script = (carried / f"{name}--{version}.sql").read_text(encoding="utf-8")
    _write(folder, name, version, _MEMBERS_ONLY + script, control if control.endswith("\n") else f"{control}\n")
