# SPDX-License-Identifier: GPL-3.0-or-later
"""People who do not read what a busy room says: nobody else notices, memory is
bounded, they get a count of what they missed, and at last they are cut off."""

import json
import os
import re
import subprocess
import time

from clients import Client, Person, Program
from control import asked
from harness import PATIENCE, ROOT, SANITIZED, Daemon, Test, main, wait_until

SOCKLOAD = os.environ.get('SOCKLOAD', os.path.join(ROOT, 'build/src/bin/sockload'))

CONFIG = '''
services: {
    chat: { protocol = "chat"; listen = "127.0.0.1:0"; send_buffer = "16KiB"; };
    json: { protocol = "chat"; dialect = "json"; listen = "127.0.0.1:0";
            send_buffer = "16KiB"; };
};
limits: { output_soft = "16KiB"; output_hard = "64KiB"; output_patience = "%s"; };
chat: { replay = 0; flood: { rate = "0"; }; };
drain = "1s";
'''
SENDERS, EACH = 12, 30
NAMES = 'abcdefghjkmnpqrstuvwxyz'  # no two look alike
TEXT = 'x' * 3900
SKIPPED = re.compile(r'\*\*\* (\d+) lines skipped, /history (\d+) shows them')


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

    def flood_until_skipped(self, d, talker, lines, size=500):
        """Talks until the one who does not read was left out, and some more;
        adds what was said to lines."""
        def some_are_skipped():
            for _ in range(20):
                lines.append(f'{len(lines)} {"x" * size}')
                talker.say(lines[-1])
            talker.sync()
            return asked(d, 'clients', 'state=flooded')['clients']
        wait_until(some_are_skipped, 'a slow reader')
        some_are_skipped()

    def test_history_has_what_was_skipped(self):
        with Daemon(CONFIG % '1h') as d:
            mute, talker = Person(d, nick='mute', rcvbuf=4096), Person(d, nick='talker')
            lines = []
            self.flood_until_skipped(d, talker, lines)
            came = mute.until(SKIPPED)
            skipped, shown = int(mute.match[1]), int(mute.match[2])
            self.assertEqual(skipped, shown)
            came = [line[9:] for line in came if line.startswith('<talker> ')]
            self.assertEqual(came, lines[:len(came)])
            self.assertEqual(len(came) + skipped, len(lines))
            mute.say(f'/history {shown}')
            self.assertEqual(mute.line(), f'*** the last {shown} lines:')
            again = [line.partition('<talker> ')[2] for line in mute.until(
                '*** end of the last lines')]
            self.assertEqual(again, lines[len(came):])
            talker.say('and on')
            mute.until('<talker> and on')

    def test_what_is_forgotten_is_said(self):
        with Daemon(CONFIG % '1h', args=self.options('chat.history=7')) as d:
            mute, talker = Person(d, nick='mute', rcvbuf=4096), Person(d, nick='talker')
            self.flood_until_skipped(d, talker, [])
            mute.until(re.compile(r'\*\*\* [\d,]+ lines skipped, /history 7 shows the last 7'))

    def test_a_program_learns_what_to_ask_for(self):
        with Daemon(CONFIG % '1h') as d:
            mute = Program(d, name='mute', room='ops', rcvbuf=4096)
            mute.join('other', 'mute', keep=True)
            talker, lines = Person(d, nick='talker', room='ops'), []
            self.flood_until_skipped(d, talker, lines)
            got, came = {}, []
            while got.get('event') != 'missed':
                got = mute.get()
                came += [got['message']] * (got['type'] == 'chat')
            self.assertEqual(came, lines[:len(came)])
            (room,) = got['rooms']
            self.assertEqual((room['room'], room['count'], got['count']),
                             ('ops', len(lines) - len(came), room['count']))
            mute.put('history', room='ops', since=room['since'])
            answer = mute.until(type='history')
            self.assertEqual([m['message'] for m in answer['messages']], lines[len(came):])

    def test_to_be_cut_off_is_told_to_who_reads_again(self):
        with Daemon(CONFIG % '2s') as d:
            mute, talker = Person(d, nick='mute', rcvbuf=4096), Person(d, nick='talker')
            self.flood_until_skipped(d, talker, [])
            d.wait_log(r'closed .*nick=mute reason=slow ')
            *_, skipped, why = mute.rest_lines()
            self.assertRegex(skipped, SKIPPED)
            self.assertEqual(why, '*** disconnected: you read too slowly: 64 KiB were waiting. '
                             'Press Ctrl-C.')

    def test_the_largest_pays_first(self):
        with Daemon(CONFIG % '1h', args=self.options(
                'limits.output_hard=2MiB', 'limits.output_total=3MiB',
                'limits.line=64KiB', 'chat.text=64KiB')) as d:
            mutes = {name: Person(d, nick=name, room=name, rcvbuf=4096)
                     for name in ('big', 'small', 'last')}
            talker = Person(d, nick='talker')

            def fill(name, size):
                talker.join(name)
                while self.waiting(d, name) < size and not d.log('closed .*reason=memory'):
                    talker.say('x' * 30000)
                    talker.sync()
            fill('big', 1500000)
            fill('small', 500000)
            fill('last', 1400000)
            d.wait_log('closed .*nick=big reason=memory')
            self.assertFalse(d.log('closed .*nick=(small|last|talker)'))
            self.assertEqual(mutes['big'].rest_lines()[-1],
                             '*** disconnected: the server is short of memory. Press Ctrl-C.')
            for name in ('small', 'last'):
                mutes[name].sync()

    @staticmethod
    def options(*settings):
        return [word for setting in settings for word in ('-o', setting)]

    @staticmethod
    def waiting(d, nick):
        rows = asked(d, 'clients', f'nick={nick}')['clients']
        return sum(row['queued'] for row in rows)

    def test_the_kernel_holds_little(self):
        with Daemon('''services: {
                chat: { protocol = "chat"; listen = [ "127.0.0.1:0", "chat.sock" ]; };
                post: { protocol = "post"; listen = [ "127.0.0.1:0", "post.sock" ]; };
                };''') as d:
            where = [(service, address) for service in ('chat', 'post')
                     for address in d.addresses(service)]

            def buffers():
                """Of one client at each; post ends those who are silent for a second."""
                clients = [Client(d, service, address=address) for service, address in where]
                for client in clients:
                    client.send(b'x')
                rows = subprocess.run(
                    ['ss', '-Omxtnp', 'state', 'established'], capture_output=True, text=True,
                    check=True).stdout.splitlines()
                for client in clients:
                    client.close()
                return [re.search(r'skmem:\(.*?,tb(\d+),', row)[1] for row in rows
                        if f'pid={d.pid},' in row and '/control.sock' not in row]
            wanted = [str(2 * 128 * 1024)] * len(where)
            wait_until(lambda: buffers() == wanted, f'buffers of {wanted}')

    def test_a_room_with_slow_members(self):
        """All the others get everything in order; sockload looks that the slow
        ones get the rest or the right count."""
        with Daemon(CONFIG % '1h') as d:
            host, port = d.address('chat')
            done = subprocess.run(
                [SOCKLOAD, 'fanout', '-j', '-p', 'sockd', '-c', '60', '--silent', '2',
                 '--slow', '2', '-S', '3', '-w', '4', '-s', '1000', '-n', '1500',
                 '--patience', f'{PATIENCE:.0f}', f'{host}:{port}'],
                capture_output=True, text=True, check=False, timeout=4 * PATIENCE)
            self.assertEqual((done.returncode, done.stderr), (0, ''))
            report = json.loads(done.stdout)
            self.assertEqual(report['operations'], 1500 * (56 + 2))
            self.assertEqual(report['slow']['told'], 4)
            self.assertEqual(report['slow']['skipped'], report['slow']['announced'])

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
