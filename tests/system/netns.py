# SPDX-License-Identifier: GPL-3.0-or-later
"""Private networks: namespaces that a test fills with sockets and daemons, and
a wire between two of them. Needs root."""

import contextlib
import ctypes
import socket
import struct
import subprocess

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def setns(fd):
    if LIBC.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), 'setns')


class Space:
    """A network namespace with loopback, as long as its `with` block."""

    def __init__(self):
        self.process = subprocess.Popen(
            ['unshare', '-n', 'sh', '-c', 'ip link set lo up && echo up && exec cat'],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b'up\n', 'no network namespace'

    @property
    def prefix(self):
        """Put before a command, it runs in here."""
        return 'nsenter', '-t', str(self.process.pid), '-n'

    def run(self, *command):
        done = subprocess.run([*self.prefix, *command], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextlib.contextmanager
    def inside(self):
        """The thread's new sockets are made in here."""
        with open('/proc/thread-self/ns/net', 'rb') as home, \
                open(f'/proc/{self.process.pid}/ns/net', 'rb') as here:
            setns(here.fileno())
            try:
                yield
            finally:
                setns(home.fileno())

    def socket(self, *args):
        with self.inside():
            return socket.socket(*args)

    def udp_counters(self):
        """What the kernel counted, by name: InDatagrams, OutDatagrams, ..."""
        rows = [line.split()[1:] for line in
                self.run('cat', '/proc/net/snmp').splitlines() if line.startswith('Udp:')]
        return dict(zip(rows[0], map(int, rows[1])))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def wire(here, there):
    """Joins two spaces: a0 here, a1 there, both up, with IPv6 addresses of the
    link that can be used at once."""
    subprocess.run(['ip', 'link', 'add', 'a0', 'netns', str(here.process.pid), 'type', 'veth',
                    'peer', 'name', 'a1', 'netns', str(there.process.pid)], check=True)
    for space, name in ((here, 'a0'), (there, 'a1')):
        space.run('sysctl', '-qw', f'net.ipv6.conf.{name}.accept_dad=0')
        space.run('ip', 'link', 'set', name, 'up')


def spoof(space, sources, target, data):
    """Sends a datagram of IPv4 from each of the sources, whoever they are."""
    with space.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        for host, port in sources:
            udp = struct.pack('!HHHH', port, target[1], 8 + len(data), 0)
            ip = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 0, 0, 0, 64, socket.IPPROTO_UDP, 0,
                             socket.inet_aton(host), socket.inet_aton(target[0]))
            raw.sendto(ip + udp + data, (target[0], 0))
