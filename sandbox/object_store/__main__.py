"""`python -m sandbox.object_store FOLDER PORT`: serves until the sandbox of that folder has ended."""

from __future__ import annotations

import sys
from pathlib import Path

from sandbox.object_store.server import serve

if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
