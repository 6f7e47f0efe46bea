# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine whose PID 1 is a real systemd, with sockd installed in it.

Its name holds our pid, so that several can run at once. stop() ends it and
removes what it leaves behind, also when a test fails.
"""

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BOOT_SECONDS = 60


def skip_unless_possible():
    """Ends the program with 77 and the reason where no machine can boot."""
    for program in ('systemd-nspawn', 'unshare', 'nsenter', 'meson', 'nc.openbsd'):
        if shutil.which(program) is None:
            print(f'{program} is missing', file=sys.stderr)
            sys.exit(77)
    if os.geteuid() != 0:
        print('booting a systemd needs root', file=sys.stderr)
        sys.exit(77)
    done = subprocess.run(
        ['unshare', '-m', 'sh', '-c', 'umount -R /sys/fs/cgroup; '
         'mount -t cgroup2 cgroup2 /sys/fs/cgroup && mount -t tmpfs tmpfs /run'],
        capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f'no mounts of our own here: {done.stderr.strip()}', file=sys.stderr)
        sys.exit(77)


def wait_until(condition, what, timeout=30):
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f'waited in vain: {what}')
        select.select([], [], [], 0.02)


class Machine:
    def __init__(self, build):
        self.name = f'sockd-boot-{os.getpid()}'
        self.console = tempfile.TemporaryFile()
        self.pid = None
        self.outer = subprocess.Popen(
            ['unshare', '-m', '--propagation', 'private',
             os.path.join(HERE, 'enter.sh'), self.name, build],
            stdin=subprocess.DEVNULL, stdout=self.console, stderr=self.console)
        try:
            self.pid = wait_until(self.find_init, 'a PID 1', BOOT_SECONDS)
            wait_until(self.is_up, 'a running system', BOOT_SECONDS)
        except BaseException:
            self.stop()
            self.console.seek(0)
            print(self.console.read().decode(errors='replace')[-4000:], file=sys.stderr)
            raise

    def find_init(self):
        """The pid of the machine's PID 1, once it is systemd."""
        assert self.outer.poll() is None, 'the machine did not start'
        try:
            with open(f'/proc/{self.outer.pid}/task/{self.outer.pid}/children',
                      encoding='ascii') as children:
                for pid in children.read().split():
                    with open(f'/proc/{pid}/comm', encoding='ascii') as comm:
                        if comm.read().strip() == 'systemd':
                            return int(pid)
        except OSError:
            pass  # a process that ended meanwhile
        return None

    def is_up(self):
        return self.run('systemctl', 'is-system-running').stdout.strip() in (
            'running', 'degraded')

    def inside(self, *command):
        """The arguments that run a command in the machine."""
        return ['nsenter', '-t', str(self.pid), '-a', '--', *command]

    def run(self, *command, text=''):
        return subprocess.run(self.inside(*command), input=text, timeout=60,
                              capture_output=True, text=True, check=False)

    def must(self, *command, text=''):
        """The output of a command that must succeed."""
        done = self.run(*command, text=text)
        assert done.returncode == 0, f'{command}: {done.stdout}{done.stderr}'
        return done.stdout

    def stop(self):
        """Ends the machine; SIGTERM asks its systemd to power off."""
        if self.outer.poll() is None:
            self.outer.send_signal(signal.SIGTERM)
            try:
                self.outer.wait(20)
            except subprocess.TimeoutExpired:
                self.outer.kill()
                self.outer.wait()
        subprocess.run(
            ['unshare', '-m', '--propagation', 'private',
             os.path.join(HERE, 'sweep.sh'), self.name],
            stdin=subprocess.DEVNULL, capture_output=True, check=False)
