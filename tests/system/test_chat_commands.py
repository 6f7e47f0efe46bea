# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands by which people arrange the chat for themselves: being away,
ignoring, the time, the bell, quiet; and what they may ask about others."""

import re

from clients import NC, Child, Person, target
from harness import Daemon, Test, main

CONFIG = '''
services: { chat: { protocol = "chat"; listen = "127.0.0.1:0"; flood: { rate = "0"; }; }; };
'''
CLOCK = r'[0-2]\d:[0-5]\d'


class Commands(Test):
    def setUp(self):
        self.d = Daemon(CONFIG)
        self.addCleanup(lambda: self.d.__exit__(None, None, None))
        self.a = Person(self.d, nick='alice')
        self.b = Person(self.d, nick='bob')
        self.meet(self.a, self.b)

    def meet(self, *people):
        """Everybody has heard everybody, and read it."""
        for p in people:
            p.say('hi')
            for other in people:
                if other is not p:
                    other.until(f'<{p.nick}> hi')

    def answer(self, person, line):
        person.say(line)
        lines = person.sync()
        self.assertEqual(len(lines), 1, lines)
        return lines[0]

    def test_help_fits_a_screen(self):
        self.a.say('/help')
        lines = self.a.sync()
        self.assertLessEqual(len(lines), 23)
        text = '\n'.join(lines)
        for line in lines:
            self.assertTrue(line.startswith('*** '), line)
            self.assertLess(len(line), 80)
        for verb in ('away', 'back', 'bell', 'help', 'history', 'ignore', 'join', 'login',
                     'me', 'motd', 'msg', 'nick', 'part', 'ping', 'quiet', 'quit', 'reply',
                     'resume', 'rooms', 'say', 'time', 'topic', 'version', 'who', 'whois'):
            self.assertRegex(text, rf'/{verb}\b')
            self.assertRegex(self.answer(self.a, f'/help {verb}'), rf'^\*\*\* /{verb}\b.*: \S')

    def test_prefixes(self):
        self.assertEqual(self.answer(self.a, '/re x'),
                         '*** error: /re may be /reply or /resume; write more of it')
        self.assertEqual(self.answer(self.a, '/qu'),
                         '*** error: /qu may be /quiet or /quit; write more of it')
        self.assertEqual(self.answer(self.a, '/aw'), '*** you are away until /back')
        self.assertEqual(self.answer(self.a, '/BA'), '*** you are back')
        self.assertEqual(self.answer(self.a, '/ignor'),
                         '*** you ignore nobody; /ignore NICK begins to')
        self.assertEqual(self.answer(self.a, '/ingore bob'),
                         '*** error: there is no command /ingore; did you mean /ignore?')
        self.assertEqual(self.b.sync(), [])

    def test_away(self):
        self.assertEqual(self.answer(self.b, '/away gone fishing'),
                         '*** you are away until /back: gone fishing')
        self.assertEqual(self.answer(self.a, '/who'), '*** 2 in #lobby: alice, bob (away)')
        self.a.say('/msg bob hello?')
        self.assertEqual(self.a.sync(), ['[you -> bob] hello?', '*** bob is away: gone fishing'])
        self.assertEqual(self.answer(self.a, '/msg bob still?'), '[you -> bob] still?')
        self.b.sync()
        self.b.say('I say something')
        self.a.until('<bob> I say something')
        self.assertEqual(self.answer(self.a, '/who'), '*** 2 in #lobby: alice, bob (away)')
        self.assertEqual(self.answer(self.b, '/back'), '*** you are back')
        self.assertEqual(self.answer(self.a, '/who'), '*** 2 in #lobby: alice, bob')

    def test_whois(self):
        self.assertRegex(self.answer(self.a, '/whois BOB'),
                         r'^\*\*\* bob: guest, in #lobby, here \d+s, silent \d+s$')
        self.b.say('/away tea')
        self.b.sync()
        self.a.say('/whois bob')
        self.assertEqual(self.a.sync()[1:], ['*** bob is away: tea'])
        self.assertEqual(self.answer(self.a, '/whois bbo'),
                         '*** error: nobody here is called "bbo"; did you mean bob?')

    def test_ignore(self):
        c = Person(self.d, nick='carol')
        self.meet(self.a, self.b, c)
        for p in (self.a, self.b, c):
            p.sync()
        self.assertEqual(self.answer(self.a, '/ignore bob'),
                         '*** you ignore bob from now on; /ignore bob ends it')
        self.b.say('room')
        self.b.say('/me acts')
        self.b.say('/nick robert')
        self.b.say('/msg alice psst')
        self.b.say('renamed')
        c.until('<robert> renamed')
        c.say('other')
        self.b.until('<carol> other')
        self.assertEqual(self.a.sync(), ['*** bob is now robert', '<carol> other'])
        self.a.say('/history')
        self.assertEqual([x for x in self.a.sync() if 'bob' in x or 'robert' in x], [])
        self.assertEqual(self.answer(self.a, '/ignore'), '*** you ignore 1: robert')
        self.assertEqual(self.answer(self.a, '/ignore robert'), '*** you no longer ignore robert')
        self.b.say('heard again')
        self.b.say('/msg alice psst')
        self.a.until('<robert> heard again')
        self.assertEqual(self.a.line(), '[robert -> you] psst')
        self.a.say('/join ops')
        self.a.until(re.compile(r'\*\*\* you are in #ops.*'))
        self.a.say('/ignore carol')
        self.a.say('/part')
        lines = self.a.sync()
        self.assertRegex('\n'.join(lines), rf'{CLOCK} <robert> heard again')
        self.assertNotIn('carol> other', '\n'.join(lines))

    def test_ignore_has_bounds(self):
        self.assertEqual(self.answer(self.a, '/ignore alice'), '*** error: that is you')
        people = [Person(self.d, nick='n' + chr(97 + i // 6) + chr(97 + i % 6))
                  for i in range(33)]
        self.a.sync()
        for p in people[:32]:
            self.a.say(f'/ignore {p.nick}')
            self.a.until(re.compile(rf'\*\*\* you ignore {p.nick} .*'))
        self.a.sync()
        self.assertEqual(self.answer(self.a, f'/ignore {people[32].nick}'),
                         '*** error: you ignore 32 people, which is the most; '
                         '/ignore lists them')
        people[5].say('unheard')
        people[32].say('heard')
        self.a.until(f'<{people[32].nick}> heard')
        for p in people:
            p.sync()

    def test_time(self):
        self.assertEqual(self.answer(self.a, '/time on'),
                         '*** messages come with the time; /time off ends it')
        self.b.say('what time is it')
        self.assertRegex(self.a.line(), rf'^{CLOCK} <bob> what time is it$')
        self.b.say('/me waits')
        self.assertRegex(self.a.line(), rf'^{CLOCK} \* bob waits$')
        self.b.say('/msg alice late')
        self.assertRegex(self.a.line(), rf'^{CLOCK} \[bob -> you\] late$')
        self.b.say('/topic tea')
        self.assertEqual(self.a.line(), '*** bob set the topic: tea')
        self.assertEqual(self.answer(self.a, '/time off'), '*** messages come without the time')
        self.a.say('hello')
        self.b.until('<alice> hello')
        self.b.say('no more')
        self.assertEqual(self.a.line(), '<bob> no more')
        self.assertEqual(self.answer(self.a, '/time'), '*** error: write it so: /time on|off')
        self.assertEqual(self.answer(self.a, '/time now'),
                         '*** error: "now" is neither on nor off; write /time on or /time off')

    def test_bell(self):
        """Only for who wants it, only when it is meant; nobody can send one."""
        self.answer(self.a, '/bell on')
        self.b.send(b'bell\x07\n')
        self.assertEqual(self.a.raw_line(), '<bob> bell\u2407\n'.encode())
        self.b.say('Alice: hello')
        self.assertEqual(self.a.raw_line(), b'<bob> Alice: hello\a\n')
        self.b.say('/me looks at alice')
        self.assertEqual(self.a.raw_line(), b'* bob looks at alice\a\n')
        self.b.say('malice')
        self.assertEqual(self.a.raw_line(), b'<bob> malice\n')
        self.b.say('/msg alice psst')
        self.assertEqual(self.a.raw_line(), b'[bob -> you] psst\a\n')
        self.b.sync()
        self.a.say('/msg bob alice here')
        self.assertEqual(self.a.raw_line(), b'[you -> bob] alice here\n')
        self.assertEqual(self.b.raw_line(), b'[alice -> you] alice here\n')
        self.a.say('bob!')
        self.assertEqual(self.b.raw_line(), b'<alice> bob!\n')
        self.a.say('/nick alicia')
        self.a.until(re.compile(r'\*\*\* you are now alicia.*'))
        self.b.until('*** alice is now alicia')
        self.b.say('alice')
        self.b.say('alicia')
        self.assertEqual(self.a.raw_line(), b'<bob> alice\n')
        self.assertEqual(self.a.raw_line(), b'<bob> alicia\a\n')
        self.answer(self.a, '/bell off')
        self.b.say('alicia')
        self.assertEqual(self.a.raw_line(), b'<bob> alicia\n')

    def test_quiet(self):
        self.answer(self.a, '/quiet on')
        c = Person(self.d, nick='carol')
        self.b.until('*** carol joined #lobby')
        c.rename('caroline')
        c.say('/join ops')
        self.b.until('*** caroline left #lobby')
        c.say('/part')
        c.until(re.compile(r'\*\*\* you are in #lobby.*'))
        c.say('/topic tea')
        self.assertEqual(self.a.line(), '*** caroline set the topic: tea')
        self.answer(self.a, '/quiet off')
        c.say('/join ops')
        self.assertEqual(self.a.line(), '*** caroline left #lobby')

    def test_login(self):
        self.assertEqual(self.answer(self.a, '/login alice secret'),
                         '*** error: this server has no accounts; /nick NAME takes a name')
        self.assertEqual(self.b.sync(), [])
        self.assertEqual(self.d.log('secret'), [])

    def test_all_at_once_with_netcat(self):
        """Several renderings and pickings in one room, told in one batch."""
        c = Child(self.d, NC, *target(self.d.address('chat')))
        c.until(re.compile('.*/help lists the commands'))
        c.say('/nick carol')
        c.until(re.compile(r'\*\*\* you are now carol.*'))
        for line in ('/time on', '/bell on', '/quiet on', '/ignore alice'):
            c.say(line)
            c.line()
        e = Person(self.d, nick='eve')
        e.say('/bell on')
        e.sync()
        self.b.send('one\ntwo carol\n')
        self.b.sync()
        self.a.send('hidden\n')
        self.a.sync()
        self.b.send('three\n')
        self.assertRegex(c.line(), rf'^{CLOCK} <bob> one$')
        self.assertRegex(c.line(), rf'^{CLOCK} <bob> two carol\a$')
        self.assertRegex(c.line(), rf'^{CLOCK} <bob> three$')
        e.until('<bob> one')
        self.assertEqual([e.line() for _ in range(3)],
                         ['<bob> two carol', '<alice> hidden', '<bob> three'])


if __name__ == '__main__':
    main()
