"""How a remote command reaches a simulated host: the host that exists, its key, and who may log in.

No connection is made: the record `sandbox:host` says what the host would answer, in the words of Go's SSH client. The
provider reads nothing of the connection before it runs something: its rules are of the phase "create".
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import replace

from sandbox.command.keys import BadKey, algorithm, authorized_key, public_half
from sandbox.core.records import Cloud, Record
from sandbox.core.rules import ExactlyOne, Forbidden, Must, NeedsInCloud, Rule, When
from sandbox.core.values import Props, Value, contains_unknown, lookup
from sandbox.scene import HOST

__all__ = ["CONNECTION_GO", "connection_rules", "host_of", "is_prepared", "user_of"]

CONNECTION_GO = "https://github.com/pulumi/pulumi-command/blob/v1.2.1/provider/pkg/provider/remote/connection.go"
GO_SSH = "https://pkg.go.dev/golang.org/x/crypto/ssh"
_NANOSECONDS, _INT64 = 10**9, 2**64
_SHA1_ALONE = frozenset(("ssh-rsa", "ssh-dss"))
"""Keys for which the provider asks for their own name as the algorithm, which OpenSSH has not offered since 8.8."""


def _connection(inputs: Props) -> Props:
    found = inputs.get("connection")
    return found if isinstance(found, dict) else {}


def _port(inputs: Props) -> int:
    port = _connection(inputs).get("port")
    return 22 if port is None else int(port)  # Dial: a fraction is cut off


def user_of(inputs: Props) -> str:
    """Who logs in: root where nobody is named; an empty name is one."""
    user = _connection(inputs).get("user")
    return "root" if user is None else str(user)


def _address(host: object) -> str:
    """One spelling of an address or a name: what stands between brackets, and IPv4 in IPv6, are IPv4 to Go's net."""
    text = str(host)
    if text.startswith("[") and text.endswith("]") and ":" not in text:
        text = text[1:-1]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text.lower().removesuffix(".")
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def host_of(inputs: Props, cloud: Cloud) -> Record | None:
    """The simulated host that the connection leads to."""
    address, port = _address(_connection(inputs).get("host")), _port(inputs)
    for record in cloud.find(HOST):
        if _address(record.inputs.get("address")) == address and int(record.inputs.get("port", 22)) == port:
            return record
    return None


def is_prepared(host: Record) -> bool:
    """Whether Docker was installed there, and the user of the deployments made."""
    return bool(host.outputs.get("docker"))


def _unreadable(value: Value, props: Props) -> bool | str:
    passphrase = lookup(props, "connection.privateKeyPassword")
    if contains_unknown(passphrase):
        return True
    try:
        public_half(str(value), passphrase if isinstance(passphrase, str) else None)
    except BadKey as fault:
        return str(fault)
    return True


def _attempts(inputs: Props) -> str:
    limit = lookup(inputs, "connection.dialErrorLimit")
    return f"after {int(limit) if isinstance(limit, (int, float)) else 10} failed attempts: "


def _unreachable(inputs: Props, cloud: Cloud, _: Props) -> str | None:
    if host_of(inputs, cloud) is not None:
        return None
    address = f"{_connection(inputs).get('host')}:{_port(inputs)}"
    return f"{_attempts(inputs)}dial tcp {address}: connect: connection refused"


def _another_key(inputs: Props, cloud: Cloud, _: Props) -> str | None:
    record, text = host_of(inputs, cloud), lookup(inputs, "connection.hostKey")
    wanted = authorized_key(text) if isinstance(text, str) else None
    if record is None or wanted is None:
        return None
    if algorithm(wanted) in _SHA1_ALONE:
        offered = algorithm(wanted)
        return (
            f"{_attempts(inputs)}ssh: handshake failed: ssh: no common algorithm for host key; we offered: [{offered}]"
        )
    own = record.inputs.get("hostKey")
    if own is None or authorized_key(str(own)) == wanted:
        return None
    return f"{_attempts(inputs)}ssh: handshake failed: ssh: host key mismatch"


def _not_let_in(inputs: Props, cloud: Cloud, _: Props) -> str | None:
    record, connection = host_of(inputs, cloud), _connection(inputs)
    if record is None:
        return None  # the rule on connection.host says it
    try:
        own = public_half(str(connection.get("privateKey", "")), connection.get("privateKeyPassword"))
    except BadKey:
        return None  # the rules on the connection say it
    user = user_of(inputs)
    first = str(record.inputs.get("bootstrapUser", "root"))
    known = user == first or (user == record.inputs.get("user") and is_prepared(record))
    if known and own in [authorized_key(str(key)) for key in record.inputs.get("authorizedKeys") or []]:
        return None
    return (
        f"{_attempts(inputs)}ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey], "
        "no supported methods remain"
    )


def _in_time(value: Value, _: Props) -> bool:
    """Dial counts in nanoseconds of 64 bits: what is too much for them is negative, or begins anew."""
    half = _INT64 // 2
    return (int(value) * _NANOSECONDS + half) % _INT64 - half >= 0


def connection_rules(when: When) -> tuple[Rule, ...]:
    """What is asked of a connection as soon as something is run over it, that is `when`."""
    return (
        *(replace(rule, phase="create", when=when) for rule in _OF_INPUTS),
        Forbidden(path="connection.agentSocketPath", says="is not simulated: give privateKey", source=CONNECTION_GO),
        *_rules_of_hosts(when),
    )


_OF_INPUTS: tuple[Rule, ...] = (
    Must(
        path="connection.port",
        test=lambda value, _: 1 <= int(value) <= 65535,
        says="must be a port, 1 to 65535",
        source=CONNECTION_GO,
    ),
    ExactlyOne(
        path="connection",
        fields=("privateKey",),
        says="needs privateKey (passwords, agents and proxies are not simulated: a prepared host takes keys alone)",
        source=CONNECTION_GO,
    ),
    Must(
        path="connection.privateKey",
        test=_unreadable,
        says="must be a private key in OpenSSH or PEM form (privateKeyPassword: only when it is encrypted)",
        source=CONNECTION_GO,
    ),
    Must(
        path="connection.hostKey",
        test=lambda value, _: authorized_key(str(value)) is not None,
        says="must be a public key line such as ssh-ed25519 AAAA…",
        code="failed to parse host key: ssh: no key found",
        source=CONNECTION_GO,
    ),
    Must(
        path="connection.perDialTimeout",
        test=_in_time,
        says="i/o timeout: must be 0 (no limit) or more, and at most 9223372036 seconds (64 bits of nanoseconds)",
        source=CONNECTION_GO,
    ),
)


def _rules_of_hosts(when: When) -> tuple[Rule, ...]:
    tests: tuple[tuple[str, Callable[[Props, Cloud, Props], str | None], str, str], ...] = (
        ("connection.host", _unreachable, "no simulated host has this address and port", GO_SSH),
        (
            "connection.hostKey",
            _another_key,
            "the host shows another key than the one that is pinned (one of RSA can't be pinned: the provider asks for "
            "SHA-1 alone)",
            f"{GO_SSH}#FixedHostKey",
        ),
        (
            "connection.privateKey",
            _not_let_in,
            "the key is not among the user's authorised keys (the deploy user exists once the host is prepared)",
            GO_SSH,
        ),
    )
    return tuple(
        NeedsInCloud(path=path, test=test, says=says, source=source, phase="create", when=when)
        for path, test, says, source in tests
    )
