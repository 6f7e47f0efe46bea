# SPDX-License-Identifier: GPL-3.0-or-later
"""telnet: the program under a terminal, and its protocol byte by byte."""

import re
import socket

from clients import Child, Client, Person
from harness import Daemon, Test, main

CONFIG = 'services: { chat: { protocol = "chat"; listen = "127.0.0.1:0"; }; };'
IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240
TIMING_MARK = 6


class Program(Test):
    def test_types_and_reads(self):
        with Daemon(CONFIG) as d:
            a = Person(d, nick='alice')
            host, port = d.address('chat')
            t = Child(d, 'inetutils-telnet', host, str(port), tty=True)
            t.until(re.compile(r'\*\*\* welcome to .*'))
            t.say('/nick terry')
            t.until(re.compile(r'\*\*\* you are now terry\b.*'))
            t.say('hello from a terminal')
            a.until('<terry> hello from a terminal')
            a.say('hello back')
            t.until('<alice> hello back')
            t.say('/quit')
            t.until(re.compile(r'\*\*\* disconnected: bye\..*'))
            t.until('Connection closed by foreign host.')


class Protocol(Test):
    def member(self, d):
        a, b = Person(d, nick='alice'), Person(d, nick='bob')
        b.say('hi')
        a.until('<bob> hi')
        return a, b

    def test_never_negotiates_first(self):
        with Daemon(CONFIG) as d:
            c = Client(d, 'chat')
            self.assertNotIn(IAC, c.raw_line() + c.raw_line())

    def test_lines_end_as_telnet_wants(self):
        with Daemon(CONFIG) as d:
            a, b = self.member(d)
            self.assertTrue(self.answer(a, b'/who\n').endswith(b'bob\n'))
            a.send(bytes([IAC, WILL, 31]))
            self.assertEqual(a.socket.recv(3, socket.MSG_WAITALL), bytes([IAC, DONT, 31]))
            self.assertTrue(self.answer(a, b'/who\r\n').endswith(b'bob\r\n'))
            b.say('for telnet')
            self.assertEqual(a.raw_line(), b'<bob> for telnet\r\n')
            a.send(b'/quit\r\n')
            self.assertEqual(a.rest(), b'*** disconnected: bye.\r\n')

    @staticmethod
    def answer(person, line):
        person.send(line)
        return person.raw_line()

    def test_sequences_never_reach_the_room(self):
        """Split at every byte; CR NUL and IAC IAC are what RFC 854 says."""
        data = (bytes([IAC, WILL, 24, IAC, SB, 24, 0]) + b'xterm' +
                bytes([IAC, SE]) + b'he' + bytes([IAC, 241]) + b'llo' +
                bytes([IAC, SB, 31, 0, IAC, IAC, 0, 24, IAC, SE]) + b' you\r\n')
        with Daemon(CONFIG) as d:
            a, b = self.member(d)
            for byte in data:
                a.send(bytes([byte]))
            self.assertEqual(b.line(), '<alice> hello you')
            a.send(data)
            self.assertEqual(b.line(), '<alice> hello you')
            a.send(b'back\r\x00' + b'bad' + bytes([IAC, IAC]) + b'\r\n')
            self.assertEqual(b.line(), '<alice> back')
            self.assertEqual(b.line(), '<alice> bad\ufffd')

    def test_timing_mark_is_answered(self):
        with Daemon(CONFIG) as d:
            a, _ = self.member(d)
            for _ in range(3):  # what Ctrl-C sends
                a.send(bytes([IAC, 244, IAC, DO, TIMING_MARK]))
                self.assertEqual(a.socket.recv(3, socket.MSG_WAITALL),
                                 bytes([IAC, WILL, TIMING_MARK]))

    def test_options_are_refused_once(self):
        with Daemon(CONFIG) as d:
            a, _ = self.member(d)
            a.send(bytes([IAC, DO, 99, IAC, DO, 99, IAC, WILL, 99, IAC, WONT, 99,
                          IAC, DONT, 99]) * 3)
            a.send(b'/who\r\n')
            self.assertEqual(a.raw_line(), bytes([IAC, WONT, 99, IAC, DONT, 99]) +
                             b'*** 2 in #lobby: alice, bob\r\n')


if __name__ == '__main__':
    main()
