"""How a command ends: 0 done, 1 failed, 2 bad input.

Raised with a message for the user (where, what, how to mend), printed without a traceback. Any other
exception is a fault of ours and shows its traceback.
"""

from __future__ import annotations

__all__ = ["BadInput", "Failed"]


class Failed(Exception):
    """The command could not do its work. Exit code 1."""

    exit_code = 1


class BadInput(Failed):
    """The arguments or the settings are wrong; nothing was touched. Exit code 2."""

    exit_code = 2
