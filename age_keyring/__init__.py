"""The keyring: what must be the same after every loss, in one file that is safe in git.

`keyring.age` is encrypted to several people's keys (`keyring.recipients` names them); any one of them opens all of it.
Nothing here knows what the entries mean, and nothing here imports pulumi.
"""

from __future__ import annotations

from age_keyring.identity import KEY_FILE_VARIABLE, SIGNERS_VARIABLE, Identity, identity_from_environment, key_file
from age_keyring.problem import KeyringError
from age_keyring.recipients import Recipient, recipients_file
from age_keyring.store import Keyring

__all__ = [
    "KEY_FILE_VARIABLE",
    "SIGNERS_VARIABLE",
    "Identity",
    "Keyring",
    "KeyringError",
    "Recipient",
    "identity_from_environment",
    "key_file",
    "recipients_file",
]
