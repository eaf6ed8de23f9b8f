"""The users of Redis on a real server: what prod declares, started, and asked what each of them may do."""

from __future__ import annotations

import contextlib
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from components.services.redis import START
from components.services.redis_users import users_file
from deploy import redis_rescue
from deploy.redis_rescue import Login, NotFreed, freed, held_by
from sandbox.redis.server.process import RedisProcess
from settings.systems.smarteros import SmarterOSServices
from tests.components import redis_real
from tests.components.declared import resolved
from tests.components.redis_calls import CALLS
from tests.components.redis_real import ask, ears, files

ACCESS = SmarterOSServices.redis_access()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    """The Redis that prod declares, with a user of every service."""
    found = redis_real.start(tmp_path_factory.mktemp("redis"), more_users=redis_real.MAKER)
    yield found
    found.close()


def test_nobody_comes_in_without_a_name(server: RedisProcess) -> None:
    """The user that Redis has by itself is closed, with and without a password."""
    anonymous = redis.Redis(host="127.0.0.1", port=server.port)
    with pytest.raises(redis.AuthenticationError, match="uthenticat"):
        anonymous.ping()
    with pytest.raises(redis.AuthenticationError, match="invalid username-password pair"):
        redis.Redis(host="127.0.0.1", port=server.port, username="default", password="x").ping()
    with pytest.raises(redis.AuthenticationError, match="invalid username-password pair"):
        redis_real.client(server, "n8n", redis_real.PASSWORDS["chatwoot"]).ping()


def test_health_may_ask_whether_it_is_there(server: RedisProcess) -> None:
    """PING, and nothing else."""
    health = redis_real.client(server, "health")
    assert health.ping() is True
    for command in ("GET x", "INFO", "DBSIZE", "CLIENT LIST", "SCAN 0", "PUBLISH x y", "ACL WHOAMI"):
        with pytest.raises(redis.exceptions.NoPermissionError):
            ask(health, *command.split())


@pytest.mark.parametrize("service", CALLS)
def test_a_service_may_do_what_its_client_does(server: RedisProcess, service: str) -> None:
    """The commands that its vendor's code sends, on its keys and channels: none is refused, and Redis noted none."""
    client = redis_real.client(server, service)
    for call in CALLS[service]:
        try:
            ask(client, *call.command.split())
        except redis.exceptions.NoPermissionError as refused:
            pytest.fail(f"{call.command} ({call.source}): {refused}")
        except (redis.exceptions.ResponseError, redis.exceptions.ConnectionError):
            pass  # allowed: the key is not there, or of another kind


def test_who_may_read_the_names_of_keys_is_said_by_a_vendors_source() -> None:
    """No pattern limits KEYS and SCAN: a user has them only if a line of its vendor's source sends them."""
    for service, calls in CALLS.items():
        line = next(
            one for one in users_file(redis_real.PASSWORDS, ACCESS).splitlines() if one.startswith(f"user {service} ")
        )
        rights = {word for word in line.split() if word in {"+keys", "+scan", "+randomkey", "+dbsize"}}
        said = {f"+{call.command.split()[0].lower()}" for call in calls}
        assert rights <= said, (service, rights - said)


def test_each_call_says_where_its_vendor_makes_it() -> None:
    """A table without its sources would be our own word again."""
    for call in (call for calls in CALLS.values() for call in calls):
        repository, _, where = call.source.partition(" ")
        assert repository.count("/") >= 1, call
        assert where.strip(), call


def test_scripts_and_subscriptions_are_held_to_the_same(server: RedisProcess) -> None:
    """A script may do what its user may; a pattern of channels is allowed only as it stands in the rules."""
    client = redis_real.client(server, "n8n")
    assert client.eval("return redis.call('SET', KEYS[1], 'x')", 1, "bull:jobs:meta") == "OK"
    with pytest.raises(redis.exceptions.ResponseError, match=r"permissions|NOPERM|can't access"):
        client.eval("return redis.call('SET', 'alfred:x', 'x')", 0)
    with ears(client) as listening:
        listening.subscribe("bull:jobs:completed", "n8n:n8n.commands")
        listening.psubscribe("bull:jobs:progress*")
        assert [listening.get_message(timeout=1) for _ in range(3)]
    with ears(client) as listening:
        listening.psubscribe("*")
        with pytest.raises(redis.exceptions.NoPermissionError):
            listening.get_message(timeout=1)


FORBIDDEN = (
    *("CONFIG GET *", "FLUSHALL", "FLUSHDB", "ACL LIST", "ACL SETUSER x", "DEBUG SLEEP 0", "MONITOR"),
    *("CLIENT LIST", "CLIENT KILL TYPE normal", "SHUTDOWN NOSAVE", "REPLICAOF NO ONE", "SAVE", "SWAPDB 0 1"),
    *("RANDOMKEY", "PUBSUB CHANNELS", "SCRIPT FLUSH", "MODULE LIST", "SORT {own} BY *", "MIGRATE h 1 k 0 1"),
)


@pytest.mark.parametrize("service", CALLS)
def test_no_service_may_rule_or_look_at_others(server: RedisProcess, service: str) -> None:
    """Not the commands that administrate, not those that name others' keys; and no key or channel of anybody else."""
    client = redis_real.client(server, service)
    others = {f"{other}'s": PREFIXES[other] for other in CALLS if other != service}
    sent = {call.command.split()[0] for call in CALLS[service]}
    names = [command for command in ("KEYS *", "SCAN 0") if command.split()[0] not in sent]
    for command in (*FORBIDDEN, *names):
        with pytest.raises(redis.exceptions.NoPermissionError):
            ask(client, *command.replace("{own}", PREFIXES[service]).split())
    for key in (*others.values(), "t_acme:1", "t_acme", "x"):
        for command in ("GET", "DEL", "TYPE", "LPUSH {} x", "PUBLISH {} x"):
            words = command.split() if "{}" in command else [command, "{}"]
            with pytest.raises(redis.exceptions.NoPermissionError):
                ask(client, *(word.replace("{}", key) for word in words))


PREFIXES = {
    "n8n": "bull:jobs:wait",
    "chatwoot": "queue:default",
    "botpress": "botpress/x",
    "mcp": "mcpgw:x",
    "other": "other:x",
}


def small(config: str = "") -> str:
    """The configuration of prod, for a server of two megabytes."""
    return str(resolved(files()["redis.conf"]).replace("maxmemory 307mb", "maxmemory 2mb")) + config


def test_a_full_server_refuses_and_forgets_nothing(tmp_path: Path) -> None:
    """noeviction: what is in the queue stays, and who wants to add is told; reading and taking go on."""
    server = redis_real.start(tmp_path, config=small())
    client = redis_real.client(server, "n8n")
    client.lpush("bull:jobs:wait", "first")
    filling = client.pipeline(transaction=False)
    for number in range(1000):
        filling.set(f"bull:jobs:{number}", "x" * 10_000)
    with pytest.raises(redis.exceptions.OutOfMemoryError):
        filling.execute()
    assert client.rpop("bull:jobs:wait") == "first"
    assert client.info()["evicted_keys"] == 0
    server.close()


def test_a_tenants_user_outlives_a_restart_in_which_the_services_passwords_change(tmp_path: Path) -> None:
    """Users of tenants are the volume's, those of services the keyring's; who is no tenant's and was made beside is
    gone.
    """
    server = redis_real.start(tmp_path, more_users=redis_real.MAKER)
    maker = redis_real.client(server, "maker", redis_real.MAKER_PASSWORD)
    ask(maker, "ACL", "SETUSER", "beside", "on", ">x", "+@all", "~*")
    redis_real.earlier_tenant(server, "t_acme", "acmePassw0rd")
    redis_real.client(server, "t_acme", "acmePassw0rd").set("t_acme:1", "kept")
    server.close()
    fresh = {**redis_real.PASSWORDS, "n8n": "another", "provisioner": "another"}
    del fresh["other"]
    again = redis_real.start(tmp_path, fresh)
    acme = redis_real.client(again, "t_acme", "acmePassw0rd")
    assert acme.get("t_acme:1") == "kept"
    with pytest.raises(redis.exceptions.NoPermissionError):
        acme.get("t_other:1")
    assert redis_real.client(again, "n8n", "another").ping() is True
    for gone, password in (("n8n", None), ("other", None), ("beside", "x")):
        with pytest.raises(redis.AuthenticationError):
            redis_real.client(again, gone, password).ping()
    again.close()


def test_who_moves_tenants_may_empty_their_keys_and_no_others(server: RedisProcess) -> None:
    """Taking a tenant away: SCAN and UNLINK of its prefix, then its user. It makes none, and so no larger one."""
    redis_real.earlier_tenant(server, "t_gone", "gonePassw0rd")
    redis_real.client(server, "t_gone", "gonePassw0rd").set("t_gone:1", "x")
    redis_real.client(server, "n8n").set("bull:kept", "x")
    provisioner = redis_real.client(server, "provisioner")
    assert list(provisioner.scan_iter(match="t_gone:*")) == ["t_gone:1"]
    assert provisioner.unlink("t_gone:1") == 1
    assert ask(provisioner, "ACL", "DELUSER", "t_gone") == 1
    for command in (
        *("UNLINK bull:kept", "SET t_gone:1 x", "CONFIG GET *", "FLUSHALL", "PUBLISH t_gone:1 x", "ACL LIST"),
        *("ACL SETUSER t_new on >x +@all ~*", "SHUTDOWN NOSAVE", "RESTORE t_gone:1 0 x", "EVAL return(1) 0"),
    ):
        with pytest.raises(redis.exceptions.NoPermissionError):
            ask(provisioner, *command.split())


ENDLESS = "redis.call('set', KEYS[1], '1') while true do end"


@pytest.mark.parametrize("script", ["while true do end", ENDLESS])
def test_an_operator_ends_what_holds_the_server(tmp_path: Path, script: str) -> None:
    """A service's script that never ends: without its server when it has written nothing, else with it. What others
    wrote is kept, and a second look finds nothing to do.
    """
    server = redis_real.start(tmp_path)
    redis_real.client(server, "chatwoot").set("alfred:kept", "1")
    time.sleep(1.1)  # the log is written to the disk every second
    login = Login(port=server.port, user="operator", password=redis_real.PASSWORDS["operator"])
    assert held_by(login) == ""
    endless = threading.Thread(target=_said, args=(server, script), daemon=True)
    endless.start()
    time.sleep(0.3)
    assert held_by(login)
    if script == ENDLESS:
        with pytest.raises(NotFreed, match="its server was ended"):  # nobody here starts it again, as its host does
            freed_within(login, 2.0)
        server.close()
        server = redis_real.start(tmp_path)
    else:
        assert freed(login) == "the script was ended"
        assert freed(login) == ""
    assert redis_real.client(server, "chatwoot").get("alfred:kept") == "1"
    server.close()


def freed_within(login: Login, seconds: float) -> str:
    """As `freed`, without waiting long for a server that nobody starts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redis_rescue, "ENDED_S", seconds)
        return freed(login)


def _said(server: RedisProcess, script: str) -> None:
    with contextlib.suppress(redis.RedisError):
        redis_real.client(server, "n8n").eval(script, 1, "bull:x")


def test_an_operator_reads_nothing(server: RedisProcess) -> None:
    """Its password ends things; it reads and writes no key, and makes no user."""
    operator = redis_real.client(server, "operator")
    for command in ("GET bull:x", "SCAN 0", "KEYS *", "SET x y", "ACL SETUSER x", "CONFIG GET *", "EVAL return(1) 0"):
        with pytest.raises(redis.exceptions.NoPermissionError):
            ask(operator, *command.split())


def test_a_start_that_is_killed_leaves_the_tenants_users(tmp_path: Path) -> None:
    """Before, while and after the new file is written: the old one is whole until the new one is."""
    kept = "user t_acme on #" + "a" * 64 + " ~t_acme:* resetchannels -@all +get\n"
    data, secrets = tmp_path / "data", tmp_path / "secrets"
    data.mkdir()
    secrets.mkdir()
    (secrets / "users.acl").write_text(users_file(redis_real.PASSWORDS, ACCESS))
    script = (
        START.replace("/data", str(data)).replace("/run/secrets", str(secrets)).replace("exec redis-server", "true")
    )
    steps = script.splitlines()
    for count in range(len(steps) + 1):
        (data / "users.acl").write_text("user old on nopass\n" + kept)
        begun = "\n".join(steps[:count])
        if begun.count("\nif ") == begun.count("\nfi"):
            subprocess.run(["sh", "-c", begun], check=True)
        assert kept in (data / "users.acl").read_text()
    text = (data / "users.acl").read_text()
    assert text == users_file(redis_real.PASSWORDS, ACCESS) + kept
    assert (data / "users.acl").stat().st_mode & 0o777 == 0o600


def test_a_file_of_users_that_can_not_be_read_stops_the_start(tmp_path: Path) -> None:
    """Rather than losing every tenant's user without a word."""
    (tmp_path / "data" / "users.acl").mkdir(parents=True)
    script = START.replace("/data", str(tmp_path / "data")).replace("/run/secrets", str(tmp_path)).replace("-f", "-e")
    (tmp_path / "users.acl").write_text("user default reset off\n")
    assert subprocess.run(["sh", "-c", script], capture_output=True).returncode != 0
