# SPDX-License-Identifier: GPL-3.0-or-later
"""chargen, daytime, time and whoami, over IPv4, IPv6 and unix sockets, with the
programs that people use for them."""

import array
import datetime
import fcntl
import re
import signal
import struct
import subprocess
import termios
import threading
import time

from clients import NC, Client, target
from harness import (PATIENCE, SANITIZED, Daemon, Test, main, observe, run_sockd,
                     wait_until)

NAMES = ('chargen', 'daytime', 'time', 'whoami')
CONFIG = 'services: {\n' + ''.join(
    f'{name}: {{ protocol = "{name}"; '
    f'listen = [ "127.0.0.1:0", "[::1]:0", "{name}.sock" ]; }};\n' for name in NAMES) + '''
  proxied: { protocol = "whoami"; listen = "127.0.0.1:0"; proxy_protocol = "127.0.0.1"; };
  everywhere: { protocol = "whoami"; listen = "*:0"; };
  hasty: { protocol = "chargen"; listen = "127.0.0.1:0"; idle = "200ms"; };
  echo: { protocol = "echo"; listen = "127.0.0.1:0"; };
};
drain = "500ms";
timeouts: { linger = "200ms"; };
'''
TO_1900 = 2208988800


def pattern(length, offset=0):
    """The stream of RFC 864 from offset on."""
    ring = bytes(range(32, 127)) * 2
    period = b''.join(ring[n:n + 72] + b'\r\n' for n in range(95))
    offset %= len(period)
    return (period * (length // len(period) + 2))[offset:offset + length]


def readers(address):
    """Commands that read what a service says, as a shell would run them."""
    nc = ' '.join(target(address))
    if isinstance(address, str):
        to = f'UNIX-CONNECT:{address}'
    else:
        host, port = address
        to = f'TCP6:[{host}]:{port}' if ':' in host else f'TCP4:{host}:{port}'
        yield f'cat </dev/tcp/{host}/{port}'
    yield f'{NC} -d {nc}'
    yield f'{NC} -N {nc} </dev/null'  # closes its side at once
    yield f'ncat --recv-only {nc}'
    yield f'ncat {nc} </dev/null'
    yield f'socat -u {to} -'


def output(command, then=''):
    done = subprocess.run(['bash', '-c', command + then], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, timeout=2 * PATIENCE, check=False)
    return done.stdout


class Answers(Test):
    def answers(self, d, service):
        """What every program gets from every address of the service."""
        for address in d.addresses(service):
            for command in readers(address):
                with self.subTest(command):
                    yield address, output(command)

    def test_daytime(self):
        with Daemon(CONFIG, env={'TZ': 'NPT-5:45'}) as d:
            before = int(time.time())
            for _, line in self.answers(d, 'daytime'):
                self.assertRegex(
                    line, rb'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+05:45\n$')
                said = datetime.datetime.fromisoformat(line.decode().rstrip())
                self.assertLessEqual(before, said.timestamp())
                self.assertLessEqual(said.timestamp(), time.time())

    def test_daytime_is_of_use_in_a_shell(self):
        with Daemon(CONFIG) as d:
            host, port = d.addresses('daytime')[0]
            before = int(time.time())
            said = output(f'date +%s -d "$({NC} -d {host} {port})"')
            self.assertLessEqual(before, int(said))
            self.assertLessEqual(int(said), time.time())

    def test_time(self):
        with Daemon(CONFIG) as d:
            before = int(time.time())
            for _, four in self.answers(d, 'time'):
                self.assertEqual(len(four), 4)
                age = struct.unpack('>I', four)[0] - before - TO_1900 & 0xffffffff
                self.assertLessEqual(before + age, time.time())

    def test_whoami_through_programs(self):
        with Daemon(CONFIG) as d:
            for address, line in self.answers(d, 'whoami'):
                if isinstance(address, str):
                    want = ('you are a process on this machine, '
                            f'this is {re.escape(address)} \\(unix\\)\n')
                else:
                    host = f'[{address[0]}]' if ':' in address[0] else address[0]
                    host = re.escape(host)
                    want = rf'you are {host}:\d+, this is {host}:{address[1]} \(tcp\)\n'
                self.assertRegex(line.decode(), rf'\A{want}\Z')

    def test_whoami_tells_the_truth(self):
        """Where the socket is bound to every address, the one that was asked."""
        with Daemon(CONFIG) as d:
            port = d.address('everywhere')[1]
            for host, shown in (('127.0.0.1', '127.0.0.1'), ('127.1.2.3', '127.1.2.3'),
                                ('::1', '[::1]')):
                c = Client(d, 'everywhere', address=(host, port))
                own, own_port = c.socket.getsockname()[:2]
                own = f'[{own}]' if ':' in own else own
                self.assertEqual(
                    c.rest_lines(),
                    [f'you are {own}:{own_port}, this is {shown}:{port} (tcp)'])

    def test_whoami_behind_a_proxy(self):
        with Daemon(CONFIG) as d:
            for stated, line in (
                    ('TCP4 192.0.2.5 192.0.2.1 51234 7008',
                     'you are 192.0.2.5:51234, this is 192.0.2.1:7008 (tcp)'),
                    ('TCP6 2001:db8::5 2001:db8::1 51234 7008',
                     'you are [2001:db8::5]:51234, this is [2001:db8::1]:7008 (tcp)')):
                c = Client(d, 'proxied')
                c.send(f'PROXY {stated}\r\n')
                self.assertEqual(c.rest_lines(), [line])

    def test_arrives_although_the_client_keeps_sending(self):
        with Daemon(CONFIG) as d:
            for service in ('daytime', 'time', 'whoami'):
                for _ in range(30):
                    c = Client(d, service)
                    try:
                        c.send(b'x' * 10000)
                    except OSError:
                        pass
                    self.assertGreaterEqual(len(c.rest()), 4)
                    c.close()

    def test_they_are_told(self):
        told = run_sockd('-V').stdout
        for name in NAMES:
            self.assertRegex(told, rf'\b{name}\b')


class Chargen(Test):
    def test_through_programs(self):
        want = pattern(300000)
        with Daemon(CONFIG) as d:
            for address in d.addresses('chargen'):
                for command in readers(address):
                    with self.subTest(command):
                        got = output(command, f' 2>&1 | head -c {len(want)}')
                        self.assertTrue(got == want, got[:200])

    @staticmethod
    def clients(d, n):
        """So many who were connected in each of the ways in turn."""
        ways = d.addresses('chargen')
        return [Client(d, 'chargen', address=ways[i % len(ways)]) for i in range(n)]

    def take(self, c, length):
        """Reads so much and compares it with what should come next."""
        at = getattr(c, 'taken', 0)
        got = bytearray()
        while len(got) < length:
            piece = c.socket.recv(length - len(got))
            self.assertTrue(piece, 'an early end')
            got += piece
        self.assertTrue(bytes(got) == pattern(length, at), 'wrong bytes')
        c.taken = at + length

    @staticmethod
    def sent_to(c):
        """What the server has sent a client that has not read it yet: what
        lies on its side, and on the server's (which only IPv4 tells)."""
        here = array.array('i', [0])
        fcntl.ioctl(c.socket, termios.FIONREAD, here)
        name = c.socket.getsockname()
        if isinstance(name, (str, bytes)) or ':' in name[0]:
            return here[0]
        with open('/proc/net/tcp', encoding='ascii') as table:
            for line in table:
                fields = line.split()
                if fields[2].endswith(f':{name[1]:04X}'):
                    return here[0] + int(fields[4].split(':')[0], 16)
        return here[0]

    def wait_stopped(self, d, c):
        """Until the server sends no more; what it has sent."""
        echo = Client(d, 'echo')
        amounts = [0]

        def has_stopped():
            echo.send(b'x')
            self.assertEqual(echo.socket.recv(1), b'x')
            amounts.append(self.sent_to(c))
            return amounts[-1] > 0 and len(set(amounts[-30:])) == 1
        wait_until(has_stopped, 'chargen to stop')
        return getattr(c, 'taken', 0) + amounts[-1]

    def test_stops_and_starts_with_its_reader(self):
        with Daemon(CONFIG) as d:
            for address in (d.addresses('chargen')[0], d.addresses('chargen')[-1]):
                c = Client(d, 'chargen', address=address)
                sent = 0
                for _ in range(3):
                    before, sent = sent, self.wait_stopped(d, c)
                    self.assertGreater(sent, before)
                    self.take(c, sent - getattr(c, 'taken', 0) + 500000)
                    self.assertGreater(c.taken, sent)
                c.close()

    def test_costs_nothing_while_nobody_reads(self):
        with Daemon(CONFIG) as d:
            self.clients(d, 20)

            def is_quiet():  # but for a thread of the sanitizer's own
                cpu, wakeups = d.cpu(), d.wakeups()
                observe(0.3)
                return d.cpu() - cpu < 0.05 and (SANITIZED or d.wakeups() == wakeups)
            wait_until(is_quiet, 'the daemon to rest')

    def test_many_who_never_read(self):
        """An echo client beside them is served, and their output lies nowhere
        in the daemon."""
        with Daemon(CONFIG) as d:
            before = d.resident()
            mutes = self.clients(d, 100)
            echo = Client(d, 'echo')
            for i in range(300):
                echo.send(b'%d\n' % i)
                self.assertEqual(echo.raw_line(), b'%d\n' % i)
            for c in mutes:
                wait_until(lambda c=c: self.sent_to(c), 'the pattern')
            if not SANITIZED:
                self.assertLess(d.resident() - before, 4 << 20)
            self.take(mutes[77], 100000)

    def test_beside_those_who_read_all_the_time(self):
        with Daemon(CONFIG) as d:
            fast = self.clients(d, 4)
            total, stop = [0] * len(fast), threading.Event()

            def read(i):
                while not stop.is_set():
                    total[i] += len(fast[i].read())
            threads = [threading.Thread(target=read, args=(i,)) for i in range(len(fast))]
            for t in threads:
                t.start()
            echo = Client(d, 'echo')
            for i in range(300):
                echo.send(b'%d\n' % i)
                self.assertEqual(echo.raw_line(), b'%d\n' % i)
            wait_until(lambda: min(total) > 1 << 20, 'a MiB for each')
            stop.set()
            for t in threads:
                t.join()

    def test_what_is_sent_to_it_is_read(self):
        """By one who does not read, so that his own writing ends."""
        with Daemon(CONFIG) as d:
            for c in self.clients(d, 3):
                for _ in range(50):
                    c.send(b'x' * 100000)
                self.take(c, 100000)
                c.reset()
            d.wait_log(
                r'closed service=chargen .* reason=reset in=\d{4,} out=\d{6,} ', 3)

    def test_half_close(self):
        """It goes on for as long as the client reads."""
        with Daemon(CONFIG) as d:
            for address in d.addresses('chargen'):
                c = Client(d, 'chargen', address=address)
                self.take(c, 1000)
                c.half_close()
                self.take(c, 8000000)
                c.close()

    def test_one_who_does_not_read_is_idle(self):
        with Daemon(CONFIG, level='debug') as d:
            c = Client(d, 'hasty')
            line = d.wait_log('closed service=hasty .* reason=idle ')[0]
            out = int(re.search(r'out=(\d+)', line)[1])
            self.take(c, min(out, 100000))

    def test_stop_while_one_does_not_read(self):
        with Daemon(CONFIG) as d:
            for c in self.clients(d, 3):
                self.wait_stopped(d, c)
            d.signal(signal.SIGTERM)
            self.assertEqual(d.wait(), 0)
            self.assertEqual(d.log('although some did not leave'), [])


if __name__ == '__main__':
    main()
