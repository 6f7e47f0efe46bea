#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""sockd-tutorial(7): its programs, as they stand there, against the example
configuration, on its own ports in a network namespace of the test's own."""

import os
import pathlib
import re
import tempfile
import unittest

from clients import NC, Child
from harness import ROOT, Test, main, run_sockd
from manual import Example, daemon_for, examples_of
from netns import Space

PAGE = pathlib.Path(ROOT, 'doc/sockd-tutorial.7')
CONFIG = os.path.join(ROOT, 'conf/examples/tutorial.conf')


class Tutorial(Test):
    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest('needs root for a private network')
        directory = cls.enterClassContext(tempfile.TemporaryDirectory(prefix='sockd-test-'))
        space = cls.enterClassContext(Space())
        cls.daemon = cls.enterClassContext(daemon_for(CONFIG, space, directory))
        cls.inside = space.prefix

    def test_programs_of_the_page(self):
        """They share the daemon, as they do with a reader."""
        examples = examples_of(PAGE)
        self.assertGreaterEqual(len(examples), 7)
        for example in examples:
            self.assertEqual([step.word for step in example], ['run', 'prints'])
            with self.subTest(program=example[0].block):
                Example(self, self.daemon, self.inside).try_steps(example)

    def test_every_service_is_in_the_page(self):
        text = PAGE.read_text(encoding='utf-8')
        with open(CONFIG, encoding='utf-8') as f:
            ports = re.findall(r'listen = "\S+?:(\d+)"', f.read())
        self.assertEqual(len(ports), 9)
        for port in ports:
            self.assertIn(port, text)

    def test_the_room(self):
        people = []
        for name in ('ann', 'bob'):
            nc = Child(self.daemon, *self.inside, NC, 'localhost', '8083')
            nc.until(re.compile(r'\{"type":"welcome",.*'))
            nc.say('{"type":"join","room":"lobby","username":"%s"}' % name)
            nc.until(re.compile(r'\{.*"event":"join","username":"%s".*' % name))
            people.append(nc)
        people[1].say('{"type":"chat","message":"hello"}')
        people[0].until(re.compile(r'\{"type":"chat","username":"bob",.*"hello".*'))

    def test_text_at_the_port_for_frames(self):
        """Who types is told what the port expects."""
        nc = Child(self.daemon, *self.inside, NC, '-N', 'localhost', '8084')
        nc.say('hello')
        self.assertRegex(nc.line(), r'^error: .*length')
        self.assertEqual(nc.rest(), b'')

    def test_checked_without_a_word(self):
        done = run_sockd('-t', '-f', CONFIG)
        self.assertEqual((done.returncode, done.stdout), (0, f'sockd: {CONFIG}: OK\n'))
        self.assertEqual(done.stderr, '')


if __name__ == '__main__':
    main()
