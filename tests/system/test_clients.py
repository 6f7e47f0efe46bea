# SPDX-License-Identifier: GPL-3.0-or-later
"""The chat is the same for every client: nc, ncat, telnet, socat, a shell and
two programs, all on one port and in one room. What each is sent is compared
to the last byte; what differs from run to run has a pattern of its own."""

import json
import re
import signal
import socket
import termios
import threading
import time

from clients import HINT, NC, Child, Framed, Program, Tap
from harness import Daemon, Test, main, wait_until

CONFIG = '''
services: { chat: { protocol = "chat"; dialect = "auto"; listen = "127.0.0.1:0"; }; };
'''
ROOM = 'tea'
HELLO = 'grüße 漢字 😀 "quoted" \\ back\tand tab'
EACH = 5  # lines of everybody at once
MARKS = {
    '"@ID@"': r'(?P<id>[1-9]\d{0,15})',
    '"@TIME@"': r'1\d{9}\.\d{3}',
    '@CODE@': r'[0-9a-z]{4}-[0-9a-z]{2}',
    '@GUEST@': r'guest-[0-9a-z]{4}',
    '@CLOCK@': r'[0-2]\d:[0-5]\d',
}
SAID = re.compile(rb'\*?<?(\S+?)>? (.*?)\r?\n')
DO_TIMING_MARK = b'\xff\xfd\x06'
WILL_TIMING_MARK = b'\xff\xfb\x06'


def strict(text):
    """A pattern that matches these bytes, and in place of a mark its own."""
    pattern = re.escape(text)
    for mark, own in MARKS.items():
        pattern = pattern.replace(re.escape(mark), own)
    return re.compile(pattern.encode(), re.DOTALL)


class Event:
    """The same for people, a line, and for programs, an object."""

    def __init__(self, text, **fields):
        self.text = text
        self.json = json.dumps(fields, ensure_ascii=False, separators=(',', ':'))


def talk(type, form, nick, text):
    return Event(form.format(nick, text), type=type, username=nick, room=ROOM,
                 message=text, id='@ID@', time='@TIME@')


def said(nick, text):
    return talk('chat', '<{}> {}', nick, text)


def action(nick, text):
    return talk('me', '* {} {}', nick, text)


def private(nick, text):
    return Event(f'[{nick} -> you] {text}', type='msg', username=nick, message=text,
                 time='@TIME@')


def notice(event, nick, words, **fields):
    return Event(f'*** {nick} {words}', type='notification', event=event,
                 username=nick, room=ROOM, **fields)


def joined(nick):
    return notice('join', nick, f'joined #{ROOM}', message=f'{nick} joined {ROOM}')


def left(nick, reason=None):
    more = {'reason': reason} if reason else {}
    return notice('leave', nick, f'left #{ROOM}' + (f': {reason}' if reason else ''),
                  message=f'{nick} left {ROOM}', **more)


def renamed(nick, new):
    return Event(f'*** {nick} is now {new}', type='notification', event='nick',
                 username=nick, new_username=new, message=f'{nick} is now {new}')


def topic(nick, text):
    return notice('topic', nick, f'set the topic: {text}', topic=text,
                  message=f'{nick} set the topic')


class Member:
    """Somebody in the room: a client, and how its lines look."""

    def __init__(self, test, name, client):
        self.test, self.name, self.client = test, name, client
        client.bytewise = test.bytewise

    def check(self, wanted, got):
        match = strict(wanted).fullmatch(got)
        self.test.assertTrue(match, f'{self.name} heard {got!r}, not {wanted!r}')
        return match

    def finish(self):
        """Nothing comes any more, and then the end."""
        self.test.assertEqual(self.client.rest(), b'', self.name)


class Reader(Member):
    """A person."""

    end = '\n'

    def come(self, here):
        """Greeted, renamed, in the room, where so many are then."""
        self.greeted()
        self.say(f'/nick {self.name}')
        self.reads_renamed(self.name)
        self.say(f'/join {ROOM}')
        self.reads(f'*** you are in #{ROOM} ({here})')

    def greeted(self):
        """Before its first line nothing tells what it is."""
        end, self.end = self.end, '\n'
        self.reads('*** welcome to sockd. You are @GUEST@ in #lobby (only you)', HINT)
        self.end = end

    def say(self, text):
        self.client.say(text)

    def me(self, text):
        self.say(f'/me {text}')

    def tell(self, nick, text):
        self.say(f'/msg {nick} {text}')
        self.reads(f'[you -> {nick}] {text}')

    def who(self, names):
        self.say('/who')
        self.reads(f'*** {len(names)} in #{ROOM}: ' + ', '.join(names))

    def rename(self, nick):
        self.say(f'/nick {nick}')
        self.reads_renamed(nick)
        self.name = nick

    def reads_renamed(self, nick):
        self.reads(f'*** you are now {nick}. If you are cut off: /resume @CODE@')

    def line(self):
        return self.client.raw_line()

    def reads(self, *lines):
        for line in lines:
            self.check(line + self.end, self.line())

    def hears(self, event):
        return self.reads(event.text)

    def hears_talk(self):
        """(nick, text) of the next line, which must be just that."""
        line = self.line()
        match = SAID.fullmatch(line)
        self.test.assertTrue(match, line)
        nick, text = (part.decode() for part in match.groups())
        self.check(said(nick, text).text + self.end, line)
        return nick, text


class Telnet(Reader):
    """telnet in a terminal that does not echo: what it was sent, to the byte,
    and that it shows all of it. Bytewise it is given each key at once."""

    end = '\r\n'

    def __init__(self, test, name, daemon):
        self.tap, self.n_read = Tap(daemon, 'chat'), 0
        super().__init__(test, name, Child(
            daemon, 'inetutils-telnet', '127.0.0.1', self.tap.port, tty=True))
        self.client.wait_taken = self.wait_taken
        self.n_sent = 0

    def greeted(self):
        """Only then has it done with the terminal what it does itself."""
        self.client.until("Escape character is '^]'.")
        super().greeted()
        mode = termios.tcgetattr(self.client.inp)
        mode[3] &= ~termios.ECHO & ~(termios.ICANON if self.client.bytewise else 0)
        termios.tcsetattr(self.client.inp, termios.TCSANOW, mode)

    def wait_taken(self):
        """Until the byte, or what it stands for, has gone by."""
        wait_until(lambda: len(self.tap.sent) > self.n_sent, 'a key', every=0.0005)
        self.n_sent = len(self.tap.sent)

    def line(self):
        def end():
            return self.tap.came.find(b'\n', self.n_read) + 1
        wait_until(end, 'a line')
        line = bytes(self.tap.came[self.n_read:end()])
        self.n_read += len(line)
        shown = self.client.raw_line()
        self.test.assertEqual(shown, line.rstrip(b'\r\n') + b'\r\n')
        return line

    def interrupt(self):
        """Ctrl-C in the middle of a line, which is gone; until its question is
        answered telnet shows nothing."""
        self.client.send(b'not this\x03')
        wait_until(lambda: self.tap.came[self.n_read:] == WILL_TIMING_MARK, 'an answer')
        self.n_read += len(WILL_TIMING_MARK)
        self.test.assertTrue(self.tap.sent.endswith(DO_TIMING_MARK))
        self.test.assertEqual(b'not this' in self.tap.sent, self.client.bytewise)

    def finish(self):
        self.client.until('Connection closed by foreign host.')
        super().finish()
        self.test.assertEqual(self.tap.came[self.n_read:], b'')
        self.test.assertNotRegex(bytes(self.tap.sent), rb'(?<!\r)\n')


class Robot(Member):
    """A program."""

    def __init__(self, test, name, daemon, kind):
        """Its first byte is there before it could be greeted as a person."""
        with daemon.stopped():
            client = kind(daemon, 'chat')
            client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            super().__init__(test, name, client)
            self.put('join', room=ROOM, username=name)

    def put(self, type, **fields):
        self.client.put(type, **fields)
        if not isinstance(self.client, Framed):
            self.client.write(b'\n')

    def come(self, here):
        self.hears(Event('', type='welcome', message='welcome to sockd',
                         username='@GUEST@'))
        self.hears_joined(here, 0, '')

    def hears_joined(self, here, last_id, words):
        self.hears(Event(
            '', type='notification', event='join', username=self.name, room=ROOM,
            message=f'{self.name} joined {ROOM}', members=here, last_id=last_id,
            resume='@CODE@', topic=words))

    def say(self, text):
        self.put('chat', message=text)

    def me(self, text):
        self.put('me', message=text)

    def tell(self, nick, text):
        self.put('msg', username=nick, message=text)

    def who(self, names):
        self.put('who')
        self.hears(Event('', type='who', room=ROOM, members=[
            {'username': name} for name in names], total=len(names)))

    def rename(self, nick):
        self.put('nick', username=nick)
        self.name = nick

    def object(self):
        if isinstance(self.client, Framed):
            return self.client.frame()
        line = self.client.raw_line()
        self.test.assertEqual(line[-1:], b'\n')
        return line[:-1]

    def hears(self, event):
        return self.check(event.json, self.object())

    def hears_talk(self):
        """(id, nick, text) of the next object."""
        data = self.object()
        got = json.loads(data)
        nick, text = got['username'], got['message']
        return int(self.check(said(nick, text).json, data)['id']), nick, text


def noon():
    """A time zone in which no day ends before this test does."""
    return f'TEA{time.gmtime().tm_hour - 12:+}'


class Clients(Test):
    def start(self, bytewise):
        self.bytewise = bytewise
        self.d = Daemon(CONFIG, env={'TZ': noon()})
        self.d.__enter__()
        self.addCleanup(self.d.__exit__, None, None, None)
        host, port = map(str, self.d.address('chat'))
        shell = f'exec 3<>/dev/tcp/{host}/{port}; cat <&3 & exec cat >&3'
        self.people = {
            'nc': (NC, host, port), 'ncat': ('ncat', host, port), 'telnet': None,
            'socat': ('socat', '-', f'TCP:{host}:{port}'), 'bash': ('bash', '-c', shell)}
        self.robots = {'lines': Program, 'frames': Framed}
        self.members = []

    def all(self, event, but=None):
        """Everybody hears it, but one."""
        for member in self.members:
            if member is not but:
                member.hears(event)

    def come(self, name):
        n = len(self.members) + 1
        if name in self.robots:
            member, here = Robot(self, name, self.d, self.robots[name]), n
        elif name == 'telnet':
            member, here = Telnet(self, name, self.d), f'{n} here'
        else:
            member = Reader(self, name, Child(self.d, *self.people[name]))
            here = f'{n} here' if n > 1 else 'only you'
        member.come(here)
        self.all(joined(name))
        self.members.append(member)
        return member

    def names(self):
        return [member.name for member in self.members]

    def talk(self):
        nc, ncat, telnet, socat, bash, lines, frames = self.members
        for member in self.members:
            member.say(f'{member.name}: {HELLO}')
            self.all(said(member.name, f'{member.name}: {HELLO}'), but=member)
        telnet.interrupt()
        ncat.say('still there?')
        self.all(said('ncat', 'still there?'), but=ncat)
        for member in (nc, lines):
            member.me('waves')
            self.all(action(member.name, 'waves'), but=member)
        for a, b in ((telnet, frames), (lines, bash), (frames, lines), (socat, telnet)):
            for sender, receiver in ((a, b), (b, a)):
                sender.tell(receiver.name, f'to {receiver.name} alone')
                receiver.hears(private(sender.name, f'to {receiver.name} alone'))

    def change(self):
        ncat, socat, bash, lines, frames = (self.members[i] for i in (1, 3, 4, 5, 6))
        for member in (ncat, frames):
            member.who(sorted(self.names()))
        bash.say('/topic tea at four')
        self.all(topic('bash', 'tea at four'))
        frames.put('topic', topic='tea at "five"')
        self.all(topic('frames', 'tea at "five"'))
        for member, nick in ((socat, 'sock'), (lines, 'linear')):
            old = member.name
            member.rename(nick)
            self.all(renamed(old, nick), but=member)

    def speak_at_once(self):
        """Whoever listens, it is one order; whoever spoke does not hear that."""
        threads = [threading.Thread(target=self.speak, args=[m]) for m in self.members]
        for thread in threads:
            thread.start()
        heard = {m: [m.hears_talk() for _ in range(EACH * (len(self.members) - 1))]
                 for m in self.members}
        for thread in threads:
            thread.join()
        ids = sorted({one for m in self.members if isinstance(m, Robot) for one in heard[m]})
        order = [one[1:] for one in ids]
        self.assertEqual(len(order), EACH * len(self.members))
        for m in self.members:
            self.assertEqual([one[-2:] for one in heard[m]],
                             [one for one in order if one[0] != m.name], m.name)
        for name in self.names():
            self.assertEqual([text for nick, text in order if nick == name],
                             [f'{name} {i}' for i in range(EACH)])
        return ids

    @staticmethod
    def speak(member):
        for i in range(EACH):
            member.say(f'{member.name} {i}')

    def go_and_come_back(self, ids):
        """Who comes back reads what was said last, and in that order."""
        telnet, lines = self.members[2], self.members[5]
        telnet.say('/part')
        telnet.reads('*** you are in #lobby (only you)')
        self.all(left('telnet'), but=telnet)
        telnet.say(f'/join {ROOM}')
        telnet.reads(f'*** you are in #{ROOM} ({len(self.members)} here)',
                     '*** topic: tea at "five"', '*** the last 10 lines:')
        for _, nick, text in ids[-10:]:
            telnet.reads(f'@CLOCK@ <{nick}> {text}')
        telnet.reads('*** end of the last lines')
        self.all(joined('telnet'), but=telnet)
        lines.put('leave')
        self.all(left('linear'), but=lines)
        lines.put('join', room=ROOM, username='linear')
        lines.hears_joined(len(self.members), ids[-1][0], 'tea at "five"')
        self.all(joined('linear'), but=lines)

    def leave(self):
        """Each in another way; the last three when the server stops."""
        nc, ncat, telnet, socat, bash, lines, frames = self.members
        nc.say('/quit gone fishing')
        nc.reads('*** disconnected: bye. Press Ctrl-C.')
        self.gone(nc, 'gone fishing')
        self.assertEqual(nc.client.wait(), 0)
        ncat.client.send('last words')
        ncat.client.half_close()
        self.all(said('ncat', 'last words'), but=ncat)
        self.gone(ncat)
        lines.put('quit')
        lines.hears(Event('', type='disconnected', code='quit', message='bye', retry=False))
        self.gone(lines)
        self.members.remove(frames)
        frames.client.close()
        self.all(left('frames'))
        self.d.signal(signal.SIGTERM)
        for member in (socat, bash):
            member.reads('*** disconnected: the server is stopping. Press Ctrl-C.')
        telnet.reads('*** disconnected: the server is stopping.')
        for member in (socat, bash, telnet):
            member.finish()
        self.assertEqual(self.d.wait(), 0)

    def gone(self, member, reason=None):
        self.members.remove(member)
        self.all(left(member.name, reason))
        member.finish()

    def transcript(self, bytewise):
        self.start(bytewise)
        for name in [*self.people, *self.robots]:
            self.come(name)
        self.talk()
        self.change()
        self.go_and_come_back(self.speak_at_once())
        self.leave()

    def test_whole_writes(self):
        self.transcript(bytewise=False)

    def test_a_byte_at_a_time(self):
        self.transcript(bytewise=True)


if __name__ == '__main__':
    main()
