"""`python -m engine`: get the pinned engine for this clone (see engine/get.py)."""

from __future__ import annotations

import argparse
import sys

from engine import CLONE
from engine.get import ROUTES, get
from kept.operator_error import OperatorError

__all__ = ["main"]


def main() -> int:
    """Get the engine; 0 when there is one."""
    parser = argparse.ArgumentParser(prog="python -m engine", description="Get the pinned Pulumi engine.")
    parser.add_argument("--route", choices=ROUTES, help="try only this one")
    asked = parser.parse_args()
    try:
        engine = get(CLONE, lambda line: print(line, file=sys.stderr), [asked.route] if asked.route else ROUTES)
    except OperatorError as error:
        print(f"engine: {error}", file=sys.stderr)
        return 1
    print(f"{engine.path} ({engine.version}, {engine.route})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
