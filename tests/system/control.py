# SPDX-License-Identifier: GPL-3.0-or-later
"""The control socket of a daemon: by sockctl, and by a socket that a test
drives."""

import json
import os
import socket
import subprocess

from clients import Lines, connect
from harness import PATIENCE, ROOT, clean_environment

SOCKCTL = os.environ.get('SOCKCTL', os.path.join(ROOT, 'build/src/bin/sockctl'))


def path_of(daemon):
    return f'{daemon.dir}/control.sock'


def run(*args, prefix=(), env=None):
    """sockctl to its end."""
    return subprocess.run(
        [*prefix, SOCKCTL, *args], stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=PATIENCE + 20, check=False, env=env or clean_environment())


def sockctl(daemon, *args, **kwargs):
    return run('-s', path_of(daemon), *args, **kwargs)


def said(daemon, *args):
    """What sockctl prints when all is well."""
    done = sockctl(daemon, *args)
    assert done.returncode == 0, (args, done)
    assert done.stderr == '', (args, done)
    return done.stdout


def asked(daemon, *args):
    """The same, as JSON."""
    return json.loads(said(daemon, '--json', *args))


def refused(daemon, *args, code=1):
    """What sockctl says when it is refused."""
    done = sockctl(daemon, *args)
    assert done.returncode == code, (args, done)
    return done.stderr


def start(daemon, *args):
    """sockctl in the background."""
    return subprocess.Popen(
        [SOCKCTL, '-s', path_of(daemon), *args], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=clean_environment())


class Control(Lines):
    """A socket that is connected to the control socket."""

    def __init__(self, daemon):
        super().__init__()
        self.socket = connect(path_of(daemon))
        daemon.clients.append(self)

    def fileno(self):
        return self.socket.fileno()

    def read(self):
        return self.socket.recv(65536)

    def send(self, text):
        self.socket.sendall(text.encode() if isinstance(text, str) else text)

    def answer(self):
        """Lines up to the verdict, which is the last of them."""
        lines = [self.line()]
        while lines[-1] not in ('ok', None) and not lines[-1].startswith('error: '):
            lines.append(self.line())
        return lines

    def end_input(self):
        self.socket.shutdown(socket.SHUT_WR)

    def close(self):
        self.socket.close()
