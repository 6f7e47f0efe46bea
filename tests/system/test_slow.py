# SPDX-License-Identifier: GPL-3.0-or-later
"""People who do not read what a busy room says: nobody else notices, memory is
bounded, they get a count of what they missed, and at last they are cut off."""

import re
import threading

from clients import Person
from harness import SANITIZED, Daemon, Test, main, wait_until

CONFIG = '''
services: { chat: { protocol = "chat"; listen = "127.0.0.1:0"; send_buffer = "16KiB"; }; };
limits: { output_soft = "16KiB"; output_hard = "64KiB"; output_patience = "%s"; };
chat: { replay = 0; };
'''
SENDERS, EACH = 12, 30
TEXT = 'x' * 3900


class Slow(Test):
    def flood(self, d, readers):
        """Talks some 1.4 MB into the lobby; readers must hear all of it."""
        senders = [Person(d, nick=f's{chr(97 + i)}') for i in range(SENDERS)]
        counts = {}

        def read(person):
            wanted = SENDERS * EACH
            if person in senders:
                wanted -= EACH
            n = 0
            while n < wanted:
                line = person.line()
                assert line is not None, f'{person.nick} was cut off after {n}'
                n += TEXT in line
            counts[person] = n

        def talk(person):
            for i in range(EACH):
                person.say(f'{i} {TEXT}')
        threads = [threading.Thread(target=read, args=(p,)) for p in senders + readers]
        threads += [threading.Thread(target=talk, args=(p,)) for p in senders]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(len(counts), len(senders) + len(readers), 'somebody missed lines')

    def test_others_unaffected_memory_bounded_then_a_count(self):
        with Daemon(CONFIG % '1h') as d:
            reader = Person(d, nick='reader')
            mutes = [Person(d, nick=f'mute-{chr(97 + i)}', rcvbuf=4096) for i in range(20)]
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
            d.wait_log(r'closed .*nick=mute reason=slow ')
            p = Person(d)
            p.say('/who')
            p.until(re.compile(r'\*\*\* 13 in #lobby: .*'))
            wait_until(lambda: mute.ended or not mute.rest() or mute.ended, 'the end')


if __name__ == '__main__':
    main()
