"""`python -m sandbox serve FOLDER`: the server in the foreground."""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["run"]


def run(arguments: list[str]) -> int:
    """What `sandbox.client` starts; operators use `./smos sandbox`."""
    if len(arguments) == 2 and arguments[0] == "serve":
        from sandbox.server import main

        main(Path(arguments[1]))
        return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
