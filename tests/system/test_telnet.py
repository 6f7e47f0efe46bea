# SPDX-License-Identifier: GPL-3.0-or-later
"""telnet: the program under a terminal, and its line ends."""

import re

from clients import Child, Client, Person
from harness import Daemon, Test, main

CONFIG = 'services: { chat: { protocol = "chat"; listen = "127.0.0.1:0"; }; };'


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


class Wire(Test):
    def test_never_negotiates_first(self):
        with Daemon(CONFIG) as d:
            c = Client(d, 'chat')
            self.assertNotIn(b'\xff', c.raw_line() + c.raw_line())

    def test_lines_that_end_as_telnet_ends_them(self):
        with Daemon(CONFIG) as d:
            a, b = Person(d, nick='alice'), Person(d, nick='bob')
            b.say('hi')
            a.until('<bob> hi')
            for byte in b'one\r\ntwo\r\n':
                a.send(bytes([byte]))
            self.assertEqual([b.line(), b.line()], ['<alice> one', '<alice> two'])
            a.send(b'/quit\r\n')
            a.until(re.compile(r'\*\*\* disconnected: bye\..*'))


if __name__ == '__main__':
    main()
