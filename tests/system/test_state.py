# SPDX-License-Identifier: GPL-3.0-or-later
"""What of the chat outlives the daemon: kept over a stop and a kill, whatever
becomes of the disk and of the file."""

import contextlib
import json
import os
import re
import resource
import signal
import subprocess
import tempfile
import time
import unittest

from accounts import Accounts
from clients import Client, Person
from control import asked, refused, said, sockctl
from harness import (
    PATIENCE, WORKERS, Daemon, Test, main, run_sockd, wait_until)
from test_faults import CAN_TRACE
from test_resume import Someone

CONFIG = '''
services: {
  chat: { protocol = "chat"; listen = "127.0.0.1:0"; };
  json: { protocol = "chat"; dialect = "json"; listen = "127.0.0.1:0"; };
};
'''
NOT_USED = r'error the chat begins anew, its state is not used: '
NOT_KEPT = r'error the state of the chat is not kept: '


class Program(Client):
    """A program that speaks JSON, in #ops."""

    def __init__(self, daemon, nick):
        super().__init__(daemon, 'json')
        self.line()
        self.ask(type='join', room='ops', username=nick)

    def ask(self, **fields):
        self.send(json.dumps(fields) + '\n')
        return json.loads(self.line())

    def said(self):
        """The lines of #ops that are remembered: id, who, what."""
        answer = self.ask(type='history', last=1000)
        return [(m['id'], m['username'], m['message']) for m in answer['messages']]


class State(Test):
    def setUp(self):
        self.dir = self.enterContext(tempfile.TemporaryDirectory(prefix='sockd-test-'))
        self.state = os.path.join(self.dir, 'state')
        self.file = os.path.join(self.state, 'chat.state')

    def daemon(self, config=CONFIG, **kwargs):
        return Daemon(config, state_dir=self.state, **kwargs)

    def said(self):
        """What a daemon that starts now remembers of #ops."""
        with self.daemon() as d:
            self.assertFalse(d.log(' error '))
            return [text for _, _, text in Program(d, 'reader').said()]

    def data(self):
        with open(self.file, 'rb') as file:
            return file.read()

    def put(self, data):
        with open(self.file, 'wb') as file:
            file.write(data)

    def assert_tidy(self):
        self.assertEqual(sorted(os.listdir(self.state)), ['chat.state', 'lock'])


def speak(d, *texts, nick='herald', room='ops'):
    person = Person(d, nick=nick, room=room)
    for text in texts:
        person.say(text)
    person.sync()
    return person


class Restart(State):
    def test_all_is_there_again(self):
        with self.daemon() as d:
            alice = speak(d, '/topic tea at four', nick='alice')
            program = Program(d, 'robot')
            ids = [program.ask(type='chat', message=f'{i}\nof two lines', ref=i)['id']
                   for i in range(3)]
            gone = Someone(d, nick='gone', room='ops')
            gone.sync()
            gone.close()
            alice.until(re.compile(r'\*\*\* gone left #ops.*'))
            alice.say('after gone')
            there = Someone(d, nick='there', room='ops')
            there.sync()
            d.signal(signal.SIGTERM)
            there.until('*** disconnected: the server is stopping. Press Ctrl-C.')
            self.assertEqual(d.wait(), 0)
        self.assert_tidy()
        self.assertEqual(os.stat(self.file).st_mode & 0o7777, 0o600)
        self.assertEqual(os.stat(self.state).st_mode & 0o7777, 0o700)
        with self.daemon() as d:
            d.wait_log(r'info state read file=\S+/chat.state saved=\S+ rooms=2 messages=4 codes=')
            program = Program(d, 'robot')
            said_before = program.said()
            self.assertEqual([x[0] for x in said_before[:3]], ids)
            self.assertEqual([x[1:] for x in said_before[2:]],
                             [('robot', '2\nof two lines'), ('alice', 'after gone')])
            again = program.ask(type='chat', message='again', ref=1)['id']
            self.assertGreater(again, said_before[-1][0])
            back = Someone(d)
            self.assertEqual(back.resume(gone.code), '2 missed, all shown')
            self.assertEqual(back.nick, 'gone')
            back.until('*** you are in #ops (2 here)')
            self.assertEqual(back.line(), '*** topic: tea at four')
            other = Someone(d)
            self.assertEqual(other.resume(there.code), '1 missed, all shown')
            self.assertEqual(other.nick, 'there')
            # good once
            other.say(f'/resume {gone.code}')
            other.until(re.compile(r'\*\*\* error: there is no such code.*'))

    def test_ids_rise_though_the_clock_goes_back(self):
        """As after a kill: the file says nothing of what came last."""
        with self.daemon() as d:
            speak(d, 'first')
            said(d, 'save')
            last = Program(d, 'robot').ask(type='chat', message='lost', ref=1)['id']
            d.process.kill()
            d.process.wait()
            d.wait()
        with self.daemon() as d:
            program = Program(d, 'robot')
            self.assertEqual([x[2] for x in program.said()], ['first'])
            self.assertGreater(program.ask(type='chat', message='x', ref=1)['id'], last)

    def test_a_kill_loses_what_came_after_the_last_writing(self):
        with self.daemon() as d:
            bob = Someone(d, nick='bob', room='ops')
            bob.say('kept')
            bob.sync()
            self.assertRegex(said(d, 'save'), r'^saved +\d+ bytes')
            bob.say('lost')
            bob.sync()
            d.process.kill()
            d.process.wait()
            d.wait()
        with self.daemon() as d:
            back = Someone(d)
            self.assertEqual(back.resume(bob.code), 'nothing was missed')
            self.assertEqual(back.nick, 'bob')
        self.assertEqual(self.said(), ['kept'])

    def test_accounts_locks_and_mutes(self):
        """A code brings the account back, and what operators said still holds."""
        with Accounts('alice') as accounts:
            config = accounts.config(CONFIG[CONFIG.index('{') + 1:CONFIG.rindex('}')])
            with self.daemon(config) as d:
                alice, bob = Person(d), Someone(d, nick='bob', room='ops')
                alice.say('/login alice secret')
                alice.until(re.compile(r'\*\*\* you are now alice\. .* /resume (\S+)'))
                code = alice.match[1]
                said(d, 'lock', 'ops', 'on')
                said(d, 'mute', 'bob')
                bob.sync()
            with self.daemon(config) as d:
                back, again, other = Someone(d), Someone(d), Person(d)
                back.resume(code)
                self.assertEqual(back.nick, 'alice')
                other.say('/whois alice')
                other.until(re.compile(r'\*\*\* alice: account alice, .*'))
                other.say('/join ops')
                other.until('*** error: #ops is locked: only operators may join')
                again.resume(bob.code)
                again.say('hello?')
                again.until(re.compile(r'\*\*\* error: .*mute.*'))

    def test_nothing_said_nothing_written(self):
        with self.daemon():
            pass
        self.assertEqual(os.listdir(self.state), ['lock'])
        self.assertEqual(run_sockd('-t', '-f', self.conf()).returncode, 0)
        self.assertEqual(sorted(os.listdir(self.dir)), ['sockd.conf', 'state'])

    def conf(self):
        path = os.path.join(self.dir, 'sockd.conf')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(f'state_dir = "{self.dir}/other";\n{CONFIG}')
        return path

    def test_ends_with_the_settings_of_now(self):
        with self.daemon() as d:
            speak(d, *'abcdefgh')
        with self.daemon(CONFIG + 'chat: { history = 3; };') as d:
            program = Program(d, 'robot')
            self.assertEqual([x[2] for x in program.said()], ['f', 'g', 'h'])

    def test_metrics_say_how_it_is(self):
        with self.daemon() as d:
            rows = {r['metric']: r['value'] for r in asked(d, 'metrics', 'state')['metrics']}
            self.assertEqual({float(value) for value in rows.values()}, {0})
            speak(d, 'x')
            size = asked(d, 'save')['saved']
            rows = {r['metric']: r['value'] for r in asked(d, 'metrics', 'state')['metrics']}
            self.assertEqual(int(rows['sockd_state_bytes']), size)
            self.assertEqual(size, os.stat(self.file).st_size)
            written = float(rows['sockd_state_written_timestamp_seconds'])
            self.assertLess(abs(written - time.time()), 60)


class Broken(State):
    """Files that are not what was written."""

    def setUp(self):
        super().setUp()
        with self.daemon() as d:
            speak(d, *(f'line {i}' for i in range(20)))

    def assert_refused(self, words):
        """It is said and put aside, the chat is there and is kept again."""
        data = self.data()
        with self.daemon(allow_errors=NOT_USED) as d:
            d.wait_log(NOT_USED + f'{re.escape(self.file)}: {words}; it is put aside file=')
            self.assertEqual(Program(d, 'reader').said(), [])
            speak(d, 'new')
        self.assertEqual(self.said(), ['new'])
        aside = [n for n in os.listdir(self.state) if n.startswith('chat.state.refused-')]
        self.assertEqual(len(aside), 1)
        with open(os.path.join(self.state, aside[0]), 'rb') as file:
            self.assertEqual(file.read(), data)
        os.unlink(os.path.join(self.state, aside[0]))
        self.assert_tidy()

    def test_cut_off(self):
        whole = self.data()
        for size in (0, 7, 39, 40, 100, len(whole) - 1):
            self.put(whole[:size])
            self.assert_refused('it is empty' if size == 0 else
                                rf'it is cut off: {size} .*bytes.*')

    def test_damaged(self):
        whole = self.data()
        for at, words in ((0, 'it is no file that sockd has written'),
                          (7, 'it is a file of sockd, but not for "chat"'),
                          (16, r'it has version \d+, this sockd reads 1'),
                          (33, 'it is damaged: .*'), (len(whole) // 2, 'it is damaged: .*')):
            self.put(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1:])
            self.assert_refused(words)
        self.put(whole + b'\n')
        self.assert_refused('it is longer than it says: .*')

    def test_not_a_file(self):
        os.unlink(self.file)
        os.mkdir(self.file)
        with self.daemon(allow_errors=NOT_USED) as d:
            d.wait_log(NOT_USED + r'\S+: it is not a regular file; it is put aside')
            speak(d, 'new')
        self.assertEqual(self.said(), ['new'])

    def test_what_a_kill_left_is_swept(self):
        os.symlink('/nowhere', self.file + '.new')
        with self.daemon() as d:
            self.assert_tidy()
            self.assertEqual(len(Program(d, 'reader').said()), 20)


@unittest.skipUnless(CAN_TRACE, 'needs strace and leave to trace')
class Killed(State):
    def test_at_each_system_call_of_a_writing(self):
        """What is there afterwards is the old state or the new one, whole."""
        old, new = [], []
        for call, n in (('openat', 2), ('unlinkat', 1), ('write', 2), ('fsync', 2),
                        ('renameat', 1), ('close', 2)):
            for number in range(1, n + 1):
                with self.daemon() as d:
                    program = Program(d, 'robot')
                    texts = [text for _, _, text in program.said()]
                    self.assertIn(texts, (old, new), f'killed before {call} {number - 1}')
                    said(d, 'save')
                    text = f'before {call} {number}'
                    program.ask(type='chat', message=text, ref=1)
                    old, new = texts, [*texts, text]
                    with traced(d, f'inject={call}:signal=KILL:when={number}', [keeper_of(d)]):
                        self.assertEqual(sockctl(d, 'save').returncode, 69)
                    self.assertEqual(d.process.wait(PATIENCE), -signal.SIGKILL)
                    d.wait()
        self.assertEqual(self.said(), new)  # the last close is the end of it
        self.assert_tidy()


class Disks(State):
    """Places that cannot be written."""

    def test_two_daemons(self):
        """The second one keeps nothing, and takes nothing from the first."""
        with self.daemon() as first:
            speak(first, 'of the first')
            words = (f'{NOT_KEPT}{re.escape(self.state)} is used by another sockd '
                     rf'\(process {first.pid}\)')
            with self.daemon(allow_errors=NOT_KEPT) as second:
                second.wait_log(words)
                speak(second, 'of the second')
                self.assertIn('is used by another sockd', refused(second, 'save'))
            said(first, 'save')
        self.assertEqual(self.said(), ['of the first'])

    def test_no_such_place(self):
        with open(self.state, 'w', encoding='utf-8'):
            pass
        with self.daemon(allow_errors=NOT_KEPT) as d:
            d.wait_log(NOT_KEPT + r'\S+ must be a directory of the user')
            speak(d, 'x')
            self.assertIn('must be a directory', refused(d, 'save'))

    def test_a_full_disk(self):
        """Said once, and again when it is over; the old file stays whole."""
        with self.daemon(allow_errors=NOT_KEPT) as d:
            herald = speak(d, 'old')
            said(d, 'save')
            old = self.data()
            herald.say('new')
            herald.sync()
            for size in (0, 20, 60, len(old)):
                resource.prlimit(d.pid, resource.RLIMIT_FSIZE, (size, -1))
                self.assertIn(f'cannot write {self.file}: File too large', refused(d, 'save'))
                self.assertEqual(self.data(), old)
                self.assert_tidy()
            self.assertEqual(len(d.log(NOT_KEPT)), 1)
            rows = {r['metric']: r['value'] for r in asked(d, 'metrics', 'state')['metrics']}
            self.assertEqual(rows['sockd_state_failures_total'], 4)
            resource.prlimit(d.pid, resource.RLIMIT_FSIZE, (-1, -1))
            said(d, 'save')
            d.wait_log('notice state written file=')
            herald.say('newest')
            herald.sync()
            resource.prlimit(d.pid, resource.RLIMIT_FSIZE, (20, -1))
            d.stop()  # is no failure of the stop
            self.assertEqual(len(d.log(NOT_KEPT)), 2)
        self.assertEqual(self.said(), ['old', 'new'])

    @unittest.skipUnless(os.geteuid() == 0, 'needs root to mount')
    def test_a_disk_that_is_really_full(self):
        os.mkdir(self.state)
        with self.daemon(allow_errors=NOT_KEPT, prefix=(
                'unshare', '-m', 'sh', '-c',
                f'mount -t tmpfs -o size=32k,mode=700 none {self.state}; exec "$@"', 'sh')) as d:
            herald = speak(d, 'old')
            said(d, 'save')
            for _ in range(12):
                herald.say('x' * 4000)
            herald.sync()
            self.assertIn('No space left on device', refused(d, 'save'))
            names = subprocess.run(
                ['nsenter', '-t', str(d.pid), '-m', 'ls', self.state],
                capture_output=True, text=True, check=True).stdout.split()
            self.assertEqual(names, ['chat.state', 'lock'])

    @unittest.skipUnless(CAN_TRACE, 'needs strace and leave to trace')
    @unittest.skipUnless(WORKERS == 1, 'once is enough for what takes 5 s')
    def test_a_disk_that_hangs_does_not_hang_the_stop(self):
        with self.daemon(CONFIG + 'drain = "0";', allow_errors=NOT_KEPT) as d:
            speak(d, 'x')
            said(d, 'save')
            with traced(d, 'inject=fsync:delay_enter=600s'):
                d.signal(signal.SIGTERM)
                d.wait_log(NOT_KEPT + 'the disk does not answer')
            self.assertEqual(d.wait(), 0)
        self.assertEqual(self.said(), ['x'])


def keeper_of(d):
    """The thread that writes."""
    for task in os.listdir(f'/proc/{d.pid}/task'):
        with open(f'/proc/{d.pid}/task/{task}/comm', encoding='ascii') as comm:
            if comm.read() == 'keeper\n':
                return int(task)
    raise AssertionError('nobody has written yet')


@contextlib.contextmanager
def traced(d, what, threads=None):
    """strace at work on the daemon, or on some of its threads."""
    options = ['-f', '-p', str(d.pid)] if threads is None else [
        x for t in threads for x in ('-p', str(t))]

    def untraced():
        with contextlib.suppress(FileNotFoundError):  # killed at once
            for task in threads or os.listdir(f'/proc/{d.pid}/task'):
                with open(f'/proc/{d.pid}/task/{task}/status', encoding='ascii') as status:
                    if 'TracerPid:\t0\n' in status.read():
                        return True
        return False

    tracer = subprocess.Popen(['strace', '-qq', '-o', '/dev/null', '-e', what, *options],
                              stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: not untraced(), 'strace')
        yield
    finally:
        tracer.kill()
        tracer.wait(PATIENCE)


if __name__ == '__main__':
    main()
