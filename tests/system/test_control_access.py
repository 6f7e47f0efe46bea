# SPDX-License-Identifier: GPL-3.0-or-later
"""The control socket itself: who may use it, and what those can do to it who
mean no good or know no better."""

import contextlib
import fcntl
import grp
import json
import os
import pty
import pwd
import select
import signal
import socket
import struct
import subprocess
import termios
import unittest

from clients import Client, connect
from control import SOCKCTL, Control, asked, path_of, refused, run, said, sockctl, start
from harness import Daemon, Test, clean_environment, main, run_sockd, wait_until

CONFIG = 'services: { echo: { protocol = "echo"; listen = "127.0.0.1:0"; }; };'
# An answer that no socket buffer holds.
MANY = 'services: { ' + ''.join(
    f's{n:03}: {{ protocol = "echo"; listen = "s{n:03}.sock"; }};' for n in range(300)) + ' };'
GROUP = 'users'
is_root = unittest.skipUnless(os.geteuid() == 0, 'needs root')


@contextlib.contextmanager
def somebody_else():
    """What connects meanwhile is nobody's."""
    groups, nobody = os.getgroups(), pwd.getpwnam('nobody')
    os.setgroups([])
    os.setegid(nobody.pw_gid)
    os.seteuid(nobody.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


def admitted(daemon):
    client = Control(daemon)
    with contextlib.suppress(OSError): # it may be closed before it is read
        client.send('log\n')
    return client.answer()[-1] == 'ok'


def as_nobody(*groups):
    return ['setpriv', '--reuid=nobody', '--regid=nogroup',
            f'--groups={",".join(groups)}' if groups else '--clear-groups']


class Access(Test):
    @is_root
    def test_mode(self):
        """Who may not write to the socket is told whose it is."""
        with Daemon(CONFIG) as d:
            self.assertEqual(os.stat(path_of(d)).st_mode & 0o777, 0o660)
            done = sockctl(d, 'status', prefix=as_nobody())
            self.assertEqual(done.returncode, 77)
            self.assertIn('permission denied; it is for root', done.stderr)

    @is_root
    def test_group_to_join(self):
        with Daemon(CONFIG + f'control: {{ group = "{GROUP}"; }};') as d:
            self.assertEqual(os.stat(path_of(d)).st_gid, grp.getgrnam(GROUP).gr_gid)
            done = sockctl(d, 'status', prefix=as_nobody())
            self.assertEqual(done.returncode, 77)
            self.assertIn(f'usermod -aG {GROUP}', done.stderr)
            for groups in ([GROUP], ['daemon', GROUP, 'mail']):
                done = sockctl(d, 'log', 'debug', prefix=as_nobody(*groups))
                self.assertEqual((done.returncode, done.stderr), (0, ''))
            d.wait_log(r'control verb="log" uid=\d+ user=nobody args="debug"')

    @is_root
    def test_others_may_only_look(self):
        with Daemon(CONFIG + f'control: {{ mode = "0666"; group = "{GROUP}"; }};') as d:
            for words in (['status'], ['log'], ['diff']):
                done = sockctl(d, *words, prefix=as_nobody())
                self.assertEqual((done.returncode, done.stderr), (0, ''), words)
            for words in (['log', 'debug'], ['reload'], ['drain', '0'], ['stop']):
                done = sockctl(d, *words, prefix=as_nobody('mail'))
                self.assertEqual(done.returncode, 1, words)
                self.assertRegex(done.stderr, f'members of the group {GROUP}; you are nobody '
                                              r'\(uid \d+\) and may only look')
            d.wait_log(r'control refused verb="stop" uid=\d+ user=nobody')
            self.assertEqual(d.log('control verb='), [])
            said(d, 'log', 'debug')

    @is_root
    def test_without_a_group_the_mode_decides(self):
        with Daemon(CONFIG + 'control: { mode = "0666"; };') as d:
            done = sockctl(d, 'log', 'debug', prefix=as_nobody())
            self.assertEqual((done.returncode, done.stderr), (0, ''))

    def test_switched_off(self):
        with Daemon(CONFIG + 'control: { path = ""; };') as d:
            self.assertFalse(os.path.exists(path_of(d)))
            self.assertIn('(no socket ', refused(d, 'status', code=69))


class Finding(Test):
    def test_where_it_looks(self):
        with Daemon(CONFIG) as d:
            done = run('status', env=clean_environment(RUNTIME_DIRECTORY=d.dir))
            self.assertEqual((done.returncode, done.stderr), (0, ''))
            done = run('-s', f'{d.dir}/none.sock', 'status')
            self.assertEqual(done.returncode, 69)
            self.assertEqual(done.stderr,
                             f'sockctl: sockd is not running (no socket {d.dir}/none.sock)\n')
            done = run('-s', f'{d.dir}/{"x" * 200}', 'status')
            self.assertEqual(done.returncode, 69)
            self.assertIn('1 to 107 bytes', done.stderr)

    def test_usage(self):
        for args in ([], ['-x'], ['-s'], ['--nonsense'], ['status', '--json']):
            self.assertEqual(run(*args).returncode, 64, args)
        done = run('--help')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertRegex(done.stdout, r'(?m)^  drain \[SERVICE\] \[DURATION\] +\S')
        self.assertRegex(run('-V').stdout, r'^sockctl \d')

    def test_a_name_and_an_absolute_path(self):
        with Daemon(CONFIG + 'control: { path = "other.sock"; };') as d:
            done = run('-s', f'{d.dir}/other.sock', 'status')
            self.assertEqual((done.returncode, done.stderr), (0, ''))

    def test_stale_file(self):
        """What a crash left over is told from one that is served."""
        with Daemon(CONFIG) as d:
            path = path_of(d)
            with socket.socket(socket.AF_UNIX) as dead:
                dead.bind(f'{d.dir}/dead.sock')
            done = run('-s', f'{d.dir}/dead.sock', 'status')
            self.assertEqual(done.returncode, 69)
            self.assertIn('nobody listens', done.stderr)
            again = run_sockd('-f', d.file, '-o', f'control.path={d.dir}/dead.sock', '-t')
            self.assertEqual(again.returncode, 0, again.stderr)
            with Daemon(None, file=d.file,
                        args=['-o', f'control.path={d.dir}/dead.sock',
                              '-o', f'state_dir={d.dir}/other']) as other:
                done = run('-s', f'{d.dir}/dead.sock', 'status')
                self.assertEqual((done.returncode, done.stderr), (0, ''))
                self.assertIn(str(other.pid), done.stdout)
            self.assertFalse(os.path.exists(f'{d.dir}/dead.sock'))
            self.assertTrue(os.path.exists(path))

    def test_after_a_crash(self):
        first = Daemon(CONFIG)
        path = path_of(first)
        first.process.kill()
        first.process.wait()
        try:
            self.assertTrue(os.path.exists(path))
            self.assertIn('nobody listens', run('-s', path, 'status').stderr)
            with Daemon(None, file=first.file) as second:
                self.assertIn(str(second.pid), run('-s', path, 'status').stdout)
        finally:
            first.wait()

    def test_two_daemons(self):
        with Daemon(CONFIG) as d:
            done = run_sockd('-f', d.file)
            self.assertEqual(done.returncode, 71)
            self.assertIn('another sockd has the control socket', done.stderr)
            self.assertEqual(asked(d, 'status')['pid'], d.pid)


class Hostile(Test):
    def test_one_too_many(self):
        with Daemon(CONFIG) as d:
            clients = [Control(d) for _ in range(16)]
            for client in clients:
                client.send('log\n')
                self.assertEqual(client.answer()[-1], 'ok')
            self.assertIn('too many others', refused(d, 'status'))
            extra = Control(d)
            self.assertRegex(extra.line(), '^error: too many others')
            clients[0].close()
            wait_until(lambda: sockctl(d, 'status').returncode == 0, 'a place')
            for client in clients[1:]:
                client.send('log\n')
                self.assertEqual(client.answer()[-1], 'ok')

    @is_root
    def test_those_who_look_leave_places(self):
        """However many of them come, root gets in; also if those may do what
        they like, as anybody may without a group."""
        for group in (f'group = "{GROUP}";', ''):
            with self.subTest(group), \
                    Daemon(CONFIG + f'control: {{ mode = "0666"; {group} }};') as d:
                with somebody_else():
                    crowd = [Control(d) for _ in range(12)]
                    for client in crowd:
                        client.send('log\n')
                        self.assertEqual(client.answer()[-1], 'ok')
                    self.assertRegex(Control(d).line(), '^error: too many others')
                self.assertEqual(sockctl(d, 'log', 'debug').returncode, 0)
                with somebody_else():
                    self.assertRegex(Control(d).line(), '^error: too many others')
                    crowd[0].close()
                    wait_until(lambda d=d: admitted(d), 'a place')

    def test_when_descriptors_run_out(self):
        """Connections do not get the last of them."""
        with Daemon(CONFIG, prefix=('prlimit', '--nofile=64'),
                    allow_errors='cannot accept') as d:
            crowd = [connect(d.address('echo')) for _ in range(150)]
            wait_until(lambda: d.log('reason=full'), 'the server is full')
            others = [Control(d) for _ in range(2)]
            status = asked(d, 'status')
            self.assertGreaterEqual(status['connections'], status['max_connections'])
            for other in others:
                other.send('log\n')
                self.assertEqual(other.answer()[-1], 'ok')
            for client in crowd:
                client.close()

    def test_garbage(self):
        with Daemon(CONFIG) as d:
            for garbage in (b'\0\n', b'\xff\xfe\n', b'GET / HTTP/1.1\r\n', b'\n', b'"\n',
                            b'json \x01\n', b'{"type":"join"}\n', b'\x16\x03\x01\x02\0\n'):
                client = Control(d)
                client.send(garbage)
                self.assertRegex(client.line(), '^(error: |{"error":")', garbage)
                client.send('log\n')
                self.assertEqual(client.answer()[-1], 'ok', garbage)
                client.close()
            for flood in (b'x' * 100000, b'\0' * 5000 + b'\nlog\n'):
                client = Control(d)
                try:
                    client.send(flood)
                except (BrokenPipeError, ConnectionResetError):
                    pass
                self.assertEqual(client.line(), 'error: a request has 4096 bytes at most')
                self.assertIsNone(client.line())
                client.close()
            client = Control(d)
            client.send('config ' + 'x' * 4089 + '\n')
            self.assertRegex(client.line(), '^error: there is no option "x')

    def test_one_that_does_not_read(self):
        """It is closed after a while, and nobody waits for it meanwhile."""
        with Daemon(MANY) as d:
            deaf = Control(d)
            deaf.send('config\n' * 500)
            select.select([deaf], [], [])
            self.assertEqual(asked(d, 'status')['pid'], d.pid)
            before = d.fds()
            wait_until(lambda: d.fds() < before, 'it is closed')
            client = Client(d, 's000')
            client.send(b'x')
            self.assertEqual(client.socket.recv(1), b'x')

    def test_one_that_leaves_before_the_answer(self):
        with Daemon(MANY) as d:
            for words in ('config', 'diff', 'drain 1h', 'watch log', 'diff'):
                client = Control(d)
                client.send(words + '\n')
                client.close()
            self.assertEqual(asked(d, 'status')['pid'], d.pid)
            said(d, 'reload', '--wait')

    def test_a_short_line_for_long(self):
        """Halves of lines, and an end in the middle of one."""
        with Daemon(CONFIG) as d:
            client = Control(d)
            for byte in 'json log\n':
                client.send(byte)
            self.assertEqual(json.loads(client.line())['level'], 'info')
            client.send('sta')
            client.end_input()
            self.assertRegex(client.line(), 'did you mean "status"')
            self.assertIsNone(client.line())


class Terminal(Test):
    def on_terminal(self, columns, *args, code=0):
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
        with subprocess.Popen([SOCKCTL, *args], stdin=subprocess.DEVNULL, stdout=theirs,
                              stderr=theirs, env=clean_environment()) as process:
            os.close(theirs)
            data = b''
            try:
                while piece := os.read(ours, 65536):
                    data += piece
            except OSError:
                pass
            os.close(ours)
        self.assertEqual(process.returncode, code)
        return data.decode().splitlines()

    def test_cut(self):
        """Tables of many columns show of each row what there is room for."""
        with Daemon(CONFIG) as d:
            client = Client(d, 'echo')
            client.send(b'x')
            client.take(1)
            full = said(d, 'clients').splitlines()
            narrow = self.on_terminal(30, '-s', path_of(d), 'clients')
            self.assertGreater(len(full[1]), 30)
            self.assertEqual([len(line) for line in narrow[:2]], [30, 30])
            self.assertEqual(narrow[0], full[0][:30])
            lines = self.on_terminal(30, '-s', path_of(d), '--json', 'services')
            self.assertEqual(json.loads(lines[0]), asked(d, 'services'))

    def test_folded(self):
        """All others are told all, below; the error comes last."""
        with Daemon(CONFIG) as d:
            d.write_config(CONFIG + 'chat: { resume = "5 minutes"; };')
            finding = json.loads(sockctl(d, '--json', 'diff').stdout)['findings'][0]['finding']
            lines = self.on_terminal(80, '-s', path_of(d), 'diff', code=1)
            self.assertIn(finding, ' '.join(' '.join(lines).split()))
            self.assertRegex(lines[-1], '^sockctl: the configuration has errors')
            for line in self.on_terminal(80, '-s', path_of(d), 'help'):
                self.assertLessEqual(len(line), 80)
            for line in self.on_terminal(80, '-h'):
                self.assertLessEqual(len(line), 80)

    def test_help(self):
        """What a verb does can be read at once, also on 80 columns."""
        with Daemon(CONFIG) as d:
            verbs = asked(d, 'help')['verbs']
            lines = self.on_terminal(80, '-s', path_of(d), 'help')
        at = lines[0].index('help')
        self.assertLessEqual(at, 50)
        beside = [v['verb'] for v in verbs
                  if any(x.startswith(v['verb'] + ' ') and
                         x[at:at + 12] == v['help'][:12] for x in lines)]
        self.assertGreaterEqual(len(beside), len(verbs) - 3)

    def test_interrupt(self):
        with Daemon(CONFIG) as d:
            watch = start(d, 'watch', 'log')
            wait_until(lambda: said(d, 'log', 'info') and
                       select.select([watch.stdout], [], [], 0)[0], 'the watch to begin')
            watch.send_signal(signal.SIGINT)
            watch.communicate(timeout=60)
            self.assertEqual(watch.returncode, -signal.SIGINT)
            connect(path_of(d)).close()


if __name__ == '__main__':
    main()
