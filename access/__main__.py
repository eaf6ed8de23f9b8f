"""The Pulumi program of Vault's inside: settings → mounts, policies, logins → exports."""

from __future__ import annotations

import gc

gc.disable()  # as for the platform: looking for garbage among what the SDK defines costs more than it frees

import sys
from pathlib import Path

# The engine starts the program in this folder; its modules are named from the folder above.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from access.stack import declare
from intents.watch import begin_alone
from settings import load_engine

begin_alone(Path(__file__).resolve().parents[1] / ".smos")
declare(load_engine())
