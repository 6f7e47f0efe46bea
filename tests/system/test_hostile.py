# SPDX-License-Identifier: GPL-3.0-or-later
"""People who want to do harm: floods of connections, members who never read,
text made for terminals. What stays afterwards is what was there before: the
others were served, nothing is held, and an idle daemon sleeps."""

import contextlib
import os
import random
import socket
import struct

import hostile
from clients import Client, Person, connect
from harness import SANITIZED, WORKERS, Daemon, Test, main, observe, wait_until

CONFIG = '''
services: {
    chat: { protocol = "chat"; listen = "127.0.0.1:0"; };
    echo: { protocol = "echo"; listen = "127.0.0.1:0"; };
};
chat: { replay = 3; };
limits: { connect_rate = "1000000/s"; connections_per_address = 5000; rooms = 50;
          output_total = "8MiB"; };
timeouts: { linger = "300ms"; };
'''
RESET = struct.pack('ii', 1, 0)
# `./dev bench hostile` sends a million
LINES = 20000 if WORKERS > 1 and not SANITIZED else 4000


def sleeps(d):
    """A daemon that nobody bothers: at most the status that is due is sent."""
    def is_idle():
        before = d.wakeups()
        observe(0.2)
        return d.wakeups() - before <= 2
    return wait_until(is_idle, 'sleep')


class Hostile(Test):
    def test_resets_and_scans(self):
        with Daemon(CONFIG) as d:
            friend = Person(d, nick='friend')
            for i in range(500):
                s = connect(d.address('chat' if i % 2 else 'echo'))
                if i % 3:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                if i % 5 == 0:
                    s.send(b'/join x\n/nick y\nhello\n')
                s.close()
            wait_until(lambda: d.fds() <= d.baseline + 1, 'all of them gone')
            friend.sync()
            friend.say('/who')
            self.assertEqual(friend.sync()[-1], '*** 1 in #lobby: friend')
            sleeps(d)

    def test_nobody_reads(self):
        """All together hold no more than they may, whoever holds most pays."""
        with Daemon(CONFIG) as d:
            before = d.resident()
            echo = Client(d, 'echo')
            mutes = [Client(d, 'chat', rcvbuf=2048) for _ in range(60)]
            for c in mutes:  # the log does not speak of who never sent a byte
                c.send(b'/who\n')
            loud = [Client(d, 'chat') for _ in range(4)]
            text = b''.join(b'%d ' % i + b'z' * 3900 + b'\n' for i in range(20))

            def shed():
                for c in loud:
                    c.socket.setblocking(False)
                    with contextlib.suppress(OSError):
                        c.socket.send(text)
                    with contextlib.suppress(OSError):
                        c.read()
                echo.send(b'x')
                self.assertEqual(echo.read(), b'x')
                return d.log('reason=memory')
            wait_until(shed, 'somebody pays')
            if not SANITIZED:
                self.assertLess(d.resident() - before, 64 << 20)
            for c in mutes + loud:
                c.close()
            wait_until(lambda: d.fds() <= d.baseline + 1, 'all of them gone')
            sleeps(d)

    def test_text_for_terminals(self):
        """Whatever is typed or put into objects, what others get and what is
        logged are whole characters without controls, and no line of the
        server's is forged."""
        seed = int(os.environ.get('SOCKD_SEED', random.randrange(1 << 32)))
        with Daemon(hostile.CONFIG, level='debug') as d:
            n_heard, _ = hostile.attack(d, seed, LINES)
            self.assertGreater(n_heard, LINES // 4, f'seed {seed}: much less came than was sent')
            for line in d.lines:
                self.assertIsNone(hostile.CONTROLS.search(line), f'seed {seed}: {ascii(line)}')

    def test_rooms_without_end(self):
        """One who makes rooms gets as many as there may be, and the rooms of
        others stay."""
        with Daemon(CONFIG) as d:
            friend = Person(d, nick='friend', room='home')
            makers = [Client(d, 'chat') for _ in range(60)]
            for i, c in enumerate(makers):
                c.send(b''.join(b'/join m%d-%d\n/topic t\nhello\n' % (i, n)
                                for n in range(20)))
            for c in makers:
                c.socket.shutdown(socket.SHUT_WR)
                c.rest()
            friend.say('/rooms')
            self.assertRegex(friend.sync()[-1], r'\*\*\* 50 rooms; ')
            friend.say('/who')
            self.assertEqual(friend.sync()[-1], '*** 1 in #home: friend')
            sleeps(d)


if __name__ == '__main__':
    main()
