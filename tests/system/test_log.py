# SPDX-License-Identifier: GPL-3.0-or-later
"""The log: what is said of a connection, what never is, and that a log which
nobody reads stops no client."""

import fcntl
import os
import re

from clients import Client, Person
from harness import Daemon, Test, main, observe

CONFIG = '''
services: {
  echo: { protocol = "echo"; listen = "127.0.0.1:0"; };
  chat: { protocol = "chat"; listen = "127.0.0.1:0"; };
};
'''
SENDING = 'services: {\n' + ''.join(
    f'{name}: {{ protocol = "{name}"; listen = "127.0.0.1:0"; {more}}};\n'
    for name, more in (('daytime', ''), ('greeting', 'message = "hello, you\\n"; '),
                       ('chargen', ''), ('chat', ''))) + '};'
GREETED = re.compile(r'\*\*\* type a line .*')
CLOSED = (r'^\S+ info .*closed service={} peer=127\.0\.0\.1:\d+ conn=\d+ '
          r'(nick={} )?reason={} in={} out={} secs=[\d.]+$')


class Closed(Test):
    def test_one_line_when_a_connection_ends(self):
        with Daemon(CONFIG) as d:
            c = Client(d, 'echo')
            c.send(b'hi\n')
            c.half_close()
            self.assertEqual(c.rest(), b'hi\n')
            c.close()
            d.wait_log(CLOSED.format('echo', r'\S*', 'eof', 3, 3))
            p = Person(d, nick='alice')
            p.say('/quit')
            p.rest()
            d.wait_log(CLOSED.format('chat', 'alice', 'quit', 19, r'\d+'))
            c = Client(d, 'echo')
            c.send(b'x')
            self.assertEqual(c.socket.recv(1), b'x')
            c.reset()
            d.wait_log(CLOSED.format('echo', r'\S*', 'reset', 1, 1))

    def test_without_a_byte_only_at_debug(self):
        for level in ('info', 'debug'):
            with Daemon(CONFIG, level=level) as d:
                c = Client(d, 'echo')
                c.half_close()
                self.assertEqual(c.rest(), b'')
                marker = Client(d, 'echo')
                marker.send(b'marker')
                marker.half_close()
                marker.rest()
                d.wait_log('closed .* in=6 out=6')
                self.assertEqual(len(d.log('closed .* in=0 ')), int(level == 'debug'))

    def test_who_only_receives(self):
        """Services that send unasked are used by who reads; so is the chat by
        who stays, though he says nothing, and not by who only looks."""
        with Daemon(SENDING) as d:
            for service, reason in (('daytime', 'done'), ('greeting', 'done'),
                                    ('chargen', 'reset')):
                c = Client(d, service)
                c.take(10)
                if reason == 'done':
                    c.rest()
                else:
                    c.reset()
                d.wait_log(CLOSED.format(service, r'\S*', reason, 0, r'[1-9]\d*'))
            probe = Client(d, 'chat')
            probe.until(GREETED)
            probe.reset()
            alice = Person(d, nick='alice')
            lurker = Client(d, 'chat')
            lurker.until(GREETED)
            alice.until(re.compile(r'\*\*\* guest-.* joined #lobby'))
            lurker.close()
            d.wait_log(CLOSED.format('chat', r'guest-\S+', '(eof|reset)', 0, r'\d+'))
            self.assertEqual(len(d.log('closed service=chat')), 1)

    def test_chat_text_is_never_logged(self):
        with Daemon(CONFIG, level='debug') as d:
            a = Person(d, nick='alice')
            b = Person(d, nick='bob')
            for text in ('sesame', '/me sesame', '/msg bob sesame', '/topic sesame',
                         '/sesame', '/nick sesame!'):
                a.say(text)
            a.sync()
            b.say('/quit sesame')
            b.rest()
            d.wait_log('closed .*nick=bob')
            self.assertEqual(d.log('sesame'), [])

    def test_hostile_bytes_are_escaped(self):
        with Daemon(CONFIG, level='debug') as d:
            c = Client(d, 'echo')
            c.send(b'\x1b[31m"\n\xff\x00')
            self.assertEqual(len(c.socket.recv(100)), 9)
            c.half_close()
            c.rest()
            d.wait_log('closed ')
            for line in d.lines:
                self.assertTrue(line.isprintable(), ascii(line))

    def test_clients_cannot_fill_it(self):
        with Daemon(CONFIG) as d:
            for _ in range(500):
                c = Client(d, 'echo')
                c.send(b'x')
                c.socket.recv(1)
                c.close()
            Person(d)
            self.assertLess(len(d.log('closed ')), 250)


class Unread(Test):
    def test_a_full_pipe_stops_no_client(self):
        read, write = os.pipe()
        fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
        with os.fdopen(read, 'rb'), os.fdopen(write, 'wb') as stderr, \
                Daemon(CONFIG, level='debug', stderr=stderr, args=(
                    '-o', 'services.echo.listen=echo.sock')) as d:
            # A second description, so that theirs stays blocking.
            filler = os.open(f'/proc/self/fd/{write}', os.O_WRONLY | os.O_NONBLOCK)
            self.fill(filler)
            os.close(filler)
            d.lines.append(f'listening service=echo address={d.dir}/echo.sock')
            for _ in range(300):
                c = Client(d, 'echo')
                c.send(b'x' * 1000)
                c.half_close()
                self.assertEqual(len(c.rest()), 1000)
                c.close()
            before = d.cpu()
            observe(1)
            self.assertLess(d.cpu() - before, 0.1)
            d.stop(timeout=10)

    @staticmethod
    def fill(filler):
        try:
            while True:
                os.write(filler, b'x')
        except BlockingIOError:
            pass


if __name__ == '__main__':
    main()
