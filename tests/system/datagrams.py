# SPDX-License-Identifier: GPL-3.0-or-later
"""A socket that asks over UDP."""

import collections
import re
import select
import signal
import socket

from harness import PATIENCE, wait_until


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
            s.bind(('::1', 0))
        return True
    except OSError:
        return False


def counts(daemon):
    """The sums of datagrams in the status block that USR1 logs, by name."""
    n = len(daemon.log('status: datagrams'))
    daemon.signal(signal.SIGUSR1)
    line = daemon.wait_log('status: datagrams', n + 1)[-1]
    return collections.Counter({word: int(n) for word, n in re.findall(r' (\w+)=(\d+)', line)})


def settled_counts(daemon):
    """The same when each datagram received is accounted for: those who ask see
    an answer before it is counted."""
    def settled():
        found = counts(daemon)
        return found if 2 * found['received'] == found.total() else None
    return wait_until(settled, 'the sums to agree')


class Asker:
    """A socket for datagrams, bound to source (host, port) if given; made in a
    space of netns.py if given. With a target it hears nobody else."""

    def __init__(self, daemon, target=None, source=None, space=None, family=None):
        if family is None:
            host = (target or source or ('127.0.0.1',))[0]
            family = socket.AF_INET6 if ':' in host else socket.AF_INET
        make = space.socket if space else socket.socket
        self.socket = make(family, socket.SOCK_DGRAM)
        daemon.clients.append(self)
        self.socket.settimeout(PATIENCE)
        if source:
            self.socket.bind(source)
        if target:
            self.socket.connect(target)

    def send(self, data, target=None):
        if target:
            self.socket.sendto(data, target)
        else:
            self.socket.send(data)

    def answer(self):
        """The next answer; its sender is in self.sender then."""
        data, self.sender = self.socket.recvfrom(65536)
        return data

    def ask(self, data, target=None):
        self.send(data, target)
        return self.answer()

    def ask_until_answered(self, data):
        """For when the kernel's buffers may be full and lose some."""
        self.socket.settimeout(0.05)

        def is_answered():
            try:
                answer = self.ask(data)
                while answer != data:
                    answer = self.answer()
                return True
            except TimeoutError:
                return False
        wait_until(is_answered, data)

    def has_answer(self):
        return bool(select.select([self.socket], [], [], 0)[0])

    def answers(self):
        """All that has come so far."""
        found = []
        while self.has_answer():
            found.append(self.answer())
        return found

    def fileno(self):
        return self.socket.fileno()

    def close(self):
        self.socket.close()
