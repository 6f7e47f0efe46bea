# SPDX-License-Identifier: GPL-3.0-or-later
"""Services over UDP on this machine: what comes back, from where, and to whom
it does not; reloads; floods."""

import datetime
import os
import random
import signal
import socket
import threading
import time
import unittest

from clients import NC, Child, Client
from datagrams import Asker, counts, has_ipv6, settled_counts
from harness import Daemon, Test, main, observe, wait_until

ECHO = ('services: { echo: { protocol = "echo"; transport = "udp"; '
        'listen = "127.0.0.1:0"; %s }; };')
SERVICES = '''services: {
  echo: { protocol = "echo"; transport = "udp"; listen = "127.0.0.1:0"; };
  six: { protocol = "echo"; transport = "udp"; listen = "localhost:0"; };
  all: { protocol = "echo"; transport = "udp"; listen = "*:0"; };
  four: { protocol = "echo"; transport = "udp"; listen = "0.0.0.0:0"; prefix = "> "; };
  hello: { protocol = "greeting"; transport = "udp"; listen = "127.0.0.1:0";
           message = "hello\\n\\ttab, no newline at the end"; };
  discard: { protocol = "discard"; transport = "udp"; listen = "127.0.0.1:0"; };
};
limits: { udp_answers = "0"; };'''
LENGTHS = [0, 1, 2, 63, 64, 511, 512, 513, 1471, 1472, 1473, 4096, 9000, 32768, 65506, 65507]
SIX = unittest.skipUnless(has_ipv6(), 'this machine has no IPv6')


class Answers(Test):
    def test_every_length_comes_back(self):
        with Daemon(SERVICES) as d:
            asker = Asker(d, d.address('echo'))
            for length in LENGTHS:
                data = random.randbytes(length)
                self.assertEqual(asker.ask(data), data, length)

    @SIX
    def test_every_length_comes_back_over_ipv6(self):
        with Daemon(SERVICES) as d:
            address = next(a for a in d.addresses('six') if a[0] == '::1')
            asker = Asker(d, address)
            for length in [*LENGTHS, 65527]:
                data = random.randbytes(length)
                self.assertEqual(asker.ask(data), data, length)

    def test_many_at_once(self):
        """More than one turn takes, from many sockets, each with its own."""
        with Daemon(SERVICES) as d:
            askers = [Asker(d, d.address('echo')) for _ in range(40)]
            for i in range(5):
                for k, asker in enumerate(askers):
                    asker.send(b'%d %d' % (i, k))
            for k, asker in enumerate(askers):
                self.assertEqual([asker.answer() for i in range(5)],
                                 [b'%d %d' % (i, k) for i in range(5)])

    def test_from_the_address_that_was_asked(self):
        """Of a socket that has every address; one that is connected hears only
        the right one."""
        with Daemon(SERVICES) as d:
            for service, prefix in (('all', b''), ('four', b'> ')):
                port = d.address(service)[1]
                for host in ('127.0.0.1', '127.0.0.2', '127.1.2.3'):
                    asker = Asker(d, (host, port))
                    self.assertEqual(asker.ask(b'hi'), prefix + b'hi')
                    self.assertEqual(asker.sender, (host, port))
                    asker = Asker(d, source=('127.0.0.1', 0))
                    self.assertEqual(asker.ask(b'hi', (host, port)), prefix + b'hi')
                    self.assertEqual(asker.sender, (host, port))

    @SIX
    def test_both_families_in_one_socket(self):
        with Daemon(SERVICES) as d:
            port = d.address('all')[1]
            self.assertEqual(Asker(d, ('::1', port)).ask(b'six'), b'six')
            self.assertEqual(Asker(d, ('127.0.0.1', port)).ask(b'four'), b'four')

    def test_greeting_and_prefix(self):
        with Daemon(SERVICES) as d:
            asker = Asker(d, d.address('hello'))
            for data in (b'', b'x', b'x' * 60000):
                self.assertEqual(asker.ask(data), b'hello\n\ttab, no newline at the end')
            asker = Asker(d, ('127.0.0.1', d.address('four')[1]))
            self.assertEqual(asker.ask(b''), b'> ')
            # One that the prefix makes too long for a datagram is lost alone.
            asker.send(b'x' * 65507)
            self.assertEqual(asker.ask(b'next'), b'> next')
            self.assertEqual(settled_counts(d)['failed'], 1)

    def test_discard(self):
        with Daemon(SERVICES, level='debug') as d:
            asker = Asker(d, d.address('discard'))
            asker.send(b'')
            asker.send(b'the last')
            d.wait_log(r'received service=discard .* len=8 data="the last"')
            wait_until(lambda: counts(d)['received'] == 2, 'both to be counted')
            self.assertEqual(counts(d).total(), 2)
            self.assertFalse(asker.has_answer())
            self.assertEqual(d.log('not answered'), [])

    def test_small_services(self):
        config = 'services: {' + ''.join(
            f'{name}: {{ protocol = "{name}"; transport = "udp"; listen = "127.0.0.1:0"; }};'
            for name in ('chargen', 'daytime', 'time', 'whoami')) + '};'
        with Daemon(config, level='debug') as d:
            asker = Asker(d, d.address('chargen'))
            for length in (0, 1, 74, 512):
                answer = asker.ask(b'x' * length)
                self.assertEqual(len(answer), length)
                self.assertEqual(answer[:72], bytes(range(32, 104))[:length])
            self.assertEqual(len(asker.ask(b'x' * 60000)), 512)
            line = Asker(d, d.address('daytime')).ask(b'').decode()
            then = datetime.datetime.fromisoformat(line.rstrip('\n')).timestamp()
            self.assertLess(abs(then - time.time()), 60)
            seconds = int.from_bytes(Asker(d, d.address('time')).ask(b''), 'big')
            self.assertLess(abs(seconds - 2208988800 - time.time()), 60)
            asker = Asker(d, d.address('whoami'))
            peer = '%s:%d' % asker.socket.getsockname()
            here = '%s:%d' % d.address('whoami')
            self.assertEqual(asker.ask(b'?').decode(), f'you are {peer}, this is {here} (udp)\n')
            for name in ('chargen', 'daytime', 'time', 'whoami'):
                d.wait_log(f'received service={name} peer=127.0.0.1:.* data=')

    def test_programs(self):
        with Daemon(SERVICES) as d:
            host, port = d.address('echo')
            for command in ((NC, '-u', host, str(port)),
                            ('ncat', '-u', host, str(port)),
                            ('socat', '-', f'UDP:{host}:{port}')):
                child = Child(d, *command)
                for word in ('one', 'two'):
                    child.say(word)
                    self.assertEqual(child.line(), word, command)
                child.close()

    def test_tcp_and_udp_on_one_port(self):
        with socket.create_server(('127.0.0.1', 0)) as finder:
            port = finder.getsockname()[1]
        with Daemon('services: {'
                    f'tcp: {{ protocol = "echo"; listen = "127.0.0.1:{port}"; }};'
                    f'udp: {{ protocol = "echo"; transport = "udp"; '
                    f'listen = "127.0.0.1:{port}"; }}; }};') as d:
            self.assertEqual(Asker(d, ('127.0.0.1', port)).ask(b'udp'), b'udp')
            client = Client(d, 'tcp')
            client.send('tcp\n')
            self.assertEqual(client.line(), 'tcp')

    def test_debug_shows_data(self):
        with Daemon(SERVICES, level='debug') as d:
            asker = Asker(d, d.address('echo'))
            asker.ask(b'a\x1b"b')
            asker.ask(b'y' * 100)
            host, port = asker.socket.getsockname()
            d.wait_log(rf'received service=echo peer={host}:{port} len=4 data="a\\x1b\\"b"$')
            d.wait_log(rf'len=100 data="{"y" * 80}\.\.\."$')


class Refusals(Test):
    def test_ports_of_servers(self):
        """2049, and each port of this daemon, by whatever address."""
        with Daemon(SERVICES) as d:
            target = d.address('echo')
            honest = Asker(d, target)
            with self.subTest('2049'):
                asker = Asker(d, target, source=('127.0.0.13', 2049))
                asker.send(b'loop')
                self.assertEqual(honest.ask(b'fine'), b'fine')
                self.assertFalse(asker.has_answer())
                self.assertEqual(settled_counts(d)['low_port'], 1)
            own = {d.address(s)[1] for s in ('echo', 'all', 'four', 'hello', 'discard')}
            # Ports of the daemon that are free at another address.
            own -= {d.address('all')[1], d.address('four')[1]}
            for port in own:
                with self.subTest(port=port):
                    asker = Asker(d, target, source=('127.0.0.13', port))
                    asker.send(b'loop')
                    self.assertEqual(honest.ask(b'fine'), b'fine')
                    self.assertFalse(asker.has_answer())
            self.assertEqual(settled_counts(d)['own_port'], len(own))

    def test_allow(self):
        config = ECHO % 'prefix = "> "; allow = [ "127.0.0.2", "127.1.0.0/16" ];'
        with Daemon(config) as d:
            target = d.address('echo')
            stranger = Asker(d, target, source=('127.0.0.1', 0))
            stranger.send(b'let me in')
            for host in ('127.0.0.2', '127.1.2.3'):
                friend = Asker(d, target, source=(host, 0))
                self.assertEqual(friend.ask(b'hi'), b'> hi')
            self.assertFalse(stranger.has_answer())
            self.assertEqual(settled_counts(d)['not_allowed'], 1)

    def test_what_is_not_answered_is_said_once(self):
        with Daemon(ECHO % 'allow = "127.0.0.2";') as d:
            target = d.address('echo')
            for i in range(100):
                Asker(d, target, source=('127.0.0.3', 0)).send(b'x')
            Asker(d, target, source=('127.0.0.2', 0)).ask(b'x')
            said = d.wait_log('notice datagrams were not answered not_allowed=')
            self.assertEqual(len(said), 1)
            self.assertEqual(settled_counts(d)['not_allowed'], 100)
            self.assertEqual(settled_counts(d)['answered'], 1)

    def test_usual_limit_of_answers(self):
        """200 at once, then 20 a second, for all sockets of an address; others
        are not concerned."""
        with Daemon(ECHO % '') as d:
            target = d.address('echo')
            began = time.monotonic()
            askers = [Asker(d, target, source=('127.0.0.2', 0)) for _ in range(5)]
            for i in range(60):
                for asker in askers:
                    asker.send(b'%d' % i)
            other = Asker(d, target, source=('127.0.0.3', 0))
            for i in range(190):
                self.assertEqual(other.ask(b'%d' % i), b'%d' % i)
            answers = sum(len(asker.answers()) for asker in askers)
            took = time.monotonic() - began
            self.assertGreaterEqual(answers, 200)
            self.assertLessEqual(answers, 201 + 20 * took)
            self.assertEqual(settled_counts(d)['rate'], 300 - answers)
            # It comes back.
            wait_until(lambda: askers[0].send(b'?') or askers[0].answers(), 'an answer')

    def test_limit_of_answers_by_configuration(self):
        config = (ECHO % '') + 'limits: { udp_answers = "%s"; };'
        with Daemon(config % '1/h') as d:
            asker = Asker(d, d.address('echo'))
            for i in range(200):
                self.assertEqual(asker.ask(b'%d' % i), b'%d' % i)
            asker.send(b'one too many')
            wait_until(lambda: counts(d)['rate'] == 1, 'the refusal')
            d.write_config(config % '0')
            d.signal(signal.SIGHUP)
            d.wait_log('notice reloaded')
            wait_until(lambda: asker.send(b'?') or asker.answers(), 'an answer')
            asker = Asker(d, d.address('echo'))
            for i in range(300):
                self.assertEqual(asker.ask(b'%d' % i), b'%d' % i)


class Flood(Test):
    def flood(self, d, target, stop):
        asker = Asker(d, target, source=('127.0.0.2', 0))
        while not stop.is_set():
            asker.send(b'flood')

    def test_costs_others_nothing(self):
        """Datagrams may be lost on the way, as the kernel's buffer is full at
        times; so each question is asked until it is answered."""
        with Daemon(ECHO % '') as d:
            target = d.address('echo')
            stop = threading.Event()
            thread = threading.Thread(target=self.flood, args=(d, target, stop))
            Asker(d, target, source=('127.0.0.4', 0)).ask(b'warm')
            before = d.resident()
            thread.start()
            try:
                wait_until(lambda: counts(d)['rate'] > 1000, 'a flood')
                asker = Asker(d, target, source=('127.0.0.3', 0))
                for i in range(50):
                    asker.ask_until_answered(b'question %d' % i)
            finally:
                stop.set()
                thread.join()
            self.assertLess(d.resident() - before, 4 << 20)

    def test_connections_go_on(self):
        """In the loop that the flood keeps busy."""
        config = '''services: {
          udp: { protocol = "discard"; transport = "udp"; listen = "127.0.0.1:0"; };
          tcp: { protocol = "echo"; listen = "127.0.0.1:0"; }; };'''
        with Daemon(config, workers=1) as d:
            stop = threading.Event()
            thread = threading.Thread(target=self.flood, args=(d, d.address('udp'), stop))
            thread.start()
            try:
                wait_until(lambda: counts(d)['received'] > 1000, 'a flood')
                for i in range(20):
                    client = Client(d, 'tcp')
                    client.send(f'{i}\n')
                    self.assertEqual(client.line(), str(i))
                    client.close()
            finally:
                stop.set()
                thread.join()


class Errors(Test):
    def test_askers_that_are_gone(self):
        """Their ports are unreachable, and the network says so."""
        with Daemon(ECHO % '' + 'limits: { udp_answers = "0"; };') as d:
            target = d.address('echo')
            for _ in range(200):
                asker = Asker(d, target)
                asker.send(b'and away')
                asker.close()
            asker = Asker(d, target)
            for i in range(10):
                self.assertEqual(asker.ask(b'%d' % i), b'%d' % i)
            before = d.cpu()
            observe(0.5)
            self.assertLess(d.cpu() - before, 0.2)

    def test_a_port_that_is_taken(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(('127.0.0.1', 0))
            port = taken.getsockname()[1]
            with Daemon(ECHO % '', allow_errors='in use|reload failed') as d:
                d.write_config((ECHO % '').replace(
                    '"127.0.0.1:0"', f'[ "127.0.0.1:0", "127.0.0.1:{port}" ]'))
                d.signal(signal.SIGHUP)
                d.wait_log(f'error .*127.0.0.1:{port}.*in use')
                self.assertEqual(Asker(d, d.address('echo')).ask(b'x'), b'x')


class Reload(Test):
    def reload(self, d, config):
        n = len(d.notify.has('READY=1'))
        d.write_config(config)
        d.signal(signal.SIGHUP)
        wait_until(lambda: len(d.notify.has('READY=1')) > n, 'READY=1 again')

    def test_sockets_stay_and_settings_change(self):
        with Daemon(ECHO % '') as d:
            target = d.address('echo')
            asker = Asker(d, target)
            self.assertEqual(asker.ask(b'a'), b'a')
            self.reload(d, ECHO % 'prefix = "> ";')
            self.assertEqual(d.addresses('echo'), [target])
            wait_until(lambda: asker.ask(b'b') == b'> b', 'the new prefix')
            self.reload(d, ECHO % 'allow = "10.0.0.0/8";')
            wait_until(lambda: asker.send(b'c') or counts(d)['not_allowed'], 'allow')
            asker.answers()
            self.reload(d, ECHO % '')
            wait_until(lambda: asker.send(b'd') or b'd' in asker.answers(), 'no allow')
            self.assertEqual(d.addresses('echo'), [target])

    def test_services_come_and_go(self):
        two = """services: {
          echo: { protocol = "echo"; transport = "udp"; listen = "127.0.0.1:0"; };
          hello: { protocol = "greeting"; transport = "udp"; listen = "127.0.0.1:0";
                   message = "hello"; }; };"""
        with Daemon(ECHO % '') as d:
            target = d.address('echo')
            self.reload(d, two)
            d.baseline += 1
            hello = d.address('hello')
            self.assertEqual(Asker(d, hello).ask(b''), b'hello')
            self.assertEqual(Asker(d, target).ask(b'still'), b'still')
            # Its port is ours now.
            asker = Asker(d, target, source=('127.0.0.9', hello[1]))
            asker.send(b'loop')
            wait_until(lambda: counts(d)['own_port'] == 1, 'the refusal')
            self.reload(d, ECHO % '')
            wait_until(lambda: self.is_gone(d, hello), 'the socket to be closed')
            # And no more.
            wait_until(lambda: asker.send(b'?') or asker.answers(), 'an answer')
            self.assertEqual(Asker(d, target).ask(b'still'), b'still')

    @staticmethod
    def is_gone(d, target):
        asker = Asker(d, target)
        try:
            asker.ask(b'?')
            return False
        except ConnectionRefusedError:
            return True
        finally:
            asker.close()

    def test_a_hundred_reloads_lose_nothing(self):
        """What waits in a socket while it is handed over is answered."""
        with Daemon(ECHO % '' + 'limits: { udp_answers = "0"; };') as d:
            asker = Asker(d, d.address('echo'))
            for i in range(100):
                d.write_config(ECHO % f'prefix = "{i} ";' +
                               'limits: { udp_answers = "0"; };')
                d.signal(signal.SIGHUP)
                for k in range(3):
                    self.assertIn(b'%d' % k, asker.ask(b'%d' % k))
            wait_until(lambda: asker.ask(b'x') == b'99 x', 'the last configuration')


class Stop(Test):
    def test_at_once(self):
        with Daemon(SERVICES + 'drain = "5m"; timeouts: { linger = "5m"; };') as d:
            asker = Asker(d, d.address('echo'))
            asker.ask(b'x')
            d.signal(signal.SIGTERM)
            self.assertEqual(d.wait(), 0)

    def test_while_it_is_busy(self):
        with Daemon(ECHO % '' + 'limits: { udp_answers = "0"; };') as d:
            asker = Asker(d, d.address('echo'))
            for _ in range(150):
                asker.send(os.urandom(1000))
            d.signal(signal.SIGTERM)
            self.assertEqual(d.wait(), 0)


if __name__ == '__main__':
    main()
