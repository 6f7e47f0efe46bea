#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The chat that README.md shows: two people at terminals, each with nc.

usage: transcript.py            prints it, as it goes into README.md
       transcript.py README.md  fails if the file shows something else

Runs the daemon that SOCKD names (or build/src/bin/sockd) on a free port. Every
character is what the terminal showed, except that the command is written with
the port of the configuration as shipped. The names of guests, the time of day
and the codes for /resume differ from run to run and are not compared.
"""

import difflib
import os
import re
import select
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, 'tests/system'))
from clients import HINT, NC, Child  # noqa: E402
from harness import Daemon, wait_until  # noqa: E402

CONFIG = 'services: { chat: { protocol = "chat"; listen = "127.0.0.1:0"; }; };'

# Who types what (None: comes in), and how the last line that each then sees
# begins.
STEPS = [
    ('alice', None, {'alice': HINT}),
    ('alice', '/nick alice', {'alice': '*** you are now alice'}),
    ('alice', 'is anybody here?', {}),
    ('alice', '/who', {'alice': '*** 1 in #lobby: alice'}),
    ('bob', None, {'bob': '*** end of the last lines'}),
    ('bob', '/nick bob', {'alice': '*** bob joined #lobby',
                          'bob': '*** you are now bob'}),
    ('bob', 'I am. Tea?', {'alice': '<bob> I am. Tea?'}),
    ('alice', '/me puts the kettle on', {'bob': '* alice puts the kettle on'}),
    ('alice', '/msg bob not a word to carol', {
        'alice': '[you -> bob] not a word to carol',
        'bob': '[alice -> you] not a word to carol'}),
    ('bob', '/r who is carol?', {
        'alice': '[bob -> you] who is carol?',
        'bob': '[you -> alice] who is carol?'}),
    ('bob', '/topic tea at four', {'alice': '*** bob set the topic: tea at four',
                                   'bob': '*** bob set the topic: tea at four'}),
    ('alice', '/quit the kettle boils', {
        'alice': '*** disconnected: bye. Press Ctrl-C.',
        'bob': '*** alice left #lobby: the kettle boils'}),
]


class Terminal(Child):
    """A person at a terminal; text is all that it showed."""

    def __init__(self, daemon):
        super().__init__(daemon, NC, *map(str, daemon.address('chat')), tty=True)
        self.text = ''

    def lines(self):
        if select.select([self.out], [], [], 0.01)[0]:
            self.text += self.read().decode().replace('\r\n', '\n')
        return self.text.split('\n')[:-1]

    def see(self, line):
        wait_until(lambda: any(x.startswith(line) for x in self.lines()), line)


def hold_chat(daemon):
    people = {}
    for who, line, seen in STEPS:
        if line is None:
            people[who] = Terminal(daemon)
        else:
            people[who].say(line)
            people[who].see(line)
        for reader, last in seen.items():
            people[reader].see(last)
    return people


def transcript():
    with Daemon(CONFIG) as daemon:
        people = hold_chat(daemon)
        return '\n'.join(
            f'```\n{who}$ nc localhost 4000\n{terminal.text}```\n'
            for who, terminal in people.items())


def masked(text):
    text = re.sub(r'guest-[a-z0-9]{4}', 'guest-....', text)
    text = re.sub(r'/resume \w{4}-\w\w$', '/resume ....-..', text, flags=re.M)
    return re.sub(r'^\d\d:\d\d ', '..:.. ', text, flags=re.M)


def main():
    now = transcript()
    if len(sys.argv) < 2:
        sys.stdout.write(now)
        return 0
    with open(sys.argv[1], encoding='utf-8') as file:
        shown = re.findall(r'^```\n\w+\$ nc .*?^```\n', file.read(), re.M | re.S)
    diff = list(difflib.unified_diff(
        masked('\n'.join(shown)).splitlines(), masked(now).splitlines(),
        sys.argv[1], 'what happens', lineterm=''))
    print('\n'.join(diff) or 'as it happens')
    return 1 if diff else 0


if __name__ == '__main__':
    sys.exit(main())
