# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts for tests: a file of people in a directory of its own."""

import contextlib
import os
import re
import subprocess
import tempfile

from clients import Person
from control import SOCKCTL
from harness import PATIENCE

PASSWORD = 'secret'
# Of that password, as cheap as can be: what it costs matters to few tests.
HASH = '$5$rounds=1000$sodium$5ddODpS4oYUJCBwWoNxoIoNa0ato.KOsTPB5Q2NhIGA'
IN = re.compile(r'\*\*\* you are logged in as ([^ ,]+)(, an operator)?')
WRONG = '*** error: that name and that password do not belong together'


def passwd(*args, data=PASSWORD + '\n', **kwargs):
    """sockctl passwd, which is told the password on its standard input."""
    return subprocess.run([SOCKCTL, 'passwd', *args], input=data, capture_output=True,
                          text=True, timeout=PATIENCE, check=False, **kwargs)


class Accounts:
    """The file; each is called and hashed so: all have the same password
    unless they come with a hash of their own."""

    def __init__(self, *names, **hashes):
        self.directory = tempfile.TemporaryDirectory(prefix='sockd-accounts-')
        os.chmod(self.directory.name, 0o755)
        self.path = os.path.join(self.directory.name, 'accounts')
        self.write(*names, **hashes)

    def write(self, *names, **hashes):
        people = {**dict.fromkeys(names, HASH), **hashes}
        self.write_text(''.join(f'{name}:{line}\n' for name, line in people.items()))

    def write_text(self, text, mode=0o600):
        with open(self.path + '.new', 'w', encoding='utf-8') as out:
            out.write(text)
        os.chmod(self.path + '.new', mode)
        os.rename(self.path + '.new', self.path)

    def config(self, services, chat=''):
        return f'services: {{ {services} }}; chat: {{ accounts = "{self.path}"; {chat} }};'

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.directory.cleanup()


def log_in(person, name, password=PASSWORD):
    """Logs the person in; what it read before that."""
    person.say(f'/login {name} {password}')
    before = person.until(IN)
    nick, operator = person.match.groups()
    person.is_operator = operator is not None
    if person.nick != nick:
        person.until(re.compile(rf'\*\*\* you are now {re.escape(nick)}\b.*'))
    person.nick = nick
    return before


class Somebody(Person):
    """A person who has logged in."""

    def __init__(self, daemon, service='chat', name='alice', password=PASSWORD, **kwargs):
        super().__init__(daemon, service, **kwargs)
        log_in(self, name, password)


@contextlib.contextmanager
def as_user(uid, gid=None, groups=()):
    """What connects meanwhile is that user's."""
    os.setgroups(list(groups))
    os.setegid(gid if gid is not None else uid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups([])
