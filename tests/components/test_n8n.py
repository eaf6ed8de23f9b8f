"""n8n: one process by default; as a queue, all processes have the same key, queue and database, each with a runner."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import Any

import pytest

from components.services.redis_users import users_file
from settings.default_images import every_default_image
from settings.reading import read_settings
from settings.services.n8n import N8n
from settings.systems.smarteros import SmarterOSServices
from tests.components.declared import Declared, Hidden, platform, prod_config, resolved, secrets_of

ACCESS = SmarterOSServices.redis_access()
ON_HOST = {"placement": {"where": "docker", "host": "vps"}, "database": "vps"}
QUEUE: dict[str, dict[str, Any]] = {
    "azure": {"kind": "queue", "workers": {"minReplicas": 1, "maxReplicas": 3}},
    "docker": {"kind": "queue", "workers": {"minReplicas": 2, "maxReplicas": 2, "concurrency": 7}},
}
WORKERS = {"azure": ["n8n-worker"], "docker": ["n8n-worker-1", "n8n-worker-2"]}
SINGLE = {"kind": "single"}


def configured(where: str, mode: dict[str, Any] | None, **changed: Any) -> dict[str, Any]:
    """prod, with n8n there and in that mode."""
    values = prod_config()
    n8n = {**values["services"]["n8n"], **(ON_HOST if where == "docker" else {}), **changed}
    if mode is not None:
        n8n["mode"] = deepcopy(mode)
    return {**values, "services": {**values["services"], "n8n": n8n}, "profile": "custom"}


@cache
def declared(where: str, kind: str) -> dict[str, Declared]:
    """What the platform declares then, by name."""
    values = configured(where, QUEUE[where] if kind == "queue" else None)
    return {one.name: one for one in platform("prod", **values)}


def processes(where: str) -> dict[str, dict[str, Any]]:
    """The containers of n8n in queue mode → their variables. Of a secret of an app: the address in the vault."""
    found: dict[str, dict[str, Any]] = {}
    for one in declared(where, "queue").values():
        if not one.name.startswith("n8n"):
            continue
        if one.token == "docker:index/container:Container" and "loader" not in one.name:
            pairs = (text.split("=", 1) for text in resolved(one.inputs["envs"]))
            found[one.name.removesuffix("-container")] = {key: value for key, value in pairs}
        elif one.token == "azure-native:app:ContainerApp":
            inputs = resolved(one.inputs)
            held = {each["name"]: each["keyVaultUrl"] for each in inputs["configuration"]["secrets"]}
            for container in inputs["template"]["containers"]:
                found[container["name"]] = {
                    each["name"]: each.get("value", held.get(each.get("secretRef"))) for each in container["env"]
                }
    return found


def in_vault(where: str, name: str) -> Any:
    """The value of a secret that an app refers to."""
    return resolved(declared(where, "queue")[name].inputs["properties"]["value"])


def problems(where: str, mode: dict[str, Any], **changed: Any) -> list[str]:
    """What is wrong with such settings."""
    _, found = read_settings("prod", configured(where, mode, **changed), "Pulumi.prod.yaml")
    return [str(one) for one in found]


@pytest.mark.parametrize("where", ["azure", "docker"])
def test_by_default_it_is_one_process(where: str) -> None:
    """No worker, no runner, no Redis of its own; code runs inside it."""
    tokens = ("docker:index/container:Container", "azure-native:app:ContainerApp")
    ours = {name: one for name, one in declared(where, "single").items() if name.startswith("n8n")}
    containers = [name for name, one in ours.items() if one.token in tokens and "loader" not in name]
    assert containers == ["n8n-app" if where == "azure" else "n8n-container"]
    assert not [one for one in declared(where, "single").values() if "redisenterprise" in one.token]
    inputs = resolved(declared(where, "single")[containers[0]].inputs)
    if where == "docker":
        assert "N8N_RUNNERS_MODE=internal" in inputs["envs"]
        assert not [one for one in inputs["envs"] if one.startswith(("QUEUE_", "EXECUTIONS_MODE"))]
    else:
        assert inputs["template"]["scale"] == {"minReplicas": 1, "maxReplicas": 1}


@pytest.mark.parametrize("where", ["azure", "docker"])
def test_a_queue_has_a_main_process_workers_and_a_runner_beside_each(where: str) -> None:
    """A runner has its process's own version."""
    names = ["n8n", *WORKERS[where]]
    assert set(processes(where)) == {*names, *(f"{name}-runner" for name in names)}
    assert every_default_image()["n8n_runners"].tag == every_default_image()["n8n"].tag
    for process in names:
        at = "127.0.0.1" if where == "azure" else f"smarteros-prod-{process}"
        assert processes(where)[f"{process}-runner"]["N8N_RUNNERS_TASK_BROKER_URI"] == f"http://{at}:5679"


@pytest.mark.parametrize("where", ["azure", "docker"])
def test_every_process_has_the_same_key_queue_and_database(where: str) -> None:
    """Else a worker can't open the credentials of the work that it takes, or never finds it."""
    values = configured(where, QUEUE[where])
    entries = secrets_of("prod", values)
    given = [processes(where)[name] for name in ("n8n", *WORKERS[where])]
    for plain in (
        "DB_POSTGRESDB_HOST",
        "DB_POSTGRESDB_DATABASE",
        "QUEUE_BULL_PREFIX",
        "N8N_WEBHOOK_URL",
        "N8N_RUNNERS_MODE",
    ):
        assert len({one[plain] for one in given}) == 1, plain
    for queue in ("QUEUE_BULL_REDIS_HOST", "QUEUE_BULL_REDIS_PORT", "QUEUE_BULL_REDIS_TLS"):
        assert len({one[queue] for one in given}) == 1, queue
    assert {one["EXECUTIONS_MODE"] for one in given} == {"queue"}
    assert {one["QUEUE_HEALTH_CHECK_ACTIVE"] for one in given} == {"true"}
    assert {one["N8N_RUNNERS_MODE"] for one in given} == {"external"}
    wanted = {
        "N8N_ENCRYPTION_KEY": entries["shared/n8nEncryptionKey"],
        "N8N_RUNNERS_AUTH_TOKEN": entries["prod/n8nRunnersAuthToken"],
    }
    if where == "docker":
        for key, value in wanted.items():
            assert {one[key] for one in given} == {value}, key
        return
    for app in ("n8n", "n8n-worker"):
        for key, value in wanted.items():
            assert in_vault(where, f"{app}-secret-{key.lower().replace('_', '-')}") == value
        assert in_vault(where, f"{app}-secret-queue-bull-redis-password") == "KeyOfTheQueue"


@pytest.mark.parametrize("where", ["azure", "docker"])
def test_a_runner_has_the_token_and_nothing_else_that_is_secret(where: str) -> None:
    """The code of workflows runs there: no key, no database, no queue."""
    for name, expected in processes(where).items():
        if name.endswith("-runner"):
            plain = {"N8N_RUNNERS_TASK_BROKER_URI", "GENERIC_TIMEZONE", "N8N_RUNNERS_TASK_TIMEOUT"}
            assert set(expected) == {"N8N_RUNNERS_AUTH_TOKEN", *plain}, name
            process = processes(where)[name.removesuffix("-runner")]
            # Both ends of a task give it up: after the same time.
            assert expected["N8N_RUNNERS_TASK_TIMEOUT"] == process["N8N_RUNNERS_TASK_TIMEOUT"]
            assert expected["N8N_RUNNERS_AUTH_TOKEN"] == process["N8N_RUNNERS_AUTH_TOKEN"]


def test_secrets_of_a_queue_stay_secret() -> None:
    """On a host they are variables: marked, each of them."""
    for name in ("n8n", "n8n-worker-1", "n8n-worker-1-runner"):
        envs = declared("docker", "queue")[f"{name}-container"].inputs["envs"]
        shown = [one for one in envs if not isinstance(one, Hidden)]
        assert not [one for one in shown if one.startswith(("QUEUE_BULL_REDIS_PASSWORD", "N8N_RUNNERS_AUTH_TOKEN"))]


def test_in_azure_workers_follow_the_list_of_what_waits() -> None:
    """KEDA counts <prefix>:jobs:wait in the same Redis, over TLS, with the same key; the main process does not grow."""
    app = resolved(declared("azure", "queue")["n8n-worker-app"].inputs)
    scale = app["template"]["scale"]
    assert (scale["minReplicas"], scale["maxReplicas"]) == (1, 3)
    (rule,) = scale["rules"]
    given = processes("azure")["n8n-worker"]
    assert rule["custom"]["type"] == "redis"
    assert rule["custom"]["metadata"] == {
        "address": f"{given['QUEUE_BULL_REDIS_HOST']}:{given['QUEUE_BULL_REDIS_PORT']}",
        "listName": f"{given['QUEUE_BULL_PREFIX']}:jobs:wait",
        "listLength": "5",
        "enableTLS": given["QUEUE_BULL_REDIS_TLS"],
    }
    (auth,) = rule["custom"]["auth"]
    assert auth == {"secretRef": "queue-bull-redis-password", "triggerParameter": "password"}
    assert app["configuration"]["ingress"]["external"] is False
    main = resolved(declared("azure", "queue")["n8n-app"].inputs)
    assert main["template"]["scale"] == {"minReplicas": 1, "maxReplicas": 1}


def test_in_azure_the_queue_has_a_redis_of_its_own() -> None:
    """Private, protected, of the size of the settings; the apps find it by its own name and port."""
    cluster = declared("azure", "queue")["n8n-queue-cluster"]
    assert cluster.inputs["sku"] == {"name": "Balanced_B0"}
    assert cluster.inputs["highAvailability"] == "Enabled"
    assert cluster.protect
    given = processes("azure")["n8n"]
    assert given["QUEUE_BULL_REDIS_HOST"] == f"{cluster.inputs['clusterName']}.brazilsouth.redis.azure.net"
    assert given["QUEUE_BULL_REDIS_PORT"] == "10000"
    assert given["QUEUE_BULL_REDIS_TLS"] == "true"
    assert "QUEUE_BULL_REDIS_USERNAME" not in given, "it is the default user's key"


def test_on_a_host_the_queue_is_in_the_host_s_redis_as_n8n_s_own_user() -> None:
    """Whose rules hold the keys that n8n is told to use."""
    given = processes("docker")["n8n"]
    entries = secrets_of("prod", configured("docker", QUEUE["docker"]))
    assert (given["QUEUE_BULL_REDIS_HOST"], given["QUEUE_BULL_REDIS_PORT"]) == ("smarteros-prod-redis", "6379")
    assert given["QUEUE_BULL_REDIS_TLS"] == "false"
    assert given["QUEUE_BULL_REDIS_USERNAME"] == "n8n"
    assert given["QUEUE_BULL_REDIS_PASSWORD"] == entries["prod/redisPasswords/n8n"]
    assert f"~{given['QUEUE_BULL_PREFIX']}:*" in users_file({"n8n": "x"}, ACCESS)


def test_a_worker_does_what_it_was_told_and_ends_what_it_has_begun() -> None:
    """Its concurrency, and time to drain when it is stopped."""
    worker = declared("docker", "queue")["n8n-worker-2-container"].inputs
    assert worker["command"] == ["worker", "--concurrency=7"]
    assert worker["stopTimeout"] == 330
    assert processes("docker")["n8n-worker-2"]["N8N_GRACEFUL_SHUTDOWN_TIMEOUT"] == "300"
    assert processes("docker")["n8n"]["N8N_GRACEFUL_SHUTDOWN_TIMEOUT"] == "30"
    assert not [one for one in worker["labels"] if one["label"].startswith("traefik")]
    main = declared("docker", "queue")["n8n-container"]
    assert "command" not in main.inputs


@pytest.mark.parametrize("where", ["azure", "docker"])
@pytest.mark.parametrize("kind", ["single", "queue"])
def test_what_the_capacity_model_counts_is_what_is_declared(where: str, kind: str) -> None:
    """The same containers with the same sizes; connections of every process that there may be."""
    values = configured(where, QUEUE[where] if kind == "queue" else SINGLE)
    settings, _ = read_settings("prod", values, "Pulumi.prod.yaml")
    assert settings is not None
    wanted = settings.of(SmarterOSServices).services.n8n
    assert isinstance(wanted, N8n)
    counted = {one.name: (one.cpu, one.memory_mb) for one in wanted.footprint("n8n")}
    found: dict[str, tuple[float, int]] = {}
    for one in declared(where, kind).values():
        inputs = resolved(one.inputs)
        if not one.name.startswith("n8n") or inputs.get("mustRun") is False:
            continue  # the loader of its secret files, which ends
        if one.token == "docker:index/container:Container":
            found[one.name.removesuffix("-container")] = (float(inputs["cpus"]), int(inputs["memory"]))
        elif one.token == "azure-native:app:ContainerApp":
            for container in inputs["template"]["containers"]:
                size = container["resources"]
                found[container["name"]] = (size["cpu"], int(float(size["memory"].removesuffix("Gi")) * 1024))
    assert found == counted
    workers = {"single": 0, "queue": {"azure": 3, "docker": 2}[where]}[kind]
    assert wanted.connections() == 2 * (1 + workers)


@pytest.mark.parametrize(
    ("where", "mode", "path", "given"),
    [
        ("azure", {"workers": {"minReplicas": 4, "maxReplicas": 3}}, "/workers", "minReplicas is 4, and maxReplicas 3"),
        ("azure", {"workers": {"minReplicas": 0}}, "/workers/minReplicas", "greater than or equal to 1"),
        ("azure", {"workers": {"concurrency": 0}}, "/workers/concurrency", "greater than or equal to 1"),
        ("azure", {"workers": {"cpu": 4, "memoryMb": 8192}}, "", "a worker with its runner: Container Apps takes"),
        ("azure", {"runner": {"cpu": 0.25, "memoryMb": 1024}}, "", "n8n with its runner: Container Apps gives"),
        ("azure", {"redis": {"sku": "Balanced_B50"}}, "/redis/sku", "not one of the choices"),
        ("docker", {"workers": {"maxReplicas": 3}}, "", "a host runs as many workers as it is told, not 1 to 3"),
        ("docker", {"redis": {"sku": "Balanced_B0"}}, "", "on a host the queue is in the host's own Redis"),
    ],
)
def test_what_can_not_be_is_refused_with_its_path_and_mend(
    where: str, mode: dict[str, Any], path: str, given: str
) -> None:
    """Before anything is declared."""
    (found,) = problems(where, {"kind": "queue", **mode})
    assert f"smarteros:services/n8n/mode{path}: " in found
    assert given in found
    assert "Fix: " in found


def test_a_queue_on_a_host_without_redis_is_refused() -> None:
    """It names the mend: services.redis."""
    values = configured("docker", QUEUE["docker"])
    values["services"] = {"traefik": values["services"]["traefik"], "n8n": values["services"]["n8n"]}
    _, found = read_settings("prod", {**values, "ai": {}, "accounts": {}}, "Pulumi.prod.yaml")
    assert [str(one) for one in found if "it needs Redis, and none runs on this host" in str(one)], found


def test_a_mode_that_there_is_not_is_refused() -> None:
    """With the modes that there are."""
    (found,) = problems("azure", {"kind": "cluster"})
    assert found.endswith("'cluster' is no kind of it. Fix: kind: one of 'single', 'queue'")
    (found,) = problems("azure", {})
    assert found.endswith("it does not say its kind. Fix: kind: one of single, queue")


@pytest.mark.parametrize("licence", ["internal", "customer_owned", "embed"])
def test_the_terms_under_which_it_is_used_are_said(licence: str) -> None:
    """See docs/licences.md; another word is refused."""
    assert problems("azure", SINGLE, licence=licence) == []
    (found,) = problems("azure", SINGLE, licence=f"{licence}s")
    assert "services/n8n/licence" in found
