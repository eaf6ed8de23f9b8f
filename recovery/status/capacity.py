"""Whether what the settings name fits on their machines and database servers, by the sum (capacity/)."""

from __future__ import annotations

from collections.abc import Iterator

from recovery.status.probe import Finding, Look, Probe

__all__ = ["PROBE"]


def _ask(look: Look) -> Iterator[Finding]:
    from capacity.report import report_of

    report = report_of(look.settings, "")
    if report.fits:
        yield Finding(probe="capacity", subject=look.stack, level="good", says="what is named fits")
        return
    mend = f"./smos capacity --stack {look.stack} says what; a larger machine, or fewer services"
    yield Finding(probe="capacity", subject=look.stack, level="warning", says="what is named does not fit", mend=mend)


PROBE = Probe(name="capacity", title="Capacity", ask=_ask)
