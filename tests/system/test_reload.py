# SPDX-License-Identifier: GPL-3.0-or-later
"""Reloads: what they say, that they disturb nobody, and that nothing waits for
a name server. (Others are in test_lifecycle.py.)"""

import contextlib
import os
import re
import signal
import socket
import stat
import tempfile
import threading
import unittest

from clients import Client, Person, connect
from control import Control, asked, refused, start
from harness import PATIENCE, Daemon, Test, main, wait_until

SLOW_NAMES = os.environ.get('SLOW_NAMES_LIBRARY')
ECHO = 'services: { echo: { protocol = "echo"; listen = "127.0.0.1:0"; %s }; %s };\n'
CHAT = '''services: {
  echo: { protocol = "echo"; listen = "127.0.0.1:0"; prefix = "%s"; };
  chat: { protocol = "chat"; listen = [ "127.0.0.1:0", "chat.sock" ]; flood: { rate = "0"; }; };
  %s
};
limits: { connections = 1000; };
'''


def echoes(client, word=b'word'):
    client.send(word)
    return client.socket.recv(len(word), socket.MSG_WAITALL) == word


def answer(d, data):
    """What a newcomer to echo gets; nothing if it is not let in."""
    c = Client(d, 'echo')
    try:
        c.send(data)
        c.half_close()
        return c.rest()
    except OSError:  # a reset, or a shutdown() behind one
        return b''


def reload(d, config):
    """Returns when it is done, whatever came of it."""
    done = len(d.notify.has('READY=1'))
    d.write_config(config)
    d.signal(signal.SIGHUP)
    wait_until(lambda: len(d.notify.has('READY=1')) > done, 'READY=1 again')


def status(d):
    """What systemctl would show."""
    return re.search(r'^STATUS=(.*)$', d.notify.has('STATUS=.*')[-1], re.M)[1]


class Verdict(Test):
    def test_each_change_is_told(self):
        with Daemon(ECHO % ('', '')) as d:
            d.workers += 1
            reload(d, ECHO % ('prefix = "> ";', 'more: { protocol = "echo"; listen = "m"; };') +
                   'chat: { name = "x"; };')
            d.wait_log(r'notice reloaded file=\S+ applied=1 new_connections=1 needs_restart=1 '
                       r'services_added=1 services_removed=0$')
            conf = re.escape(d.file)
            for line in (
                    rf'info chat\.name: "sockd" -> "x" applied \({conf}:6\)',
                    rf'info services\.echo\.prefix: "" -> "> " applies to new connections '
                    rf'\({conf}:5\)',
                    rf'warning workers: \d -> \d needs a restart \({conf}:1\)',
                    'info service added: more', 'info listener added: more m'):
                self.assertEqual(len(d.log(line + '$')), 1, line)
            self.assertRegex(status(d), r'; reloaded \d\d:\d\d: 1 applied, 1 for new connections, '
                             r'1 service added, 1 needs a restart \(workers\)$')
            reload(d, ECHO % ('prefix = "> ";', ''))
            d.wait_log('info service removed: more$')
            self.assertEqual(len(d.log('warning workers: ')), 2)
            d.baseline += 1  # until its socket is closed

    def test_what_failed_is_told(self):
        with Daemon(ECHO % ('', ''), allow_errors='workrs|reload failed') as d:
            reload(d, 'workrs = 1;\n' + ECHO % ('', ''))
            d.wait_log(f'error {d.file}:5: workrs: ')
            self.assertRegex(
                status(d), rf'; reload failed \d\d:\d\d: {re.escape(d.file)}:5: workrs: ')
            d.signal(signal.SIGUSR1)
            d.wait_log(r'status: configuration file=\S+ since=\S+ last_reload=failed$')
            reload(d, ECHO % ('', ''))
            self.assertRegex(status(d), r'; reloaded \d\d:\d\d: nothing changed$')
            d.signal(signal.SIGUSR1)
            d.wait_log('last_reload=good$')

    def test_many_changes_are_told_in_part(self):
        rooms = ' '.join(f'r{i}: {{ }};' for i in range(70))
        with Daemon(ECHO % ('', '')) as d:
            reload(d, ECHO % ('', '') + f'chat: {{ rooms: {{ {rooms} }}; }};')
            d.wait_log('notice reloaded .* applied=70 ')
            self.assertEqual(len(d.log(r'chat\.rooms\.r')), 50)
            self.assertEqual(len(d.log('left_out=20$')), 1)


class Listeners(Test):
    def test_an_address_goes_to_another_service(self):
        both = '''services: {
          a: { protocol = "%s"; listen = "x"; };
          b: { protocol = "greeting"; message = "hello"; listen = "%s"; }; };'''
        with Daemon(both % ('echo', 'y')) as d:
            path = os.path.join(d.dir, 'x')
            before = os.stat(path).st_ino
            old = Client(d, 'a', address=path)
            self.assertTrue(echoes(old))
            reload(d, both.replace('"x"', '"z"') % ('echo', 'x'))
            self.assertEqual(os.stat(path).st_ino, before)
            wait_until(lambda: self.greeted(d, path), 'the new service')
            self.assertTrue(echoes(old))
            self.assertTrue(echoes(Client(d, 'a', address=os.path.join(d.dir, 'z'))))
            wait_until(lambda: not os.path.exists(os.path.join(d.dir, 'y')), 'y to be gone')

    @staticmethod
    def greeted(d, path):
        c = Client(d, 'b', address=path)
        with contextlib.suppress(OSError):  # it may have closed already
            c.half_close()
        return c.rest() == b'hello'

    def test_other_keys_do_not_open_it_again(self):
        keys = 'backlog = 9; framing = "line"; max_connections = 50; send_buffer = "32KiB";' \
               'idle = "9m"; allow = "127.0.0.0/8"; prefix = "> ";'
        with Daemon(ECHO % ('', '')) as d:
            address = d.addresses('echo')
            for more in (keys, '', keys):
                reload(d, ECHO % (more, ''))
            self.assertEqual(d.addresses('echo'), address)
            wait_until(lambda: answer(d, b'x\n') == b'> x\n', 'the new prefix')
            self.assertEqual(d.log('listener (added|removed)'), [])

    def test_a_failed_one_leaves_nothing(self):
        more = ('u: { protocol = "echo"; listen = [ "u", "127.0.0.1:%d" ]; };'
                't: { protocol = "echo"; listen = "127.0.0.1:%d"; };')
        with socket.create_server(('127.0.0.1', 0)) as free:
            port = free.getsockname()[1]
        with Daemon(ECHO % ('', ''), allow_errors='in use|reload failed') as d, \
                socket.create_server(('127.0.0.1', 0)) as taken:
            reload(d, ECHO % ('', more % (port, taken.getsockname()[1])))
            d.wait_log(rf'error {re.escape(d.file)}:5: services\.t: cannot listen on .* in use')
            self.assertFalse(os.path.exists(os.path.join(d.dir, 'u')))
            with self.assertRaises(ConnectionRefusedError):
                connect(('127.0.0.1', port))
            self.assertEqual(d.fds(), d.baseline)
            self.assertTrue(echoes(Client(d, 'echo')))


class Effects(Test):
    """The code does what the tables say: at once, or for new connections."""

    def test_connections_keep_what_they_were_opened_with(self):
        with Daemon(ECHO % ('prefix = "a ";', '')) as d:
            old = Client(d, 'echo', first=b'x')
            self.assertEqual(old.take(3), b'a x')
            reload(d, ECHO % ('prefix = "b "; framing = "line"; allow = "192.0.2.0/24";', ''))
            wait_until(lambda: answer(d, b'x') == b'', 'newcomers not to be let in')
            old.send(b'y')
            self.assertEqual(old.take(3), b'a y')
            reload(d, ECHO % ('prefix = "b "; framing = "line";', ''))
            wait_until(lambda: answer(d, b'x\n') == b'b x\n', 'the new prefix')
            old.send(b'z')
            self.assertEqual(old.take(3), b'a z')

    def test_limits_and_the_chat_change_at_once(self):
        with Daemon(CHAT % ('', '')) as d:
            alice = Person(d, nick='alice')
            old = Client(d, 'echo')
            self.assertTrue(echoes(old))
            reload(d, CHAT.replace('prefix = "%s"', 'max_connections = 1') % '' +
                   'chat: { text = "64B"; };')
            wait_until(lambda: answer(d, b'x') == b'', 'echo to be full')
            self.assertTrue(echoes(old))
            alice.say('x' * 65)
            self.assertEqual(alice.line(), '*** error: that message has 65 bytes, 64 are allowed; '
                             'it was not sent')
            reload(d, CHAT % ('', ''))
            wait_until(lambda: answer(d, b'x') == b'x', 'echo to have room again')
            alice.say('x' * 65)
            self.assertEqual(alice.sync(), [])


@unittest.skipUnless(SLOW_NAMES, 'needs the library that makes names slow')
class SlowNames(Test):
    def daemon(self, **env):
        directory = self.enterContext(tempfile.TemporaryDirectory(prefix='sockd-test-'))
        self.wait = os.path.join(directory, 'wait')
        asan = os.environ.get('ASAN_OPTIONS', '')
        return Daemon(CHAT % ('', ''), env={
            'LD_PRELOAD': SLOW_NAMES, 'SLOW_NAMES': self.wait,
            'ASAN_OPTIONS': f'{asan}:verify_asan_link_order=0', **env})

    def hang(self, d):
        """A reload that waits for a name server."""
        with open(self.wait, 'w', encoding='ascii'):
            pass
        d.write_config(CHAT % ('', 's: { protocol = "echo"; listen = "slow.test:0"; };'))
        d.signal(signal.SIGHUP)
        wait_until(lambda: os.path.exists(self.wait + '.asked'), 'the name to be looked up')

    def test_control_goes_on(self):
        """Who asked for the verdict waits, others do not; nothing is drained
        that the reload would let in again."""
        with self.daemon() as d:
            self.hang(d)
            waiting = start(d, 'reload', '--wait')
            d.wait_log('control verb="reload"')
            trying = Control(d)
            trying.send('log\ndiff\n')
            self.assertEqual(trying.answer()[-1], 'ok')
            self.assertIn('a reload is under way', refused(d, 'drain', 'echo', '0'))
            self.assertEqual(asked(d, 'status')['state'], 'serving')
            self.assertIsNone(waiting.poll())
            d.signal(signal.SIGTERM)
            self.assertIn('sockctl: ', waiting.communicate(timeout=60)[0])
            self.assertEqual(waiting.returncode, 1)
            self.assertRegex(trying.answer()[-1], '^error: ')
            self.assertEqual(d.wait(), 0)

    def test_everything_goes_on(self):
        with self.daemon(WATCHDOG_USEC='300000') as d:
            old, alice = Client(d, 'echo'), Person(d, nick='alice')
            self.hang(d)
            pings = len(d.notify.has('WATCHDOG=1'))
            self.assertTrue(echoes(old))
            self.assertTrue(echoes(Client(d, 'echo')))
            bob = Person(d, nick='bob')
            bob.say('hello')
            alice.until('<bob> hello')
            wait_until(lambda: len(d.notify.has('WATCHDOG=1')) >= pings + 6, 'six pings')
            d.signal(signal.SIGUSR1)
            d.wait_log('status: service=echo')
            for _ in range(3):  # make one reload more
                d.signal(signal.SIGHUP)
            self.assertTrue(echoes(old))
            self.assertEqual(len(d.notify.has('RELOADING=1')), 1)
            self.assertEqual(len(d.notify.has('READY=1')), 1)
            os.unlink(self.wait)
            wait_until(lambda: len(d.notify.has('READY=1')) == 3, 'two reloads to be over')
            self.assertTrue(echoes(Client(d, 's')))
            d.baseline += 1
            self.in_order(d)

    def in_order(self, d):
        """READY=1, then each RELOADING=1 followed by its READY=1."""
        states = [m.split('\n')[0] for m in d.notify.messages]
        states = [s for s in states if s in ('RELOADING=1', 'READY=1')]
        self.assertEqual(states, ['READY=1'] + ['RELOADING=1', 'READY=1'] * 2)

    def test_a_stop_does_not_wait(self):
        with self.daemon() as d:
            old = Client(d, 'echo')
            self.assertTrue(echoes(old))
            self.hang(d)
            d.signal(signal.SIGHUP)
            d.signal(signal.SIGTERM)
            self.assertEqual(old.rest(), b'')
            old.close()
            self.assertEqual(d.wait(), 0)
            self.assertTrue(os.path.exists(self.wait))
            self.assertEqual(d.log('reloaded'), [])

    def test_a_second_stop_does_not_either(self):
        with self.daemon() as d:
            Client(d, 'echo')
            self.hang(d)
            d.signal(signal.SIGTERM)
            wait_until(lambda: d.notify.has('STOPPING=1'), 'STOPPING=1')
            d.signal(signal.SIGTERM)
            self.assertEqual(d.wait(), 0)


class Storm(Test):
    """Reload after reload, good and bad, as fast as they are taken."""

    def test_nobody_is_lost(self):
        n = 60
        with Daemon(CHAT % ('', ''), allow_errors='in use|reload failed|sockd.conf:') as d, \
                socket.create_server(('127.0.0.1', 0)) as taken:
            old = [Client(d, 'echo') for _ in range(5)]
            for c in old:
                self.assertTrue(echoes(c))
            talker, *hearers = [Person(d, nick=f'p{i}') for i in range(4)]
            for p in hearers:
                p.sync()
            fds = d.fds()
            with Newcomers(d) as newcomers:
                for i in range(n):
                    reload(d, self.config(i, taken.getsockname()[1]))
                    talker.say(f'line {i}')
                    self.assertTrue(all(echoes(c) for c in old))
                reload(d, CHAT % ('', ''))
            self.assertGreater(newcomers.served, 0)
            for p in hearers:
                p.until(f'<p0> line {n - 1}')
            self.assertEqual(len(d.log('notice reloaded')), n // 2 + 1)
            self.assertEqual(len(d.log('reload failed')), n // 2)
            wait_until(lambda: d.fds() <= fds, f'descriptors back to {fds}')
            self.assertEqual(self.sockets(d), {'chat.sock', 'control.sock'})

    @staticmethod
    def config(i, taken):
        """Half are bad: in syntax, in a key, or with an address that is taken."""
        if i % 2 == 0:
            more = f'extra: {{ protocol = "echo"; listen = [ "x{i % 4}", "127.0.0.1:0" ]; }};'
            return CHAT % (f'{i} ' if i % 4 else '', more if i % 4 else '')
        return (CHAT % ('', '') + 'services: { ', CHAT % ('', '') + f'workrs = {i};',
                CHAT % ('', f'no: {{ protocol = "echo"; '
                        f'listen = [ "y", "127.0.0.1:{taken}" ]; }};'))[i % 3]

    @staticmethod
    def sockets(d):
        return {name for name in os.listdir(d.dir) if name != 'notify' and
                stat.S_ISSOCK(os.stat(os.path.join(d.dir, name)).st_mode)}


class Newcomers(threading.Thread):
    """Connects to echo again and again; a refusal or silence is an error."""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.address = daemon.address('echo')
        self.ending = threading.Event()
        self.error = None
        self.served = 0

    def run(self):
        try:
            while not self.ending.is_set():
                with connect(self.address) as sock:
                    sock.sendall(b'newcomer')
                    sock.shutdown(socket.SHUT_WR)
                    text = b''
                    while data := sock.recv(100):
                        text += data
                assert text.endswith(b'newcomer'), text
                self.served += 1
        except (OSError, AssertionError) as error:
            self.error = error

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.join(PATIENCE)
        assert self.error is None, f'a newcomer met {self.error!r}'


if __name__ == '__main__':
    main()
