"""In which order the files of the tests are given to the workers: the many quick ones first, so that what is broken
shows soon; then the dear ones, the dearest first, so that all workers end together.

`./smos check` tells at its end what each file cost and who was idle how long; the list is kept by that.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["DEAR", "place"]

DEAR: Sequence[str] = (
    "tests/integration/test_tenant_end.py",
    "tests/integration/test_tenant_life.py",
    "tests/integration/test_demo.py",
    "tests/integration/test_state.py",
    "tests/integration/test_fleet.py",
    "tests/integration/test_ordinary_machine.py",
    "tests/integration/test_lost_answers_of_prod.py",
    "tests/integration/test_damage.py",
    "tests/integration/test_secrets.py",
    "tests/cli/test_slips_typed.py",
    "tests/integration/test_guards.py",
    "tests/integration/test_interrupts.py",
    "tests/integration/test_rotation.py",
    "tests/integration/test_dropped_databases.py",
    "tests/integration/test_backup.py",
    "tests/integration/test_local.py",
    "tests/integration/test_tenants.py",
    "tests/integration/test_first_day.py",
    "tests/scaffold/test_scaffolds.py",
    "tests/integration/test_suspended_in_part.py",
    "tests/integration/test_silo.py",
    "tests/integration/test_tenant_kills.py",
    "tests/integration/test_second_system.py",
    "tests/integration/test_azure_by_itself.py",
    "tests/integration/test_made_up_step.py",
    "tests/integration/test_hostile_archive.py",
    "tests/plugins/test_plugins.py",
    "tests/integration/test_earlier_states.py",
    "tests/integration/test_lost_answers.py",
    "tests/integration/test_read_only.py",
    "tests/integration/test_vault.py",
    "tests/integration/test_odoo.py",
    "tests/integration/test_state_elsewhere.py",
    "tests/engine/test_language_host.py",
    "tests/deploy/test_lost_answers.py",
    "tests/deploy/test_losses.py",
    "tests/components/recording/test_recording.py",
)
"""Files that take many seconds, by what they cost."""


def place(nodeid: str) -> int:
    """Where a test's file stands: before the dear ones, or among them. An integration test that the list has not yet is
    as dear as the dearest.
    """
    file = nodeid.partition("::")[0]
    if file in DEAR:
        return DEAR.index(file) + 1
    return int(file.startswith("tests/integration/"))
