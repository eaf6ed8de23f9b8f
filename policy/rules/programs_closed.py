"""No program is told to open itself, or to load another's code: by a variable, by an option, by one said twice.

The reverse proxy, Docker's API's reader and PostgreSQL have a list of what they may be told. For the others, whose
options are their vendors' own, what is known to open them is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy.rule import UNKNOWN, Facts, Marked, Resource, Rule, each, part
from policy.rules.edge_publishes import EDGE
from policy.rules.host_untouched import READER

_APP = "azure-native:app:ContainerApp"
_LOADS = re.compile(
    r"LD_PRELOAD|LD_LIBRARY_PATH|LD_AUDIT|NODE_OPTIONS|PYTHONSTARTUP|PERL5OPT|RUBYOPT|JAVA_TOOL_OPTIONS|BASH_ENV"
)
_DETOURS = re.compile(r"(HTTPS?|ALL|FTP)_PROXY", re.I)
_OPENS = re.compile(
    r"NODE_TLS_REJECT_UNAUTHORIZED=0|PYTHONHTTPSVERIFY=0|GIT_SSL_NO_VERIFY=.+|\w*REJECT_UNAUTHORIZED=(0|false)|\w*SKIP_VERIFY=.+"
    r"|\w*OPENSSL_VERIFY_MODE=none|POSTGRES_HOST_AUTH_METHOD=.+|POSTGRES_INITDB_ARGS=.*\btrust\b.*|VAULT_DEV_\w+=.+"
    r"|N8N_METRICS=true|N8N_UNVERIFIED_PACKAGES_ENABLED=true|AUTH_REQUIRED=false"
    r"|MCP_CLIENT_AUTH_ENABLED=false|MCP_REQUIRE_AUTH=false|ENABLE_ACCOUNT_SIGNUP=(true|api_only)",
    re.I,
)
_WITHOUT_TLS = re.compile(r"(N8N_SECURE_COOKIE|SECURE_COOKIES|FORCE_SSL)=false", re.I)
"""On a developer's own machine there is none."""
_READS = re.compile(r"(CONTAINERS|NETWORKS)=1|[A-Z_]+=0|LOG_LEVEL=[a-z]+")
_TIMEOUT = r"transport\.(respondingtimeouts\.(read|write|idle)timeout|lifecycle\.gracetimeout)=\d+s"
_ENTRY = r"--entrypoints\.(web|websecure)\."
_TRAEFIK = re.compile(
    r"--global\.(checknewversion|sendanonymoususage)=false|--ping=true|--api=false|--accesslog(\.format=json|=true)"
    r"|--log\.(format=json|level=[A-Z]+)|--providers\.docker=true|--providers\.docker\.exposedbydefault=false"
    r"|--providers\.docker\.network=[a-z0-9-]+-edge|--providers\.docker\.endpoint=(tcp://traefik-docker-api:2375|unix://\S+)"
    rf"|{_ENTRY}address=:(80|443)|{_ENTRY}{_TIMEOUT}|{_ENTRY}http\.encodedcharacters\.[a-z]+=(true|false)"
    r"|--entrypoints\.web\.http\.redirections\.entrypoint\.(to=websecure|scheme=https)"
    rf"|{_ENTRY}forwardedheaders\.trustedips=[0-9a-f:./,]+|--entrypoints\.websecure\.http\.tls(=true|\.certresolver=le)"
    r"|--entrypoints\.websecure\.http\.tls\.domains\[\d+\]\.(main|sans)=[a-z0-9.*,-]+"
    r"|--certificatesresolvers\.le\.acme\.(email=\S+|storage=/letsencrypt/acme\.json|caserver=https://\S+)"
    r"|--certificatesresolvers\.le\.acme\.dnschallenge\.(provider=cloudflare|resolvers=[0-9.:,]+)"
)
_POSTGRES = re.compile(
    r"(shared_buffers|effective_cache_size|maintenance_work_mem|work_mem|temp_file_limit)=\d+[kMG]B|max_parallel_maintenance_workers=\d+"
    r"|wal_level=replica|max_wal_senders=\d+|max_replication_slots=\d+|max_slot_wal_keep_size=\d+[MG]B"
    r"|max_connections=\d+|max_prepared_transactions=0|log_connections=on|password_encryption=scram-sha-256|shared_preload_libraries=pg_stat_statements"
)
_EVERYWHERE = re.compile(r"0\.0\.0\.0/0|::/0")


def _check(resource: Resource, facts: Facts) -> Iterator[str]:
    if resource.token == _APP:
        template = part(resource.inputs.get("template"))
        for one in [*each(template.get("containers")), *each(template.get("initContainers"))]:
            found = [part(variable) for variable in each(part(one).get("env"))]
            yield from _variables([f"{one.get('name')}={one.get('value')}" for one in found], facts)
        return
    inputs, name = resource.inputs, str(resource.inputs.get("name", resource.name))
    plain = [str(one) for one in each(inputs.get("envs")) if not isinstance(one, Marked)]
    yield from _variables(plain, facts)
    command = [str(one) for one in each(inputs.get("command")) if one is not UNKNOWN]
    if facts.is_called(name, READER):
        for variable in plain:
            if not _READS.fullmatch(variable):
                yield f"{READER} is told {variable.partition('=')[0]}: it reads CONTAINERS and NETWORKS alone"
    elif facts.is_called(name, EDGE):
        for option in command:
            if not _TRAEFIK.fullmatch(option) or _EVERYWHERE.search(option):
                yield f"{EDGE} is told {option.partition('=')[0]}: none of the options that it needs"
    elif command[:1] == ["postgres"]:
        for option in command[1:]:
            if option != "-c" and not _POSTGRES.fullmatch(option):
                yield f"PostgreSQL is told {option.partition('=')[0]}: none of the settings that it needs"


def _variables(variables: list[str], facts: Facts) -> Iterator[str]:
    seen: set[str] = set()
    for variable in variables:
        name = variable.partition("=")[0]
        if name in seen:
            yield f"the variable {name} stands there twice, and the last one counts: once"
        seen.add(name)
        if _LOADS.fullmatch(name):
            yield f"the variable {name} loads code that is not the image's: leave it out"
        elif _DETOURS.fullmatch(name):
            yield f"the variable {name} leads all that it asks through another: leave it out"
        elif _OPENS.fullmatch(variable) or (not facts.own_machine and _WITHOUT_TLS.fullmatch(variable)):
            yield f"the variable {name} opens the program: leave it out"


RULE = Rule(
    name="programs-closed",
    says="No program is told to open itself.",
    types=("docker:index/container:Container", _APP),
    check=_check,
    needs_facts=True,
)
