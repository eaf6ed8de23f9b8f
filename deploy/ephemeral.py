"""The keyring of a sandbox: made and completed by itself, worth nothing anywhere else, and gone with the sandbox.

Its key lies beside it, so it protects nothing; it is there so that a simulated run reads secrets as a real one does.
"""

from __future__ import annotations

from collections.abc import Sequence

from age_keyring import Identity, Keyring, Recipient
from deploy.keys import expected_of, fresh_value, password
from kept import same
from sandbox.home import Home, write_private
from sandbox.machines.server.keys import key_of
from settings import SHAPES, ExpectedSecret, Settings

__all__ = ["complete_ephemeral"]

STATE_PASSPHRASE = "shared/statePassphrase"  # noqa: S105 - where it is, not what it is


def complete_ephemeral(home: Home, environments: Sequence[Settings]) -> bool:
    """Makes the sandbox's key and keyring where they are missing, and adds what the settings call for; True when
    something was added.
    """
    home.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    identity = Identity.read(home.key) if home.key.exists() else Identity.make(home.key)
    if not home.keyring.exists():
        Keyring.create(home.keyring, [Recipient(identity.public[0], "sandbox")], identity).save()
    elif not identity.signing.exists():
        Keyring.unproved(home.keyring, identity).sign("sandbox")  # made before keyrings were signed
    with Keyring.changing(home.keyring, identity) as keyring:
        before = {path: keyring.get(path) for path in keyring.paths()}
        if keyring.find(STATE_PASSPHRASE) is None:
            keyring.put(STATE_PASSPHRASE, password())
        for settings in environments:
            _complete(keyring, home, settings)
        passphrase = keyring.get(STATE_PASSPHRASE)
        changed = before != {path: keyring.get(path) for path in keyring.paths()}
    if not same(home.passphrase, passphrase):
        write_private(home.passphrase, passphrase)  # the engine reads it from a file
    return changed


def _complete(keyring: Keyring, home: Home, settings: Settings) -> None:
    for one in expected_of([settings]):
        if one.kind == "openssh_private_key":  # the one that its simulated machine knows
            keyring.put(one.entry, _host_key(home, settings, one), replace=True)
        elif keyring.find(one.entry) is None:
            keyring.put(one.entry, SHAPES[one.kind].sample + password() if one.external else fresh_value(one))


def _host_key(home: Home, settings: Settings, expected: ExpectedSecret) -> str:
    return key_of(home, settings.remote_host(expected.key).address, "client_key")
