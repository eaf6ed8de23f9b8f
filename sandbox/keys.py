"""The SSH keys of simulated machines, made once: the machine's own, and the one that may log in."""

from __future__ import annotations

from sandbox.home import Home, write_private


def prepare_keys(home: Home, address: str) -> str:
    """Makes a machine's host key and client key where they are missing; answers the public host key, as
    settings pin it.
    """
    folder = home.host(address)
    for name in ("host_key", "client_key"):
        if not (folder / f"{name}.pub").exists():
            from sandbox.ssh_host import new_key_pair  # asyncssh costs 0.3 s, and is needed once

            private, public = new_key_pair(f"simulated-{name}")
            write_private(folder / name, private)
            write_private(folder / f"{name}.pub", public)
    return (folder / "host_key.pub").read_text().strip()
