"""Several programs of one process."""

from __future__ import annotations

import threading
import time

from tenants import inline


def test_programs_declare_one_after_the_other() -> None:
    """Two threads that load a vendor's SDK at once see it half loaded."""
    inside, most, lock = [0], [0], threading.Lock()

    def program() -> None:
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        time.sleep(0.01)
        with lock:
            inside[0] -= 1

    threads = [threading.Thread(target=inline._one_at_a_time(program)) for _ in range(5)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert most == [1]
