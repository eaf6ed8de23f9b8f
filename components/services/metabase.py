"""Metabase, questions and dashboards: one process with a database of its own. Set up without a browser.

Its first administrator is made by a preparation (metabase_setup.sh), because as long as there is none, whoever opens
its page becomes it. The open-source edition has no other way: its setup token can't be given by the environment
(`:can-read-from-env? false` in src/metabase/setup/settings.clj), and the configuration file is a paid feature. A
password that is changed in the keyring later is not changed in Metabase. Groups, collections and connections are made
elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pulumi import ComponentResource, Input, Output, ResourceOptions

from components.placements import RunsContainers
from components.secrecy import secret
from components.services.context import ServiceContext, ServiceOutputs
from components.services.postgres import Database
from components.workload import Health, Workload
from settings import WebAddress
from settings.images import Image
from settings.services.metabase import POOL_OF_APPLICATION, POOL_OF_SCHEDULER
from settings.services.metabase import Metabase as MetabaseSettings

__all__ = ["SOURCES", "Metabase", "MetabaseArgs", "declare", "heap_mb", "setup_script"]

_DOCS = "https://www.metabase.com/docs/latest"
_VARIABLES = f"{_DOCS}/configuring-metabase/environment-variables"
_ON_DOCKER = f"{_DOCS}/installation-and-operation/running-metabase-on-docker"

SOURCES: Mapping[str, str] = {
    "MB_DB_TYPE": f"{_VARIABLES}#mb_db_type",
    "MB_DB_USER": f"{_VARIABLES}#mb_db_user",
    "MB_DB_CONNECTION_URI": f"{_DOCS}/installation-and-operation/configuring-application-database#postgresql",
    "MB_DB_PASS_FILE": f"{_ON_DOCKER}#use-docker-secrets-to-hide-sensitive-parameters",
    "MB_ENCRYPTION_SECRET_KEY": f"{_DOCS}/databases/encrypting-details-at-rest",
    "JAVA_OPTS": f"{_DOCS}/troubleshooting-guide/running",
    "JAVA_TIMEZONE": f"{_ON_DOCKER}#setting-the-java-timezone",
    "MB_*": _VARIABLES,
    "SMOS_SETUP_REQUEST": f"{_DOCS}/api/setup (read by components/services/metabase_setup.sh)",
    "port": f"{_VARIABLES}#mb_jetty_port",
    "volumes": f"{_ON_DOCKER}#adding-external-dependencies-or-plugins (/plugins is unpacked anew at each start)",
    "user": "metabase/metabase bin/docker/run_metabase.sh (MUID and MGID; whoever is not root stays so)",
    "health": f"{_ON_DOCKER}#example-docker-compose-yaml-file",
}
"""Which page of the vendor says so: a variable, or a beginning of several."""

# Whom the image starts it as (MUID and MGID of its bin/docker/run_metabase.sh): started as it from the beginning, it
# needs no capability.
USER = "2000:2000"
PASSWORD_FILE, SETUP_FILE = "metabase-database-password", "metabase-setup.json"
# Java's own list of authorities, not a file in a home folder (https://jdbc.postgresql.org/documentation/ssl/).
VERIFIED = "?sslmode=verify-full&sslfactory=org.postgresql.ssl.DefaultJavaSSLFactory"
MIN_BESIDE_HEAP_MB = 1024


def heap_mb(memory_mb: int) -> int:
    """The heap inside a container's limit. The vendor leaves 1 to 2 GB beside it, as in 1g of 2 GB and 6g of 8 GB
    (https://www.metabase.com/docs/v0.38/troubleshooting-guide/running). So 1 GB, or a quarter where that is more, is
    for what Java needs beside its heap: classes, compiled code, threads' stacks, buffers.
    """
    return memory_mb - max(MIN_BESIDE_HEAP_MB, memory_mb // 4)


def setup_script() -> str:
    """The script, as it is in this folder."""
    return Path(__file__).with_name("metabase_setup.sh").read_text(encoding="utf-8")


@dataclass(frozen=True, kw_only=True)
class MetabaseArgs:
    """What Metabase needs from the rest of the platform."""

    placement: RunsContainers
    image: Image
    database: Database
    address: WebAddress
    wanted: MetabaseSettings
    site_name: str
    admin_email: str
    admin_password: Input[str]
    encryption_key: Input[str]
    embedding_key: Input[str]


class Metabase(ComponentResource):
    """A running Metabase that has its administrator, reachable at `url`."""

    url: Output[str]

    def __init__(self, name: str, args: MetabaseArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:services:Metabase", name, None, opts)
        running = args.placement.run(name, _workload(args), ResourceOptions(parent=self))
        self.url = Output.from_input(running.url or args.address.url)
        self.register_outputs({"url": self.url})


def _workload(args: MetabaseArgs) -> Workload:
    return Workload(
        image=args.image.reference,
        port=args.wanted.port,
        hostname=args.address.host,
        health=Health(http_path="/api/health", start_s=900),
        cpu=args.wanted.cpu,
        memory_mb=args.wanted.memory_mb,
        env=_environment(args),
        secrets={
            "MB_ENCRYPTION_SECRET_KEY": args.encryption_key,
            "MB_EMBEDDING_SECRET_KEY": args.embedding_key,
        },
        secret_files={PASSWORD_FILE: args.database.password, SETUP_FILE: _setup_request(args)},
        user=USER,
        writable_root_because="it unpacks its drivers into /plugins at each start, too much for a folder in memory",
        access=["web", "data"],
        prepare=["/bin/bash", "-c", setup_script()],
    )


def _environment(args: MetabaseArgs) -> dict[str, Input[str]]:
    database, folder = args.database, Workload.SECRETS_FOLDER
    return {
        "MB_DB_TYPE": "postgres",
        # Only here can TLS be asked for. User and password apart, so that it is no secret.
        "MB_DB_CONNECTION_URI": Output.concat(
            "jdbc:postgresql://",
            database.host,
            f":{database.port}/",
            database.database_name,
            VERIFIED if database.tls else "",
        ),
        "MB_DB_USER": database.user,
        "MB_DB_PASS_FILE": f"{folder}/{PASSWORD_FILE}",
        "MB_APPLICATION_DB_MAX_CONNECTION_POOL_SIZE": str(POOL_OF_APPLICATION),
        "MB_QUARTZ_MAX_CONNECTION_POOL_SIZE": str(POOL_OF_SCHEDULER),
        "JAVA_OPTS": f"-Xmx{heap_mb(args.wanted.memory_mb)}m",
        "JAVA_TIMEZONE": args.wanted.timezone,
        "MB_SITE_URL": args.address.url,
        "MB_SITE_LOCALE": args.wanted.locale,
        "MB_ADMIN_EMAIL": args.admin_email,
        "MB_LOAD_SAMPLE_CONTENT": "false",
        "MB_ANON_TRACKING_ENABLED": "false",
        "MB_CHECK_FOR_UPDATES": "false",
        "MB_NO_SURVEYS": "true",
        "MB_ENABLE_PUBLIC_SHARING": "false",
        "MB_ENABLE_EMBEDDING_STATIC": "true",
        "SMOS_SETUP_REQUEST": f"{folder}/{SETUP_FILE}",
    }


def _setup_request(args: MetabaseArgs) -> Output[str]:
    """What /api/setup is sent, but for the token, which Metabase makes itself (src/metabase/setup_rest/api.clj)."""

    def request(password: str) -> str:
        user = {"email": args.admin_email, "password": password, "first_name": None, "last_name": None}
        prefs = {"site_name": args.site_name, "site_locale": args.wanted.locale}
        return json.dumps({"token": "SETUP_TOKEN", "user": user, "prefs": prefs})

    return secret(args.admin_password).apply(request)


def declare(ctx: ServiceContext, wanted: MetabaseSettings) -> ServiceOutputs:
    """Declares the service as its settings say, and returns what others may know of it."""
    metabase = Metabase(
        "metabase",
        MetabaseArgs(
            placement=ctx.placement(wanted.placement),
            image=ctx.settings.image("metabase"),
            database=ctx.database("metabase", wanted.database),
            address=ctx.settings.address("metabase"),
            wanted=wanted,
            site_name=ctx.settings.system,
            admin_email=ctx.settings.operators.email,
            admin_password=ctx.secret("metabase_admin_password"),
            encryption_key=ctx.secret("metabase_encryption_key"),
            embedding_key=ctx.secret("metabase_embedding_key"),
        ),
        ctx.inside(wanted.placement),
    )
    return ServiceOutputs(url=metabase.url)
