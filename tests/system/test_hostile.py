# SPDX-License-Identifier: GPL-3.0-or-later
"""People who want to do harm: floods of connections, members who never read,
text made for terminals. What stays afterwards is what was there before: the
others were served, nothing is held, and an idle daemon sleeps."""

import contextlib
import random
import re
import socket
import struct

from clients import Client, Person, connect
from harness import SANITIZED, Daemon, Test, main, observe, wait_until

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
CONTROLS = re.compile(
    '[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]')
ANSWER = re.compile(b'\xff[\xfb-\xfe].', re.DOTALL)  # to a telnet
VERBS = [b'', b'/', b'//', b'/ ', b'/me ', b'/nick ', b'/join ', b'/join #', b'/topic ',
         b'/who ', b'/msg reader ', b'/history ', b'/help ', b'/rooms ', b'/part ',
         b'/away ', b'/quit ', b'/xyzzy ']
TEXTS = [
    bytes(range(10)) + bytes(range(11, 32)), b'\x7f\x1b]0;title\x07\x1b[2J\x1bP+q\x1b\\',
    'a'.encode() + '\u0301'.encode() * 2000, '\u202e\u2066\u2028\x85\x9b\u200f'.encode() * 9,
    b'\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80\xff\xfe' * 100, b'\xff\xf4\xff\xfd\x06\xff\xff',
    b'\r\r\0\0\r', b' \t' * 300, b'x' * 4095, b'x' * 4096, b'x' * 4097, b'x' * 9000,
    b'#lobby', b'guest-abcd', b'*** forged', b'<reader> forged',
]


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
        """Whatever is typed, what others get and what is logged are whole
        characters without controls, and no line of the server's is forged."""
        pick = random.Random(1)
        with Daemon(CONFIG) as d:
            reader = Person(d, nick='reader')
            for _ in range(100):
                c = Client(d, 'chat')
                with contextlib.suppress(ConnectionError):
                    for _ in range(12):
                        c.send(pick.choice(VERBS) + pick.choice(TEXTS) +
                               pick.choice((b'\n', b'\r\n', b'\r\0')))
                    c.socket.shutdown(socket.SHUT_WR)
                with contextlib.suppress(OSError):
                    text = ANSWER.sub(b'', c.rest()).decode()
                    self.check(text.splitlines(keepends=True))
                c.close()
            heard = reader.sync()
            self.check(line + '\n' for line in heard)
            self.assertFalse([line for line in heard if line.startswith(
                ('*** forged', '<reader>'))])
            self.check(line + '\n' for line in d.lines)

    def check(self, lines):
        for line in lines:
            self.assertIsNone(CONTROLS.search(line.rstrip('\r\n')), ascii(line[:200]))

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
