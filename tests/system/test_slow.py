# SPDX-License-Identifier: GPL-3.0-or-later
"""People who do not read what a busy room says: nobody else notices, memory is
bounded, they get a count of what they missed, and at last they are cut off."""

import re
import time

from clients import Person
from harness import SANITIZED, Daemon, Test, main, wait_until

CONFIG = '''
services: { chat: { protocol = "chat"; listen = "127.0.0.1:0"; send_buffer = "16KiB"; }; };
limits: { output_soft = "16KiB"; output_hard = "64KiB"; output_patience = "%s"; };
chat: { replay = 0; };
drain = "1s";
'''
SENDERS, EACH = 12, 30
NAMES = 'abcdefghjkmnpqrstuvwxyz'  # no two look alike
TEXT = 'x' * 3900


class Slow(Test):
    def flood(self, d, readers):
        """Talks some 1.4 MB into the lobby, in rounds that a reader can hold;
        everybody who reads must hear all of it."""
        senders = [Person(d, nick=f's{NAMES[i]}') for i in range(SENDERS)]
        for i in range(EACH):
            for p in senders:
                p.say(f'{i} {TEXT}')
            for p in senders + readers:
                wanted = {f'<{s.nick}> {i} {TEXT}' for s in senders if s is not p}
                while wanted:
                    line = p.line()
                    self.assertIsNotNone(line, f'{p.nick} was cut off')
                    wanted.discard(line)

    def test_others_unaffected_memory_bounded_then_a_count(self):
        with Daemon(CONFIG % '1h') as d:
            reader = Person(d, nick='reader')
            mutes = [Person(d, nick=f'mute-{NAMES[i]}', rcvbuf=4096) for i in range(16)]
            before = d.resident()
            self.flood(d, [reader])
            if not SANITIZED:
                self.assertLess(d.resident() - before, 32 << 20)
            for mute in mutes[:3]:
                missed = self.read_until_count(mute)
                self.assertGreater(missed, 0)
                mute.sync()

    def read_until_count(self, mute):
        """The first line of the server's own that holds a number; before it
        only whole lines of what was said."""
        while True:
            line = mute.line()
            self.assertIsNotNone(line)
            if TEXT in line:
                self.assertRegex(line, rf'^<s[a-z]> \d+ {TEXT}$')
            elif m := re.fullmatch(r'\*\*\* .*?([\d,]+) .*', line):
                return int(m[1].replace(',', ''))

    def test_patience_ends(self):
        with Daemon(CONFIG % '1s') as d:
            mute = Person(d, nick='mute', rcvbuf=4096)
            self.flood(d, [])
            p = Person(d)
            spoke = 0.0

            def cut_off():
                """Goes on talking, as the kernel still makes a little room."""
                nonlocal spoke
                if time.monotonic() - spoke > 0.3:
                    spoke = time.monotonic()
                    p.say(TEXT)
                return d.log(r'closed .*nick=mute reason=slow ')
            wait_until(cut_off, 'the end of patience')
            p.say('/who')
            self.assertNotIn('mute', p.sync()[-1])
            mute.rest()  # an end of input comes, in whichever way


if __name__ == '__main__':
    main()
