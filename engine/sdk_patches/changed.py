"""What is told where an SDK is another than expected and going on would be wrong, not only slow."""

from __future__ import annotations

from kept.operator_error import OperatorError

__all__ = ["SdkChanged"]


class SdkChanged(OperatorError):
    """An SDK has something no more that is needed of its inside. The text says what, and which version has it."""

    def __init__(self, package: str, what: str) -> None:
        super().__init__(
            f"{package} has no {what} as expected, and what depends on it would go wrong. Fix: the version of "
            f"{package} that requirements.lock names (docs/adr/sdk-patches.md)"
        )
