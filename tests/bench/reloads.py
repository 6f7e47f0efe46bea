# SPDX-License-Identifier: GPL-3.0-or-later
"""A thousand reloads under load, half of them of a configuration that is wrong:
nobody may be lost or refused, and nothing may grow."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import time

from measure import SOCKLOAD, say
from peer import PATIENCE, Failed
from peers.sockd import Sockd

RELOADS = int(os.environ.get('RELOADS', '1000'))
EVERY = 0.05        # seconds
MEMORY_GROWTH = 256 * 1024  # in the second half: the log's queue has been used once
OUTCOME = re.compile(' notice reloaded | error reload failed')
LOADS = {
    'echo': ('echo', ['-c', '100', '-r', '2000']),
    'connect': ('connect', ['-c', '4', '-r', '200']),
    'fanout': ('fanout', ['-p', 'sockd', '-c', '100', '-S', '2', '-r', '40']),
}


class Configs:
    """What the file says, reload by reload."""

    def __init__(self, peer, taken):
        self.path = os.path.join(peer.dir, 'sockd.conf')
        with open(self.path, encoding='utf-8') as f:
            self.first = f.read()
        self.taken = taken

    def text(self, i):
        extra = (f'extra: {{ protocol = "echo"; prefix = "{i}"; '
                 f'listen = [ "x{i % 8}", "127.0.0.1:0" ]; }};')
        taken = f'no: {{ protocol = "echo"; listen = [ "y", "127.0.0.1:{self.taken}" ]; }};'
        if i % 2 == 0:
            motd = f'chat: {{ motd = "{i}";'
            text = self.first.replace('chat: {', motd) if i % 8 else self.first
            return self.with_service(text, extra) if i % 4 else text
        return (self.first + 'services: {', self.first + f'workrs = {i};\n',
                self.with_service(self.first, taken))[i % 3]

    @staticmethod
    def with_service(text, service):
        return text.replace('services: {', 'services: { ' + service, 1)

    def write(self, text):
        with open(self.path + '.new', 'w', encoding='utf-8') as f:
            f.write(text)
        os.rename(self.path + '.new', self.path)


@contextlib.contextmanager
def loads(peer, seconds):
    """Load of all kinds while the block runs; yields what each reported, filled
    when the block is over."""
    reports, processes = {}, {}
    for name, (mode, args) in LOADS.items():
        processes[name] = subprocess.Popen(
            [SOCKLOAD, mode, '-j', '-q', '-t', f'{seconds:.0f}', *args, peer.addresses[name]],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield reports
        for name, process in processes.items():
            out, err = process.communicate(timeout=seconds + PATIENCE)
            if not out.strip():
                raise Failed(f'sockload {name} {process.returncode}: {err.strip()}')
            reports[name] = json.loads(out)
    finally:
        for process in processes.values():
            if process.poll() is None:
                process.kill()
                process.communicate()


class Outcomes:
    """Counts what the log says of reloads, reading on where it was."""

    def __init__(self, peer):
        self.log = open(peer.log.name, encoding='utf-8')
        self.rest, self.n = '', 0

    def count(self):
        *lines, self.rest = (self.rest + self.log.read()).split('\n')
        self.n += sum(1 for line in lines if OUTCOME.search(line))
        return self.n

    def close(self):
        self.log.close()


def storm(peer, configs, outcomes):
    """Resident memory after half of the reloads and after all of them. A signal
    during a reload would make one more for all that came, so each is awaited."""
    resident = []
    began = time.monotonic()
    for i in range(RELOADS + 1):
        configs.write(configs.text(i) if i < RELOADS else configs.first)
        peer.process.send_signal(signal.SIGHUP)
        await_that(lambda i=i: outcomes.count() > i)
        time.sleep(max(0, began + (i + 1) * EVERY - time.monotonic()))
        if i + 1 in (RELOADS // 2, RELOADS):
            resident.append(peer.resident())
    return resident


def descriptors(peer):
    return len(os.listdir(f'/proc/{peer.pid}/fd'))


def await_that(condition):
    """Until it holds, or for some time."""
    deadline = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.002)


def measure(table):
    with Sockd() as peer, socket.create_server(('127.0.0.1', 0)) as taken:
        configs, outcomes = Configs(peer, taken.getsockname()[1]), Outcomes(peer)
        before = descriptors(peer)
        with loads(peer, RELOADS * EVERY + 1) as reports:
            resident = storm(peer, configs, outcomes)
        await_that(lambda: descriptors(peer) <= before)
        after, left_out = descriptors(peer), RELOADS + 1 - outcomes.count()
        outcomes.close()
        for name, report in reports.items():
            say(f"{name}: {report['operations']} {report['unit']}, at most "
                f"{report['latency_us']['max'] / 1000:.0f} ms each")
    title = f'{RELOADS:,} reloads, half of them bad: '
    faults = {name: sum(r['faults'].values()) for name, r in reports.items()}
    table.add(title + 'without an outcome', 0, left_out, 'reloads')
    table.add(title + 'faults, connections lost', 0, faults['echo'] + faults['fanout'], 'faults')
    table.add(title + 'new connections refused', 0, faults['connect'], 'connections')
    table.add(title + 'descriptors more', 0, after - before, 'descriptors')
    table.add(title + 'growth in the second half', MEMORY_GROWTH,
              resident[1] - resident[0], 'bytes')
