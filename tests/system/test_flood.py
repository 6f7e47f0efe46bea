# SPDX-License-Identifier: GPL-3.0-or-later
"""Who says too much: some of it passes, some waits, the rest is counted; nobody
else notices, and leaving always works."""

import json
import re
import signal
import socket
import threading
import time

from clients import NC, Child, Client, Person, Program, pipe_through, target
from control import asked
from datagrams import Asker
from harness import Daemon, Test, main, wait_until
from scrape import scrape

SERVICES = '''
services: {
  chat: { protocol = "chat"; listen = [ "127.0.0.1:0", "chat.sock" ]; %s };
  json: { protocol = "chat"; dialect = "json"; listen = "127.0.0.1:0"; };
  post: { protocol = "post"; listen = "127.0.0.1:0"; nick = "cron"; %s };
  metrics: { protocol = "metrics"; listen = "127.0.0.1:0"; };
};
chat: { replay = 0; %s };
'''
DEFAULTS = SERVICES % ('', '', '')
NOT_SENT = re.compile(r'\*\*\* ([\d,]+) of your lines (?:was|were) not sent: .*')
SLOW_DOWN = '*** slow down: 2 lines a second; yours are waiting'


def numbered(n):
    return ''.join(f'line {i}\n' for i in range(1, n + 1))


def count_of(line):
    match = NOT_SENT.fullmatch(line)
    return int(match[1].replace(',', '')) if match else 0


class Paste(Test):
    def test_two_thousand_lines_into_nc(self):
        with Daemon(DEFAULTS) as d:
            reader = Person(d, nick='reader')
            other = Person(d, nick='other')
            nc = Child(d, NC, *target(d.address('chat')))
            nc.say('/nick bob')
            nc.until(re.compile(r'\*\*\* you are now bob.*'))
            reader.until('*** bob joined #lobby')
            begun = time.monotonic()
            nc.send(numbered(2000))
            nc.until(SLOW_DOWN)
            # meanwhile others are heard at once: no line of the queue is due
            other.say('excuse me')
            heard = reader.until('<other> excuse me')
            self.assertLess(len(heard), 60)
            nc.until(NOT_SENT)
            dropped = count_of(nc.match[0])
            heard += reader.until(re.compile(rf'<bob> line {2000 - dropped}'))
            heard += [reader.match[0]]
            took = time.monotonic() - begun
            # the first ones, in order, each once; a token more for each half second
            said = [line for line in heard if line.startswith('<bob>')]
            self.assertEqual(said[:58], [f'<bob> line {i}' for i in range(1, 59)])
            self.assertEqual(len(said), 2000 - dropped)
            self.assertGreaterEqual(len(said), 58)
            self.assertLessEqual(len(said), 60 + 2 * took)
            self.assertGreaterEqual(took, 9)
            page = scrape(d)
            self.assertEqual(page.get('sockd_lines_dropped_total', service='chat'), dropped)
            self.assertEqual(page.get('sockd_lines_delayed_total', service='chat'),
                             len(said) - 38)
            nc.say('/quit')
            self.assertEqual(nc.until('*** disconnected: bye. Press Ctrl-C.'), [])

    def test_the_end_of_a_file(self):
        """nc -N: what waits is said before it leaves, and the count is told."""
        config = SERVICES % ('flood: { burst = 10; queue = 5; rate = "10/s"; };', '', '')
        with Daemon(config) as d:
            reader = Person(d, nick='reader')
            out, code = pipe_through([NC, '-N', *target(d.address('chat'))],
                                     ('/nick bob\n' + numbered(100)).encode())
            lines = out.decode().splitlines()
            self.assertEqual(code, 0)
            dropped = sum(count_of(line) for line in lines)
            said = [line for line in reader.until('*** bob left #lobby')
                    if line.startswith('<bob>')]
            self.assertEqual(said[:8], [f'<bob> line {i}' for i in range(1, 9)])
            self.assertEqual(len(said) + dropped, 100)
            self.assertGreaterEqual(len(said), 13)

    def test_a_stop_waits_for_nobody(self):
        slow = SERVICES % ('', '', 'flood: { rate = "1/m"; patience = "1h"; };')
        with Daemon(slow + 'drain = "5m";') as d:
            person = Person(d)
            person.send(numbered(100))
            person.until(re.compile(r'\*\*\* slow down: .*; yours are waiting'))
            d.stop()


class Leaving(Test):
    def test_quit_in_a_flood(self):
        with Daemon(DEFAULTS) as d:
            reader = Person(d, nick='reader')
            person = Person(d, nick='bob')
            person.send(numbered(500) + '/quit enough\n')
            lines = person.rest_lines()
            self.assertEqual(lines[-1], '*** disconnected: bye. Press Ctrl-C.')
            said = [line for line in reader.until('*** bob left #lobby: enough')
                    if line.startswith('<bob>')]
            self.assertEqual(len(said) + sum(map(count_of, lines)), 500)
            self.assertLess(len(said), 60)

    def test_part_drops_what_waits(self):
        with Daemon(DEFAULTS) as d:
            reader = Person(d, nick='reader')
            there = Person(d, nick='there', room='ops')
            person = Person(d, nick='bob', room='ops')
            person.send(numbered(50) + '/part\nback\n')
            dropped = sum(map(count_of, person.until(
                re.compile(r'\*\*\* you are in #lobby \(2 here\)'))))
            said = [line for line in there.until('*** bob left #ops')
                    if line.startswith('<bob>')]
            self.assertEqual(len(said) + dropped, 50)
            self.assertEqual([line for line in reader.until('<bob> back') if '<bob>' in line], [])

    def test_leaving_without_reading(self):
        """Over output_soft nothing runs that would be answered, but the way out
        is open; what was not read yet is not lost by that."""
        mine = 'send_buffer = "16KiB"; flood: { exempt = "127.0.0.1"; };'
        config = SERVICES % (mine, '', '') + '\
            limits: { output_soft = "8KiB"; output_hard = "32MiB"; };'
        for last, words in (('/quit tired', '*** bob left #ops: tired'),
                            ('/part', '*** bob left #ops')):
            with self.subTest(last), Daemon(config) as d:
                exempt, bound = d.addresses('chat')
                talker = Person(d, address=exempt, nick='talker', room='ops')
                person = Person(d, address=bound, nick='bob', room='ops')
                talker.until('*** bob joined #ops')

                def is_choked():
                    talker.say('x' * 4000)
                    rows = asked(d, 'clients', 'nick=bob')['clients']
                    return rows[0]['state'] == 'paused'
                wait_until(is_choked, 'bob to have too much to read')
                person.send('unheard\n/who\n' + last + '\n')
                self.assertEqual(talker.until(words), [])


class Others(Test):
    def test_json(self):
        with Daemon(DEFAULTS) as d:
            program = Program(d, name='bot')
            for i in range(300):
                program.put('chat', message=str(i), ref=i)
            done, refused, count = set(), set(), 0
            while len(done) + len(refused) + count < 300:
                got = program.get()
                if got['type'] == 'ok':
                    done.add(got['ref'])
                elif got.get('code') == 'too_fast':
                    refused.add(got['ref'])
                elif got.get('event') == 'too_fast':
                    count += got['count']
            self.assertEqual(len(refused), 40)
            self.assertFalse(done & refused)
            self.assertTrue({*range(58)} <= done, sorted(done))
            program.put('leave', ref='out')
            program.until(type='ok', ref='out')

    def test_a_million_requests(self):
        """Are not answered a million times, nor kept."""
        config = SERVICES % ('', '', 'flood: { patience = "1h"; };')
        with Daemon(config) as d:
            reader = Person(d, nick='reader')
            program = Program(d, name='bot')
            block = b''.join(json.dumps({'type': 'chat', 'message': 'x', 'ref': i}).encode()
                             for i in range(1000))
            program.socket.settimeout(60)
            answers = bytearray()

            def read():
                while data := program.read():
                    answers.extend(data)
            thread = threading.Thread(target=read, daemon=True)
            thread.start()
            n = 100
            for _ in range(n):
                program.send(block)
            program.put('quit')
            thread.join(60)
            reader.until('*** bot left #lobby')
            got = [json.loads(line) for line in answers.decode().splitlines()]
            self.assertEqual(sum(o['type'] == 'error' for o in got), 40)
            done = sum(o['type'] == 'ok' for o in got)
            counted = sum(o['count'] for o in got if o.get('event') == 'too_fast')
            self.assertEqual(done + counted + 40, n * 1000)
            self.assertLess(len(got), 500)

    def test_exempt(self):
        config = SERVICES % ('flood: { exempt = "127.0.0.1"; };', '', '')
        with Daemon(config) as d:
            reader = Person(d, address=d.addresses('chat')[0], nick='reader')
            free = Person(d, address=d.addresses('chat')[0], nick='free')
            bound = Person(d, address=d.addresses('chat')[1], nick='bound')
            free.send(numbered(1000))
            reader.until('<free> line 1000')
            bound.send(numbered(100))
            bound.until(SLOW_DOWN)

    def test_services_and_rooms(self):
        """A room's own limits hold there for whoever comes from wherever, and are
        changed by a reload at once; those of a service hold for new connections."""
        service = 'flood: { rate = "0"; };'
        rooms = 'rooms: { slow: { flood: { burst = %d; queue = 1; rate = "1/m"; }; }; };'
        with Daemon(SERVICES % (service, '', rooms % 3)) as d:
            person = Person(d, nick='bob')
            reader = Person(d, nick='reader')
            person.send(numbered(200))
            reader.until('<bob> line 200')
            for p in person, reader:
                p.join('slow')
            person.send('1\n2\n3\n4\n5\n')
            reader.until('<bob> 3')
            person.until('*** slow down: 1 line a minute; yours are waiting')
            person.until('*** 1 of your lines was not sent: 3 at once, then 1 a minute')
            d.write_config(SERVICES % (service, '', rooms % 100))
            d.signal(1)
            d.wait_log('notice reloaded')
            reader.until('<bob> 4')  # what waited is looked at again
            d.write_config(DEFAULTS)
            d.signal(1)
            d.wait_log('notice reloaded', 2)
            person.send(numbered(200))
            reader.until('<bob> line 200')
            new = Person(d)
            new.send(numbered(100))
            new.until(SLOW_DOWN)

    def test_patience(self):
        with Daemon(SERVICES % ('', '', 'flood: { patience = "500ms"; };')) as d:
            person = Person(d, nick='bob')

            def closed():
                try:
                    person.send(numbered(100))
                except OSError:
                    pass
                return d.log('closed .*nick=bob reason=flood ')
            wait_until(closed, 'the end of patience')
            wait_until(lambda: scrape(d).get('sockd_connections_closed_total', service='chat',
                                             reason='flood') == 1, 'it to be counted')

    def test_patience_is_told(self):
        with Daemon(SERVICES % ('', '', 'flood: { patience = "500ms"; };')) as d:
            person = Person(d, nick='bob')
            ended = threading.Event()

            def talk():
                while not ended.is_set():
                    try:
                        person.send(numbered(20))
                    except OSError:
                        return
                    ended.wait(0.01)
            thread = threading.Thread(target=talk, daemon=True)
            thread.start()
            before = person.until('*** disconnected: too many lines too fast. Press Ctrl-C.')
            ended.set()
            thread.join()
            self.assertGreater(sum(map(count_of, before)), 0)


class Post(Test):
    def test_in_order_and_answered(self):
        """Those that wait are answered in their turn, and what is behind them
        after them."""
        config = SERVICES % ('', 'flood: { burst = 10; queue = 5; rate = "10/s"; };', '')
        with Daemon(config) as d:
            reader = Person(d, nick='reader')
            out, code = pipe_through([NC, '-N', *target(d.address('post'))],
                                     numbered(300).encode())
            self.assertEqual(code, 0)
            answers = out.decode().splitlines()
            self.assertEqual(len(answers), 300)
            ok = [line.startswith('ok ') for line in answers]
            self.assertTrue(all(ok[:15]))
            self.assertFalse(all(ok))
            self.assertEqual({line for line in answers if not line.startswith('ok ')},
                             {'error: too many lines too fast; it was not sent'})
            for i, is_ok in enumerate(ok, 1):
                if is_ok:
                    self.assertEqual(reader.line(), f'<cron> line {i}')
            page = scrape(d)
            self.assertEqual(page.get('sockd_lines_dropped_total', service='post'),
                             ok.count(False))
            self.assertGreaterEqual(page.get('sockd_lines_delayed_total', service='post'), 5)

    def test_a_last_line_waits(self):
        config = SERVICES % ('', 'flood: { burst = 1; queue = 5; rate = "5/s"; };', '')
        with Daemon(config) as d:
            client = Client(d, 'post')
            client.send('one\ntwo\nthree')
            client.half_close()
            self.assertEqual([line.split()[0] for line in client.rest_lines()], ['ok'] * 3)

    def test_datagrams(self):
        """All senders count together, on whatever worker their socket is; a
        reload is no new burst."""
        udp = '''transport = "udp"; listen = [ "127.0.0.1:0", "127.0.0.2:0" ]; nick = "cron";
                 flood: { burst = 20; rate = "1/h"; };'''
        config = '''
          services: { chat: { protocol = "chat"; listen = "127.0.0.1:0"; };
            udp: { protocol = "post"; %s };
            metrics: { protocol = "metrics"; listen = "127.0.0.1:0"; }; };
          limits: { udp_answers = "0"; };'''
        with Daemon(config % udp, workers=2) as d:
            reader = Person(d, nick='reader')
            askers = [Asker(d, a) for a in d.addresses('udp')]
            answers = []
            for i in range(20):
                data = f'line {2 * i + 1}\nline {2 * i + 2}\n'
                answers += askers[i % 2].ask(data.encode()).decode().splitlines()
            self.assertEqual([line.startswith('ok ') for line in answers],
                             [True] * 20 + [False] * 20)
            self.assertEqual(set(answers[20:]),
                             {'error: too many lines too fast; it was not sent'})
            page = scrape(d)
            self.assertEqual(page.get('sockd_lines_dropped_total', service='udp'), 20)
            d.write_config(config % (udp + ' room = "ops";'))
            d.signal(signal.SIGHUP)
            d.wait_log('reloaded')
            self.assertEqual(askers[0].ask(b'more').decode(),
                             'error: too many lines too fast; it was not sent\n')
            self.assertEqual(reader.sync(), [f'<cron> line {i}' for i in range(1, 21)])

    def test_patience(self):
        config = SERVICES % ('', 'flood: { patience = "300ms"; queue = 0; };', '')
        with Daemon(config) as d:
            client = Client(d, 'post')
            ended = threading.Event()

            def talk():
                while not ended.is_set():
                    try:
                        client.send(numbered(20))
                    except OSError:
                        return
                    ended.wait(0.01)
            thread = threading.Thread(target=talk, daemon=True)
            thread.start()
            client.until('error: too many lines too fast')
            ended.set()
            thread.join()

    def test_exempt(self):
        config = SERVICES % ('', 'flood: { exempt = "127.0.0.0/8"; };', '')
        with Daemon(config) as d:
            client = Client(d, 'post')
            client.send(numbered(1000))
            client.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(sum(line.startswith('ok ') for line in client.rest_lines()), 1000)


if __name__ == '__main__':
    main()
