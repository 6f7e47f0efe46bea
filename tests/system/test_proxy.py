# SPDX-License-Identifier: GPL-3.0-or-later
"""Behind a proxy: headers of the PROXY protocol in both versions, from whom
they are believed, what they change, and those who wait with half of one."""

import re
import select
import signal
import socket
import struct

from clients import Client, Person
from harness import Daemon, Test, main, observe, wait_until

SERVICES = '''
services: {
  echo: { protocol = "echo"; listen = [ "127.0.0.1:0" ]; %s };
  chat: { protocol = "chat"; listen = "127.0.0.1:0"; %s };
};
'''
LISTED = 'proxy_protocol = "127.0.0.0/8";'
SIGNATURE = b'\r\n\r\n\0\r\nQUIT\n'
TLS_HELLO = b'\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03'


def line(source, port=51234, family='TCP4', to='192.0.2.1'):
    """A header of version 1."""
    return f'PROXY {family} {source} {to} {port} 7008\r\n'.encode()


def line6(source, port=51234):
    return line(source, port, 'TCP6', '2001:db8::1')


def binary(source, port=51234, tlvs=b'', command=0x21, family=None):
    """A header of version 2."""
    kind = socket.AF_INET6 if ':' in source else socket.AF_INET
    to = '2001:db8::1' if ':' in source else '192.0.2.1'
    block = (socket.inet_pton(kind, source) + socket.inet_pton(kind, to) +
             struct.pack('>HH', port, 7008) + tlvs)
    if family is None:
        family = 0x21 if ':' in source else 0x11
    return SIGNATURE + struct.pack('>BBH', command, family, len(block)) + block


LOCAL = SIGNATURE + b'\x20\0\0\0'


class Proxied(Client):
    """A client that begins with these bytes."""

    def __init__(self, daemon, service, header, **kwargs):
        super().__init__(daemon, service, first=header, **kwargs)

    def echoes(self, data=b'x'):
        """True if it is served by echo."""
        try:
            self.send(data)
            return self.exactly(len(data)) == data
        except (BrokenPipeError, ConnectionResetError):
            return False

    def exactly(self, n):
        data = b''
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            if not more:
                break
            data += more
        return data

    def own_name(self):
        return '%s:%d' % self.socket.getsockname()[:2]


def ends(client):
    """Whether it is closed without a byte; RST if bytes of its were unread."""
    try:
        return client.rest() == b''
    except ConnectionResetError:
        return True


class Headers(Test):
    def test_every_kind(self):
        """Served, and known by the stated address from then on."""
        with Daemon(SERVICES % (LISTED, '')) as d:
            for header, peer in (
                    (line('203.0.113.9'), '203.0.113.9:51234'),
                    (line6('2001:db8::9'), '[2001:db8::9]:51234'),
                    (line6('::ffff:203.0.113.8'), '203.0.113.8:51234'),
                    (binary('203.0.113.7'), '203.0.113.7:51234'),
                    (binary('2001:db8::7'), '[2001:db8::7]:51234'),
                    (binary('203.0.113.6', tlvs=b'\4\0\x20' + bytes(32)),
                     '203.0.113.6:51234')):
                c = Proxied(d, 'echo', header)
                self.assertTrue(c.echoes(b'hello'), header)
                c.close()
                d.wait_log(rf'closed service=echo peer={re.escape(peer)} '
                           r'.*reason=eof in=5 out=5 ')
            self.assertEqual(d.log('peer=127'), [])

    def test_over_ipv6(self):
        with Daemon(SERVICES.replace('127.0.0.1:0', '[::1]:0') %
                    ('proxy_protocol = "::1";', '')) as d:
            c = Proxied(d, 'echo', line('203.0.113.9'))
            self.assertTrue(c.echoes())
            c.close()
            d.wait_log('closed service=echo peer=203.0.113.9:51234 ')

    def test_byte_by_byte(self):
        """Neither slowly nor at once is a byte lost or taken for another."""
        with Daemon(SERVICES % (LISTED, '')) as d:
            for header in (line('203.0.113.9'), binary('2001:db8::9'), LOCAL):
                c = Proxied(d, 'echo', b'')
                c.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for i in range(len(header)):
                    c.send(header[i:i + 1])
                self.assertTrue(c.echoes(b'PROXY '), header)

    def test_data_at_once(self):
        """All that follows the header is the service's."""
        data = bytes(range(256)) * 1000 + line('198.51.100.1')
        with Daemon(SERVICES % (LISTED, '')) as d:
            for header in (line('203.0.113.9'), binary('203.0.113.9'), LOCAL,
                           b'PROXY UNKNOWN\r\n',
                           binary('203.0.113.9', tlvs=bytes(60000))):
                c = Proxied(d, 'echo', header + data)
                c.half_close()
                self.assertEqual(c.rest(), data)

    def test_without_addresses(self):
        with Daemon(SERVICES % (LISTED, '')) as d:
            for header in (LOCAL, b'PROXY UNKNOWN\r\n',
                           b'PROXY UNKNOWN 203.0.113.9 192.0.2.1 1 2\r\n',
                           binary('203.0.113.9', command=0x20),
                           binary('203.0.113.9', family=0x12),
                           SIGNATURE + b'\x21\x31\0\xd8' + bytes(216)):
                c = Proxied(d, 'echo', header)
                self.assertTrue(c.echoes(), header)
                name = c.own_name()
                c.close()
                d.wait_log(f'closed service=echo peer={name} ')


class Faults(Test):
    def test_no_header(self):
        """Whatever it is, it is closed at once and said once."""
        with Daemon(SERVICES % (LISTED, LISTED)) as d:
            for data in (b'hello\n', b'GET / HTTP/1.1\r\n\r\n', TLS_HELLO, b'\0',
                         line('203.0.113.9')[:-2] + b'\n', line('203.0.113.256'),
                         line('203.0.113.9', port=65536), line6('203.0.113.9'),
                         b'PROXY TCP4 ' + b'1' * 200, b'PROXY ' + b'x' * 200,
                         SIGNATURE + b'\x31\x11\0\x0c', SIGNATURE + b'\x22\x11\0\x0c',
                         SIGNATURE + b'\x21\x41\0\x0c', SIGNATURE + b'\x21\x11\0\x0b'):
                for service in ('echo', 'chat'):
                    c = Proxied(d, service, data)
                    self.assertTrue(ends(c), data)
            said = d.wait_log('refused ')
            self.assertIn(' notice refused service=echo peer=127.0.0.1:', said[0])
            self.assertIn(' reason=proxy_header what="no PROXY header"', said[0])
            self.assertLess(len(said), 10, 'a line of the log for each')
            self.assertEqual(d.log('closed '), [])

    def test_half_a_header(self):
        with Daemon(SERVICES % (LISTED, '')) as d:
            c = Proxied(d, 'echo', line('203.0.113.9')[:-1])
            c.half_close()
            self.assertEqual(c.rest(), b'')
            d.wait_log('reason=proxy_header what="it ended within the PROXY header"')

    def test_in_time(self):
        """The deadline is absolute, and to wait for it costs nothing."""
        with Daemon(SERVICES % (LISTED, LISTED) +
                    'timeouts: { handshake = "1500ms"; };') as d:
            silent = Proxied(d, 'echo', b'')
            half = [Proxied(d, 'chat', line('203.0.113.9')[:n]) for n in (1, 6, 30)]
            slow = Proxied(d, 'echo', SIGNATURE + b'\x20\0\xff\xff')
            before, slept = d.cpu(), d.wakeups()
            observe(0.7)
            self.assertLess(d.cpu() - before, 0.1, 'busy with half a header')
            self.assertLess(d.wakeups() - slept, 30, 'awake with half a header')

            def over():
                try:
                    slow.send(b'x')
                    return False
                except OSError:
                    return True
            wait_until(over, 'the end of a header that never ends')
            for c in (silent, *half):
                self.assertTrue(ends(c))
            d.wait_log(r'refused .*reason=handshake what="')

    def test_who_may_send_one(self):
        """From elsewhere it is data; a unix socket is in no network."""
        config = '''services: { echo: { protocol = "echo";
            listen = [ "127.0.0.1:0", "echo.sock" ]; proxy_protocol = "127.0.0.2"; }; };'''
        with Daemon(config) as d:
            header = line('203.0.113.9')
            for address in d.addresses('echo'):
                self.assertTrue(Proxied(d, 'echo', b'', address=address).echoes(header))
            tcp = next(a for a in d.addresses('echo') if not isinstance(a, str))
            c = Proxied(d, 'echo', b'', address=tcp, source='127.0.0.2')
            self.assertTrue(Proxied(d, 'echo', b'', address=tcp).echoes())
            c.send(header)
            self.assertTrue(c.echoes())
            for client in d.clients:
                client.close()
            d.wait_log(r'closed .*peer=203\.0\.113\.9:51234 ')
            d.wait_log(rf'closed .*peer=127\.0\.0\.1:.* in={len(header)} ')

    def test_health_checks_are_silent(self):
        """A LOCAL header or nothing, whoever is allowed; seen when somebody
        debugs."""
        allow = LISTED + ' allow = "203.0.113.0/24";'
        for level, n in (('info', 0), ('debug', 1)):
            with Daemon(SERVICES % (LISTED, allow), level=level) as d:
                for _ in range(5):
                    for service in ('echo', 'chat'):
                        Client(d, service).close()
                        Client(d, service).reset()
                        c = Proxied(d, service, LOCAL)
                        c.half_close()
                        ends(c)
                c = Proxied(d, 'echo', line('203.0.113.9'))
                self.assertTrue(c.echoes())
                c.close()
                d.wait_log('closed .*peer=203.0.113.9')
                self.assertEqual(len(d.log('(refused|closed) .*peer=127')) > 0, n > 0)


class Limits(Test):
    """All count the stated address, though loopback is exempt."""

    def test_per_address(self):
        with Daemon(SERVICES % (LISTED, LISTED) +
                    'limits: { connections_per_address = 2; };') as d:
            held = [Person(d, first=line('203.0.113.9', 1000 + i))
                    for i in range(2)]
            self.assertEqual(
                Proxied(d, 'chat', line('203.0.113.9')).rest_lines(),
                ['*** disconnected: 2 connections from your address are the '
                 'limit. Press Ctrl-C.'])
            self.assertTrue(ends(Proxied(d, 'echo', binary('203.0.113.9'))))
            d.wait_log('refused service=chat peer=203.0.113.9:51234 reason=address_full')
            self.assertTrue(Proxied(d, 'echo', binary('203.0.113.8')).echoes())
            # One IPv6 address is its /64.
            for i in range(2):
                self.assertTrue(Proxied(d, 'echo', line6(f'2001:db8::{i}')).echoes())
            self.assertTrue(ends(Proxied(d, 'echo', line6('2001:db8::77:1'))))
            self.assertTrue(Proxied(d, 'echo', line6('2001:db8:0:1::1')).echoes())
            # The proxy itself is not counted.
            for _ in range(5):
                self.assertTrue(Proxied(d, 'echo', LOCAL).echoes())
            held[0].close()

            def let_in():
                c = Proxied(d, 'echo', line('203.0.113.9'))
                served = c.echoes()
                c.close()
                return served
            wait_until(let_in, 'a place that became free')

    def test_connect_rate(self):
        with Daemon(SERVICES % (LISTED, LISTED) +
                    'limits: { connect_rate = "3/h"; };') as d:
            for _ in range(3):
                self.assertTrue(Proxied(d, 'echo', line('203.0.113.9')).echoes())
            self.assertEqual(
                Proxied(d, 'chat', line('203.0.113.9')).rest_lines(),
                ['*** disconnected: too many new connections from your address; '
                 'wait a moment. Press Ctrl-C.'])
            self.assertTrue(Proxied(d, 'echo', line('203.0.113.8')).echoes())

    def test_allow(self):
        with Daemon(SERVICES % (LISTED + 'allow = "203.0.113.0/24";', '')) as d:
            self.assertTrue(Proxied(d, 'echo', line('203.0.113.9')).echoes())
            self.assertTrue(ends(Proxied(d, 'echo', line('198.51.100.1'))))
            d.wait_log('refused .*peer=198.51.100.1:51234 reason=not_allowed')
            self.assertTrue(ends(Proxied(d, 'echo', b'PROXY UNKNOWN\r\n')))

    def test_exempt(self):
        with Daemon(SERVICES % (LISTED, '') + '''exempt = "203.0.113.9";
                    limits: { connections_per_address = 1; };''') as d:
            for _ in range(4):
                self.assertTrue(Proxied(d, 'echo', line('203.0.113.9')).echoes())
            self.assertTrue(Proxied(d, 'echo', line('203.0.113.8')).echoes())
            self.assertTrue(ends(Proxied(d, 'echo', line('203.0.113.8'))))

    def test_places(self):
        """Who waits has no place that another could not have."""
        with Daemon(SERVICES % (LISTED, '') + 'limits: { connections = 5; };') as d:
            waiting = [Proxied(d, 'echo', b'PROXY ') for _ in range(60)]
            people = [Person(d) for _ in range(2)]
            served = [Proxied(d, 'echo', line('203.0.113.9')) for _ in range(3)]
            self.assertTrue(all(c.echoes() for c in served))
            self.assertTrue(ends(waiting[0]))
            self.assertLess(d.fds() - d.baseline, 5 + 17)
            for c in waiting:
                c.close()
            self.assertTrue(all(p.sync() is not None for p in people))


class Chat(Test):
    def test_people_behind_a_proxy(self):
        with Daemon(SERVICES % ('', LISTED)) as d:
            alice = Person(d, first=line('203.0.113.9'))
            bob = Person(d, first=binary('2001:db8::9'))
            alice.rename('alice')
            bob.rename('bob')
            alice.sync()
            bob.say('hello')
            self.assertEqual(alice.line(), '<bob> hello')
            bob.say('/quit')
            bob.rest()
            d.wait_log(r'closed service=chat peer=\[2001:db8::9\]:51234 .*nick=bob ')
            alice.until('*** bob left #lobby')

    def test_nothing_is_said_before_the_header(self):
        """The service greets whom the header states, not before."""
        with Daemon(SERVICES % ('', LISTED)) as d:
            c = Proxied(d, 'chat', line('203.0.113.9')[:-1])
            alice = Person(d, first=line('203.0.113.8'))
            alice.say('/who')
            self.assertIn('1 in #lobby', alice.line())
            self.assertEqual(select.select([c], [], [], 0)[0], [])
            c.send(b'\n')
            self.assertIn('*** welcome', c.line())


class Changes(Test):
    def reload(self, d, config):
        n = len(d.log('reloaded'))
        d.write_config(config)
        d.signal(signal.SIGHUP)
        d.wait_log('reloaded', n + 1)

    def waiting(self, d, n=5):
        """Some with half a header; accepted, since one after them is served."""
        clients = [Proxied(d, 'echo', b'PROXY TCP4') for _ in range(n)]
        last = Proxied(d, 'echo', LOCAL)
        self.assertTrue(last.echoes())
        last.close()
        return clients

    def finish(self, client):
        client.send(line('203.0.113.9')[len(b'PROXY TCP4'):])
        return client.echoes()

    def test_stop_while_they_wait(self):
        with Daemon(SERVICES % (LISTED, '')) as d:
            waiting = self.waiting(d)
            d.signal(signal.SIGTERM)
            for c in waiting:
                self.assertTrue(ends(c))
            self.assertEqual(d.wait(), 0)

    def test_reload_while_they_wait(self):
        config = SERVICES % (LISTED, '')
        with Daemon(config) as d:
            waiting = self.waiting(d, 3)
            self.reload(d, config)
            self.assertTrue(self.finish(waiting[0]))
            # Another setting of the service holds for those who wait, too.
            self.reload(d, SERVICES % (LISTED + 'allow = "203.0.113.8";', ''))
            self.assertFalse(self.finish(waiting[1]))
            self.assertTrue(waiting[0].echoes())
            # Its listener goes.
            self.reload(d, config.replace('"127.0.0.1:0" ]', '"127.0.0.2:0" ]'))
            self.assertTrue(ends(waiting[2]))
            self.assertTrue(waiting[0].echoes())

    def test_reload_of_the_list(self):
        """It holds for new connections."""
        with Daemon(SERVICES % ('', '')) as d:
            direct = Proxied(d, 'echo', b'')
            self.assertTrue(direct.echoes())
            self.reload(d, SERVICES % (LISTED, ''))
            self.assertTrue(direct.echoes())
            proxied = Proxied(d, 'echo', line('203.0.113.9'))
            self.assertTrue(proxied.echoes())
            waiting = self.waiting(d, 2)
            self.reload(d, SERVICES % ('', ''))
            self.assertTrue(all(ends(c) for c in waiting))
            self.assertTrue(direct.echoes() and proxied.echoes())
            self.assertTrue(Proxied(d, 'echo', b'').echoes(line('203.0.113.9')))

    def test_many_at_once(self):
        """Half a thousand wait; others are served meanwhile, then all are."""
        with Daemon(SERVICES % (LISTED, '')) as d:
            waiting = self.waiting(d, 500)
            self.assertTrue(Proxied(d, 'echo', line('203.0.113.9')).echoes())
            self.assertIsNotNone(Person(d).nick)
            for i, c in enumerate(reversed(waiting)):
                c.send(line(f'203.0.113.{i % 200}')[len(b'PROXY TCP4'):])
            self.assertTrue(all(c.echoes() for c in waiting))


if __name__ == '__main__':
    main()
