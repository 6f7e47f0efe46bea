# SPDX-License-Identifier: GPL-3.0-or-later
"""What sockd must stand without anybody else noticing, and without growing.

slow      a room with members who do not read, or read a KiB a second: all others
          get every message in order, the slow ones cost what is allowed and are
          told what they missed.
staying   a million lines from one client, people who come and go by the
          thousand, 100,000 rooms: no loop is held up for long.

Each says in one line a check how it went. Memory must be back where it was when
all have gone, and that is where it was after the same things had been done once:
libevent keeps a little for every descriptor that was ever used, spread over as
many pages."""

import contextlib
import os
import re
import resource
import selectors
import signal
import socket
import threading
import time

from measure import say, sockload
from peer import Failed
from peers.sockd import Sockd

GROWTH = 1 << 20   # of memory, when all is over
SCENE_SECONDS = 12
GAP_MS = 20        # for which a loop may be held up
PATIENCE = 20      # seconds, for what should happen soon


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

LINES, ROOMS, CROWD = 1000000, 100000, 10000
JOINERS, TURNS, VISITORS = 200, 100, 3000
PROGRAMS, LISTS, LOGINS = 100, 100, 500
CONFIG = '''
services: {{
  chat: {{ protocol = "chat"; listen = "127.0.0.1:0"; flood: {{ rate = "0"; }}; }};
  tame: {{ protocol = "chat"; listen = "127.0.0.1:0"; }};
}};
workers = {workers};
runtime_dir = "{dir}";
state_dir = "{dir}";
limits: {{ connections = 18000; }};
chat: {{ accounts = "{dir}/accounts"; {chat} }};
'''


def put_first(peer):
    """Sockd's threads run whenever they want to, so that what is measured is how
    long it holds itself up, and not what else goes on in this machine. Not so its
    helpers, which are begun later: what they do may take its time."""
    try:
        for thread in os.listdir(f'/proc/{peer.pid}/task'):
            os.sched_setscheduler(int(thread), os.SCHED_RR | os.SCHED_RESET_ON_FORK,
                                  os.sched_param(1))
    except PermissionError:
        say('not allowed to put sockd first: gaps may be those of a busy machine')


def allow_descriptors():
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


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


@contextlib.contextmanager
def standing(peer):
    """Sockd stands still for the block: what is done in it is all there at once
    when it goes on. Before that it rests, so that no look at a loop is under way."""
    time.sleep(0.2)
    peer.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        peer.process.send_signal(signal.SIGCONT)


def run_at_once(peer, talkers):
    with standing(peer):
        for t in talkers:
            t.step()
    return run_all(talkers)


def leave_at_once(peer, crowd):
    with standing(peer):
        for sock in crowd:
            sock.close()


def a_million_lines(peer):
    """From one who is not slowed down, then from one who is; somebody hears
    them."""
    line = b'a line like many others, number 0\n'
    for service in ('chat', 'tame'):
        run_all([Talker(peer, service, b'\n/join flood\n' + line * LINES + b'/quit\n')])
    return f'{LINES:,} lines at once, and as many that are too many'


def join_storms(peer):
    storm = b'\n' + b'/join storm\n/join calm\n' * TURNS + b'/quit\n'
    run_at_once(peer, [Talker(peer, 'chat', storm) for _ in range(JOINERS)])
    for _ in range(VISITORS // 100):
        run_all([Talker(peer, 'chat', b'\n/join storm\nhello\n/quit\n') for _ in range(100)])
    crowd = [connect(peer, 'chat') for _ in range(CROWD)]
    for sock in crowd:
        sock.sendall(b'\n/join storm\n')
    await_that(lambda: peer.metrics('sockd_members')['sockd_members'] >= len(crowd))
    leave_at_once(peer, crowd)
    return f'{JOINERS * TURNS * 2:,} joins, {VISITORS:,} visitors, {CROWD:,} who leave at once'


def a_hundred_thousand_rooms(peer):
    """Of a person, who leaves each for the next, so that the longest empty one
    makes way; and of programs, who stay where they are let in."""
    asked = b'\n' + b''.join(b'/join r%d\n' % i for i in range(ROOMS)) + b'/quit\n'
    talker, = run_all([Talker(peer, 'chat', asked, b'*** you are in #r')])
    if talker.n_found != ROOMS:
        raise Failed(f'of {ROOMS} rooms {talker.n_found} were to be had')
    run_all([Talker(peer, 'chat', b''.join(
        b'{"type":"join","room":"p%d.%d","username":"p%d","keep":true}\n' % (p, i, p)
        for i in range(ROOMS // PROGRAMS)) + b'{"type":"quit"}\n') for p in range(PROGRAMS)])
    return f'twice {ROOMS:,} rooms asked for'


def lists(peer):
    """What walks over all members of a room, or over all rooms."""
    asked = b'\n/join crowd\n' + b'/who\n/rooms\n/history 500\n/whois x\n' * LISTS
    crowd = [connect(peer, 'chat') for _ in range(CROWD)]
    for i, sock in enumerate(crowd):
        sock.sendall(b'\n/join %s\n' % (b'crowd' if i % 3 else b'of%d' % i))
    await_that(lambda: peer.metrics('sockd_members')['sockd_members'] >= len(crowd))
    run_at_once(peer, [Talker(peer, 'chat', asked + b'/quit\n') for _ in range(20)])
    leave_at_once(peer, crowd)
    return f'{20 * LISTS * 4:,} lists asked for, among {CROWD:,} people and 1,000 rooms'


def wrong_logins(peer):
    """Half of them for an account that is there; those who find too many waiting
    are told so."""
    talkers = run_at_once(peer, [
        Talker(peer, 'chat', b'\n/login %s wrong%d\n/quit\n' % (name, i), b'*** error: ')
        for i in range(LOGINS // 2) for name in (b'bob', b'nobody')])
    if n := sum(t.n_found != 1 for t in talkers):
        raise Failed(f'{n} of {LOGINS} wrong logins were not refused')
    return f'{LOGINS:,} wrong logins at once'


SCENES = [a_million_lines, join_storms, a_hundred_thousand_rooms, lists, wrong_logins]


class Lags:
    """How long the loops were held up since this was made, by the histogram."""

    def __init__(self, peer):
        self.peer, self.first = peer, self.read(peer)

    @staticmethod
    def read(peer):
        return {float(m[1]): n for name, n in peer.metrics('loop_lag_seconds_bucket').items()
                if (m := re.search(r'le="(.*)"', name))}

    def since(self):
        """How many looks there were, how many found more than GAP_MS, and what none
        exceeded, in ms."""
        now = {le: n - self.first[le] for le, n in self.read(self.peer).items()}
        n = max(now.values())
        worst = min(le for le, count in now.items() if count == n)
        return n, n - now[GAP_MS / 1000], worst * 1000


def settle(peer):
    """Until all have gone."""
    await_that(lambda: peer.ask('status')['connections'] == 0)


def play(verdict, peer, scene):
    """Over and over for a while, since the loops are looked at ten times a second."""
    lags, n_times, before = Lags(peer), 0, peer.resident()
    until = time.monotonic() + SCENE_SECONDS
    while n_times == 0 or time.monotonic() < until:
        what = scene(peer)
        n_times += 1
    settle(peer)
    n, n_long, worst = lags.since()
    say(f'{what}: {n_times} times, memory {before >> 10:,} to {peer.resident() >> 10:,} KiB')
    verdict.check(f'{what}: of {n:,.0f} looks at the loops {n_long:,.0f} found a gap of more '
                  f'than {GAP_MS} ms, none of more than {worst:.1f} ms', n > 0 and not n_long)


def prove_staying():
    verdict = Verdict('staying')
    try:
        with Sockd(workers=2, config=CONFIG, accounts=['bob']) as peer:
            put_first(peer)
            allow_descriptors()
            for scene in SCENES:
                say(f'once before: {scene(peer)}')
            settle(peer)
            before = peer.resident()
            for scene in SCENES:
                play(verdict, peer, scene)
            check_memory(verdict, peer, before)
    except (Failed, OSError) as why:
        verdict.check(str(why), False)
    return verdict.is_good
