# SPDX-License-Identifier: GPL-3.0-or-later
"""Logging in by a password: who is who, who gives way, and what is refused."""

import contextlib
import json
import os
import re
import signal
import time
import unittest

from accounts import HASH, PASSWORD, WRONG, Accounts, Somebody, log_in, passwd
from clients import Client, Person, Program
from control import asked, refused, said
from harness import SANITIZED, Daemon, Test, main, wait_until
from netns import Space
from scrape import scrape

CHAT = '''chat: { protocol = "chat"; listen = [ "127.0.0.1:0", "chat.sock" ]; };
  json: { protocol = "chat"; dialect = "json"; listen = "127.0.0.1:0"; };'''
GUEST = re.compile(r'guest-[0-9a-z]{4}')


def reload(daemon):
    said(daemon, 'reload', '--wait')


class Login(Test):
    def test_who_one_is(self):
        with Accounts('alice', 'Bob') as a, Daemon(a.config(CHAT)) as d:
            carol = Person(d, nick='carol')
            p = Person(d)
            p.say('/login ALICE secret')
            self.assertEqual(p.line(), '*** you are logged in as alice')
            self.assertRegex(p.line(), r'\*\*\* you are now alice\. If you are cut off: /resume')
            self.assertEqual(carol.line(), '*** alice joined #lobby')
            carol.learns('alice', 'account alice, user root on this machine, in #lobby')
            p.say('/login bob secret')
            self.assertEqual(p.line(), '*** error: you are logged in as alice already; /quit, '
                             'and come again as another')
            d.wait_log('info logged in service=chat peer=unix conn=.* account=alice')
            self.assertEqual(d.log(PASSWORD), [])

    def test_wrong_ones(self):
        with Accounts('alice', locked='!', other='*' + HASH) as a, Daemon(a.config(CHAT)) as d:
            for name, password in (('alice', 'Secret'), ('nobody', PASSWORD),
                                   ('locked', '!'), ('other', PASSWORD),
                                   ('x' * 60, PASSWORD), ('a1ice', PASSWORD)):
                p = Person(d)
                p.say(f'/login {name} {password}')
                self.assertEqual(p.line(), WRONG)
                self.assertRegex(p.nick, GUEST)
                p.close()
            d.wait_log('notice login failed service=chat peer=unix conn=.* account=alice')
            d.wait_log('notice login failed .* account=-')
            p = Person(d)
            for line in ('/login', '/login alice'):
                p.say(line)
                self.assertEqual(p.line(), '*** error: write it so: /login NAME PASSWORD')
            for _ in range(3):
                p.say('/login alice wrong')
                self.assertEqual(p.line(), WRONG)
            p.say('/login alice secret')
            self.assertEqual(p.line(), '*** error: 3 wrong passwords are the most that one '
                             'connection may try')
            self.assertEqual(d.log('Secret|wrong'), [])

    def test_what_is_counted(self):
        metrics = 'metrics: { protocol = "metrics"; listen = "127.0.0.1:0"; };'
        with Accounts('alice') as a, Daemon(a.config(CHAT + metrics)) as d:
            p, q = Person(d), Person(d)
            for word in ('wrong', 'wrong', 'wrong', 'refused'):
                p.say(f'/login alice {word}')
                p.line()
            q.say('/login alice secret')
            q.until(re.compile(r'.*If you are cut off: /resume (\S+)'))
            for code in ('000000', '000000', q.match[1]):
                p.say(f'/resume {code}')
            p.until(re.compile(r'\*\*\* welcome back, alice: .*'))
            page = scrape(d)
            self.assertEqual(
                {k: int(v) for k, v in page.values.items() if k[0] == 'sockd_chat_logins_total'},
                {('sockd_chat_logins_total', (('how', how), ('result', result))): n
                 for how, result, n in (('password', 'right', 1), ('password', 'wrong', 3),
                                        ('password', 'refused', 1), ('code', 'right', 1),
                                        ('code', 'wrong', 2), ('code', 'refused', 0))})

    def test_too_many_from_an_address(self):
        """By whatever number of connections; others are let be."""
        with Accounts('alice') as a:
            with Daemon('exempt = [ ];' + a.config(CHAT)) as d:
                tcp = d.addresses('chat')[0]
                for _ in range(3):
                    p = Person(d, address=tcp)
                    p.say('/login alice wrong')
                    self.assertEqual(p.line(), WRONG)
                p = Person(d, address=tcp)
                p.say('/login alice secret')
                self.assertEqual(p.line(), '*** error: too many wrong passwords came from your '
                                 'address; try again in a minute')
                log_in(Person(d), 'alice')

    def test_in_order(self):
        """What comes behind it waits for the answer, however it comes; and the
        end of input waits as well."""
        with Accounts('alice', 'bob') as a, Daemon(a.config(CHAT)) as d:
            carol = Person(d, nick='carol')
            p = Person(d)
            p.send('/login alice secret\nhello\n/join ops\n/msg carol psst\n')
            lines = [carol.line(), carol.line(), carol.line(), carol.line()]
            self.assertEqual(lines, ['*** alice joined #lobby', '<alice> hello',
                                     '*** alice left #lobby', '[alice -> you] psst'])
            p = Person(d)
            p.send('one\n/login bob wrong\n/login bob secret\ntwo\nthree')
            p.half_close()
            rest = [line for line in p.rest_lines() if '***' in line]
            self.assertEqual(rest[2:4], [WRONG, '*** you are logged in as bob'])
            self.assertEqual([carol.line() for _ in range(6)][1::1][-4:], [
                f'*** {p.nick} is now bob', '<bob> two', '<bob> three', '*** bob left #lobby'])
            p = Person(d)
            p.send('/login bob secret')
            p.half_close()
            self.assertIn('*** you are logged in as bob', p.rest_lines())

    def test_programs(self):
        with Accounts('alice') as a, Daemon(a.config(CHAT, 'operators = "alice";')) as d:
            p = Program(d, name='bot')
            p.put('login', username='alice', password='wrong', ref=1)
            self.assertEqual(p.get(), {
                'type': 'error', 'code': 'not_allowed', 'ref': 1,
                'message': WRONG.removeprefix('*** error: ')})
            p.put('login', username='alice')
            self.assertEqual(p.get()['code'], 'bad_field')
            p.put('login', username='alice', password='secret', ref='x')
            p.put('ping')
            self.assertEqual(p.get(), {'type': 'login', 'username': 'alice', 'operator': True})
            self.assertEqual(p.get(), {'type': 'ok', 'ref': 'x'})
            self.assertEqual(p.get(), {'type': 'pong'})
            p.put('whois', username='alice')
            got = p.get()
            self.assertEqual((got['account'], got['operator']), ('alice', True))
            self.assertNotIn('user', got)

    def test_telnet(self):
        with Accounts('alice') as a, Daemon(a.config(CHAT)) as d:
            p = Client(d, 'chat')
            p.send(b'\xff\xfd\x06/login alice xx\x7f\x7fsecret\r\n/quit\r\n')
            self.assertIn(b'*** you are logged in as alice\r\n', p.rest())

    def test_without_accounts(self):
        with Daemon(f'services: {{ {CHAT} }};') as d:
            p = Person(d)
            p.say('/login alice secret')
            self.assertEqual(p.line(), '*** error: this server has no accounts; /nick NAME '
                             'takes a name')


def is_in_memory(daemon, text):
    """True if the bytes lie anywhere in the daemon's writable memory."""
    with open(f'/proc/{daemon.pid}/maps', encoding='ascii') as maps, \
            open(f'/proc/{daemon.pid}/mem', 'rb', buffering=0) as memory:
        for line in maps:
            where, mode, *_ = line.split()
            begin, end = (int(part, 16) for part in where.split('-'))
            if not mode.startswith('rw') or end - begin > 1 << 30:
                continue
            memory.seek(begin)
            with contextlib.suppress(OSError):
                if text in memory.read(end - begin):
                    return True
    return False


@unittest.skipIf(SANITIZED, 'sanitizers keep copies')
class Memory(Test):
    # What is freed loses its first bytes, so it is known by its end.
    ENDS = 'Right-4711-Umbrella', 'Wrong-4711-Umbrella'
    RIGHT, WRONG = ('a-zebra-with-stripes-' + end for end in ENDS)

    def test_no_password_is_left(self):
        """In none of the ways that it may come in."""
        hashed = passwd('x', data=self.RIGHT + '\n').stdout.split(':')[1].strip()
        with Accounts(alice=hashed) as a, Daemon(a.config(CHAT)) as d:
            p = Person(d)
            p.say('a line that stays: Said-4711-Umbrella')
            p.sync()
            self.assertTrue(is_in_memory(d, b'Said-4711-Umbrella'))
            for ending in ('\n', '\r\n'):
                p = Person(d)
                p.send(f'/login alice {self.WRONG}{ending}')
                p.until(WRONG)
                p.send(f'hello{ending}/login alice {self.RIGHT}{ending}more{ending}')
                p.until('*** you are logged in as alice')
            p = Client(d, 'chat', first=b'\xff\xfd\x06\r\n')
            p.send(f'/login alice {self.WRONG}\r\n/login alice {self.RIGHT}\r\n/quit\r\n')
            self.assertIn(b'*** you are logged in as alice\r\n', p.rest())
            p = Client(d, 'chat', first=b'\n')
            p.send(f'/login alice {self.WRONG}')
            p.half_close()
            self.assertIn(WRONG, p.rest_lines())
            prog = Program(d)
            prog.get()
            for password in (self.WRONG, self.RIGHT):
                prog.put('login', username='alice', password=password)
                prog.get()
            prog.put('login', username='alice', password=self.WRONG)
            self.assertEqual(prog.get()['code'], 'not_allowed')
            for end in self.ENDS:
                self.assertFalse(is_in_memory(d, end.encode()), end)


class Names(Test):
    def test_names_are_kept(self):
        """However they are asked for, and whatever looks like them."""
        with Accounts('alice', 'Bill_0') as a, Daemon(a.config(CHAT)) as d:
            p, prog = Person(d), Program(d)
            prog.get()
            for nick, account in (('alice', 'alice'), ('ALICE', 'alice'), ('a1ice', 'alice'),
                                  ('aLlce', 'alice'), ('bill_o', 'Bill_0'), ('B1LL_O', 'Bill_0')):
                p.say(f'/nick {nick}')
                self.assertEqual(
                    p.line(), f'*** error: "{nick}" is kept for the account {account}; if that '
                    f'is you: /login {account} PASSWORD')
                prog.put('join', room='lobby', username=nick)
                got = prog.get()
                self.assertEqual((got['code'], got['message']), (
                    'name_taken', f'"{nick}" is kept for the account {account}'))
            log_in(p, 'alice')
            p.rename('alfred')
            p.rename('alice')
            p.rename('A1ICE')  # one's own
            log_in(Person(d), 'bill_0')

    def test_a_guest_gives_way(self):
        """Who came before the account did, called like it or alike."""
        for nick in ('alice', 'Alice', 'a1ice'):
            with self.subTest(nick=nick), Accounts() as a, Daemon(a.config(CHAT)) as d:
                guest = Person(d, nick=nick)
                carol = Program(d, name='carol')
                a.write('alice')
                reload(d)
                guest.sync()
                p = Somebody(d)
                line = guest.line()
                self.assertRegex(line, r'\*\*\* alice has logged in, whose name that is; you '
                                 r'are now guest-....$')
                name = line[-10:]
                got = carol.until(event='nick')
                self.assertEqual((got['username'], got['new_username']), (nick, name))
                self.assertEqual(carol.until(event='join')['username'], 'alice')
                guest.say('/nick alice')
                guest.until(re.compile('.*kept for the account alice.*'))
                guest.say('still here')
                self.assertEqual(p.line(), f'<{name}> still here')
                self.assertEqual(carol.get()['username'], name)

    def test_your_ghost_gives_way(self):
        with Accounts('alice') as a, Daemon(a.config(CHAT)) as d:
            carol = Person(d, nick='carol')
            old = Somebody(d)
            prog = Program(d)
            prog.get()
            prog.put('login', username='alice', password=PASSWORD)
            self.assertEqual(prog.get()['type'], 'login')
            self.assertEqual(old.rest_lines()[-1], '*** disconnected: you came back on another '
                             'connection. Press Ctrl-C.')
            self.assertEqual([carol.line(), carol.line()], [
                '*** alice joined #lobby',
                '*** alice left #lobby: came back on another connection'])
            d.wait_log('closed service=chat .* nick=alice reason=resumed')
            # and so on, by many at once: the last one has the name
            people = [Person(d) for _ in range(8)]
            for p in people:
                p.say('/login alice secret')
            for p in people:
                p.until('*** you are logged in as alice')
            carol.say('/whois alice')
            carol.until(re.compile(r'\*\*\* alice: account alice, .*'))
            self.assertEqual(len(asked(d, 'clients', 'nick=alice')['clients']), 1)

    def test_resume(self):
        """The code brings the account back with the name, but no account that is
        gone; others do not get the name meanwhile."""
        with Accounts('alice') as a, Daemon(a.config(CHAT, 'operators = "alice";')) as d:
            def cut():
                p = Person(d)
                p.say('/login alice secret')
                p.until(re.compile(r'.* If you are cut off: /resume (\S+)'))
                code = p.match[1]
                p.close()
                wait_until(lambda: not asked(d, 'clients', 'nick=alice')['clients'], 'gone')
                return code
            code = cut()
            p = Person(d)
            p.say('/nick a1ice')
            self.assertRegex(p.line(), 'kept for the account alice')
            p.say(f'/resume {code}')
            p.until(re.compile(r'\*\*\* welcome back, alice: .*'))
            p.until(re.compile(r'\*\*\* you are in #lobby .*'))
            p.learns('alice', 'account alice, user root on this machine, operator, in #lobby')
            p.close()
            wait_until(lambda: not asked(d, 'clients', 'nick=alice')['clients'], 'gone')
            code = cut()
            a.write(alice='!')
            reload(d)
            p = Person(d)
            p.say(f'/resume {code}')
            p.until(re.compile(r'\*\*\* welcome back, guest-....: .*'))
            p.learns(p.nick, 'user root on this machine, in #lobby')

    def test_reload(self):
        """Accounts come and go; a file with a mistake changes nothing."""
        with Accounts('alice') as a:
            config = a.config(CHAT, 'operators = "alice";')
            with Daemon(config, allow_errors='accounts:|reload failed') as d:
                alice = Somebody(d)
                self.assertTrue(alice.is_operator)
                a.write('alice', 'bob')
                reload(d)
                d.wait_log('chat.accounts: 1 accounts -> 2 accounts applied')
                bob = Somebody(d, name='bob')
                a.write_text(f'alice:{HASH}\nbob:nonsense\n')
                refused(d, 'reload', '--wait')
                d.wait_log(f'error {a.path}:2: bob: this is not a password hash')
                carol = Person(d)
                log_in(carol, 'bob')  # the old ones are in force
                self.assertIn('resumed', asked(d, 'closed')['connections'][0]['reason'])
                d.write_config(config.replace('"alice"', '"bob"'))
                a.write('bob')
                reload(d)
                carol.learns('alice', 'user root on this machine, in #lobby')
                carol.learns('bob', 'account bob, user root on this machine, operator, in #lobby')


class Terms(Test):
    PLAIN = '*** error: nothing hides a password on its way here; log in where sockd runs, ' \
        'by a unix socket'
    HELD = '*** error: log in first: /login NAME PASSWORD'

    @unittest.skipUnless(os.geteuid() == 0, 'needs root')
    def test_plain(self):
        services = '''a: {{ protocol = "chat"; listen = "*:4000"; }};
            b: {{ protocol = "chat"; listen = "*:4001"; login_plain = true; }};'''.format()
        with Space() as space, Accounts('alice') as a:
            space.run('ip', 'addr', 'add', '192.0.2.1/32', 'dev', 'lo')
            with Daemon(a.config(services), prefix=space.prefix) as d, space:
                for host, port, is_in in (('192.0.2.1', 4000, False), ('127.0.0.1', 4000, True),
                                          ('192.0.2.1', 4001, True)):
                    with space.inside():
                        p = Person(d, address=(host, port))
                    p.say('/login alice secret')
                    self.assertEqual(p.line(), '*** you are logged in as alice' if is_in
                                     else self.PLAIN)
                    p.say('/quit')
                    p.rest()

    def test_required(self):
        service = '''chat: { protocol = "chat"; listen = "127.0.0.1:0"; login = "required";
            room = "ops"; };
          open: { protocol = "chat"; listen = "127.0.0.1:0"; room = "ops"; };
          json: { protocol = "chat"; dialect = "json"; listen = "127.0.0.1:0";
            login = "required"; };'''
        with Accounts('alice', 'bob') as a, Daemon(a.config(service)) as d:
            other = Person(d, 'open', nick='other')
            p = Client(d, 'chat', first=b'\n')
            self.assertRegex(p.line(), r'^\*\*\* welcome to sockd\. You are guest-....$')
            self.assertEqual(p.line(), '*** log in to go on: /login NAME PASSWORD. /help '
                             'explains a command, /quit leaves')
            for line in ('hello', '/nick bob', '/join lobby', '/msg other hi', '/who', '/part',
                         '/resume abcd-ef', '/me waves', '/whois other', '/topic x', '/rooms',
                         '/away', '/history', '/ping'):
                p.say(line)
                self.assertEqual(p.line(), self.HELD, line)
            p.say('/help login')
            self.assertRegex(p.line(), '/login NAME PASSWORD: ')
            p.say('/login alice wrong')
            self.assertEqual(p.line(), WRONG)
            self.assertEqual(other.sync(), [])
            p.send('/login alice secret\nhere I am\n')
            self.assertEqual(p.line(), '*** you are logged in as alice')
            self.assertRegex(p.line(), 'you are now alice')
            self.assertEqual(p.line(), '*** you are in #ops (2 here)')
            self.assertEqual([other.line(), other.line()],
                             ['*** alice joined #ops', '<alice> here I am'])
            p.say('/part')
            self.assertEqual(p.line(), '*** you are in #ops (2 here)')
            prog = Program(d)
            self.assertEqual(prog.get()['type'], 'welcome')
            for request in ({'type': 'join', 'room': 'ops', 'username': 'x', 'ref': 1},
                            {'type': 'ping', 'ref': 1}, {'type': 'chat', 'message': 'x', 'ref': 1}):
                prog.send(json.dumps(request))
                self.assertEqual(prog.get(), {'type': 'error', 'code': 'not_allowed',
                                              'message': 'log in first', 'ref': 1})
            prog.put('login', username='bob', password='secret')
            self.assertEqual(prog.get()['username'], 'bob')
            prog.put('join', room='ops', username='bob')
            self.assertEqual(prog.get()['event'], 'join')
            q = Client(d, 'chat', first=b'/quit\n')
            self.assertIn('*** disconnected: bye. Press Ctrl-C.', q.rest_lines())


class Storms(Test):
    def test_the_log_is_not_filled(self):
        """Whoever has a password may come again and again."""
        names = [f'number-{i}' for i in range(80)]
        with Accounts(*names) as a, Daemon(a.config(CHAT)) as d:
            begun = time.monotonic()
            for name in names:
                Somebody(d, name=name).close()
            last = Person(d)
            last.say('/login number-0 wrong')
            last.until(WRONG)
            d.wait_log('login failed')  # it is behind the others
            took = time.monotonic() - begun
            logged = len(d.log('logged in'))
            self.assertGreaterEqual(logged, 50)
            self.assertLessEqual(logged, 50 + took + 1)

    def test_many_wrong_ones(self):
        """More than wait their turn are told so, and nobody else waits."""
        n = 150
        with Accounts('alice', slow=passwd('slow').stdout.split(':')[1].strip()) as a:
            with Daemon(a.config(CHAT)) as d:
                talker, hearer = Person(d, nick='talker'), Person(d, nick='hearer')
                people = [Client(d, 'json') for _ in range(n)]
                for p in people:
                    p.line()
                with d.stopped():
                    for p in people:
                        p.send('{"type":"login","username":"slow","password":"wrong"}')
                for i in range(20):
                    talker.say(f'line {i}')
                    hearer.until(f'<talker> line {i}')
                codes = [json.loads(p.line())['code'] for p in people]
                self.assertEqual(sorted(set(codes)), ['busy', 'not_allowed'])
                # one by one, 64 wait and one is at it
                self.assertGreaterEqual(codes.count('not_allowed'), 64)
                log_in(talker, 'slow')

    def test_leaving_while_it_is_compared(self):
        with Accounts(slow=passwd('slow').stdout.split(':')[1].strip()) as a:
            with Daemon(a.config(CHAT)) as d:
                for _ in range(30):
                    p = Client(d, 'json')
                    p.send('{"type":"login","username":"slow","password":"secret"}')
                    p.close()
                Somebody(d, name='slow').close()
                for _ in range(10):
                    Client(d, 'json').send(
                        '{"type":"login","username":"slow","password":"secret"}')
                d.signal(signal.SIGTERM)
                self.assertEqual(d.wait(), 0)


if __name__ == '__main__':
    main()
