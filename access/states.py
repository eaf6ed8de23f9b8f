"""The key that encrypts tenants' states, and what its login may do: its policy, as text. Declares nothing.

The engine asks for nothing but these two operations (gocloud.dev/secrets/hashivault). The login can't read the key,
change it, or make one: `create` is not among its rights, so a wrong name makes no new key.
"""

from __future__ import annotations

import json

from access.provisioner import TRANSIT

__all__ = ["STATES", "STATES_URL", "states_policy"]

STATES = "states"
"""What the key, its policy and its login are called. No tenant's name begins so: theirs begin with `tenant-`."""
STATES_URL = f"hashivault://{STATES}"
"""The key, as the engine's option --secrets-provider and each state name it."""
_RULES: dict[str, tuple[str, ...]] = {
    f"{TRANSIT}/encrypt/{STATES}": ("update",),
    f"{TRANSIT}/decrypt/{STATES}": ("update",),
    "auth/token/revoke-self": ("update",),
}


def states_policy() -> str:
    """What the login of tenants' states may do in Vault, as HCL: encrypt and decrypt."""
    return "".join(f'path "{path}" {{\n  capabilities = {json.dumps(able)}\n}}\n' for path, able in _RULES.items())
