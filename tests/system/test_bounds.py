# SPDX-License-Identifier: GPL-3.0-or-later
"""What people can make the daemon keep has bounds, each with an option, and
whoever runs it sees by the metrics how full each is and when it was reached."""

import re

import scrape
from clients import Client, Person, Program
from harness import Daemon, Test, main, wait_until
from scrape import scrape as page

CONFIG = '''services: {
    %s
    chat: { protocol = "chat"; listen = "127.0.0.1:0"; };
    json: { protocol = "chat"; dialect = "json"; listen = "127.0.0.1:0"; };
    post: { protocol = "post"; listen = "127.0.0.1:0"; };
    proxied: { protocol = "echo"; listen = "127.0.0.1:0"; proxy_protocol = "127.0.0.1"; };
};
limits: { line = "1KiB"; rooms = 3; rooms_per_member = 2; };
exempt = [ ];
chat: { text = "100B"; topic = 5; history = 5; history_bytes = "16KiB"; history_total = "16KiB";
        flood: { rate = "0"; }; };
''' % scrape.CONFIG


class Bounds(Test):
    def setUp(self):
        self.daemon = Daemon(CONFIG)
        self.addCleanup(self.daemon.stop)
        self.a = Person(self.daemon, nick='alice')

    def reached(self, limit):
        return page(self.daemon).get('sockd_chat_limits_reached_total', limit=limit)

    def value(self, name):
        return page(self.daemon).get(name)

    def answer(self, text):
        self.a.say(text)
        return self.a.line()

    def refused(self, limit, text, pattern):
        before = self.reached(limit)
        self.assertRegex(self.answer(text), pattern)
        self.assertEqual(self.reached(limit), before + 1)

    def test_text(self):
        self.refused('text', 'x' * 101, r'^\*\*\* error: .*101 bytes, 100 are allowed')
        self.refused('text', 'x' * 1025, r'^\*\*\* error: .*1,025 bytes, 1,024 are allowed')
        post = Client(self.daemon, 'post')
        post.say('x' * 101)
        self.assertRegex(post.line(), '^error: ')
        self.assertEqual(self.reached('text'), 3)

    def test_topic_and_away(self):
        self.refused('topic', '/topic 123456', r'^\*\*\* error: .*6 characters, 5 ')
        self.refused('away', '/away 123456', r'^\*\*\* error: .*6 characters, 5 ')

    def test_lines_of_a_history(self):
        for i in range(7):
            self.a.say(f'{i}')
        self.a.sync()
        self.assertEqual(self.reached('history'), 2)
        self.a.say('/history')
        self.assertEqual(self.a.line(), '*** the last 5 lines:')

    def test_the_total_of_histories(self):
        with Daemon(CONFIG, args=['-o', 'chat.history=1000', '-o', 'chat.text=1KiB',
                                  '-o', 'chat.history_bytes=12KiB']) as d:
            self.assertEqual(page(d).get('sockd_history_limit_bytes'), 16384)
            self.assertEqual(page(d).get('sockd_history_bytes'), 0)
            people = [Person(d, room=f'r{i}') for i in range(2)]
            for i in range(20):
                for p in people:
                    p.say('x' * 1000)
                    p.sync()
                self.assertLessEqual(page(d).get('sockd_history_bytes'), 16384)
            self.assertGreater(page(d).get('sockd_history_bytes'), 8192)
            self.assertGreater(page(d).get('sockd_chat_limits_reached_total',
                                           limit='history_total'), 0)

    def test_rooms(self):
        self.assertEqual(self.value('sockd_rooms_limit'), 3)
        others = [Person(self.daemon, room=f'r{i}') for i in range(2)]
        self.assertEqual(self.value('sockd_rooms'), 3)
        self.refused('rooms', '/join another', r'^\*\*\* error: .*\b3\b')
        others[0].join('lobby')
        self.assertRegex(self.answer('/join another'), r'^\*\*\* (you are in #another|guest)')
        self.assertEqual((self.value('sockd_rooms'), self.reached('rooms')), (3, 2))

    def test_rooms_of_a_member(self):
        p = Program(self.daemon, name='robot')
        p.join('r1', 'robot', keep=True)
        p.put('join', room='r2', username='robot', keep=True)
        self.assertRegex(p.until(type='error')['message'], r'\b2\b')
        self.assertEqual(self.reached('rooms_per_member'), 1)

    def test_ignored_people(self):
        people = [Person(self.daemon, nick='n' + chr(97 + i // 6) + chr(97 + i % 6))
                  for i in range(33)]
        for p in people:
            self.a.say(f'/ignore {p.nick}')
        self.a.until(re.compile(r'\*\*\* error: you ignore 32 people.*'))
        self.assertEqual(self.reached('ignores'), 1)

    def test_those_who_may_come_back(self):
        self.assertEqual(self.value('sockd_resumable_members'), 0)
        Person(self.daemon, nick='bob').reset()
        wait_until(lambda: self.value('sockd_resumable_members') == 1, 'bob to be remembered')

    def test_addresses(self):
        before = self.value('sockd_addresses')
        others = [Client(self.daemon, 'chat', source=f'127.0.0.{i}') for i in (7, 8)]
        wait_until(lambda: self.value('sockd_addresses') == before + 2, 'them to be known')
        for c in others:
            c.close()

    def test_those_who_owe_a_header(self):
        c = Client(self.daemon, 'proxied', source='127.0.0.1')
        wait_until(lambda: self.value('sockd_proxy_waiting') == 1, 'it to wait')
        c.close()
        wait_until(lambda: self.value('sockd_proxy_waiting') == 0, 'it to be gone')


if __name__ == '__main__':
    main()
