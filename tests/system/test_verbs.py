# SPDX-License-Identifier: GPL-3.0-or-later
"""Every verb of the control socket in each of the three ways: by sockctl, by
sockctl --json, and by nc. What they say is looked at elsewhere."""

import json
import select
import subprocess

from clients import NC, Person
from control import asked, path_of, said, start
from harness import PATIENCE, Daemon, Test, main, wait_until

CONFIG = '''services: {
  echo: { protocol = "echo"; listen = "127.0.0.1:0"; };
  chat: { protocol = "chat"; listen = "127.0.0.1:0"; };
};'''
# Arguments; what is answered at once. Those who are kicked sit in their rooms.
ANSWERED = {
    'addresses': '127.0.0.0/8', 'ban': 'x%s 5m too loud', 'bans': '', 'client': '1',
    'clients': 'service=chat sort=age',
    'closed': 'limit=5', 'config': 'limits', 'diff': '', 'drain': 'echo 0', 'help': 'watch',
    'kick': '%s enough now', 'lock': 'lobby off', 'log': 'debug', 'metrics': 'sockd_workers',
    'mute': 'first 1s', 'reload': '--wait',
    'room': 'lobby', 'rooms': '', 'save': '', 'say': 'lobby tea  is "ready"',
    'services': '', 'status': '',
    'unban': 'x%s',
}
# Arguments; what streams until the asker leaves, here after a line.
STREAMED = {'watch events': '', 'watch log': 'debug', 'watch room': 'lobby'}
WAYS = {
    'sockctl': lambda d, verb, args: said(d, *verb.split(), *args.split()),
    'json': lambda d, verb, args: asked(d, *verb.split(), *args.split()),
    'nc': lambda d, verb, args: by_nc(d, f'{verb} {args}\n'),
    'nc json': lambda d, verb, args: json.loads(by_nc(d, f'json {verb} {args}\n')),
}


def by_nc(daemon, text):
    done = subprocess.run([NC, '-NU', path_of(daemon)], input=text, text=True,
                          capture_output=True, timeout=PATIENCE, check=True)
    if not text.startswith('json '):
        assert done.stdout.splitlines()[-1] == 'ok', (text, done.stdout)
    return done.stdout


def nc(daemon, text):
    process = subprocess.Popen([NC, '-U', path_of(daemon)], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    process.stdin.write(text)
    process.stdin.flush()
    return process


STREAMS = {
    'sockctl': lambda d, verb, args: start(d, *verb.split(), *args.split()),
    'json': lambda d, verb, args: start(d, '--json', *verb.split(), *args.split()),
    'nc': lambda d, verb, args: nc(d, f'{verb} {args}\n'),
    'nc json': lambda d, verb, args: nc(d, f'json {verb} {args}\n'),
}


class Verbs(Test):
    def test_none_is_left_out(self):
        with Daemon(CONFIG) as d:
            verbs = [v['verb'] for v in asked(d, 'help')['verbs']]
        self.assertEqual(sorted(verbs), sorted([*ANSWERED, *STREAMED, 'stop', 'passwd']))

    def test_answered(self):
        with Daemon(CONFIG) as d:
            Person(d, nick='first')
            for way in WAYS:
                Person(d, nick='k-' + way.replace(' ', '-'))
            for verb, args in ANSWERED.items():
                for way, ask in WAYS.items():
                    with self.subTest(verb=verb, way=way):
                        if '%s' in args:
                            answer = ask(d, verb, args % ('k-' + way.replace(' ', '-')))
                        else:
                            answer = ask(d, verb, args)
                        if 'json' in way:
                            self.assertIsInstance(answer, dict)
                            self.assertNotIn('error', answer)

    def test_streamed(self):
        with Daemon(CONFIG) as d:
            for verb, args in STREAMED.items():
                for way, watch in STREAMS.items():
                    with self.subTest(verb=verb, way=way):
                        process = watch(d, verb, args)
                        try:
                            self.assertTrue(self.line_of(d, process, 'json' in way))
                        finally:
                            process.kill()
                            process.communicate()

    def line_of(self, d, process, is_json):
        """Its first line; what there is to see goes on until that comes."""
        def came():
            talker = Person(d)
            talker.say('hello')
            talker.sync()
            talker.close()
            return select.select([process.stdout], [], [], 0)[0]
        wait_until(came, 'a line')
        line = process.stdout.readline()
        return isinstance(json.loads(line), dict) if is_json else line.strip()

    def test_stop(self):
        for way, ask in WAYS.items():
            with self.subTest(way=way), Daemon(CONFIG) as d:
                ask(d, 'stop', '')
                self.assertEqual(d.wait(), 0)


if __name__ == '__main__':
    main()
