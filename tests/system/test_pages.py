#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of sockd-protocol(7) and sockd-chat(7), against the configuration
as shipped, on its own ports in a network namespace of the test's own."""

import os
import pathlib
import shutil
import tempfile
import unittest

from harness import ROOT, Test, main
from manual import Example, configuration_of, daemon_for, examples_of
from netns import Space

DOC = pathlib.Path(ROOT, 'doc')


class Pages(Test):
    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest('needs root for a private network')
        cls.space = cls.enterClassContext(Space())

    def try_page(self, name, n_examples):
        """Each example has a daemon of its own, so that none sees another."""
        page = DOC / name
        examples = examples_of(page)
        self.assertGreaterEqual(len(examples), n_examples)
        for example in examples:
            with self.subTest(example=example[0]), \
                    tempfile.TemporaryDirectory(prefix='sockd-test-') as directory:
                file = pathlib.Path(directory, 'sockd.conf')
                shutil.copy(pathlib.Path(ROOT, 'conf/sockd.conf'), file)
                more = pathlib.Path(directory, 'sockd.conf.d')
                more.mkdir()
                (more / 'page.conf').write_text(configuration_of(page), encoding='utf-8')
                with daemon_for(str(file), self.space, directory) as daemon:
                    Example(self, daemon, self.space.prefix).try_steps(example)

    def test_for_programs(self):
        self.try_page('sockd-protocol.7', 10)

    def test_for_people(self):
        self.try_page('sockd-chat.7', 1)


if __name__ == '__main__':
    main()
