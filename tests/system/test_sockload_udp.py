# SPDX-License-Identifier: GPL-3.0-or-later
"""sockload echo --udp: that it finds what a server loses, doubles or damages,
and says which datagram."""

import os
import socket
import tempfile
import unittest

import faulty
from datagrams import has_ipv6
from test_sockload import OK, PROTOCOL, UNAVAILABLE, USAGE, Limit, Result


def damage(number, change):
    """Datagram `number` is changed on its way."""
    return lambda n, datagram: [change(datagram) if n == number else datagram]


class Datagrams(unittest.TestCase):
    def fault(self, fault, *args):
        with faulty.Datagrams(fault) as server:
            return Result('echo', '-j', '-u', '-c', 1, '-d', 4, '-n', 2000,
                          '--loss', '200ms', *args, server.address)

    def assert_fault(self, result, kind, text, count=1):
        self.assertEqual(result.code, PROTOCOL, result.err)
        self.assertRegex(result.err, text)
        self.assertEqual(
            {k: n for k, n in result.json['faults'].items() if n}, {kind: count})

    def test_clean(self):
        with Limit('udp') as server:
            for args in ((), ('-c', 7, '-d', 5, '-s', 1000), ('-c', 1, '-s', 8),
                         ('-c', 2, '-s', 65507), ('-c', 3, '--sources', 3), ('-b',)):
                r = Result('echo', '-j', '-u', '-n', 3000, '-P', server.pid, *args,
                           server.address)
                self.assertEqual((r.code, r.err), (OK, ''), args)
                self.assertEqual((r.json['operations'], r.json['unit']), (3000, 'datagrams'))
                self.assertEqual(sum(r.json['faults'].values()), 0)
                self.assertGreater(r.json['server']['cpu_us_per_operation'], 0)
                self.assertGreater(r.json['latency_us']['max'], 0)

    def test_ends_with_its_time(self):
        with Limit('udp') as server:
            r = Result('echo', '-u', '-c', 3, '-t', '100ms', server.address)
        self.assertEqual((r.code, r.err), (OK, ''))
        self.assertRegex(r.out, r'(?s)3 connections, 64 bytes\n  datagrams .*faults +none')

    def test_rate_is_kept(self):
        with Limit('udp') as server:
            r = Result('echo', '-j', '-u', '-c', 5, '-r', 1000, '-n', 500, server.address)
        self.assertEqual((r.code, r.err), (OK, ''))
        self.assertGreater(r.json['seconds'], 0.49)

    @unittest.skipUnless(has_ipv6(), 'this machine has no IPv6')
    def test_the_next_address_of_a_name(self):
        """Nobody is at 127.0.0.1."""
        with faulty.Datagrams(lambda n, datagram: [datagram], '::1') as server:
            port = server.address.rpartition(':')[2]
            r = Result('echo', '-u', '-n', 10, f'localhost:{port}')
        self.assertEqual((r.code, r.err), (OK, ''))

    def test_lost(self):
        r = self.fault(lambda n, datagram: [datagram] if n != 1000 else [])
        self.assert_fault(r, 'lost', r'socket 0: datagram 1000 is not back after 200 ms')
        self.assertEqual(r.json['operations'], 1999)

    def test_some_lost(self):
        r = self.fault(lambda n, datagram: [datagram] if n % 500 != 499 else [])
        self.assert_fault(r, 'lost', 'datagram 499 is not back', 4)
        self.assertEqual(r.json['operations'], 1996)

    def test_silence(self):
        r = self.fault(lambda n, datagram: [datagram] if n < 100 else [], '-n', 104)
        self.assert_fault(r, 'lost', 'datagram 100 is not back', 5)
        self.assertEqual(r.json['operations'], 99)

    def test_doubled(self):
        r = self.fault(lambda n, datagram: [datagram] * (1 + (n == 1000)))
        self.assert_fault(r, 'duplicated', r'socket 0: datagram 1000 came twice')
        self.assertEqual(r.json['operations'], 2000)

    def test_order_is_free(self):
        held = []

        def swap(n, datagram):
            if n % 4 == 1:
                held.append(datagram)
                return []
            return [datagram, *(held.pop() for _ in list(held))]
        r = self.fault(swap)
        self.assertEqual((r.code, r.err), (OK, ''))

    def test_damaged(self):
        for at in (8, 20, 63):
            def flip(datagram, at=at):
                return datagram[:at] + bytes([datagram[at] ^ 1]) + datagram[at + 1:]
            r = self.fault(damage(1000, flip), '-n', 1100)
            self.assertRegex(r.err, f'socket 0: datagram 1000: wrong byte at offset {at}\n')
            self.assertEqual(r.json['faults']['wrong_bytes'], 1)

    def test_another_length(self):
        for change in (lambda d: d[:-1], lambda d: d + b'x', lambda d: d[:8]):
            r = self.fault(damage(1000, change), '-n', 1100)
            self.assertRegex(r.err, 'datagram 1000: has another length: ')
            self.assertEqual(r.json['faults']['wrong_bytes'], 1)
        for data in (b'', b'1234567'):
            r = self.fault(damage(1000, lambda d, data=data: data), '-n', 1100)
            self.assertRegex(r.err, f'it has so many bytes: {len(data)}')

    def test_never_sent(self):
        def invent(datagram):
            return b'\xff' * 8 + datagram[8:]
        r = self.fault(damage(1000, invent), '-n', 1100)
        self.assertRegex(r.err, 'was never sent')

    def test_a_server_that_goes_away(self):
        class Quitter(faulty.Datagrams):
            def run(self):
                for _ in range(100):
                    datagram, sender = self.socket.recvfrom(65536)
                    self.socket.sendto(datagram, sender)
                self.socket.close()

            def __exit__(self, *_):
                self.thread.join()
        with Quitter(None) as server:
            r = Result('echo', '-j', '-u', '-c', 1, '-t', 10, server.address)
        self.assertEqual(r.code, PROTOCOL)
        self.assertIn('connection 0 was closed by the server: Connection refused', r.err)
        self.assertEqual(r.json['faults']['closed_early'], 1)

    def test_nobody_there(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(('127.0.0.1', 0))
            port = s.getsockname()[1]
            r = Result('echo', '-u', '--loss', '50ms', '--patience', '300ms',
                       f'127.0.0.1:{port}')
            self.assertEqual(r.code, UNAVAILABLE)
            self.assertIn('only 0 of 50 connections became ready', r.err)
        r = Result('echo', '-u', f'127.0.0.1:{port}')
        self.assertEqual(r.code, UNAVAILABLE)
        self.assertIn('Connection refused', r.err)

    def test_usage(self):
        with tempfile.TemporaryDirectory() as directory:
            rows = [
                ('--udp needs HOST:PORT', os.path.join(directory, 's')),
                ('a datagram has 8 to 65507 bytes', '-s', 7, '127.0.0.1:1'),
                ('a datagram has 8 to 65507 bytes', '-s', 65508, '127.0.0.1:1'),
                ('--loss must be less than --patience', '--loss', '5s', '127.0.0.1:1'),
            ]
            for text, *args in rows:
                r = Result('echo', '-u', *args)
                self.assertEqual(r.code, USAGE, args)
                self.assertIn(text, r.err)
        r = Result('connect', '-u', '127.0.0.1:1')
        self.assertEqual(r.code, USAGE)
        self.assertIn('--udp is not for connect', r.err)


if __name__ == '__main__':
    unittest.main()
