#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""sockd beside the physical limit: one table of ratios.

usage: bench.py [NAME...]    echo bulk udp discard chargen connect fanout growth
                            workers memory start reload census
       bench.py hostile     no figure: a million hostile lines, and whether
                            what others get of them is clean
       bench.py slow        no figure: a room with members who do not read, and
                            whether it is all the same to the others
       bench.py staying     no figure: lines, joins and rooms without end, and
                            whether a loop is held up or memory grows

Absolute times mean nothing on a shared machine. So each figure is what sockd
and the limit (limit.c) cost in turn, in five rounds of one second of the
server's processor time each, or up to seven while the rounds disagree; shown are
the ratio of the medians and the smallest and largest ratio of a round.
Everything takes eight to twelve minutes.
Programs are those of build-bench, or what SOCKD, SOCKLOAD and LIMIT name.
"""

import contextlib
import datetime
import json
import os
import platform
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import measure  # noqa: E402
import reloads  # noqa: E402
from measure import Series, crowd, in_turn, say, sockload  # noqa: E402
from peer import ROOT, Failed  # noqa: E402
from peers.limit import Limit  # noqa: E402
from peers.sockd import SOCKD, Sockd  # noqa: E402
from proofs import PROOFS  # noqa: E402

ECHO = [
    ('echo, 64 bytes, 50 connections', 1.05, ['-c', 50]),
    ('echo, 64 bytes, 500 connections', 1.05, ['-c', 500]),
    ('echo, pipeline of 16', 1.05, ['-c', 50, '-d', 16]),
]
BULK = [('echo, 64 KiB messages', 1.10, ['-c', 50, '-s', '64KiB'])]
DISCARD = [('discard, a MiB, 50 connections', 1.10, ['-c', 50])]
CHARGEN = [('chargen, a MiB, 50 connections', 1.10, ['-c', 50])]
UDP = [
    ('echo over UDP, 64 bytes, 128 on their way', 1.15, ['-c', 8, '-d', 16]),
    ('echo over UDP, 1 KiB, 32 on their way', 1.15, ['-c', 4, '-d', 8, '-s', '1KiB']),
]
CONNECT = [('connect, one echo, close', 1.15, ['-c', 50])]
FANOUT = [
    ('fan-out to 100, one message at a time', 1.05, (100, 1)),
    ('fan-out to 1,000, one message at a time', 1.05, (1000, 1)),
    ('fan-out to 100, window of 32', 1.10, (100, 32)),
    ('fan-out to 1,000, window of 32', 1.10, (1000, 32)),
]
WINDOWS = [(1, 'one at a time'), (32, 'window of 32')]
WORKERS = [
    ('echo, 64 bytes, 50 connections', 'echo', ['-c', 50]),
    ('fan-out to 1,000, one at a time', 'fanout', ['-c', 1000, '-w', 1]),
    ('fan-out to 1,000, window of 32', 'fanout', ['-c', 1000, '-w', 32]),
]
IDLE = 9000
JOIN_ROOMS = [1, 10, 100, 1000, 9000]
GROWTH, FLAT, THREADS = 1.25, 1.5, 1.15


class Table:
    """The rows so far; each is printed to the terminal as it is known."""

    def __init__(self):
        self.rows = []

    def add(self, work, goal, value, unit='', spread=None, ours=None, limit=None):
        low, high = spread or (None, None)
        self.rows.append({
            'work': work, 'goal': goal, 'value': value, 'unit': unit, 'low': low,
            'high': high, 'sockd': ours, 'limit': limit, 'reached': value <= goal})
        say(f'{work}: {self.number(value, unit)} ({self.verdict(self.rows[-1])})')

    def add_pair(self, work, goal, pair):
        self.add(work, goal, pair.ratio, '', pair.ratios.spread(),
                 pair.ours.median, pair.limits.median)

    def fail(self, work, why):
        self.rows.append({'work': work, 'failed': str(why)})
        say(f'{work}: failed: {why}')

    @staticmethod
    def number(value, unit):
        if value is None:
            return ''
        return f'{value:.2f}' if not unit else f'{value:,.0f} {unit}'

    @staticmethod
    def verdict(row):
        return 'reached' if row['reached'] else '**missed**'

    def cells(self, row):
        if 'failed' in row:
            return [row['work'], '', 'failed: ' + row['failed'], '', '', '', '']
        unit = row['unit']
        spread = '' if row['low'] is None else \
            f"{self.number(row['low'], '' if not unit else ' ').strip()} to " \
            f"{self.number(row['high'], '' if not unit else ' ').strip()}"
        cost = ['' if row[k] is None else f'{row[k]:.2f} µs' for k in ('sockd', 'limit')]
        return [row['work'], '≤ ' + self.number(row['goal'], unit),
                self.number(row['value'], unit), spread, *cost, self.verdict(row)]

    def text(self):
        head = ['work', 'goal', 'figure', 'of the rounds', 'sockd', 'limit', '']
        rows = [head, *map(self.cells, self.rows)]
        widths = [max(len(r[i]) for r in rows) for i in range(len(head))]
        lines = ['| ' + ' | '.join(c.ljust(w) for c, w in zip(r, widths)) + ' |' for r in rows]
        lines.insert(1, '|' + '|'.join('-' * (w + 2) for w in widths) + '|')
        return '\n'.join(lines)


@contextlib.contextmanager
def row(table, work):
    """A measurement that fails costs its row, not the whole run."""
    try:
        yield
    except (Failed, OSError) as why:
        table.fail(work, why)


def compare(work, args, threads=1):
    if work != 'connect' and threads == 1:
        # Else the two fall on different sides of a cliff: who is slower than
        # sockload pays for waking it with each write. With more threads there
        # is no processor left to be busy on.
        args = [*args, '--busy']
    with Sockd(workers=threads) as ours, Limit(work, threads) as limit:
        return in_turn(ours, limit, work, args)


def bench_echo(table, cases=None, work='echo'):
    for title, goal, args in cases or ECHO:
        with row(table, title):
            table.add_pair(title, goal, compare(work, args))


def bench_bulk(table):
    bench_echo(table, BULK)


def bench_discard(table):
    bench_echo(table, DISCARD, 'discard')


def bench_chargen(table):
    bench_echo(table, CHARGEN, 'chargen')


def bench_udp(table):
    bench_echo(table, UDP, 'udp')


def bench_connect(table):
    bench_echo(table, CONNECT, 'connect')


class Fanouts:
    """Fan-outs by members and window; measured once however often asked for."""

    def __init__(self):
        self.known = {}

    def get(self, members, window):
        key = members, window
        if key not in self.known:
            self.known[key] = compare('fanout', ['-c', members, '-w', window])
        return self.known[key]


FANOUTS = Fanouts()


def bench_fanout(table):
    for title, goal, (members, window) in FANOUT:
        with row(table, title):
            table.add_pair(title, goal, FANOUTS.get(members, window))


def among_rooms(window):
    """100 members of one room while 10,000 others sit in a room each."""
    with Sockd() as ours, Limit('fanout') as limit:
        with crowd(ours, ours.addresses['fanout'], '-p', 'sockd', '-c', 10000,
                   '-R', 10000):
            return in_turn(ours, limit, 'fanout', ['-c', 100, '-w', window])


def add_growth(table, title, pair, base):
    ratios = [r / base.ratio for r in pair.ratios.values]
    table.add(title, GROWTH, pair.ratio / base.ratio, '', (min(ratios), max(ratios)),
              pair.ours.median, pair.limits.median)


def bench_growth(table):
    for window, words in WINDOWS:
        for members in (10, 1000, 9000):
            title = f'growth, {members:,} members, {words}: ratio ÷ that at 100'
            with row(table, title):
                add_growth(table, title, FANOUTS.get(members, window), FANOUTS.get(100, window))
        title = f'growth, among 10,000 rooms, {words}: ratio ÷ that at 100'
        with row(table, title):
            add_growth(table, title, among_rooms(window), FANOUTS.get(100, window))
    title = f'join of a room with {JOIN_ROOMS[0]} to {JOIN_ROOMS[-1]:,} members: dearest ÷ cheapest'
    with row(table, title):
        rounds = join_costs()
        medians = [Series(list(values)).median for values in zip(*rounds)]
        spread = Series([max(costs) / min(costs) for costs in rounds]).spread()
        table.add(title, FLAT, max(medians) / min(medians), '', spread, max(medians))


class Joiner:
    """A member that goes to a room and back to one of its own, over and over,
    fifty times in one write."""

    def __init__(self, peer, room):
        host, port = peer.addresses['fanout'].rsplit(':', 1)
        self.peer, self.room = peer, room
        self.socket = socket.create_connection((host, int(port)), 20)
        self.count(b'', b'/help lists', 1)

    def count(self, request, answer, n):
        self.socket.sendall(request)
        tail = b''
        while n > 0:
            data = self.socket.recv(65536)
            if not data:
                raise Failed(f'sockd closed the joining member: {tail[-100:]}')
            n -= (tail + data).count(answer) - tail.count(answer)
            tail = (tail + data)[-len(answer) + 1:]

    def cost(self):
        """Processor time of going there and back once, in microseconds."""
        request = f'/join {self.room}\n/join away\n'.encode() * 50
        began, turns, deadline = self.peer.cpu_ns(), 0, time.monotonic() + 10
        while self.peer.cpu_ns() - began < 1e9 and time.monotonic() < deadline:
            self.count(request, b'*** you are in #', 100)
            turns += 50
        return (self.peer.cpu_ns() - began) / turns / 1000


def join_costs():
    """For each round the costs by size of the room."""
    with Sockd(chat='quiet_above = 0;') as peer, contextlib.ExitStack() as stack:
        joiners = []
        for members in JOIN_ROOMS:
            stack.enter_context(crowd(
                peer, peer.addresses['fanout'], '-c', members, '--login',
                f'/join size{members}\\n', '--ready', f'#size{members}'))
            joiners.append(Joiner(peer, f'size{members}'))
        return [[j.cost() for j in joiners] for _ in range(measure.ROUNDS)]


def bench_workers(table):
    for threads in (2, 4):
        for words, work, args in WORKERS:
            title = f'{threads} workers: {words}'
            with row(table, title):
                table.add_pair(title, THREADS, compare(work, args, threads))


def resident(preset, service):
    values = []
    for _ in range(3):
        with Sockd() as peer:
            with crowd(peer, peer.addresses[service], '-c', IDLE, *preset) as report:
                values.append(report['server']['rss_per_connection'])
    return Series(values)


def bench_memory(table):
    for title, goal, preset, service in (
            ('resident memory of an idle echo connection', 1250, [], 'echo'),
            ('resident memory of a member of a room', 2000, ['-p', 'sockd'], 'fanout')):
        title += f', at {IDLE:,}'
        with row(table, title):
            series = resident(preset, service)
            table.add(title, goal, series.median, 'bytes', series.spread())


class Listing(threading.Thread):
    """`sockctl --json clients` about four times a second, until stop()."""

    def __init__(self, peer):
        super().__init__(daemon=True)
        self.peer = peer
        self.is_over = threading.Event()
        self.found = []

    def run(self):
        while not self.is_over.wait(0.25):
            self.found.append(len(self.peer.ask('clients')['clients']))

    def stop(self):
        self.is_over.set()
        self.join()
        if not self.found or min(self.found) < IDLE:
            raise Failed(f'of {IDLE} connections were listed: {self.found}')


def bench_census(table):
    """What it does to others that everybody is listed: a worker works at it in
    slices, and 5 ms is what any slice may take."""
    load = ['-c', 10, '-r', 2000, '-t', '5s', '--warm-up', '500ms']
    before, during = 'p99 of an echo', 'p99 of an echo while they are listed'
    with row(table, during):
        values = {before: [], during: []}
        for _ in range(3):
            with Sockd(workers=2) as peer, crowd(peer, peer.addresses['echo'], '-c', IDLE):
                report = sockload('echo', peer, peer.addresses['echo'], *load)
                values[before].append(report['latency_us']['p99'])
                listing = Listing(peer)
                listing.start()
                try:
                    report = sockload('echo', peer, peer.addresses['echo'], *load)
                finally:
                    listing.stop()
                values[during].append(report['latency_us']['p99'])
                say(f'listed {len(listing.found)} times')
        for work, series in ((w, Series(v)) for w, v in values.items()):
            table.add(f'{work}, {IDLE:,} idle connections', 5000, series.median, 'µs',
                      series.spread())


def bench_start(table):
    with row(table, 'start to READY'):
        times = []
        for _ in range(20):
            with Sockd() as peer:
                times.append(peer.ready_ms)
        series = Series(times)
        table.add('start to READY', 20, series.median, 'ms', series.spread())
    with row(table, 'wake-ups without connections'):
        with Sockd() as peer:
            time.sleep(1)
            before = peer.wakeups()
            time.sleep(10)
            table.add('wake-ups in 10 s without connections', 0, peer.wakeups() - before,
                      'wake-ups')


def bench_reload(table):
    with row(table, 'reloads under load'):
        reloads.measure(table)


BENCHES = {
    'echo': bench_echo, 'bulk': bench_bulk, 'udp': bench_udp, 'discard': bench_discard,
    'chargen': bench_chargen, 'connect': bench_connect, 'fanout': bench_fanout,
    'growth': bench_growth, 'workers': bench_workers, 'memory': bench_memory,
    'start': bench_start, 'reload': bench_reload, 'census': bench_census,
}


def about():
    """Where and with what: goes above the table."""
    with open('/proc/cpuinfo', encoding='utf-8') as f:
        cpu = next((line.split(':')[1].strip() for line in f if line.startswith('model name')),
                   platform.machine())
    version = subprocess.run([SOCKD, '-V'], capture_output=True, text=True, check=True)
    return {
        'date': datetime.date.today().isoformat(), 'kernel': platform.release(),
        'processor': f'{os.cpu_count()} × {cpu}',
        'versions': version.stdout.strip().splitlines(),
        'command': './dev bench ' + ' '.join(sys.argv[1:]),
    }


def build():
    """The release build, unless the environment names programs."""
    if 'SOCKD' in os.environ and 'SOCKLOAD' in os.environ:
        return
    path = os.path.join(ROOT, 'build-bench')
    if not os.path.exists(os.path.join(path, 'build.ninja')):
        subprocess.run(['meson', 'setup', path, ROOT, '-Dbuildtype=release'], check=True,
                       stdout=subprocess.DEVNULL)
    subprocess.run(['ninja', '-C', path, '--quiet'], check=True)


def main(names):
    unknown = [name for name in names if name not in {**BENCHES, **PROOFS}]
    if unknown:
        print(f'bench: there is no "{unknown[0]}"; there are '
              f'{" ".join([*BENCHES, *PROOFS])}', file=sys.stderr)
        return 64
    build()
    refuted = [name for name in names if name in PROOFS and not PROOFS[name]()]
    if names and not set(names) & set(BENCHES):
        return 1 if refuted else 0
    where, table, began = about(), Table(), time.monotonic()
    for name in names or BENCHES:
        if name in BENCHES:
            BENCHES[name](table)
    where['seconds'] = round(time.monotonic() - began)
    print('{date}, Linux {kernel}, {processor}, {seconds} s; {command}'.format(**where))
    print('\n'.join(where['versions']) + '\n')
    print(table.text())
    path = os.path.join(os.path.dirname(measure.SOCKLOAD), '../../bench.json')
    path = os.path.normpath(path)
    with open(path, 'w', encoding='utf-8') as f:
        json.dump({**where, 'rows': table.rows}, f, indent=1, ensure_ascii=False)
    say(f'written to {path}')
    return 1 if refuted or any('failed' in r for r in table.rows) else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
