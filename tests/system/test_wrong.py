# SPDX-License-Identifier: GPL-3.0-or-later
"""The chapter of sockd(8) for when something is wrong: each of its commands is
one, and what it says of their answers is so."""

import os
import re
import subprocess

from clients import Client, Person
from control import SOCKCTL, asked, path_of
from harness import PATIENCE, ROOT, Daemon, Test, clean_environment, main, wait_until

CONFIG = '''services: {
  lines: { protocol = "echo"; framing = "line"; listen = "127.0.0.1:0"; };
  closed: { protocol = "echo"; listen = "127.0.0.1:0"; allow = "192.0.2.0/24"; };
  chat: { protocol = "chat"; listen = "127.0.0.1:0"; };
};'''
# There is neither a connection of this number nor such a ban.
MISSING = ('sockctl client 14', 'sockctl unban 192.0.2.0/24')


def chapter():
    with open(os.path.join(ROOT, 'doc/sockd.8'), encoding='utf-8') as file:
        return re.search(r'^\.Sh WHEN SOMETHING IS WRONG\n(.*?)^\.Sh ', file.read(),
                         re.M | re.S)[1]


def commands():
    """Those for a shell: whole blocks of them, or one in a sentence."""
    blocks = re.findall(r'^\.Bd .*?\n(.*?)^\.Ed', chapter(), re.M | re.S)
    lines = [x for block in blocks if 'do\n' not in block for x in block.splitlines()]
    lines += [x for block in blocks if 'do\n' in block for x in (block,)]
    lines += re.findall(r'^\.Ql (sockctl .*?)(?: [:;.,])?$', chapter(), re.M)
    return [re.sub(r' +#.*', '', line) for line in lines]


class Chapter(Test):
    def run_command(self, d, command):
        env = clean_environment()
        env['PATH'] = f'{d.dir}/bin:{os.environ["PATH"]}'
        env['RUNTIME_DIRECTORY'] = d.dir
        if ' watch ' in command:
            return self.run_watch(d, command, env)
        return subprocess.run(['sh', '-uc', command], cwd=d.dir, env=env, capture_output=True,
                              text=True, timeout=PATIENCE, check=False)

    def run_watch(self, d, command, env):
        """Until it says that it watches; how it ends is our doing."""
        with subprocess.Popen(['sh', '-uc', f'exec {command}'], cwd=d.dir, env=env, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            line = process.stdout.readline()
            process.terminate()
        return subprocess.CompletedProcess(command, int('watching' not in line), line)

    def test_commands(self):
        ours = [x for x in commands() if 'sockctl' in x]
        self.assertGreater(len(ours), 20)
        with Daemon(CONFIG) as d:
            os.mkdir(f'{d.dir}/bin')
            os.symlink(SOCKCTL, f'{d.dir}/bin/sockctl')
            Person(d) # or there is no room
            for command in ours:
                with self.subTest(command=command):
                    done = self.run_command(d, command.replace('PATH', path_of(d)))
                    self.assertEqual(done.returncode, int(command in MISSING), done)
                    self.assertTrue(done.stdout or command in MISSING or '>' in command, done)
            with open(f'{d.dir}/sockd.report', encoding='utf-8') as report:
                self.assertRegex(report.read(), r'(?s)version .*service .*metric ')

    def test_no_other_is_missed(self):
        """Each is one that can be tried here, or is known not to be."""
        for command in commands():
            self.assertRegex(command, r'^(sockctl|sockd -t|systemctl|journalctl|for) ?')

    def test_refused(self):
        """By address, with the reason, also where nobody is told a word."""
        with Daemon(CONFIG) as d:
            self.assertEqual(Client(d, 'closed').rest(), b'')
            row = wait_until(lambda: asked(d, 'addresses', '127.0.0.1')['addresses'], 'it')[0]
            self.assertEqual((row['not_allowed'], row['accepted']), (1, 0))
            d.wait_log('refused service=closed .* reason=not_allowed')

    def test_unfinished(self):
        """What came, but is no message yet."""
        with Daemon(CONFIG) as d:
            silent, line = Client(d, 'chat'), Client(d, 'lines')
            line.send(b'hello')
            talker = Person(d)
            talker.say('hello')
            talker.sync()

            def figures(of):
                host, port = of.socket.getsockname()
                rows = asked(d, 'clients', f'{host}:{port}')['clients']
                return rows and (rows[0]['in'], rows[0]['messages'])
            wait_until(lambda: figures(line) == (5, 0), 'the bytes that came')
            self.assertEqual(figures(silent), (0, 0))
            self.assertGreater(figures(talker)[1], 0)


if __name__ == '__main__':
    main()
