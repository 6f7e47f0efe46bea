# SPDX-License-Identifier: GPL-3.0-or-later
"""The physical limit: tests/bench/limit.c. It does one work at a time."""

import os
import subprocess

from peer import ROOT, Failed, Peer

LIMIT = os.environ.get('LIMIT', os.path.join(ROOT, 'build-bench/tests/bench/limit'))


class Limit(Peer):
    name = preset = 'limit'

    def __init__(self, work, threads=1):
        super().__init__()
        self.run([LIMIT, '-t', str(threads), work, '0'],
                 stdout=subprocess.PIPE, text=True)
        words = self.process.stdout.readline().split()
        if len(words) != 2:
            raise Failed(f'limit did not start: {self.log_text()}')
        self.addresses[work] = words[1]
