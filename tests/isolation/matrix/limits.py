"""Redis and PostgreSQL: a tenant that takes the time, the connections, the memory or the disk of all."""

from __future__ import annotations

from tests.isolation.matrix import Act, Row

__all__ = ["ROWS"]

_LIMITS, _LIFE, _USERS = "isolation/test_limits.py", "integration/test_tenant_life.py", "components/test_redis_users.py"


def _stops(service: str, victim: str, attempt: str, stopped_by: str, test: str, act: Act = "stop") -> Row:
    return Row(
        attacker="tenant", victim=victim, service=service, act=act, attempt=attempt, stopped_by=stopped_by, test=test
    )


_HELD = f"{_LIFE}::test_a_tenant_that_holds_its_redis_holds_nobody_elses_and_is_suspended_all_the_same"
ROWS = (
    _stops("Redis", "platform, every tenant", "a script without an end, after a write", "a Redis of its own", _HELD),
    _stops("Redis", "operators", "the same, while it is suspended", "the container is another one", _HELD, "outlive"),
    Row(
        attacker="service",
        victim="platform",
        service="Redis",
        act="stop",
        attempt="a script without an end on the platform's Redis",
        stopped_by="the user operator: SCRIPT KILL, SHUTDOWN NOSAVE",
        test=f"{_USERS}::test_an_operator_ends_what_holds_the_server",
    ),
    *(
        _stops("PostgreSQL", "every tenant", attempt, "the guard", f"{_LIMITS}::{test}")
        for attempt, test in (
            ("a statement without an end, every limit lifted", "test_a_statement_without_an_end_is_ended"),
            ("a transaction that does nothing, with a lock", "test_a_transaction_that_does_nothing_is_ended"),
            ("a long transaction", "test_a_transaction_of_many_short_statements_is_ended"),
            ("a thousand connections", "test_a_thousand_connections_are_as_many_as_it_may_have"),
            ("a session in a shared database", "test_a_session_in_a_database_of_everybodys_is_ended"),
            ("the disk filled over its quota", "test_who_fills_the_disk_is_warned_and_then_closed"),
        )
    ),
    _stops(
        "PostgreSQL",
        "guard",
        "its limits changed, the guard's session ended, its functions called",
        "the comment and the functions are the provisioner's",
        f"{_LIMITS}::test_the_guard_outlives_what_everybody_may_do_to_it",
        "change",
    ),
    Row(
        attacker="guard's login",
        victim="every tenant",
        service="PostgreSQL",
        act="read",
        attempt="a tenant's database, a statement's text, a service's session",
        stopped_by="two functions are all that it may call",
        test=f"{_LIMITS}::test_the_guards_own_login_reaches_no_tenants_data",
    ),
)
