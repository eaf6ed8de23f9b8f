"""PostgreSQL: roles, databases, rights (cyrilgdn/terraform-provider-postgresql, postgresql/resource_*.go)."""

from __future__ import annotations

from collections.abc import Mapping

from policy.known.kind import ANY, Default, Kind, Named, Only, Within
from policy.known.names import DATABASE, ROLE

__all__ = ["KINDS"]

PROVISIONER, LOGIN, TEMPLATE = "smarteros_provisioner", "smarteros_provisioner_login", "smarteros_tenant"
_CONNECTIONS = Within(-1, 500)
"""-1 is no limit: database-roles-confined says who may have none."""

KINDS: Mapping[str, Kind] = {
    "postgresql:index/role:Role": Kind(
        properties={
            "name": Named(ROLE),
            "login": ANY,
            "password": ANY,  # secrets-not-plain
            "encryptedPassword": Default(True),
            "connectionLimit": _CONNECTIONS,
            "createRole": ANY,  # database-roles-confined
            "createDatabase": ANY,
            "superuser": Default(False),
            "replication": Default(False),
            "bypassRowLevelSecurity": Default(False),
            "inherit": Default(True),
            "roles[]": Named(ROLE),
            "assumeRole": Only(PROVISIONER),
            "searchPaths[]": Only("pg_catalog"),
            "validUntil": Default("infinity"),
            "skipReassignOwned": ANY,
            "skipDropRole": Default(False),
        },
        required=("name",),
        in_tenants=True,
    ),
    "postgresql:index/database:Database": Kind(
        properties={
            "name": Named(DATABASE),
            "owner": Named(ROLE),
            "template": Only("template0", TEMPLATE),
            "isTemplate": ANY,  # database-roles-confined
            "allowConnections": Default(True),
            "alterObjectOwnership": Default(False),
            "connectionLimit": _CONNECTIONS,
            "encoding": Only("UTF8"),
            "lcCollate": ANY,
            "lcCtype": ANY,
        },
        required=("name", "template"),
        in_tenants=True,
    ),
    "postgresql:index/grant:Grant": Kind(
        properties={
            "role": Named(ROLE, shared=("public",)),
            # Of the vendor's own one, of which a copy is made where nobody says of which: to be closed on the platform.
            # What is given there is refused whoever gets it (database-roles-confined).
            "database": Named(DATABASE, platforms=("template1",)),
            "objectType": Only("database"),
            "privileges[]": Only("CONNECT"),  # and database-roles-confined  # database-roles-confined
            "withGrantOption": Default(False),
        },
        required=("role", "database", "objectType"),
        in_tenants=True,
    ),
    "postgresql:index/grantRole:GrantRole": Kind(
        properties={
            "role": Named(ROLE, shared=(PROVISIONER, "postgres")),
            "grantRole": Named(ROLE),
            "withAdminOption": Default(False, True),  # database-roles-confined
        },
        required=("role", "grantRole"),
        in_tenants=True,
    ),
    "postgresql:index/extension:Extension": Kind(
        properties={
            # What an extension brings is run by the server: those that read files, start programs or reach others no.
            "name": Only("vector", "pg_trgm", "pgcrypto", "unaccent", "uuid-ossp", "pg_stat_statements"),
            "database": Named(DATABASE),
            "dropCascade": Default(False),
            "createCascade": Default(False),
        },
        required=("name", "database"),
    ),
    "pulumi:providers:postgresql": Kind(
        properties={
            "version": ANY,
            "host": Only("127.0.0.1"),
            "port": ANY,
            "username": ANY,  # providers-own
            "password": ANY,
            "sslmode": Only("disable", "require", "verify-full"),
            "superuser": ANY,
            "connectTimeout": ANY,
            "maxConnections": ANY,  # database-turns
            "expectedVersion": Default("9.0.0"),
            "scheme": Default("postgres"),
        },
        required=("host", "username", "sslmode"),
        in_tenants=True,
    ),
}
