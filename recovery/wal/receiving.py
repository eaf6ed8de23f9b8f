"""Receiving the logs of all servers of an environment, until it is ended."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from kept.operator_error import OperatorError
from kept.say import Say
from recovery.wal.archive import WalArchive, WalSource
from recovery.wal.receiver import Receiver

__all__ = ["receive_all"]


def receive_all(found: Sequence[tuple[WalArchive, WalSource]], say: Say) -> None:
    """A thread a server; Ctrl-C and SIGTERM end all. Raises the first error that no patience mends."""
    stop = threading.Event()
    failed: list[OperatorError] = []

    def receive(archive: WalArchive, source: WalSource) -> None:
        try:
            Receiver(archive, source, say).run(stop)
        except OperatorError as error:
            failed.append(error)
            stop.set()

    threads = [threading.Thread(target=receive, args=one, name=one[0].server) for one in found]
    with _ended_by_signals(stop):
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            stop.wait(1)
            if stop.is_set():
                break
        stop.set()
        for thread in threads:
            thread.join()
    if failed:
        raise failed[0]


@contextmanager
def _ended_by_signals(stop: threading.Event) -> Iterator[None]:
    def told(*_: object) -> None:
        stop.set()

    before = {number: signal.signal(number, told) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
