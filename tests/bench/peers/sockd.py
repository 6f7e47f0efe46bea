# SPDX-License-Identifier: GPL-3.0-or-later
"""sockd with its defaults, all features on; only the limits that the load
itself would run into are raised."""

import json
import os
import re
import subprocess
import time

from peer import PATIENCE, ROOT, Failed, Notify, Peer

SOCKD = os.environ.get('SOCKD', os.path.join(ROOT, 'build-bench/src/bin/sockd'))
SOCKCTL = os.environ.get('SOCKCTL', os.path.join(ROOT, 'build-bench/src/bin/sockctl'))
SERVICE = re.compile(r'^  [\w-]+: {{ protocol', re.M)
LISTENING = re.compile(r'listening service=(\S+) address=(\S+)')
CONFIG = '''
services: {{
  echo: {{ protocol = "echo"; listen = "127.0.0.1:0"; idle = "0"; }};
  discard: {{ protocol = "discard"; listen = "127.0.0.1:0"; idle = "0"; }};
  chargen: {{ protocol = "chargen"; listen = "127.0.0.1:0"; idle = "0"; }};
  udp: {{ protocol = "echo"; transport = "udp"; listen = "127.0.0.1:0"; }};
  chat: {{ protocol = "chat"; listen = "127.0.0.1:0"; }};
}};
workers = {workers};
runtime_dir = "{dir}";
state_dir = "{dir}";
limits: {{ connections = 18000; rooms = 20000; udp_answers = "1000000000/s"; }};
chat: {{ flood: {{ rate = "0"; }}; {chat} }};
'''


class Sockd(Peer):
    """config: all of it, with {workers}, {dir} and {chat} to be filled in; it has
    the services named here."""
    name = preset = 'sockd'

    def __init__(self, workers=1, chat='', config=CONFIG):
        super().__init__()
        path = os.path.join(self.dir, 'sockd.conf')
        with open(path, 'w', encoding='utf-8') as f:
            f.write(config.format(workers=workers, dir=self.dir, chat=chat))
        notify = Notify(self.dir)
        began = time.monotonic()
        self.run([SOCKD, '-f', path], env={**os.environ, 'NOTIFY_SOCKET': notify.path})
        notify.wait_ready(self.process)
        self.ready_ms = (time.monotonic() - began) * 1000
        services = self.wait_listening(len(SERVICE.findall(config)))
        self.addresses = {**services, 'connect': services.get('echo'),
                          'fanout': services['chat']}

    def wait_listening(self, n):
        """Addresses by service; the log may come a little after READY."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            services = dict(LISTENING.findall(self.log_text()))
            if len(services) == n:
                return services
            time.sleep(0.002)
        raise Failed(f'sockd does not say where it listens: {self.log_text()}')

    def ask(self, *words):
        """What sockctl says to that, of JSON."""
        command = [SOCKCTL, '-s', os.path.join(self.dir, 'control.sock'), '--json', *words]
        done = subprocess.run(command, capture_output=True, check=False, text=True)
        if done.returncode != 0:
            raise Failed(f'sockctl {" ".join(words)}: {done.stderr.strip()}')
        return json.loads(done.stdout)

    def metrics(self, part=''):
        """Samples whose name or labels have this in them."""
        return {row['metric']: float(row['value'])
                for row in self.ask('metrics', *[part] * bool(part))['metrics']}

    def resident(self):
        with open(f'/proc/{self.pid}/smaps_rollup', encoding='ascii') as f:
            return int(re.search(r'^Rss:\s+(\d+)', f.read(), re.M)[1]) * 1024
