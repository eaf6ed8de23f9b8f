"""What is at no vendor's: the engine's own, random values, keys, hosts, what the program makes in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping

from policy.known.kind import ANY, HOST_ADDRESS, HOST_COMMAND, Allowed, Default, Kind, Like, Named, Only, Within
from policy.known.names import DATABASE, ROLE

__all__ = ["KINDS"]

_VERSION: Mapping[str, Allowed] = {"version": ANY}
_DEFAULT_PROVIDER = Kind(properties=_VERSION, in_tenants=True)
"""A provider that needs no login: the engine makes it by itself."""
_LONG = Within(20, 200)

KINDS: Mapping[str, Kind] = {
    "pulumi:pulumi:Stack": Kind(properties={}, in_tenants=True),
    "pulumi:providers:random": _DEFAULT_PROVIDER,
    "pulumi:providers:tls": _DEFAULT_PROVIDER,
    "random:index/randomPassword:RandomPassword": Kind(
        properties={
            "length": _LONG,
            "special": ANY,
            "lower": Default(True),
            "upper": Default(True),
            "numeric": Default(True),
            "number": Default(True),
            "minLower": Default(0),
            "minUpper": Default(0),
            "minNumeric": Default(0),
            "minSpecial": Default(0),
        },
        required=("length",),
        in_tenants=True,
    ),
    "tls:index/privateKey:PrivateKey": Kind(
        properties={
            "algorithm": Only("RSA"),
            "rsaBits": Within(2048, 8192),
            "ecdsaCurve": Default("P224"),
        },  # unused by RSA
        required=("algorithm", "rsaBits"),
    ),
    "tls:index/certRequest:CertRequest": Kind(
        properties={
            "privateKeyPem": ANY,  # secrets-not-plain
            "dnsNames[]": ANY,  # names-in-zone
            "subject.commonName": ANY,
            "subject.organization": ANY,
        },
        required=("dnsNames",),
    ),
    "pulumi:providers:docker": Kind(
        properties={"version": ANY, "host": ANY, "sshOpts": ANY},  # ssh-hosts-pinned
        required=("host",),
        in_tenants=True,
    ),
    # The preparation of hosts (hosts/)
    "pulumi:providers:command": Kind(properties=_VERSION),
    "command:remote:Command": Kind(
        properties={
            "connection.host": HOST_ADDRESS,
            "connection.port": Within(1, 65535),
            "connection.user": ANY,
            "connection.hostKey": ANY,  # ssh-hosts-pinned
            "connection.privateKey": ANY,  # secrets-not-plain
            "connection.perDialTimeout": Within(1, 60),
            "connection.dialErrorLimit": Within(0, 20),  # -1 tries for ever
            "create": HOST_COMMAND,
            "update": HOST_COMMAND,
            "triggers[]": ANY,
            "addPreviousOutputInEnv": Only(False),
        },
        required=("create", "connection.host"),
    ),
    # What smos itself makes in PostgreSQL and Redis (provider/)
    "pulumi:providers:smarteros-apps": Kind(
        properties={"version": ANY, "postgres": ANY, "redis": ANY}, in_tenants=True
    ),
    "smarteros-apps:postgres:Migrations": Kind(
        properties={
            "database": Named(DATABASE),
            "role": Named(ROLE),
            "set": Only("knowledge", "guard"),
            "version": Like(r"[0-9]{4}[._][a-z0-9_-]+", "the newest file of a set"),
        },
        required=("database", "role", "set"),
        in_tenants=True,
    ),
    "smarteros-apps:postgres:Sessions": Kind(
        properties={
            "role": Named(ROLE),
            "allowed": ANY,
            "password": ANY,
            "settings": Default(""),
            "database": Default("postgres", "smarteros_guard"),
            "limits": Like(r"(smarteros \{[a-z0-9_\", :.]*\})?", "a tier's limits"),
        },
        required=("role",),
        in_tenants=True,
    ),
}
