"""What every Vault has mounted from its beginning, and nobody can remove."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

__all__ = ["BUILT_IN"]

BUILT_IN: Mapping[str, dict[str, Any]] = {
    path: {
        "type": kind,
        "description": about,
        "options": None,
        "config": {"default_lease_ttl": 0, "max_lease_ttl": 0, "force_no_cache": False, **config},
        "accessor": f"{'auth_' if path.startswith('auth/') else ''}{kind}_00000000",
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, path)),
        "local": kind == "cubbyhole",
        "seal_wrap": kind == "system",
        "running_plugin_version": "v1.21.0+builtin.vault",
    }
    for path, kind, about, config in (
        ("cubbyhole/", "cubbyhole", "per-token private secret storage", {}),
        ("identity/", "identity", "identity store", {"passthrough_request_headers": ["Authorization"]}),
        (
            "sys/",
            "system",
            "system endpoints used for control, policy and debugging",
            {"passthrough_request_headers": ["Accept"]},
        ),
        ("auth/token/", "token", "token based credentials", {"token_type": "default-service"}),
    )
}
"""Full path → record, as one of the mounts that are kept."""
