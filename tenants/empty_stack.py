"""A new stack without a start of the engine, where states lie in a folder: `pulumi stack init` is a tenth of what a new
tenant takes.

The engine itself first writes a checkpoint that holds the stack's name alone (pulumi pkg/backend/diy/backend.go,
CreateStack), and its first `up` makes the key of the secrets (pkg/secrets/cloud/manager.go, NewCloudSecretsManager: no
`encryptedkey` yet). This writes the same; a test compares what both come to. Of states in a bucket or behind a login,
and of passphrases, nothing is known here: the engine makes those.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from deploy.target import RunTarget

__all__ = ["begun_in_a_folder"]

_FILE, _ORGANISATION = "file://", "organization"


def begun_in_a_folder(place: RunTarget, project: str, stack: str, secrets_provider: str) -> bool:
    """Whether the stack is there now, empty, with secrets to be encrypted by a vendor's key; False where the engine has
    to make it. One that somebody else makes meanwhile stays as it is.
    """
    backend = place.environ.get("PULUMI_BACKEND_URL", "")
    if not backend.startswith(_FILE) or "?" in backend or "://" not in secrets_provider:
        return False
    states = Path(backend.removeprefix(_FILE)).expanduser() / ".pulumi"
    if not (states / "meta.yaml").is_file():  # which says how stacks are laid out; the engine's to write
        return False
    file = states / "stacks" / project / f"{stack}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(f".{os.getpid()}.new")
    draft.write_text(json.dumps({"version": 3, "checkpoint": {"stack": f"{_ORGANISATION}/{project}/{stack}"}}))
    try:
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)  # whole or not at all, and never over one that is there
    finally:
        draft.unlink(missing_ok=True)
    return True
