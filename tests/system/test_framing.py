# SPDX-License-Identifier: GPL-3.0-or-later
"""framing: messages that end with their line or follow their length, for
clients as people write them, and answers in words to what is neither."""

import os
import random
import re
import select
import socket
import struct
import threading

from clients import NC, Child, Client, connect, pipe_through, target
from harness import SANITIZED, Daemon, Test, main, wait_until

EVERYWHERE = '[ "127.0.0.1:0", "[::1]:0", "%s.sock" ]'


def service(name, protocol, framing, keys='', listen='"127.0.0.1:0"'):
    return (f'{name}: {{ protocol = "{protocol}"; framing = "{framing}"; '
            f'listen = {listen}; {keys} }};\n')


CONFIG = 'services: {\n' + ''.join([
    service('line', 'echo', 'line', 'prefix = "Echo: ";', EVERYWHERE % 'line'),
    service('length', 'echo', 'length', 'prefix = "Echo: ";', EVERYWHERE % 'length'),
    service('bare', 'echo', 'length'),
    service('bare-line', 'echo', 'line'),
    service('once-stream', 'echo', 'stream', 'one_shot = true;'),
    service('once-line', 'echo', 'line', 'one_shot = true;', EVERYWHERE % 'ol'),
    service('once-length', 'echo', 'length', 'one_shot = true;', EVERYWHERE % 'on'),
    service('hello-line', 'greeting', 'line', 'when = "data"; message = "hello";'),
    service('hello-length', 'greeting', 'length', 'when = "data"; message = "hello";'),
    service('hello-now', 'greeting', 'length', 'message = "hello\\n";'),
    service('daytime', 'daytime', 'length'),
    service('time', 'time', 'length'),
    service('whoami', 'whoami', 'length'),
    service('impatient', 'echo', 'length', 'idle = "300ms";'),
]) + '};\n'
LARGE = CONFIG + 'limits: { message = "16MiB"; line = "64KiB"; };\n'
MIB = 1 << 20
NOT_ANSWERED = 'error: that line has {} bytes, 4,096 are allowed; it was not answered'


def frame(data):
    return struct.pack('!I', len(data)) + data


def frames(data):
    """The messages in data, and what is left behind them."""
    messages = []
    while len(data) >= 4:
        length, = struct.unpack('!I', data[:4])
        if len(data) - 4 < length:
            break
        messages.append(data[4:4 + length])
        data = data[4 + length:]
    return messages, data


def recv_exactly(sock, n):
    data = b''
    while len(data) < n:
        piece = sock.recv(n - len(data))
        assert piece, f'the end came after {len(data)} of {n} bytes'
        data += piece
    return data


def recv_frame(sock):
    return recv_exactly(sock, *struct.unpack('!I', recv_exactly(sock, 4)))


def send_all(sock, data, end=True):
    """From a thread of its own, for answers that are read meanwhile."""
    def send():
        try:
            sock.sendall(data)
            if end:
                sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass
    thread = threading.Thread(target=send)
    thread.start()
    return thread


class Tutorials(Test):
    """Clients that expect an answer in one recv(), as most examples do."""

    def test_lines(self):
        with Daemon(CONFIG) as d:
            for address in d.addresses('line'):
                with connect(address) as sock:
                    for word in (b'hello\n', b'hello\r\n', b'\n', b'x' * 900 + b'\n'):
                        sock.sendall(word)
                        self.assertEqual(sock.recv(1024), b'Echo: ' + word)

    def test_lengths(self):
        with Daemon(CONFIG) as d:
            for address in d.addresses('length'):
                with connect(address) as sock:
                    for word in (b'hello', b'', b'two\nlines', bytes(range(256)) * 3):
                        sock.sendall(struct.pack('!I', len(word)) + word)
                        answer = sock.recv(1024)
                        self.assertEqual(answer[:4], struct.pack('!I', 6 + len(word)))
                        self.assertEqual(answer[4:], b'Echo: ' + word)

    def test_header_and_body_apart(self):
        with Daemon(CONFIG) as d, connect(d.address('length')) as sock:
            for word in (b'hello', b'x' * 65536):
                sock.sendall(struct.pack('!I', len(word)))
                sock.sendall(word)
                self.assertEqual(recv_frame(sock), b'Echo: ' + word)

    def test_many_clients(self):
        with Daemon(CONFIG) as d:
            socks = [connect(a) for a in d.addresses('length') for _ in range(20)]
            for i, sock in enumerate(socks):
                sock.sendall(frame(b'%d' % i))
            for i, sock in enumerate(socks):
                self.assertEqual(recv_frame(sock), b'Echo: %d' % i)
                sock.close()


class RealClients(Test):
    def commands(self, daemon, name):
        for address in daemon.addresses(name):
            yield [NC, '-N', *target(address)]
            if isinstance(address, str):
                yield ['socat', '-t', '20', '-', f'UNIX-CONNECT:{address}']
            else:
                host = f'[{address[0]}]' if ':' in address[0] else address[0]
                yield ['socat', '-t', '20', '-', f'TCP:{host}:{address[1]}']
                yield ['ncat', *target(address)]

    def test_lines(self):
        """Each answer ends as its question did; the last has no end."""
        with Daemon(CONFIG) as d:
            for command in self.commands(d, 'line'):
                out, code = pipe_through(command, b'a\nb\r\n\nc\r\0d')
                self.assertEqual(
                    (out, code), (b'Echo: a\nEcho: b\r\nEcho: \nEcho: c\r\0Echo: d', 0))

    def test_lengths(self):
        data = [b'one', b'', os.urandom(65536), b'last']
        with Daemon(CONFIG) as d:
            for command in self.commands(d, 'length'):
                out, code = pipe_through(command, b''.join(map(frame, data)))
                self.assertEqual(code, 0)
                self.assertEqual(frames(out), ([b'Echo: ' + w for w in data], b''))

    def test_a_person_with_nc(self):
        with Daemon(CONFIG) as d:
            c = Child(d, NC, *target(d.address('line')))
            for word in ('one', '', 'two'):
                c.say(word)
                self.assertEqual(c.line(), 'Echo: ' + word)
            c = Child(d, NC, *target(d.address('length')))
            c.say('hello')
            self.assertRegex(c.line(), r'"hell": did you type text\?')
            self.assertEqual(c.rest(), b'')


class Pieces(Test):
    """However bytes are cut on their way, the answers are the same."""
    LINES = b'one\ntwo\r\nthree\r\0\n\r\n' + b'x' * 4097 + b'\r\n' + b'y' * 4096 + b'\nend'
    ANSWERS = (b'Echo: one\nEcho: two\r\nEcho: three\r\0Echo: \nEcho: \r\n' +
               NOT_ANSWERED.format('4,097').encode() + b'\r\nEcho: ' +
               b'y' * 4096 + b'\nEcho: end')

    def check(self, daemon, name, data, cuts, answers):
        """A cut is waited for by asking on another connection."""
        with connect(daemon.address(name)) as sock, \
                connect(daemon.address('bare')) as other:
            if sock.family != socket.AF_UNIX:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for begin, end in zip([0, *cuts], [*cuts, len(data)]):
                sock.sendall(data[begin:end])
                other.sendall(frame(b'?'))
                recv_frame(other)
            sock.shutdown(socket.SHUT_WR)
            back = b''
            while piece := sock.recv(65536):
                back += piece
            self.assertEqual(back, answers)

    def test_each_byte_of_short_ones(self):
        lines = b'a\r\nb\r\0c\nd'
        mixed = frame(b'abc') + frame(b'') + frame(b'd')
        with Daemon(CONFIG) as d:
            for at in range(1, len(lines)):
                self.check(d, 'bare-line', lines, [at], lines)
            for at in range(1, len(mixed)):
                self.check(d, 'bare', mixed, [at], mixed)
            self.check(d, 'bare-line', lines, range(1, len(lines)), lines)
            self.check(d, 'bare', mixed, range(1, len(mixed)), mixed)

    def test_random_cuts(self):
        rand = random.Random(1)
        words = [rand.randbytes(rand.choice([0, 1, 3, 500, 65536])) for _ in range(8)]
        data = b''.join(map(frame, words))
        with Daemon(CONFIG) as d:
            for _ in range(20):
                cuts = sorted(rand.sample(range(len(self.LINES)), 10))
                self.check(d, 'line', self.LINES, cuts, self.ANSWERS)
                cuts = sorted(rand.sample(range(len(data)), 10))
                self.check(d, 'bare', data, cuts, data)

    def test_single_bytes(self):
        rand = random.Random(2)
        data = b''.join(frame(rand.randbytes(n)) for n in range(100))
        with Daemon(CONFIG) as d:
            for name in ('line', 'bare'):
                with connect(d.addresses(name)[0]) as sock:
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    for byte in data if name == 'bare' else self.LINES:
                        sock.send(bytes([byte]))
                    sock.shutdown(socket.SHUT_WR)
                    back = b''
                    while piece := sock.recv(7):
                        back += piece
                    self.assertEqual(back, data if name == 'bare' else self.ANSWERS)


class Mistakes(Test):
    BROKEN = [
        (b'hello\n', r'1,751,477,356 bytes.*"hell": did you type text\?'),
        (b'GET / HTTP/1.1\r\n\r\n', r'1,195,725,856 bytes.*"GET ": this is no web server'),
        (bytes.fromhex('1603010200') + bytes(512), r'369,295,618 bytes.*TLS begins like that'),
        (b'{"type":"join"}\n', r'2,065,855,609 bytes.*: JSON begins like that'),
        (struct.pack('<I', 5) + b'hello', r'83,886,080 bytes.*\(5 in reverse'),
        (frame(b'x' * 65537), r'65,537 bytes, 65,536 are allowed$'),
    ]

    def test_lengths_that_are_none(self):
        """Told in words, after all that was right, and closed with FIN."""
        with Daemon(CONFIG) as d:
            for address in d.addresses('length'):
                for data, words in self.BROKEN:
                    c = Client(d, 'length', address=address)
                    c.send(frame(b'right') + data)
                    (right,), rest = frames(c.rest())
                    self.assertEqual(right, b'Echo: right')
                    text = rest.decode()
                    self.assertRegex(text, 'that is a length of ' + words)
                    self.assertTrue(text.startswith('error: ') and text.endswith('\n'))
                    self.assertEqual(text.count('\n'), 1)
            d.wait_log('service=length .*reason=frame', 3 * len(self.BROKEN))

    def test_the_length_alone_decides(self):
        with Daemon(CONFIG) as d:
            c = Client(d, 'length')
            c.send(b'\0\1\0\1')
            self.assertEqual(c.rest(), b'error: that is a length of 65,537 bytes, '
                                       b'65,536 are allowed\n')

    def test_cut_short(self):
        with Daemon(CONFIG) as d:
            for data, words in (
                    (b'\0\0', 'after 2 of the 4 bytes of a length'),
                    (b'\0\0\0\x10hello', 'after 5 of the 16 bytes of a message')):
                out, code = pipe_through(
                    [NC, '-N', *target(d.address('length'))], frame(b'a') + data)
                self.assertEqual((out, code), (
                    frame(b'Echo: a') + f'error: the input ended {words}\n'.encode(), 0))

    def test_nothing_is_no_mistake(self):
        with Daemon(CONFIG) as d:
            for name in ('line', 'length', 'once-length', 'hello-line', 'hello-length'):
                c = Client(d, name)
                c.half_close()
                self.assertEqual(c.rest(), b'')
            self.assertEqual(d.log('reason=frame'), [])

    def test_long_lines_are_refused_and_the_next_is_not(self):
        with Daemon(CONFIG) as d:
            c = Client(d, 'line')
            c.send(b'x' * 5312 + b'\n')
            self.assertEqual(c.line(), NOT_ANSWERED.format('5,312'))
            c.send(b'y' * 65535 + b'\r\nhello\n')
            self.assertEqual(c.raw_line().decode(), NOT_ANSWERED.format('65,535') + '\r\n')
            self.assertEqual(c.line(), 'Echo: hello')

    def test_lines_without_end_close(self):
        with Daemon(CONFIG) as d:
            c = Client(d, 'line')
            c.send(b'hello\n' + b'x' * 70000)
            self.assertEqual(c.rest(), b'Echo: hello\nerror: 64 KiB without an end '
                                       b'of line; this port wants lines\n')
            d.wait_log('service=line .*reason=line')

    def test_announced_and_never_sent(self):
        """Costs no memory, and ends when the connection was idle for long."""
        with Daemon(LARGE) as d:
            before = d.resident()
            socks = [connect(d.address('bare')) for _ in range(200)]
            for sock in socks:
                sock.sendall(struct.pack('!I', 16 * MIB) + b'a')
            other = connect(d.address('impatient'))
            other.sendall(struct.pack('!I', 100) + b'a')
            self.assertEqual(other.recv(1024), b'')
            d.wait_log('service=impatient .*reason=idle')
            if not SANITIZED:
                self.assertLess(d.resident() - before, 8 * MIB)
            for sock in (*socks, other):
                sock.close()

    def test_resets_in_the_middle(self):
        with Daemon(CONFIG) as d:
            for name, data in (('bare', frame(b'x' * 60000)), ('line', b'x' * 60000)):
                for end in (1, 4, 5, 50000, len(data)):
                    c = Client(d, name)
                    c.send(data[:end])
                    c.reset()
            out, _ = pipe_through([NC, '-N', *target(d.address('line'))], b'here\n')
            self.assertEqual(out, b'Echo: here\n')


class OneShot(Test):
    """The first message is answered in full, whatever follows it; then FIN."""

    def check(self, daemon, name, first, answer):
        for address in daemon.addresses(name):
            for more in (b'', b'second\n', frame(b'second'), os.urandom(2 * MIB)):
                with connect(address) as sock:
                    thread = send_all(sock, first + more, end=False)
                    back = b''
                    while piece := sock.recv(65536):
                        back += piece
                    self.assertEqual(back, answer)
                    sock.shutdown(socket.SHUT_RDWR)
                    thread.join()

    def test_stream(self):
        """There the first message is the first read."""
        with Daemon(CONFIG) as d, connect(d.address('once-stream')) as sock:
            sock.sendall(b'first')
            self.assertEqual(recv_exactly(sock, 5), b'first')
            thread = send_all(sock, os.urandom(2 * MIB), end=False)
            self.assertEqual(sock.recv(1), b'')
            sock.shutdown(socket.SHUT_RDWR)
            thread.join()

    def test_line(self):
        with Daemon(CONFIG) as d:
            self.check(d, 'once-line', b'first\r\n', b'first\r\n')

    def test_length(self):
        first = frame(os.urandom(65536))
        with Daemon(CONFIG) as d:
            self.check(d, 'once-length', first, first)

    def test_half_closed(self):
        with Daemon(CONFIG) as d:
            out, code = pipe_through(
                [NC, '-N', *target(d.address('once-line'))], b'first\nsecond\n')
            self.assertEqual((out, code), (b'first\n', 0))
            out, code = pipe_through(
                [NC, '-N', *target(d.address('once-line'))], b'only')
            self.assertEqual((out, code), (b'only', 0))


class Others(Test):
    def test_greeting_waits_for_a_whole_message(self):
        with Daemon(CONFIG) as d:
            for name, parts, answer in (
                    ('hello-line', (b'a', b'b\n'), b'hello'),
                    ('hello-length', (b'\0\0\0', b'\1', b'x'), frame(b'hello'))):
                c = Client(d, name)
                for part in parts[:-1]:
                    c.send(part)
                    with connect(d.address('bare')) as other:
                        other.sendall(frame(b'?'))
                        recv_frame(other)
                    self.assertEqual(select.select([c.socket], [], [], 0)[0], [])
                c.send(parts[-1])
                self.assertEqual(c.rest(), answer)

    def test_answers_at_once_are_one_message(self):
        with Daemon(CONFIG) as d:
            for name, pattern in (
                    ('hello-now', rb'hello\n'),
                    ('daytime', rb'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d\n'),
                    ('time', rb'(?s).{4}'),
                    ('whoami', rb'you are 127\.0\.0\.1:\d+, this is .* \(tcp\)\n')):
                out, code = pipe_through([NC, '-d', *target(d.address(name))], b'')
                self.assertEqual(code, 0)
                (message,), rest = frames(out)
                self.assertEqual(rest, b'')
                self.assertTrue(re.fullmatch(pattern, message), message)

    def test_each_message_is_traced(self):
        with Daemon(CONFIG, level='debug') as d:
            with connect(d.address('line')) as sock:
                sock.sendall(b'one\ntwo\n')
                d.wait_log('received service=line .*len=3 data="one"')
                d.wait_log('received service=line .*len=3 data="two"')
            with connect(d.address('length')) as sock:
                sock.sendall(frame(b'three') + frame(b''))
                d.wait_log('received service=length .*len=5 data="three"')


class Bulk(Test):
    def test_large_frames(self):
        data = [os.urandom(16 * MIB), b'x', os.urandom(MIB)]
        with Daemon(LARGE) as d:
            for address in d.addresses('length'):
                with connect(address) as sock:
                    thread = send_all(sock, b''.join(map(frame, data)))
                    for word in data:
                        self.assertTrue(recv_frame(sock) == b'Echo: ' + word)
                    self.assertEqual(sock.recv(1), b'')
                    thread.join()

    def test_pipelined(self):
        words = [b'%d' % i for i in range(100000)]
        with Daemon(CONFIG) as d:
            for name, data in (('bare', b''.join(map(frame, words))),
                               ('bare-line', b'\n'.join(words))):
                with connect(d.address(name)) as sock:
                    thread = send_all(sock, data)
                    back = bytearray()
                    while piece := sock.recv(262144):
                        back += piece
                    thread.join()
                    self.assertTrue(bytes(back) == data)

    def test_slow_reader(self):
        """Who sends and does not read is not read either; everybody else is
        served, and nothing is lost when it reads at last, in pieces."""
        words = [bytes([i]) * 65536 for i in range(256)]
        data = b''.join(map(frame, words))
        with Daemon(CONFIG) as d:
            mute = Client(d, 'length', rcvbuf=4096)
            mute.socket.setblocking(False)
            other = connect(d.address('length'))
            sent = 0

            def push():
                nonlocal sent
                try:
                    sent += mute.socket.send(data[sent:sent + 65536])
                    return True
                except BlockingIOError:
                    other.sendall(frame(b'x'))
                    self.assertEqual(recv_frame(other), b'Echo: x')
                    return False

            def stuck():
                return not push() and not push()
            wait_until(stuck, 'the daemon to stop reading')
            other.close()
            self.assertLess(sent, len(data))
            if not SANITIZED:
                self.assertLess(d.resident(), 64 * MIB)
            mute.socket.settimeout(20)
            thread = send_all(mute.socket, data[sent:])
            rand = random.Random(3)
            back = bytearray()
            while piece := mute.socket.recv(rand.choice([1, 100, 1000, 100000])):
                back += piece
            thread.join()
            messages, rest = frames(bytes(back))
            self.assertEqual(rest, b'')
            self.assertTrue(messages == [b'Echo: ' + w for w in words])

    def test_answers_that_outgrow_their_questions(self):
        """A prefix of 512 bytes before each of many empty messages."""
        prefix = 'p' * 512
        config = 'services: {' + service(
            's', 'echo', 'length', f'prefix = "{prefix}";') + '};'
        with Daemon(config) as d, connect(d.address('s')) as sock:
            thread = send_all(sock, frame(b'') * 40000)
            back = bytearray()
            while piece := sock.recv(262144):
                back += piece
            thread.join()
            self.assertTrue(bytes(back) == frame(prefix.encode()) * 40000)
            self.assertEqual(d.log('reason=slow'), [])


if __name__ == '__main__':
    main()
