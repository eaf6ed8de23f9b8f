"""Changes to the inside of Vault, from its documentation of paths, engines and logins."""

from __future__ import annotations

import json

from tests.policy.mutations.mutation import GONE, Mutation, added, changed
from tests.policy.real_stacks import stack_of

__all__ = ["MUTATIONS", "opens"]


def opens(stack: str, resource: str, path: str, *capabilities: str) -> Mutation:
    """A policy with one more path."""
    (found,) = (one for one in stack_of(stack).resources if one.name == resource)
    more = f'path "{path}" {{\n  capabilities = {json.dumps(capabilities or ("update",))}\n}}\n'
    return Mutation(stack=stack, resource=resource, changes={"policy": f"{found.inputs['policy']}{more}"})


def _replaced(resource: str, old: str, new: str) -> Mutation:
    (found,) = (one for one in stack_of("access").resources if one.name == resource)
    assert old in found.inputs["policy"], old
    return Mutation(stack="access", resource=resource, changes={"policy": found.inputs["policy"].replace(old, new, 1)})


_PATHS = (
    *("sys/seal", "sys/step-down", "sys/rotate", "sys/rekey/init", "sys/rekey-recovery-key/init", "sys/remount"),
    *(
        "sys/leases/revoke-prefix/kv-",
        "sys/plugins/catalog/secret/x",
        "sys/storage/raft/remove-peer",
        "sys/config/cors",
    ),
    *(
        "sys/config/ui/headers/x",
        "sys/quotas/rate-limit/x",
        "sys/capabilities",
        "sys/wrapping/unwrap",
        "sys/namespaces/x",
    ),
    *(
        "sys/config/auditing/request-headers/x",
        "sys/license",
        "sys/loggers",
        "sys/mounts-auth/x",
        "sys/mounts/platform",
    ),
    *("sys/mounts/transit/tune", "sys/replication/primary/enable", "sys/managed-keys/pkcs11/x", "sys/host-info"),
    *("auth/userpass/users/evil", "auth/approle/tidy/secret-id", "auth/approle/role/provisioner", "auth/token/roles/x"),
    *("auth/approle/role/states/secret-id", "auth/approle/role/+/role-id", "auth/+/role/provisioner/secret-id"),
    *(
        "platform/data/n8n",
        "platform/metadata/",
        "platform/*",
        "cubbyhole/x",
        "database/creds/x",
        "ssh/sign/x",
        "pki/issue/x",
    ),
    *(
        "transit/decrypt/tenant-acme",
        "transit/rewrap/tenant-*",
        "transit/hmac/+",
        "transit/keys/+/rotate",
        "transit/trim/x",
    ),
    *("transit/cache-config", "transit/config/keys", "transit/keys/n8n", "transit/wrapping_key", "transit/random/32"),
    *(
        "identity/entity-alias",
        "kv+/data/x",
        "kv-acme/data/x",
        "aws/sts/x",
        "consul/creds/x",
        "totp/code/x",
        "//sys/raw/x",
    ),
)

MUTATIONS: list[Mutation] = [
    *(opens("access", "access-policy", path) for path in _PATHS),
    *(opens("access", "access-states-policy", path) for path in ("transit/keys/states", "transit/export/x", "kv-*")),
    opens("access", "access-policy", "kv-*", "create", "read", "update", "delete", "list", "sudo"),
    opens("access", "access-policy", "sys/mounts/kv-*", "patch"),
    _replaced(
        "access-policy",
        'path "sys/mounts" {\n  capabilities = ["read"]',
        'path "sys/mounts" {\n  capabilities = ["read", "update"]',
    ),
    _replaced(
        "access-policy",
        'path "auth/approle/role" {\n  capabilities = ["list"]',
        'path "auth/approle/role/*" {\n  capabilities = ["list"]',
    ),
    _replaced("access-policy", "transit/keys/tenant-*", "transit/+/tenant-*"),
    _replaced("access-policy", "sys/policies/acl/tenant-*", "sys/policies/acl/*"),
    _replaced("access-policy", "auth/approle/role/tenant-*", "auth/approle/role/t*"),
    _replaced("access-policy", '"kv-*"', '"kv*"'),
    _replaced("access-states-policy", "transit/encrypt/states", "transit/encrypt/*"),
    _replaced("access-states-policy", '["update"]', '["update", "create"]'),
    *changed("access", "access-policy", {"name": "default"}, {"name": "root"}, {"policy": "{}"}),
    *added(
        "access",
        "access-policy",
        "vault:index/policy:Policy",
        {"name": "tenant-acme", "policy": 'path "kv-acme/data/*" { capabilities = ["read"] }'},
        {"name": "operators", "policy": 'path "kv-acme/metadata/*" { capabilities = ["list"] }'},
        {"name": "operators", "policy": 'path "sys/internal/counters/activity" { capabilities = ["read"] }'},
        {"name": "operators", "policy": 'path "platform/data/*" { capabilities = ["read"], min_wrapping_ttl = "0s" }'},
        {"name": "n8n", "policy": 'path "platform/data/chatwoot" { capabilities = ["read"] }'},
        {"name": "n8n", "policy": 'path "transit/decrypt/chatwoot" { capabilities = ["update"] }'},
    ),
    *changed(
        "access",
        "access-role",
        {"tokenPolicies": ["provisioner", "root"]},
        {"tokenPolicies": ["provisioner", "states"]},
        {"tokenPolicies": ["provisioner", "tenant-acme"]},
        {"tokenPolicies": []},
        {"tokenTtl": 0},
        {"tokenMaxTtl": 31_536_000},
        {"tokenPeriod": 3600},
        {"tokenExplicitMaxTtl": 0},
        {"tokenType": "batch"},
        {"bindSecretId": False},
        {"secretIdNumUses": 0},
        {"roleId": "guessable"},
        {"backend": "elsewhere"},
        {"namespace": "other"},
        {"secretIdBoundCidrs": ["0.0.0.0/0"]},
        {"roleName": "tenant-acme"},
        {"roleName": "operators"},
    ),
    *changed(
        "access",
        "access-states-role",
        {"tokenNoDefaultPolicy": False},
        {"tokenPolicies[+]": "provisioner"},
        {"tokenNoDefaultPolicy": GONE},
    ),
    *changed(
        "access",
        "access-secret-id",
        {"secretId": "geheim"},
        {"metadata": '{"x": "geheim"}'},
        {"roleName": "tenant-acme"},
        {"ttl": 0},
        {"cidrLists": ["0.0.0.0/0"]},
        {"numUses": 0},
    ),
    *changed(
        "access",
        "access-audit",
        {"options.log_raw": "true"},
        {"options.hmac_accessor": "false"},
        {"type": "socket", "options": {"address": "198.51.100.9:9090"}},
        {"type": "syslog", "options": {}},
        {"options.file_path": "/dev/null"},
        {"options.elide_list_responses": "true"},
        {"options.prefix": "x"},
        {"local": True},
    ),
    *changed(
        "access",
        "access-approle",
        {"type": "userpass"},
        {"type": "github"},
        {"path": "kubernetes"},
        {"tune": {"listingVisibility": "unauth"}},
        {"tune": {"maxLeaseTtl": "87600h"}},
        {"tune": {"tokenType": "default-batch"}},
        {"local": True},
    ),
    *changed(
        "access",
        "access-platform",
        {"type": "database"},
        {"type": "ssh"},
        {"options": {"version": "1"}},
        {"auditNonHmacResponseKeys": ["data"]},
        {"auditNonHmacRequestKeys": ["data"]},
        {"listingVisibility": "unauth"},
        {"passthroughRequestHeaders": ["Authorization"]},
        {"sealWrap": False},
        {"local": True},
        {"path": "kv-acme"},
        {"maxLeaseTtlSeconds": 315_360_000},
    ),
    *changed(
        "access",
        "access-states-key",
        {"deletionAllowed": True},
        {"exportable": False},
        {"convergentEncryption": True, "derived": True},
        {"type": "chacha20-poly1305"},
        {"minDecryptionVersion": 2},
        {"autoRotatePeriod": 3600},
        {"name": "tenant-acme"},
        {"backend": "elsewhere"},
    ),
    *added(
        "access",
        "access-states-key",
        "vault:transit/secretBackendKey:SecretBackendKey",
        {"backend": "transit", "name": "n8n"},
    ),
    *changed(
        "access",
        "vault",
        {"skipTlsVerify": "true"},
        {"address": "http://198.51.100.9:8200"},
        {"token": "hvs.plainplainplainplainplain"},
        {"namespace": "other"},
        {"headers": '[{"name": "X-Vault-Token", "value": "geheim"}]'},
        {"addAddressToEnv": "true"},
        {"skipChildToken": "true", "tokenName": "x"},
        {"authLoginUserpass": '{"username": "x", "password": "geheim"}'},
    ),
    *added(
        "access",
        "access-policy",
        "vault:generic/endpoint:Endpoint",
        {"path": "auth/userpass/users/x", "dataJson": "{}"},
    ),
    *added("access", "access-policy", "vault:generic/secret:Secret", {"path": "secret/x", "dataJson": "{}"}),
    *added(
        "access",
        "access-policy",
        "vault:jwt/authBackend:AuthBackend",
        {"path": "jwt", "oidcDiscoveryUrl": "https://evil.example"},
    ),
    *added(
        "access", "access-policy", "vault:jwt/authBackendRole:AuthBackendRole", {"roleName": "x", "userClaim": "sub"}
    ),
    *added("access", "access-policy", "vault:github/authBackend:AuthBackend", {"organization": "evil"}),
    *added("access", "access-policy", "vault:ldap/authBackend:AuthBackend", {"url": "ldap://evil.example"}),
    *added("access", "access-policy", "vault:kubernetes/authBackendRole:AuthBackendRole", {"roleName": "x"}),
    *added(
        "access", "access-policy", "vault:appRole/authBackendLogin:AuthBackendLogin", {"roleId": "x", "secretId": "y"}
    ),
    *added("access", "access-policy", "vault:index/token:Token", {"policies": ["root"]}),
    *added("access", "access-policy", "vault:tokenauth/authBackendRole:AuthBackendRole", {"roleName": "x"}),
    *added("access", "access-policy", "vault:identity/entity:Entity", {"name": "x", "policies": ["provisioner"]}),
    *added("access", "access-policy", "vault:identity/entityAlias:EntityAlias", {"name": "x", "canonicalId": "y"}),
    *added("access", "access-policy", "vault:identity/groupPolicies:GroupPolicies", {"policies": ["provisioner"]}),
    *added("access", "access-policy", "vault:identity/oidcClient:OidcClient", {"name": "x"}),
    *added("access", "access-policy", "vault:database/secretBackendConnection:SecretBackendConnection", {"name": "x"}),
    *added("access", "access-policy", "vault:ssh/secretBackendRole:SecretBackendRole", {"name": "x"}),
    *added(
        "access", "access-policy", "vault:pkiSecret/secretBackendRootCert:SecretBackendRootCert", {"commonName": "x"}
    ),
    *added("access", "access-policy", "vault:index/plugin:Plugin", {"name": "x", "command": "x", "type": "secret"}),
    *added("access", "access-policy", "vault:index/mfaDuo:MfaDuo", {"name": "x"}),
    *added("access", "access-policy", "vault:index/raftAutopilot:RaftAutopilot", {"minQuorum": 1}),
    *added("access", "access-policy", "vault:index/rgpPolicy:RgpPolicy", {"name": "x"}),
    *added("access", "access-policy", "vault:index/quotaRateLimit:QuotaRateLimit", {"name": "x", "rate": 0.1}),
]
