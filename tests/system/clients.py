# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients: a plain socket that a test drives, and the real programs people
type (nc, ncat, telnet, socat) as child processes. Each belongs to a daemon,
which closes it when the test ends."""

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import socket
import struct
import subprocess
import termios
import threading
import time

from harness import PATIENCE, wait_until

NC = 'nc.openbsd'
WELCOME = re.compile(r'\*\*\* welcome to (.*)\. You are (\S+) in #(\S+) '
                     r'\((only you|[\d,]+ here)(?:; joins and leaves are not shown)?\)')
HINT = ('*** type a line and press Enter to say it. /nick NAME renames you, '
        '/help lists the commands')


def connect(address, timeout=None, rcvbuf=None, source=None):
    """A connected socket to ('host', port) or '/path'."""
    family = socket.AF_UNIX
    if not isinstance(address, str):
        family = socket.AF_INET6 if ':' in address[0] else socket.AF_INET
    sock = socket.socket(family)
    sock.settimeout(timeout or PATIENCE)
    if rcvbuf is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
    if source is not None:
        sock.bind((source, 0))
    sock.connect(address)
    return sock


class Lines:
    """Reads lines from whatever read() gives, waiting PATIENCE at most, and
    sends to whatever write() takes: a byte a write if bytewise."""

    def __init__(self):
        self.buffer = b''
        self.ended = False
        self.bytewise = False

    def send(self, data):
        data = data.encode() if isinstance(data, str) else data
        if not self.bytewise:
            self.write(data)
            return
        for i in range(len(data)):
            self.write(data[i:i + 1])
            self.wait_taken()

    def wait_taken(self):
        """Until the byte is on its way by itself."""

    def say(self, text):
        self.send(text + '\n')

    def _fill(self, deadline):
        """More bytes into the buffer; False at the end of input."""
        if self.ended:
            return False
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self.fileno()], [], [], left)[0]:
            raise AssertionError(f'no line came; unfinished: {self.buffer[-200:]!r}')
        data = self.read()
        self.ended = not data
        self.buffer += data
        return not self.ended

    def raw_line(self, timeout=None):
        """The next line with its end; what is left at the end of input."""
        deadline = time.monotonic() + (timeout or PATIENCE)
        while b'\n' not in self.buffer:
            if not self._fill(deadline):
                rest, self.buffer = self.buffer, b''
                return rest
        line, _, self.buffer = self.buffer.partition(b'\n')
        return line + b'\n'

    def line(self, timeout=None):
        """The next line as text without its end; None at the end of input."""
        raw = self.raw_line(timeout)
        return raw.decode().rstrip('\r\n') if raw else None

    def until(self, wanted):
        """Reads up to the line `wanted` (a text, or a compiled pattern);
        returns the lines before it, and in self.match the match."""
        before = []
        pattern = re.compile(re.escape(wanted)) if isinstance(wanted, str) else wanted
        while True:
            line = self.line()
            if line is None:
                raise AssertionError(f'{wanted!r} never came, but {before[-20:]}')
            self.match = pattern.fullmatch(line)
            if self.match:
                return before
            before.append(line)

    def prompt(self, end):
        """Reads up to `end`, which no end of line follows."""
        deadline = time.monotonic() + PATIENCE
        while end not in self.buffer:
            assert self._fill(deadline), f'{end!r} never came, but {self.buffer!r}'
        self.buffer = self.buffer.partition(end)[2]

    def take(self, length):
        """So many bytes; fewer at the end of input."""
        deadline = time.monotonic() + PATIENCE
        while len(self.buffer) < length and self._fill(deadline):
            pass
        data, self.buffer = self.buffer[:length], self.buffer[length:]
        return data

    def rest(self):
        """All bytes up to the end of input."""
        deadline = time.monotonic() + PATIENCE
        while self._fill(deadline):
            pass
        data, self.buffer = self.buffer, b''
        return data

    def rest_lines(self):
        return self.rest().decode().splitlines()


class Client(Lines):
    """A socket to a service of the daemon (its last address, unless given).
    first: what is sent before anything else."""

    def __init__(self, daemon, service, address=None, first=b'', **kwargs):
        super().__init__()
        self.socket = connect(address or daemon.address(service), **kwargs)
        daemon.clients.append(self)
        if first:
            self.send(first)

    def fileno(self):
        return self.socket.fileno()

    def read(self):
        return self.socket.recv(262144)

    def write(self, data):
        self.socket.sendall(data)

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def close(self):
        self.socket.close()

    def reset(self):
        """Ends the connection with RST."""
        self.socket.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.socket.close()

    def was_reset(self):
        """True if the connection ends with RST instead of FIN."""
        try:
            while self.read():
                pass
        except ConnectionResetError:
            return True
        return False


class Person(Client):
    """A member of the chat who read the welcome; renamed to nick if given. An
    empty line tells at once what a silent client is taken for after a moment."""

    def __init__(self, daemon, service='chat', nick=None, room=None, **kwargs):
        super().__init__(daemon, service, **kwargs)
        self.say('')
        self.greet()
        if nick is not None:
            self.rename(nick)
        if room is not None:
            self.join(room)

    def greet(self):
        line = self.line()
        match = WELCOME.fullmatch(line or '')
        assert match, f'not a welcome: {line}'
        self.server, self.nick, self.room, self.count = match.groups()
        hint = self.line()
        assert hint == HINT, hint

    def rename(self, nick):
        self.say(f'/nick {nick}')
        before = self.until(
            re.compile(rf'\*\*\* you are now {re.escape(nick)}\b.*'))
        self.nick = nick
        return before

    def join(self, room):
        self.say(f'/join {room}')
        before = self.until(
            re.compile(rf'\*\*\* you are in #{re.escape(room)} \(.*\)'))
        self.room = room
        return before

    def sync(self):
        """Everything the server had for us before now, as lines: its answer
        to an unknown command comes after all of it."""
        self.say('/zz-sync')
        return self.until(re.compile(r'\*\*\* error: .*zz-sync.*'))

    def learns(self, nick, wanted):
        """Asks who somebody is until that is the answer, but for the times: the
        name of a Unix user is looked up apart and may come later."""
        def known():
            self.say(f'/whois {nick}')
            self.until(re.compile(rf'\*\*\* {nick}: (.*), here \S+, silent \S+'))
            return self.match[1] == wanted
        try:
            wait_until(known, f'{nick}: {wanted}')
        except AssertionError as error:
            raise AssertionError(f'{error}, not {self.match[1]}') from None


class Program(Client):
    """Objects, one at a time, cut out of whatever comes."""

    def __init__(self, daemon, service='json', name=None, room='lobby', **kwargs):
        super().__init__(daemon, service, **kwargs)
        if name is None:
            return
        if service == 'json':
            assert self.get()['type'] == 'welcome'
        self.join(room, name)

    def put(self, type, **fields):
        self.send(json.dumps({'type': type, **fields}))

    def get(self):
        return json.loads(self.line())

    def until(self, **fields):
        """Reads up to an object that has these; returns it."""
        while True:
            got = self.get()
            if all(got.get(k) == v for k, v in fields.items()):
                return got

    def join(self, room, name, **more):
        self.put('join', room=room, username=name, **more)
        return self.until(event='join', username=name, room=room)

    def sync(self):
        """All objects that came before now."""
        self.put('ping')
        before = []
        while (got := self.get()) != {'type': 'pong'}:
            before.append(got)
        return before


class Framed(Program):
    """The same behind lengths."""

    def send(self, data):
        data = data.encode() if isinstance(data, str) else data
        super().send(struct.pack('!I', len(data)) + data)

    def frame(self):
        """The next message; nothing at the end of input."""
        head = self.take(4)
        data = self.take(struct.unpack('!I', head)[0]) if head else b''
        assert len(head) in (0, 4) and len(data) == int.from_bytes(head, 'big'), \
            'the end within a message'
        return data

    def get(self):
        return json.loads(self.frame())


class Tap:
    """Stands between a client and a service, and keeps what goes by."""

    def __init__(self, daemon, service):
        self.sent, self.came = bytearray(), bytearray()  # by the client, to it
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.target = daemon.address(service)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        daemon.clients.append(self)

    @property
    def port(self):
        return str(self.listener.getsockname()[1])

    def run(self):
        client, _ = self.listener.accept()
        server = connect(self.target)
        for sock in (client, server):
            sock.settimeout(None)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        back = threading.Thread(
            target=self.copy, args=(server, client, self.came), daemon=True)
        back.start()
        self.copy(client, server, self.sent)
        back.join(PATIENCE)
        client.close()
        server.close()

    @staticmethod
    def copy(from_, to, record):
        with contextlib.suppress(OSError):
            while data := from_.recv(65536):
                record += data
                to.sendall(data)
        with contextlib.suppress(OSError):
            to.shutdown(socket.SHUT_WR)

    def close(self):
        self.listener.close()


def take_terminal():
    """For a child to be: what is typed there may be a signal."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Child(Lines):
    """A program with our pipes (or a pty) as its standard input and output."""

    def __init__(self, daemon, *command, tty=False):
        super().__init__()
        if tty:
            self.out, child = pty.openpty()
            self.inp = self.out
            self.process = subprocess.Popen(
                command, stdin=child, stdout=child, stderr=child,
                start_new_session=True, preexec_fn=take_terminal)
            os.close(child)
        else:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self.inp = os.dup(self.process.stdin.fileno())
            self.out = os.dup(self.process.stdout.fileno())
            self.process.stdin.close()
            self.process.stdout.close()
        daemon.clients.append(self)

    def fileno(self):
        return self.out

    def read(self):
        try:
            return os.read(self.out, 65536)
        except OSError:  # a pty whose other side is closed
            return b''

    def write(self, data):
        while data:
            data = data[os.write(self.inp, data):]

    def wait_taken(self):
        """Until the program has read all of its standard input, a pipe."""
        def left():
            return struct.unpack('i', fcntl.ioctl(self.inp, termios.FIONREAD, bytes(4)))[0]
        wait_until(lambda: not left(), 'a byte read', every=0.0005)

    def half_close(self):
        """End of input for the program."""
        os.close(self.inp)
        if self.out == self.inp:
            self.out = -1
        self.inp = -1

    def wait(self):
        return self.process.wait(PATIENCE)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for fd in {self.inp, self.out} - {-1}:
            os.close(fd)
        self.inp = self.out = -1


def target(address):
    """The arguments that name an address for nc and ncat."""
    return ['-U', address] if isinstance(address, str) else [address[0], str(address[1])]


def pipe_through(command, data, timeout=None):
    """What the program prints when it is fed data and end of input."""
    done = subprocess.run(command, input=data, stdout=subprocess.PIPE,
                          timeout=timeout or PATIENCE * 2, check=False)
    return done.stdout, done.returncode
