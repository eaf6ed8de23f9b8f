"""Serves the provider: prints the port, as the engine reads it, and ends with the engine that started it.

`python provider [ENGINE_ADDRESS]`
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from provider.server import main

if __name__ == "__main__":
    main()
