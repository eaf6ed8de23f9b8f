"""A restore was proved lately: a backup of which nobody knows whether it comes back is a hope.

Told where an environment has backups and its newest proof (`./smos drill`) is older than its settings allow. It stops a
run only where the settings say so (`smarteros:backups: proofRequired`), and never the first one, which has nothing to
prove yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policy.rule import Facts, Resource, StackRule


def _check(_stack: Sequence[Resource], facts: Facts) -> Iterator[tuple[Resource | None, str]]:
    if not facts.tenant and facts.proof_max_age_days and facts.proof_age_days > facts.proof_max_age_days:
        mend = "./smos drill"
        if facts.proof_required:
            mend += "; or, when this run can't wait for it, --without-proof REASON, which is noted"
        age = f"for {facts.proof_age_days:.0f} days no restore was proved, and {facts.proof_max_age_days} is the most"
        yield None, f"{age}: {mend}"


RULE = StackRule(
    name="restore-proved",
    says="A restore was proved lately.",
    check=_check,
    mandatory=False,
    mandatory_where=lambda facts: facts.proof_required,
    needs_facts=True,
)
