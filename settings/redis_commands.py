"""What a client of Redis may say: one list for the platform's services and for tenants' users.

It means the same to Redis 6.2 and 7.2: no command that only one of them knows.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["NAMES_OF_KEYS", "OWN_KEYS", "RedisAccess"]

# What clients need on their own keys. Not @read and @write, which hold FUNCTION; nothing that names others' keys or
# clients (SCAN, KEYS, RANDOMKEY, PUBSUB, CLIENT LIST); SORT reads keys that are not its arguments. INFO, which is
# @dangerous, is asked by Bull, Sidekiq and ioredis as they start, for the version and the memory policy. AUTH, HELLO,
# RESET and QUIT need no permission.
OWN_KEYS = (
    "+@string +@list +@hash +@set +@sortedset +@bitmap +@stream +@transaction +@pubsub "
    "+del +unlink +exists +touch +type +expire +expireat +pexpire +pexpireat +persist +ttl +pttl +rename +renamenx "
    "+eval +evalsha +script|load +script|exists "
    "-@dangerous -pubsub "
    "+info +ping +echo +time +select +command "
    "+client|setname +client|getname +client|setinfo +client|id"
)

# For those alone whose vendor's source sends them: patterns of keys don't limit these, so who may send them reads the
# names of all keys in the database, and nobody else's values.
NAMES_OF_KEYS = "+keys +scan"


@dataclass(frozen=True, kw_only=True)
class RedisAccess:
    """The keys and channels of one user, as patterns, and what it may do beyond `OWN_KEYS`, or instead of them.

    Every service that logs in is held to what its vendor's code uses; which line of whose source sends what says
    tests/components/redis_calls.py.
    """

    keys: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    commands: str = OWN_KEYS

    def rules(self) -> str:
        """As a line of the file of users has them, after the name and the password."""
        keys = [f"~{pattern}" for pattern in self.keys]
        channels = [f"&{pattern}" for pattern in self.channels]
        return " ".join(["resetkeys", *keys, "resetchannels", *channels, "-@all", self.commands])
