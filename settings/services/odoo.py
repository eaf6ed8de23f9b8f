"""What Odoo may be told, and how many processes of which size follow from it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from settings.images import Image
from settings.parts import Name
from settings.places import Anywhere, ContainerPlace
from settings.problems import fault
from settings.secrets import Secret
from settings.services.owner import Answer, Claim, NoOwner, Owner, Question, said
from settings.services.recovery import FilesThere, LogsIn, NoneWrong, NothingKept, Recovery
from settings.services.service import Container, Hostname, Service
from settings.services.upgrades import Majors, SmokeTest, UpgradeRules, answers_well

__all__ = ["Odoo", "memory_limits_mb", "min_memory_mb"]

DEPLOY = "https://www.odoo.com/documentation/19.0/administration/on_premise/deploy.html"

# DEPLOY#memory-size-calculation: of the requests 80 % are light and 20 % are heavy, of 150 MB and 1 GB.
HEAVY_SHARE, LIGHT_MB, HEAVY_MB = 0.2, 150, 1024
# The limits of the same page's example, 629145600 and 1677721600. They are of virtual memory: below the first a worker
# starts anew after every request, below the second a report's program gets no memory.
MIN_SOFT_MB, MIN_HARD_MB = 600, 1600
# `limit_memory_soft` and `limit_memory_hard` where nobody sets them (odoo/tools/config.py): 2048 and 2560.
MOST_SOFT_MB, HARD_BY_SOFT = 2048, 1.25
# A report asks the server that prints it for its styles: a single worker would wait for itself.
MIN_WORKERS = 2
# Ours: the process that starts the workers, and what reports and uploads write to /tmp, which lies in memory.
MASTER_MB, TMP_MB = 256, 256


def _vendors_password(answer: Answer) -> Claim:
    """What Odoo answers to its own first password."""
    if answer.status != 200 or answer.json() is None:
        return "unknown"
    if said(answer, "result") is not None:
        return "claimable"
    denied = said(answer, "error", "data", "name") == "odoo.exceptions.AccessDenied"
    return "owned" if denied else "unknown"


def min_memory_mb(workers: int, cron_workers: int) -> int:
    """What so many processes need, so that every one may reach its limits at the vendor's mix of requests."""
    heavy, light = _mix(workers + cron_workers + 1)
    return MASTER_MB + TMP_MB + heavy * MIN_HARD_MB + light * MIN_SOFT_MB


def memory_limits_mb(memory_mb: int, workers: int, cron_workers: int) -> tuple[int, int]:
    """The soft and the hard limit of a process: as many at the hard one as there are heavy requests, and the others at
    the soft one, are together no more than the container may use.
    """
    heavy, light = _mix(workers + cron_workers + 1)
    room = memory_mb - MASTER_MB - TMP_MB
    soft = min(MOST_SOFT_MB, int(room / (heavy * HARD_BY_SOFT + light)))
    if soft * HARD_BY_SOFT < MIN_HARD_MB:
        return (room - heavy * MIN_HARD_MB) // light, MIN_HARD_MB
    return soft, int(soft * HARD_BY_SOFT)


def _mix(processes: int) -> tuple[int, int]:
    """How many of them work on heavy requests, and how many do not."""
    heavy = math.ceil(processes * HEAVY_SHARE)
    return heavy, processes - heavy


_UPGRADES = UpgradeRules(
    tags=r"(?P<v1>\d+)\.0-(?P<v2>\d{8})",
    example="19.0-20260817",
    majors=Majors(
        at_most=0,
        why="a database of one major can't be opened by another; another image does not upgrade it",
        way="Odoo's upgrade service makes an upgraded copy of each database (python <(curl -s https://upgrade.odoo.com/"
        "upgrade)); a second Odoo with the new image takes those",
        source="odoo/documentation content/administration/upgrade.rst",
    ),
    one_way="within a major the tables stay; an older build over the modules of a newer one is not supported",
    one_way_source="odoo/documentation content/administration/on_premise/update.rst",
    smoke=(
        SmokeTest(path="/web/health", problem=answers_well, source="odoo/odoo addons/web/controllers/home.py (health)"),
    ),
)


class Odoo(Service):
    """The ERP: workers, scheduled jobs and websockets in one container, with its files on a volume."""

    placement: Anywhere = Field(description="Where it runs: on a host")
    hostname: Hostname = Field(description="Its name in the zone")
    database: Name = Field(description="Which one of smarteros:databaseServers holds its databases")
    tenancy: Literal["databases", "companies"] = Field(
        "databases", description="Each tenant is a database of its own, or a company in the only one"
    )
    cpu: float = Field(2.0, ge=0.5, le=64, description="How many CPUs it may use")
    cron_workers: int = Field(1, ge=1, le=8, description="How many processes do scheduled jobs")
    workers: int | None = Field(
        None,
        ge=MIN_WORKERS,
        le=64,
        description="How many processes answer requests, about 6 people each; by default by CPUs and memory",
    )
    memory_mb: int = Field(7168, ge=512, description="How much memory it may use, in MB")
    db_maxconn: int = Field(
        4, ge=3, le=64, description="How many connections a process may hold; that of the websockets twice as many"
    )
    files_gb: int = Field(20, ge=1, description="How much its attachments are expected to grow to, in GB")

    port: ClassVar[int | None] = 8069
    images: ClassVar[Mapping[str, Image]] = {
        "odoo": Image(
            name="odoo",
            tag="19.0-20260817",
            digest=None,
        ),
    }
    upgrades: ClassVar[Mapping[str, UpgradeRules]] = {"odoo": _UPGRADES}
    # What Odoo tries to create in a database: to search by parts of words, and without accents (odoo/service/db.py).
    extensions: ClassVar[tuple[str, ...]] = ("pg_trgm", "unaccent")
    secrets: ClassVar[tuple[Secret, ...]] = (
        Secret(
            "odoo_master_password", "stack", "password", "Odoo's admin_passwd, which its database manager would ask for"
        ),
        Secret("odoo_admin_password", "shared", "password", "Of the user admin of Odoo's own database"),
    )
    owner: ClassVar[Owner | NoOwner | None] = Owner(
        made="preparation",
        password="odoo_admin_password",  # noqa: S106 - a name
        handed_in=("SMOS_OWNER_PASSWORD_FILE", "owner-password"),
        question=Question(
            path="/web/session/authenticate",
            body={"jsonrpc": "2.0", "params": {"db": "odoo", "login": "admin", "password": "admin"}},
            means=_vendors_password,
            source="odoo/odoo addons/web/controllers/session.py (authenticate); base/data/res_users_data.xml (admin)",
        ),
    )

    # odoo/odoo odoo/addons/base/models.
    recovery: ClassVar[Recovery | NothingKept | None] = Recovery(
        marker="ir_module_module",
        checks=(
            FilesThere(
                name="attachments-are-there",
                asks="every attachment is in the filestore, with its checksum",
                sql="SELECT 'filestore/' || current_database() || '/' || store_fname, file_size, checksum "
                "FROM ir_attachment WHERE store_fname IS NOT NULL",
                checksum="sha1",
                volume="odoo-data",
                source="odoo/addons/base/models/ir_attachment.py (_full_path, _compute_checksum)",
            ),
            LogsIn(
                name="administrator-logs-in",
                asks="the administrator's stored password is the keyring's",
                sql="SELECT password, '' FROM res_users WHERE login = 'admin'",
                hashing="pbkdf2_sha512",
                secret="odoo_admin_password",  # noqa: S106 - a name
                source="odoo/addons/base/models/res_users.py (_crypt_context: pbkdf2_sha512)",
            ),
            NoneWrong(
                name="modules-are-settled",
                asks="no module is half installed: at its start Odoo would go on with it",
                sql="SELECT name FROM ir_module_module WHERE state IN ('to install', 'to upgrade', 'to remove')",
                source="odoo/modules/loading.py (load_modules)",
            ),
            NoneWrong(
                name="companies-have-partners",
                asks="every company has the partner that has its name and address",
                sql="SELECT c.id::text FROM res_company c LEFT JOIN res_partner p ON p.id = c.partner_id "
                "WHERE p.id IS NULL",
                source="odoo/addons/base/models/res_company.py (partner_id)",
            ),
        ),
        unasked="whether its views load: only Odoo renders them",
    )

    @field_validator("placement")
    @classmethod
    def _has_files(cls, value: ContainerPlace) -> ContainerPlace:
        if not value.persists_files:
            why = f"its filestore needs a POSIX file system, and {value.no_files_because}"
            raise fault(why, "placement: {where: docker, host: …}")
        return value

    @field_validator("memory_mb")
    @classmethod
    def _enough(cls, value: int, info: ValidationInfo) -> int:
        if not {"workers", "cron_workers"} <= info.data.keys():
            return value  # what is wrong with them is told already
        wanted, cron = info.data["workers"] or MIN_WORKERS, info.data["cron_workers"]
        least = min_memory_mb(wanted, cron)
        if value < least:
            why = f"{wanted} workers, {cron} for scheduled jobs and one for websockets need {least} MB"
            fewer = "" if wanted == MIN_WORKERS else "fewer workers, or "
            raise fault(why, f"{fewer}memoryMb: {least}")
        return value

    @property
    def worker_count(self) -> int:
        """DEPLOY#worker-number-calculation: (#CPU * 2) + 1; fewer where there is not the memory for them."""
        if self.workers is not None:
            return self.workers
        count = max(int(self.cpu * 2) + 1, MIN_WORKERS)
        while count > MIN_WORKERS and min_memory_mb(count, self.cron_workers) > self.memory_mb:
            count -= 1
        return count

    @property
    def memory_limits_mb(self) -> tuple[int, int]:
        """The soft and the hard limit of each process."""
        return memory_limits_mb(self.memory_mb, self.worker_count, self.cron_workers)

    def footprint(self, name: str) -> tuple[Container, ...]:
        """One container, with all processes, and before it the one that makes the administrator."""
        processes = self.worker_count + self.cron_workers
        each_mb = (1 - HEAVY_SHARE) * LIGHT_MB + HEAVY_SHARE * HEAVY_MB
        return tuple(
            Container(
                name=container,
                cpu=self.cpu,
                memory_mb=self.memory_mb,
                min_cpu=(self.worker_count - 1) / 2,
                min_memory_mb=math.ceil(processes * each_mb),
                disk_mb=self.files_gb * 1024,
                source=f"{DEPLOY}#builtin-server: 2 * CPUs + 1 workers, each 0.8 * 150 MB + 0.2 * 1 GB; disk: ours",
                passing=passing,
            )
            for container, passing in ((name, False), (f"{name}-prepare", True))
        )

    def connections(self) -> int:
        """Each process has a pool of its own; one more is for a command in a container beside it."""
        return (self.worker_count + self.cron_workers + 2 + 1) * self.db_maxconn
