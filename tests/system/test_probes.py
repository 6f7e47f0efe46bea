# SPDX-License-Identifier: GPL-3.0-or-later
"""Health checks: who only looks whether the chat is there leaves nothing, in no
room, in no count, and in no line of the log."""

import re
import signal
import subprocess

from clients import NC, Client, Person, Program, target
from harness import Daemon, Test, main, wait_until

CONFIG = '''
services: {
    auto: { protocol = "chat"; dialect = "auto"; listen = "127.0.0.1:0"; };
    text: { protocol = "chat"; dialect = "text"; listen = "127.0.0.1:0"; };
    json: { protocol = "chat"; dialect = "json"; listen = "127.0.0.1:0"; };
};
'''
SERVICES = ('auto', 'text', 'json')
EACH = 100
GET = ('GET / HTTP/1.1\r\nHost: 127.0.0.1:4000\r\nUser-Agent: curl/7.88.1\r\n'
       'Accept: */*\r\n\r\n')


class Probes(Test):
    def setUp(self):
        self.d = Daemon(CONFIG)
        self.d.__enter__()
        self.addCleanup(self.d.__exit__, None, None, None)
        self.person = Person(self.d, 'text', nick='alice')
        self.program = Program(self.d, name='bot')
        self.person.until('*** bot joined #lobby')

    def status(self):
        """What it says of itself, and how many it has accepted so far."""
        n = len(self.d.lines)
        self.d.signal(signal.SIGUSR1)
        wait_until(lambda: [x for x in self.d.lines[n:] if 'service=json' in x], 'a status')
        lines = [x.partition(' status: ')[2] for x in self.d.lines[n:]]
        accepted = [int(m[1]) for x in lines if (m := re.search(r' accepted=(\d+) ', x))]
        return [x for x in lines if x and 'accepted=' not in x], accepted[0]

    def said_since(self, n):
        """What the log says from line n on, asked or not asked."""
        return [line for line in self.d.lines[n:] if ' status: ' not in line]

    def heard_nothing(self):
        self.assertEqual(self.person.sync(), [])
        self.assertEqual(self.program.sync(), [])

    def test_connections_without_a_byte(self):
        before, accepted = self.status()
        self.assertIn('2 connections, 2 people in 1 rooms', before)
        n_lines = len(self.d.lines)
        for service in SERVICES:
            host, port = target(self.d.address(service))
            subprocess.run(
                ['sh', '-ec', f'for i in $(seq {EACH}); do {NC} -z {host} {port}; done'],
                check=True)
            for _ in range(EACH):
                Client(self.d, service).close()
                Client(self.d, service).reset()
        accepted += EACH * 3 * len(SERVICES)
        wait_until(lambda: self.status() == (before, accepted), 'all came and went')
        wait_until(lambda: self.d.fds() <= self.d.baseline + 2, 'all of them gone')
        self.assertEqual(self.said_since(n_lines), [])
        self.heard_nothing()

    def test_pages_that_are_asked_for(self):
        before, _ = self.status()
        n_lines = len(self.d.lines)
        for service in ('auto', 'json'):
            web = Client(self.d, service, first=GET)
            web.half_close()
            web.rest()
        wait_until(lambda: self.status()[0] == before, 'both came and went')
        wait_until(lambda: len(self.said_since(n_lines)) >= 2, 'two lines')
        for line in self.said_since(n_lines):
            self.assertRegex(line, r'^\S+ info closed service=(auto .*=protocol|json .*=eof) ')
        self.assertEqual(len(self.said_since(n_lines)), 2)
        self.heard_nothing()


if __name__ == '__main__':
    main()
