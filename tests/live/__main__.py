"""`.venv/bin/python -m tests.live`: replays the table on the account of the environment and records the answers."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

from deploy.target import ROOT, RunTarget, Target, without_pulumi
from tests.live.account import NotAllowed, account_from
from tests.live.replay import replay
from tests.sandbox.test_examples import RIGHT, WRONG

RECORD = ROOT / "docs" / "live-checks.json"


def main() -> int:
    """0 when vendor and table agree, 1 when not, 2 when the environment lacks something."""
    import engine

    try:
        account = account_from(os.environ)
    except NotAllowed as missing:
        print(missing, file=sys.stderr)
        return 2
    found = engine.find()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "state").mkdir()
        environ = {**without_pulumi(), "PULUMI_BACKEND_URL": f"file://{folder / 'state'}"}
        place = RunTarget(
            target=Target.REAL,
            pulumi=found.path,
            project=folder,
            hosts_project=folder,
            scratch=folder,
            environ=found.environ({**environ, "PULUMI_CONFIG_PASSPHRASE": "only for this run"}),
        )
        findings = replay(place, folder / "project", account, RIGHT, WRONG, lambda text: print(text, file=sys.stderr))
    record = json.loads(RECORD.read_text())
    record |= {token: finding.record() for token, finding in findings.items()}
    RECORD.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")
    disagreements = sum(len(finding.disagreements) for finding in findings.values())
    print(f"{len(findings)} types, {disagreements} disagreements; now: ./smos sandbox pages")
    return 1 if disagreements else 0


if __name__ == "__main__":
    sys.exit(main())
