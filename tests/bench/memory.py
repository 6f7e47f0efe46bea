#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one idle connection costs: resident memory of the daemon per echo
connection and per member of a room.

usage: memory.py [CONNECTIONS]    (default 9000; SOCKD names the daemon)

Clients are child processes on several loopback addresses, so that neither the
descriptors of one process nor the ports of one address run out.
"""

import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../system'))

from harness import Daemon, wait_until  # noqa: E402

CONFIG = '''
services: {
  echo: { protocol = "echo"; listen = "127.0.0.1:0"; idle = "0"; };
  chat: { protocol = "chat"; listen = "127.0.0.1:0"; };
};
limits: { connections = 20000; };
'''
CHILDREN = 4


def occupy(daemon, service, count, source):
    """In a child: connections that exchanged a few bytes and then do nothing."""
    socks = []
    for _ in range(count):
        sock = socket.socket()
        sock.bind((source, 0))
        sock.connect(daemon.address(service))
        socks.append(sock)
        if service == 'echo':
            sock.sendall(b'x')
            assert sock.recv(1) == b'x'
        else:
            lines = b''
            while lines.count(b'\n') < 2:
                lines += sock.recv(4096)
    return socks


def child(daemon, service, count, source):
    """Forks an occupant; returns (pid, ready, stop): it writes to ready when
    it is done and ends when a byte comes on stop."""
    ready, say = os.pipe()
    wait, stop = os.pipe()
    pid = os.fork()
    if pid:
        os.close(say)
        os.close(wait)
        return pid, ready, stop
    status = 1
    try:
        os.close(stop)
        socks = occupy(daemon, service, count, source)
        os.write(say, b'.')
        os.read(wait, 1)
        del socks
        status = 0
    finally:
        os._exit(status)


def measure(service, connections):
    """Bytes of resident memory per connection."""
    with Daemon(CONFIG) as daemon:
        before = daemon.resident()
        fds = daemon.fds()
        children = []
        for i in range(CHILDREN):
            count = connections // CHILDREN + (i < connections % CHILDREN)
            children.append(child(daemon, service, count, f'127.0.0.{i + 2}'))
        for _, ready, _ in children:
            assert os.read(ready, 1) == b'.', 'a client process failed'
        assert daemon.fds() >= fds + connections
        after = daemon.resident()
        for pid, ready, stop in children:
            os.write(stop, b'.')
            os.waitpid(pid, 0)
            os.close(stop)
            os.close(ready)
        wait_until(lambda: daemon.fds() <= fds, 'every connection gone', 60)
    return (after - before) / connections


def main():
    connections = int(sys.argv[1]) if len(sys.argv) > 1 else 9000
    for service, what in (('echo', 'idle echo connection'), ('chat', 'idle room member')):
        per = measure(service, connections)
        print(f'{what:22} {per / 1024:6.2f} KiB resident each ({connections} at once)')


if __name__ == '__main__':
    main()
