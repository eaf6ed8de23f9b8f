"""Azure Database for PostgreSQL: what belongs to a flexible server (parameters, databases, firewall rules)."""

from __future__ import annotations

import ipaddress

from sandbox.azure.names import arm_id, arm_outputs, known, provider_id, random_suffix, text
from sandbox.azure.rules import in_group, in_parent
from sandbox.azure.types.postgres.parameters import READ_ONLY, SOURCE, STATIC, is_known, may_be_empty, problem_with
from sandbox.azure.types.postgres.server import SERVER
from sandbox.core.kinds import ResourceType
from sandbox.core.records import Cloud
from sandbox.core.rules import Must, NeedsInCloud, OneOf, Pattern, Required, Unchangeable
from sandbox.core.values import Props, Value, lookup

__all__ = ["TYPES"]

_SPEC = "Azure/azure-rest-api-specs specification/postgresql/resource-manager/Microsoft.DBforPostgreSQL (2025-08-01)"
_PREFIX = "azure-native:dbforpostgresql:"
_MODELS = "azure-mgmt-postgresqlflexibleservers 1.1.0 models."
_VALIDATE = "hashicorp/terraform-provider-azurerm internal/services/postgres/validate/"
_IPV4 = r"((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_ENCODINGS_TEXT = """
BIG5 EUC_CN EUC_JIS_2004 EUC_JP EUC_KR EUC_TW GB18030 GBK ISO_8859_5 ISO_8859_6 ISO_8859_7 ISO_8859_8 JOHAB
KOI8R KOI8U LATIN1 LATIN10 LATIN2 LATIN3 LATIN4 LATIN5 LATIN6 LATIN7 LATIN8 LATIN9 SQL_ASCII UHC UTF8
WIN1250 WIN1251 WIN1252 WIN1253 WIN1254 WIN1255 WIN1256 WIN1257 WIN1258 WIN866 WIN874
"""
_ENCODINGS = _ENCODINGS_TEXT.split()


def _server(inputs: Props, cloud: Cloud, config: Props) -> Props:
    identity = provider_id(inputs, config, "Microsoft.DBforPostgreSQL", "flexibleServers", text(inputs, "serverName"))
    record = cloud.get(identity)
    return record.inputs if record else {}


_IN_SERVER = in_parent(
    "serverName",
    "Server",
    "Microsoft.DBforPostgreSQL",
    "flexibleServers",
    "{serverName}",
    token=SERVER,
)


def _allowed(value: Value, inputs: Props) -> bool | str:
    name = text(inputs, "configurationName")
    return not name or problem_with(name, str(value)) or True


def _pool_on_burstable(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    tier = text(_server(inputs, cloud, config), "sku.tier")
    wanted = text(inputs, "configurationName").startswith("pgbouncer.")
    return "the server's tier is Burstable" if wanted and tier == "Burstable" else None


CONFIGURATION = ResourceType(
    token=_PREFIX + "Configuration",
    about=("One server parameter of a PostgreSQL flexible server (azure.extensions, require_secure_transport…)."),
    sources=(_SPEC, SOURCE),
    id=arm_id("Microsoft.DBforPostgreSQL", "flexibleServers", "{serverName}", "configurations", "{configurationName}"),
    # Always there, for the API can't delete it: the provider takes it as it is (pulumi-azure-native,
    # provider/pkg/azure, CanCreate: isSingletonResource).
    overwrites=True,
    named_by="configurationName",
    properties=("resourceGroupName", "serverName", "configurationName", "value", "source"),
    rules=(
        in_group(),
        _IN_SERVER,
        Required(path="configurationName", says="is required: the parameter's name", source=SOURCE),
        Must(
            path="configurationName",
            name="known:configurationName",
            test=lambda value, _: is_known(str(value)) or repr(value),
            says=("is no server parameter that is known here; see sandbox/azure/types/postgres/parameters.py"),
            source=SOURCE,
        ),
        Must(
            path="configurationName",
            name="read-only:configurationName",
            test=lambda value, _: value not in READ_ONLY or repr(value),
            says="is read-only: Azure sets it",
            source=SOURCE,
        ),
        Required(
            path="value",
            when=lambda props: lookup(props, "value") != "" or not may_be_empty(text(props, "configurationName")),
            says="is required: the parameter's value, as text",
            source=_SPEC,
        ),
        Must(
            path="value",
            name="allowed:value",
            test=_allowed,
            says="is no allowed value of the parameter",
            source=SOURCE,
        ),
        OneOf(
            path="source",
            values=("user-override", "system-default"),
            says="is user-override (or left out)",
            source=_SPEC,
        ),
        NeedsInCloud(
            path="configurationName",
            name="tier:configurationName",
            test=_pool_on_burstable,
            says="PgBouncer needs tier GeneralPurpose or MemoryOptimized",
            source="https://learn.microsoft.com/azure/postgresql/connectivity/concepts-pgbouncer",
        ),
    ),
    computed=arm_outputs(
        "Microsoft.DBforPostgreSQL/flexibleServers/configurations",
        "2025-08-01",
        isReadOnly=lambda one: False,
        isDynamicConfig=lambda one: one.name not in STATIC,
        isConfigPendingRestart=lambda one: one.name in STATIC,
    ),
    replaces=("resourceGroupName", "serverName", "configurationName"),
    not_checked=("Limits that depend on the server's memory (shared_buffers, max_connections) are not computed.",),
)

DATABASE = ResourceType(
    token=_PREFIX + "Database",
    about="A database on a PostgreSQL flexible server.",
    sources=(_SPEC,),
    id=arm_id("Microsoft.DBforPostgreSQL", "flexibleServers", "{serverName}", "databases", "{databaseName}"),
    named_by="databaseName",
    autoname=random_suffix,
    properties=("resourceGroupName", "serverName", "databaseName", "charset", "collation"),
    rules=(
        in_group(),
        _IN_SERVER,
        Pattern(
            path="databaseName",
            regex=r"[A-Za-z_-][A-Za-z0-9_-]{0,62}",
            says="must have 1 to 63 letters, digits, '-' and '_', not starting with a digit",
            source=_VALIDATE + "flexible_server_database_name.go",
        ),
        Must(
            path="databaseName",
            name="reserved:databaseName",
            test=lambda value, _: value not in ("postgres", "azure_maintenance", "azure_sys", "template0", "template1"),
            says="exists on every server already",
            source="https://learn.microsoft.com/azure/postgresql/configure-maintain/concepts-servers",
        ),
        OneOf(
            path="charset",
            values=(*_ENCODINGS, *(name.lower() for name in _ENCODINGS)),
            says="must be an encoding of PostgreSQL: UTF8, LATIN1…",
            source=_VALIDATE + "database_charset.go",
        ),
        Pattern(
            path="collation",
            regex=(
                r"default|C|POSIX|ucs_basic|C\.UTF-8|[a-zA-Z-]+-x-icu"
                r"|[a-z]{2,3}(_[A-Z]{2})?(\.(utf8|iso\d+|latin1|cp1251|koi8r|euc(jp|kr)))?(@[a-z]+)?"
            ),
            says="must be a collation as Azure writes it: en_US.utf8 (not en_US.UTF-8), C, de-x-icu…",
            source=_VALIDATE + "postgresql_flexible_server_database_collation.go",
        ),
        Unchangeable(
            path="charset",
            test=lambda old, new: new == old,
            says="the encoding of a database is chosen at creation",
            source="https://www.postgresql.org/docs/current/multibyte.html",
        ),
        Unchangeable(
            path="collation",
            test=lambda old, new: new == old,
            says="the collation of a database is chosen at creation",
            source="https://www.postgresql.org/docs/current/collation.html",
        ),
    ),
    computed=arm_outputs("Microsoft.DBforPostgreSQL/flexibleServers/databases", "2025-08-01"),
    replaces=("resourceGroupName", "serverName", "databaseName"),
)


def _ordered(value: Value, inputs: Props) -> bool | str:
    start, end = known(inputs, "startIpAddress"), str(value)
    try:
        return start is None or ipaddress.IPv4Address(str(start)) <= ipaddress.IPv4Address(end)
    except ValueError:
        return True


def _public(inputs: Props, cloud: Cloud, config: Props) -> str | None:
    server = _server(inputs, cloud, config)
    return "the server is in a virtual network" if text(server, "network.delegatedSubnetResourceId") else None


FIREWALL_RULE = ResourceType(
    token=_PREFIX + "FirewallRule",
    about="The addresses from which a PostgreSQL flexible server with public access may be reached.",
    sources=(_SPEC, "https://learn.microsoft.com/azure/postgresql/security/security-firewall-rules"),
    id=arm_id("Microsoft.DBforPostgreSQL", "flexibleServers", "{serverName}", "firewallRules", "{firewallRuleName}"),
    named_by="firewallRuleName",
    autoname=random_suffix,
    properties=("resourceGroupName", "serverName", "firewallRuleName", "startIpAddress", "endIpAddress"),
    rules=(
        in_group(),
        _IN_SERVER,
        Pattern(
            path="firewallRuleName",
            regex=r"[A-Za-z0-9_-]{1,128}",
            says="must have 1 to 128 letters, digits, '-' and '_'",
            source=_VALIDATE + "flexible_server_firewall_rule_name.go",
        ),
        Pattern(path="startIpAddress", regex=_IPV4, says="must be an IPv4 address", source=_MODELS + "FirewallRule"),
        Pattern(path="endIpAddress", regex=_IPV4, says="must be an IPv4 address", source=_MODELS + "FirewallRule"),
        Must(
            path="endIpAddress",
            name="order:endIpAddress",
            test=_ordered,
            says="must not be before startIpAddress (the same address twice lets in one)",
            source="https://learn.microsoft.com/azure/postgresql/security/security-firewall-rules",
        ),
        NeedsInCloud(
            path="serverName",
            name="public:serverName",
            test=_public,
            says="firewall rules are for servers with public access",
            source="https://learn.microsoft.com/azure/postgresql/network/concepts-networking-private",
        ),
    ),
    computed=arm_outputs("Microsoft.DBforPostgreSQL/flexibleServers/firewallRules", "2025-08-01"),
    replaces=("resourceGroupName", "serverName", "firewallRuleName"),
    not_checked=("0.0.0.0 as both ends lets in all of Azure, every customer's; Azure accepts it.",),
)

TYPES = (CONFIGURATION, DATABASE, FIREWALL_RULE)
