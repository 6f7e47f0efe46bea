# SPDX-License-Identifier: GPL-3.0-or-later
"""telnet: the program under a terminal, what it and others send, and what they
are sent."""

import re
import socket

from clients import NC, Child, Client, Person, Tap
from harness import Daemon, Test, main, wait_until

CONFIG = '''
services: { chat: { protocol = "chat"; listen = "127.0.0.1:0"; };
            echo: { protocol = "echo"; listen = "127.0.0.1:0"; }; };
'''
IAC = b'\xff'
DONT, DO, WONT, WILL, SB, SE = (IAC + bytes([b]) for b in (254, 253, 252, 251, 250, 240))
EOF, SUSP, ABORT, NOP, DM, BRK, IP, AO, AYT, EC, EL, GA = (
    IAC + bytes([b]) for b in (236, 237, 238, 241, 242, 243, 244, 245, 246, 247, 248, 249))
ECHO, SGA, TM, NAWS = b'\x01', b'\x03', b'\x06', b'\x1f'
BYE = re.compile(r'\*\*\* disconnected: bye\.')
WELCOME = re.compile(r'\*\*\* welcome to .*')


class Program(Test):
    def setUp(self):
        self.d = Daemon(CONFIG)
        self.d.__enter__()
        self.addCleanup(self.d.__exit__, None, None, None)
        self.a = Person(self.d, nick='alice')

    def telnet(self, *options, port=None):
        host, default = self.d.address('chat')
        t = Child(self.d, 'inetutils-telnet', *options, host, port or str(default), tty=True)
        t.until(WELCOME)
        return t

    def named(self, *options, port=None):
        t = self.telnet(*options, port=port)
        t.say('/nick terry')
        t.until(re.compile(r'\*\*\* you are now terry\b.*'))
        return t

    def command(self, t, text):
        """Escapes to telnet's own prompt, which ends with no line."""
        t.send(b'\x1d')
        t.prompt(b'telnet> ')
        t.say(text)

    def talk(self, t, text):
        """A line each way; each ends what came before on its way."""
        t.say(text)
        self.a.until(f'<terry> {text}')
        self.a.say(f'not {text}')
        t.until(f'<alice> not {text}')

    def test_types_and_reads(self):
        t = self.named()
        self.talk(t, 'hello from a terminal')
        self.talk(t, 'grüße 漢字 😀')
        t.say('/quit')
        t.until(BYE)
        t.until('Connection closed by foreign host.')

    def test_eight_bits(self):
        t = self.named('-8')
        self.talk(t, 'grüße 漢字 😀')
        t.send(b'a\xffb\n')  # it sends two of them
        self.a.until('<terry> a\ufffdb')

    def test_ctrl_c_does_not_mute(self):
        """Until its question is answered telnet shows nothing it gets."""
        t = self.named()
        for text in ('one', 'two', 'three'):
            t.send(b'\x03')
            self.talk(t, text)

    def test_ctrl_d_leaves(self):
        t = self.named()
        t.send(b'\x04')
        t.until(BYE)
        t.until('Connection closed by foreign host.')
        self.a.until(re.compile(r'\*\*\* terry left #lobby.*'))
        t = self.telnet()
        t.send(b'\x04\n')  # nothing has told yet that it is a telnet
        t.until(re.compile(BYE.pattern + '( Press Ctrl-C.)?'))

    def test_escape_and_quit(self):
        t = self.named()
        self.command(t, 'quit')
        t.until('Connection closed.')
        self.a.until(re.compile(r'\*\*\* terry left #lobby.*'))

    def test_what_it_can_send(self):
        t = self.named()
        for word in ('brk', 'ao', 'synch', 'ec', 'el', 'susp', 'ip', 'abort', 'nop', 'ga'):
            with self.subTest(word):
                self.command(t, f'send {word}')
                self.talk(t, f'after {word}')
        self.command(t, 'send ayt')
        t.until('*** pong')
        self.command(t, 'send eof')
        t.until(BYE)

    def settled(self, t, tap):
        """Waits until each of the program's wishes is refused, once, and it
        has seen that."""
        def wishes():
            return re.findall(rb'\xff[\xfb\xfd].', tap.sent, re.DOTALL)

        def answers():
            return re.findall(rb'\xff[\xfb-\xfe].', tap.came, re.DOTALL)
        refusal = {0xfb: 0xfe, 0xfd: 0xfc}
        wait_until(lambda: 0 < len(wishes()) <= len(answers()), 'answers')
        self.assertEqual(
            answers(), [bytes([0xff, refusal[w[1]], w[2]]) for w in wishes()])
        self.a.say('go')
        t.until('<alice> go')

    def test_negotiation_settles(self):
        """With a minus before the port it begins to negotiate."""
        tap = Tap(self.d, 'chat')
        t = self.telnet('--', port='-' + tap.port)
        self.settled(t, tap)
        t.say('/nick terry')
        t.until(re.compile(r'\*\*\* you are now terry\b.*'))
        self.talk(t, 'hello')
        self.settled(t, tap)

    def test_stays_in_its_line_mode(self):
        """Where lines can be changed before they are sent."""
        tap = Tap(self.d, 'chat')
        t = self.named(port=tap.port)
        self.command(t, 'mode character')
        self.settled(t, tap)
        self.talk(t, 'still here')
        self.assertIn(b'still here\r\n', tap.sent)

    def test_lines_end_as_it_ends_them(self):
        tap = Tap(self.d, 'chat')
        t = self.telnet(port=tap.port)
        self.assertNotIn(b'\r', tap.came)
        t.say('/nick terry')
        t.until(re.compile(r'\*\*\* you are now terry\b.*'))
        welcome = len(tap.came)
        self.talk(t, 'hello')
        t.say('/quit')
        t.until(BYE)
        t.until('Connection closed by foreign host.')
        lines = bytes(tap.came[welcome:]).splitlines(keepends=True)
        self.assertEqual(lines, [b'<alice> not hello\r\n', b'*** disconnected: bye.\r\n'])


class Wire(Test):
    def setUp(self):
        self.d = Daemon(CONFIG)
        self.d.__enter__()
        self.addCleanup(self.d.__exit__, None, None, None)
        self.a, self.b = Person(self.d, nick='alice'), Person(self.d, nick='bob')
        self.b.say('hi')
        self.a.until('<bob> hi')

    def type(self, data):
        """A key at a time, as telnets do that have no line to edit."""
        for byte in data:
            self.a.send(bytes([byte]))

    def heard(self, text):
        self.assertEqual(self.b.line(), f'<alice> {text}')

    def test_never_negotiates_first(self):
        c = Client(self.d, 'chat')
        self.assertNotIn(IAC, c.raw_line() + c.raw_line())
        c.send(b'hello\r\n/quit\r\n')
        self.assertNotIn(IAC, c.rest())

    def test_lines_that_end_as_telnet_ends_them(self):
        self.type(b'one\r\ntwo\r\n')
        self.heard('one')
        self.heard('two')
        self.a.send(b'/quit\r\n')
        self.a.until(BYE)

    def test_all_ends_of_lines(self):
        self.type(IAC + b'\xf1one\r\ntwo\r\0three\nfour\rfive\r\n')
        for text in ('one', 'two', 'three', 'four', 'five'):
            self.heard(text)

    def test_each_is_told_in_its_way(self):
        """From when it shows that it is one; and nobody else."""
        c = Person(self.d, nick='carol')
        for n, show in enumerate((b'', b'x\r\n', b'y\r\0', NOP)):
            with self.subTest(show):
                d = Person(self.d, nick=f'dave{n}')
                end = b'\r\n' if show else b'\n'
                d.send(b'/ping\n')
                self.assertEqual(d.raw_line(), b'*** pong\n')
                d.send(show + b'/ping\n')
                d.until('*** pong')
                c.sync()
                c.say(f'to all {n}')
                self.assertEqual(d.raw_line(), b'<carol> to all %d' % n + end)
                d.say('/who')
                self.assertTrue(d.raw_line().endswith(end))
                d.say('/join ops')
                c.until(f'*** dave{n} left #lobby')
                self.assertTrue(d.raw_line().endswith(b'here)' + end) or n == 0)
        c.say('/ping')
        self.assertEqual(c.raw_line(), b'*** pong\n')

    def test_goodbye(self):
        for first, goodbye in ((b'', b'*** disconnected: bye. Press Ctrl-C.\n'),
                               (b'hi\r\n', b'*** disconnected: bye.\r\n'),
                               (NOP, b'*** disconnected: bye.\r\n')):
            with self.subTest(first):
                c = Client(self.d, 'chat')
                c.send(first + b'/quit\n')
                self.assertEqual(c.rest().splitlines(keepends=True)[-1], goodbye)

    def test_netcat_with_crlf(self):
        host, port = self.d.address('chat')
        c = Child(self.d, NC, '-C', host, str(port))
        c.until(WELCOME)
        c.say('/version')
        c.until(re.compile(r'\*\*\* sockd .*'))
        c.say('/ping')
        self.assertEqual(c.raw_line(), b'*** pong\r\n')

    def test_keys_of_character_mode(self):
        rows = [
            (b'hek\x08llo', 'hello'),
            (b'hek\x7fllo', 'hello'),
            ('grüß\x7f\x7f\x7f\x7f\x7fohne'.encode(), 'ohne'),
            ('漢字\x08x 😀\x7f.'.encode(), '漢x .'),
            (b'one two\x17three', 'one three'),
            (b'not this\x15this', 'this'),
            (b'not this\x03this', 'this'),
            (b'not this' + IP + b'this', 'this'),
            (b'not this' + BRK + b'this', 'this'),
            (b'not this' + EL + b'this', 'this'),
            (b'hek' + EC + b'llo', 'hello'),
            (b'/me waves\x17\x17bye', 'bye'),
        ]
        for keys, text in rows:
            with self.subTest(keys):
                self.type(keys + b'\r\n')
                self.heard(text)

    def test_a_netcat_has_no_keys(self):
        self.a.send(b'de\x7fl\x08 \x15\x17\x03\n')
        self.heard('de\u2421l\u2408 \u2415\u2417\u2403')

    def test_ctrl_d(self):
        self.a.send(b'\x04 is not alone\n')
        self.heard('\u2404 is not alone')
        self.type(b'hi\x04\r\n')
        self.heard('hi\u2404')
        self.type(b'\x04')
        self.a.until(BYE)

    def test_are_you_there(self):
        self.type(b'first ' + AYT + b'half\n')
        self.a.until('*** pong')
        self.heard('first half')

    def test_commands_are_not_said(self):
        self.type(b'a' + NOP + DM + AO + GA + SUSP + WONT + ECHO + DONT + ECHO +
                  SB + NAWS + b'\x00P\r\n' + IAC + IAC + b'\x18' + SE + b'b\r\n')
        self.heard('ab')
        self.type(b'one' + IAC + IAC + b' byte\n')
        self.heard('one\ufffd byte')

    def test_timing_mark(self):
        for i in range(3):
            self.type(IP + DO + TM)
            self.assertEqual(self.a.take(3), WILL + TM)
        self.type(b'hi\r\n')
        self.heard('hi')

    def test_timing_mark_comes_after_the_answers(self):
        """It says that all before it is done (RFC 860)."""
        for before in (b'', DO + TM):
            self.a.send(before + b'/ping\r\n/ping\r\n' + DO + TM)
            self.assertEqual(self.a.take(len(before)), (WILL + TM)[:len(before)])
            self.assertEqual(self.a.raw_line() + self.a.raw_line() + self.a.take(3),
                             b'*** pong\r\n' * 2 + WILL + TM)

    def test_refuses_once(self):
        self.a.send((DO + ECHO + WILL + SGA) * 100 + WONT + SGA + DONT + ECHO +
                    DO + ECHO + WILL + SGA + b'/ping\r\n')
        self.assertEqual(self.a.raw_line(), WONT + ECHO + DONT + SGA + b'*** pong\r\n')
        every = b''.join(verb + bytes([option]) for option in range(256)
                         for verb in (DO, WILL, DONT, WONT))
        self.a.send(every * 3 + b'/ping\r\n')
        answers = self.a.raw_line()
        while not answers.endswith(b'*** pong\r\n'):
            answers += self.a.raw_line()
        # all but the two above; a timing mark is a question each time
        self.assertEqual(len(answers), 3 * (2 * 256 - 2 + 2) + len('*** pong\r\n'))

    def test_a_subnegotiation_without_end(self):
        self.a.send(SB + NAWS + b'x' * 900)
        self.a.send(DO + TM)
        self.assertEqual(self.a.take(3), WILL + TM)
        self.a.send(SB + NAWS + b'x' * 2000 + b'\n')
        self.assertRegex(self.b.line(), '^<alice> x+$')
        self.a.send(b'hi\n')
        self.heard('hi')

    def test_synch(self):
        """One of its two bytes is urgent, and must not be missed."""
        for urgent in range(2):
            with self.subTest(urgent):
                self.a.send(b'one' + DM[:urgent])
                self.a.socket.send(DM[urgent:urgent + 1], socket.MSG_OOB)
                self.a.send(DM[urgent + 1:] + b' two\r\n')
                self.heard('one two')

    def test_a_stray_byte(self):
        self.a.send('ÿes\nnaïveÿ\n'.encode('latin-1'))
        self.heard('es')
        self.heard('na\ufffdve')

    def test_too_long(self):
        self.a.send(NOP + b'x' * 4000 + NOP * 1000 + b'x' * 96 + b'\r\n')
        self.heard('x' * 4096)
        self.a.send(b'x' * 4000 + NOP * 1000 + b'x' * 97 + b'\r\nhi\r\n')
        self.a.until('*** error: that line has 4,097 bytes, 4,096 are allowed; '
                     'it was not sent')
        self.heard('hi')
        self.a.send(b'x' * 70000)
        self.a.until('*** disconnected: 64 KiB without an end of line.')

    def test_half_a_line_at_the_end(self):
        self.a.send(NOP + b'the rest\x7f' + IAC)
        self.a.half_close()
        self.heard('the res')

    def test_echo_is_clean(self):
        data = (b'a\xff\xff' + IP + DO + TM + WILL + ECHO + SB + NAWS + b'\0' + SE +
                b'\x04\r\0\x7f' + bytes(range(256)))
        c = Client(self.d, 'echo')
        c.send(data)
        c.socket.send(b'!', socket.MSG_OOB)
        c.send(IAC)
        c.half_close()
        self.assertEqual(c.rest(), data + b'!' + IAC)


if __name__ == '__main__':
    main()
