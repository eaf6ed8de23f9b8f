"""What n8n may be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from settings.images import Image
from settings.parts import ManagedRedis, Name, Setting
from settings.places import Anywhere
from settings.problems import fault
from settings.redis_commands import RedisAccess
from settings.secrets import Secret
from settings.services.owner import Answer, Claim, NoOwner, Owner, Question, by_flag
from settings.services.recovery import Decrypted, LogsIn, NoneWrong, NothingKept, Recovery
from settings.services.service import Container, Hostname, Service
from settings.services.upgrades import Hurdle, Majors, SmokeTest, UpgradeRules, answers_well

__all__ = ["N8n", "QueueMode", "Runner", "SingleMode", "Workers"]

_CHART = "n8n-io/n8n-hosting charts/n8n values.yaml"
POOL = 2
"""DB_POSTGRESDB_POOL_SIZE, of each process."""
_REPORT = "on the old one, Settings > Migration Report names the workflows and settings concerned: mend them first"
_UPGRADES = UpgradeRules(
    tags=r"(?P<v1>\d+)\.(?P<v2>\d+)\.(?P<v3>\d+)",
    example="2.35.7",
    majors=Majors(
        at_most=1,
        why="each major changes what workflows do",
        way="one major after the other, with its report read each time",
        source="https://docs.n8n.io/changelog/v30-migration-tool",
    ),
    hurdles=(
        Hurdle(
            name="n8n-2",
            version=(2, 0, 0),
            why="sub-workflows that wait return their end's data, code sees no environment variables, "
            "ExecuteCommand and "
            "LocalFileTrigger are off, Python needs runners of its own, files outside n8n's folder can't be read",
            way=_REPORT,
            source="n8n-io/n8n-docs docs/2-0-breaking-changes.md",
        ),
        Hurdle(
            name="n8n-3",
            version=(3, 0, 0),
            why="it changes workflows and settings that its vendor lists",
            way=_REPORT,
            source="https://docs.n8n.io/changelog/v30-breaking-changes",
        ),
    ),
    one_way="migrations run at its start; db:revert undoes the last one alone, and none that is irreversible",
    one_way_source="n8n-io/n8n packages/cli/src/commands/db/revert.ts; n8n-io/n8n#9105",
    smoke=(
        SmokeTest(
            path="/healthz/readiness",
            problem=answers_well,
            source="n8n-io/n8n packages/cli/src/abstract-server.ts (connected and migrated)",
        ),
    ),
)


def _hidden(answer: Answer) -> Claim:
    """Measures: refused, or not there."""
    if answer.status == 200:
        return "claimable"
    return "owned" if answer.status in (401, 403, 404) else "unknown"


class SingleMode(Setting):
    """One process does everything, code in workflows included."""

    kind: Literal["single"] = Field(description="One process, or a queue with workers")


class Workers(Setting):
    """The processes that run the workflows."""

    min_replicas: int = Field(1, ge=1, le=100, description="How many there are always")
    max_replicas: int = Field(1, ge=1, le=100, description="How many there may be while work waits; in Azure alone")
    concurrency: int = Field(10, ge=1, le=100, description="How many workflows one of them runs at once; 5 or more")
    cpu: float = Field(0.5, ge=0.25, description="How many CPUs each may use")
    memory_mb: int = Field(1024, ge=512, description="How much memory each may use, in MB")

    @model_validator(mode="after")
    def _in_order(self) -> Workers:
        if self.min_replicas > self.max_replicas:
            why = f"minReplicas is {self.min_replicas}, and maxReplicas {self.max_replicas}"
            raise fault(why, f"maxReplicas: {self.min_replicas} or more")
        return self


class Runner(Setting):
    """The container beside each process in which the code of workflows runs."""

    cpu: float = Field(0.25, ge=0.25, description="How many CPUs each may use")
    memory_mb: int = Field(512, ge=256, description="How much memory each may use, in MB")


class QueueMode(Setting):
    """One process for the editor, webhooks and timers; workers for the work; a runner beside each, for code."""

    kind: Literal["queue"] = Field(description="One process, or a queue with workers")
    workers: Workers = Field(Workers.model_validate({}), description="The processes that run the workflows")
    runner: Runner = Field(Runner.model_validate({}), description="The container beside each, in which code runs")
    redis: ManagedRedis | None = Field(
        None, description="The queue's own Redis, in Azure; on a host the queue is in the host's Redis"
    )


class N8n(Service):
    """n8n, the workflow engine: one process, or a queue with workers."""

    placement: Anywhere = Field(description="Where it runs")
    hostname: Hostname = Field(description="Its name in the zone")
    database: Name = Field(description="Which one of smarteros:databaseServers holds its database")
    cpu: float = Field(0.5, ge=0.25, description="How many CPUs it may use")
    memory_mb: int = Field(1024, ge=512, description="How much memory it may use, in MB")
    timezone: str = Field("America/Santiago", description="The zone in which schedules are meant")
    mode: Annotated[SingleMode | QueueMode, Field(discriminator="kind")] = Field(
        SingleMode.model_validate({"kind": "single"}), description="One process, or a queue with workers"
    )
    licence: Literal["internal", "customer_owned", "embed"] = Field(
        "internal", description="Under which terms of n8n's it is used: see docs/licences.md"
    )

    port: ClassVar[int | None] = 5678
    images: ClassVar[Mapping[str, Image]] = {
        "n8n": Image(
            name="docker.n8n.io/n8nio/n8n",
            tag="2.35.7",
            digest=None,
        ),
        "n8n_runners": Image(
            name="n8nio/runners",
            tag="2.35.7",
            digest=None,
        ),
    }
    same_tags: ClassVar[tuple[tuple[str, str], ...]] = (("n8n", "n8n_runners"),)
    upgrades: ClassVar[Mapping[str, UpgradeRules]] = {"n8n": _UPGRADES}
    # OptimalBits/bull 4.15 lib/queue.js: toKey is <prefix>:<queue>:…, its pattern events are progress, waiting and
    # active, and a pattern is allowed only if the very same one stands here. n8n-io/n8n packages/cli/src/scaling and
    # @n8n/config redis.config: N8N_REDIS_KEY_PREFIX is n8n, and before 2.0 the channels were n8n.commands and so on.
    redis_access: ClassVar[RedisAccess | None] = RedisAccess(
        keys=("bull:*", "n8n:*"),
        channels=(
            *("bull:*", "n8n:*", "n8n.*"),
            *(f"bull:jobs:{event}*" for event in ("progress", "waiting", "active", "stalled")),
        ),
    )
    takes_accounts: ClassVar[bool] = True
    secrets: ClassVar[tuple[Secret, ...]] = (
        Secret("n8n_encryption_key", "shared", "password", "n8n's key; losing it loses every credential stored in n8n"),
        Secret("n8n_owner_password", "shared", "password", "Of n8n's owner, operators.email"),
    )
    owner: ClassVar[Owner | NoOwner | None] = Owner(
        made="start",
        password="n8n_owner_password",  # noqa: S106 - a name
        handed_in=("N8N_INSTANCE_OWNER_MANAGED_BY_ENV", "N8N_INSTANCE_OWNER_EMAIL", "N8N_INSTANCE_OWNER_PASSWORD_HASH"),
        hashed=True,
        question=Question(
            path="/rest/settings",
            means=by_flag("data", "userManagement", "showSetupOnFirstLoad", claimable_if=True),
            source="n8n-io/n8n packages/cli/src/services/frontend.service.ts (getShowSetupOnFirstLoad)",
        ),
        closed=(
            Question(
                path="/metrics",
                means=_hidden,
                source="n8n-io/n8n packages/cli/src/server.ts (endpoints.metrics.enable)",
            ),
        ),
    )
    # n8n-io/n8n packages/@n8n/db/src/entities, at 2.x.
    recovery: ClassVar[Recovery | NothingKept | None] = Recovery(
        marker="workflow_entity",
        checks=(
            Decrypted(
                name="credentials-decrypt",
                asks="every stored credential opens with n8n's key",
                sql="SELECT id::text, data FROM credentials_entity",
                cipher="n8n",
                secrets=("n8n_encryption_key",),
                source="packages/core/src/encryption/aes-256-cbc.ts, credentials-entity.ts (data)",
            ),
            LogsIn(
                name="owner-logs-in",
                asks="the owner's stored password is the keyring's",
                sql="""SELECT password, '' FROM "user" WHERE "roleSlug" = 'global:owner'""",
                hashing="bcrypt",
                secret="n8n_owner_password",  # noqa: S106 - a name
                source="packages/@n8n/db/src/entities/user.ts, packages/cli/src/services/password.utility.ts",
            ),
            NoneWrong(
                name="workflows-have-owners",
                asks="every workflow belongs to a project, or nobody could open it",
                sql='SELECT w.id::text FROM workflow_entity w LEFT JOIN shared_workflow s ON s."workflowId" = w.id '
                'WHERE s."workflowId" IS NULL',
                source="packages/@n8n/db/src/entities/shared-workflow.ts",
            ),
            NoneWrong(
                name="webhooks-have-workflows",
                asks="every registered webhook leads to a workflow that is there",
                sql='SELECT h."webhookPath" FROM webhook_entity h LEFT JOIN workflow_entity w ON w.id = h."workflowId" '
                "WHERE w.id IS NULL",
                source="packages/@n8n/db/src/entities/webhook-entity.ts",
            ),
        ),
        unasked="whether an active workflow's webhook answers: n8n registers it at its start",
    )
    of_queue: ClassVar[tuple[Secret, ...]] = (
        Secret("n8n_runners_auth_token", "stack", "password", "With which a runner of code shows n8n that it is one"),
    )

    @field_validator("mode")
    @classmethod
    def _suits_the_place(cls, mode: SingleMode | QueueMode, info: ValidationInfo) -> SingleMode | QueueMode:
        if isinstance(mode, SingleMode):
            return mode
        where, workers = info.data.get("placement"), mode.workers
        if where is None:
            return mode  # what is wrong with it is told already
        if not where.scales and workers.min_replicas != workers.max_replicas:
            text = f"not {workers.min_replicas} to {workers.max_replicas}"
            why = f"{where.called} runs as many workers as it is told, {text}"
            mend = f"minReplicas: {workers.max_replicas} too, or placement: {{where: azure}}"
            raise fault(why, mend)
        if where.shares_redis and mode.redis is not None:
            why = f"on {where.called} the queue is in the host's own Redis"
            raise fault(why, "leave redis out, and have services.redis")
        if "cpu" in info.data and "memory_mb" in info.data:
            for what, cpu, memory_mb in (
                ("n8n", info.data["cpu"], info.data["memory_mb"]),
                ("a worker", workers.cpu, workers.memory_mb),
            ):
                problem = where.size_problem(cpu + mode.runner.cpu, memory_mb + mode.runner.memory_mb)
                if problem:
                    raise fault(f"{what} with its runner: {problem[0]}", problem[1])
        return mode

    @property
    def queue(self) -> QueueMode | None:
        """The queue, when there is one."""
        return self.mode if isinstance(self.mode, QueueMode) else None

    def called_for(self) -> tuple[Secret, ...]:
        """Its key; with a queue, what opens its runners' door."""
        return (*self.secrets, *(self.of_queue if self.queue else ()))

    def uses_redis(self) -> bool:
        """The queue is in one."""
        return self.queue is not None

    def footprint(self, name: str) -> tuple[Container, ...]:
        """One process; or that one, the workers, and a runner beside each. In Azure a worker stands for all."""
        main = _process(name, self.cpu, self.memory_mb, "main")
        if self.queue is None:
            return (main,)
        workers, runner = self.queue.workers, self.queue.runner
        names = [f"{name}-worker"]
        if not self.placement.scales:
            names = [f"{name}-worker-{number}" for number in range(1, workers.max_replicas + 1)]
        found = [main, _runner(name, runner)]
        for one in names:
            found += [_process(one, workers.cpu, workers.memory_mb, "worker"), _runner(one, runner)]
        return tuple(found)

    def connections(self) -> int:
        """A pool for each process."""
        return POOL * (1 + (self.queue.workers.max_replicas if self.queue else 0))


def _process(name: str, cpu: float, memory_mb: int, kind: str) -> Container:
    return Container(
        name=name,
        cpu=cpu,
        memory_mb=memory_mb,
        min_cpu=0.2,
        min_memory_mb=512,
        source=f"{_CHART}: {kind} requests 200m and 512Mi",
    )


def _runner(name: str, runner: Runner) -> Container:
    return Container(
        name=f"{name}-runner",
        cpu=runner.cpu,
        memory_mb=runner.memory_mb,
        min_cpu=0.1,
        min_memory_mb=256,
        source=f"{_CHART}: taskRunners requests 100m and 256Mi",
    )
