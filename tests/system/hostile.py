# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of people and programs who want to do harm, and those who read them.

attack() sends as many lines as asked, from one client after the other: people,
telnets, programs with JSON and with frames. A person, a telnet and two programs
sit in the room and judge every byte they get: valid UTF-8, no control but TAB,
each line in one of the forms that there are, said by somebody who is not one of
them; each object valid JSON, with strings that are as clean. The same seed
sends the same lines."""

import json
import random
import re
import select
import socket
import struct

from clients import Framed, Person, Program, connect

CONFIG = '''
services: {
    auto: { protocol = "chat"; dialect = "auto"; listen = "127.0.0.1:0"; };
    text: { protocol = "chat"; dialect = "text"; listen = "127.0.0.1:0"; };
    json: { protocol = "chat"; dialect = "json"; listen = "127.0.0.1:0"; };
    frames: { protocol = "chat"; dialect = "json"; framing = "length";
              listen = "127.0.0.1:0"; };
};
chat: { flood: { rate = "0"; }; };
limits: { output_soft = "16MiB"; output_hard = "64MiB"; output_total = "1GiB"; };
'''
EACH = 200  # lines of one client
CONTROLS = re.compile('[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e'
                      '\u2066-\u2069\ud800-\udfff]')
ANSWER = re.compile(b'\xff[\xfb-\xfe].', re.DOTALL)  # to a telnet
NICK = r'(?P<{}>[A-Za-z_\[\]{{}}|^][\w\[\]{{}}|^-]{{0,23}})'
NEW = NICK.format('new')
FORMS = [re.compile(form.format(nick), re.ASCII) for nick, form in (
    (NICK.format('nick'), form) for form in (
        r'<{}> .*', r'\* {} .*', r'\[{} -> you\] .*',
        r'\*\*\* {} joined #lobby', r'\*\*\* {} left #lobby(?:: .+)?',
        r'\*\*\* {} set the topic: .*', r'\*\*\* [1-9]\d* more lines? of {} (?:is|are) not shown',
        r'\*\*\* {} is now ' + NEW.replace('{', '{{').replace('}', '}}')))]
TYPES = {'chat', 'me', 'msg', 'notification', 'topic', 'away'}

VERBS = [b''] * 8 + [b'/me '] * 2 + [
    b'/', b'//', b'/ ', b'/nick ', b'/join ', b'/join #', b'/topic ', b'/who ', b'/away ',
    b'/msg reader ', b'/msg robot ', b'/history ', b'/help ', b'/part ', b'/xyzzy ',
    b'/whois ', b'/rooms ', b'/ignore ', b'/resume ']
TEXTS = [
    bytes(range(10)) + bytes(range(11, 32)), b'\x7f\x1b]0;title\x07\x1b[2J\x1bP+q\x1b\\',
    '\u202e\u2066\u2028\x85\x9b\u200f\u061c'.encode(), '\u0301\u200d\ufeff\ufffe'.encode(),
    b'\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80\xff\xfe', b'\xff\xf4\xff\xfd\x06\xff\xff',
    b'\xe2\x80', b'\xf0\x9f\x98', b'\r\r\0\0\r', b' \t', b'#lobby', b'guest-abcd',
    b'*** forged', b'*** reader left #lobby', b'<reader> forged', b'[reader -> you] forged',
    b'\n*** forged', b'\r*** forged', b'\\u0000\\n', b'"}{"type":"chat"', b'help', b'\x04',
]
LONG = ['a'.encode() + '\u0301'.encode() * 2000, b' \t' * 300, b'\x9b' * 2000,
        '\u202e'.encode() * 1300, b'\x1b' * 4096, b'\xed\xa0\x80' * 100,
        b'x' * 4095, b'x' * 4096, b'x' * 4097, b'x' * 9000, b'\r' * 4000]
POINTS = [(0, 0x20), (0x20, 0x7f), (0x7f, 0xa0), (0x61c, 0x61d), (0x2000, 0x2070),
          (0xd800, 0xe000), (0xfff0, 0x10010), (0x1f600, 0x1f650), (0x10fff0, 0x110000)]
KEYS = [b'\x03', b'\x08', b'\x15', b'\x17', b'\x7f', b'\xff\xff'] + [
    b'\xff' + bytes([command]) for command in range(236, 250)] + [
    b'\xff' + bytes([verb, option]) for verb in range(251, 255) for option in (0, 1, 6, 31)] + [
    b'\xff\xfa\x1f\0P\0\x18\xff\xf0', b'\xff\xfa\x18*** forged\r\n\xff\xf0']
OBJECTS = [
    ('chat', ('message',)), ('chat', ('message',)), ('chat', ('message',)),
    ('me', ('message',)), ('topic', ('topic',)), ('nick', ('username',)),
    ('msg', ('username', 'message')), ('join', ('room', 'username')), ('away', ('message',)),
    ('who', ('room',)), ('whois', ('username',)), ('history', ('room',)), ('leave', ()),
    ('rooms', ()), ('ping', ('ref',)), ('help', ()), ('resume', ('code',))]
HOME = b'{"type":"join","room":"lobby","username":"%s"}'


class Violation(AssertionError):
    """Somebody got what nobody may get."""


class Pen:
    """Writes the lines; all that it does follows from its seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.n_names = 0

    def points(self):
        pick = self.random
        chars = ''.join(chr(pick.randrange(*pick.choice(POINTS)))
                        for _ in range(pick.randint(1, 12)))
        data = chars.encode('utf-8', 'surrogatepass')
        return data[:-1] if pick.random() < 0.2 else data

    def scrap(self):
        pick = self.random
        kind = pick.random()
        if kind < 0.45:
            return pick.choice(TEXTS)
        if kind < 0.75:
            return self.points()
        if kind < 0.98:
            return pick.randbytes(pick.randint(1, 30))
        return pick.choice(LONG)

    def text(self):
        return b''.join(self.scrap() for _ in range(self.random.randint(1, 3)))

    def name(self):
        """A nick that looks like no other."""
        self.n_names += 1
        return b'm' + bytes(b'abcdefghjk'[int(c)] for c in str(self.n_names))

    def line(self, n, ends):
        pick = self.random
        if n % 10 == 0:
            return b'/join lobby' + ends[0]
        verb = b'/quit ' if n == EACH - 1 else pick.choice(VERBS)
        return verb + self.text() + pick.choice(ends)

    def keys(self, line):
        """What a telnet sends between the characters."""
        pick = self.random
        for _ in range(pick.randint(0, 3)):
            at = pick.randint(0, len(line))
            line = line[:at] + pick.choice(KEYS) + line[at:]
        return line

    def string(self):
        """A JSON string of hostile text: escaped in one of two ways, or not."""
        pick, data = self.random, self.text()
        if pick.random() < 0.1:
            return b'"' + data + b'"'
        text = data.decode('utf-8', pick.choice(('replace', 'surrogateescape')))
        if pick.random() < 0.5:
            return json.dumps(text).encode()
        return json.dumps(text, ensure_ascii=False).encode('utf-8', 'surrogatepass')

    def object(self, n, name):
        pick = self.random
        if n % 10 == 0:
            return HOME % name
        if pick.random() < 0.03:
            return self.text()
        type, fields = pick.choice(OBJECTS)
        if n == EACH - 1:
            type, fields = 'quit', ('reason',)
        elif pick.random() < 0.02:
            type = 'x'
        parts = [b'"type":"%s"' % type.encode()]
        parts += [b'"%s":%s' % (field.encode(), self.string()) for field in fields]
        if pick.random() < 0.1:
            parts.append(b'"ref":' + self.string())
        return b'{' + b','.join(parts) + b'}'

    def people(self):
        lines = [self.line(n, (b'\n', b'\n', b'\r\n')) for n in range(EACH)]
        return [b'\n', *lines]

    def telnets(self):
        ends = (b'\r\n', b'\r\0', b'\r')
        lines = [self.keys(self.line(n, ends)) for n in range(EACH)]
        return [b'\xff\xf1\r\n', *lines]

    def programs(self):
        name = self.name()
        return [self.object(n, name) + self.random.choice((b'', b'\n'))
                for n in range(EACH)]

    def frames(self):
        name = self.name()
        objects = (self.object(n, name) for n in range(EACH))
        return [struct.pack('!I', len(o)) + o for o in objects]


SENDERS = [('text', Pen.people), ('text', Pen.telnets), ('json', Pen.programs),
           ('frames', Pen.frames)]


def exchange(address, data):
    """Sends all, then the end of input; what came until the other end."""
    came = bytearray()
    with connect(address) as sock:
        sock.setblocking(False)
        is_open = True
        try:
            while True:
                readable, writable, _ = select.select([sock], [sock] if is_open else [], [], 20)
                if not readable and not writable:
                    raise Violation('neither takes nor gives anything any more')
                if writable and data:
                    data = data[sock.send(data[:262144]):]
                elif writable:
                    sock.shutdown(socket.SHUT_WR)
                    is_open = False
                if readable:
                    some = sock.recv(262144)
                    came += some
                    if not some:
                        break
        except ConnectionError:  # it did not want to hear more
            pass
    return bytes(came)


def judge_strings(value, name=''):
    """Of one object, all of them."""
    if isinstance(value, dict):
        for key, item in value.items():
            judge_strings(key)
            judge_strings(item, key)
    elif isinstance(value, list):
        for item in value:
            judge_strings(item)
    elif isinstance(value, str):
        if name == 'message':
            value = value.replace('\n', '')
        if CONTROLS.search(value):
            raise ValueError('a control in a string')


def once(pairs):
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError('a key twice')
    return fields


def judge_object(data, its_own=None):
    """The object; ValueError if it is none, or is not clean but for one field."""
    def no_number(text):
        raise ValueError(text)
    got = json.loads(data.decode(), object_pairs_hook=once, parse_constant=no_number)
    if not isinstance(got, dict):
        raise ValueError('no object')
    judge_strings({key: item for key, item in got.items() if key != its_own})
    return got


def judge_line(data):
    """The line, of which the end is cut off."""
    line = data.decode()
    if CONTROLS.search(line):
        raise ValueError('a control in a line')
    return line


class Listener:
    """One who sits in the room and judges what it gets."""

    def __init__(self, name, client, ours):
        self.name, self.client, self.ours = name, client, ours
        self.n_heard = self.n_bytes = 0

    def items(self):
        """What has come since, a line or an object each."""
        raise NotImplementedError

    def judge(self, item):
        """Who it is of, and what was said."""
        raise NotImplementedError

    def listen(self, mark):
        """Reads up to the mark, which is the last that was said."""
        is_marked = False
        while not is_marked:
            for item in self.items():
                self.n_heard += 1
                self.n_bytes += len(item)
                try:
                    nick, text = self.judge(item)
                except ValueError as why:
                    raise Violation(f'{self.name} got {item!r}: {why}') from why
                is_marked = nick == 'marker' and text == mark
                if nick in self.ours and not is_marked:
                    raise Violation(f'{self.name} got {item!r}: not said by {nick}')

    def chunk(self):
        """What came, after what the last one left over."""
        client = self.client
        data = client.read()
        if not data:
            raise Violation(f'{self.name} was disconnected')
        client.buffer += data


class People(Listener):
    end = b'\n'

    def items(self):
        self.chunk()
        *lines, self.client.buffer = self.client.buffer.split(b'\n')
        for line in lines:
            if self.end == b'\r\n':
                if line[-1:] != b'\r':
                    raise Violation(f'{self.name} got {line!r}: not ended as telnet ends it')
                line = line[:-1]
            yield line

    def judge(self, item):
        line = judge_line(item)
        for form in FORMS:
            match = form.fullmatch(line)
            if match:
                return match['nick'], line.partition('> ')[2]
        raise ValueError('not a form that a line has')


class Telnets(People):
    end = b'\r\n'


class Programs(Listener):
    def items(self):
        self.chunk()
        *lines, self.client.buffer = self.client.buffer.split(b'\n')
        yield from lines

    def judge(self, item):
        got = judge_object(item)
        if got['type'] not in TYPES:
            raise ValueError('not of a type that others cause')
        return got['username'], got.get('message', '')


class Frames(Programs):
    def items(self):
        self.chunk()
        buffer, at = self.client.buffer, 0
        while len(buffer) >= at + 4:
            end = at + 4 + int.from_bytes(buffer[at:at + 4], 'big')
            if end - at > 1 << 20:
                raise Violation(f'{self.name} got {buffer[at:at + 80]!r}: no frame')
            if len(buffer) < end:
                break
            yield buffer[at + 4:end]
            at = end
        self.client.buffer = buffer[at:]


def sit_down(daemon):
    """The listeners, and the one who tells them how far to read."""
    ours = {'reader', 'terminal', 'robot', 'framed', 'marker'}
    marker = Person(daemon, 'text', nick='marker')
    reader = Person(daemon, 'text', nick='reader')
    terminal = Person(daemon, 'text', first=b'\xff\xf1', nick='terminal')
    robot = Program(daemon, 'json', name='robot')
    framed = Framed(daemon, 'frames')
    framed.get()
    framed.join('lobby', 'framed')
    for person in (marker, reader, terminal):
        person.sync()
    robot.sync()
    return marker, [
        People('the person', reader, ours), Telnets('the telnet', terminal, ours),
        Programs('the program', robot, ours), Frames('the one with frames', framed, ours)]


def answers(service, came):
    """What a sender was told, one by one."""
    if service == 'frames':
        while came:
            end = 4 + int.from_bytes(came[:4], 'big')
            yield came[4:end]
            came = came[end:]
    elif service == 'json':
        yield from came.split(b'\n')[:-1]
    else:
        yield from (line.rstrip(b'\r') for line in ANSWER.sub(b'', came).split(b'\n'))


def judge_answers(service, came):
    """They are as clean; a program gets its own reference back as it was."""
    for answer in answers(service, came):
        try:
            if service == 'text':
                judge_line(answer)
            else:
                judge_object(answer, its_own='ref')
        except ValueError as why:
            raise Violation(f'the sender got {answer!r}: {why}') from why


def attack(daemon, seed, n_lines):
    """Sends that many lines; how many of them (and of joins and so on) all
    listeners heard together, and how many bytes that were."""
    pen = Pen(seed)
    marker, listeners = sit_down(daemon)
    for n in range(0, n_lines, EACH):
        service, write = SENDERS[n // EACH % len(SENDERS)]
        lines = write(pen)
        address = daemon.address(pen.random.choice((service, 'auto')))
        try:
            came = exchange(address, b''.join(lines))
            # At the port for all a program may be taken for a person first.
            if service == 'text' or address == daemon.address(service):
                judge_answers(service, came)
            marker.say(f'mark {n}')
            for listener in listeners:
                listener.listen(f'mark {n}')
            marker.sync()
        except (AssertionError, OSError) as why:
            raise Violation(f'seed {seed}, after {n + EACH} lines, the last by '
                            f'{write.__name__}: {why}') from why
    return sum(x.n_heard for x in listeners), sum(x.n_bytes for x in listeners)
