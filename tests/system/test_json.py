# SPDX-License-Identifier: GPL-3.0-or-later
"""chat as programs see it: JSON objects, on a port of their own, behind lengths,
or on the port that people use too."""

import json
import re
import socket
import subprocess

from clients import NC, Child, Client, Framed, Person, Program, connect, target
from harness import Daemon, Test, main, observe, wait_until

CONFIG = '''
services: {
  json: { protocol = "chat"; dialect = "json"; listen = "127.0.0.1:0"; };
  chat: { protocol = "chat"; listen = [ "chat.sock", "127.0.0.1:0" ]; };
  text: { protocol = "chat"; dialect = "text"; listen = "127.0.0.1:0"; };
  one: { protocol = "chat"; dialect = "json"; listen = "127.0.0.1:0";
         max_connections = 1; };
  frames: { protocol = "chat"; dialect = "json"; framing = "length";
            listen = "127.0.0.1:0"; };
};
chat: { history = 5; };
limits: { message = "4KiB"; rooms_per_member = 2; };
'''
INVALID = {'type': 'error', 'code': 'invalid_json', 'message': 'Invalid JSON'}


class Tutorial:
    """The client of every tutorial: one send, one recv, one json.loads."""

    def __init__(self, daemon, service='json'):
        self.socket = connect(daemon.address(service))
        daemon.clients.append(self)

    def send(self, **message):
        self.socket.send(json.dumps(message).encode())

    def receive(self):
        return json.loads(self.socket.recv(1024).decode())

    def ask(self, **message):
        self.send(**message)
        return self.receive()

    def close(self):
        self.socket.close()


class Case(Test):
    def setUp(self):
        self.d = Daemon(CONFIG, level='debug')
        self.addCleanup(lambda: self.d.__exit__(None, None, None))

    def refused(self, program, code, **request):
        program.put(**request)
        got = program.get()
        self.assertEqual((got['type'], got['code']), ('error', code), got)
        self.assertTrue(got['message'])
        return got


class Tutorials(Case):
    def test_turn_by_turn(self):
        a, b = Tutorial(self.d), Tutorial(self.d)
        for client in (a, b):
            got = client.receive()
            self.assertEqual(got['type'], 'welcome')
            self.assertIn('welcome', got['message'])
        a.send(type='join', room='tea', username='alice')
        got = a.receive()
        self.assertEqual(
            {k: got[k] for k in ('type', 'event', 'username', 'room', 'message')},
            {'type': 'notification', 'event': 'join', 'username': 'alice',
             'room': 'tea', 'message': 'alice joined tea'})
        self.assertEqual((got['members'], got['topic'], got['last_id']), (1, '', 0))
        self.assertIn('resume', got)
        b.send(type='join', room='tea', username='bob')
        self.assertEqual(b.receive()['members'], 2)
        self.assertEqual(a.receive(), {
            'type': 'notification', 'event': 'join', 'username': 'bob',
            'room': 'tea', 'message': 'bob joined tea'})
        a.send(type='chat', message='héllo\u2028')
        got = b.receive()
        self.assertEqual((got['type'], got['username'], got['room'], got['message']),
                         ('chat', 'alice', 'tea', 'héllo<U+2028>'))
        self.assertLess(got['id'], 2**53)
        self.assertAlmostEqual(got['time'], got['id'] / 1e6, delta=1)
        b.send(type='leave')
        self.assertEqual(a.receive(), {
            'type': 'notification', 'event': 'leave', 'username': 'bob',
            'room': 'tea', 'message': 'bob left tea'})
        b.send(type='chat', message='anybody?')
        self.assertEqual(b.receive()['code'], 'not_in_room')
        b.send(type='join', room='tea')
        self.assertEqual(b.receive(), {
            'type': 'error', 'code': 'room_and_username_required',
            'message': 'Room and username required'})
        b.socket.send(b'not json')
        self.assertEqual(b.receive(), INVALID)
        a.close()
        wait_until(lambda: b.ask(type='who', room='tea')['total'] == 0, 'alice gone')
        b.send(type='join', room='tea', username='bob')
        self.assertEqual(b.receive()['event'], 'join')

    def test_the_joiner_gets_one_object(self):
        """However much was said, and however long the topic."""
        a = Program(self.d, name='alice')
        for _ in range(8):
            a.put('chat', message='x' * 4000)
        a.put('topic', topic='é"' * 150)
        a.until(event='topic')
        b = Tutorial(self.d)
        b.receive()
        b.send(type='join', room='lobby', username='b' * 24)
        raw = b.socket.recv(65536)
        self.assertLess(len(raw), 1000)
        self.assertEqual(json.loads(raw)['topic'][:200], ('é"' * 150)[:200])
        b.send(type='ping')
        self.assertEqual(b.receive(), {'type': 'pong'})


class Requests(Case):
    def test_names_are_all_or_nothing(self):
        a, b = Program(self.d, name='alice'), Program(self.d, name='bob')
        self.assertEqual(len(a.sync()), 1)
        for name, code in (('ALICE', 'name_taken'), ('a1ice', 'name_taken'),
                           ('-x', 'name_invalid'), ('guest-abcd', 'name_invalid')):
            self.refused(b, code, type='join', room='den', username=name)
        self.refused(b, 'room_invalid', type='join', room='d e n', username='rob')
        self.assertEqual(a.sync(), [])
        b.put('who')
        self.assertEqual(b.get(), {
            'type': 'who', 'room': 'lobby', 'total': 2,
            'members': [{'username': 'alice'}, {'username': 'bob'}]})
        b.put('nick', username='rob')
        got = a.get()
        self.assertEqual((got['event'], got['username'], got['new_username']),
                         ('nick', 'bob', 'rob'))
        self.assertEqual(b.sync(), [])

    def test_several_rooms(self):
        a, b = Program(self.d, name='alice'), Program(self.d, name='bob')
        a.sync()
        b.join('den', 'bob', keep=True)
        self.assertEqual(a.sync(), [])
        self.refused(b, 'bad_field', type='chat', message='where?')
        b.put('chat', message='here', room='lobby')
        self.assertEqual((a.get())['message'], 'here')
        self.refused(b, 'not_in_room', type='chat', message='x', room='attic')
        self.refused(b, 'not_allowed', type='join', room='attic', username='bob', keep=True)
        b.put('leave', room='lobby')
        self.assertEqual(a.get()['message'], 'bob left lobby')
        b.join('lobby', 'bob')
        self.assertEqual(a.get()['message'], 'bob joined lobby')
        b.put('who')
        self.assertEqual(b.get()['room'], 'lobby')
        b.put('rooms')
        got = b.get()
        self.assertEqual(got['total'], 2)
        self.assertEqual(got['rooms'][0], {'room': 'lobby', 'members': 2, 'topic': ''})

    def test_references(self):
        a = Program(self.d, name='alice')
        a.put('chat', message='hi', ref='é1')
        ok = a.get()
        self.assertEqual((ok['type'], ok['ref']), ('ok', 'é1'))
        a.put('history', last=1, ref=2)
        self.assertEqual(a.get()['messages'][0]['id'], ok['id'])
        self.assertEqual(a.get(), {'type': 'ok', 'ref': 2})
        self.assertEqual(self.refused(
            a, 'no_such_name', type='msg', username='bob', message='x', ref=3.5)['ref'], 3.5)
        self.assertEqual(self.refused(a, 'unknown_type', type='jion', ref='4')['ref'], '4')
        self.refused(a, 'bad_field', type='ping', ref=['5'])
        a.put('chat', message='silent')
        self.assertEqual(a.sync(), [])
        a.put('quit', ref=6)
        self.assertEqual(a.get(), {'type': 'ok', 'ref': 6})
        self.assertEqual(a.get(), {
            'type': 'disconnected', 'code': 'quit', 'message': 'bye', 'retry': False})
        self.assertEqual(a.rest(), b'')

    def test_history_counts_what_is_lost(self):
        a = Program(self.d, name='alice')
        ids = []
        for i in range(8):
            a.put('chat', message=str(i), ref=i)
            ids.append(a.get()['id'])
        self.assertEqual(ids, sorted(set(ids)))
        for since, lost, messages in ((0, 3, '34567'), (ids[0], 2, '34567'),
                                      (ids[2], 0, '34567'), (ids[5], 0, '67'),
                                      (ids[7], 0, '')):
            a.put('history', since=since)
            got = a.get()
            self.assertEqual(got['lost'], lost)
            self.assertEqual(''.join(m['message'] for m in got['messages']), messages)

    def test_who_is_not_let_in_is_told(self):
        a, b = Program(self.d, 'one'), Program(self.d, 'one')
        self.assertEqual(a.get()['type'], 'welcome')
        self.assertEqual(b.get(), {
            'type': 'disconnected', 'code': 'full', 'message': 'the server is full',
            'retry': True})

    def test_the_server_stops(self):
        a, f = Program(self.d, name='alice'), Framed(self.d, 'frames')
        f.get()
        self.d.signal(15)
        for client in (a, f):
            self.assertEqual(client.get(), {
                'type': 'disconnected', 'code': 'stopping', 'retry': True,
                'message': 'the server is stopping'})
            self.assertEqual(client.rest(), b'')
        self.assertEqual(self.d.wait(), 0)


class Faults(Case):
    def test_junk(self):
        a = Program(self.d, name='alice')
        a.send('junk and more } ] "\n\n')
        self.assertEqual(a.sync(), [INVALID])
        for junk in ('x', '[1, 2]', '"type"', 'null', '\0', '}'):
            a.send(junk + '{"type":"ping"}')
            self.assertEqual([a.get(), a.get()], [INVALID, {'type': 'pong'}])
        for fault in ('{]', '{"type":"ping",}', '{"type":"ping","type":"ping"}',
                      '{"type":"\x01"}', '{"a":' + '[' * 40 + ']' * 40 + '}'):
            a.send(fault + '{"type":"ping"}')
            self.assertEqual([a.get(), a.get()], [INVALID, {'type': 'pong'}], fault)
        a.send(b'{"type":"\xff"}')
        self.assertEqual(a.sync(), [INVALID])
        a.send('{"type":"chat","message":"cut off\n{"type":"ping"}')
        self.assertEqual([a.get(), a.get()], [INVALID, {'type': 'pong'}])

    def test_too_long(self):
        a = Program(self.d, name='alice')
        a.put('chat', message='x' * 70000)
        got = a.get()
        self.assertEqual(got['code'], 'too_long')
        self.assertIn('4,096', got['message'])
        self.assertEqual(a.sync(), [])

    def test_a_byte_at_a_time(self):
        a, b = Program(self.d, name='alice'), Program(self.d, name='bob')
        a.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in json.dumps({'type': 'chat', 'message': '\\"{é\n'}).encode():
            a.send(bytes([byte]))
        self.assertEqual(b.until(type='chat')['message'], '\\"{é\n')

    def test_the_end_within_an_object(self):
        a = Program(self.d)
        a.get()
        a.send('{"type":"ping"}{"type":')
        a.half_close()
        self.assertEqual([a.get(), a.get()], [{'type': 'pong'}, INVALID])
        self.assertEqual(a.rest(), b'')


class Mixed(Case):
    """People and programs in one room."""

    def test_they_hear_each_other(self):
        a, b = Person(self.d, nick='alice'), Program(self.d, name='bot')
        self.assertEqual(a.until('*** bot joined #lobby'), [])
        a.say('hello "bot"')
        self.assertEqual(b.until(type='chat')['message'], 'hello "bot"')
        a.say('/me waves')
        self.assertEqual(b.get()['type'], 'me')
        a.say('/msg bot psst')
        got = b.get()
        self.assertEqual((got['type'], got['username'], got['message']),
                         ('msg', 'alice', 'psst'))
        a.until('[you -> bot] psst')
        b.put('chat', message='one\n*** two\n')
        self.assertEqual([a.line(), a.line()], ['<bot> one', '<bot> *** two'])
        b.put('chat', message='\n'.join(map(str, range(50))))
        lines = [a.line() for _ in range(41)]
        self.assertEqual(lines[39:], ['<bot> 39', '*** 10 more lines of bot are not shown'])
        b.put('msg', username='alice', message='a\nb')
        self.assertEqual([a.line(), a.line()], ['[bot -> you] a', '[bot -> you] b'])
        b.put('topic', topic='tea\n\x1b[2J')
        self.assertEqual(a.line(), '*** bot set the topic: tea\u240a\u241b[2J')
        b.put('leave')
        self.assertEqual(a.line(), '*** bot left #lobby')
        self.assertEqual(a.sync(), [])

    def test_a_shell_speaks_json(self):
        a = Person(self.d, nick='alice')
        talk = ('{"type":"join","room":"lobby","username":"cron"}'
                '{"type":"chat","message":"backup done"}')
        done = subprocess.run(
            [NC, '-N', *target(self.d.address('chat'))], input=talk.encode(),
            stdout=subprocess.PIPE, check=True)
        a.until('<cron> backup done')
        self.assertEqual(a.line(), '*** cron left #lobby')
        got = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([o['type'] for o in got], ['welcome', 'notification'])


class OnePort(Case):
    """dialect = "auto": the first bytes decide."""

    def test_silent_people_are_greeted(self):
        for service in ('chat', 'text'):
            nc = Child(self.d, NC, *target(self.d.address(service)))
            self.assertIn('welcome to sockd', nc.line())

    def test_programs(self):
        a = Program(self.d, 'chat')
        a.put('join', room='lobby', username='bot')
        self.assertEqual([a.get()['type'], a.get()['event']], ['welcome', 'join'])
        f = Framed(self.d, 'chat')
        f.put('join', room='lobby', username='framed')
        self.assertEqual([f.get()['type'], f.get()['event']], ['welcome', 'join'])
        self.assertEqual(a.get()['message'], 'framed joined lobby')
        f.put('chat', message='hi')
        self.assertEqual(a.get()['message'], 'hi')

    def test_a_program_that_was_greeted_as_a_person(self):
        watcher = Program(self.d, name='watcher')
        a = Program(self.d, 'chat')
        self.assertIn('*** welcome', a.line())
        a.put('join', room='lobby', username='late')
        while (line := a.line())[0] != '{':
            self.assertEqual(line[:4], '*** ')
        self.assertEqual(json.loads(line)['type'], 'welcome')
        self.assertEqual(a.get()['message'], 'late joined lobby')
        self.assertEqual([o['message'] for o in watcher.sync()], ['late joined lobby'])

    def test_braces_of_people(self):
        p = Person(self.d)
        p.say('{"type":"ping"}')
        self.assertEqual(p.sync(), [])

    def test_nobody_was_there(self):
        """Who only tries the port leaves nothing but a count."""
        watcher = Person(self.d, nick='watcher')
        subprocess.run([NC, '-z', *target(self.d.address('chat'))], check=True)
        self.d.wait_log(r' debug closed service=chat .* reason=eof in=0 out=0 ')
        self.assertEqual(self.d.log(r' info closed '), [])
        watcher.say('/who')
        watcher.until('*** 1 in #lobby: watcher')
        observe(0.3)
        self.assertEqual(watcher.sync(), [])

    def test_a_browser_is_told(self):
        watcher = Person(self.d, nick='watcher')
        web = Client(self.d, 'chat')
        web.send('GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n')
        head, _, body = web.rest().decode().partition('\r\n\r\n')
        self.assertEqual(head.splitlines()[0], 'HTTP/1.1 400 Bad Request')
        self.assertEqual(
            body, 'This is a chat for netcat, not a web page: nc HOST PORT\n')
        self.assertIn(f'Content-Length: {len(body)}', head.splitlines())
        self.d.wait_log(r'info closed service=chat .* reason=protocol ')
        self.assertEqual(watcher.sync(), [])

    def test_tls_is_told(self):
        hello = bytes.fromhex('16030100c8010000c40303') + bytes(194)
        tls = Client(self.d, 'chat')
        tls.send(hello)
        self.assertEqual(tls.rest(), bytes.fromhex('15030100020246'))
        self.d.wait_log(r'notice TLS where there is none service=chat peer=')

    def test_answers_come_before_the_end(self):
        """What ends the connection in the same read leaves no answer out."""
        ping = b'{"type":"ping"}'
        ping = len(ping).to_bytes(4, 'big') + ping
        c = Framed(self.d, 'frames')
        c.get()
        c.socket.sendall(ping * 3 + b'hell')
        self.assertEqual([c.get() for _ in range(3)], [{'type': 'pong'}] * 3)
        self.assertRegex(c.rest().decode(), '^error: that is a length of ')

    def test_frames_of_text(self):
        """Somebody types at the port of frames."""
        c = Framed(self.d, 'frames')
        self.assertEqual(c.get()['type'], 'welcome')
        c.socket.sendall(b'hello\n')
        self.assertRegex(c.rest().decode(),
                         r'^error: that is a length of 1,751,477,356 bytes, 4,096 are allowed')
        self.d.wait_log(r'info closed service=frames .* reason=frame ')


if __name__ == '__main__':
    main()
