# SPDX-License-Identifier: GPL-3.0-or-later
"""What every program to be measured has in common. A peer is one small file in
peers/: how to start it, and how sockload talks to it."""

import os
import select
import signal
import socket
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATIENCE = 20


class Failed(Exception):
    """A program did not do what the measurement needs."""


class Peer:
    """A running server. A subclass sets `command` (and may use self.dir, a
    directory of its own), starts with run(), and fills `addresses` by work:
    echo, fanout, connect. `preset` is what sockload calls it."""

    name = preset = None

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory(prefix='sockd-bench-')
        self.dir = self.directory.name
        self.addresses = {}
        self.process = None

    def run(self, command, **kwargs):
        self.log = open(os.path.join(self.dir, 'log'), 'a', encoding='utf-8')
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stderr=self.log,
            **{'stdout': self.log, **kwargs})
        return self.process

    @property
    def pid(self):
        return self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process and self.process.stdout:
            self.process.stdout.close()
        self.log.close()
        self.directory.cleanup()

    def log_text(self):
        with open(self.log.name, encoding='utf-8') as log:
            return log.read()

    def cpu_ns(self):
        """Processor time of all threads, by the process's own clock."""
        return time.clock_gettime_ns((~self.pid << 3) | 2)

    def wakeups(self):
        """How often its threads were scheduled so far."""
        total = 0
        for task in os.listdir(f'/proc/{self.pid}/task'):
            with open(f'/proc/{self.pid}/task/{task}/status', encoding='utf-8') as f:
                total += sum(int(line.split()[1]) for line in f if 'ctxt_switches' in line)
        return total


class Notify:
    """The socket that systemd would listen to."""

    def __init__(self, directory):
        self.path = os.path.join(directory, 'notify')
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)

    def wait_ready(self, process):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if select.select([self.socket], [], [], 0.1)[0]:
                if b'READY=1' in self.socket.recv(4096).split(b'\n'):
                    return
            elif process.poll() is not None:
                break
        raise Failed(f'{process.args[0]} did not become ready')
