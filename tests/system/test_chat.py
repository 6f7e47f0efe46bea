# SPDX-License-Identifier: GPL-3.0-or-later
"""chat as people with netcat see it: the exact lines of the contract."""

import re
import signal

from clients import HINT, NC, WELCOME, Child, Client, Person, target
from control import asked
from harness import Daemon, Test, main, wait_until

CONFIG = '''
services: {
  chat: { protocol = "chat"; listen = [ "127.0.0.1:0", "chat.sock" ]; };
};
'''
GUEST = r'guest-[a-z0-9]{4}'


def error(*words):
    """A refusal that names these words."""
    return re.compile(r'\*\*\* error: ' + ''.join(f'(?=.*{re.escape(w)})' for w in words) + '.*')


class Netcat(Test):
    def test_two_netcats_see_each_other(self):
        with Daemon(CONFIG) as d:
            people, nicks = [], []
            for address in d.addresses('chat'):
                nc = Child(d, NC, *target(address))
                people.append(nc)
                match = WELCOME.fullmatch(nc.line())
                self.assertEqual((match[1], match[3]), ('sockd', 'lobby'))
                self.assertRegex(match[2], f'^{GUEST}$')
                self.assertEqual(nc.line(), HINT)
                nicks.append(match[2])
            self.assertEqual(match[4], '2 here')
            a, b = people
            a.say('hello there')
            b.until(f'<{nicks[0]}> hello there')
            b.say('hello yourself')
            before = a.until(f'<{nicks[1]}> hello yourself')
            self.assertEqual([x for x in before if 'hello' in x], [])
            self.assertIn(f'*** {nicks[1]} joined #lobby', before)

    def test_end_of_input_leaves_after_what_was_said(self):
        """An unfinished last line counts; answers drain; then it is /quit."""
        with Daemon(CONFIG) as d:
            a = Person(d, nick='alice')
            b = Child(d, NC, '-N', *target(d.address('chat')))
            b.line(), b.line()
            b.send('/nick bob\nfirst\n/who\nlast words')
            b.half_close()
            a.until('<bob> first')
            self.assertEqual(a.line(), '<bob> last words')
            a.until(re.compile(r'\*\*\* bob left #lobby.*'))
            self.assertIn('*** 2 in #lobby: alice, bob', b.rest_lines())
            self.assertEqual(b.wait(), 0)

    def test_a_reset_leaves_too(self):
        with Daemon(CONFIG) as d:
            a = Person(d, nick='alice')
            b = Person(d, nick='bob')
            b.say('hi')
            a.until('<bob> hi')
            b.reset()
            a.until(re.compile(r'\*\*\* bob left #lobby.*'))
            c = Person(d, nick='bob')
            c.say('free again')
            a.until('<bob> free again')


class Lines(Test):
    """Each kind of line, byte for byte."""

    def setUp(self):
        self.d = Daemon(CONFIG)
        self.addCleanup(self.stop)
        self.a = Person(self.d, nick='alice')
        self.b = Person(self.d, nick='bob')
        self.b.say('hi')
        self.a.until('<bob> hi')

    def stop(self):
        self.d.__exit__(None, None, None)

    def test_message_and_action(self):
        self.a.say('one  two\tthree')
        self.assertEqual(self.b.until('<alice> one  two\tthree'), [])
        self.a.say('/me waves')
        self.assertEqual(self.b.line(), '* alice waves')
        self.a.say('//not a command')
        self.assertEqual(self.b.line(), '<alice> /not a command')
        self.a.say('*** alice is not the server')
        self.assertEqual(self.b.line(), '<alice> *** alice is not the server')

    def test_sender_hears_nothing_back(self):
        self.a.say('into the room')
        self.assertEqual(self.a.sync(), [])

    def test_crlf_and_empty_lines(self):
        self.a.send('with cr\r\n\r\n\nafter\n')
        self.assertEqual(self.b.line(), '<alice> with cr')
        self.assertEqual(self.b.line(), '<alice> after')

    def test_private(self):
        self.a.say('/msg bob for you')
        self.assertEqual(self.a.line(), '[you -> bob] for you')
        self.assertEqual(self.b.line(), '[alice -> you] for you')
        self.a.say('/MSG Bob again')
        self.assertEqual(self.b.line(), '[alice -> you] again')
        self.a.until('[you -> bob] again')
        self.a.say('/msg bbo hi')
        self.assertEqual(
            self.a.line(),
            '*** error: nobody here is called "bbo"; did you mean bob?')

    def test_rename(self):
        self.a.say('/nick robert')
        self.assertRegex(self.a.line(), r'^\*\*\* you are now robert\b')
        self.assertEqual(self.b.line(), '*** alice is now robert')
        self.a.say('/nick BOB')
        self.a.until(error('BOB'))
        self.a.say('/nick b0b')
        self.a.until(error('b0b', 'bob'))
        for bad in ('1abc', '-x', 'a' * 25, 'ümlaut', 'guest-abcd'):
            self.a.say(f'/nick {bad}')
            self.a.until(error())
        self.assertEqual(self.b.sync(), [])

    def test_join_and_part(self):
        self.a.say('/join ops')
        self.assertEqual(self.a.line(), '*** you are in #ops (only you)')
        self.assertEqual(self.b.line(), '*** alice left #lobby')
        self.b.say('/j #OPS')
        self.assertEqual(self.b.line(), '*** you are in #ops (2 here)')
        self.assertEqual(self.a.line(), '*** bob joined #ops')
        self.b.say('/part')
        self.assertEqual(self.b.line(), '*** you are in #lobby (only you)')
        self.assertEqual(self.a.line(), '*** bob left #ops')
        self.a.say('/join no spaces!')
        self.a.until(error())

    def test_who_and_rooms(self):
        self.a.say('/who')
        self.assertEqual(self.a.line(), '*** 2 in #lobby: alice, bob')
        self.a.say('/join ops')
        self.a.until('*** you are in #ops (only you)')
        self.a.say('/topic all about ops')
        self.assertEqual(self.a.line(), '*** alice set the topic: all about ops')
        self.a.say('/rooms')
        lines = [self.a.line() for _ in range(3)]
        self.assertEqual(lines[2], '*** 2 rooms; /join NAME goes there')
        self.assertEqual(
            sorted(' '.join(x.split()) for x in lines[:2]),
            ['*** #lobby 1', '*** #ops 1 all about ops'])
        self.a.say('/names #lobby')
        self.assertEqual(self.a.line(), '*** 1 in #lobby: bob')
        self.a.say('/who nowhere')
        self.a.until(error('nowhere'))

    def test_topic(self):
        self.a.say('/topic fish')
        self.assertEqual(self.a.line(), '*** alice set the topic: fish')
        self.assertEqual(self.b.line(), '*** alice set the topic: fish')
        self.b.say('/topic')
        self.assertEqual(self.b.line(), '*** topic: fish')
        c = Client(self.d, 'chat')
        c.line(), c.line()
        self.assertEqual(c.line(), '*** topic: fish')
        self.a.say('/topic ' + 'x' * 301)
        self.a.until(error('300'))

    def test_replay(self):
        for i in range(12):
            self.a.say(f'line {i}')
        self.b.until('<alice> line 11')
        c = Client(self.d, 'chat')
        c.line(), c.line()
        self.assertEqual(c.line(), '*** the last 10 lines:')
        for i in range(2, 12):
            self.assertRegex(c.line(), rf'^[0-2]\d:[0-5]\d <alice> line {i}$')
        self.assertEqual(c.line(), '*** end of the last lines')
        self.a.say('/history 2')
        self.assertEqual(self.a.line(), '*** the last 2 lines:')
        self.assertRegex(self.a.line(), 'line 10$')
        self.assertRegex(self.a.line(), 'line 11$')
        self.assertEqual(self.a.line(), '*** end of the last lines')

    def test_help(self):
        self.a.say('/help')
        help_lines = self.a.sync()
        self.assertGreater(len(help_lines), 5)
        for line in help_lines:
            self.assertTrue(line.startswith('*** '), line)
            self.assertLessEqual(len(line), 100)
        text = '\n'.join(help_lines)
        for verb in ('nick', 'join', 'part', 'who', 'rooms', 'msg', 'me', 'quit'):
            self.assertIn(verb, text)
        self.a.say('/h nick')
        self.assertIn('nick', self.a.line())

    def test_unknown_commands_never_reach_the_room(self):
        self.a.say('/jion ops')
        self.assertRegex(self.a.line(), r'^\*\*\* error: .*jion.*join')
        self.a.say('/n')
        self.a.until(error())
        self.a.say('/JOIN ops')
        self.a.until('*** you are in #ops (only you)')
        self.a.say('/joi lobby')
        self.a.until('*** you are in #lobby (2 here)')
        self.assertEqual(self.b.sync(), ['*** alice left #lobby', '*** alice joined #lobby'])

    def test_a_bare_word_is_said_with_a_hint(self):
        self.a.say('quit')
        self.assertEqual(self.a.line(), '*** you said "quit" to #lobby; /quit leaves')
        self.assertEqual(self.b.line(), '<alice> quit')

    def test_quit(self):
        self.a.say('/quit gone fishing')
        self.assertEqual(self.a.rest_lines(), ['*** disconnected: bye. Press Ctrl-C.'])
        self.assertEqual(self.b.line(), '*** alice left #lobby: gone fishing')
        c = Person(self.d, nick='carol')
        c.send(b'\x04\n')
        self.assertEqual(c.rest_lines()[-1], '*** disconnected: bye. Press Ctrl-C.')


class Safety(Test):
    def pair(self, d):
        a, b = Person(d, nick='alice'), Person(d, nick='bob')
        b.say('hi')
        a.until('<bob> hi')
        return a, b

    def test_text_is_made_safe(self):
        rows = [
            (b'\x1b[2Jclear', '\u241b[2Jclear'),
            (b'bell\x07 del\x7f', 'bell\u2407 del\u2421'),
            ('c1 \x9b31m'.encode(), 'c1 <U+009B>31m'),
            ('bidi \u202eback'.encode(), 'bidi <U+202E>back'),
            ('isolate \u2066x'.encode(), 'isolate <U+2066>x'),
            ('sep \u2028x\u2029'.encode(), 'sep <U+2028>x<U+2029>'),
            (b'bad \xc3( \x80', 'bad \ufffd( \ufffd'),
            (b'nul \x00x', 'nul \u2400x'),
            ('fine ü 漢字 😀\t.'.encode(), 'fine ü 漢字 😀\t.'),
            (b'cr \rback', 'cr \u240dback'),
        ]
        with Daemon(CONFIG) as d:
            a, b = self.pair(d)
            for raw, wanted in rows:
                with self.subTest(raw):
                    a.send(raw + b'\n')
                    self.assertEqual(b.line(), '<alice> ' + wanted)
            a.send(b'/me \x1b]0;title\x07\n')
            self.assertEqual(b.line(), '* alice \u241b]0;title\u2407')
            a.send(b'/topic \x1b[31m\n')
            self.assertEqual(b.line(), '*** alice set the topic: \u241b[31m')
            a.send(b'/msg bob \x1b[31m\n')
            self.assertEqual(b.line(), '[alice -> you] \u241b[31m')
            a.send(b'/nick \x1b[31m\n')
            line = a.sync()[-1]
            self.assertTrue(line.startswith('*** error: '), line)
            self.assertNotRegex(line, r'[\x00-\x1f]')
            a.send(b'/quit \x1b[31m\n')
            self.assertEqual(b.line(), '*** alice left #lobby: \u241b[31m')

    def test_too_long_line_in_three_reads(self):
        """As much as may wait, then a byte, then the end; each read by itself."""
        with Daemon(CONFIG) as d:
            a, b = self.pair(d)
            row, = asked(d, 'clients', 'nick=alice')['clients']

            def read_alone(data):
                row['in'] += len(data)
                a.send(data)
                wait_until(lambda: asked(d, 'client', str(row['id']))['in'] == row['in'],
                           f'{len(data)} bytes read')
            for size in range(4090, 4100):
                read_alone(b'x' * size)
                read_alone(b'y')
                read_alone(b'\n')
                if size < 4096:
                    self.assertEqual(b.line(), '<alice> ' + 'x' * size + 'y')
                else:
                    self.assertEqual(a.line(), f'*** error: that line has {size + 1:,} bytes, '
                                     '4,096 are allowed; it was not sent')

    def test_too_long_line(self):
        with Daemon(CONFIG) as d:
            a, b = self.pair(d)
            a.say('x' * 4096)
            self.assertEqual(b.line(), '<alice> ' + 'x' * 4096)
            a.say('x' * 5312)
            self.assertEqual(a.line(), '*** error: that line has 5,312 bytes, '
                                       '4,096 are allowed; it was not sent')
            a.say('still here')
            self.assertEqual(b.line(), '<alice> still here')

    def test_endless_line_hears_why(self):
        """100 of 100 although the client is still sending: never a reset."""
        with Daemon(CONFIG) as d:
            for i in range(100):
                c = Client(d, 'chat')
                c.socket.settimeout(None)
                try:
                    for _ in range(8):
                        c.send(b'x' * 32768)
                except (BrokenPipeError, ConnectionResetError):
                    pass
                lines = c.rest_lines()
                self.assertEqual(len(lines), 3, f'round {i}: {lines}')
                self.assertEqual(lines[-1], '*** disconnected: 64 KiB without an '
                                            'end of line. Press Ctrl-C.')
                c.close()

    def test_pipelined_commands(self):
        """A thousand commands in one segment are all answered, in order."""
        with Daemon(CONFIG + 'chat: { flood: { rate = "0"; }; };') as d:
            a = Person(d, nick='alice')
            a.send(''.join(f'/who none{i}\n' for i in range(1000)))
            for i in range(1000):
                self.assertIn(f'none{i}', a.line())


class Stop(Test):
    def test_everyone_reads_the_goodbye(self):
        with Daemon(CONFIG) as d:
            people = [Person(d) for _ in range(50)]
            ncs = [Child(d, NC, *target(a)) for a in d.addresses('chat')]
            for nc in ncs:
                nc.until(HINT)
            d.signal(signal.SIGTERM)
            for p in people:
                self.assertEqual(p.rest_lines()[-1],
                                 '*** disconnected: the server is stopping. Press Ctrl-C.')
                p.close()
            for nc in ncs:
                self.assertEqual(nc.rest_lines()[-1],
                                 '*** disconnected: the server is stopping. Press Ctrl-C.')
            self.assertEqual(d.wait(), 0)

    def test_nobody_is_told_that_all_leave(self):
        """A stop is one line for each member, not one for each pair."""
        with Daemon(CONFIG) as d:
            people = [Person(d, nick=f'n{chr(97 + i)}') for i in range(8)]
            people[0].say('marker')
            for p in people[1:]:
                p.until(f'<{people[0].nick}> marker')
            d.signal(signal.SIGTERM)
            for p in people:
                self.assertEqual([x for x in p.rest_lines() if ' left ' in x], [])
                p.close()
            self.assertEqual(d.wait(), 0)


class Settings(Test):
    def test_name_room_motd(self):
        with Daemon(CONFIG + '''
                chat: { name = "The Pub"; room = "bar"; motd = "no smoking";
                        replay = 3; };''') as d:
            a = Person(d)
            self.assertEqual((a.server, a.room), ('The Pub', 'bar'))
            self.assertEqual(a.line(), '*** no smoking')
            for i in range(5):
                a.say(f'line {i}')
            a.sync()
            b = Person(d)
            b.until('*** the last 3 lines:')

    def test_configured_rooms(self):
        with Daemon(CONFIG + '''
                chat: { rooms: { ops: { topic = "be brief"; }; }; };''') as d:
            a = Person(d)
            a.say('/rooms')
            self.assertIn('*** #ops 0 be brief',
                          [' '.join(x.split()) for x in a.sync()])
            a.join('ops')
            self.assertEqual(a.line(), '*** topic: be brief')

    def test_quiet_above(self):
        with Daemon(CONFIG + 'chat: { quiet_above = 2; };') as d:
            people = [Person(d, nick=f'n{chr(97 + i)}', room='ops') for i in range(3)]
            people[0].sync()
            late = Person(d, nick='late')
            late.say('/join ops')
            self.assertEqual(late.line(),
                             '*** you are in #ops (4 here; joins and leaves are not shown)')
            late.say('hello')
            self.assertEqual(people[0].line(), '<late> hello')


if __name__ == '__main__':
    main()
