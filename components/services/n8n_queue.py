"""n8n as a queue: workers that take their work from Redis, and beside each process a container in which code runs.

Every process has the same environment, so the same database, queue, keys and credentials; n8n's own file says of what.
Webhooks are answered by the main process: there is no process for them alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pulumi import Input, Output

from components.secrecy import secret
from components.services.context import ServiceContext
from components.workload import Health, RedisList, Scale, Sidecar, Volume, Workload
from settings.images import Image
from settings.parts import ManagedRedis
from settings.services.n8n import N8n as N8nSettings
from settings.services.n8n import QueueMode

__all__ = ["Queue", "queue_of", "with_runner", "worker"]

PREFIX = "bull"
"""The queue's keys begin so; what of Redis n8n may touch says redis_users.py."""
WAITING = f"{PREFIX}:jobs:wait"
"""n8n names its queue `jobs` (packages/cli/src/scaling/constants.ts), Bull the list of what waits `wait`."""
PER_WORKER = 5
"""Waiting executions for each worker: listLength of n8n-io/n8n-hosting charts/n8n values.yaml."""
BROKER_PORT = 5679
RUNNER_PORT = 5680
DRAIN_S = 300
"""How long a worker that is stopped may end what it has begun."""
_PASSWORD = "QUEUE_BULL_REDIS_PASSWORD"  # noqa: S105 - a variable's name
_TOKEN = "N8N_RUNNERS_AUTH_TOKEN"  # noqa: S105 - a variable's name


@dataclass(frozen=True, kw_only=True)
class Queue:
    """How n8n is told to work as a queue, and the login at the Redis that holds it."""

    mode: QueueMode
    runners: Image
    runners_token: Input[str]
    host: Output[str]
    port: int
    tls: bool
    user: str | None
    password: Output[str]

    @property
    def env(self) -> dict[str, Input[str]]:
        """What each process is told."""
        user: dict[str, Input[str]] = {"QUEUE_BULL_REDIS_USERNAME": self.user} if self.user else {}
        return {
            "EXECUTIONS_MODE": "queue",
            "OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS": "true",
            "QUEUE_BULL_PREFIX": PREFIX,
            "QUEUE_BULL_REDIS_HOST": self.host,
            "QUEUE_BULL_REDIS_PORT": str(self.port),
            "QUEUE_BULL_REDIS_TLS": str(self.tls).lower(),
            **user,
            # Of workers, which have no other server.
            "QUEUE_HEALTH_CHECK_ACTIVE": "true",
            "N8N_RUNNERS_MODE": "external",
            # A runner on a host is a container of its own; whoever has no token is turned away.
            "N8N_RUNNERS_BROKER_LISTEN_ADDRESS": "0.0.0.0",  # noqa: S104 - what n8n binds
        }

    @property
    def secrets(self) -> dict[str, Input[str]]:
        """What each process is told in confidence."""
        return {_PASSWORD: secret(self.password), _TOKEN: self.runners_token}


def queue_of(ctx: ServiceContext, wanted: N8nSettings, runners: Image) -> Queue | None:
    """The queue as the settings want it: in the host's own Redis, or in one of the cloud's for n8n alone."""
    mode, where = wanted.queue, wanted.placement
    if mode is None:
        return None
    token = ctx.secret("n8n_runners_auth_token")
    if where.shares_redis:
        login = ctx.redis_login("n8n", where)
        return Queue(
            mode=mode,
            runners=runners,
            runners_token=token,
            host=login.host,
            port=login.port,
            tls=False,
            user=login.user,
            password=login.password,
        )
    size = mode.redis or ManagedRedis.model_validate({})
    server = ctx.places.queues(where).queue_server("n8n-queue", size, ctx.inside(where))
    return Queue(
        mode=mode,
        runners=runners,
        runners_token=token,
        host=server.host,
        port=server.port,
        tls=server.tls,
        user=None,
        password=server.password,
    )


def with_runner(process: Workload, queue: Queue) -> Workload:
    """A process of n8n with the container beside it in which code runs; it asks the process for work."""
    runner = Sidecar(
        name="runner",
        image=queue.runners.reference,
        port=RUNNER_PORT,
        health=Health(http_path="/healthz"),
        cpu=queue.mode.runner.cpu,
        memory_mb=queue.mode.runner.memory_mb,
        shares=[_TOKEN, "GENERIC_TIMEZONE", "N8N_RUNNERS_TASK_TIMEOUT"],
        reaches={"N8N_RUNNERS_TASK_BROKER_URI": BROKER_PORT},
        volumes=[Volume("tmp", "/tmp", needs="scratch")],  # noqa: S108 - inside the container
        # The image's user `runner`.
        user="1000:1000",
        read_only_root=True,
    )
    return replace(process, sidecars=[runner])


def worker(main: Workload, queue: Queue) -> Workload:
    """As the main process, but nobody reaches it, and there are as many as work waits for."""
    workers = queue.mode.workers
    env: Mapping[str, Input[str]] = {**_without_owner(main.env), "N8N_GRACEFUL_SHUTDOWN_TIMEOUT": str(DRAIN_S)}
    return replace(
        main,
        hostname=None,
        cpu=workers.cpu,
        memory_mb=workers.memory_mb,
        env=env,
        secrets=_without_owner(main.secrets),
        # A worker migrates too, and listens only then (commands/worker.ts).
        health=replace(main.health, alive_s=None),
        args=["worker", f"--concurrency={workers.concurrency}"],
        stop_timeout_s=DRAIN_S + 30,
        scale=Scale(
            min_replicas=workers.min_replicas,
            max_replicas=workers.max_replicas,
            by=RedisList(
                host=queue.host,
                port=queue.port,
                tls=queue.tls,
                password=_PASSWORD,
                key=WAITING,
                per_replica=PER_WORKER,
            ),
        ),
    )


def _without_owner(variables: Mapping[str, Input[str]]) -> dict[str, Input[str]]:
    """A worker makes no owner (packages/cli/src/commands/start.ts alone does), so it is not told of him."""
    return {name: value for name, value in variables.items() if not name.startswith("N8N_INSTANCE_OWNER_")}
