#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators do by sockctl: bans of addresses and names in all services,
over a restart, and what becomes of their file; mutes, locks, kicks."""

import os
import re
import signal
import tempfile
import threading

from clients import Client, Person, Program
from control import Control, asked, refused, said
from datagrams import Asker
from harness import Daemon, Test, main, observe, wait_until

CONFIG = '''exempt = [ "127.0.0.1" ];
services: {
  echo: { protocol = "echo"; listen = "127.0.0.1:0"; };
  udp: { protocol = "echo"; transport = "udp"; listen = "127.0.0.1:0"; };
  chat: { protocol = "chat"; listen = [ "chat.sock", "127.0.0.1:0" ]; };
  json: { protocol = "chat"; dialect = "json"; listen = "127.0.0.1:0"; };
};
chat: { rooms: { ops: { topic = "tea"; }; }; };'''
BOB = '127.0.0.2'
GOODBYE = re.compile(r'\*\*\* disconnected: banned until [\d:-]+( [\d:]+)?: spam\. Press Ctrl-C\.')


def bans(daemon):
    return {row['ban']: row for row in asked(daemon, 'bans')['bans']}


def rejected(daemon, service):
    want = f'sockd_connections_rejected_total{{service="{service}",reason="banned"}}'
    rows = asked(daemon, 'metrics', 'reason="banned"')['metrics']
    return {row['metric']: row['value'] for row in rows}[want]


def is_let_in(daemon, source=BOB):
    """Whether the echo from there comes back."""
    client = Client(daemon, 'echo', source=source)
    try:
        client.send('x')
        return client.take(1) == b'x'
    except ConnectionError:
        return False
    finally:
        client.close()


class Addresses(Test):
    def test_all_services(self):
        """Who is connected goes, who comes is not let in, and others notice
        nothing; with the words that each protocol has."""
        with Daemon(CONFIG) as daemon:
            alice = Person(daemon, nick='alice')
            bob = Person(daemon, nick='bob', source=BOB)
            bot = Program(daemon, name='bot', source=BOB)
            echo = Client(daemon, 'echo', source=BOB)
            udp = Asker(daemon, daemon.address('udp'), source=(BOB, 0))
            unix = Person(daemon, address=f'{daemon.dir}/chat.sock')
            udp.send(b'one')
            self.assertEqual(udp.socket.recv(9), b'one')
            answer = asked(daemon, 'ban', '127.0.0.2/31', '10m', 'spam')
            self.assertEqual(answer['connections_closed'], 3)
            bob.until(GOODBYE)
            self.assertEqual(bob.rest(), b'')
            last = bot.until(type='disconnected')
            self.assertEqual((last['code'], last['retry']), ('banned', False))
            self.assertRegex(last['message'], 'banned until .*: spam')
            self.assertEqual(echo.rest(), b'')
            alice.until(re.compile(r'\*\*\* bob left #lobby: banned until .*: spam'))
            daemon.wait_log('closed service=chat .* nick=bob reason=banned')
            daemon.wait_log('disconnected connections=3')
            self.assertRegex(Client(daemon, 'chat', source='127.0.0.3').line(), GOODBYE)
            self.assertFalse(is_let_in(daemon))
            self.assertEqual((rejected(daemon, 'chat'), rejected(daemon, 'echo')), (1, 1))
            rows = {row['address']: row for row in asked(daemon, 'addresses')['addresses']}
            self.assertEqual((rows[BOB]['banned'], rows['127.0.0.3']['banned']), (1, 1))
            other = Asker(daemon, daemon.address('udp'), source=('127.0.0.1', 0))
            udp.send(b'two')
            other.send(b'three')
            self.assertEqual(other.socket.recv(9), b'three')
            udp.socket.setblocking(False)
            self.assertRaises(BlockingIOError, udp.socket.recv, 9)
            wait_until(lambda: any(
                row['metric'].startswith('sockd_datagrams') and row['value'] == 1
                for row in asked(daemon, 'metrics', 'reason="banned"')['metrics']),
                'the datagram is counted')
            alice.say('hello')
            unix.until('<alice> hello')
            said(daemon, 'unban', '127.0.0.2/31')
            self.assertTrue(is_let_in(daemon))
            self.assertEqual(bans(daemon), {})

    def test_the_exempt_are_spared(self):
        """In whichever way they are hit; also who became exempt later."""
        with Daemon(CONFIG) as daemon:
            for what in ('127.0.0.1', '127.0.0.0/8', '0.0.0.0/0', '::/0', '::ffff:127.0.0.1'):
                self.assertIn('127.0.0.1 is exempt', refused(daemon, 'ban', what))
            self.assertEqual(bans(daemon), {})
            said(daemon, 'ban', BOB)
            self.assertFalse(is_let_in(daemon))
            daemon.write_config(CONFIG.replace('"127.0.0.1" ]', '"127.0.0.1", "127.0.0.2" ]'))
            said(daemon, 'reload', '--wait')
            wait_until(lambda: is_let_in(daemon), 'it is exempt')
            self.assertEqual(list(bans(daemon)), [BOB])
            daemon.write_config(CONFIG)
            said(daemon, 'reload', '--wait')
            wait_until(lambda: not is_let_in(daemon), 'it is no more')

    def test_it_ends(self):
        with Daemon(CONFIG) as daemon:
            said(daemon, 'ban', BOB, '500ms')
            said(daemon, 'ban', 'bob', '500ms')
            wait_until(lambda: is_let_in(daemon), 'the ban is over')
            wait_until(lambda: bans(daemon) == {}, 'none is listed')
            Person(daemon, nick='bob', source=BOB)
            row = asked(daemon, 'metrics', 'sockd_bans')['metrics'][0]
            self.assertEqual(row['value'], 0)

    def test_their_number(self):
        with Daemon(CONFIG + 'limits: { bans = 2; };') as daemon:
            said(daemon, 'ban', '192.0.2.1')
            said(daemon, 'ban', '192.0.2.2')
            self.assertIn('there are 2 bans', refused(daemon, 'ban', 'bob'))
            said(daemon, 'ban', '192.0.2.1', '1h', 'for', 'longer')
            rows = bans(daemon)
            self.assertEqual(rows['192.0.2.1']['reason'], 'for longer')
            self.assertIsNone(rows['192.0.2.2']['until'])
            daemon.write_config(CONFIG)
            said(daemon, 'reload', '--wait')
            said(daemon, 'ban', 'bob')
            row = asked(daemon, 'metrics', 'sockd_bans')['metrics'][0]
            self.assertEqual(row['value'], 3)


class Files(Test):
    """The bans of one state directory, over several daemons."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix='sockd-test-')
        self.addCleanup(directory.cleanup)
        self.dir = os.path.join(directory.name, 'state')
        self.path = os.path.join(self.dir, 'bans')

    def daemon(self, **kwargs):
        return Daemon(CONFIG, args=('-o', f'state_dir={self.dir}'), **kwargs)

    def read(self):
        with open(self.path, 'rb') as file:
            return file.read()

    def test_a_restart(self):
        """All of it is as it was, before anybody comes in."""
        with self.daemon() as daemon:
            said(daemon, 'ban', BOB, '1h', 'spam', 'and\tmore')
            said(daemon, 'ban', 'bob')
            said(daemon, 'ban', '2001:db8::/32')
            said(daemon, 'ban', 'gone', '1ms')
            before = bans(daemon)
        with self.daemon() as daemon:
            self.assertFalse(is_let_in(daemon))
            after = bans(daemon)
            before.pop('gone', None)
            self.assertEqual(after, before)
            self.assertEqual(after[BOB]['reason'], 'spam and more')
            alice = Person(daemon, nick='alice')
            alice.say('/nick B0B')
            alice.until('*** error: the name "B0B" is banned; choose another name')
            self.assertIn(b'2001:db8::/32\t', self.read())
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o600)

    def test_it_is_written_soon(self):
        """Not only at the end, which may come by force."""
        with self.daemon() as daemon:
            said(daemon, 'ban', '192.0.2.1')
            wait_until(lambda: os.path.exists(self.path) and b'192.0.2.1\t' in self.read(),
                       'it is on the disk')
            said(daemon, 'unban', '192.0.2.1')
            wait_until(lambda: b'192.0.2.1\t' not in self.read(), 'it is off the disk')

    def test_killed_while_writing(self):
        """What there is then is what was there at some time: the first so many."""
        for _ in range(5):
            with self.daemon() as daemon:
                rows = bans(daemon)
                control = Control(daemon)
                n = len(rows)

                def ban_on(control=control, n=n):
                    try:
                        for i in range(n, n + 1000):
                            control.send(f'ban 198.51.{i // 250}.{i % 250}\n')
                            control.line()
                    except (OSError, AssertionError):
                        pass
                thread = threading.Thread(target=ban_on, daemon=True)
                thread.start()
                wait_until(lambda: os.path.exists(self.path) and
                           self.read().count(b'\t0\t') > n + 5, 'some are written')
                daemon.signal(signal.SIGKILL)
                self.assertEqual(daemon.wait(), -signal.SIGKILL)
                thread.join()
            with self.daemon() as daemon:
                rows = bans(daemon)
                self.assertGreater(len(rows), n + 5)
                self.assertEqual(
                    list(rows), [f'198.51.{i // 250}.{i % 250}' for i in range(len(rows))])

    def test_what_cannot_be_read(self):
        """Nobody is banned then, which the log says, and the file is kept."""
        with self.daemon() as daemon:
            said(daemon, 'ban', BOB)
        whole = self.read()
        for broken in (whole[:-1], whole[:20], b'', whole.replace(b'root', b'r0ot'),
                       b'\0' * len(whole), whole + b'x'):
            with open(self.path, 'wb') as file:
                file.write(broken)
            with self.daemon(allow_errors='nobody is banned') as daemon:
                line = daemon.wait_log(r'error nobody is banned, the bans cannot be used: .*: it '
                                       r'.*; put aside file=.*/bans\.refused-')[0]
                self.assertEqual(bans(daemon), {})
                self.assertTrue(is_let_in(daemon))
                with open(line.partition('file=')[2], 'rb') as file:
                    self.assertEqual(file.read(), broken)
                said(daemon, 'ban', '192.0.2.9')
            with self.daemon() as daemon:
                self.assertEqual(list(bans(daemon)), ['192.0.2.9'])

    def test_what_was_not_written_by_us(self):
        """Where all but the words is right."""
        with self.daemon() as daemon:
            said(daemon, 'ban', BOB)
        os.rename(self.path, self.path + '.other')
        os.mkdir(self.path)
        with self.daemon(allow_errors='nobody is banned') as daemon:
            daemon.wait_log('error nobody is banned, the bans cannot be used: .*: it is not a '
                            'regular file; put aside')
        os.rename(self.path + '.other', self.path)
        with self.daemon() as daemon:
            self.assertEqual(list(bans(daemon)), [BOB])

    def test_what_cannot_be_written(self):
        """They are in force all the same, and written when that can be."""
        with self.daemon(allow_errors='the bans are not kept') as daemon:
            os.makedirs(self.path + '.new/x')
            said(daemon, 'ban', BOB)
            daemon.wait_log('error the bans are not kept for now: .*bans')
            self.assertFalse(is_let_in(daemon))
            os.rmdir(self.path + '.new/x')
            os.rmdir(self.path + '.new')
            said(daemon, 'ban', '192.0.2.9')
            daemon.wait_log('notice the bans are kept again')
        with self.daemon() as daemon:
            self.assertEqual(list(bans(daemon)), [BOB, '192.0.2.9'])

    def test_one_daemon_at_a_time(self):
        with self.daemon(), self.daemon(allow_errors=' is not kept: ') as second:
            second.wait_log('error the state of the chat is not kept: .*')
            said(second, 'ban', BOB)
            self.assertFalse(is_let_in(second))
            observe(0.05)
            self.assertFalse(os.path.exists(self.path))


class People(Test):
    def test_names(self):
        """The nick and what looks like it; who has it goes."""
        with Daemon(CONFIG) as daemon:
            alice = Person(daemon, nick='alice')
            bob = Person(daemon, nick='bob', source=BOB)
            answer = asked(daemon, 'ban', 'B0b', '10m', 'spam')
            self.assertEqual((answer['banned'], answer['disconnected'], answer['address']),
                             ('B0b', 'bob', BOB))
            bob.until(GOODBYE)
            alice.until(re.compile(r'\*\*\* bob left #lobby: banned until .*: spam'))
            again = Person(daemon, source=BOB)
            again.say('/nick bob')
            again.until('*** error: the name "bob" is banned; choose another name')
            bot = Program(daemon, 'json', source=BOB)
            bot.put('join', room='lobby', username='bob')
            self.assertEqual(bot.until(type='error')['code'], 'not_allowed')
            self.assertIn('is not banned', refused(daemon, 'unban', 'alice'))
            said(daemon, 'unban', 'BOB')
            again.rename('bob')
            self.assertIn('guest', refused(daemon, 'ban', Person(daemon).nick))

    def test_mutes(self):
        with Daemon(CONFIG) as daemon:
            alice, bob = Person(daemon, nick='alice'), Person(daemon, nick='bob')
            self.assertEqual(asked(daemon, 'mute', 'bob', '10m'),
                             {'nick': 'bob', 'muted': True, 'for': 600.0})
            bob.until(re.compile(r'\*\*\* \S+ has muted you: for 10m nothing that you say is sent'))
            bob.say('hello')
            bob.until('*** error: you are muted for 10m: that was not sent')
            said(daemon, 'mute', 'bob', '0')
            bob.until(re.compile(r'\*\*\* \S+ has unmuted you: you may speak again'))
            bob.say('thanks')
            self.assertNotIn('<bob> hello', alice.until('<bob> thanks'))
            self.assertIn('nobody is called', refused(daemon, 'mute', 'zork'))

    def test_locks(self):
        with Daemon(CONFIG) as daemon:
            alice, bob = Person(daemon, nick='alice', room='ops'), Person(daemon, nick='bob')
            self.assertEqual(asked(daemon, 'lock', '#ops'), {'room': 'ops', 'locked': True})
            alice.until(re.compile(r'\*\*\* \S+ locked #ops: only operators may join'))
            bob.say('/join ops')
            bob.until('*** error: #ops is locked: only operators may join')
            said(daemon, 'reload', '--wait')
            bob.say('/join ops')
            bob.until('*** error: #ops is locked: only operators may join')
            said(daemon, 'lock', 'ops', 'off')
            alice.until(re.compile(r'\*\*\* \S+ opened #ops to everybody'))
            bob.join('ops')

    def test_others_may_not(self):
        with Daemon(CONFIG) as daemon:
            Person(daemon, nick='alice')
            bob = Person(daemon, nick='bob')
            for line in ('/kick alice', '/mute alice', '/ban 192.0.2.1', '/bans', '/lock lobby',
                         '/unban x', '/help ban'):
                bob.say(line)
                verb = line.replace('/help ', '/').split()[0]
                bob.until(f'*** error: {verb} is for operators')
            bob.say('/help')
            self.assertNotIn('*** for operators', '\n'.join(bob.sync()))
            bot = Program(daemon, name='bot')
            bot.put('ban', target='192.0.2.1', ref=1)
            self.assertEqual(bot.until(type='error', ref=1)['code'], 'not_allowed')
            self.assertEqual(bans(daemon), {})


if __name__ == '__main__':
    main()
