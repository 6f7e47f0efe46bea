# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines, joins, leaves and rooms by the thousand: all is done, to the last one,
nobody else is cut off, and nothing is left when it is over. How long a loop is
held up by more of the same is what `./dev bench staying` looks at."""

import re

import scrape
from clients import Client, Person
from harness import SANITIZED, Daemon, Test, main, wait_until
from hostile import exchange

CONFIG = '''services: {
    %s
    chat: { protocol = "chat"; listen = "127.0.0.1:0"; };
};
chat: { replay = 0; flood: { rate = "0"; }; };
''' % scrape.CONFIG
LINES, TURNS, CROWD, ROOMS = 20000, 100, 300, 3000


class Storms(Test):
    def setUp(self):
        self.daemon = Daemon(CONFIG)
        self.addCleanup(self.daemon.stop)

    def value(self, name):
        return scrape.scrape(self.daemon).get(name)

    def sent(self, text):
        """What the server says to that, and then the end."""
        return exchange(self.daemon.address('chat'), text.encode()).decode().splitlines()

    def test_a_pasted_book(self):
        reader = Person(self.daemon, nick='reader')
        self.sent('\n/nick writer\n' + ''.join(f'{i}\n' for i in range(LINES)) + '/quit\n')
        heard = reader.until('*** writer left #lobby')
        heard = [line for line in heard if not line.startswith('*** ')]
        self.assertEqual(heard, [f'<writer> {i}' for i in range(LINES)])

    def test_to_and_fro(self):
        other = Person(self.daemon, nick='other')
        storm = '\n' + '/join there\n/join here\n' * TURNS + '/quit\n'
        people = [Client(self.daemon, 'chat', first=storm) for _ in range(20)]
        for p in people:
            lines = p.rest_lines()
            rooms = [m[1] for line in lines
                     if (m := re.match(r'\*\*\* you are in #(\w+) ', line))]
            self.assertEqual(rooms, ['there', 'here'] * TURNS)
            self.assertEqual(lines[-1], '*** disconnected: bye. Press Ctrl-C.')
        other.sync()
        self.assertEqual(self.value('sockd_members'), 1)

    def test_all_leave_at_once(self):
        other = Person(self.daemon, nick='other')
        crowd = [Client(self.daemon, 'chat', first='\n') for _ in range(CROWD)]
        wait_until(lambda: self.value('sockd_members') == CROWD + 1, 'all to be there')
        with self.daemon.stopped():
            for i, c in enumerate(crowd):
                c.reset() if i % 2 else c.close()
        other.sync()
        wait_until(lambda: self.value('sockd_members') == 1, 'all to be gone')
        self.assertEqual(self.value('sockd_output_bytes'), 0)

    def test_rooms_without_end(self):
        lines = self.sent('\n' + ''.join(f'/join r{i}\n' for i in range(ROOMS)) + '/quit\n')
        found = [m[1] for line in lines if (m := re.match(r'\*\*\* you are in #r(\d+) ', line))]
        self.assertEqual(found, [str(i) for i in range(ROOMS)])
        self.assertEqual(self.value('sockd_rooms'), self.value('sockd_rooms_limit'))

    def test_memory_of_a_crowd_is_given_back(self):
        """Each has begun a line, which is kept until it ends."""
        with Daemon(CONFIG, args=['-o', 'limits.line=64KiB']) as d:
            crowd = [Client(d, 'chat', first='x' * 60000) for _ in range(CROWD)]
            few = CROWD * 60000 // 4
            wait_until(lambda: scrape.scrape(d).sum('sockd_received_bytes_total') >=
                       CROWD * 60000, 'all to be read')
            full = d.resident()
            for i in range(CROWD):  # what is freed last need not lie last
                crowd[i * 7 % CROWD].reset()
            wait_until(lambda: scrape.scrape(d).get('sockd_members') == 0, 'them to go')
            if not SANITIZED:
                wait_until(lambda: d.resident() < full - 3 * few, 'memory to come back')


if __name__ == '__main__':
    main()
