# SPDX-License-Identifier: GPL-3.0-or-later
"""From start to stop: exit codes, signals, reloads, and what systemd hears."""

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
import unittest

from clients import HINT, NC, Child, Client, Person, connect
from harness import ROOT, SOCKD, Daemon, Test, main, observe, run_sockd, wait_until

ECHO = 'services: { echo: { protocol = "echo"; listen = "127.0.0.1:0"; }; };'
TWO = '''services: {
  echo: { protocol = "echo"; listen = "127.0.0.1:0"; };
  chat: { protocol = "chat"; listen = [ "127.0.0.1:0", "chat.sock" ]; };
};'''


def echoes(client, word=b'word'):
    client.send(word)
    return client.socket.recv(len(word), socket.MSG_WAITALL) == word


def refused(address):
    """True if nobody listens there any more. The kernel may reset a connection
    that it had already taken."""
    try:
        with connect(address):
            return False
    except (ConnectionRefusedError, ConnectionResetError):
        return True


def clog(daemon):
    """An echo client that sends and never reads, until sockd holds output."""
    client = Client(daemon, 'echo', rcvbuf=4096)
    client.socket.setblocking(False)

    def stuck():
        try:
            client.socket.send(b'x' * 65536)
        except BlockingIOError:
            probe = Client(daemon, 'echo')
            assert echoes(probe)
            probe.close()
            try:
                client.socket.send(b'x' * 65536)
            except BlockingIOError:
                return True
        return False
    wait_until(stuck, 'output that nobody reads')
    return client


class WithFiles(Test):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix='sockd-test-')
        self.addCleanup(directory.cleanup)
        self.dir = directory.name
        os.chmod(self.dir, 0o755)

    def file(self, text, name='sockd.conf'):
        path = os.path.join(self.dir, name)
        with open(path, 'w', encoding='utf-8') as out:
            out.write(f'runtime_dir = "{self.dir}";\nstate_dir = "{self.dir}";\n{text}\n')
        return path


class ExitCodes(WithFiles):
    def test_help_and_version(self):
        done = run_sockd('-h')
        self.assertEqual(done.returncode, 0)
        self.assertIn('sockd [-f FILE]', done.stdout)
        done = run_sockd('-V')
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r'^sockd \d+\.\d+')
        self.assertIn('libevent', done.stdout)

    def test_usage(self):
        for args in (['-x'], ['surplus'], ['-f']):
            done = run_sockd(*args)
            self.assertEqual(done.returncode, 64, args)
            self.assertIn('sockd', done.stderr)

    def test_unreadable_file(self):
        done = run_sockd('-f', os.path.join(self.dir, 'none.conf'))
        self.assertEqual(done.returncode, 66)
        self.assertIn('none.conf', done.stderr)

    def test_check(self):
        path = self.file(ECHO)
        done = run_sockd('-t', '-f', path)
        self.assertEqual((done.returncode, done.stdout), (0, f'sockd: {path}: OK\n'))
        path = self.file('services: {\n echo: { protocol = "echoo"; '
                         'listen = "127.0.0.1:0"; };\n};\nworkrs = 1;')
        done = run_sockd('-t', '-f', path)
        self.assertEqual(done.returncode, 78)
        self.assertRegex(done.stderr, re.escape(path) + r':4: services\.echo\.protocol: .*echo')
        self.assertRegex(done.stderr, re.escape(path) + r':6: workrs: .*workers')

    def test_findings_move_no_terminal(self):
        path = self.file('services: { echo: { protocol = \x1b[31m"echo"; }; };')
        done = run_sockd('-t', '-f', path)
        self.assertEqual(done.returncode, 78)
        self.assertIn(f'{path}:3: ', done.stderr)
        self.assertNotIn('\x1b', done.stderr)

    def test_no_services(self):
        path = self.file('')
        done = run_sockd('-t', '-f', path)
        self.assertEqual(done.returncode, 78)
        self.assertIn(f'{path}: no services configured', done.stderr)

    def test_unknown_host(self):
        path = self.file(ECHO.replace('127.0.0.1', 'no-such-host.invalid'))
        for args in (['-t'], []):
            done = run_sockd('-f', path, *args)
            self.assertEqual(done.returncode, 78, args)
            self.assertIn('no-such-host.invalid', done.stderr)

    def test_overrides(self):
        path = self.file(ECHO)
        done = run_sockd('-t', '-f', path, '-o', 'no.such.key=1')
        self.assertEqual(done.returncode, 64)
        self.assertIn('-o no.such.key', done.stderr)
        with Daemon(ECHO, args=['-o', "services.echo.listen=over.sock"]) as d:
            self.assertEqual(d.addresses('echo'), [f'{d.dir}/over.sock'])
            self.assertTrue(echoes(Client(d, 'echo')))

    def test_dump_is_accepted_again(self):
        path = self.file(TWO)
        first = run_sockd('-T', '-f', path)
        self.assertEqual(first.returncode, 0)
        self.assertRegex(first.stdout, r'# default')
        self.assertRegex(first.stdout, r'# .*sockd\.conf:\d+')
        again = os.path.join(self.dir, 'again.conf')
        with open(again, 'w', encoding='utf-8') as out:
            out.write(first.stdout)
        second = run_sockd('-T', '-f', again)
        self.assertEqual(second.returncode, 0, second.stderr)

        def bare(text):
            return [re.sub(r'\s*#.*', '', line) for line in text.splitlines()]
        self.assertEqual(bare(first.stdout), bare(second.stdout))

    def test_address_in_use(self):
        """One clear line and 71; nothing is left half-started."""
        with socket.create_server(('127.0.0.1', 0)) as taken:
            port = taken.getsockname()[1]
            path = self.file('services: {\n'
                             'a: { protocol = "echo"; listen = "a.sock"; };\n'
                             f'b: {{ protocol = "echo"; listen = "127.0.0.1:{port}"; }};\n}};')
            done = run_sockd('-f', path)
        self.assertEqual(done.returncode, 71)
        said = [x for x in done.stderr.splitlines() if f'127.0.0.1:{port}' in x]
        self.assertEqual(len(said), 1, done.stderr)
        self.assertRegex(said[0], r'in use')
        self.assertLessEqual(len(done.stderr.splitlines()), 2, done.stderr)
        self.assertFalse(os.path.exists(os.path.join(self.dir, 'a.sock')))

    @unittest.skipUnless(os.geteuid() == 0, 'needs root to become nobody')
    def test_port_below_1024_as_nobody(self):
        binary = shutil.copy(SOCKD, os.path.join(self.dir, 'sockd'))
        path = self.file('services: { echo: { protocol = "echo"; listen = "127.0.0.1:7"; }; };')
        done = subprocess.run(
            ['unshare', '-n', 'sh', '-c',
             'ip link set lo up && sysctl -qw net.ipv4.ip_unprivileged_port_start=1024'
             ' && exec setpriv --reuid=65534 --regid=65534 --clear-groups'
             ' --bounding-set=-all --inh-caps=-all "$@"', 'sh', binary, '-f', path],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 77, done.stderr)
        self.assertIn('127.0.0.1:7', done.stderr)


class UnixSockets(WithFiles):
    def config(self, more=''):
        return ('services: { echo: { protocol = "echo"; '
                f'listen = "{self.dir}/e.sock"; {more} }}; }};')

    def test_stale_file_is_replaced(self):
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(f'{self.dir}/e.sock')
        with Daemon(self.config()) as d:
            self.assertTrue(echoes(Client(d, 'echo')))
        self.assertFalse(os.path.exists(f'{self.dir}/e.sock'))

    def test_live_socket_is_refused(self):
        with Daemon(self.config()) as d:
            other = self.file(self.config(), 'other.conf')
            done = run_sockd('-f', other)
            self.assertEqual(done.returncode, 71)
            self.assertIn('e.sock', done.stderr)
            self.assertTrue(echoes(Client(d, 'echo')))

    def test_other_files_are_not_touched(self):
        with open(f'{self.dir}/e.sock', 'w', encoding='ascii') as precious:
            precious.write('precious')
        done = run_sockd('-f', self.file(self.config()))
        self.assertNotEqual(done.returncode, 0)
        with open(f'{self.dir}/e.sock', encoding='ascii') as precious:
            self.assertEqual(precious.read(), 'precious')

    def test_mode(self):
        for more, mode in (('', 0o666), ('mode = "0600";', 0o600)):
            with Daemon(self.config(more)):
                found = os.stat(f'{self.dir}/e.sock')
                self.assertEqual(stat.S_IMODE(found.st_mode), mode)

    @unittest.skipUnless(os.geteuid() == 0, 'needs root for a foreign group')
    def test_group(self):
        with Daemon(self.config('group = "nogroup"; mode = "0660";')):
            self.assertEqual(os.stat(f'{self.dir}/e.sock').st_gid, 65534)
        done = run_sockd('-t', '-f', self.file(self.config('group = "no-such-group";')))
        self.assertEqual(done.returncode, 78)
        self.assertIn('no-such-group', done.stderr)


class Stop(Test):
    def test_without_clients_at_once(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with Daemon(TWO + 'drain = "5m"; timeouts: { linger = "5m"; };') as d:
                d.signal(number)
                self.assertEqual(d.wait(), 0)

    def test_drain_is_a_bound(self):
        with Daemon(ECHO + 'drain = "1s"; timeouts: { linger = "1s"; };') as d:
            clog(d)
            d.signal(signal.SIGTERM)
            self.assertEqual(d.wait(), 0)  # without the bound it would never end

    def test_what_is_queued_arrives(self):
        with Daemon(ECHO) as d:
            client = clog(d)
            d.signal(signal.SIGTERM)
            wait_until(lambda: d.notify.has('STOPPING=1'), 'STOPPING=1')
            client.socket.settimeout(20)
            # Reads all of it up to FIN; a reset would raise.
            self.assertGreater(len(client.rest()), 65536)
            client.close()
            self.assertEqual(d.wait(), 0)

    def test_a_second_signal_stops_at_once(self):
        with Daemon(ECHO + 'drain = "5m";') as d:
            clog(d)
            d.signal(signal.SIGTERM)
            wait_until(lambda: d.notify.has('STOPPING=1'), 'STOPPING=1')
            self.assertIsNone(d.process.poll())
            d.signal(signal.SIGTERM)
            self.assertEqual(d.wait(), 0)

    def test_new_clients_are_refused_while_stopping(self):
        with Daemon(ECHO + 'drain = "60s";') as d:
            clog(d)
            d.signal(signal.SIGTERM)
            wait_until(lambda: d.notify.has('STOPPING=1'), 'STOPPING=1')
            wait_until(lambda: refused(d.address('echo')), 'a refused connection')
            d.signal(signal.SIGTERM)
            self.assertEqual(d.wait(), 0)


class Reload(Test):
    def reload(self, d, config, done=1):
        d.write_config(config)
        d.signal(signal.SIGHUP)
        wait_until(lambda: len(d.notify.has('READY=1')) > done, 'READY=1 again')

    def test_clients_and_unchanged_listeners_stay(self):
        with Daemon(TWO) as d:
            old = d.address('echo')
            c, p = Client(d, 'echo'), Person(d, nick='alice')
            self.reload(d, TWO.replace('};\n};', '};\n  more: { protocol = "echo"; '
                                       'listen = "127.0.0.1:0"; };\n};'))
            self.assertTrue(echoes(Client(d, 'more')))
            self.assertTrue(echoes(c))
            self.assertEqual(d.addresses('echo'), [old])
            self.assertTrue(echoes(Client(d, 'echo')))
            self.assertEqual(p.sync(), [])
            d.baseline += 1  # one listener more

    def test_a_removed_service_keeps_its_clients(self):
        with Daemon(TWO) as d:
            p = Person(d, nick='alice')
            port = next(a for a in d.addresses('chat') if not isinstance(a, str))
            self.reload(d, ECHO)
            wait_until(lambda: refused(port), 'the port to be closed')
            p.say('/who')
            self.assertEqual(p.line(), '*** 1 in #lobby: alice')

    def test_a_broken_file_changes_nothing(self):
        rows = [
            (ECHO.replace('"echo";', '"echo"'), 5),
            (ECHO + '\nworkrs = 1;', 6),
            (ECHO.replace('echo"', 'echoo"'), 5),
        ]
        with Daemon(ECHO, allow_errors='.') as d:
            c = Client(d, 'echo')
            for config, line in rows:
                with self.subTest(config):
                    n = len(d.log('.'))
                    self.reload(d, config, len(d.notify.has('READY=1')))
                    wait_until(lambda n=n, line=line: [
                        x for x in d.log('.')[n:] if f'{d.file}:{line}' in x
                        and ' error ' in x], f'an error at line {line}')
                    self.assertTrue(echoes(c))
                    self.assertTrue(echoes(Client(d, 'echo')))
            self.reload(d, ECHO, len(d.notify.has('READY=1')))
            self.assertTrue(echoes(c))

    def test_an_address_in_use_changes_nothing(self):
        with Daemon(TWO, allow_errors='in use|reload failed') as d, \
                socket.create_server(('127.0.0.1', 0)) as taken:
            port = taken.getsockname()[1]
            d.write_config(ECHO.replace('"127.0.0.1:0"', f'[ "127.0.0.1:0", "127.0.0.1:{port}" ]'))
            d.signal(signal.SIGHUP)
            d.wait_log(f'error .*127.0.0.1:{port}.*in use')
            self.assertTrue(echoes(Client(d, 'echo')))
            Person(d)

    def test_settings_apply_to_new_connections(self):
        with Daemon(TWO) as d:
            Person(d)
            self.reload(d, TWO + 'chat: { name = "renamed"; };')
            self.assertEqual(Person(d).server, 'renamed')

    def test_what_needs_a_restart_is_named(self):
        with Daemon(ECHO) as d:
            d.workers += 1
            self.reload(d, ECHO)
            d.wait_log(r'(warning|notice) .*workers.*restart|restart.*workers')

    def test_a_hundred_reloads_lose_nobody(self):
        with Daemon(TWO) as d:
            c, p = Client(d, 'echo'), Person(d, nick='alice')
            for i in range(100):
                d.write_config(TWO + f'chat: {{ name = "n{i}"; }};')
                d.signal(signal.SIGHUP)
                self.assertTrue(echoes(c))
            wait_until(lambda: Person(d).server == 'n99', 'the last configuration')
            self.assertEqual([x for x in p.sync() if 'disconnected' in x], [])


class Signals(Test):
    def test_status_and_notice(self):
        with Daemon(TWO) as d:
            Person(d)
            n = len(d.log('.'))
            d.signal(signal.SIGUSR1)
            wait_until(lambda: [x for x in d.log('.')[n:] if 'chat' in x], 'a status')
            d.signal(signal.SIGUSR2)
            d.wait_log(r'^\S+ notice ')
            d.signal(signal.SIGPIPE)
            self.assertTrue(echoes(Client(d, 'echo')))


class Systemd(Test):
    def test_notifications(self):
        with Daemon(TWO) as d:
            d.signal(signal.SIGHUP)
            wait_until(lambda: len(d.notify.has('READY=1')) == 2, 'READY=1 again')
            reloading = d.notify.has('RELOADING=1')
            self.assertEqual(len(reloading), 1)
            usec = int(re.search(r'^MONOTONIC_USEC=(\d+)$', reloading[0], re.M)[1])
            self.assertLess(abs(time.monotonic() - usec / 1e6), 60)
            self.assertTrue(d.notify.has(r'STATUS=.*\d.*'))
            d.signal(signal.SIGTERM)
            wait_until(lambda: d.notify.has('STOPPING=1'), 'STOPPING=1')
            self.assertEqual(d.wait(), 0)

    def test_watchdog(self):
        with Daemon(TWO, env={'WATCHDOG_USEC': '300000'}) as d:
            wait_until(lambda: len(d.notify.has('WATCHDOG=1')) >= 4, 'four pings')
            self.assertTrue(echoes(Client(d, 'echo')))

    def test_no_watchdog_unless_asked(self):
        with Daemon(TWO) as d:
            observe(0.5)
            self.assertEqual(d.notify.has('WATCHDOG=1'), [])


class Idle(Test):
    @unittest.skipIf(os.environ.get('SOCKD_SANITIZE') == 'thread',
                     'ThreadSanitizer has a thread of its own, which wakes')
    def test_sleeps_when_nothing_happens(self):
        with Daemon(TWO) as d:
            Person(d).close()
            wait_until(lambda: d.fds() <= d.baseline, 'the client to be gone')
            self.settle(d)
            before = d.wakeups()
            observe(2)
            self.assertEqual(d.wakeups() - before, 0)

    @staticmethod
    def settle(d):
        """Until half a second passed without a thread waking."""
        def still():
            before = d.wakeups()
            observe(0.5)
            return d.wakeups() == before
        wait_until(still, 'no thread to wake any more')


class Shipped(Test):
    @unittest.skipUnless(os.geteuid() == 0, 'needs root for a private network')
    def test_configuration_as_shipped(self):
        """On its own ports, in a network namespace of its own."""
        directory = self.enterContext(tempfile.TemporaryDirectory(prefix='sockd-test-'))
        with Daemon(None, file=os.path.join(ROOT, 'conf/sockd.conf'), prefix=(
                'unshare', '-n', 'sh', '-c', 'ip link set lo up; exec "$@"', 'sh'),
                env={'RUNTIME_DIRECTORY': directory, 'STATE_DIRECTORY': directory}) as d:
            inside = ('nsenter', '-t', str(d.pid), '-n', NC)
            c = Child(d, *inside, 'localhost', '4000')
            c.until(HINT)
            e = Child(d, *inside, '-N', 'localhost', '7007')
            e.say('hi')
            self.assertEqual(e.line(), 'hi')
            u = Child(d, *inside, '-u', 'localhost', '7007')
            u.say('hi')
            self.assertEqual(u.line(), 'hi')


if __name__ == '__main__':
    main()
