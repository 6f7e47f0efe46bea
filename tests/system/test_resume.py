# SPDX-License-Identifier: GPL-3.0-or-later
"""/resume: who was cut off comes back as who it was, and learns what it missed.
With several workers the old and the new connection are mostly on two of them."""

import json
import re
import time

from clients import NC, Child, Client, Person, target
from harness import Daemon, Test, main, wait_until

CONFIG = '''
services: {
  chat: { protocol = "chat"; listen = [ "127.0.0.1:0", "chat.sock" ]; flood: { rate = "0"; }; };
  json: { protocol = "chat"; dialect = "json"; listen = "127.0.0.1:0"; };
};
'''
YOU_ARE = re.compile(r'\*\*\* you are now (\S+)\. If you are cut off: /resume (\S+)')
BACK = re.compile(r'\*\*\* welcome back, (\S+): (.*)\. If you are cut off: /resume (\S+)')
CLOCK = r'[0-2]\d:[0-5]\d'


class Someone(Person):
    """A person who notes the code."""

    def rename(self, nick):
        self.say(f'/nick {nick}')
        before = self.until(YOU_ARE)
        self.nick, self.code = self.match.groups()
        return before

    def resume(self, code):
        """What the welcome says of the gap; before it comes nothing else."""
        self.say(f'/resume {code}')
        self.until(BACK)
        self.nick, gap, self.code = self.match.groups()
        return gap


class Program(Client):
    """A program that speaks JSON, welcomed."""

    def __init__(self, daemon):
        super().__init__(daemon, 'json')
        self.read_object()

    def read_object(self):
        return json.loads(self.line())

    def ask(self, **fields):
        self.send(json.dumps(fields) + '\n')
        return self.read_object()


class Resume(Test):
    def test_cut_off_and_back(self):
        with Daemon(CONFIG) as d:
            a = Person(d, nick='alice', room='ops')
            b = Someone(d, nick='bob', room='ops')
            self.assertRegex(b.code, r'^[a-z0-9]{4}-[a-z0-9]{2}$')
            a.until('*** bob joined #ops')
            a.say('before')
            b.until('<alice> before')
            b.close()
            a.until(re.compile(r'\*\*\* bob left #ops.*'))
            for i in range(3):
                a.say(f'missed {i}')
            a.sync()
            c = Someone(d)
            self.assertEqual(c.resume(b.code), '3 missed, all shown')
            self.assertEqual(c.nick, 'bob')
            self.assertNotEqual(c.code, b.code)
            self.assertEqual(c.line(), '*** you are in #ops (2 here)')
            self.assertEqual(c.line(), '*** the last 3 lines:')
            for i in range(3):
                self.assertRegex(c.line(), rf'^{CLOCK} <alice> missed {i}$')
            self.assertEqual(c.line(), '*** end of the last lines')
            a.until('*** bob joined #ops')
            c.say('here again')
            self.assertEqual(a.line(), '<bob> here again')
            # good once
            e = Someone(d)
            e.say(f'/resume {b.code}')
            self.assertRegex(e.line(), r'^\*\*\* error: there is no such code')
            c.close()
            a.until(re.compile(r'\*\*\* bob left #ops.*'))
            self.assertEqual(e.resume(c.code.upper()), 'nothing was missed')
            self.assertEqual(e.line(), '*** you are in #ops (2 here)')

    def test_with_netcat(self):
        with Daemon(CONFIG) as d:
            for address in d.addresses('chat'):
                b = Child(d, NC, *target(address))
                b.until(re.compile('.*/help lists the commands'))
                b.say('/nick bob')
                b.until(YOU_ARE)
                b.process.kill()
                b.wait()
                c = Child(d, NC, *target(address))
                c.until(re.compile('.*/help lists the commands'))
                c.say(f'/resume {b.match[2]}')
                c.until(BACK)
                self.assertEqual(c.match[1], 'bob')
                c.close()
                a = Person(d)
                wait_until(lambda: (a.say('/whois bob'), a.line())[1].startswith('*** error'),
                           'bob gone')

    def test_what_is_lost_is_said(self):
        with Daemon(CONFIG + 'chat: { history = 3; };') as d:
            a = Person(d, nick='alice', room='ops')
            b = Someone(d, nick='bob', room='ops')
            a.until('*** bob joined #ops')
            b.close()
            a.until(re.compile(r'\*\*\* bob left #ops.*'))
            for i in range(15):
                a.say(f'line {i}')
            a.sync()
            c = Someone(d)
            self.assertEqual(c.resume(b.code), '15 missed, 12 lost')
            c.until('*** the last 3 lines:')
            self.assertRegex(c.line(), 'line 12$')

    def test_other_rooms_are_no_gap(self):
        with Daemon(CONFIG) as d:
            a = Person(d, nick='alice')
            b = Someone(d, nick='bob', room='ops')
            b.close()
            for i in range(5):
                a.say(f'elsewhere {i}')
            a.sync()
            wait_until(lambda: (a.say('/whois bob'), a.line())[1].startswith('*** error'),
                       'bob gone')
            c = Someone(d)
            self.assertEqual(c.resume(b.code), 'nothing was missed')
            self.assertEqual(c.line(), '*** you are in #ops (only you)')

    def test_the_name_is_free_meanwhile(self):
        with Daemon(CONFIG) as d:
            a = Person(d, nick='alice')
            b = Someone(d, nick='bob', room='ops')
            b.close()
            wait_until(lambda: (a.say('/whois bob'), a.line())[1].startswith('*** error'),
                       'bob gone')
            a.rename('Bob')
            c = Someone(d)
            self.assertEqual(c.resume(b.code), 'nothing was missed')
            self.assertRegex(c.nick, '^guest-')
            self.assertEqual(c.line(), '*** somebody else has the name bob now; '
                                       '/nick NAME takes another')
            self.assertEqual(c.line(), '*** you are in #ops (only you)')

    def test_a_ghost_gives_way(self):
        """The old connection is there still: it is closed, on its worker, and
        all of it passes to the new one, from any worker to any other."""
        with Daemon(CONFIG) as d:
            a = Person(d, nick='alice', room='ops')
            ghost = Someone(d, nick='bob', room='ops')
            ghost.say('/time on')
            ghost.sync()
            a.until('*** bob joined #ops')
            for turn in range(20):
                a.say(f'turn {turn}')
                self.assertRegex(ghost.line(), rf'^{CLOCK} <alice> turn {turn}$')
                new = Someone(d)
                new.say(f'/resume {ghost.code}')
                self.assertEqual(
                    ghost.rest_lines(),
                    ['*** disconnected: you came back on another connection. Press Ctrl-C.'])
                new.until(BACK)
                self.assertEqual((new.match[1], new.match[2]), ('bob', 'nothing was missed'))
                new.code, new.nick = new.match[3], 'bob'
                self.assertEqual(new.line(), '*** you are in #ops (2 here)')
                self.assertEqual(a.line(),
                                 '*** bob left #ops: came back on another connection')
                self.assertEqual(a.line(), '*** bob joined #ops')
                new.say('ready')
                self.assertEqual(a.line(), '<bob> ready')
                ghost.close()
                ghost = new
            self.assertEqual(len(d.wait_log('reason=resumed', 20)), 20)

    def test_what_never_arrived_is_missed(self):
        """A ghost that does not read: what still lay here for it is shown, as
        far as the room remembers it."""
        with Daemon(CONFIG + 'chat: { history_bytes = "16MiB"; };') as d:
            a = Person(d, nick='alice', room='ops')
            ghost = Someone(d, nick='bob', room='ops', rcvbuf=4096)
            a.until('*** bob joined #ops')
            for i in range(200):
                a.say(f'{i} ' + 'x' * 4000)
            a.sync()
            new = Someone(d)
            gap = new.resume(ghost.code)
            shown = re.fullmatch(r'(\d+) missed, all shown', gap)
            self.assertTrue(shown, gap)
            new.until(f'*** the last {shown[1]} lines:')
            first = int(re.match(rf'{CLOCK} <alice> (\d+) ', new.line())[1])
            self.assertEqual(first, 200 - int(shown[1]))
            # what the ghost could read and what is shown leave no gap
            had = re.findall(r'^<alice> (\d+) x{4000}$', ghost.rest().decode(), re.M)
            self.assertLessEqual(first, int(had[-1]) + 1)

    def test_what_was_on_its_way_is_missed(self):
        """Lines come and a connection is lost at the same time: what the server
        had not given it yet is shown to who comes back, all of it."""
        with Daemon(CONFIG) as d:
            a = Person(d, nick='alice')
            b = Someone(d)
            b.rename('bob')
            for n in range(20):
                a.say(f'round {n}')
                b.until(f'<alice> round {n}')
                with d.stopped():
                    a.send(''.join(f'{n} {i}\n' for i in range(100)))
                    b.reset()
                a.until(re.compile(r'\*\*\* bob left #lobby.*'))
                a.sync()
                c = Someone(d)
                self.assertEqual(c.resume(b.code), '100 missed, all shown')
                c.until('*** the last 100 lines:')
                for i in range(100):
                    self.assertRegex(c.line(), rf'^{CLOCK} <alice> {n} {i}$')
                b = c

    def test_codes_cannot_be_guessed_for_long(self):
        with Daemon(CONFIG) as d:
            a = Person(d, nick='alice')
            b = Someone(d, nick='bob')
            a.until('*** bob joined #lobby')
            b.close()
            a.until(re.compile(r'\*\*\* bob left #lobby.*'))
            for n in range(4):
                guest = Person(d, room=f'r{n}')
                for i in range(5):
                    guest.say(f'/resume 0000-{n}{i}')
                    self.assertRegex(guest.line(), 'no such code')
                guest.say(f'/resume {b.code}')
                self.assertEqual(
                    guest.line(),
                    '*** error: 5 wrong codes are the most that one connection may try')

    def test_who_guesses_keeps_nobody_else_from_his_code(self):
        with Daemon('exempt = []; services: { chat: { protocol = "chat"; '
                    'listen = "127.0.0.1:0"; }; };') as d:
            a = Person(d, nick='alice')
            b = Someone(d, nick='bob')
            a.until('*** bob joined #lobby')
            b.close()
            a.until(re.compile(r'\*\*\* bob left #lobby.*'))
            guesser = Person(d, source='127.0.0.2', room='den')
            for i in range(3):
                guesser.say(f'/resume 0000-0{i}')
                self.assertRegex(guesser.line(), 'no such code')
            other = Person(d, source='127.0.0.2', room='den')
            other.say(f'/resume {b.code}')
            self.assertEqual(other.line(), '*** error: too many wrong codes were tried just now; '
                             'try again in a moment')
            c = Someone(d, source='127.0.0.3')
            self.assertEqual(c.resume(b.code), 'nothing was missed')

    def test_it_may_be_off(self):
        with Daemon(CONFIG + 'chat: { resume = "0"; };') as d:
            b = Person(d)
            b.say('/nick bob')
            self.assertEqual(b.line(), '*** you are now bob')
            b.say('/resume k7fd-92')
            self.assertEqual(b.line(), '*** error: nothing can be resumed here')

    def test_codes_end(self):
        with Daemon(CONFIG + 'chat: { resume = "1s"; };') as d:
            a = Person(d, nick='alice')
            b = Someone(d, nick='bob')
            a.until('*** bob joined #lobby')
            b.close()
            a.until(re.compile(r'\*\*\* bob left #lobby.*'))
            left = time.monotonic()
            wait_until(lambda: time.monotonic() > left + 1, 'a second')
            c = Person(d)
            c.say(f'/resume {b.code}')
            self.assertEqual(c.line(), '*** error: there is no such code: each is good once, '
                                       'and for 1s after one was cut off')

    def test_a_program_comes_back_to_all_its_rooms(self):
        with Daemon(CONFIG) as d:
            a = Person(d, nick='alice', room='ops')
            bot = Program(d)
            code = bot.ask(type='join', room='ops', username='bot')['resume']
            self.assertEqual(
                bot.ask(type='join', room='den', username='bot', keep=True)['resume'], code)
            a.until('*** bot joined #ops')
            bot.close()
            a.until(re.compile(r'\*\*\* bot left #ops.*'))
            a.say('missed')
            a.sync()
            new = Program(d)
            back = new.ask(type='resume', code=code)
            self.assertNotEqual(back.pop('resume'), code)
            self.assertEqual(back, {'type': 'resume', 'username': 'bot', 'missed': 1, 'lost': 0})
            got = [new.read_object() for _ in range(3)]
            joins = {x['room']: x for x in got if x['type'] == 'notification'}
            self.assertEqual(set(joins), {'ops', 'den'})
            self.assertEqual({x['username'] for x in joins.values()}, {'bot'})
            replay = next(x for x in got if x['type'] == 'history')
            self.assertEqual((replay['room'], replay['lost']), ('ops', 0))
            self.assertEqual([m['message'] for m in replay['messages']], ['missed'])
            a.until('*** bot joined #ops')
            a.say('/msg bot hi')
            a.until('[you -> bot] hi')
            self.assertEqual(new.read_object()['message'], 'hi')
            self.assertEqual(new.ask(type='resume', code='0000-00', ref=7)['code'],
                             'no_such_name')

    def test_views_and_ignoring_come_back(self):
        with Daemon(CONFIG) as d:
            a = Person(d, nick='alice')
            b = Someone(d, nick='bob')
            c = Person(d, nick='carol')
            b.say('/time on')
            b.say('/ignore carol')
            b.say('/away tea')
            b.sync()
            b.reset()
            a.until(re.compile(r'\*\*\* bob left #lobby.*'))
            c.say('not for bob')
            a.until('<carol> not for bob')
            a.say('for bob')
            a.sync()
            e = Someone(d)
            self.assertEqual(e.resume(b.code), '1 missed, all shown')
            e.until('*** end of the last lines')
            c.say('again')
            c.sync()
            a.say('timed')
            e.until(re.compile(rf'{CLOCK} <alice> timed'))
            a.say('/who')
            a.until('*** 3 in #lobby: alice, bob (away), carol')


if __name__ == '__main__':
    main()
