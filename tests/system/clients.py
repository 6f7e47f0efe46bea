# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients: a plain socket that a test drives, and the real programs people
type (nc, ncat, telnet, socat) as child processes. Each belongs to a daemon,
which closes it when the test ends."""

import fcntl
import os
import pty
import re
import select
import socket
import struct
import subprocess
import termios
import time

from harness import PATIENCE

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
    """Reads lines from whatever read() gives, waiting PATIENCE at most."""

    def __init__(self):
        self.buffer = b''
        self.ended = False

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

    def send(self, data):
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

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

    def say(self, text):
        self.send(text + '\n')

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

    def send(self, data):
        data = data.encode() if isinstance(data, str) else data
        while data:
            data = data[os.write(self.inp, data):]

    def say(self, text):
        self.send(text + '\n')

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
