"""The settings of a platform: one model, read from the stack's file or from the running program.

`load_files` is for what runs before the engine (it imports neither pulumi nor any provider); `load_engine`
is for the program itself. Both go through the same model and report every mistake at once. Nothing else in
this project reads configuration or the stack's name; what else reads the environment, docs/adr/rooms.md says.
"""

from __future__ import annotations

from settings.addresses import WebAddress
from settings.entries import keyring_file, open_keyring, secret_problems
from settings.expected import expected_secrets
from settings.files import load_files, refuse_no_stack
from settings.model import Settings
from settings.problems import Problem, SettingsError
from settings.program import load_engine
from settings.secrets import SHAPES, ExpectedSecret, SecretOutputs
from settings.tunnels import Forward

__all__ = [
    "SHAPES",
    "ExpectedSecret",
    "Forward",
    "Problem",
    "SecretOutputs",
    "Settings",
    "SettingsError",
    "WebAddress",
    "expected_secrets",
    "keyring_file",
    "load_engine",
    "load_files",
    "open_keyring",
    "refuse_no_stack",
    "secret_problems",
]
