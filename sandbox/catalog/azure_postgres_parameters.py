"""The server parameters of Azure Database for PostgreSQL that may be set here, and their allowed values.

A name that is not listed is refused: add it from the vendor's table of server parameters.
"""

from __future__ import annotations

import re

SOURCE = "https://learn.microsoft.com/azure/postgresql/server-parameters/concepts-server-parameters"

_EXTENSIONS = """
address_standardizer address_standardizer_data_us age amcheck anon azure_ai azure_local_ai azure_storage bloom
btree_gin btree_gist citext credcheck cube dblink dict_int dict_xsyn earthdistance fuzzystrmatch hll hstore hypopg
intagg intarray ip4r isn lo login_hook ltree oracle_fdw orafce pageinspect pg_buffercache pg_cron pg_diskann pg_duckdb
pg_freespacemap pg_hint_plan pg_partman pg_prewarm pg_repack pg_squeeze pg_stat_statements pg_trgm pg_visibility
pgaudit pgcrypto pglogical pgrouting pgrowlocks pgstattuple plpgsql plv8 postgis postgis_raster postgis_sfcgal
postgis_tiger_geocoder postgis_topology postgres_fdw postgres_protobuf semver session_variable sslinfo tablefunc
tdigest tds_fdw timescaledb topn tsm_system_rows tsm_system_time unaccent uuid-ossp vector
"""
EXTENSIONS = frozenset(_EXTENSIONS.split())
_LIBRARIES_TEXT = """
age anon auto_explain azure_storage credcheck login_hook pg_cron pg_duckdb pg_failover_slots pg_hint_plan
pg_partman_bgw pg_prewarm pg_squeeze pg_stat_statements pgaudit pglogical timescaledb wal2json
"""
_LIBRARIES = frozenset(_LIBRARIES_TEXT.split())
_SETS = {
    "azure.extensions": EXTENSIONS,
    "shared_preload_libraries": _LIBRARIES,
    "azure.accepted_password_auth_method": frozenset({"md5", "scram-sha-256"}),
    "pgaudit.log": frozenset({"none", "read", "write", "function", "role", "ddl", "misc", "all"}),
}
_CHOICES = {
    "client_min_messages": "debug5,debug4,debug3,debug2,debug1,log,notice,warning,error",
    "default_toast_compression": "lz4,pglz",
    "log_error_verbosity": "terse,default,verbose",
    "log_min_error_statement": "debug5,debug4,debug3,debug2,debug1,info,notice,warning,error,log,fatal,panic",
    "log_min_messages": "debug5,debug4,debug3,debug2,debug1,info,notice,warning,error,log,fatal,panic",
    "log_statement": "none,ddl,mod,all",
    "password_encryption": "md5,scram-sha-256",
    "pgbouncer.pool_mode": "session,transaction,statement",
    "ssl_max_protocol_version": "TLSv1.2,TLSv1.3",
    "ssl_min_protocol_version": "TLSv1.2,TLSv1.3",
    "synchronous_commit": "local,remote_write,remote_apply,on,off",
    "track_functions": "none,pl,all",
    "wal_level": "replica,logical",
}
_SWITCHES_TEXT = """
autovacuum azure.enable_temp_tablespaces_on_local_ssd cron.log_statement hot_standby_feedback jit
log_checkpoints log_connections log_disconnections log_lock_waits metrics.autovacuum_diagnostics
metrics.collector_database_activity metrics.pgbouncer_diagnostics pgbouncer.enabled require_secure_transport
track_activities track_counts track_io_timing
"""
_SWITCHES = frozenset(_SWITCHES_TEXT.split())
_RANGES: dict[str, tuple[float, float]] = {
    "autovacuum_analyze_scale_factor": (0, 100),
    "autovacuum_analyze_threshold": (0, 2147483647),
    "autovacuum_max_workers": (1, 262143),
    "autovacuum_naptime": (1, 2147483),
    "autovacuum_vacuum_cost_limit": (-1, 10000),
    "autovacuum_vacuum_scale_factor": (0, 100),
    "autovacuum_vacuum_threshold": (0, 2147483647),
    "checkpoint_completion_target": (0, 1),
    "checkpoint_timeout": (30, 86400),
    "deadlock_timeout": (1, 2147483647),
    "effective_cache_size": (1, 2147483647),
    "effective_io_concurrency": (0, 1000),
    "idle_in_transaction_session_timeout": (0, 2147483647),
    "idle_session_timeout": (0, 2147483647),
    "lock_timeout": (0, 2147483647),
    "log_autovacuum_min_duration": (-1, 2147483647),
    "log_min_duration_statement": (-1, 2147483647),
    "log_temp_files": (-1, 2147483647),
    "logfiles.retention_days": (1, 7),
    "maintenance_work_mem": (1024, 2097151),
    "max_connections": (25, 5000),
    "max_locks_per_transaction": (10, 8388608),
    "max_parallel_workers": (0, 1024),
    "max_parallel_workers_per_gather": (0, 1024),
    "max_prepared_transactions": (0, 262143),
    "max_replication_slots": (2, 262143),
    "max_slot_wal_keep_size": (-1, 2147483647),
    "max_wal_senders": (5, 100),
    "max_wal_size": (32, 65536),
    "max_worker_processes": (0, 262143),
    "min_wal_size": (32, 65536),
    "pgbouncer.default_pool_size": (1, 4950),
    "pgbouncer.max_client_conn": (1, 50000),
    "pgbouncer.max_prepared_statements": (0, 5000),
    "pgbouncer.min_pool_size": (0, 4950),
    "pgbouncer.query_wait_timeout": (0, 86400),
    "pgbouncer.server_idle_timeout": (0, 86400),
    "pg_stat_statements.max": (100, 2147483647),
    "random_page_cost": (0, 1.7976931348623157e308),
    "shared_buffers": (16, 1073741823),
    "statement_timeout": (0, 2147483647),
    "tcp_keepalives_count": (0, 2147483647),
    "tcp_keepalives_idle": (0, 2147483647),
    "tcp_keepalives_interval": (0, 2147483647),
    "temp_buffers": (100, 1073741823),
    # kB, of one process; dynamic (MicrosoftDocs/azure-databases-docs,
    # articles/postgresql/parameters/includes/parameters-17-resource-usage-disk.md)
    "temp_file_limit": (-1, 2147483647),
    "wal_buffers": (-1, 262143),
    "work_mem": (4096, 2097151),
}
_TEXTS = {
    "cron.database_name": r"[A-Za-z0-9_-]{1,63}",
    "log_line_prefix": r".*",
    "pgbouncer.ignore_startup_parameters": r"[A-Za-z0-9_, ]*",
    "search_path": r'[A-Za-z0-9_"$, ]*',
    "timezone": r"[A-Za-z0-9_+\-/]+",
}
_READ_ONLY_TEXT = """
allow_system_table_mods archive_command archive_mode azure.replica_region block_size cluster_name
data_directory fsync full_page_writes hba_file listen_addresses lc_ctype lc_collate port server_encoding
server_version server_version_num ssl ssl_ca_file ssl_cert_file ssl_key_file superuser_reserved_connections
unix_socket_directories wal_block_size wal_segment_size
"""
READ_ONLY = frozenset(_READ_ONLY_TEXT.split())
_STATIC_TEXT = """
autovacuum_max_workers cron.database_name max_connections max_locks_per_transaction
max_prepared_transactions max_replication_slots max_wal_senders max_worker_processes shared_buffers
shared_preload_libraries wal_buffers wal_level
"""
STATIC = frozenset(_STATIC_TEXT.split())
"""Parameters that take effect after a restart only."""


def is_known(name: str) -> bool:
    """Whether a parameter is in these tables."""
    return any(name in table for table in (_SETS, _CHOICES, _SWITCHES, _RANGES, _TEXTS, READ_ONLY))


def may_be_empty(name: str) -> bool:
    """Whether nothing at all is a value of it: no extension allowed, no library loaded."""
    return name in _SETS or (name in _TEXTS and re.fullmatch(_TEXTS[name], "") is not None)


def problem_with(name: str, value: str) -> str | None:
    """Why a parameter cannot have that value; None when it can."""
    if name in _SETS:
        given = [part.strip().lower() for part in value.split(",") if part.strip()]
        wrong = [part for part in given if part not in _SETS[name]]
        return f"{', '.join(wrong)} not among the allowed values" if wrong else None
    if name in _CHOICES:
        allowed = _CHOICES[name].split(",")
        return None if value in allowed else f"{value!r} is not one of {', '.join(allowed)}"
    if name in _SWITCHES:
        return None if value.lower() in ("on", "off") else f"{value!r} is neither on nor off"
    if name in _RANGES:
        return _outside(value, *_RANGES[name])
    pattern = _TEXTS.get(name, ".*")
    return None if re.fullmatch(pattern, value) else f"{value!r} does not match {pattern}"


def _outside(value: str, least: float, most: float) -> str | None:
    try:
        number = float(value)
    except ValueError:
        return f"{value!r} is no number (write it without a unit, in the parameter's own)"
    return None if least <= number <= most else f"{value} is not between {least:g} and {most:g}"
