# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits: who is let in, what the others are told, and scarce descriptors."""

import errno

from clients import Client, Person
from harness import Daemon, Test, main, observe, wait_until

SERVICES = '''
services: {
  echo: { protocol = "echo"; listen = [ "127.0.0.1:0", "echo.sock" ]; %s };
  chat: { protocol = "chat"; listen = "127.0.0.1:0"; %s };
};
'''


def works(client):
    """True if an echo client is served."""
    try:
        client.send(b'x')
        return client.socket.recv(1) == b'x'
    except OSError as err:
        assert err.errno in (errno.EPIPE, errno.ECONNRESET), err
        return False


def goodbye(daemon, **kwargs):
    """What a refused chat client reads."""
    client = Client(daemon, 'chat', **kwargs)
    lines = client.rest_lines()
    client.close()
    return lines


def tcp(daemon):
    """An echo client over TCP; address() is the last, the unix socket."""
    return Client(daemon, 'echo', next(
        a for a in daemon.addresses('echo') if not isinstance(a, str)))


class Limits(Test):
    def test_all_connections(self):
        with Daemon(SERVICES % ('', '') + 'limits: { connections = 5; };') as d:
            people = [Person(d) for _ in range(3)]
            echoes = [Client(d, 'echo') for _ in range(2)]
            self.assertTrue(all(works(c) for c in echoes))
            self.assertEqual(
                goodbye(d), ['*** disconnected: the server is full. Press Ctrl-C.'])
            self.assertEqual(Client(d, 'echo').rest(), b'')
            people[0].close()
            self.until_let_in(d)

    def until_let_in(self, d):
        def let_in():
            c = Client(d, 'chat')
            line = c.line()
            c.close()
            return line.startswith('*** welcome')
        wait_until(let_in, 'a place that became free')

    def test_of_one_service(self):
        with Daemon(SERVICES % ('', 'max_connections = 2;')) as d:
            people = [Person(d) for _ in range(2)]
            self.assertEqual(
                goodbye(d), ['*** disconnected: the server is full. Press Ctrl-C.'])
            self.assertTrue(works(Client(d, 'echo')))
            people[0].close()
            self.until_let_in(d)

    def test_the_refused_take_no_place(self):
        """They may linger as long as they like."""
        for config in (SERVICES % ('', 'max_connections = 2;'),
                       SERVICES % ('', '') + 'limits: { connections = 2; };'):
            with Daemon(config + 'timeouts: { linger = "60s"; };') as d:
                people = [Person(d) for _ in range(2)]
                held = [Client(d, 'chat') for _ in range(5)]
                for c in held:
                    self.assertIn('the server is full', c.line())
                people[0].close()
                self.until_let_in(d)

    def test_per_address(self):
        with Daemon(SERVICES % ('', '') + '''exempt = [ ];
                limits: { connections_per_address = 3; };''') as d:
            people = [Person(d) for _ in range(3)]
            self.assertEqual(goodbye(d), [
                '*** disconnected: 3 connections from your address are the '
                'limit. Press Ctrl-C.'])
            self.assertEqual(tcp(d).rest(), b'')
            Person(d, source='127.0.0.2')
            self.assertTrue(works(Client(d, 'echo')), 'unix sockets have no address')
            people[0].close()
            self.until_let_in(d)

    def test_loopback_is_exempt(self):
        with Daemon(SERVICES % ('', '') + '''limits: {
                connections_per_address = 1; connect_rate = "1/m"; };''') as d:
            for _ in range(5):
                Person(d)

    def test_connect_rate(self):
        with Daemon(SERVICES % ('', '') + '''exempt = [ ];
                limits: { connect_rate = "3/h"; };''') as d:
            for _ in range(3):
                Person(d)
            self.assertEqual(goodbye(d), [
                '*** disconnected: too many new connections from your address; '
                'wait a moment. Press Ctrl-C.'])
            Person(d, source='127.0.0.2')

    def test_allow(self):
        only = 'allow = [ "127.0.0.2", "192.0.2.0/24" ];'
        with Daemon(SERVICES % (only, only)) as d:
            self.assertEqual(goodbye(d), [])
            self.assertEqual(tcp(d).rest(), b'')
            Person(d, source='127.0.0.2')

    def test_refused_while_sending(self):
        """The reason arrives although the client was already talking."""
        with Daemon(SERVICES % ('', 'max_connections = 1;')) as d:
            Person(d)
            for _ in range(50):
                c = Client(d, 'chat')
                try:
                    c.send(b'hello\n' * 100)
                except OSError:
                    pass
                self.assertEqual(c.rest_lines(), [
                    '*** disconnected: the server is full. Press Ctrl-C.'])
                c.close()


class Descriptors(Test):
    def test_a_low_limit(self):
        """64 descriptors, 200 clients: those who are in are served, the rest
        cost no processor time and little log, and it recovers."""
        with Daemon(SERVICES % ('', ''), prefix=('prlimit', '--nofile=64'),
                    allow_errors='cannot accept') as d:
            self.assertTrue(d.wait_log(r'^\S+ warning .*descriptor'))
            inside = [Client(d, 'echo') for _ in range(8)]
            self.assertTrue(all(works(c) for c in inside))
            crowd = [tcp(d) for _ in range(200)]
            for _ in range(3):
                self.assertTrue(all(works(c) for c in inside))
            before = d.cpu()
            observe(1.5)
            self.assertLess(d.cpu() - before, 0.1, 'busy while nothing happens')
            self.assertTrue(all(works(c) for c in inside))
            self.assertLess(len(d.log('.')), 40, 'a log line for each of the crowd')
            self.assertLess(len(d.log('cannot accept')), 5)
            for c in crowd:
                c.close()

            def served():
                c = tcp(d)
                try:
                    return works(c)
                finally:
                    c.close()
            wait_until(served, 'service after the crowd')


if __name__ == '__main__':
    main()
