# SPDX-License-Identifier: GPL-3.0-or-later
"""Services over UDP in networks of their own: answers to other machines,
spoofed senders, broadcast and multicast, daemons that talk to each other."""

import contextlib
import os
import re
import socket
import time
import unittest

from datagrams import Asker, counts, has_ipv6, settled_counts as status
from harness import Daemon, Test, main, observe, wait_until
from netns import Space, spoof, wire

ROOT = unittest.skipUnless(os.geteuid() == 0, 'needs root for private networks')
SIX = unittest.skipUnless(has_ipv6(), 'this machine has no IPv6')
HELLO = 'hello, whoever you are'
SERVICES = '''services: {
  echo: { protocol = "echo"; transport = "udp"; listen = "*:7007"; };
  four: { protocol = "echo"; transport = "udp"; listen = "0.0.0.0:7008"; };
  hello: { protocol = "greeting"; transport = "udp"; listen = "*:7009"; message = "%s"; };
  friends: { protocol = "greeting"; transport = "udp"; listen = "*:7010"; message = "%s";
             allow = [ "192.0.2.0/28", "fd00:1::/64" ]; };
  strangers: { protocol = "echo"; transport = "udp"; listen = "*:7011";
               allow = "198.51.100.0/24"; };
};''' % (HELLO, HELLO)


@ROOT
class Neighbours(Test):
    """A daemon on one machine, those who ask on another: 192.0.2.1 and .11 here,
    192.0.2.2 and .18 there, and the same in fd00:1::/64."""

    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.here = stack.enter_context(Space())
        self.there = stack.enter_context(Space())
        wire(self.here, self.there)
        for space, name, ends in ((self.here, 'a0', (1, 11)), (self.there, 'a1', (2, 18))):
            for end in ends:
                space.run('ip', 'addr', 'add', f'192.0.2.{end}/24', 'brd', '192.0.2.255',
                          'dev', name)
                if has_ipv6():
                    space.run('ip', '-6', 'addr', 'add', f'fd00:1::{end}/64', 'dev', name,
                              'nodad')  # answers for it at once
        self.d = stack.enter_context(Daemon(SERVICES, prefix=self.here.prefix))

    def asker(self, *args, **kwargs):
        return Asker(self.d, *args, space=self.there, **kwargs)

    def refuses(self, asker, data, target, honest, reason=None):
        """True if nothing comes back although the daemon has seen it."""
        before = status(self.d)
        asker.send(data, target)
        self.assertEqual(honest.ask(b'sentinel'), b'sentinel')
        after = status(self.d)
        self.assertFalse(asker.has_answer())
        self.assertEqual(after['answered'], before['answered'] + 1)
        if reason:
            self.assertEqual(after[reason], before[reason] + 1, after)

    def test_from_the_address_that_was_asked(self):
        for port in (7007, 7008):
            for host in ('192.0.2.1', '192.0.2.11'):
                asker = self.asker((host, port))
                self.assertEqual(asker.ask(b'hi'), b'hi')
                self.assertEqual(asker.sender, (host, port))

    @SIX
    def test_from_the_address_that_was_asked_over_ipv6(self):
        for host in ('fd00:1::1', 'fd00:1::11'):
            asker = self.asker((host, 7007))
            self.assertEqual(asker.ask(b'hi'), b'hi')
            self.assertEqual(asker.sender[:2], (host, 7007))

    @SIX
    def test_addresses_of_the_link(self):
        """They mean something on one wire only."""
        out = self.here.run('ip', '-6', 'addr', 'show', 'dev', 'a0', 'scope', 'link')
        host = re.search(r'inet6 (fe80:\S+)/', out)[1]
        with self.there.inside():
            scope = socket.if_nametoindex('a1')
        for source in (None, ('fd00:1::2', 0)):
            asker = self.asker((host, 7007, 0, scope), source=source)
            self.assertEqual(asker.ask(b'hi'), b'hi')
            self.assertEqual(asker.sender, (host, 7007, 0, scope))

    def test_longest_in_fragments(self):
        asker = self.asker(('192.0.2.1', 7007))
        data = os.urandom(65507)
        self.assertEqual(asker.ask(data), data)

    def test_longer_answers(self):
        """Go to loopback and to those of `allow`; all others get no more than
        they send."""
        honest = self.asker(('192.0.2.1', 7009))
        enough = b'x' * len(HELLO)
        self.assertEqual(honest.ask(enough), HELLO.encode())
        # The same socket of the daemon, so that the order is known.
        before = status(self.d)
        for data in (b'', b'x', enough[1:]):
            honest.send(data)
        self.assertEqual(honest.ask(enough), HELLO.encode())
        self.assertFalse(honest.has_answer())
        self.assertEqual(status(self.d)['longer'] - before['longer'], 3)
        local = Asker(self.d, ('127.0.0.1', 7009), space=self.here)
        self.assertEqual(local.ask(b''), HELLO.encode())
        # The daemon's machine under another name is no loopback.
        named = Asker(self.d, ('192.0.2.1', 7009), space=self.here)
        named.send(b'')
        self.assertEqual(local.ask(b''), HELLO.encode())
        self.assertFalse(named.has_answer())
        friend = self.asker(('192.0.2.1', 7010), source=('192.0.2.2', 0))
        self.assertEqual(friend.ask(b''), HELLO.encode())

    def test_allow(self):
        friend = self.asker(('192.0.2.1', 7010), source=('192.0.2.2', 0))
        for source, space in ((('192.0.2.18', 0), self.there), (('127.0.0.1', 0), self.here)):
            stranger = Asker(self.d, source=source, space=space)
            before = status(self.d)
            stranger.send(b'x' * 100, ('192.0.2.1' if space is self.there else '127.0.0.1', 7010))
            self.assertEqual(friend.ask(b''), HELLO.encode())
            self.assertFalse(stranger.has_answer())
            self.assertEqual(status(self.d)['not_allowed'],
                             before['not_allowed'] + 1)
        if has_ipv6():
            self.assertEqual(self.asker(('fd00:1::1', 7010)).ask(b''), HELLO.encode())
        self.asker(('192.0.2.1', 7011)).send(b'x')
        wait_until(lambda: status(self.d)['not_allowed'] == 3, 'the refusal')

    def test_ports_of_servers(self):
        target = ('192.0.2.1', 7007)
        honest = self.asker(target)
        rows = [(port, 'low_port') for port in (1, 7, 9, 13, 17, 19, 37, 53, 123, 1023, 2049)]
        rows += [(port, 'own_port') for port in (7007, 7008, 7009, 7010, 7011)]
        for port, reason in rows:
            for host in ('192.0.2.2', '192.0.2.18'):
                with self.subTest(port=port, host=host):
                    asker = self.asker(source=(host, port))
                    self.refuses(asker, b'x', target, honest, reason)
        for port in (1024, 2048, 2050, 7006, 7012, 65535):
            asker = self.asker(source=('192.0.2.2', port))
            self.assertEqual(asker.ask(b'%d' % port, target), b'%d' % port)

    @SIX
    def test_ports_of_servers_over_ipv6(self):
        target = ('fd00:1::1', 7007)
        honest = self.asker(target)
        for port, reason in ((7, 'low_port'), (2049, 'low_port'), (7010, 'own_port')):
            asker = self.asker(source=('fd00:1::2', port))
            self.refuses(asker, b'x', target, honest, reason)

    def test_port_nought(self):
        honest = self.asker(('192.0.2.1', 7007))
        before = status(self.d)
        spoof(self.there, [('192.0.2.2', 0)], ('192.0.2.1', 7007), b'x')
        self.assertEqual(honest.ask(b'x'), b'x')
        after = status(self.d)
        self.assertEqual(after['low_port'], before['low_port'] + 1)
        self.assertEqual(after['answered'], before['answered'] + 1)

    def test_broadcast_and_multicast(self):
        """None of them is answered, neither by a socket of IPv4 nor by one of
        both families, which hears no multicast of IPv4."""
        asker = self.asker(source=('192.0.2.2', 0))
        asker.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        asker.socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                                socket.inet_aton('192.0.2.2'))
        self.there.run('ip', 'route', 'add', '255.255.255.255', 'dev', 'a1')
        for port in (7007, 7008):
            honest = self.asker(('192.0.2.1', port))
            for host in ('192.0.2.255', '255.255.255.255', '224.0.0.1'):
                with self.subTest(host=host, port=port):
                    is_heard = port == 7008 or host != '224.0.0.1'
                    self.refuses(asker, b'x', (host, port), honest,
                                 'group' if is_heard else None)

    @SIX
    def test_multicast_over_ipv6(self):
        asker = self.asker(family=socket.AF_INET6)
        with self.there.inside():
            scope = socket.if_nametoindex('a1')
        honest = self.asker(('fd00:1::1', 7007))
        self.refuses(asker, b'x', ('ff02::1', 7007, 0, scope), honest, 'group')

    def test_answers_that_find_no_way(self):
        """To a network that is not there any more: counted, and the next one is
        answered."""
        self.there.run('ip', 'addr', 'add', '203.0.113.1/32', 'dev', 'a1')
        asker = self.asker(source=('203.0.113.1', 0))
        honest = self.asker(('192.0.2.1', 7007))
        self.here.run('sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=0',
                      'net.ipv4.conf.a0.rp_filter=0')
        self.refuses(asker, b'x', ('192.0.2.1', 7007), honest, 'failed')


@ROOT
class Loops(Test):
    """One spoofed datagram that two daemons pass to and fro."""

    def config(self, port):
        return ('services: { echo: { protocol = "echo"; transport = "udp"; '
                f'listen = "127.0.0.1:{port}"; }}; }};')

    def assert_silent(self, space):
        """Nothing goes over this network any more."""
        before = space.udp_counters()['InDatagrams']
        observe(0.5)
        self.assertEqual(space.udp_counters()['InDatagrams'], before)

    def test_two_daemons_fall_silent(self):
        with Space() as space, Daemon(self.config(7007), prefix=space.prefix) as a, \
                Daemon(self.config(7008), prefix=space.prefix) as b:
            began = time.monotonic()
            spoof(space, [('127.0.0.1', 7008)], ('127.0.0.1', 7007), b'loop')
            wait_until(lambda: counts(a)['rate'] + counts(b)['rate'] == 1,
                       'one of them to fall silent')
            took = time.monotonic() - began
            self.assert_silent(space)
            for d in (a, b):
                self.assertGreaterEqual(status(d)['answered'], 199)
                self.assertLessEqual(status(d)['answered'], 200 + 20 * took)
            self.assertLessEqual(space.udp_counters()['InDatagrams'], 1 + 2 * (200 + 20 * took))

    def test_many_datagrams_are_as_one(self):
        with Space() as space, Daemon(self.config(7007), prefix=space.prefix) as a, \
                Daemon(self.config(7008), prefix=space.prefix) as b:
            spoof(space, [('127.0.0.1', 7008)] * 20, ('127.0.0.1', 7007), b'loop')
            wait_until(lambda: counts(a)['rate'] + counts(b)['rate'] == 20,
                       'all of them to be gone')
            self.assert_silent(space)

    def test_a_daemon_and_itself(self):
        """Between its own services nothing begins."""
        config = SERVICES.replace('*:', '127.0.0.1:').replace('0.0.0.0:', '127.0.0.1:')
        with Space() as space, Daemon(config, prefix=space.prefix) as d:
            honest = Asker(d, ('127.0.0.1', 7007), space=space)
            spoof(space, [('127.0.0.1', port) for port in range(7007, 7012)],
                  ('127.0.0.1', 7007), b'loop')
            self.assertEqual(honest.ask(b'x'), b'x')
            self.assertEqual(status(d)['own_port'], 5)
            self.assertEqual(status(d)['answered'], 1)
            self.assert_silent(space)

    def test_invented_senders(self):
        """A flood of them takes no memory, and nothing from who is really
        there."""
        with Space() as space, Daemon(self.config(7007), prefix=space.prefix) as d:
            space.run('ip', 'route', 'add', 'local', '10.0.0.0/8', 'dev', 'lo')
            honest = Asker(d, ('127.0.0.1', 7007), space=space)
            honest.ask(b'x')
            before = d.resident()
            senders = ((f'10.0.{i >> 8}.{i & 255}', 5000) for i in range(20000))
            spoof(space, senders, ('127.0.0.1', 7007), b'x')
            honest.ask_until_answered(b'still')
            self.assertLess(d.resident() - before, 2 << 20)


if __name__ == '__main__':
    main()
