"""Which extensions the administrator of a simulated Azure server may create, and Azure's refusal of the
others.

Azure lets members of `azure_pg_admin`, who are no superusers, create the extensions that the server parameter
`azure.extensions` lists. PostgreSQL has no such list, but since 18 a server may look for extensions in a
folder of its own first (`extension_control_path`). Each cluster has such a folder: what is on the list is
there as a trusted extension, everything else that Azure knows is there as a script that only raises Azure's
error. So the rule holds in every database, also in one made from template0, and the wheel's own files stay as
they are.

Not simulated: DROP EXTENSION by non-members, ALTER EXTENSION, shared_preload_libraries. The wheel carries
`vector` alone; another extension on the list is refused with a sentence that says so. Source:
https://learn.microsoft.com/azure/postgresql/extensions/errors-extensions
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from sandbox.postgres_program import PostgresError, install_folder

__all__ = ["AZURE_EXTENSIONS", "offer"]

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

_NOT_LISTED = """DO $$BEGIN RAISE EXCEPTION USING ERRCODE = '0A000',
  MESSAGE = 'extension "{name}" is not allow-listed for "azure_pg_admin" users in '
    'Azure Database for PostgreSQL',
  HINT = 'to see the full allow list of extensions, please run: "show azure.extensions;"'; END$$;
"""
_NOT_CARRIED = """DO $$BEGIN RAISE EXCEPTION USING ERRCODE = '0A000',
  MESSAGE = 'extension "{name}" is allow-listed, but the simulated server does not carry it',
  HINT = 'The simulated servers carry vector alone.'; END$$;
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
    fresh = folder / "extension.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True, mode=0o755)
    carried = install_folder() / "share" / "postgresql" / "extension"
    for name in AZURE_EXTENSIONS:
        if name not in names:
            _write(fresh, name, "0", _NOT_LISTED.format(name=name))
        elif not (carried / f"{name}.control").is_file():
            _write(fresh, name, "0", _NOT_CARRIED.format(name=name))
        else:
            _copy(carried, fresh, name)
    final = folder / "extension"
    shutil.rmtree(final, ignore_errors=True)
    fresh.rename(final)


def _write(folder: Path, name: str, version: str, script: str, control: str = "") -> None:
    control = control or f"comment = 'not available here'\ndefault_version = '{version}'\n"
    (folder / f"{name}.control").write_text(f"{control}trusted = true\n", encoding="utf-8")
    (folder / f"{name}--{version}.sql").write_text(script, encoding="utf-8")


def _copy(carried: Path, folder: Path, name: str) -> None:
    control = (carried / f"{name}.control").read_text(encoding="utf-8")
    version = next(line.split("'")[1] for line in control.splitlines() if line.startswith("default_version"))
    script = (carried / f"{name}--{version}.sql").read_text(encoding="utf-8")
    _write(folder, name, version, _MEMBERS_ONLY + script, control if control.endswith("\n") else f"{control}\n")
