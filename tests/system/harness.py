# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts a real sockd for a test and judges how it behaved.

A daemon runs in a directory of its own on ports that the kernel chose, tells
through NOTIFY_SOCKET when it is ready, and is stopped at the end of its `with`
block. Stopping is a test of its own: exit code 0, every descriptor of a client
gone, nothing from a sanitizer, no error in the log that was not asked for.

Nothing here waits a fixed time: wait_until() looks until something holds.
"""

import contextlib
import os
import re
import select
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOCKD = os.environ.get('SOCKD', os.path.join(ROOT, 'build/src/bin/sockd'))
WORKERS = int(os.environ.get('SOCKD_WORKERS', '1'))
# How long to wait for what should happen at once; only failures take so long.
PATIENCE = float(os.environ.get('SOCKD_PATIENCE', '20'))
SANITIZED = os.environ.get('SOCKD_SANITIZE', 'none') != 'none'

SANITIZER = re.compile(
    r'ERROR: (Address|Leak|Thread)Sanitizer|WARNING: ThreadSanitizer|runtime error:')
ERROR = re.compile(r'^\S+ error ')
LISTENING = re.compile(r'listening service=(\S+) address=(\S+)')


def wait_until(condition, what, timeout=None, every=0.005):
    """Returns the first true value of condition(); fails after the timeout."""
    deadline = time.monotonic() + (timeout or PATIENCE)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f'waited in vain: {what}')
        select.select([], [], [], every)


def observe(seconds):
    """Lets time pass, for tests that look at what happens when nothing does.
    Never to wait for something: that is what wait_until() is for."""
    select.select([], [], [], seconds)


def parse_address(text):
    """('127.0.0.1', 4000) or ('::1', 4000) or '/path', as the log writes it."""
    if text.startswith('/'):
        return text
    host, _, port = text.rpartition(':')
    return host.strip('[]'), int(port)


def clean_environment(**extra):
    """The test's environment without what would make sockd behave otherwise."""
    env = {k: v for k, v in os.environ.items() if k not in (
        'NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID', 'LISTEN_FDS',
        'LISTEN_PID', 'LISTEN_FDNAMES', 'JOURNAL_STREAM', 'RUNTIME_DIRECTORY',
        'STATE_DIRECTORY')}
    env.update(extra)
    return env


def run_sockd(*args, **kwargs):
    """Runs sockd to its end: for -t, -V and starts that must fail."""
    kwargs.setdefault('env', clean_environment())
    return subprocess.run(
        [SOCKD, *args], stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=PATIENCE, check=False, **kwargs)


class Notify(threading.Thread):
    """What systemd would hear: a NOTIFY_SOCKET and all that came through it.
    Read at once, as systemd does: a sender waits while its queue is full."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.messages = []
        self.start()

    def run(self):
        while message := self.socket.recv(65536):
            self.messages.append(message.decode())

    def has(self, pattern):
        """The messages in which a line matches the pattern."""
        return [m for m in list(self.messages)
                if any(re.fullmatch(pattern, line) for line in m.split('\n'))]

    def close(self):
        """An empty message ends the thread."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b'', self.path)
        self.join()
        self.socket.close()


class Daemon:
    """sockd with `config` (services and whatever else), until stop().

    prefix: a program that runs sockd in its place (same pid); file: use this
    configuration as it is (config None); stderr: where the log goes instead of
    into self.lines; allow_errors: what errors in the log are part of the test;
    state_dir: one that outlives it.
    """

    def __init__(self, config, workers=None, level='info', args=(), env=None,
                 prefix=(), file=None, allow_errors=None, stderr=None, state_dir=None):
        self.directory = tempfile.TemporaryDirectory(prefix='sockd-test-')
        self.dir = self.directory.name
        os.chmod(self.dir, 0o755)
        self.workers = workers or WORKERS
        self.level = level
        self.state_dir = state_dir or os.path.join(self.dir, 'state')
        self.allow_errors = re.compile(allow_errors) if allow_errors else None
        self.file = file or os.path.join(self.dir, 'sockd.conf')
        if config is not None:
            self.write_config(config)
        self.notify = Notify(os.path.join(self.dir, 'notify'))
        self.clients = []
        self.lines = []
        self.baseline = None
        self.process = subprocess.Popen(
            [*prefix, SOCKD, '-f', self.file, *args],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=stderr or subprocess.PIPE, cwd=self.dir,
            env=clean_environment(
                NOTIFY_SOCKET=self.notify.path, **(env or {})))
        self.pid = self.process.pid
        self.reader = threading.Thread(target=self._read_log, daemon=True)
        if stderr is None:
            self.reader.start()
        self._wait_ready()

    def _wait_ready(self):
        try:
            wait_until(
                lambda: self.notify.has('READY=1') or self.process.poll() is not None,
                'READY=1')
            assert self.process.poll() is None, 'sockd ended at its start'
            self.baseline = self.fds()
        except BaseException:
            self.kill()
            raise

    def _read_log(self):
        with self.process.stderr as pipe:
            for line in pipe:
                self.lines.append(line.decode('utf-8', 'backslashreplace').rstrip('\n'))

    def write_config(self, config):
        """In one step, as a careful editor does: a reload may come any time."""
        fresh = self.file + '.new'
        with open(fresh, 'w', encoding='utf-8') as out:
            out.write(f'workers = {self.workers};\nruntime_dir = "{self.dir}";\n'
                      f'state_dir = "{self.state_dir}";\n'
                      f'log: {{ level = "{self.level}"; }};\n{config}\n')
        os.rename(fresh, self.file)

    # What it says of itself.

    def log(self, pattern):
        """The lines of the log that the pattern is found in."""
        return [line for line in list(self.lines) if re.search(pattern, line)]

    def wait_log(self, pattern, count=1):
        return wait_until(
            lambda: len(self.log(pattern)) >= count and self.log(pattern),
            f'{count} log lines like {pattern}')

    def addresses(self, service):
        """Where the service listens, as the log says."""
        def found():
            matches = [LISTENING.search(line) for line in list(self.lines)]
            return [parse_address(m[2]) for m in matches if m and m[1] == service]
        return wait_until(found, f'{service} listening')

    def address(self, service):
        return self.addresses(service)[-1]

    # What the kernel says of it.

    def fds(self):
        """How many descriptors it has open, but for the one by which it notifies
        just now: sd_notify(3) closes it a moment after we hear of it."""
        with open(f'/proc/{self.pid}/net/unix', encoding='utf-8') as sockets:
            rows = [line.split() for line in sockets]
        notifying = {f'socket:[{row[6]}]' for row in rows if row[4] == '0002'}
        n = 0
        for fd in os.listdir(f'/proc/{self.pid}/fd'):
            with contextlib.suppress(FileNotFoundError):
                n += os.readlink(f'/proc/{self.pid}/fd/{fd}') not in notifying
        return n

    def cpu(self):
        """Seconds of processor time so far."""
        with open(f'/proc/{self.pid}/stat', encoding='ascii') as stat:
            fields = stat.read().rpartition(')')[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def resident(self):
        with open(f'/proc/{self.pid}/statm', encoding='ascii') as statm:
            return int(statm.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')

    def wakeups(self):
        """How often its threads slept so far, all together."""
        total = 0
        for task in os.listdir(f'/proc/{self.pid}/task'):
            with open(f'/proc/{self.pid}/task/{task}/status', encoding='ascii') as status:
                total += int(re.search(r'^voluntary_ctxt_switches:\s+(\d+)',
                                       status.read(), re.M)[1])
        return total

    def has_stopped(self):
        """True while SIGSTOP holds all its threads."""
        states = []
        for task in os.listdir(f'/proc/{self.pid}/task'):
            with open(f'/proc/{self.pid}/task/{task}/stat', encoding='ascii') as stat:
                states.append(stat.read().rpartition(')')[2].split()[0])
        return set(states) == {'T'}

    # How it ends.

    def signal(self, number):
        self.process.send_signal(number)

    @contextlib.contextmanager
    def stopped(self):
        """Stands still for the block: what clients do meanwhile is all there
        when it goes on."""
        self.signal(signal.SIGSTOP)
        wait_until(self.has_stopped, 'a stop')
        try:
            yield
        finally:
            self.signal(signal.SIGCONT)

    def wait(self, timeout=None):
        """Waits for the end and returns the exit code; judges the log."""
        code = self.process.wait(timeout or PATIENCE)
        if self.reader.ident is not None:
            self.reader.join(PATIENCE)
        self._cleanup()
        self.check_log()
        return code

    def check_log(self):
        text = '\n'.join(self.lines)
        assert not SANITIZER.search(text), f'a sanitizer spoke:\n{text}'
        for line in self.lines:
            if ERROR.search(line) and not (
                    self.allow_errors and self.allow_errors.search(line)):
                raise AssertionError(f'an error in the log: {line}')

    def stop(self, timeout=None):
        """Closes the clients, counts descriptors, and asks it to end."""
        if self.process.poll() is None:
            for client in self.clients:
                client.close()
            if self.baseline is not None:
                wait_until(lambda: self.fds() <= self.baseline,
                           f'descriptors back to {self.baseline}')
            self.signal(signal.SIGTERM)
        code = self.wait(timeout)
        assert code == 0, f'exit code {code}\n' + '\n'.join(self.lines[-20:])

    def kill(self):
        """Ends it without a judgement and shows its last words."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.reader.ident is not None:
            self.reader.join(PATIENCE)
        print('the log of sockd:\n  ' + '\n  '.join(self.lines[-40:]))
        self._cleanup()

    def _cleanup(self):
        for client in self.clients:
            client.close()
        self.notify.close()
        self.directory.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None and self.process.returncode is None:
            try:
                self.stop()
            except BaseException:
                self.kill()
                raise
        elif self.process.returncode is None:
            self.kill()


class Test(unittest.TestCase):
    """A test case that shows long differences in full."""
    maxDiff = None


main = unittest.main
