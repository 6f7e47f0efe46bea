# SPDX-License-Identifier: GPL-3.0-or-later
"""echo: every byte back, half-close honoured, over TCP and unix sockets."""

import os
import socket
import threading

from clients import NC, Client, Child, connect, pipe_through, target
from harness import Daemon, Test, main, wait_until

CONFIG = '''
services: {
  echo: { protocol = "echo"; listen = [ "127.0.0.1:0" ]; };
  local: { protocol = "echo"; listen = "echo.sock"; };
  prefixed: { protocol = "echo"; listen = "127.0.0.1:0"; prefix = "you said: "; };
  once: { protocol = "echo"; listen = "127.0.0.1:0"; one_shot = true; };
};
'''
MIB = 1 << 20


def exchange(sock, data, chunk=65536):
    """Sends data from a thread, half-closes, returns all that came back."""
    def send():
        for at in range(0, len(data), chunk):
            sock.sendall(data[at:at + chunk])
        sock.shutdown(socket.SHUT_WR)
    sender = threading.Thread(target=send)
    sender.start()
    back = bytearray()
    while piece := sock.recv(262144):
        back += piece
    sender.join()
    return bytes(back)


class Echo(Test):
    def test_one_line_through_nc(self):
        with Daemon(CONFIG) as d:
            for service in ('echo', 'local'):
                out, code = pipe_through(
                    [NC, '-N', *target(d.address(service))], b'hi\n')
                self.assertEqual((out, code), (b'hi\n', 0))

    def test_large_random_through_real_clients(self):
        data = os.urandom(8 * MIB)
        with Daemon(CONFIG) as d:
            host, port = d.address('echo')
            path = d.address('local')
            commands = [
                [NC, '-N', host, str(port)],
                [NC, '-N', '-U', path],
                ['ncat', host, str(port)],
                ['ncat', '-U', path],
                ['socat', '-t', '20', '-', f'TCP:{host}:{port}'],
                ['socat', '-t', '20', '-', f'UNIX-CONNECT:{path}'],
            ]
            for command in commands:
                with self.subTest(command[0], how=command[1:]):
                    out, code = pipe_through(command, data)
                    self.assertEqual(len(out), len(data))
                    self.assertTrue(out == data, 'bytes differ')
                    self.assertEqual(code, 0)

    def test_many_at_once(self):
        data = os.urandom(MIB)
        with Daemon(CONFIG) as d:
            socks = [connect(d.address('echo')) for _ in range(16)]
            wrong = []

            def run(sock):
                with sock:
                    if exchange(sock, data) != data:
                        wrong.append(sock)
            threads = [threading.Thread(target=run, args=(s,)) for s in socks]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            self.assertEqual(wrong, [])

    def test_ten_thousand_single_bytes(self):
        data = os.urandom(10000)
        with Daemon(CONFIG) as d, connect(d.address('echo')) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.assertEqual(exchange(sock, data, chunk=1), data)

    def test_iac_is_data(self):
        data = bytes(range(256)) * 16 + b'\xff\xfd\x06\xff\xf4'
        with Daemon(CONFIG) as d, connect(d.address('echo')) as sock:
            self.assertEqual(exchange(sock, data), data)

    def test_half_close_without_a_byte(self):
        with Daemon(CONFIG) as d:
            for service in ('echo', 'local', 'prefixed', 'once'):
                c = Client(d, service)
                c.half_close()
                self.assertEqual(c.rest(), b'')

    def test_half_close_and_read_late(self):
        """What is queued when the peer half-closes arrives in full, then FIN."""
        data = os.urandom(300000)
        with Daemon(CONFIG) as d:
            c = Client(d, 'echo', rcvbuf=4096)
            sender = threading.Thread(
                target=lambda: (c.send(data), c.half_close()))
            sender.start()
            back = bytearray()
            while piece := c.socket.recv(1000):
                back += piece
            sender.join()
            self.assertTrue(bytes(back) == data)

    def test_client_that_never_reads(self):
        """Its input stops being read; everybody else is served; its bytes are
        all there when it reads at last."""
        data = os.urandom(16 * MIB)
        with Daemon(CONFIG) as d:
            mute = Client(d, 'echo')
            mute.socket.setblocking(False)
            sent = 0
            quiet = Client(d, 'echo')

            def stuck():
                nonlocal sent
                try:
                    sent += mute.socket.send(data[sent:sent + 65536])
                    return False
                except BlockingIOError:
                    quiet.send(b'x')
                    self.assertEqual(quiet.socket.recv(1), b'x')
                    try:
                        sent += mute.socket.send(data[sent:sent + 65536])
                        return False
                    except BlockingIOError:
                        return True
            wait_until(stuck, 'the daemon to stop reading')
            self.assertLess(sent, len(data))
            self.assertLess(d.resident(), (64 if self.is_plain() else 512) * MIB)
            mute.socket.settimeout(20)
            mute.half_close()
            self.assertTrue(mute.rest() == data[:sent])

    @staticmethod
    def is_plain():
        return os.environ.get('SOCKD_SANITIZE', 'none') == 'none'

    def test_prefix_goes_before_each_read(self):
        with Daemon(CONFIG) as d:
            c = Client(d, 'prefixed')
            for word in (b'one\n', b'two\n'):
                c.send(word)
                self.assertEqual(c.raw_line(), b'you said: ' + word)
            c.half_close()
            self.assertEqual(c.rest(), b'')

    def test_one_shot_answers_once(self):
        with Daemon(CONFIG) as d:
            c = Client(d, 'once')
            c.send(b'first\n')
            self.assertEqual(c.rest(), b'first\n')

    def test_reset_in_every_state(self):
        """RST before a byte, while idle, with output queued, after half-close."""
        with Daemon(CONFIG) as d:
            for state in range(4):
                for _ in range(8):
                    c = Client(d, 'echo')
                    if state == 1:
                        c.send(b'x')
                        self.assertEqual(c.socket.recv(1), b'x')
                    elif state == 2:
                        c.socket.setblocking(False)
                        try:
                            while True:
                                c.socket.send(b'x' * 65536)
                        except BlockingIOError:
                            pass
                    elif state == 3:
                        c.send(b'x' * 100000)
                        c.half_close()
                    c.reset()
            out, _ = pipe_through([NC, '-N', *target(d.address('echo'))], b'still here\n')
            self.assertEqual(out, b'still here\n')

    def test_pipelined_lines_keep_their_order(self):
        data = b''.join(b'%d\n' % i for i in range(200000))
        with Daemon(CONFIG) as d, connect(d.address('echo')) as sock:
            self.assertTrue(exchange(sock, data) == data)

    def test_interactive_nc(self):
        with Daemon(CONFIG) as d:
            c = Child(d, NC, *target(d.address('echo')))
            for word in ('one', 'two', 'three'):
                c.say(word)
                self.assertEqual(c.line(), word)


if __name__ == '__main__':
    main()
