"""How a remote command reaches a simulated host: the host that exists, its key, and who may log in.

No connection is made: the record `sandbox:host` says what the host would answer, in the words of Go's SSH client.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sandbox.core.records import Cloud, Record
from sandbox.core.rules import ExactlyOne, Forbidden, Must, NeedsInCloud, Rule
from sandbox.core.values import UNKNOWN, Props, Value, contains_unknown, lookup
from sandbox.scene import HOST

__all__ = ["CONNECTION_GO", "RULES", "host_of", "reachable"]

CONNECTION_GO = "https://github.com/pulumi/pulumi-command/blob/master/provider/pkg/provider/remote/connection.go"
GO_SSH = "https://pkg.go.dev/golang.org/x/crypto/ssh"


def _public_line(key: str, password: str | None) -> str | None:
    """The public half of a private key, as authorized_keys has it; None when it can't be read."""
    if "-----BEGIN ENCRYPTED PRIVATE KEY-----" in key or password == "":
        return None  # golang.org/x/crypto/ssh decrypts OpenSSH's and OpenSSL's own form, and no PKCS #8
    begin = re.search(r"^-----BEGIN ", key, re.MULTILINE)
    if begin is None:
        return None  # encoding/pem: a block begins at the beginning of a line, and what is before it is left out
    key = key[begin.start() :]
    secret = password.encode() if password else None
    for load in (serialization.load_ssh_private_key, serialization.load_pem_private_key):
        try:
            found = load(key.encode(), secret)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            continue
        public = found.public_key()
        try:
            return public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
        except (ValueError, TypeError, AttributeError, UnsupportedAlgorithm):
            return None
    return None


def _readable(value: Value, props: Props) -> bool:
    password = lookup(props, "connection.privateKeyPassword")
    if password is UNKNOWN:
        return True
    return _public_line(str(value), password if isinstance(password, str) else None) is not None


_OPTIONS = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^\s"])+[ \t]+')


def _words_of_key(text: str) -> list[str] | None:
    """Kind and content of the first key, as ssh.ParseAuthorizedKey finds it: comments are left out, and what stands
    before the kind is taken for options, in which blanks stand between quotes (so that a line of known_hosts is one
    too).
    """
    for line in (one.partition("\r")[0].strip() for one in text.split("\n")):
        if not line or line.startswith("#"):
            continue
        options = _OPTIONS.match(line)
        for rest in (line, line[options.end() :] if options else ""):
            words = rest.split()[:2]
            try:
                serialization.load_ssh_public_key(" ".join(words).encode())
            except (ValueError, UnsupportedAlgorithm):
                continue
            return words
    return None


def _host_key(value: Value, _: Props) -> bool:
    return _words_of_key(str(value)) is not None


def host_of(inputs: Props, cloud: Cloud) -> Record | None:
    """The simulated host that the connection leads to."""
    connection = inputs.get("connection") or {}
    port = int(connection.get("port", 22))
    for record in cloud.find(HOST):
        if record.inputs.get("address") == connection.get("host") and int(record.inputs.get("port", 22)) == port:
            return record
    return None


def _attempts(inputs: Props) -> str:
    limit = lookup(inputs, "connection.dialErrorLimit")
    return f"after {int(limit) if isinstance(limit, (int, float)) else 10} failed attempts: "


def _unreachable(inputs: Props, cloud: Cloud, _: Props) -> str | None:
    if host_of(inputs, cloud) is not None:
        return None
    connection = inputs.get("connection") or {}
    address = f"{connection.get('host')}:{int(connection.get('port', 22))}"
    return f"{_attempts(inputs)}dial tcp {address}: connect: connection refused"


def _another_key(inputs: Props, cloud: Cloud, _: Props) -> str | None:
    record, wanted = host_of(inputs, cloud), lookup(inputs, "connection.hostKey")
    if record is None or not isinstance(wanted, str) or not _host_key(wanted, inputs):
        return None
    same = _words_of_key(str(record.inputs.get("hostKey", wanted))) == _words_of_key(wanted)
    return None if same else f"{_attempts(inputs)}ssh: handshake failed: ssh: host key mismatch"


def _not_let_in(inputs: Props, cloud: Cloud, _: Props) -> str | None:
    record = host_of(inputs, cloud)
    if record is None:
        return None  # the rule on connection.host says it
    connection = inputs.get("connection") or {}
    user = str(connection.get("user", "root"))
    first = str(record.inputs.get("bootstrapUser", "root"))
    prepared = bool(record.outputs.get("docker"))
    line = _public_line(str(connection.get("privateKey", "")), connection.get("privateKeyPassword"))
    if line is None:
        return None  # the rules on the connection say it
    keys = [str(key).split()[:2] for key in record.inputs.get("authorizedKeys") or []]
    known = user == first or (user == record.inputs.get("user") and prepared)
    if known and line.split()[:2] in keys:
        return None
    return (
        f"{_attempts(inputs)}ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey], "
        "no supported methods remain"
    )


def reachable(inputs: Props, cloud: Cloud) -> str | None:
    """None, or the first reason why a command would not run there."""
    if contains_unknown(inputs.get("connection")):
        return None
    tests: tuple[Callable[[Props, Cloud, Props], str | None], ...] = (_unreachable, _another_key, _not_let_in)
    return next((reason for test in tests if (reason := test(inputs, cloud, {})) is not None), None)


RULES: tuple[Rule, ...] = (
    Must(
        path="connection.port",
        test=lambda value, _: 1 <= int(value) <= 65535,  # Dial: a fraction is cut off
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
        test=_readable,
        says="must be a private key in OpenSSH or PEM form (with privateKeyPassword when it is encrypted)",
        code="ssh: no key found",
        source=CONNECTION_GO,
    ),
    Must(
        path="connection.hostKey",
        test=_host_key,
        says="must be a public key line such as ssh-ed25519 AAAA…",
        code="failed to parse host key: ssh: no key found",
        source=CONNECTION_GO,
    ),
    Must(
        path="connection.dialErrorLimit",
        test=lambda value, _: value >= -1,
        says="must be -1 (no limit) or more",
        source=CONNECTION_GO,
    ),
    Must(
        path="connection.perDialTimeout",
        test=lambda value, _: value >= 0,
        says="must be 0 (no limit) or more",
        source=CONNECTION_GO,
    ),
    Forbidden(
        path="connection.agentSocketPath",
        says="is not simulated: give privateKey",
        source=CONNECTION_GO,
    ),
    NeedsInCloud(
        path="connection.host",
        test=_unreachable,
        says="no simulated host has this address and port",
        source=GO_SSH,
    ),
    NeedsInCloud(
        path="connection.hostKey",
        test=_another_key,
        says="the host shows another key than the one that is pinned",
        source=f"{GO_SSH}#FixedHostKey",
    ),
    NeedsInCloud(
        path="connection.privateKey",
        test=_not_let_in,
        says="the key is not among the user's authorised keys (the deploy user exists once the host is prepared)",
        source=GO_SSH,
    ),
)
