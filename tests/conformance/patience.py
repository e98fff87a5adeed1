"""Waiting for what takes the sandbox a while."""

import time


def until(what, ready, seconds=60):
    """Waits (real time; the sandbox's runs faster) until `ready` returns something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = ready()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"{what} took too long")
