# SPDX-License-Identifier: GPL-3.0-or-later
"""Measuring: sockload as a child, rounds in turn, medians and spreads."""

import contextlib
import json
import os
import statistics
import subprocess
import sys

from peer import PATIENCE, ROOT, Failed

SOCKLOAD = os.environ.get('SOCKLOAD', os.path.join(ROOT, 'build-bench/src/bin/sockload'))
ROUNDS = 5         # at least; up to ROUNDS_MAX while they disagree:
ROUNDS_MAX = 7
AGREED = 0.06      # so wide may the middle half of the ratios be, of their median
ROUND_CPU = '1s'   # of the server's processor time in each round
ROUND_MAX = '10s'  # on a busy machine


def say(text):
    print(f'bench: {text}', file=sys.stderr, flush=True)


def sockload(mode, peer, address, *args):
    """One run; what it reports, or Failed with what went wrong."""
    command = [SOCKLOAD, mode, '-j', '-q', '-P', str(peer.pid),
               *map(str, args), address]
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        first = done.stderr.strip().splitlines() or ['without a word']
        raise Failed(f'{peer.name}: sockload {done.returncode}: {first[0]}')
    return json.loads(done.stdout)


@contextlib.contextmanager
def crowd(peer, address, *args):
    """`sockload idle` in the background while the block runs; its report."""
    command = [SOCKLOAD, 'idle', '-j', '-q', '-P', str(peer.pid),
               *map(str, args), address]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        line = process.stdout.readline()
        if not line:
            raise Failed(f'{peer.name}: {process.stderr.read().strip()}')
        yield json.loads(line)
    finally:
        process.terminate()
        try:
            process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def cost(peer, work, args):
    """Processor time of the server for one operation, in microseconds."""
    mode = work
    if work == 'fanout':
        args = ['-p', peer.preset, *args]
    elif work == 'udp':
        mode, args = 'echo', ['--udp', *args]
    result = sockload(mode, peer, peer.addresses[work], '--until-cpu', ROUND_CPU,
                      '-t', ROUND_MAX, '--warm-up', '200ms', *args)
    return result['server']['cpu_us_per_operation']


class Series:
    """The values of one figure over the rounds."""

    def __init__(self, values):
        self.values = values
        self.median = statistics.median(values)

    def spread(self):
        return min(self.values), max(self.values)


class Pair:
    """What something costs at a peer and at the limit, measured in turn."""

    def __init__(self, ours, limits):
        self.ours, self.limits = Series(ours), Series(limits)
        self.ratio = self.ours.median / self.limits.median
        self.ratios = Series([a / b for a, b in zip(ours, limits)])


    def has_settled(self):
        """More rounds would not tell much more. Says nothing of the goal."""
        low, _, high = statistics.quantiles(self.ratios.values, n=4)
        return high - low <= AGREED * self.ratios.median


def in_turn(ours, limit, work, args):
    """Rounds of both; who goes first changes from round to round."""
    costs = {ours: [], limit: []}
    for i in range(ROUNDS_MAX):
        for peer in ((ours, limit), (limit, ours))[i % 2]:
            costs[peer].append(cost(peer, work, args))
        if i + 1 >= ROUNDS and Pair(costs[ours], costs[limit]).has_settled():
            break
    return Pair(costs[ours], costs[limit])
