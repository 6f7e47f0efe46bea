# SPDX-License-Identifier: GPL-3.0-or-later
"""discard says nothing; greeting sends its message exactly and closes."""

import os
import select

from clients import NC, Client, pipe_through, target
from harness import Daemon, Test, main

MESSAGE = 'Hello, "you"\\n\\ttab and back\\\\slash, ü, no newline at the end'
BYTES = 'Hello, "you"\n\ttab and back\\slash, ü, no newline at the end'.encode()
CONFIG = '''
services: {
  discard: { protocol = "discard"; listen = [ "127.0.0.1:0", "discard.sock" ]; };
  hello: { protocol = "greeting"; listen = "127.0.0.1:0"; message = "%s"; };
  later: { protocol = "greeting"; listen = "127.0.0.1:0"; message = "%s"; when = "data"; };
  long: { protocol = "greeting"; listen = "127.0.0.1:0"; message = "%s"; };
};
''' % (MESSAGE.replace('"', '\\"'), MESSAGE.replace('"', '\\"'), 'long ' * 10000)


class Discard(Test):
    def test_says_nothing(self):
        with Daemon(CONFIG) as d:
            for address in d.addresses('discard'):
                out, code = pipe_through(
                    [NC, '-N', *target(address)], os.urandom(1 << 20))
                self.assertEqual((out, code), (b'', 0))


class Greeting(Test):
    def test_exact_bytes_then_end(self):
        with Daemon(CONFIG) as d:
            out, code = pipe_through([NC, '-d', *target(d.address('hello'))], b'')
            self.assertEqual((out, code), (BYTES, 0))

    def test_long_message_to_a_slow_reader(self):
        with Daemon(CONFIG) as d:
            c = Client(d, 'long', rcvbuf=4096)
            self.assertEqual(c.rest(), b'long ' * 10000)

    def test_arrives_although_the_client_keeps_sending(self):
        with Daemon(CONFIG) as d:
            for _ in range(100):
                c = Client(d, 'hello')
                try:
                    c.send(b'x' * 10000)
                except OSError:
                    pass
                self.assertEqual(c.rest(), BYTES)
                c.close()

    def test_when_data(self):
        with Daemon(CONFIG) as d:
            c = Client(d, 'later')
            other = Client(d, 'hello')
            self.assertEqual(other.rest(), BYTES)
            self.assertEqual(select.select([c.socket], [], [], 0)[0], [])
            c.send(b'\n')
            self.assertEqual(c.rest(), BYTES)

    def test_when_data_and_none_comes(self):
        with Daemon(CONFIG) as d:
            c = Client(d, 'later')
            c.half_close()
            self.assertEqual(c.rest(), b'')


if __name__ == '__main__':
    main()
