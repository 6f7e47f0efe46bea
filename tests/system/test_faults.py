# SPDX-License-Identifier: GPL-3.0-or-later
"""A world that fails: system calls that return errors (strace plants them), a
reload that cannot be carried out, a start without standard descriptors."""

import contextlib
import os
import re
import resource
import shutil
import socket
import stat
import subprocess
import tempfile
import unittest

from clients import Client, Person
from harness import PATIENCE, Daemon, Test, main, observe, run_sockd, wait_until

CONFIG = '''
services: {
    chat: { protocol = "chat"; listen = "127.0.0.1:0"; };
    echo: { protocol = "echo"; listen = "127.0.0.1:0"; };
};
chat: { replay = 0; };
limits: { connect_rate = "10000/s"; };
'''
LOG_LINE = re.compile(r'\S+Z (error|warning|notice|info|debug) ')


def can_trace():
    return shutil.which('strace') and subprocess.run(
        ['strace', '-qq', '-o', '/dev/null', '-e', 'inject=getpid:error=EPERM', 'true'],
        stderr=subprocess.DEVNULL, check=False).returncode == 0


CAN_TRACE = can_trace()


@contextlib.contextmanager
def fault(d, call, error, when):
    """Plants an error into the system calls of all threads while it lasts;
    `when` is strace's: N, N+ or N+STEP, counted for each thread."""
    def untraced():
        for task in os.listdir(f'/proc/{d.pid}/task'):
            with open(f'/proc/{d.pid}/task/{task}/status', encoding='ascii') as status:
                if 'TracerPid:\t0\n' in status.read():
                    return True
        return False

    with tempfile.NamedTemporaryFile('r') as out:
        tracer = subprocess.Popen(
            ['strace', '-f', '-qq', '-o', out.name, '-e', f'trace={call}',
             '-e', f'inject={call}:error={error}:when={when}', '-p', str(d.pid)],
            stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: not untraced(), 'strace')
            yield
        finally:
            tracer.terminate()
            tracer.wait(PATIENCE)
        assert 'INJECTED' in out.read(), 'no fault was met'


@unittest.skipUnless(CAN_TRACE, 'needs strace and leave to trace')
class Calls(Test):
    def transcript(self, d):
        """What one of each kind gets; words for a connection that was lost."""
        heard = []
        for service, data in (('echo', b'e' * 100000),
                              ('chat', b'hello\n/who\n/quit\n')):
            c = Client(d, service)
            try:
                c.send(data)
                c.socket.shutdown(socket.SHUT_WR)
                heard.append(re.sub(rb'guest-\w{4}', b'guest', c.rest()))
            except OSError as lost:
                heard.append(type(lost).__name__)
            c.close()
        return heard

    def test_nobody_notices(self):
        """Each second accept finds nobody: a descriptor that lacks just then is
        missed by nobody."""
        for call, error, when in (
                ('accept4', 'EMFILE', '2+2'), ('accept4', 'ECONNABORTED', '2+3'),
                ('accept4', 'EPROTO', '2+2'), ('recvfrom', 'EINTR', '1+2'),
                ('recvfrom', 'EAGAIN', '1+2'), ('sendto', 'EAGAIN', '1+2'),
                ('sendto', 'ENOBUFS', '1+2'), ('readv', 'EINTR', '2+2')):
            with self.subTest(call=call, error=error), \
                    Daemon(CONFIG, workers=1) as d:
                expected = self.transcript(d)
                with fault(d, call, error, when):
                    for _ in range(4):
                        self.assertEqual(self.transcript(d), expected)

    def test_only_the_one_is_lost(self):
        for call, error in (('recvfrom', 'ECONNRESET'), ('sendto', 'EPIPE'),
                            ('readv', 'ENOMEM')):
            with self.subTest(call=call, error=error), Daemon(CONFIG, workers=1) as d:
                expected = self.transcript(d)
                with fault(d, call, error, '2+5'):
                    for _ in range(6):
                        self.transcript(d)
                self.assertEqual(self.transcript(d), expected)

    def test_unwatchable_connection_leaves_no_ghost(self):
        """The kernel watches no more: the connection ends, it is nobody in the
        rooms, and what libevent says of it goes the way of the log."""
        with Daemon(CONFIG, workers=1) as d:
            anna = Person(d, nick='anna')
            with fault(d, 'epoll_ctl', 'ENOSPC', '1'):
                lost = Client(d, 'chat')
                with contextlib.suppress(ConnectionError):
                    lost.rest()
                lost.close()
            anna.say('/who')
            self.assertEqual(anna.sync()[-1], '*** 1 in #lobby: anna')
            for line in d.lines:
                self.assertRegex(line, LOG_LINE)

    def test_last_of_a_room_is_lost_while_it_is_told_a_rename(self):
        """anna's worker tells the other worker, whose only member of the room
        is lost by that; a sanitizer sees what is touched after that. Both have
        names and were announced, so that the rename is all there is to tell."""
        with Daemon(CONFIG, workers=2) as d:
            people = [Person(d, nick=nick, room='x') for nick in ('first', 'second')]
            for p in people:
                p.sync()
            with fault(d, 'sendto', 'ECONNRESET', '1'):
                people[0].say('/nick third')
                for p in people:
                    with contextlib.suppress(ConnectionError):
                        p.rest()
            self.assertEqual(Person(d).sync(), [])


class Reload(Test):
    def config(self, mode, more=''):
        return (f'services: {{ u: {{ protocol = "echo"; listen = "u.sock"; '
                f'mode = "{mode}"; }}; {more} }};')

    def mode(self, d):
        return stat.S_IMODE(os.stat(os.path.join(d.dir, 'u.sock')).st_mode)

    def reload(self, d, config, word):
        d.write_config(config)
        d.signal(1)
        d.wait_log(f'{word}.* file=')

    def test_failed_reload_changes_nothing(self):
        with Daemon(self.config('0600'), allow_errors='cannot listen|reload failed') as d, \
                socket.create_server(('127.0.0.1', 0)) as taken:
            port = taken.getsockname()[1]
            self.reload(d, self.config(
                '0666', f'x: {{ protocol = "echo"; listen = "127.0.0.1:{port}"; }};'),
                'reload failed')
            self.assertEqual(oct(self.mode(d)), oct(0o600))
            self.reload(d, self.config('0640'), 'reloaded')
            self.assertEqual(oct(self.mode(d)), oct(0o640))

    def test_pending_connections_of_a_removed_listener_are_served(self):
        both = CONFIG.replace('};\nchat', '    gone: { protocol = "echo"; '
                              'listen = "127.0.0.1:0"; };\n};\nchat', 1)
        with Daemon(both) as d:
            address = d.address('gone')
            d.signal(19)
            waiting = [Client(d, 'gone', address=address) for _ in range(20)]
            d.write_config(CONFIG)
            d.signal(1)
            d.signal(18)
            d.wait_log('reloaded')
            for c in waiting:
                c.send(b'x')
                c.socket.shutdown(socket.SHUT_WR)
                self.assertEqual(c.rest(), b'x')


class Descriptors(Test):
    def test_closed_standard_descriptors_are_not_given_to_others(self):
        """The log must not go into a socket or into the loop's own pipe."""
        shell = ['sh', '-c', 'exec "$@" <&- >&- 2>&-', 'sh']
        with Daemon(CONFIG.replace('127.0.0.1:0', 'chat.sock', 1), prefix=shell,
                    stderr=subprocess.DEVNULL) as d:
            for fd in '012':
                self.assertEqual(os.readlink(f'/proc/{d.pid}/fd/{fd}'), '/dev/null')
            Person(d, address=os.path.join(d.dir, 'chat.sock')).sync()
            before = d.cpu()
            observe(0.3)
            self.assertLess(d.cpu() - before, 0.2)

    def test_too_few_to_start(self):
        with tempfile.TemporaryDirectory() as tmp:
            path = os.path.join(tmp, 'sockd.conf')
            with open(path, 'w', encoding='ascii') as out:
                out.write(f'runtime_dir = "{tmp}"; state_dir = "{tmp}";\n{CONFIG}')
            for n in (8, 16):
                done = run_sockd('-f', path, preexec_fn=lambda n=n: limit(n))
                self.assertEqual(done.returncode, 71, done.stderr)


def limit(n):
    resource.setrlimit(resource.RLIMIT_NOFILE, (n, n))


if __name__ == '__main__':
    main()
