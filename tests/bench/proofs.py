# SPDX-License-Identifier: GPL-3.0-or-later
"""What takes too long for a test and measures nothing: each says in one line
how it went, and is true if it went well."""

import os
import random
import sys
import time

from peer import ROOT
from peers.sockd import SOCKD
import staying

HOSTILE_LINES = 1000000


def prove_hostile():
    """The lines of tests/system/hostile.py, many more of them; SOCKD_SEED
    repeats a run."""
    os.environ.setdefault('SOCKD', SOCKD)
    sys.path.append(os.path.join(ROOT, 'tests/system'))
    import hostile
    from harness import Daemon
    seed = int(os.environ.get('SOCKD_SEED', random.randrange(1 << 32)))
    began = time.monotonic()
    try:
        with Daemon(hostile.CONFIG, workers=2) as daemon:
            n_heard, n_bytes = hostile.attack(daemon, seed, HOSTILE_LINES)
    except AssertionError as why:
        print(f'hostile: {why}')
        return False
    print(f'hostile: {HOSTILE_LINES:,} lines of seed {seed}; what four readers got, '
          f'{n_heard:,} lines and objects, {n_bytes >> 20:,} MiB, is clean; '
          f'{time.monotonic() - began:.0f} s')
    return True


PROOFS = {'hostile': prove_hostile, 'slow': staying.prove_slow, 'staying': staying.prove_staying}
