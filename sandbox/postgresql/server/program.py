"""What can go wrong with a simulated database server. The programs that it runs: kept.postgres_programs."""

from __future__ import annotations

from kept.operator_error import OperatorError

__all__ = ["PostgresError"]


class PostgresError(OperatorError):
    """A simulated database server that can't be made, started or changed; the message says how to mend it."""
