"""Users of a real Redis: each reaches its own prefix alone, off means out, gone means nothing is left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from apps.kind import NotDone
from apps.redis_user import ACL_USER, AclUserInputs
from tests.apps.servers import Server, redis_server

A, B = "a-passw0rd-of-twenty-letters", "b-passw0rd-of-twenty-letters"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with redis_server(tmp_path / "redis") as running:
        yield running


def user(slug: str, password: str, *, enabled: bool = True) -> AclUserInputs:
    """A tenant's user."""
    values = {"name": f"t_{slug}", "password": password, "prefix": f"t_{slug}:", "enabled": enabled}
    return AclUserInputs.model_validate(values)


def made(server: Server, *wanted: AclUserInputs) -> None:
    """These users, on the server."""
    for one in wanted:
        ACL_USER.acts.create(server.config(), one)


def test_each_reaches_its_own_keys_and_channels_and_no_others(server: Server) -> None:
    """`t_acme` against `t_acme_2`, in both directions: read, write, publish, scripts."""
    made(server, user("acme", A), user("acme_2", B))
    acme, other = server.client("t_acme", A), server.client("t_acme_2", B)
    acme.set("t_acme:x", "1")
    other.set("t_acme_2:x", "2")
    assert (acme.get("t_acme:x"), other.get("t_acme_2:x")) == ("1", "2")
    for client, foreign in ((acme, "t_acme_2:x"), (other, "t_acme:x"), (acme, "bull:jobs"), (acme, "t_acme")):
        for words in (
            ("GET", foreign),
            ("SET", foreign, "stolen"),
            ("PUBLISH", foreign, "hello"),
            ("EVAL", "return redis.call('get', KEYS[1])", "1", foreign),
            ("EVAL", "return redis.call('get', ARGV[1])", "0", foreign),
            ("COPY", "t_acme:x", foreign),
            ("SORT", foreign),
        ):
            with pytest.raises(redis.ResponseError, match=r"(?i)NOPERM|permissions|can't access"):
                client.execute_command(*words)


@pytest.mark.parametrize(
    "words",
    ["KEYS *", "SCAN 0", "RANDOMKEY", "DBSIZE", "FLUSHALL", "FLUSHDB", "CONFIG GET *", "ACL LIST", "ACL SETUSER x on",
     "CLIENT LIST", "CLIENT KILL TYPE normal", "MONITOR", "DEBUG SLEEP 0", "SHUTDOWN", "SCRIPT FLUSH", "SELECT 1",
     "SWAPDB 0 1", "SAVE", "SLAVEOF no one", "MODULE LIST", "MIGRATE h 1 k 0 1"],
)  # fmt: skip
def test_what_reaches_beyond_the_prefix_is_refused(server: Server, words: str) -> None:
    """No pattern limits these, so nobody but the provisioner may say them."""
    made(server, user("acme", A))
    with pytest.raises(redis.ResponseError, match=r"(?i)NOPERM|no permissions"):
        server.client("t_acme", A).execute_command(*words.split())


def test_off_means_out_at_once_and_on_again_loses_nothing(server: Server) -> None:
    """The open connection ends, a new one is refused; keys and password are the same afterwards."""
    made(server, user("acme", A))
    client = server.client("t_acme", A)
    client.set("t_acme:x", "1")
    ACL_USER.acts.update(server.config(), "t_acme", user("acme", A), user("acme", A, enabled=False))
    with pytest.raises(redis.RedisError):
        client.get("t_acme:x")
    with pytest.raises(redis.AuthenticationError):
        server.client("t_acme", A).ping()
    ACL_USER.acts.update(server.config(), "t_acme", user("acme", A, enabled=False), user("acme", A))
    assert server.client("t_acme", A).get("t_acme:x") == "1"


def test_removing_one_leaves_nothing_of_it_and_all_of_the_other(server: Server) -> None:
    """User and keys, more than one batch of them; twice is no error."""
    made(server, user("acme", A), user("acme_2", B))
    server.client("t_acme_2", B).set("t_acme_2:x", "2")
    pipe = server.client("t_acme", A).pipeline()
    for number in range(1200):
        pipe.set(f"t_acme:{number}", "1")
    pipe.execute()
    for _ in range(2):
        ACL_USER.acts.delete(server.config(), "t_acme", user("acme", A))
    admin = server.client()
    assert list(admin.scan_iter("t_acme*")) == ["t_acme_2:x"]
    assert "t_acme" not in admin.acl_users()
    assert server.client("t_acme_2", B).get("t_acme_2:x") == "2"


def test_what_somebody_changed_is_seen(server: Server) -> None:
    """Off, another password, another reach, gone: each is a difference; untouched is none."""
    wanted, admin = user("acme", A), server.client()
    made(server, wanted)
    acts = ACL_USER.acts
    assert acts.read(server.config(), "t_acme", wanted) == {"enabled": True}
    admin.execute_command("ACL", "SETUSER", "t_acme", "off", "~*", "resetpass", ">another")
    assert acts.read(server.config(), "t_acme", wanted) == {"enabled": False, "prefix": "", "password": ""}
    admin.execute_command("ACL", "DELUSER", "t_acme")
    assert acts.read(server.config(), "t_acme", wanted) is None


def test_users_survive_a_restart(tmp_path: Path) -> None:
    """They are saved in the ACL file."""
    with redis_server(tmp_path / "redis") as server:
        made(server, user("acme", A))
    with redis_server(tmp_path / "redis") as again:
        assert again.client("t_acme", A).set("t_acme:x", "1")


def test_a_refusal_names_no_password(server: Server) -> None:
    """Who may not make users is told so, without what was sent."""
    made(server, user("acme", A))
    config = {
        "redis": server.config()["redis"].replace("provisioner", "t_acme").replace("an-administrators-passw0rd", A)
    }
    with pytest.raises(NotDone) as refused:
        ACL_USER.acts.create(config, user("x_y", B))
    assert "no permissions" in str(refused.value)
    assert B not in str(refused.value)
