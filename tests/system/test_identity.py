# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's word on who is at the other end of a unix socket, and what the
configuration says of accounts and operators. Takes root, to be others."""

import grp
import os
import pty
import pwd
import re
import stat
import subprocess
import termios
import unittest

from accounts import HASH, PASSWORD, Accounts, as_user, log_in, passwd
from clients import Client, Lines, Person, Program
from control import SOCKCTL, asked, refused, said
from harness import PATIENCE, Daemon, Test, main, run_sockd, wait_until

CHAT = '''chat: { protocol = "chat"; listen = [ "127.0.0.1:0", "chat.sock" ]; };
  json: { protocol = "chat"; dialect = "json"; listen = "json.sock"; };'''
POST = 'post: { protocol = "post"; listen = "post.sock"; };'
NOBODY = pwd.getpwnam('nobody')
MAIL, USERS = grp.getgrnam('mail').gr_gid, grp.getgrnam('users').gr_gid
is_root = unittest.skipUnless(os.geteuid() == 0, 'takes root, to be others')


@is_root
class Users(Test):
    def test_whois(self):
        with Daemon(f'services: {{ {CHAT} }};') as d:
            alice = Person(d, address=d.addresses('chat')[0], nick='alice')
            for uid, name in ((NOBODY.pw_uid, 'nobody'), (54321, 'uid-54321'), (0, 'root')):
                with as_user(uid):
                    Person(d, nick=f'p{uid}')
                alice.learns(f'p{uid}', f'user {name} on this machine, in #lobby')
            alice.learns('alice', 'guest, in #lobby')
            prog = Program(d, name='bot')
            prog.put('whois', username=f'p{NOBODY.pw_uid}')
            got = prog.get()
            self.assertEqual(got['user'], 'nobody')
            self.assertNotIn('account', got)
            self.assertNotIn('operator', got)
            row = asked(d, 'clients', f'nick=p{NOBODY.pw_uid}')['clients'][0]
            row = asked(d, 'client', str(row['id']))
            self.assertEqual((row['user'], row['account'], row['operator']),
                             ('nobody', None, False))

    def test_operators(self):
        """By account, and by group: the first one of a user, and the others."""
        with Accounts('alice', 'bob') as a:
            config = a.config(CHAT, 'operators = [ "ALICE", "@mail", "@users" ];')
            with Daemon(config) as d:
                here = Person(d, address=d.addresses('chat')[0], nick='here')
                cases = (('in-mail', MAIL, ()), ('in-users', NOBODY.pw_gid, (1, USERS, 7)),
                         ('in-none', NOBODY.pw_gid, (1, 7)), ('many', 1, range(500, 900)))
                for nick, gid, groups in cases:
                    with as_user(NOBODY.pw_uid, gid, groups):
                        p = Person(d, nick=nick)
                    here.learns(nick, 'user nobody on this machine, ' + (
                        'operator, in #lobby' if nick in ('in-mail', 'in-users')
                        else 'in #lobby'))
                with as_user(NOBODY.pw_uid):
                    p = Person(d)
                    log_in(p, 'bob')
                    self.assertFalse(p.is_operator)
                    p = Person(d)
                    log_in(p, 'alice')
                    self.assertTrue(p.is_operator)
                here.learns('alice', 'account alice, user nobody on this machine, operator, '
                           'in #lobby')
                # root has sockctl; nobody else is an operator unasked
                Person(d, nick='root')
                here.learns('root', 'user root on this machine, in #lobby')
                d.write_config(config.replace('"ALICE", "@mail"', '"bob"'))
                said(d, 'reload', '--wait')
                here.learns('in-mail', 'user nobody on this machine, in #lobby')
                here.learns('in-users', 'user nobody on this machine, operator, in #lobby')
                here.learns('bob', 'account bob, user nobody on this machine, operator, '
                           'in #lobby')

    def test_post(self):
        """A user's own name is the user's, one that looks like another is not
        said under."""
        with Accounts('noBody') as a, Daemon(a.config(CHAT + POST)) as d:
            here = Person(d, address=d.addresses('chat')[0], nick='r00t')
            for uid, said_as in ((NOBODY.pw_uid, 'nobody'), (0, None)):
                with as_user(uid):
                    c = Client(d, 'post')
                c.say('hi')
                line = c.line()
                if said_as:
                    self.assertRegex(line, r'^ok \d+$')
                    self.assertEqual(here.line(), f'<{said_as}> hi')
                else:
                    self.assertEqual(line, 'error: your name, root, looks like that of somebody '
                                     'else in the chat; it was not sent')
            here.rename('other')
            c = Client(d, 'post')
            c.say('hi')
            self.assertRegex(c.line(), r'^ok \d+$')
            self.assertEqual(here.line(), '<root> hi')
            a.write('rO0t')
            said(d, 'reload', '--wait')
            c = Client(d, 'post')
            c.say('hi')
            self.assertRegex(c.line(), '^error: your name, root, looks like')


class Checks(Test):
    def test_findings(self):
        """Each with the file and the line it is in."""
        with Accounts() as a:
            path = os.path.join(a.directory.name, 'sockd.conf')

            def check(chat, accounts=None, mode=0o600, services=CHAT):
                if accounts is not None:
                    a.write_text(accounts, mode)
                with open(path, 'w', encoding='utf-8') as out:
                    out.write(f'services: {{ {services} }};\nchat: {{\n{chat}\n}};\n')
                done = run_sockd('-t', '-f', path)
                return done.returncode, done.stderr
            good = f'# people\n\n alice:{HASH} \r\nbob:!\n'
            self.assertEqual(check('accounts = "accounts";', good), (0, ''))
            self.assertEqual(check(f'accounts = "{a.path}";'), (0, ''))
            self.assertEqual(check('accounts = "accounts";', good, 0o644), (0, (
                f'warning: {a.path}: anybody may read these password hashes; chmod o= '
                'mends it\n')))
            self.assertEqual(check('accounts = "accounts";', good, 0o602), (78, (
                f'{a.path}: anybody may write to this file; chmod o= mends it\n')))
            self.assertEqual(check('accounts = "none";', good), (78, (
                f'{path}:4: chat.accounts: {a.directory.name}/none cannot be read: No such '
                'file or directory\n')))
            self.assertEqual(check('accounts = "accounts";\noperators = [ "bob",\n"carol" ];'),
                             (0, f'warning: {path}:6: chat.operators: there is no account "carol" '
                              f'in {a.path}\n'))
            self.assertEqual(check('operators = "carol";'), (0, (
                f'warning: {path}:4: chat.operators: there are no accounts, so nobody is '
                '"carol"; write chat.accounts\n')))
            code, text = check('accounts = "accounts";', (
                f'alice:{HASH}\nnonsense\n9x:{HASH}\na1ice:{HASH}\nbob:\ncarol:x\n'
                f'dave:{HASH[:-1]}\nerin:$1$md5md5md$abcdefghijklmnopqrstuv\n'
                'fred:$y$jFT$sodium$IwTmMKlsaeOO6brfZUmJTwvLEgoa/TABm2FWfM5r0p4\n'
                'post:!\nALICE:*\nguest-1:!\n'), services=CHAT + POST)
            self.assertEqual(code, 78)
            lines = text.splitlines()
            self.assertNotIn(HASH[:20], text)
            for number, words in ((2, 'a line is NAME:HASH'), (3, '"9x" cannot be the name'),
                                  (4, 'a1ice: this account looks like alice of line 1'),
                                  (5, 'bob: there is no password hash; write \\* to lock'),
                                  (6, 'carol: this is not a password hash'),
                                  (7, 'dave: this is not a whole password hash'),
                                  (8, 'erin: this kind of password hash is not taken'),
                                  (9, 'fred: this yescrypt hash takes more than 64 MiB'),
                                  (11, 'ALICE: this account is alice of line 1|looks like a1ice'),
                                  (12, '"guest-1" cannot be the name')):
                self.assertTrue(any(re.match(rf'{a.path}:{number}: .*({words})', x)
                                    for x in lines), (number, lines))
            code, text = check('accounts = "accounts";', 'P0st:!\n', services=CHAT + POST)
            self.assertEqual((code, text), (78, (
                f'{a.path}:1: P0st: this account looks like the name that the service post has '
                'in the chat\n')))

    def test_a_fifo_and_a_directory(self):
        with Accounts() as a:
            fifo = os.path.join(a.directory.name, 'fifo')
            os.mkfifo(fifo)
            for path, why in ((fifo, 'not a regular file'), (a.directory.name, 'a directory')):
                conf = os.path.join(a.directory.name, 'sockd.conf')
                with open(conf, 'w', encoding='utf-8') as out:
                    out.write(f'services: {{ {CHAT} }};')
                done = run_sockd('-t', '-f', conf, '-o', f'chat.accounts={path}')
                self.assertEqual(done.returncode, 64)
                self.assertIn(f'-o chat.accounts: {path} cannot be read: it is {why}',
                              done.stderr)


    def test_finding_without_a_line(self):
        """What is wrong with the file, and with no line of it."""
        with Accounts('alice') as a, Daemon(a.config(CHAT)) as d:
            os.chmod(a.path, 0o604)
            finding, = asked(d, 'diff')['findings']
            self.assertEqual((finding['file'], finding['line']), (a.path, None))
            self.assertRegex(said(d, 'diff'), re.escape(a.path) + ' +- +warning +anybody may')


class Passwd(Test):
    def test_prints_or_writes(self):
        with Accounts() as a:
            done = passwd('Alice')
            self.assertEqual((done.returncode, done.stderr), (0, ''))
            self.assertRegex(done.stdout, r'^Alice:\$y\$j9T\$[^:]+\n$')
            path = os.path.join(a.directory.name, 'new')
            self.assertEqual(passwd('alice', path).stdout, '')
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o640)
            a.write_text(f'# first\nalice:{HASH}\nbob:!\n# end', 0o604)
            if os.geteuid() == 0:
                os.chown(a.path, NOBODY.pw_uid, MAIL)
            link = os.path.join(a.directory.name, 'link')
            os.symlink('accounts', link)
            self.assertEqual(passwd('ALICE', link).returncode, 0)
            self.assertEqual(passwd('carol', a.path).returncode, 0)
            with open(a.path, encoding='utf-8') as text:
                lines = text.read().splitlines()
            self.assertEqual([line.partition(':')[0] for line in lines],
                             ['# first', 'ALICE', 'bob', '# end', 'carol'])
            self.assertTrue(os.path.islink(link))
            st = os.stat(a.path)
            self.assertEqual(stat.S_IMODE(st.st_mode), 0o604)
            if os.geteuid() == 0:
                self.assertEqual((st.st_uid, st.st_gid), (NOBODY.pw_uid, MAIL))
            self.assertEqual(sorted(os.listdir(a.directory.name)), ['accounts', 'link', 'new'])
            with Daemon(f'services: {{ {CHAT} }}; chat: {{ accounts = "{a.path}"; }};') as d:
                log_in(Person(d), 'alice')
                log_in(Person(d), 'carol')

    def test_file_that_sockd_would_not_take(self):
        """A name that looks like another is refused and changes nothing; faults
        of others stay, and are told."""
        with Accounts() as a:
            before = f'# first\nALICE:{HASH}\n'
            a.write_text(before)
            done = passwd('al1ce', a.path)
            self.assertEqual((done.returncode, done.stdout), (1, ''))
            self.assertIn(f'{a.path}:2: al1ce looks like the account ALICE', done.stderr)
            with open(a.path, encoding='utf-8') as text:
                self.assertEqual(text.read(), before)
            a.write_text(f'{before}bob\n')
            done = passwd('carol', a.path)
            self.assertEqual((done.returncode, done.stdout), (0, ''))
            self.assertRegex(done.stderr, f'^sockctl: {a.path}:3: warning: a line is NAME:HASH')
            with open(a.path, encoding='utf-8') as text:
                self.assertTrue(text.read().startswith(f'{before}bob\ncarol:$y$'))

    def test_refusals(self):
        for args, data, words in (
                (('9x',), 'secret\n', '"9x" cannot be the name'),
                (('alice',), '', 'there is no password'),
                (('alice',), '\n', 'the password is empty'),
                (('alice',), ' x\n', 'begins or ends with a blank'),
                (('alice',), 'a\tb\n', 'cannot be typed'),
                (('alice',), 'x' * 300 + '\n', '300 bytes; 256 are the most'),
                (('alice', '/no/such/file'), 'x\n', '/no/such: No such file or directory')):
            done = passwd(*args, data=data)
            self.assertEqual((done.returncode, done.stdout), (1, ''), (args, data))
            self.assertIn(words, done.stderr)
        done = subprocess.run([SOCKCTL, '--json', 'passwd', 'alice'], input='x\n', text=True,
                              capture_output=True, check=False)
        self.assertEqual(done.returncode, 64)
        with Daemon(f'services: {{ {CHAT} }};') as d:
            ask = subprocess.run(['nc.openbsd', '-NU', f'{d.dir}/control.sock'], text=True,
                                 input='passwd alice\n', capture_output=True, check=False)
            self.assertEqual(ask.stdout,
                             'error: passwd needs no daemon: sockctl does it by itself\n')

    def test_terminal(self):
        """Twice, without echo; and the terminal is as it was, however it ends."""
        def start():
            ours, child = pty.openpty()
            before = termios.tcgetattr(child)
            process = subprocess.Popen(
                [SOCKCTL, 'passwd', 'alice'], stdin=child, stdout=child, stderr=child,
                start_new_session=True, preexec_fn=lambda: os.set_blocking(0, True))
            return ours, child, before, process

        class Terminal(Lines):
            def __init__(self, fd):
                super().__init__()
                self.fd = fd

            def fileno(self):
                return self.fd

            def read(self):
                return os.read(self.fd, 4096)

        for first, second, code in (('geheim', 'geheim', 0), ('geheim', 'other', 1)):
            ours, child, before, process = start()
            terminal = Terminal(ours)
            terminal.prompt(b'New password for alice: ')
            os.write(ours, first.encode() + b'\n')
            terminal.prompt(b'The same again for alice: ')
            os.write(ours, second.encode() + b'\n')
            self.assertEqual(process.wait(PATIENCE), code)
            self.assertEqual(termios.tcgetattr(child), before)
            terminal.raw_line()
            line = terminal.line()
            self.assertTrue(line.startswith('alice:$y$' if code == 0 else 'sockctl: the two'))
            self.assertNotIn('geheim', line)
            os.close(ours)
            os.close(child)
        ours, child, before, process = start()
        terminal = Terminal(ours)
        terminal.prompt(b'New password for alice: ')
        process.send_signal(2)
        self.assertEqual(process.wait(PATIENCE), -2)
        self.assertEqual(termios.tcgetattr(child), before)
        os.close(ours)
        os.close(child)


if __name__ == '__main__':
    main()
