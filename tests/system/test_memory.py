# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory that runs out on the main thread: it costs whoever asked for
something, never the daemon, and what is to be in force comes to be."""

import itertools
import mmap
import os
import re
import resource
import signal
import socket
import struct
import tempfile
import unittest

import control
from harness import PATIENCE, SANITIZED, Daemon, Test, main, wait_until

NO_MEMORY = os.environ.get('NO_MEMORY_LIBRARY')
CONFIG = '''
services: {
    echo: { protocol = "echo"; listen = "127.0.0.1:0"; };
    greeting: {
        protocol = "greeting"; listen = "127.0.0.1:0"; message = "hello";
        proxy_protocol = [ "127.0.0.0/8" ];
    };
};
limits: { connect_rate = "10000/s"; };
'''


class Watcher:
    """Somebody who watches events until there is one, or its end."""

    def __init__(self, d):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(control.path_of(d))
        self.echo = d.address('echo')
        try:
            self.sock.sendall(b'watch events\n')
        except ConnectionError:
            pass # turned away
        self.sock.setblocking(False)

    def is_served(self):
        """Or let go; sees to it that there is something to tell."""
        socket.create_connection(self.echo, PATIENCE).close()
        try:
            self.sock.recv(65536)
        except BlockingIOError:
            return False
        except ConnectionError:
            pass
        return True


@unittest.skipUnless(NO_MEMORY and not SANITIZED, 'needs the library that loses memory')
class MainThread(Test):
    def setUp(self):
        file = self.enterContext(tempfile.NamedTemporaryFile())
        file.truncate(4)
        self.left = self.enterContext(mmap.mmap(file.fileno(), 4))
        self.d = self.enterContext(Daemon(
            CONFIG, env={'LD_PRELOAD': NO_MEMORY, 'NO_MEMORY': file.name},
            allow_errors='out of memory|Cannot allocate memory|reload failed'))

    def fail_at(self, n):
        self.left[:] = struct.pack('=I', n)

    def has_failed(self):
        return self.left[:] == bytes(4)

    def test_each_allocation_for_a_watcher(self):
        for n in range(1, 50):
            self.fail_at(n)
            watcher = Watcher(self.d)
            with watcher.sock:
                wait_until(watcher.is_served, f'an event or the end, without allocation {n}')
                wait_until(
                    lambda w=watcher: w.is_served() and self.has_failed(), f'allocation {n}')
            control.said(self.d, 'status')

    def test_list_is_whole_or_refused(self):
        socket.create_connection(self.d.address('echo'), PATIENCE).close()
        wait_until(lambda: ' echo ' in control.said(self.d, 'closed'), 'its end')
        for n in range(1, 60):
            self.fail_at(n)
            done = control.sockctl(self.d, 'closed')
            if done.returncode == 0:
                self.assertIn(' echo ', done.stdout, n)
            self.fail_at(0)

    def test_reload_does_not_overrate_the_descriptors(self):
        resource.prlimit(self.d.pid, resource.RLIMIT_NOFILE, (256, 256))
        for _ in range(100):
            self.enterContext(socket.create_connection(self.d.address('echo'), PATIENCE))
        wait_until(lambda: control.asked(self.d, 'status')['connections'] == 100, 'connections')
        control.said(self.d, 'reload', '--wait')
        before = control.asked(self.d, 'status')['max_connections']
        self.assertLess(before, 256 - 30)
        for n in itertools.count(1):
            self.fail_at(n)
            control.sockctl(self.d, 'reload', '--wait')
            if not self.has_failed():
                break
        self.fail_at(0)
        self.d.signal(signal.SIGUSR1)
        self.d.wait_log('max_connections=')
        for line in self.d.log('limits.connections is lowered'):
            most = int(re.search(r'connections=(\d+)', line)[1])
            self.assertLess(most, before + 10, line) # sockctl takes some, too

    def test_ban_comes_into_force(self):
        for n in itertools.count(1):
            address = f'192.0.2.{n}'
            self.fail_at(n)
            done = control.sockctl(self.d, 'ban', address, '1h', 'x')
            self.fail_at(0)
            if 'not in force yet' in done.stderr:
                break
            self.assertLess(n, 200)
        self.d.wait_log('the bans are in force again')
        self.assertIn(address, control.said(self.d, 'bans'))

        def is_banned():
            with socket.create_connection(self.d.address('greeting'), PATIENCE) as sock:
                sock.sendall(f'PROXY TCP4 {address} 127.0.0.1 1234 80\r\n'.encode())
                return sock.recv(100) != b'hello'
        wait_until(is_banned, 'the ban in force')


if __name__ == '__main__':
    main()
