# SPDX-License-Identifier: GPL-3.0-or-later
"""What sockd must stand without anybody else noticing, and without growing.

slow      a room with members who do not read, or read a KiB a second: all others
          get every message in order, the slow ones cost what is allowed and are
          told what they missed.
staying   a million lines from one client, people who come and go by the
          thousand, 100,000 rooms: no loop is held up for long.

Each says in one line a check how it went; memory must be back where it was when
all have gone, where it was being after the same things in small, since a
process that has never worked has no buffers yet."""

import contextlib
import os
import selectors
import socket
import threading
import time

from measure import say, sockload
from peer import Failed
from peers.sockd import Sockd

GROWTH = 1 << 20   # of memory, when all is over
GAP_MS = 20        # for which a loop may be held up
PATIENCE = 20      # seconds, for what should happen soon
KIND = 10          # how much nicer than sockd the load is, where it says so


class Verdict:
    """What held and what did not, a line each."""

    def __init__(self, name):
        self.name, self.is_good = name, True

    def check(self, what, holds):
        self.is_good &= bool(holds)
        print(f'{self.name}: {"ok" if holds else "FAILED"}: {what}', flush=True)


def await_that(condition, seconds=PATIENCE):
    """The first true value of it, or the last."""
    deadline = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return value


def check_memory(verdict, peer, before):
    after = before

    def is_back():
        nonlocal after
        after = peer.resident()
        return after <= before + GROWTH
    await_that(is_back)
    verdict.check(f'memory is back within {GROWTH >> 20} MiB: {before >> 10:,} KiB before, '
                  f'{after >> 10:,} KiB after', after <= before + GROWTH)


# Slow readers.

SILENT, SLOW, MEMBERS = 5, 5, 200
RATE, SIZE, SECONDS = 100, 1000, 25
ROOM = ['-p', 'sockd', '-c', MEMBERS - 1, '--silent', SILENT, '--slow', SLOW,
        '-s', SIZE]


class Queues(threading.Thread):
    """Looks at how much waits for whom, until stop()."""

    def __init__(self, peer):
        super().__init__(daemon=True)
        self.peer, self.is_over = peer, threading.Event()
        self.largest, self.n_flooded, self.n_looks = 0, 0, 0

    def run(self):
        while not self.is_over.wait(0.1):
            rows = self.peer.ask('clients', 'sort=queued', 'limit=20')['clients']
            self.largest = max([self.largest, *(row['queued'] for row in rows)])
            self.n_flooded = max(self.n_flooded,
                                 sum(row['state'] == 'flooded' for row in rows))
            self.n_looks += 1

    def stop(self):
        self.is_over.set()
        self.join()


def slow_run(verdict, peer):
    queues = Queues(peer)
    queues.start()
    report = sockload('fanout', peer, peer.addresses['fanout'], *ROOM, '-r', RATE,
                      '-t', f'{SECONDS}s')
    queues.stop()
    slow, healthy = report['slow'], MEMBERS - SILENT - SLOW - 1
    verdict.check(f'{healthy} members got {report["operations"]:,} messages, all of them, '
                  f'in order, 99 % within {report["latency_us"]["p99"] / 1000:.1f} ms',
                  report['operations'] >= healthy * RATE * SECONDS * 0.99)
    hard = 512 * 1024
    verdict.check(f'at most {queues.largest:,} bytes waited for a slow one '
                  f'({queues.n_flooded} of them over the mark, {queues.n_looks} looks)',
                  queues.n_flooded == SILENT + SLOW and queues.largest <= hard + SIZE + 100)
    verdict.check(f'{slow["told"]} slow ones were told of {slow["announced"]:,} messages that '
                  f'were skipped; {slow["skipped"]:,} did not come',
                  slow['told'] == SILENT + SLOW and slow['announced'] == slow['skipped'])
    left_out = peer.metrics('left_out')['sockd_messages_left_out_total']
    return left_out


def prove_slow():
    verdict = Verdict('slow')
    try:
        with Sockd(workers=2) as peer:
            sockload('fanout', peer, peer.addresses['fanout'], *ROOM, '-r', RATE * 10,
                     '-t', '2s')
            await_that(lambda: peer.ask('status')['connections'] == 0)
            before, known = peer.resident(), peer.metrics('left_out')
            left_out = slow_run(verdict, peer)
            verdict.check(f'sockd counted as many: {left_out:,.0f} in all',
                          left_out > sum(known.values()))
            check_memory(verdict, peer, before)
    except (Failed, OSError) as why:
        verdict.check(str(why), False)
    return verdict.is_good


# Load without end.

LINES, ROOMS, CROWD = 1000000, 100000, 3000
JOINERS, TURNS, VISITORS = 200, 100, 3000
CONFIG = '''
services: {{
  chat: {{ protocol = "chat"; listen = "127.0.0.1:0"; flood: {{ rate = "0"; }}; }};
  tame: {{ protocol = "chat"; listen = "127.0.0.1:0"; }};
}};
workers = {workers};
runtime_dir = "{dir}";
state_dir = "{dir}";
limits: {{ connections = 18000; rooms = 200000; }};
chat: {{ room_keep = "2s"; {chat} }};
'''


@contextlib.contextmanager
def nicely():
    """Sockd's own threads come first: what is measured is how long it holds up
    others, not how long the load does."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    os.setpriority(os.PRIO_PROCESS, 0, before + KIND)
    try:
        yield
    finally:
        with contextlib.suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, before)


def connect(peer, service):
    host, port = peer.addresses[service].rsplit(':', 1)
    sock = socket.create_connection((host, int(port)), PATIENCE)
    sock.setblocking(False)
    return sock


class Talker:
    """Sends all it has been given and reads all that comes, until the end; counts
    what stands in it."""

    def __init__(self, peer, service, data, wanted=b''):
        self.socket, self.data, self.at = connect(peer, service), memoryview(data), 0
        self.wanted, self.tail, self.n_found, self.is_over = wanted, b'', 0, False

    def step(self):
        """True if something went either way."""
        moved = False
        with contextlib.suppress(BlockingIOError, ConnectionError):
            if self.at < len(self.data):
                self.at += self.socket.send(self.data[self.at:self.at + (1 << 18)])
                moved = True
        with contextlib.suppress(BlockingIOError):
            try:
                came = self.socket.recv(1 << 18)
            except ConnectionError:
                came = b''
            self.take(came)
            moved = True
        return moved

    def take(self, came):
        self.is_over = not came
        if self.wanted:
            self.n_found += (self.tail + came).count(self.wanted)
            self.n_found -= self.tail.count(self.wanted)
            self.tail = (self.tail + came)[-len(self.wanted) + 1:]

    def close(self):
        self.socket.close()


def run_all(talkers):
    """Until the server has ended each of them."""
    with selectors.DefaultSelector() as select:
        for t in talkers:
            select.register(t.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, t)
        left, deadline = len(talkers), time.monotonic() + 3 * PATIENCE
        while left:
            for key, _ in select.select(1):
                t = key.data
                t.step()
                if t.is_over:
                    select.unregister(t.socket)
                    left -= 1
                elif t.at == len(t.data) and key.events & selectors.EVENT_WRITE:
                    select.modify(t.socket, selectors.EVENT_READ, t)
            if time.monotonic() > deadline:
                raise Failed(f'{left} connections were not served to their end')
    for t in talkers:
        t.close()
    return talkers


def a_million_lines(peer, part):
    """From one who is not slowed down, then from one who is."""
    n, line = LINES // part, b'a line like many others, number 0\n'
    for service in ('chat', 'tame'):
        run_all([Talker(peer, service, b'\n/join flood\n' + line * n + b'/quit\n')])
    return f'{n:,} lines at once, and as many that are too many'


def join_storms(peer, part):
    turns = TURNS // part
    storm = b'\n' + b'/join storm\n/join calm\n' * turns + b'/quit\n'
    run_all([Talker(peer, 'chat', storm) for _ in range(JOINERS)])
    for _ in range(VISITORS // part // 100):
        run_all([Talker(peer, 'chat', b'\n/join storm\nhello\n/quit\n') for _ in range(100)])
    crowd = [connect(peer, 'chat') for _ in range(CROWD // part)]
    for sock in crowd:
        sock.sendall(b'\n/join storm\n')
    await_that(lambda: peer.metrics('sockd_members')['sockd_members'] >= len(crowd))
    for sock in crowd:
        sock.close()
    return (f'{JOINERS * turns * 2:,} joins, {VISITORS // part:,} visitors, '
            f'{len(crowd):,} who leave at once')


def a_hundred_thousand_rooms(peer, part):
    """They are forgotten all at once when somebody comes, two seconds later."""
    n = ROOMS // part
    asked = b'\n' + b''.join(b'/join r%d\n' % i for i in range(n)) + b'/quit\n'
    talker, = run_all([Talker(peer, 'chat', asked, b'*** you are in #r')])
    if talker.n_found != n:
        raise Failed(f'of {n} rooms {talker.n_found} were to be had')
    time.sleep(2)

    def are_forgotten():
        run_all([Talker(peer, 'chat', b'\n' + b'/ping\n' * 1000 + b'/quit\n')])
        return peer.metrics('sockd_rooms')['sockd_rooms'] < 100
    await_that(are_forgotten)
    return f'{n:,} rooms asked for, had and forgotten'


SCENES = [a_million_lines, join_storms, a_hundred_thousand_rooms]


def lags(peer):
    """How many samples there are, and how many of them are no longer than that."""
    samples = peer.metrics('sockd_loop_lag_seconds')
    short = samples[f'sockd_loop_lag_seconds_bucket{{le="{GAP_MS / 1000}"}}']
    return samples['sockd_loop_lag_seconds_count'], short


def settle(peer):
    """Until all have gone."""
    await_that(lambda: peer.ask('status')['connections'] == 0)


def play(verdict, peer, scene):
    n, short = lags(peer)
    began, before = time.monotonic(), peer.resident()
    what = scene(peer, 1)
    settle(peer)
    n, short = lags(peer)[0] - n, lags(peer)[1] - short
    say(f'{what}: {time.monotonic() - began:.1f} s, memory {before >> 10:,} to '
        f'{peer.resident() >> 10:,} KiB')
    verdict.check(f'{what}: of {n:,.0f} looks at the loops {n - short:,.0f} found a gap of '
                  f'more than {GAP_MS} ms', n > 0 and short == n)


def prove_staying():
    verdict = Verdict('staying')
    try:
        with Sockd(workers=2, config=CONFIG) as peer, nicely():
            for scene in SCENES:
                scene(peer, 10)
            settle(peer)
            before = peer.resident()
            for scene in SCENES:
                play(verdict, peer, scene)
            check_memory(verdict, peer, before)
    except (Failed, OSError) as why:
        verdict.check(str(why), False)
    return verdict.is_good
