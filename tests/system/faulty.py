# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers with a planted fault, for the tests of sockload: small, in a thread
of the test, on a port that the kernel chose."""

import contextlib
import selectors
import socket
import threading


class Server:
    """Serves in a thread until the end of its `with` block. A subclass says
    what happens when a client connects, and when bytes come from one."""

    def __init__(self):
        self.listener = socket.create_server(('127.0.0.1', 0), backlog=512)
        self.listener.setblocking(False)
        self.address = '127.0.0.1:%d' % self.listener.getsockname()[1]
        self.selector = selectors.DefaultSelector()
        self.clients = []
        self.wake_r, self.wake_w = socket.socketpair()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.selector.register(self.wake_r, selectors.EVENT_READ)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.wake_w.send(b'x')
        self.thread.join()
        for sock in (*self.clients, self.listener, self.wake_r, self.wake_w):
            sock.close()

    def run(self):
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is self.wake_r:
                    return
                if key.fileobj is self.listener:
                    self.accept()
                else:
                    self.serve(key.fileobj)

    def accept(self):
        client, _ = self.listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.clients.append(client)
        self.selector.register(client, selectors.EVENT_READ)
        self.connected(client)

    def serve(self, client):
        try:
            data = client.recv(65536)
        except ConnectionError:
            data = b''
        if data:
            self.received(client, data)
        else:
            self.close(client)

    def close(self, client):
        self.selector.unregister(client)
        self.clients.remove(client)
        client.close()

    def connected(self, client):
        pass

    def received(self, client, data):
        raise NotImplementedError


class Echo(Server):
    """Echoes messages of `size` bytes of its first client by way of fault();
    other clients get their bytes as they are. fault(number, message) returns
    what is sent for a message, None to close."""

    def __init__(self, fault, size=64):
        super().__init__()
        self.fault, self.size = fault, size
        self.pending, self.number = b'', 0
        self.victim = None

    def connected(self, client):
        self.victim = self.victim or client

    def received(self, client, data):
        if client is not self.victim:
            client.sendall(data)
            return
        self.pending += data
        out = []
        while len(self.pending) >= self.size:
            message = self.pending[:self.size]
            self.pending = self.pending[self.size:]
            answer = self.fault(self.number, message)
            self.number += 1
            if answer is None:
                self.close(client)
                return
            out.append(answer)
        client.sendall(b''.join(out))


class Datagrams:
    """Echoes datagrams by way of fault(number, datagram), which returns all that
    is sent for one, until the end of its `with` block."""

    def __init__(self, fault, host='127.0.0.1'):
        self.fault = fault
        family = socket.AF_INET6 if ':' in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.address = '%s:%d' % (host, self.socket.getsockname()[1])
        self.thread = threading.Thread(target=self.run)

    def run(self):
        number = 0
        while True:
            datagram, sender = self.socket.recvfrom(65536)
            if sender == self.socket.getsockname():
                return
            for answer in self.fault(number, datagram):
                self.socket.sendto(answer, sender)
            number += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.socket.sendto(b'', self.socket.getsockname())
        self.thread.join()
        self.socket.close()


class Room(Server):
    """A room for the preset `limit`: says "hello", answers the first that comes
    with "in", then hands every line to all others; those for the first member
    by way of fault()."""

    def __init__(self, fault=lambda number, line: line):
        super().__init__()
        self.fault, self.number = fault, 0
        self.rest = {}

    def connected(self, client):
        client.sendall(b'hello\n')

    def received(self, client, data):
        if client in self.rest:
            self.said(client, data)
        else:
            self.rest[client] = b''
            client.sendall(b'in\n')

    def said(self, client, data):
        *lines, self.rest[client] = (self.rest[client] + data).split(b'\n')
        lines = [line + b'\n' for line in lines]
        damaged = []
        for line in lines:
            damaged.append(self.fault(self.number, line))
            self.number += 1
        for i, other in enumerate(self.clients):
            if other is not client and other in self.rest:
                with contextlib.suppress(ConnectionError):
                    other.sendall(b''.join(lines if i else damaged))


class Talker(Server):
    """Says the same to everybody who connects, and then nothing; or closes."""

    def __init__(self, data, closes=False):
        super().__init__()
        self.data, self.closes = data, closes

    def connected(self, client):
        with contextlib.suppress(ConnectionError):
            client.sendall(self.data)
        if self.closes:
            self.close(client)

    def received(self, client, data):
        pass


class Deaf(Server):
    """Reads nothing at all."""

    def connected(self, client):
        self.selector.unregister(client)


class Swap:
    """A fault that exchanges message n with the one after it."""

    def __init__(self, n):
        self.n, self.held = n, b''

    def __call__(self, number, message):
        if number == self.n:
            self.held = message
            return b''
        message, self.held = message + self.held, b''
        return message


def drop(n):
    return lambda number, message: b'' if number == n else message


def double(n):
    return lambda number, message: message * 2 if number == n else message


def corrupt(n, at):
    """Flips one bit of byte `at` of message n."""
    def fault(number, message):
        if number != n:
            return message
        return message[:at] + bytes([message[at] ^ 1]) + message[at + 1:]
    return fault


class Irc(Server):
    """As much of IRC as a login takes: a PING before the welcome, and a room
    that can be joined only after it."""

    def __init__(self):
        super().__init__()
        self.rest, self.members = {}, []

    def connected(self, client):
        client.sendall(b':irc.test NOTICE * :*** Looking up your hostname\r\n')

    def received(self, client, data):
        *lines, self.rest[client] = (self.rest.get(client, b'') + data).split(b'\r\n')
        for line in lines:
            verb, _, rest = line.partition(b' ')
            if verb == b'USER':
                client.sendall(b'PING :cookie\r\n')
            elif line == b'PONG :cookie':
                client.sendall(b':irc.test 001 you :Welcome\r\n')
            elif verb == b'JOIN':
                self.members.append(client)
                client.sendall(b':irc.test 366 you %s :End of NAMES\r\n' % rest)
            elif verb == b'PRIVMSG':
                for member in self.members:
                    if member is not client:
                        member.sendall(b':n!~u@host %s\r\n' % line)


class PubSub(Server):
    """Redis or NATS, as far as publish and subscribe need them."""

    def __init__(self, subscribe, subscribed, publish, deliver, ping):
        super().__init__()
        self.words = subscribe, subscribed, publish, deliver, ping
        self.rest, self.members = {}, []

    def received(self, client, data):
        subscribe, subscribed, publish, deliver, ping = self.words
        self.rest[client] = self.rest.get(client, b'') + data
        for pattern, action in (
                (subscribe, lambda m: self.members.append(client) or
                 client.sendall(subscribed)),
                (ping[0], lambda m: client.sendall(ping[1])),
                (publish, lambda m: [member.sendall(m.expand(deliver))
                                     for member in self.members])):
            while (match := pattern.search(self.rest[client])):
                action(match)
                self.rest[client] = (self.rest[client][:match.start()] +
                                     self.rest[client][match.end():])
