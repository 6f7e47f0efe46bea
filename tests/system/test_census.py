# SPDX-License-Identifier: GPL-3.0-or-later
"""What an administrator sees and does among connections, addresses, rooms and
people: clients, client, addresses, closed, rooms, room, kick, say, watch."""

import json
import re
import select
import socket
import subprocess
import threading
import time

from clients import NC, Client, Person, connect
from control import Control, asked, path_of, refused, said, sockctl, start
from harness import SANITIZED, Daemon, Test, main, parse_address, wait_until

CONFIG = '''services: {
  echo:  { protocol = "echo"; listen = "127.0.0.1:0"; };
  lines: { protocol = "echo"; framing = "line"; listen = "127.0.0.1:0"; };
  chat:  { protocol = "chat"; listen = [ "chat.sock", "127.0.0.1:0" ]; };
  prog:  { protocol = "chat"; dialect = "json"; listen = "127.0.0.1:0"; };
};
chat: { quiet_above = 8; text = "1KiB"; flood: { burst = 100000; }; };
'''
LIMITED = CONFIG + 'exempt = []; limits: { connections_per_address = 5; };'


def peer_of(client):
    host, port = client.socket.getsockname()[:2]
    return f'{host}:{port}'


def clients(daemon, *filters):
    return asked(daemon, 'clients', *filters)['clients']


def client_of(daemon, client):
    """The row of a client over TCP."""
    return wait_until(lambda: next(iter(
        [c for c in clients(daemon) if c['peer'] == peer_of(client)]), None), 'it is listed')


def program(daemon, room, name):
    client = Client(daemon, 'prog')
    client.line()
    client.send(json.dumps({'type': 'join', 'room': room, 'username': name}))
    client.line()
    return client


def by_nc(daemon, text):
    return subprocess.run([NC, '-NU', path_of(daemon)], input=text, text=True,
                          capture_output=True, timeout=60, check=True).stdout


class Looking(Test):
    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(CONFIG)

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()

    def tearDown(self):
        for client in self.daemon.clients:
            client.close()
        self.daemon.clients.clear()
        wait_until(lambda: clients(self.daemon) == [], 'all have gone')

    def test_clients(self):
        alice = Person(self.daemon, nick='alice', address=self.daemon.address('chat'))
        echo = Client(self.daemon, 'echo', first=b'12345')
        self.assertEqual(echo.take(5), b'12345')
        rows = {c['service']: c for c in clients(self.daemon)}
        self.assertEqual(sorted(rows), ['chat', 'echo'])
        self.assertEqual(rows['chat']['nick'], 'alice')
        self.assertGreaterEqual(rows['chat']['messages'], 1)
        row = rows['echo']
        self.assertEqual(row['peer'], peer_of(echo))
        self.assertEqual((row['in'], row['out'], row['queued']), (5, 5, 0))
        self.assertEqual((row['nick'], row['state'], row['messages']), (None, 'open', 1))
        self.assertLess(row['idle'], 20)
        self.assertEqual(asked(self.daemon, 'clients')['found'], 2)
        for words, services in (
                (['service=echo'], ['echo']), (['nick=ALICE'], ['chat']),
                (['ali'], ['chat']), (['127.0.0.0/8'], ['chat', 'echo']),
                (['10.0.0.0/8'], []), (['state=closing'], []),
                (['sort=in', 'limit=1'], ['chat']), ([peer_of(echo)], ['echo'])):
            found = sorted(c['service'] for c in clients(self.daemon, *words))
            self.assertEqual(found, services, words)
        text = said(self.daemon, 'clients', 'service=chat')
        self.assertRegex(text, r'(?m)^ *id +service +peer +nick +state +age +idle +in +out')
        self.assertRegex(text, rf'(?m)^ *\d+ +chat +{peer_of(alice)} +alice +open ')
        self.assertRegex(text, r'(?m)^found +1$')
        self.assertIn(' alice ', by_nc(self.daemon, 'clients alice\n'))
        self.assertIn('limit: "x" is no number', refused(self.daemon, 'clients', 'limit=x'))
        self.assertIn('sort: "fast" is none of id, age',
                      refused(self.daemon, 'clients', 'sort=fast'))

    def test_messages_are_lines_where_there_are_lines(self):
        client = Client(self.daemon, 'lines', first=b'one\ntwo\nthree\n')
        client.take(14)
        self.assertEqual(client_of(self.daemon, client)['messages'], 3)

    def test_client(self):
        alice = Person(self.daemon, nick='alice', address=self.daemon.address('chat'))
        row = client_of(self.daemon, alice)
        one = asked(self.daemon, 'client', str(row['id']))
        self.assertEqual(one['nick'], 'alice')
        self.assertEqual((one['kind'], one['rooms'], one['uid']), ('person', ['lobby'], None))
        self.assertEqual(parse_address(one['local']), self.daemon.address('chat'))
        bot = program(self.daemon, 'ops', 'bot')
        one = asked(self.daemon, 'client', str(client_of(self.daemon, bot)['id']))
        self.assertEqual((one['kind'], one['rooms']), ('program', ['ops']))
        echo = Client(self.daemon, 'echo')
        one = asked(self.daemon, 'client', str(client_of(self.daemon, echo)['id']))
        self.assertEqual((one['kind'], one['rooms'], one['reason']), (None, [], None))
        self.assertIn('no connection 999999; `clients` lists them',
                      refused(self.daemon, 'client', '999999'))
        self.assertIn('"alice" is no number', refused(self.daemon, 'client', 'alice'))

    def test_state(self):
        """One that does not read is paused, then told of nothing more."""
        slow = Client(self.daemon, 'echo', rcvbuf=4096)
        slow.socket.setblocking(False)

        def fill():
            try:
                slow.socket.send(b'x' * 65536)
            except BlockingIOError:
                pass
            rows = clients(self.daemon, 'state=paused')
            return rows and rows[0]['queued'] > 0
        wait_until(fill, 'it is paused')

    def test_closed(self):
        quitter = Person(self.daemon, nick='quitter', address=self.daemon.address('chat'))
        peer = peer_of(quitter)
        quitter.say('/quit bye')
        quitter.rest()
        row = wait_until(lambda: next(iter(
            [c for c in asked(self.daemon, 'closed')['connections'] if c['peer'] == peer]), None),
            'its end is listed')
        self.assertEqual((row['nick'], row['service'], row['reason']),
                         ('quitter', 'chat', 'quit'))
        self.assertGreater(row['in'], 10)
        self.assertLess(abs(row['time'] - time.time()), 60)
        self.assertEqual(len(asked(self.daemon, 'closed', 'limit=1')['connections']), 1)
        self.assertRegex(said(self.daemon, 'closed'), r'(?m) quitter +quit ')

    def test_rooms(self):
        alice = Person(self.daemon, nick='alice')
        alice.join('ops')
        alice.say('/topic all of it')
        alice.say('one')
        alice.sync()
        rooms = {r['room']: r for r in asked(self.daemon, 'rooms')['rooms']}
        self.assertEqual(rooms['ops']['members'], 1)
        self.assertEqual(rooms['ops']['topic'], 'all of it')
        self.assertGreaterEqual(rooms['ops']['messages'], 1)
        self.assertLess(abs(rooms['ops']['last_said'] - time.time()), 60)
        bot = program(self.daemon, 'ops', 'bot')
        room = asked(self.daemon, 'room', '#OPS')
        self.assertEqual([(m['nick'], m['kind'], m['away']) for m in room['who']],
                         [('alice', 'person', False), ('bot', 'program', False)])
        ids = [m['id'] for m in room['who']]
        self.assertEqual(ids[1], client_of(self.daemon, bot)['id'])
        self.assertEqual((room['room'], room['members']), ('ops', 2))
        self.assertRegex(said(self.daemon, 'room', 'ops'), r'(?m)^alice +\d+ +person ')
        self.assertIn('there is no room #opps; did you mean #ops?',
                      refused(self.daemon, 'room', 'opps'))


class Acting(Test):
    def test_kick(self):
        with Daemon(CONFIG) as daemon:
            alice, bob = Person(daemon, nick='alice'), Person(daemon, nick='bob')
            alice.until('*** bob joined #lobby')
            self.assertIn('nobody is called "alicia"; did you mean alice?',
                          refused(daemon, 'kick', 'alicia'))
            said(daemon, 'kick', 'ALICE', 'too', 'loud')
            alice.until(re.compile(
                r'\*\*\* disconnected: kicked by \S+: too loud\. Press Ctrl-C\.'))
            self.assertEqual(alice.rest(), b'')
            bob.until(re.compile(r'\*\*\* alice left #lobby: kicked by \S+: too loud'))
            daemon.wait_log(r'notice control verb="kick" .* args="ALICE too loud"')
            daemon.wait_log(r'closed service=chat .* nick=alice reason=kicked')
            bot = program(daemon, 'lobby', 'bot')
            row = client_of(daemon, bot)
            said(daemon, 'kick', str(row['id']))
            last = json.loads(bot.rest_lines()[-1])
            self.assertEqual((last['type'], last['code'], last['retry']),
                             ('disconnected', 'kicked', False))
            bob.until(re.compile(r'\*\*\* bot left #lobby: kicked by [^:]*'))
            echo = Client(daemon, 'echo')
            row = client_of(daemon, echo)
            said(daemon, 'kick', str(row['id']), 'x')
            self.assertEqual(echo.rest(), b'')
            self.assertIn(f'no connection {row["id"]} that is open',
                          refused(daemon, 'kick', str(row['id'])))

    def test_kick_words(self):
        """What the reason holds can do no harm, however long it is."""
        with Daemon(CONFIG) as daemon:
            alice = Person(daemon, nick='alice')
            control = Control(daemon)
            control.send(b'kick alice \xff\xe2\x80\xae' + 'é'.encode() * 1000 + b'\n')
            self.assertEqual(control.answer(), ['ok'])
            line = alice.line()
            while not line.startswith('*** disconnected'):
                line = alice.line()
            self.assertRegex(line, '�<U\\+202E>é+')
            self.assertLess(len(line.encode()), 400)

    def test_kick_during_a_flood(self):
        """Of somebody who never stops talking."""
        with Daemon(CONFIG) as daemon:
            loud = Person(daemon, nick='loud')
            over = threading.Event()

            def flood():
                try:
                    while not over.is_set():
                        loud.socket.sendall(b'again and again\n' * 1000)
                except OSError:
                    pass
            thread = threading.Thread(target=flood, daemon=True)
            thread.start()
            bob = Person(daemon, nick='bob')
            wait_until(lambda: clients(daemon, 'nick=loud', 'service=chat')[0]['messages'] > 2000,
                       'the flood runs')
            said(daemon, 'kick', 'loud')
            wait_until(lambda: not clients(daemon, 'nick=loud'), 'it is off')
            over.set()
            loud.close()
            thread.join(20)
            bob.close()

    def test_say(self):
        with Daemon(CONFIG) as daemon:
            alice, bob = Person(daemon, nick='alice'), Person(daemon, nick='bob')
            alice.until('*** bob joined #lobby')
            bob.join('ops')
            alice.until('*** bob left #lobby')
            bot = program(daemon, 'ops', 'bot')
            bob.until('*** bot joined #ops')
            told = asked(daemon, 'say', 'ops', 'back at "noon"')
            self.assertEqual(told, {'rooms': 1, 'members': 2})
            self.assertEqual(bob.line(), '*** announcement: back at "noon"')
            self.assertEqual(json.loads(bot.line()), {
                'type': 'notification', 'event': 'announcement', 'room': 'ops',
                'message': 'back at "noon"'})
            told = asked(daemon, 'say', '*', 'goodbye')
            self.assertEqual(told, {'rooms': 2, 'members': 3})
            self.assertEqual(alice.line(), '*** announcement: goodbye')
            self.assertEqual(bob.line(), '*** announcement: goodbye')
            self.assertIn('there is no room #opss; did you mean #ops?',
                          refused(daemon, 'say', 'opss', 'x'))
            self.assertIn('usage: say ROOM TEXT...', refused(daemon, 'say', 'ops', code=64))
            self.assertIn('allowed', refused(daemon, 'say', 'ops', 'x' * 1020 + 'é' * 5))
            bob.say('/history 5')
            self.assertNotIn('goodbye', '\n'.join(bob.sync()))

    def test_addresses(self):
        with Daemon(LIMITED) as daemon:
            kept = [Client(daemon, 'echo', source='127.0.0.2') for _ in range(5)]
            for _ in range(3):
                with connect(daemon.address('echo'), source='127.0.0.2') as refused_one:
                    self.assertEqual(refused_one.recv(1), b'')
            other = Client(daemon, 'echo', source='127.0.0.3')
            over = threading.Event()

            def flood():
                while not over.is_set():
                    other.send('x')
                    other.take(1)
            thread = threading.Thread(target=flood, daemon=True)
            thread.start()
            found = asked(daemon, 'addresses')
            over.set()
            thread.join(20)
            first, second = found['addresses']
            self.assertEqual((first['address'], first['open']), ('127.0.0.3', 1))
            self.assertGreater(first['messages_per_s'], 0)
            self.assertGreater(first['in_per_s'], 0)
            self.assertEqual((second['address'], second['open']), ('127.0.0.2', 5))
            self.assertEqual((second['accepted'], second['address_full']), (5, 3))
            self.assertEqual(second['messages_per_s'], 0)
            found = asked(daemon, 'addresses', '127.0.0.2')
            self.assertEqual([a['address'] for a in found['addresses']], ['127.0.0.2'])
            found = asked(daemon, 'addresses', 'limit=1')
            self.assertEqual((len(found['addresses']), found['found']), (1, 2))
            self.assertIn('is not a network', refused(daemon, 'addresses', 'here'))
            self.assertEqual(len(kept), 5)


class Watching(Test):
    def test_room(self):
        with Daemon(CONFIG) as daemon:
            alice = Person(daemon, nick='alice')
            alice.sync()
            text, data = Control(daemon), Control(daemon)
            text.send('watch room lobby\n')
            self.assertRegex(text.line(), r'^\d\d:\d\d:\d\d watching room=lobby members=1$')
            data.send('json watch room LOBBY\n')
            self.assertEqual(json.loads(data.line())['type'], 'watching')
            daemon.wait_log(r'notice control verb="watch room" uid=\d+ user=\S+ args="lobby"')
            alice.say('to nobody')
            alice.say('/me waves')
            alice.say('/nick alina')
            alice.say('/msg alina psst')
            alice.sync()
            guest = Person(daemon)
            guest.join('ops')
            alice.say('/quit')
            for wanted in (r'<alice> to nobody', r'\* alice waves',
                           r'\*\*\* alice is now alina', r'\*\*\* guest-\w+ joined #lobby'):
                self.assertRegex(text.line(), rf'^\d\d:\d\d:\d\d {wanted}$')
            self.assertEqual(text.line()[9:], f'*** {guest.nick} left #lobby')
            self.assertEqual(text.line()[9:], '*** alina left #lobby')
            events = [json.loads(data.line()) for _ in range(6)]
            self.assertEqual([(e['type'], e.get('event')) for e in events[:4]], [
                ('chat', None), ('me', None), ('notification', 'nick'), ('notification', 'join')])
            self.assertEqual(events[0]['message'], 'to nobody')
            for event in events:
                self.assertLess(abs(event['time'] - time.time()), 60)
            self.assertIn('no room', refused(daemon, 'watch', 'room', 'nowhere'))

    def test_quiet_rooms_and_other_rooms(self):
        """Who comes and goes is seen where members are not told; what is said
        elsewhere is not."""
        with Daemon(CONFIG) as daemon:
            crowd = [Person(daemon, nick=f'p{i}-x') for i in range(10)]
            watch = Control(daemon)
            watch.send('watch room lobby\n')
            watch.line()
            crowd[0].join('ops')
            crowd[0].say('elsewhere')
            crowd[0].sync()
            crowd[1].say('here')
            self.assertEqual(watch.line()[9:], '*** p0-x left #lobby')
            self.assertEqual(watch.line()[9:], '<p1-x> here')

    def test_events(self):
        with Daemon(CONFIG) as daemon:
            Person(daemon)
            watch = start(daemon, '--json', 'watch', 'events')
            self.assertEqual(json.loads(watch.stdout.readline())['type'], 'watching')
            text = Control(daemon)
            text.send('watch events\n')
            text.line()
            room = Control(daemon) # what it sees is not for the others
            room.send('watch room lobby\n')
            room.line()
            alice = Person(daemon, nick='alice')
            alice.say('a secret')
            alice.say('/quit another')
            alice.rest()
            daemon.signal(1)
            seen = [json.loads(watch.stdout.readline()) for _ in range(6)]
            by = {e['type']: e for e in seen}
            self.assertEqual(sorted(by), ['closed', 'join', 'leave', 'opened', 'reloaded',
                                          'rename'])
            self.assertEqual(by['opened']['service'], 'chat')
            self.assertEqual(by['rename']['to'], 'alice')
            self.assertEqual((by['leave']['nick'], by['leave']['room']), ('alice', 'lobby'))
            self.assertEqual((by['closed']['reason'], by['closed']['conn']),
                             ('quit', by['opened']['conn']))
            self.assertNotIn('secret', str(seen))
            self.assertNotIn('another', str(seen))
            lines = [text.line() for _ in range(6)]
            self.assertRegex(lines[0], r'^\d\d:\d\d:\d\d opened service=chat peer=')
            watch.terminate()
            watch.wait(20)
            watch.stdout.close()

    def test_nobody_reads(self):
        """A watch that is not read costs bounded memory, and is told how much
        it missed."""
        with Daemon(CONFIG) as daemon:
            alice = Person(daemon, nick='alice')
            watch = Control(daemon)
            watch.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            watch.send('watch room lobby\n')
            watch.line()
            line = 'x' * 1000 + '\n'
            alice.socket.sendall((line * 2000).encode())
            alice.sync()
            before = daemon.resident()
            for _ in range(5):
                alice.socket.sendall((line * 2000).encode())
                alice.sync()
            if not SANITIZED: # which keeps what was freed
                self.assertLess(daemon.resident() - before, 4 << 20)
            n_seen = n_lost = 0
            n_said = 12000
            while n_seen + n_lost < n_said:
                if not select.select([watch], [], [], 0)[0] and b'\n' not in watch.buffer:
                    n_said += 1 # what was lost is said with the next
                    self.assertLess(n_said, 13000, 'some were not counted')
                    alice.say('one more')
                    alice.sync()
                text = watch.line()
                lost = re.fullmatch(r'\(([\d,]+) lines? (was|were) left out\)', text)
                n_lost += int(lost[1].replace(',', '')) if lost else 0
                n_seen += text[9:].startswith('<alice> ')
            self.assertEqual(n_seen + n_lost, n_said)
            self.assertGreater(n_lost, 5000)

    def test_who_leaves_is_forgotten(self):
        """More watches one after the other than there may be at a time."""
        with Daemon(CONFIG) as daemon:
            Person(daemon, nick='alice')
            for _ in range(40):
                wait_until(lambda: self.watched(daemon), 'there is room')

    @staticmethod
    def watched(daemon):
        watch = Control(daemon)
        try:
            watch.send('json watch room lobby\n')
            return 'watching' in (watch.line() or '')
        except (BrokenPipeError, ConnectionResetError):
            return False
        finally:
            watch.close()

    def test_stop_during_a_watch(self):
        with Daemon(CONFIG) as daemon:
            Person(daemon, nick='alice')
            watch = start(daemon, 'watch', 'events')
            watch.stdout.readline()
            daemon.signal(15)
            self.assertEqual(daemon.wait(), 0)
            watch.wait(20)
            watch.stdout.close()

    def test_asker_gone(self):
        """Who does not wait for the answer leaves nothing behind."""
        with Daemon(CONFIG) as daemon:
            Person(daemon, nick='alice')
            before = daemon.fds()
            for _ in range(3):
                for request in ('addresses', 'json clients', 'closed', 'kick 999'):
                    asker = Control(daemon)
                    asker.send(request + '\n')
                    asker.close()
                wait_until(lambda: daemon.fds() <= before, 'all are closed')
            self.assertEqual(len(clients(daemon)), 1)


class Many(Test):
    """A small sibling of `./dev bench census`."""

    def test_all_are_listed_while_others_are_served(self):
        with Daemon(CONFIG) as daemon:
            crowd = [Client(daemon, 'echo') for _ in range(500)]
            wait_until(lambda: len(clients(daemon)) == 500, 'all are there')
            busy = Client(daemon, 'echo')
            for _ in range(20):
                watch = start(daemon, '--json', 'clients')
                while watch.poll() is None and not select.select([watch.stdout], [], [], 0)[0]:
                    busy.send('x')
                    self.assertEqual(busy.take(1), b'x')
                rows = json.loads(watch.stdout.read())['clients']
                watch.wait(20)
                watch.stdout.close()
                self.assertEqual(len({r['id'] for r in rows}), 501)
            self.assertEqual(len(crowd), 500)


if __name__ == '__main__':
    main()
