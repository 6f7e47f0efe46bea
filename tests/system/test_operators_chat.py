#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators in the chat, by their account or by a Unix group, and what accounts
are worth that are banned or muted. Takes root, to be others."""

import contextlib
import grp
import pwd
import re

from accounts import Accounts, Somebody, as_user, log_in
from clients import Person, Program
from control import asked, said
from harness import Daemon, Test, main, wait_until

CHAT = '''chat: { protocol = "chat"; listen = [ "127.0.0.1:0", "chat.sock" ]; };
  echo: { protocol = "echo"; listen = "127.0.0.1:0"; };
  json: { protocol = "chat"; dialect = "json"; listen = "127.0.0.1:0"; };'''
OPERATORS = 'operators = [ "ann", "@mail" ];'
BOB = '127.0.0.2'
NOBODY = pwd.getpwnam('nobody')
MAIL = grp.getgrnam('mail').gr_gid


@contextlib.contextmanager
def started(*names, chat=OPERATORS):
    with Accounts(*names) as accounts, \
            Daemon('exempt = [ "127.0.0.1" ];' + accounts.config(CHAT, chat)) as daemon:
        yield daemon


class ByAccount(Test):
    def test_kicks_and_bans(self):
        with started('ann') as daemon:
            ann = Somebody(daemon, name='ann')
            self.assertTrue(ann.is_operator)
            bob = Person(daemon, nick='bob', source=BOB, address=daemon.addresses('chat')[0])
            ann.say('/kick bob too loud')
            ann.until('*** bob is disconnected')
            bob.until('*** disconnected: kicked by ann: too loud. Press Ctrl-C.')
            ann.until('*** bob left #lobby: kicked by ann: too loud')
            daemon.wait_log('notice operator did="kick bob" nick=ann by="account ann" conn=')
            bob = Person(daemon, nick='bob', source=BOB, address=daemon.addresses('chat')[0])
            ann.say('/ban bob 10m no')
            ann.until(re.compile(r'\*\*\* bob is banned until [\d: -]+; /unban bob ends it'))
            ann.until(f'*** bob is disconnected; /ban {BOB} bans the address')
            bob.until(re.compile(r'\*\*\* disconnected: banned until [\d: -]+: no\. .*'))
            bob = Person(daemon, source=BOB, address=daemon.addresses('chat')[0])
            ann.say(f'/ban {BOB} 10m')
            ann.until(re.compile(rf'\*\*\* {BOB} is banned until .*'))
            bob.until(re.compile(r'\*\*\* disconnected: banned until [\d: -]+\. .*'))
            daemon.wait_log('notice operator did="ban bob 10m" nick=ann by="account ann"')
            ann.say('/ban 127.0.0.1')
            ann.until('*** error: 127.0.0.1 cannot be banned: 127.0.0.1 is exempt by the '
                      'configuration')
            self.assertEqual({row['ban']: row['by'] for row in asked(daemon, 'bans')['bans']},
                             {'bob': 'account ann', BOB: 'account ann'})
            ann.say('/bans')
            ann.until(re.compile(r'\*\*\* bob until [\d: -]+, by account ann [\d: -]+: no'))
            ann.until('*** 2 bans; /unban ends one')
            ann.say('/help')
            ann.until('*** for operators: /kick  /mute  /ban  /unban  /bans  /lock')

    def test_a_program(self):
        with started('ann') as daemon:
            bot = Program(daemon, name='bot')
            bot.put('ban', target='192.0.2.1', message='no', ref=1)
            self.assertEqual(bot.until(ref=1)['code'], 'not_allowed')
            bot.put('login', username='ann', password='secret', ref=2)
            self.assertEqual(bot.until(ref=2)['type'], 'ok')
            bot.put('ban', target='192.0.2.1', message='no', ref=3)
            self.assertEqual(bot.until(type='ban'), {'type': 'ban', 'target': '192.0.2.1'})
            self.assertEqual(bot.until(ref=3)['type'], 'ok')
            bot.put('ban', target='192.0.2.2', duration='ten minutes', message='no', ref=5)
            self.assertEqual(bot.until(ref=5)['code'], 'bad_field')
            bot.put('bans')
            row = bot.until(type='bans')['bans'][0]
            self.assertEqual((row['target'], row['by'], row['message']),
                             ('192.0.2.1', 'account ann', 'no'))
            bot.put('lock', room='lobby')
            bot.put('lock', room='lobby', on=False, ref=4)
            self.assertEqual(bot.until(ref=4)['type'], 'ok')

    def test_one_no_longer(self):
        """What the configuration says now counts, for those who are there too."""
        with Accounts('ann') as accounts, Daemon(accounts.config(CHAT, OPERATORS)) as daemon:
            ann = Somebody(daemon, name='ann')
            ann.say('/bans')
            ann.until('*** 0 bans')
            daemon.write_config(accounts.config(CHAT, 'operators = [ ];'))
            said(daemon, 'reload', '--wait')
            ann.say('/bans')
            ann.until('*** error: /bans is for operators')


class ByGroup(Test):
    def test_over_a_unix_socket(self):
        with started('ann') as daemon:
            address = f'{daemon.dir}/chat.sock'
            with as_user(NOBODY.pw_uid, groups=[MAIL]):
                mail = Person(daemon, nick='mail', address=address)
            with as_user(NOBODY.pw_uid):
                other = Person(daemon, nick='other', address=address)
            wait_until(lambda: self.is_named(mail), 'the name of the user')
            other.say('/lock lobby')
            other.until('*** error: /lock is for operators')
            mail.say('/lock lobby')
            mail.until('*** #lobby is locked: only operators may join; /lock lobby off ends it')
            other.until('*** mail locked #lobby: only operators may join')
            mail.say('/ban zork')
            mail.until('*** zork is banned; /unban zork ends it')
            self.assertEqual(asked(daemon, 'bans')['bans'][0]['by'], 'user nobody')
            daemon.wait_log('notice operator did="lock lobby" nick=mail by="user nobody"')


    def is_named(self, person):
        """Names of users are looked up while all goes on."""
        person.say(f'/whois {person.nick}')
        person.until(re.compile(rf'\*\*\* {person.nick}: (.*)'))
        return 'user nobody on this machine' in person.match[1]


class Accounted(Test):
    def test_a_banned_account(self):
        with started('ann', 'bob') as daemon:
            ann = Somebody(daemon, name='ann')
            bob = Somebody(daemon, name='bob')
            bob.rename('robert')
            ann.say('/ban bob')
            bob.until('*** disconnected: banned. Press Ctrl-C.')
            again = Person(daemon)
            again.say('/login bob secret')
            again.until('*** error: the name "bob" is banned; choose another name')
            ann.say('/unban bob')
            ann.until('*** bob is no longer banned')
            log_in(again, 'bob')

    def test_a_muted_account(self):
        with started('ann', 'bob') as daemon:
            ann = Somebody(daemon, name='ann')
            bob = Somebody(daemon, name='bob')
            ann.say('/mute bob 1h')
            bob.until('*** ann has muted you: for 1h nothing that you say is sent')
            bob.say('/quit')
            bob.rest()
            again = Person(daemon)
            log_in(again, 'bob')
            again.say('hello')
            again.until('*** error: you are muted for 1h: that was not sent')
            ann.say('/mute bob 0')
            again.until('*** ann has unmuted you: you may speak again')
            again.say('thanks')
            self.assertNotIn('<bob> hello', ann.until('<bob> thanks'))
            wait_until(lambda: daemon.log('did="mute bob 1h" nick=ann'), 'it is logged')


if __name__ == '__main__':
    main()
