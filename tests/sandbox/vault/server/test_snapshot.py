"""Snapshots of the simulated Vault are as the real one has them: who may, what breaks them, which keys open them."""

from __future__ import annotations

import contextlib
import http.client
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.vault_api import VaultApi, VaultRefused
from deploy.vault_snapshots import broken, put_back, take
from sandbox.vault.server.http import VaultServer
from sandbox.vault.server.snapshot import FORCED, SNAPSHOT
from tests.sandbox.vault.server.servers import Asked

READER = 'path "sys/storage/raft/snapshot" { capabilities = ["read"] }'


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[tuple[Asked, list[str]]]:
    """A Vault that is open, and its unseal keys."""
    server = VaultServer(folder)
    try:
        vault = Asked(server.port)
        made = vault.done("PUT", "sys/init", {"secret_shares": 3, "secret_threshold": 2})
        VaultApi(server.port).unseal(made["keys_base64"])
        vault.root = made["root_token"]
        yield vault, list(made["keys_base64"])
    finally:
        server.close()


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[tuple[Asked, list[str]]]:
    """One with a secret in it."""
    with opened(tmp_path / "first") as found:
        found[0].done("POST", "sys/mounts/kv", {"type": "kv-v2"})
        found[0].done("POST", "kv/data/a", {"data": {"password": "canary"}})
        yield found


def asked(port: int, method: str, path: str, body: bytes | None, token: str) -> tuple[int, bytes, str]:
    """Status, body and its kind."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        connection.request(method, f"/v1/{path}", body, {"X-Vault-Token": token})
        answer = connection.getresponse()
        return answer.status, answer.read(), str(answer.getheader("Content-Type"))


def test_it_is_an_archive_of_four_files_in_which_nothing_is_plain(vault: tuple[Asked, list[str]]) -> None:
    """As raft-snapshot writes it; who has the path may read it, and nobody else."""
    root, _ = vault
    status, content, kind = asked(root.port, "GET", SNAPSHOT, None, root.root)
    assert (status, kind) == (200, "application/gzip")
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        assert tar.getnames() == ["meta.json", "state.bin", "SHA256SUMS", "SHA256SUMS.sealed"]
        assert not any(b"canary" in found.read() for one in tar if (found := tar.extractfile(one)))
    root.done("POST", "sys/policies/acl/backup", {"policy": READER})
    reader = root.token("backup")
    assert asked(root.port, "GET", SNAPSHOT, None, reader)[0] == 200
    assert asked(root.port, "POST", FORCED, content, reader)[0] == 403
    assert asked(root.port, "GET", SNAPSHOT, None, root.token("default"))[0] == 403
    assert root.ask("GET", FORCED)[0] == 405


def test_what_was_written_since_is_gone_and_what_was_deleted_is_back(
    vault: tuple[Asked, list[str]], tmp_path: Path
) -> None:
    """Into the same Vault, which stays open: its keys are the same."""
    root, _ = vault
    take(root.port, root.root, tmp_path / "snap")
    root.done("DELETE", "kv/metadata/a")
    root.done("POST", "kv/data/b", {"data": {"new": 1}})
    assert not put_back(root.port, root.root, tmp_path / "snap").sealed
    assert root.done("GET", "kv/data/a")["data"]["data"] == {"password": "canary"}
    assert root.ask("GET", "kv/data/b")[0] == 404


def test_a_new_vault_takes_it_by_force_alone_and_the_original_keys_open_it(
    vault: tuple[Asked, list[str]], tmp_path: Path
) -> None:
    """It seals itself, for its own root key opens nothing of what is in it now; its own keys are worth nothing."""
    first, keys = vault
    take(first.port, first.root, tmp_path / "snap")
    with opened(tmp_path / "second") as (second, own):
        status, said, _ = asked(second.port, "POST", SNAPSHOT, (tmp_path / "snap").read_bytes(), second.root)
        assert status == 400
        assert b"use the snapshot-force API" in said
        assert put_back(second.port, second.root, tmp_path / "snap").sealed
        assert second.ask("GET", "kv/data/a", token=first.root)[0] == 503
        with pytest.raises(VaultRefused, match="authentication failed"):
            VaultApi(second.port).unseal(own)
        VaultApi(second.port).unseal(keys)
        assert second.done("GET", "kv/data/a", token=first.root)["data"]["data"] == {"password": "canary"}
        assert second.ask("GET", "kv/data/a")[0] == 403  # its own root token is gone, too


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_a_snapshot_with_one_bit_flipped_or_cut_off_changes_nothing(
    vault: tuple[Asked, list[str]], tmp_path: Path, place: float
) -> None:
    """Neither by force; who looks at the file sees it before."""
    root, _ = vault
    take(root.port, root.root, tmp_path / "snap")
    whole = (tmp_path / "snap").read_bytes()
    assert not broken(tmp_path / "snap")
    at = int(len(whole) * place)
    for wrong in (whole[:at], whole[:at] + bytes((whole[at] ^ 16,)) + whole[at + 1 :]):
        (tmp_path / "snap").write_bytes(wrong)
        assert broken(tmp_path / "snap")
        assert asked(root.port, "POST", FORCED, wrong, root.root)[0] == 500
        assert root.done("GET", "kv/data/a")["data"]["data"] == {"password": "canary"}
