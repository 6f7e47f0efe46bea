# SPDX-License-Identifier: GPL-3.0-or-later
"""sockload: that it finds a planted fault and says where, that its figures are
true, and that its errors name what failed."""

import contextlib
import json
import os
import re
import resource
import socket
import subprocess
import tempfile
import threading
import unittest

import faulty

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOCKLOAD = os.environ.get('SOCKLOAD', os.path.join(ROOT, 'build/src/bin/sockload'))
LIMIT = os.environ.get('LIMIT', os.path.join(ROOT, 'build/tests/bench/limit'))
OK, USAGE, NOHOST, UNAVAILABLE, OSERR, PROTOCOL = 0, 64, 68, 69, 71, 76


def start(*args):
    return subprocess.Popen(
        [SOCKLOAD, *map(str, args)], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


class Result:
    def __init__(self, *args, **kwargs):
        done = subprocess.run(
            [SOCKLOAD, *map(str, args)], stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=60, check=False, **kwargs)
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr
        self.json = json.loads(self.out) if '-j' in args and self.out else None


class Limit:
    """tests/bench/limit as a server that makes no faults."""

    def __init__(self, what, threads=1):
        self.process = subprocess.Popen(
            [LIMIT, '-t', str(threads), what, '0'], stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().split()[1]
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Echo(unittest.TestCase):
    def fault(self, fault, *args):
        with faulty.Echo(fault) as server:
            return Result('echo', '-j', '-c', 3, '-d', 16, '-n', 40000,
                          '--patience', '500ms', *args, server.address)

    def test_clean(self):
        with Limit('echo') as server:
            r = Result('echo', '-j', '-c', 7, '-d', 5, '-s', 1000, '-n', 5000,
                       '-P', server.pid, server.address)
        self.assertEqual((r.code, r.err), (OK, ''))
        self.assertEqual(r.json['operations'], 5000)
        self.assertEqual(sum(r.json['faults'].values()), 0)
        self.assertGreater(r.json['server']['cpu_us_per_operation'], 0)
        self.assertGreater(r.json['latency_us']['max'], 0)

    def test_large_messages(self):
        with Limit('echo', threads=2) as server:
            r = Result('echo', '-j', '-c', 3, '-d', 4, '-s', '300KiB', '-n', 300,
                       server.address)
        self.assertEqual((r.code, r.err), (OK, ''))
        self.assertEqual(r.json['bytes_per_second'] > 0, True)

    def test_dropped_message(self):
        r = self.fault(faulty.drop(10000))
        self.assertEqual(r.code, PROTOCOL)
        self.assertRegex(r.err, r'connection \d: wrong bytes at offset 64000[0-7] '
                         r'\(message 10000\): what came belongs 64 bytes later')
        self.assertEqual(r.json['faults']['wrong_bytes'], 1)
        self.assertEqual(len(r.json['first_faults']), 1)

    def test_swapped_messages(self):
        r = self.fault(faulty.Swap(10000))
        self.assertEqual(r.code, PROTOCOL)
        self.assertRegex(r.err, r'message 10000\): what came belongs 64 bytes later')

    def test_doubled_message(self):
        r = self.fault(faulty.double(9999))
        self.assertEqual(r.code, PROTOCOL)
        self.assertRegex(r.err, r'message 10000\): what came belongs 64 bytes earlier')

    def test_corrupt_byte(self):
        r = self.fault(faulty.corrupt(10000, 17))
        self.assertEqual(r.code, PROTOCOL)
        self.assertRegex(r.err, r'wrong byte at offset 640017 \(message 10000\): '
                         r'0x[0-9a-f]{2} came, 0x[0-9a-f]{2} was sent')

    def test_other_connections_go_on(self):
        r = self.fault(faulty.corrupt(5, 0))
        self.assertEqual(r.code, PROTOCOL)
        self.assertGreater(r.json['operations'], 30000)

    def test_silence(self):
        r = self.fault(lambda number, message: message if number < 100 else b'')
        self.assertEqual(r.code, PROTOCOL)
        self.assertRegex(r.err, r'nothing more came after offset 6400 \(message 100\); '
                         r'1024 bytes were on their way')
        self.assertEqual(r.json['faults']['lost'], 16)

    def test_closed_early(self):
        r = self.fault(lambda number, message: message if number < 160 else None)
        self.assertEqual(r.code, PROTOCOL)
        self.assertRegex(r.err, r'connection \d was closed by the server')
        self.assertEqual(r.json['faults']['closed_early'], 1)

    def test_unix_socket(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, 's')
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(path)
            listener.listen(8)

            def serve():
                client, _ = listener.accept()
                with client:
                    while data := client.recv(65536):
                        client.sendall(data)

            thread = threading.Thread(target=serve)
            thread.start()
            r = Result('echo', '-j', '-c', 1, '-n', 1000, path)
            thread.join()
            listener.close()
        self.assertEqual((r.code, r.err), (OK, ''))
        self.assertEqual(r.json['operations'], 1000)

    def test_a_stall_counts_for_all_it_delays(self):
        """A server that stops once for 300 ms: at 1,000 a second some 300
        messages were due meanwhile, and all of them were late."""
        pause = threading.Event()

        def fault(number, message):
            if number == 300:
                pause.wait(0.3)
            return message

        with faulty.Echo(fault) as server:
            r = Result('echo', '-j', '-c', 1, '-r', 1000, '-n', 1000, server.address)
        self.assertEqual(r.code, OK)
        self.assertGreater(r.json['latency_us']['p90'], 100000)
        self.assertGreater(r.json['latency_us']['max'], 290000)
        self.assertLess(r.json['latency_us']['p50'], 290000)

    def test_rate_is_kept(self):
        with Limit('echo') as server:
            r = Result('echo', '-j', '-c', 10, '-r', 2000, '-t', 1, server.address)
        self.assertEqual(r.code, OK)
        self.assertAlmostEqual(r.json['operations'], 2000, delta=200)


class Fanout(unittest.TestCase):
    def fault(self, fault, *args):
        with faulty.Room(fault) as server:
            return Result('fanout', '-j', '-p', 'limit', '-c', 2, '-w', 32, '-n', 20000,
                          '--patience', '500ms', *args, server.address)

    def test_clean(self):
        for args, operations in ((('-c', 20), 40000),
                                 (('-c', 5, '-S', 4, '-w', 7), 2000 * 8)):
            with Limit('fanout') as server:
                r = Result('fanout', '-j', '-p', 'limit', '-n', 2000, *args,
                           '-P', server.pid, server.address)
            self.assertEqual((r.code, r.err), (OK, ''))
            self.assertEqual(r.json['operations'], operations)
            self.assertEqual(sum(r.json['faults'].values()), 0)

    def test_threads_of_the_limit(self):
        with Limit('fanout', threads=3) as server:
            r = Result('fanout', '-j', '-p', 'limit', '-n', 500, '-c', 20, '-S', 3,
                       '-w', 8, server.address)
        self.assertEqual((r.code, r.err), (OK, ''))
        self.assertEqual(r.json['operations'], 500 * 22)

    def test_dropped_message(self):
        r = self.fault(faulty.drop(10000))
        self.assertEqual(r.code, PROTOCOL)
        self.assertIn('connection 0: message 10000 of sender 0 never came', r.err)
        self.assertEqual(r.json['faults']['lost'], 1)
        self.assertEqual(r.json['operations'], 39999)

    def test_dropped_message_in_a_window_of_one(self):
        r = self.fault(faulty.drop(1000), '-w', 1)
        self.assertEqual(r.code, PROTOCOL)
        self.assertIn('connection 0: message 1000 of sender 0 never came', r.err)

    def test_swapped_messages(self):
        r = self.fault(faulty.Swap(10000))
        self.assertEqual(r.code, PROTOCOL)
        self.assertIn('connection 0: message 10000 of sender 0 came after '
                      'message 10001', r.err)
        self.assertEqual(r.json['faults'], {
            'lost': 0, 'out_of_order': 1, 'duplicated': 0, 'wrong_bytes': 0,
            'closed_early': 0})

    def test_doubled_message(self):
        r = self.fault(faulty.double(10000))
        self.assertEqual(r.code, PROTOCOL)
        self.assertIn('connection 0: message 10000 of sender 0 came twice', r.err)

    def test_corrupt_byte(self):
        for at in (2, 10, 20, 28, 40, 63):
            r = self.fault(faulty.corrupt(10000, at), '-n', 10100)
            self.assertEqual(r.code, PROTOCOL)
            self.assertRegex(
                r.err, rf'connection 0: wrong byte at offset {at} of message 10000 of '
                r'sender 0: 0x[0-9a-f]{2} came, 0x[0-9a-f]{2} was sent', at)
            self.assertEqual(r.json['faults']['wrong_bytes'], 1)

    def test_message_nobody_sent(self):
        def fault(number, line):
            return line + (b'|00000.00000005.000000000000|' + b'x' * 40 + b'\n'
                           if number == 50 else b'')
        r = self.fault(fault, '-n', 200)
        self.assertEqual(r.code, PROTOCOL)
        self.assertEqual(sum(r.json['faults'].values()), 1)

    def test_own_message(self):
        class Mirror(faulty.Room):
            def said(self, client, data):
                super().said(client, data)
                client.sendall(data)
        with Mirror() as server:
            r = Result('fanout', '-j', '-p', 'limit', '-c', 2, '-n', 5, server.address)
        self.assertEqual(r.code, PROTOCOL)
        self.assertIn('connection 2: its own message came back', r.err)

    def test_server_that_goes_away(self):
        class Quitter(faulty.Room):
            def said(self, client, data):
                super().said(client, data)
                if self.number > 100:
                    for other in list(self.clients):
                        self.close(other)
        with Quitter() as server:
            r = Result('fanout', '-j', '-p', 'limit', '-c', 3, '-t', 10,
                       '--patience', '500ms', server.address)
        self.assertEqual(r.code, PROTOCOL)
        self.assertEqual(r.json['faults']['closed_early'], 4)


class SlowReaders(unittest.TestCase):
    """Connection 0 is silent until all others have everything."""

    def fault(self, fault, *args):
        with faulty.Room(fault) as server:
            return Result('fanout', '-j', '-p', 'limit', '-c', 3, '--silent', 1, '-n', 200,
                          '-w', 8, '--patience', '500ms', *args, server.address)

    def test_all_comes_late(self):
        with Limit('fanout') as server:
            r = Result('fanout', '-j', '-p', 'limit', '-c', 5, '--silent', 2, '--slow', 1,
                       '-n', 200, server.address)
        self.assertEqual((r.code, r.err), (OK, ''))
        self.assertEqual(r.json['operations'], 400)
        self.assertEqual(r.json['slow'], {'silent': 2, 'slow': 1, 'came': 600, 'skipped': 0,
                                          'announced': 0, 'told': 0})

    def test_what_is_skipped_must_be_said(self):
        r = self.fault(faulty.drop(50))
        self.assertEqual(r.code, PROTOCOL)
        self.assertIn('connection 0 reads slowly: of 200 messages 199 came, '
                      '0 were said to be skipped', r.err)
        self.assertEqual(r.json['faults']['lost'], 1)

        def skip(number, line):
            if 50 <= number < 60:
                return b'' if number < 59 else b'*** 1,0 lines skipped\n'
            return line
        r = self.fault(skip, '--skipped', '*** {n} lines')
        self.assertEqual((r.code, r.err), (OK, ''))
        self.assertEqual(r.json['slow'], {'silent': 1, 'slow': 0, 'came': 190, 'skipped': 10,
                                          'announced': 10, 'told': 1})
        r = self.fault(skip, '--skipped', '*** {n} lanes')
        self.assertEqual(r.code, PROTOCOL)

    def test_what_comes_must_be_right(self):
        r = self.fault(faulty.Swap(50))
        self.assertEqual(r.json['faults']['out_of_order'], 1)
        r = self.fault(faulty.double(50))
        self.assertEqual(r.json['faults']['out_of_order'], 1)
        r = self.fault(faulty.corrupt(50, 40))
        self.assertEqual(r.json['faults']['wrong_bytes'], 1)
        self.assertIn('connection 0: a message that nobody sent', r.err)


class Presets(unittest.TestCase):
    def run_preset(self, server, preset):
        with server:
            r = Result('fanout', '-j', '-p', preset, '-c', 5, '-S', 2, '-n', 100, '-w', 4,
                       '--patience', '2s', server.address)
        self.assertEqual((r.code, r.err), (OK, ''))
        return r.json['operations']

    def test_irc(self):
        self.assertEqual(self.run_preset(faulty.Irc(), 'irc'), 600)

    def test_redis(self):
        server = faulty.PubSub(
            re.compile(rb'SUBSCRIBE (\S+)\r\n'),
            b'*3\r\n$9\r\nsubscribe\r\n$9\r\nload-xyz0\r\n:1\r\n',
            re.compile(rb'\*3\r\n\$7\r\nPUBLISH\r\n\$9\r\n(\S{9})\r\n\$64\r\n(\S{64})\r\n'),
            rb'*3\r\n$7\r\nmessage\r\n$9\r\n\1\r\n$64\r\n\2\r\n',
            (re.compile(rb'PING\r\n'), b'+PONG\r\n'))
        self.assertEqual(self.run_preset(server, 'redis'), 500)

    def test_nats(self):
        server = faulty.PubSub(
            re.compile(rb'SUB (\S+) 1\r\n'), b'',
            re.compile(rb'PUB (\S+) 64\r\n(\S{64})\r\n'),
            rb'MSG \1 1 64\r\n\2\r\n',
            (re.compile(rb'PING\r\n'), b'PONG\r\n'))
        self.assertEqual(self.run_preset(server, 'nats'), 500)

    def test_own_templates(self):
        with Limit('fanout') as server:
            r = Result('fanout', '-j', '-p', 'limit', '--join', 'let me in\\n',
                       '--send', 'say {payload} {id}\\n', '-c', 3, '-n', 10,
                       server.address)
        self.assertEqual((r.code, r.err), (OK, ''))

    def test_refused_login(self):
        class Full(faulty.Room):
            def connected(self, client):
                client.sendall(b'*** error: the room is full\n')
        with Full() as server:
            r = Result('fanout', '-p', 'sockd', server.address)
        self.assertEqual(r.code, UNAVAILABLE)
        self.assertIn('was refused: *** error: the room is full', r.err)


class IdleAndConnect(unittest.TestCase):
    def test_idle_tells_memory(self):
        with Limit('fanout') as server:
            process = start('idle', '-j', '-c', 200, '-p', 'limit', '-P', server.pid,
                            '--sources', 3, server.address)
            result = json.loads(process.stdout.readline())
            self.assertEqual(result['connections'], 200)
            self.assertGreater(result['server']['rss_after'], 100000)
            process.terminate()
            out, err = process.communicate(timeout=20)
        self.assertEqual((process.returncode, out, err), (OK, '', ''))

    def test_idle_ends_with_its_time(self):
        with Limit('echo') as server:
            r = Result('idle', '-j', '-c', 20, '-t', '100ms', server.address)
        self.assertEqual((r.code, r.err), (OK, ''))

    def test_idle_closed_early(self):
        with Limit('echo') as server:
            process = start('idle', '-j', '-c', 5, server.address)
            process.stdout.readline()
        _, err = process.communicate(timeout=20)
        self.assertEqual(process.returncode, PROTOCOL)
        self.assertIn('connection 0 was closed by the server', err)

    def test_connect(self):
        with Limit('connect', threads=2) as server:
            r = Result('connect', '-j', '-c', 10, '-n', 1000, '-P', server.pid,
                       server.address)
        self.assertEqual((r.code, r.err), (OK, ''))
        self.assertEqual(r.json['operations'], 1000)

    def test_connect_wrong_byte(self):
        with faulty.Echo(faulty.corrupt(0, 5)) as server:
            r = Result('connect', '-j', '-c', 1, '-n', 3, server.address)
        self.assertEqual(r.code, PROTOCOL)
        self.assertRegex(r.err, r'lane 0, connection 1: wrong byte at offset 5')


def chargen(length, offset=0):
    """The stream of RFC 864 from offset on."""
    ring = bytes(range(32, 127)) * 2
    period = b''.join(ring[n:n + 72] + b'\r\n' for n in range(95))
    return (period * (length // len(period) + 2))[offset:offset + length]


class Streams(unittest.TestCase):
    def test_clean(self):
        for mode in ('discard', 'chargen'):
            for threads in (1, 2):
                with Limit(mode, threads=threads) as server:
                    r = Result(mode, '-j', '-c', 7, '-n', 200, '-P', server.pid,
                               '--warm-up', '10ms', server.address)
                self.assertEqual((r.code, r.err), (OK, ''))
                self.assertEqual((r.json['operations'], r.json['unit']), (200, 'MiB'))
                self.assertEqual(sum(r.json['faults'].values()), 0)
                self.assertGreater(r.json['server']['cpu_us_per_operation'], 0)
                self.assertAlmostEqual(
                    r.json['bytes_per_second'] * r.json['seconds'], 200 << 20, delta=1 << 20)

    def test_ends_with_its_time(self):
        for mode in ('discard', 'chargen'):
            with Limit(mode) as server:
                r = Result(mode, '-c', 3, '-t', '100ms', server.address)
            self.assertEqual((r.code, r.err), (OK, ''))
            self.assertRegex(r.out, r'(?s)3 connections\n  MiB .*faults +none')

    def chargen(self, data, *args, closes=False):
        with faulty.Talker(data, closes) as server:
            return Result('chargen', '-j', '-c', 1, '--patience', '300ms', *args,
                          server.address)

    def test_any_rotation(self):
        for start in (0, 1, 70, 71, 72, 73, 74, 3000, 7028, 7029):
            r = self.chargen(chargen(1 << 20, start), '-n', 1)
            self.assertEqual((r.code, r.err), (OK, ''), start)

    def test_wrong_byte(self):
        for at in (0, 75, 100000):
            data = bytearray(chargen(200000))
            data[at] ^= 0x80
            r = self.chargen(bytes(data))
            self.assertEqual(r.code, PROTOCOL)
            self.assertRegex(
                r.err, rf'connection 0: wrong byte at offset {at}: 0x[89a-f][0-9a-f] came, '
                rf'0x{data[at] ^ 0x80:02x} belongs there')
            self.assertEqual(r.json['faults']['wrong_bytes'], 1)

    def test_lost_bytes(self):
        data = chargen(200000)
        r = self.chargen(data[:65536] + data[65537:])
        self.assertEqual(r.code, PROTOCOL)
        self.assertIn('wrong byte at offset 65536: ', r.err)

    def test_silence(self):
        r = self.chargen(chargen(100000))
        self.assertEqual(r.code, PROTOCOL)
        self.assertIn('connection 0: nothing more came after 100000 bytes', r.err)

    def test_closed_early(self):
        r = self.chargen(chargen(100000), closes=True)
        self.assertEqual(r.code, PROTOCOL)
        self.assertIn('connection 0 was closed by the server', r.err)
        self.assertIn(' after 100000 bytes', r.err)

    def discard(self, server, *args):
        with server:
            return Result('discard', '-j', '-c', 2, '-n', 20, '--patience', '300ms', *args,
                          server.address)

    def test_an_answer(self):
        r = self.discard(faulty.Talker(b'?'))
        self.assertEqual(r.code, PROTOCOL)
        self.assertIn('0x3f came, nothing should', r.err)

    def test_an_echo(self):
        class Parrot(faulty.Server):
            def received(self, client, data):
                with contextlib.suppress(ConnectionError):
                    client.sendall(data)
        r = self.discard(Parrot())
        self.assertEqual(r.code, PROTOCOL)
        self.assertEqual(r.json['faults']['wrong_bytes'], 2)

    def test_unread(self):
        r = self.discard(faulty.Deaf())
        self.assertEqual(r.code, PROTOCOL)
        self.assertRegex(
            r.err, r'connection 1: the server no longer reads, after \d+ bytes')

    def test_closed_while_sending(self):
        class Shut(faulty.Server):
            def received(self, client, data):
                self.close(client)
        r = self.discard(Shut())
        self.assertEqual(r.code, PROTOCOL)
        self.assertIn('was closed by the server', r.err)


class Errors(unittest.TestCase):
    def fails(self, code, text, *args, **kwargs):
        r = Result(*args, **kwargs)
        self.assertEqual(r.code, code, r.err)
        self.assertIn(text, r.err)
        self.assertEqual(r.out, '')

    def test_usage(self):
        self.fails(USAGE, 'say what to do')
        self.fails(USAGE, 'one address is expected', 'echo')
        self.fails(USAGE, '--size is not for discard', 'discard', '-s', '9', '127.0.0.1:1')
        self.fails(USAGE, '--rate is not for chargen', 'chargen', '-r', '9', '127.0.0.1:1')
        self.fails(USAGE, '--window is not for echo', 'echo', '-w', '3', '127.0.0.1:1')
        self.fails(USAGE, '--connections "x"', 'echo', '-c', 'x', '127.0.0.1:1')
        self.fails(USAGE, 'fanout needs --preset', 'fanout', '127.0.0.1:1')
        self.fails(USAGE, 'no preset "icr"', 'fanout', '-p', 'icr', '127.0.0.1:1')
        self.fails(USAGE, 'knows no {rom}', 'fanout', '-p', 'irc', '--join', '{rom}',
                   '127.0.0.1:1')
        self.fails(USAGE, 'HOST:PORT or /PATH', 'echo', 'nowhere')
        self.fails(USAGE, 'nobody is left who reads', 'fanout', '-p', 'irc', '-c', '3',
                   '--silent', '1', '--slow', '2', '127.0.0.1:1')
        self.fails(USAGE, '--until-cpu needs --pid', 'echo', '--until-cpu', '1s',
                   '127.0.0.1:1')
        self.fails(USAGE, 'no process', 'echo', '-P', '4194304', '127.0.0.1:1')

    def test_help(self):
        r = Result('--help')
        self.assertEqual((r.code, r.err), (OK, ''))
        self.assertIn('sockd-json', r.out)

    def test_manual_names_every_option_and_preset(self):
        with open(os.path.join(ROOT, 'doc/sockload.1'), encoding='utf-8') as f:
            manual = f.read().replace('\\-', '-')
        text = Result('--help').out
        options = re.findall(r'^  (?:-(\w), |    )--([\w-]+)', text, re.M)
        self.assertGreater(len(options), 15)
        for letter, name in options:
            self.assertRegex(manual, rf'\.It Fl .*-{name}\b')
            if letter:
                self.assertRegex(manual, rf'\.It Fl {letter} , -{name}\b')
        for name in re.findall(r'^  ([\w-]+) ', text.split('presets:')[1], re.M):
            self.assertRegex(manual, rf'\.It Cm {name}\n')

    def test_unknown_host(self):
        self.fails(NOHOST, 'no.such.invalid', 'echo', 'no.such.invalid:7')

    def test_refused(self):
        with socket.socket() as unused:
            unused.bind(('127.0.0.1', 0))
            port = unused.getsockname()[1]
            for mode in (['echo'], ['connect'], ['idle'], ['fanout', '-p', 'irc'],
                         ['discard'], ['chargen']):
                self.fails(UNAVAILABLE, f'127.0.0.1:{port}: Connection refused',
                           *mode, f'127.0.0.1:{port}')

    def test_no_such_socket(self):
        self.fails(UNAVAILABLE, 'No such file', 'echo', '/nonexistent/socket')

    def test_descriptor_limit(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
        self.fails(OSERR, '200 connections need 216 descriptors, the limit is 100',
                   'echo', '-c', '200', '127.0.0.1:1', preexec_fn=limit)

    def test_never_ready(self):
        with faulty.Echo(lambda n, m: b'') as server:
            self.fails(UNAVAILABLE, 'only 0 of 3 connections became ready', 'fanout',
                       '-c', 2, '-p', 'irc', '--patience', '300ms', server.address)

    def test_closed_at_once(self):
        class Shut(faulty.Room):
            def connected(self, client):
                client.sendall(b'*** disconnected: the server is full\n')
                self.close(client)
        with Shut() as server:
            self.fails(UNAVAILABLE, 'was closed by the server', 'fanout', '-p', 'sockd',
                       server.address)


if __name__ == '__main__':
    unittest.main()
