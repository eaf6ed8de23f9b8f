"""The SSH keys of simulated machines, made once: the machine's own, and the one that may log in."""

from __future__ import annotations

import os

from kept import Damaged, words
from sandbox.home import Home, write_private

__all__ = ["key_of", "prepare_keys"]

AGAIN = "./smos sandbox reset forgets everything simulated, then ./smos demo makes it anew"


def prepare_keys(home: Home, address: str) -> str:
    """Makes a machine's host key and client key where they are missing; answers the public host key, as
    settings pin it.
    """
    folder = home.host(address)
    for name in ("host_key", "client_key"):
        if not os.path.lexists(folder / f"{name}.pub"):  # a link that leads nowhere is told, not made anew
            from sandbox.machines.server.ssh import new_key_pair  # asyncssh costs 0.3 s, and is needed once

            private, public = new_key_pair(f"simulated-{name}")
            write_private(folder / name, private)
            write_private(folder / f"{name}.pub", public)
    return key_of(home, address, "host_key.pub").strip()


def key_of(home: Home, address: str, name: str) -> str:
    """One of them, as text. Raises Damaged for what is no key."""
    file = home.host(address) / name
    try:
        text = words(file, AGAIN)
    except FileNotFoundError:
        raise Damaged(file, "the key is not there", AGAIN) from None
    right = text.startswith("ssh-ed25519 ") if name.endswith(".pub") else "PRIVATE KEY-----" in text
    if not right:
        raise Damaged(file, "no SSH key", AGAIN)
    return text
