"""What is taken when: an attachment that a row names is there when its file is read; every kind has who knows it."""

from __future__ import annotations

from importlib import import_module
from typing import get_args

from recovery.manifest import Kind
from recovery.sources import MODULES
from recovery.sources.volumes import HELD_OTHERWISE


def test_databases_come_before_files() -> None:
    """Odoo's own dump copies its files first, and loses what came in between (odoo/service/db.py, dump_db)."""
    kinds = [name.rpartition(".")[2] for name in MODULES]
    assert kinds[0] == "databases"
    assert kinds.index("volumes") > kinds.index("redis")
    assert {"volumes", "blobs"} <= set(kinds[1:])


def test_every_kind_of_a_manifest_is_some_modules() -> None:
    """Each module finds sources, and that of a part; there is one for each kind and no more."""
    found = [import_module(name) for name in MODULES]
    assert all(callable(one.sources) and callable(one.source_of) for one in found)
    assert len(found) == len(get_args(Kind))


def test_what_no_volume_of_ours_holds_is_taken_by_another_source() -> None:
    """Each exemption names the file that takes its content, which is there."""
    for service, why in HELD_OTHERWISE.items():
        module = why.partition(":")[0].removesuffix(".py").replace("/", ".")
        assert module in MODULES, service
