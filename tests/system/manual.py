# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of a manual page, as they stand there, tried by the tests.

Comments in the page say what is an example; in brackets what follows:

  run LANGUAGE [until Ctrl-C]  [a program in python, sh or bash]; else it ends
  prints                       [what the program before it prints, exactly]
  said NAME: TEXT              NAME says so before anybody else comes
  comes NAME                   waits until the program has come under this name
  talk NAME                    [what NAME types and reads, at a terminal of its
                               own if it begins with "$ "]
  says NAME: TEXT              NAME says so now
  configuration                [to be added to the configuration]

A talk is a talk in the first room: lines that begin like one of the server or
of a person must be read, in this order and without others between them, and
whatever else stands there is typed. What NAME of `said` says is said first.
Names of guests, codes and times of day may be others.
"""

import collections
import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys

from clients import NC, Child, Lines, Person
from harness import PATIENCE, WORKERS, Daemon, wait_until

MARK = re.compile(
    r'^\.\\" (?:(run) ((?:python|sh|bash)(?: until Ctrl-C)?)|(prints|configuration)()|'
    r'(talk|comes) (\S+)|(said|says) (\S+: .*))$', re.M)
BLOCK = re.compile(r'^\.Bd -literal.*\n((?:.*\n)*?)\.Ed$', re.M)
WITH_BLOCK = ('run', 'prints', 'talk', 'configuration')
CHARACTERS = ((r'\(aq', "'"), (r'\(dq', '"'), (r'\(ha', '^'), (r'\-', '-'), (r'\&', ''),
              (r'\e', '\\'))
SHELLS = {'python': sys.executable, 'sh': 'sh', 'bash': 'bash'}
READ = re.compile(r'\*\*\* |<(\S+)> |\* |\[|\d\d:\d\d ')
Step = collections.namedtuple('Step', 'word args block')


def plain(block):
    """What a reader sees of a literal display."""
    for written, seen in CHARACTERS:
        block = block.replace(written, seen)
    return block


def masked(line):
    """A line without what differs from run to run."""
    line = re.sub(r'guest-\w{4}', 'guest-....', line)
    line = re.sub(r'/resume \w{4}-\w\w$', '/resume ....-..', line)
    return re.sub(r'^\d\d:\d\d ', '..:.. ', line)


def steps_of(text):
    """All that is marked in a page."""
    body = text[text.index('\n.Dd '):]
    marks = list(MARK.finditer(body))
    assert len(marks) == body.count('\n.\\"'), 'a comment that says nothing known'
    ends = [mark.start() for mark in marks[1:]] + [len(body)]
    for mark, end in zip(marks, ends):
        word, args = [group for group in mark.groups() if group is not None]
        block = None
        if word in WITH_BLOCK:
            block = BLOCK.search(body, mark.end(), end)
            assert block, f'nothing follows: {mark[0]}'
            block = plain(block[1])
        yield Step(word, args, block)


def examples_of(path):
    """Lists of steps: one for each program, with what belongs to it."""
    examples = []
    for step in steps_of(path.read_text(encoding='utf-8')):
        if step.word in ('run', 'said') or not examples:
            examples.append([])
        if step.word != 'configuration':
            examples[-1].append(step)
    return [example for example in examples if example]


def configuration_of(path):
    return ''.join(step.block for step in steps_of(path.read_text(encoding='utf-8'))
                   if step.word == 'configuration')


def daemon_for(file, space, directory):
    """sockd on its own ports, in a network of the test's own."""
    return Daemon(None, file=file, prefix=space.prefix, args=('-o', f'workers={WORKERS}'),
                  env={'RUNTIME_DIRECTORY': directory, 'STATE_DIRECTORY': directory})


class Program(Lines):
    """A program of a page, with all that it starts."""

    def __init__(self, command):
        super().__init__()
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True)

    def fileno(self):
        return self.process.stdout.fileno()

    def read(self):
        return os.read(self.fileno(), 65536)

    def stop(self, number):
        with contextlib.suppress(ProcessLookupError):  # all of it has ended
            os.killpg(self.process.pid, number)

    def errors(self):
        """What it complained of, when it has ended."""
        return self.process.communicate(timeout=PATIENCE)[1].decode()


class Example:
    """Tries the steps of one example; `test` is told what went wrong."""

    def __init__(self, test, daemon, inside):
        self.test, self.daemon, self.inside = test, daemon, inside
        self.people, self.program, self.goes_on = {}, None, False

    def try_steps(self, steps):
        try:
            for step in steps:
                getattr(self, 'do_' + step.word)(step.args, step.block)
            if self.program:
                self.end()
        finally:
            if self.program:
                self.program.stop(signal.SIGKILL)
                self.program.errors()

    def person(self, name):
        if name not in self.people:
            self.people[name] = Person(self.daemon, nick=name)
            self.people[name].sync()
        return self.people[name]

    # A program.

    def do_run(self, args, block):
        language, _, forever = args.partition(' ')
        self.goes_on = bool(forever)
        self.program = Program([*self.inside, SHELLS[language], '-c', block])

    def do_prints(self, _, block):
        if self.goes_on:
            output = self.program.take(len(block.encode()))
        else:
            output = self.program.rest()
        self.test.assertEqual(output.decode(), block)

    def end(self):
        """All that it printed was in the page; Ctrl-C ends what goes on."""
        if self.goes_on:
            self.program.stop(signal.SIGINT)
        self.test.assertEqual(self.program.rest(), b'')
        errors = self.program.errors()
        self.test.assertTrue(self.goes_on or errors == '', errors)

    # People.

    def do_said(self, args, _):
        name, _, text = args.partition(': ')
        self.person(name).say(text)
        self.person(name).sync()

    do_says = do_said

    def do_comes(self, name, _):
        asker = self.person('asker')

        def is_here():
            asker.say(f'/whois {name}')
            return f'*** {name}: guest, ' in '\n'.join(asker.sync())
        wait_until(is_here, f'{name} comes')
        self.people.pop('asker').close()

    def do_talk(self, name, block):
        lines = block.splitlines()
        if lines[0].startswith('$ '):
            command = [NC if word == 'nc' else word for word in shlex.split(lines.pop(0)[2:])]
            reader = Child(self.daemon, *self.inside, *command)
        else:
            reader = self.person(name)
        for line in lines:
            said = READ.match(line)
            if not said:
                reader.say(line)
                continue
            if said[1] in self.people:
                self.people[said[1]].sync()
                self.people[said[1]].say(line.partition('> ')[2])
            self.test.assertEqual(masked(reader.line()), masked(line))
