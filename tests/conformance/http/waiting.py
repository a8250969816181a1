# SPDX-License-Identifier: Apache-2.0
"""Waiting for a condition, with a deadline."""
import time

DEADLINE_S = 60


def wait(what, found):
    """What found() gives, as soon as it is true."""
    end = time.monotonic() + DEADLINE_S
    while not (result := found()):
        assert time.monotonic() < end, f"no {what}"
        time.sleep(0.02)
    return result
