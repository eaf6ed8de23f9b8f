"""Tenants of before, who have not been moved to a Redis of their own yet, against each other and against the
platform's services, on the Redis that prod declares, as a real one.

tests/isolation/test_own_redis.py has those that were moved; tests/components/test_redis_users.py what services may.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from sandbox.redis.server.process import RedisProcess
from tenants.names import TenantNames
from tests.components import redis_real
from tests.components.redis_real import PASSWORDS, ask, ears

SLUGS = ("acme", "acme-2", "acme-20", "algorithmics")
PAIRS = tuple(permutations(SLUGS, 2))
SERVICES = ("n8n", "chatwoot", "botpress", "mcp", "other")
SERVICES_KEYS = ("bull:jobs:1", "queue:default", "alfred:x", "botpress/x", "mcpgw:x", "other:x", "stat:processed")
REFUSED = r"(?i)NOPERM|permission|can't access"


def word(slug: str) -> str:
    """A tenant's password."""
    return f"Passw0rd-of-twenty-letters-{slug}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    """With the users of services, and of tenants as they were made; each tenant has a key of each type."""
    found = redis_real.start(tmp_path_factory.mktemp("redis"), more_users=redis_real.MAKER)
    try:
        for slug in SLUGS:
            names = TenantNames(slug)
            redis_real.earlier_tenant(found, names.redis_user, word(slug))
            own, at = tenant(found, slug), names.redis_prefix
            own.set(f"{at}text", f"canary-of-{slug}")
            own.rpush(f"{at}list", "1")
            own.hset(f"{at}hash", "a", "1")
            own.sadd(f"{at}set", "1")
            own.zadd(f"{at}sorted", {"1": 1})
            own.xadd(f"{at}stream", {"a": "1"})
        yield found
    finally:
        found.close()


def tenant(server: RedisProcess, slug: str) -> redis.Redis:
    """A connection of a tenant."""
    return redis_real.client(server, TenantNames(slug).redis_user, word(slug))


COMMANDS = """
GET {o}text|GETSET {o}text x|GETDEL {o}text|GETEX {o}text|SETRANGE {o}text 0 x|APPEND {o}text x|STRLEN {o}text
MGET {m}text {o}text|MSET {m}x 1 {o}text 2|MSETNX {m}y 1 {o}z 2|INCR {o}n|BITOP OR {m}b {o}text|BITOP OR {o}b {m}text
BITCOUNT {o}text|GETBIT {o}text 1|SETBIT {o}text 1 1|BITFIELD {o}text GET u8 0|LCS {o}text {m}text|PFCOUNT {o}hll
PFADD {o}hll 1|PFMERGE {m}hll {o}hll
DEL {o}text|UNLINK {o}text|EXISTS {o}text|EXISTS {m}text {o}text|TOUCH {o}text|TYPE {o}text|EXPIRE {o}text 1|TTL {o}text
PERSIST {o}text|RENAME {o}text {m}stolen|RENAME {m}text {o}text|RENAMENX {m}text {o}new|COPY {o}text {m}stolen
COPY {m}text {o}text|MOVE {o}text 1|DUMP {o}text|RESTORE {o}new 0 x|SORT {m}list BY {o}* GET {o}*|SORT {o}list
OBJECT ENCODING {o}text|OBJECT FREQ {o}text|OBJECT IDLETIME {o}text|MEMORY USAGE {o}text|DEBUG OBJECT {o}text
LRANGE {o}list 0 -1|LPUSH {o}list x|RPOPLPUSH {o}list {m}list|RPOPLPUSH {m}list {o}list|LMOVE {o}list {m}list LEFT LEFT
BLPOP {o}list 1|BLPOP {m}empty {o}list 1|BRPOPLPUSH {o}list {m}list 1|BLMOVE {o}list {m}list LEFT LEFT 1|LPOS {o}list 1
HGETALL {o}hash|HSET {o}hash a 2|HSCAN {o}hash 0|HRANDFIELD {o}hash
SMEMBERS {o}set|SADD {o}set x|SSCAN {o}set 0|SUNION {m}set {o}set|SINTERSTORE {m}s {o}set|SDIFFSTORE {o}s {m}set
SMOVE {o}set {m}set 1|SRANDMEMBER {o}set|SPOP {o}set
ZRANGE {o}sorted 0 -1|ZADD {o}sorted 2 x|ZSCAN {o}sorted 0|ZUNIONSTORE {m}z 2 {m}sorted {o}sorted|BZPOPMIN {o}sorted 1
ZRANGESTORE {m}z {o}sorted 0 -1|ZINTER 2 {m}sorted {o}sorted|GEOSEARCHSTORE {m}g {o}g FROMMEMBER a BYRADIUS 1 m
GEORADIUS {m}g 0 0 1 m STORE {o}g|GEOADD {o}g 1 1 a
XREAD STREAMS {o}stream 0|XREAD BLOCK 1 STREAMS {m}stream {o}stream 0 0|XADD {o}stream * a 1|XRANGE {o}stream - +
XGROUP CREATE {o}stream g 0|XREADGROUP GROUP g c STREAMS {o}stream >|XINFO STREAM {o}stream|XTRIM {o}stream MAXLEN 0
WATCH {o}text|PUBLISH {o}events x|SUBSCRIBE {o}events|PSUBSCRIBE {o}*|PSUBSCRIBE *|PSUBSCRIBE t_*|PSUBSCRIBE {m}*[a-z]
PUBSUB CHANNELS|PUBSUB NUMSUB {o}events|PUBSUB NUMPAT
EVAL return(redis.call('get','{o}text')) 0|EVAL return(redis.call('get',KEYS[1])) 1 {o}text
EVAL return(redis.pcall('set',KEYS[1],'x')) 1 {o}text|EVAL return(redis.call('publish','{o}events','x')) 0
EVAL return(redis.call('keys','*')) 0|EVAL return(redis.call('config','get','*')) 0
EVAL return(redis.call('select',1)) 0|EVAL return(redis.call('scan','0')) 0
KEYS {o}*|SCAN 0 MATCH {o}*|RANDOMKEY|DBSIZE|SELECT 1|SWAPDB 0 1|FLUSHDB|FLUSHALL
ACL WHOAMI|ACL LIST|ACL GETUSER {u}|ACL SETUSER {u} on|ACL SETUSER {me} allkeys|ACL DELUSER {u}|ACL LOG|ACL SAVE
CLIENT LIST|CLIENT KILL USER {u}|CLIENT NO-EVICT on|CLIENT PAUSE 1|CLIENT TRACKING on BCAST|CLIENT UNBLOCK 1
CLIENT REPLY off|MONITOR|SLOWLOG GET|LATENCY LATEST|CONFIG GET *|CONFIG SET maxmemory 1|DEBUG JMAP|SHUTDOWN NOSAVE
SAVE|BGSAVE|BGREWRITEAOF|LASTSAVE|REPLICAOF 127.0.0.1 1|PSYNC ? -1|SYNC|MODULE LOAD /x|MODULE LIST|ROLE|WAIT 1 1
SCRIPT FLUSH|SCRIPT KILL|SCRIPT DEBUG yes|MIGRATE 127.0.0.1 1 {o}text 0 1|CLUSTER INFO|FAILOVER|MEMORY STATS
MEMORY DOCTOR|MEMORY PURGE|OBJECT HELP {o}text
"""
UNKNOWN_HERE = {"LCS"}
"""Of Redis 7: the sandbox's 6.2 does not know it."""


def lines(mine: str, other: str) -> Iterator[list[str]]:
    """Every command, word by word, with the other's keys."""
    me, them = TenantNames(mine), TenantNames(other)
    places = {"m": me.redis_prefix, "o": them.redis_prefix, "u": them.redis_user, "me": me.redis_user}
    for command in COMMANDS.replace("\n", "|").strip("|").split("|"):
        yield command.format(**places).split()


def content(server: RedisProcess) -> Any:
    """All that is there, as an administrator would see it; who may: nobody of the platform's users, so key by key."""
    found = {}
    for slug in SLUGS:
        own, at = tenant(server, slug), TenantNames(slug).redis_prefix
        found[slug] = [
            own.get(f"{at}text"),
            own.lrange(f"{at}list", 0, -1),
            own.hgetall(f"{at}hash"),
            own.smembers(f"{at}set"),
            own.zrange(f"{at}sorted", 0, -1, withscores=True),
            own.xlen(f"{at}stream"),
            own.ttl(f"{at}text"),
        ]
    return found


@pytest.mark.parametrize(("mine", "other"), PAIRS)
def test_every_command_on_anothers_keys_is_refused(server: RedisProcess, mine: str, other: str) -> None:
    """Also where one of several keys is the other's, in scripts, blocking, and what needs no key; nothing changes."""
    before, client = content(server), tenant(server, mine)
    for words in lines(mine, other):
        with pytest.raises(redis.ResponseError) as refused:
            ask(client, *words)
        said = str(refused.value)
        if words[0] not in UNKNOWN_HERE:
            assert any(
                part in said.lower()
                for part in (
                    "noperm",
                    "permission",
                    "can't access",
                    "can't publish",
                    "the user executing",
                    "not allowed",
                )
            ), (words, said)
    assert content(server) == before


@pytest.mark.parametrize(("mine", "other"), PAIRS)
def test_a_transaction_with_anothers_key_is_none(server: RedisProcess, mine: str, other: str) -> None:
    """A refused command makes EXEC give up all of it; a pipeline without one does its own part alone."""
    me, them = TenantNames(mine).redis_prefix, TenantNames(other).redis_prefix
    before = content(server)
    client: Any = tenant(server, mine)
    with pytest.raises(redis.RedisError):
        client.pipeline(transaction=True).set(f"{me}new", "1").get(f"{them}text").execute()
    assert client.get(f"{me}new") is None
    done = client.pipeline(transaction=False).set(f"{me}new", "1").get(f"{them}text").execute(raise_on_error=False)
    assert done[0] is True
    assert isinstance(done[1], redis.ResponseError)
    client.delete(f"{me}new")
    assert content(server) == before


@pytest.mark.parametrize(("mine", "other"), PAIRS)
def test_a_script_that_was_loaded_by_one_has_the_rights_of_who_calls_it(
    server: RedisProcess, mine: str, other: str
) -> None:
    """Scripts are everybody's by their digest; keys are not."""
    digest = ask(tenant(server, other), "SCRIPT", "LOAD", "return redis.call('get', KEYS[1])")
    client = tenant(server, mine)
    assert ask(client, "EVALSHA", digest, "1", f"{TenantNames(mine).redis_prefix}text") == f"canary-of-{mine}"
    with pytest.raises(redis.ResponseError, match=REFUSED):
        ask(client, "EVALSHA", digest, "1", f"{TenantNames(other).redis_prefix}text")


def test_what_one_says_on_its_channels_no_other_hears(server: RedisProcess) -> None:
    """Each listens to all that it may."""
    listeners = {}
    for slug in SLUGS:
        listeners[slug] = ears(tenant(server, slug))
        listeners[slug].psubscribe(f"{TenantNames(slug).redis_prefix}*")
        assert listeners[slug].get_message(timeout=2)["type"] == "psubscribe"
    for slug in SLUGS:
        assert tenant(server, slug).publish(f"{TenantNames(slug).redis_prefix}events", slug) == 1
    for slug, listener in listeners.items():
        assert listener.get_message(timeout=2)["data"] == slug
        assert listener.get_message(timeout=0.1) is None
        listener.close()


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("slug", SLUGS)
def test_services_and_tenants_reach_nothing_of_each_other(server: RedisProcess, service: str, slug: str) -> None:
    """In both directions: keys and channels. Nor does one log in with the other's password."""
    at = TenantNames(slug).redis_prefix
    theirs = redis_real.client(server, service)
    for words in (f"GET {at}text", f"SET {at}text x", f"DEL {at}text", f"PUBLISH {at}x y", f"PSUBSCRIBE {at}*"):
        with pytest.raises(redis.ResponseError, match=REFUSED):
            ask(theirs, *words.split())
    for key in SERVICES_KEYS:
        for words in (f"GET {key}", f"SET {key} x", f"PUBLISH {key} x", f"PSUBSCRIBE {key}*"):
            with pytest.raises(redis.ResponseError, match=REFUSED):
                ask(tenant(server, slug), *words.split())
    for user, wrong in ((service, word(slug)), (TenantNames(slug).redis_user, PASSWORDS[service]), ("default", "")):
        once = Retry(NoBackoff(), 0)
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=server.port, username=user, password=wrong or "x", retry=once).ping()


@pytest.mark.parametrize("key", SERVICES_KEYS)
def test_the_provisioner_reads_no_services_keys(server: RedisProcess, key: str) -> None:
    """It removes users below `t_`, and keeps their keys: its rights end there."""
    with pytest.raises(redis.ResponseError, match=REFUSED):
        ask(redis_real.client(server, "provisioner"), "DUMP", key)


def test_what_info_tells_everybody(server: RedisProcess) -> None:
    """Counts of the whole server, which clients of queues ask for: no name of a key, a user or a channel."""
    report = str(ask(tenant(server, "acme"), "INFO", "all"))
    for slug in SLUGS[1:]:
        assert TenantNames(slug).redis_user not in report
    assert "canary" not in report
