# SPDX-License-Identifier: GPL-3.0-or-later
"""sockd with its defaults, all features on; only the limits that the load
itself would run into are raised."""

import os
import re
import time

from peer import PATIENCE, ROOT, Failed, Notify, Peer

SOCKD = os.environ.get('SOCKD', os.path.join(ROOT, 'build-bench/src/bin/sockd'))
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
    name = preset = 'sockd'

    def __init__(self, workers=1, chat=''):
        super().__init__()
        path = os.path.join(self.dir, 'sockd.conf')
        with open(path, 'w', encoding='utf-8') as f:
            f.write(CONFIG.format(workers=workers, dir=self.dir, chat=chat))
        notify = Notify(self.dir)
        began = time.monotonic()
        self.run([SOCKD, '-f', path], env={**os.environ, 'NOTIFY_SOCKET': notify.path})
        notify.wait_ready(self.process)
        self.ready_ms = (time.monotonic() - began) * 1000
        services = self.wait_listening({'echo', 'discard', 'chargen', 'udp', 'chat'})
        self.addresses = {**services, 'connect': services['echo'],
                          'fanout': services['chat']}

    def wait_listening(self, names):
        """Addresses by service; the log may come a little after READY."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            services = dict(LISTENING.findall(self.log_text()))
            if set(services) == names:
                return services
            time.sleep(0.002)
        raise Failed(f'sockd does not say where it listens: {self.log_text()}')
