"""Odoo, the ERP: one container of several processes, behind a reverse proxy that knows its websockets' port.

Its role owns what Odoo serves, and may neither create databases nor read others'. Its own database is filled before it
starts, and its first user, whom Odoo makes with the password admin, has the keyring's. Tenants' databases are made
elsewhere: see docs/odoo.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi_postgresql as postgresql
from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions

from components.placements import RunsContainers
from components.secrecy import secret
from components.services.context import ServiceContext, ServiceOutputs
from components.services.postgres import PROVISIONER, Database
from components.workload import Health, Volume, Workload
from settings import WebAddress
from settings.images import Image
from settings.services.odoo import TMP_MB
from settings.services.odoo import Odoo as OdooSettings

__all__ = ["SOURCES", "Odoo", "OdooArgs", "declare"]

_DOCS = "https://www.odoo.com/documentation/19.0"
_DEPLOY = f"{_DOCS}/administration/on_premise/deploy.html"
_CLI = f"{_DOCS}/developer/reference/cli.html"
_IMAGE = "https://github.com/odoo/docker/blob/f7f6765354127c8ca31c373f51a840d9ec79149d/19.0"

SOURCES: Mapping[str, str] = {
    "ODOO_RC": f"{_IMAGE}/Dockerfile (the file that its entry point and Odoo read)",
    "PGSSLROOTCERT": "https://www.postgresql.org/docs/current/libpq-envars.html",
    "admin_passwd": f"{_DEPLOY}#database-manager-security",
    "addons_path": f"{_IMAGE}/odoo.conf",
    "data_dir": f"{_IMAGE}/odoo.conf",
    "db_host": f"{_DEPLOY}#configuring-odoo",
    "db_port": f"{_DEPLOY}#configuring-odoo",
    "db_user": f"{_DEPLOY}#configuring-odoo",
    "db_password": f"{_DEPLOY}#configuring-odoo",
    "db_sslmode": f"{_DEPLOY}#ssl-between-odoo-and-postgresql",
    "db_maxconn": "https://github.com/odoo/odoo/blob/19.0/odoo/tools/config.py",
    "db_maxconn_gevent": "https://github.com/odoo/odoo/blob/19.0/odoo/tools/config.py",
    "db_name": f"{_CLI}#cmdoption-odoo-bin-d",
    "dbfilter": f"{_DEPLOY}#dbfilter",
    "list_db": f"{_DEPLOY}#security",
    "proxy_mode": f"{_DEPLOY}#https",
    "http_interface": f"{_CLI}#cmdoption-odoo-bin-http-interface",
    "http_port": f"{_CLI}#cmdoption-odoo-bin-p",
    "gevent_port": f"{_DEPLOY}#livechat",
    "workers": f"{_DEPLOY}#worker-number-calculation",
    "max_cron_threads": f"{_CLI}#cmdoption-odoo-bin-max-cron-threads",
    "limit_memory_soft": f"{_DEPLOY}#memory-size-calculation",
    "limit_memory_hard": f"{_DEPLOY}#memory-size-calculation",
    "limit_request": f"{_DEPLOY}#id5 (the example)",
    "limit_time_cpu": f"{_DEPLOY}#id5 (the example)",
    "limit_time_real": f"{_DEPLOY}#id5 (the example)",
    "log_level": f"{_CLI}#cmdoption-odoo-bin-log-level",
    "SMOS_*": "ours: docs/odoo.md",
    "port": f"{_IMAGE}/Dockerfile (8069; 8072 for /websocket, {_DEPLOY}#livechat)",
    "volumes": f"{_IMAGE}/Dockerfile",
    "user": f"{_IMAGE}/Dockerfile (USER odoo), https://github.com/odoo/odoo/issues/183106 (100:101)",
    "health": "https://github.com/odoo/odoo/blob/19.0/addons/web/controllers/home.py",
}
"""Which page of the vendor says so: a variable of the environment, or a key of odoo.conf."""

CONFIG, OWNER_FILE = "odoo.conf", "owner-password"
WEBSOCKET_PORT = 8072
# The user `odoo` of the images since 18.0 (101:101 before): https://github.com/odoo/odoo/issues/183106
USER = "100:101"
MB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class OdooArgs:
    """What Odoo needs from the rest of the platform."""

    placement: RunsContainers
    image: Image
    database: Database
    address: WebAddress
    wanted: OdooSettings
    master_password: Input[str]
    admin_password: Input[str]
    provisioner: Resource


class Odoo(ComponentResource):
    """A running Odoo, reachable at `url`. It serves the databases that its role owns."""

    url: Output[str]

    def __init__(self, name: str, args: OdooArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:services:Odoo", name, None, opts)
        running = args.placement.run(name, _workload(args), ResourceOptions(parent=self))
        if args.wanted.tenancy == "databases":
            # Who makes tenants' databases makes theirs in Odoo, too, and gives them to Odoo's role.
            postgresql.GrantRole(
                f"{name}-provisioned",
                role=PROVISIONER,
                grant_role=args.database.user,
                opts=ResourceOptions(parent=self, depends_on=[args.provisioner]),
            )
        self.url = Output.from_input(running.url or args.address.url)
        self.register_outputs({"url": self.url})


def owner_script() -> str:
    """The script, as it is in this folder."""
    return Path(__file__).with_name("odoo_owner.sh").read_text(encoding="utf-8")


def _workload(args: OdooArgs) -> Workload:
    return Workload(
        image=args.image.reference,
        port=args.wanted.port,
        hostname=args.address.host,
        routes={"/websocket": WEBSOCKET_PORT},
        # The image has no wget.
        health=Health(
            command=["CMD", "curl", "-fsS", "-o", "/dev/null", f"http://127.0.0.1:{args.wanted.port}/web/health"],
            start_s=180,
        ),
        cpu=args.wanted.cpu,
        memory_mb=args.wanted.memory_mb,
        env={
            # The entry point looks there for the database, and adds its own options only where the file says nothing.
            "ODOO_RC": f"{Workload.SECRETS_FOLDER}/{CONFIG}",
            "SMOS_ODOO_DATABASE": args.database.database_name,
            "SMOS_OWNER_PASSWORD_FILE": f"{Workload.SECRETS_FOLDER}/{OWNER_FILE}",
            **({"PGSSLROOTCERT": "/etc/ssl/certs/ca-certificates.crt"} if args.database.tls else {}),
        },
        secret_files={CONFIG: _config(args), OWNER_FILE: args.admin_password},
        volumes=[
            Volume("data", "/var/lib/odoo", needs="posix"),
            # Modules of one's own; without a volume of a name the image makes a new one each time.
            Volume("addons", "/mnt/extra-addons", needs="posix"),
            Volume("tmp", "/tmp", needs="scratch", size_mb=TMP_MB),  # noqa: S108 - inside the container
        ],
        user=USER,
        read_only_root=True,
        access=["web", "data"],
        # A request may be at work: limit_time_real is longer, but the engine waits for no container that long.
        stop_timeout_s=60,
        prepare=["/bin/bash", "-c", owner_script()],
    )


def _config(args: OdooArgs) -> Output[str]:
    """odoo.conf. It has the two passwords in it, so it is a secret as a whole."""
    database = args.database
    known = Output.all(
        host=database.host,
        name=database.database_name,
        user=database.user,
        password=database.password,
        master=args.master_password,
    )
    return secret(known.apply(lambda known_values: _text(_options(args, known_values))))


def _options(args: OdooArgs, known_values: Mapping[str, str]) -> dict[str, object]:
    soft_mb, hard_mb = args.wanted.memory_limits_mb
    return {
        "admin_passwd": known_values["master"],
        "addons_path": "/mnt/extra-addons",
        "data_dir": "/var/lib/odoo",
        "db_host": known_values["host"],
        "db_port": args.database.port,
        "db_user": known_values["user"],
        "db_password": known_values["password"],
        "db_sslmode": "verify-full" if args.database.tls else "disable",
        "db_maxconn": args.wanted.db_maxconn,
        "db_maxconn_gevent": 2 * args.wanted.db_maxconn,
        **_served(args.wanted, known_values["name"]),
        "list_db": False,
        "proxy_mode": True,
        "http_interface": "0.0.0.0",  # noqa: S104 - inside the container: 127.0.0.1 would reach no proxy
        "http_port": args.wanted.port,
        "gevent_port": WEBSOCKET_PORT,
        "workers": args.wanted.worker_count,
        "max_cron_threads": args.wanted.cron_workers,
        "limit_memory_soft": soft_mb * MB,
        "limit_memory_hard": hard_mb * MB,
        "limit_request": 8192,
        "limit_time_cpu": 600,
        "limit_time_real": 1200,
        "log_level": "info",
    }


def _served(wanted: OdooSettings, database: str) -> dict[str, str]:
    """Which database answers at which name. Odoo sees no database but those that its role owns.

    `%d` is the first label of the name that was asked for: odoo.example.com is the database odoo, acme.example.com is
    acme. It must match one database a name at most, or people could choose another tenant's.
    """
    if wanted.tenancy == "databases":
        return {"dbfilter": "^%d$"}
    return {"db_name": database, "dbfilter": f"^{database}$"}


def _text(options: Mapping[str, object]) -> str:
    return "\n".join(["[options]", *(f"{key} = {value}" for key, value in options.items())]) + "\n"


def declare(ctx: ServiceContext, wanted: OdooSettings) -> ServiceOutputs:
    """Declares the service as its settings say, and returns what others may know of it."""
    server = wanted.database
    odoo = Odoo(
        "odoo",
        OdooArgs(
            placement=ctx.placement(wanted.placement),
            image=ctx.settings.image("odoo"),
            database=ctx.database("odoo", server, *wanted.extensions),
            address=ctx.settings.address("odoo"),
            wanted=wanted,
            master_password=ctx.secret("odoo_master_password"),
            admin_password=ctx.secret("odoo_admin_password"),
            provisioner=ctx.provisioners[server],
        ),
        ctx.inside(wanted.placement, ctx.administrators[server]),
    )
    return ServiceOutputs(url=odoo.url)
