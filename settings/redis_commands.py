"""What a client of Redis may say: one list for the platform's services and for tenants' users.

It means the same to Redis 6.2 and 7.2: no command that only one of them knows.
"""

from __future__ import annotations

__all__ = ["NAMES_OF_KEYS", "OWN_KEYS"]

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
