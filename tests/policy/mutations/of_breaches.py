"""What the pack once let through: a table of its own, so that it never does again."""

from __future__ import annotations

from tests.policy.mutations.mutation import Mutation, added, changed
from tests.policy.mutations.of_vault import opens

__all__ = ["MUTATIONS"]

GROUP = {"resourceGroupName": "rg-smarteros-prod"}
ACCOUNT = {"accountId": "fedcba9876543210fedcba9876543210"}
ZONE = {"zoneId": "0123456789abcdef0123456789abcdef"}

MUTATIONS: list[Mutation] = [
    *changed("tenant", "database-provisioned", {"grantRole": "t_other"}),
    *changed("tenant", "vault-role", {"tokenPolicies": ["provisioner", "tenant-other"]}),
    *changed("prod", "redis-data", {"driverOpts": {"type": "none", "o": "bind", "device": "/"}}),
    *changed(
        "prod",
        "redis-container",
        {"mounts": [{"type": "BIND", "source": "/", "target": "/host"}]},
        {"image": "redis:latest"},
        {"cgroupnsMode": "host"},
        {"groupAdds": ["docker"]},
        {"runtime": "runc-unconfined"},
        {"sysctls": {"net.ipv4.ip_forward": "1"}},
        {"securityOpts[+]": "seccomp=/etc/own.json"},
        {"securityOpts[+]": 'seccomp={"defaultAction": "SCMP_ACT_ALLOW"}'},
        {"networksAdvanced": [], "networkMode": "bridge"},
        {"networksAdvanced[+]": {"name": "bridge"}},
        {"envs[+]": "DB_PASS=geheim"},
        {"envs[+]": "URL=https://example.com/?password=geheim"},
        {"command": ["mysql", "-p", "geheim"]},
        {"command": ["sh", "-c", "PGPASSWORD=geheim psql"]},
        {"labels[+]": {"label": "smarteros.password", "value": "geheim"}},
    ),
    *changed(
        "prod",
        "metabase-secrets-loader",
        {"uploads[+]": {"file": "/run/secrets/app.conf", "content": "password=geheim", "permissions": "0400"}},
    ),
    *(
        opens("access", "access-policy", path, *able)
        for path, able in (
            ("auth/approle/role/+/secret-id", ("update",)),
            ("sys/generate-root/*", ("update",)),
            ("sys/storage/raft/snapshot", ("read",)),
            ("sys/storage/raft/snapshot-force", ("update",)),
            ("sys/audit/*", ("update", "delete")),
            ("transit/sign/tenant-*", ("update",)),
        )
    ),
    *added("prod", "azure-group", "azure-native:authorization:RoleDefinition", {"permissions": [{"actions": ["*"]}]}),
    *added(
        "prod", "azure-group", "azure-native:storage:StorageAccountStaticWebsite", {**GROUP, "indexDocument": "i.html"}
    ),
    *changed("prod", "storage-account", {"isSftpEnabled": True}, {"isLocalUserEnabled": True}),
    *added("prod", "azure-group", "azure-native:storage:LocalUser", {**GROUP, "hasSharedKey": True}),
    *changed(
        "prod",
        "postgres-azure-host",
        {"startIpAddress": "1.0.0.0", "endIpAddress": "223.255.255.255"},
        {"startIpAddress": "203.0.0.0", "endIpAddress": "203.255.255.255"},
    ),
    *added(
        "prod",
        "azure-group",
        "azure-native:network:SecurityRule",
        {
            **GROUP,
            "direction": "Inbound",
            "access": "Allow",
            "protocol": "Tcp",
            "destinationPortRange": "5432",
            "sourceAddressPrefixes": [f"{first}.0.0.0/8" for first in range(1, 224)],
        },
    ),
    *added(
        "prod",
        "azure-group",
        "azure-native:dbforpostgresql:Server",
        {
            **GROUP,
            "serverName": "psql-open",
            "network": {"publicNetworkAccess": "Enabled"},
            "tags": {"system": "smarteros", "managed-by": "pulumi", "environment": "prod"},
        },
    ),
    *added("prod", "azure-group", "azure-native:app:Job", {**GROUP, "jobName": "x"}),
    *added(
        "prod",
        "n8n-name",
        "cloudflare:index/dnsRecord:DnsRecord",
        {**ZONE, "name": "x.smarterbot.cl", "type": "NS", "content": "ns.evil.example", "ttl": 1.0},
    ),
    *added("prod", "n8n-name", "cloudflare:index/workersRoute:WorkersRoute", {**ZONE, "pattern": "*", "script": "x"}),
    *added("prod", "n8n-name", "cloudflare:index/workersScript:WorkersScript", {**ACCOUNT, "scriptName": "x"}),
    *added(
        "prod",
        "n8n-name",
        "cloudflare:index/ruleset:Ruleset",
        {**ZONE, "rules": [{"action": "set_config", "actionParameters": {"ssl": "off"}}]},
    ),
    *added(
        "backup",
        "storage-backups",
        "cloudflare:index/r2ManagedDomain:R2ManagedDomain",
        {**ACCOUNT, "bucketName": "x", "enabled": True},
    ),
    *added(
        "backup",
        "storage-backups",
        "cloudflare:index/r2CustomDomain:R2CustomDomain",
        {**ACCOUNT, "bucketName": "x", "enabled": True},
    ),
]
