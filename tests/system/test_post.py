# SPDX-License-Identifier: GPL-3.0-or-later
"""post: lines from a shell into a room of the chat."""

import os
import pwd
import re
import signal
import subprocess
import threading

from clients import NC, Child, Client, Person, target
from datagrams import Asker
from harness import PATIENCE, Daemon, Test, main, wait_until
from netns import Space

SERVICES = '''
  chat: { protocol = "chat"; listen = "127.0.0.1:0"; flood: { rate = "0"; }; };
  alerts: { protocol = "post"; listen = [ "127.0.0.1:0", "alerts.sock" ];
            flood: { rate = "0"; }; };
'''
CRON = 'cron: { protocol = "post"; listen = [ "127.0.0.1:0", "cron.sock" ]; nick = "cron"; %s };'
CONFIG = 'services: {' + SERVICES + CRON % 'room = "ops";' + '};'
OK = re.compile(r'ok (\d+)')
ME = pwd.getpwuid(os.geteuid()).pw_name


def post(address, data, *options, **kwargs):
    """What nc prints when data is piped into it, as lines, and its exit code."""
    done = subprocess.run(
        [NC, *options, *target(address)], input=data.encode(), stdout=subprocess.PIPE,
        timeout=PATIENCE * 2, check=False, **kwargs)
    return done.stdout.decode().splitlines(), done.returncode


class Shell(Test):
    def ids(self, answers):
        """The ids, of answers that must all be ok; they rise."""
        ids = [int(OK.fullmatch(line)[1]) for line in answers]
        self.assertEqual(ids, sorted(set(ids)))
        return ids

    def test_a_line_over_tcp_and_unix(self):
        with Daemon(CONFIG) as d:
            alice = Person(d, nick='alice')
            tcp, unix = d.addresses('alerts')
            answers, code = post(tcp, 'disk full\n', '-N')
            self.assertEqual((len(self.ids(answers)), code), (1, 0))
            self.assertEqual(alice.line(), '<alerts> disk full')
            answers, code = post(unix, 'disk full\n', '-N')
            self.assertEqual((len(self.ids(answers)), code), (1, 0))
            self.assertEqual(alice.line(), f'<{ME}> disk full')
            # nobody came, nobody is there
            self.assertEqual(alice.sync(), [])
            alice.say('/who')
            self.assertEqual(alice.line(), '*** 1 in #lobby: alice')

    def test_several_lines(self):
        """Blank ones are nothing, an unfinished last one counts, and none is a
        command or looks like a word of the server."""
        with Daemon(CONFIG) as d:
            alice = Person(d, nick='alice')
            answers, _ = post(d.addresses('alerts')[0],
                              'one\r\n\n  \t\ntwo\n/quit\n*** three\n\x1b[2J\nlast', '-N')
            self.assertEqual(len(self.ids(answers)), 6)
            for text in 'one', 'two', '/quit', '*** three', '\u241b[2J', 'last':
                self.assertEqual(alice.line(), f'<alerts> {text}')

    def test_silence_ends_it(self):
        """A netcat that does not end its side comes back by itself."""
        with Daemon(CONFIG) as d:
            alice = Person(d, nick='alice')
            for address in d.addresses('cron'):
                answers, code = post(address, 'one\ntwo, and no end')
                self.assertEqual((len(self.ids(answers)), code), (2, 0))
            alice.join('ops')
            self.assertEqual(
                [line[6:] for line in alice.sync()[1:-1]],
                ['<cron> one', '<cron> two, and no end'] * 2)
            d.wait_log('closed service=cron .* nick=cron reason=done in=19', 2)

    def test_nothing_to_say(self):
        with Daemon(CONFIG) as d:
            for data in '', '\n', ' \r\n\n':
                self.assertEqual(post(d.address('alerts'), data, '-N'), ([], 0))

    def test_too_long(self):
        with Daemon(CONFIG) as d:
            alice = Person(d, nick='alice')
            data = 'x' * 4096 + '\n' + 'y' * 5312 + '\nfits\n' + 'z' * 4097
            answers, _ = post(d.addresses('alerts')[0], data, '-N')
            self.assertEqual(
                [OK.sub('ok', line) for line in answers],
                ['ok',
                 'error: that line has 5,312 bytes, 4,096 are allowed; it was not sent',
                 'ok',
                 'error: that line has 4,097 bytes, 4,096 are allowed; it was not sent'])
            self.assertEqual(alice.line(), '<alerts> ' + 'x' * 4096)
            self.assertEqual(alice.line(), '<alerts> fits')
            # bytes that are no text are shown as three each
            answers, _ = post(d.addresses('alerts')[0], '\x01' * 2000 + '\n', '-N')
            self.assertEqual(
                answers,
                ['error: that line has 6,000 bytes, 4,096 are allowed; it was not sent'])

    def test_no_end_of_line(self):
        with Daemon(CONFIG) as d:
            c = Client(d, 'alerts')
            c.send('first\n' + 'x' * 70000)
            self.assertRegex(c.line(), OK)
            self.assertEqual(c.line(), 'error: 64 KiB without an end of line')
            self.assertIsNone(c.line())

    def test_closes_say_why(self):
        config = 'services: {' + SERVICES + CRON % 'max_connections = 1;' + '};'
        with Daemon(config) as d:
            first = Client(d, 'cron')
            wait_until(lambda: d.fds() > d.baseline, 'the first is there')
            second = Client(d, 'cron')
            self.assertEqual(second.rest(), b'error: the server is full\n')
            second.close()
            d.signal(signal.SIGTERM)
            self.assertEqual(first.rest(), b'error: the server is stopping\n')
            first.close()
            self.assertEqual(d.wait(), 0)


class Names(Test):
    def test_users_of_this_machine(self):
        if os.geteuid() != 0:
            self.skipTest('takes root, to be others')
        nobody = pwd.getpwnam('nobody')
        with Daemon(CONFIG) as d:
            alice = Person(d, nick='alice')
            path = d.address('alerts')
            for uid, name in ((nobody.pw_uid, 'nobody'), (54321, 'uid-54321'), (0, 'root')):
                answers, _ = post(path, 'hi\n', '-N', user=uid, group=nobody.pw_gid)
                self.assertRegex(answers[0], OK)
                self.assertEqual(alice.line(), f'<{name}> hi')
            alice.join('ops')
            post(d.address('cron'), 'hi\n', '-N', user=nobody.pw_uid, group=nobody.pw_gid)
            self.assertEqual(alice.until('<cron> hi'), [])

    def test_names_of_services_are_kept(self):
        with Daemon(CONFIG) as d:
            alice = Person(d, nick='alice')
            for nick, service in (('cron', 'cron'), ('CR0N', 'cron'), ('Alerts', 'alerts')):
                alice.say(f'/nick {nick}')
                self.assertEqual(
                    alice.line(), f'*** error: "{nick}" is kept for the service {service}; '
                    'choose another name')
            d.write_config('services: {' + SERVICES + '};')
            d.signal(signal.SIGHUP)
            d.wait_log('reloaded')
            alice.rename('cron')
            d.write_config(CONFIG)
            d.signal(signal.SIGHUP)
            d.wait_log('reloaded', 2)
            bob = Person(d, nick='bob')
            bob.say('/nick cron')
            self.assertRegex(bob.line(), 'kept for the service cron')
            alice.rename('alice')
            alice.say('/nick cron')
            self.assertRegex(alice.line(), 'kept for the service cron')

    def test_a_reload_changes_room_and_nick(self):
        with Daemon(CONFIG) as d:
            alice = Person(d, nick='alice', room='dev')
            d.write_config(CONFIG.replace('"ops"', '"#Dev"').replace('"cron"', '"night"'))
            d.signal(signal.SIGHUP)
            d.wait_log('reloaded')
            post(d.address('cron'), 'hi\n', '-N')
            self.assertEqual(alice.line(), '<night> hi')


class Datagrams(Test):
    CONFIG = 'services: {' + SERVICES + '''
      udp: { protocol = "post"; transport = "udp"; listen = "%s:%d"; nick = "cron"; };
      hall: { protocol = "chat"; listen = "chat.sock"; };
    };'''

    def test_lines_by_datagram(self):
        with Daemon(self.CONFIG % ('127.0.0.1', 0)) as d:
            alice = Person(d, nick='alice')
            asker = Asker(d, d.address('udp'))
            self.assertRegex(asker.ask(b'disk full').decode(), r'^ok \d+\n$')
            self.assertEqual(alice.line(), '<cron> disk full')
            self.assertRegex(asker.ask(b'one\n\ntwo\r\n').decode(), r'^ok \d+\nok \d+\r\n$')
            self.assertEqual([alice.line(), alice.line()], ['<cron> one', '<cron> two'])
            asker.send(b'\n')
            self.assertEqual(asker.ask(b'x\n' * 17),
                             b'error: a datagram has 16 lines at most; nothing was sent\n')
            self.assertEqual(
                asker.ask(b'x' * 5312),
                b'error: that line has 5,312 bytes, 4,096 are allowed; it was not sent\n')
            self.assertEqual(alice.sync(), [])
            alice.say('/nick cron')
            self.assertRegex(alice.line(), 'kept for the service cron')

    def test_netcat(self):
        with Daemon(self.CONFIG % ('127.0.0.1', 0)) as d:
            nc = Child(d, NC, '-u', *target(d.address('udp')))
            nc.say('disk full')
            self.assertRegex(nc.line(), OK)

    def test_only_this_machine(self):
        """What comes by another address is not heard."""
        if os.geteuid() != 0:
            self.skipTest('takes root, for a private network')
        with Space() as space:
            space.run('ip', 'addr', 'add', '192.0.2.1/32', 'dev', 'lo')
            with Daemon(self.CONFIG % ('*', 4001), prefix=space.prefix) as d:
                alice = Person(d, 'hall', nick='alice')
                other = Asker(d, ('192.0.2.1', 4001), space=space)
                other.send(b'from elsewhere')
                asker = Asker(d, ('127.0.0.1', 4001), space=space)
                self.assertRegex(asker.ask(b'from here').decode(), OK)
                self.assertEqual(alice.line(), '<cron> from here')
                self.assertFalse(other.has_answer())


class Crowd(Test):
    POSTERS, SPEAKERS, LISTENERS, EACH = 6, 4, 4, 200

    def test_one_order_for_all(self):
        """Ids rise in the order in which everybody reads the lines."""
        with Daemon(CONFIG) as d:
            listeners = [Person(d, nick=f'hearer-{c}') for c in 'abcd']
            speakers = [Person(d, nick=f'speaker-{c}') for c in 'abcd']
            answers = [[] for _ in range(self.POSTERS)]

            def run_post(i):
                for n in range(0, self.EACH, 10):
                    c = Client(d, 'alerts', address=d.addresses('alerts')[0])
                    c.send(''.join(f'zp{i}.{k}\n' for k in range(n, n + 10)))
                    c.half_close()
                    answers[i] += c.rest_lines()

            def run_speaker(i):
                for n in range(self.EACH):
                    speakers[i].say(f'zs{i}.{n}')
            threads = [threading.Thread(target=run_post, args=(i,))
                       for i in range(self.POSTERS)]
            threads += [threading.Thread(target=run_speaker, args=(i,))
                        for i in range(self.SPEAKERS)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            for s in speakers:
                s.sync()
            heard = [self.said(p.sync()) for p in listeners]
            total = (self.POSTERS + self.SPEAKERS) * self.EACH
            self.assertEqual(len(heard[0]), total)
            for other in heard[1:]:
                self.assertEqual(other, heard[0])
            posted = {}
            for i, lines in enumerate(answers):
                self.assertEqual(len(lines), self.EACH)
                for n, line in enumerate(lines):
                    posted[int(OK.fullmatch(line)[1])] = f'zp{i}.{n}'
            self.assertEqual([posted[k] for k in sorted(posted)],
                             [x for x in heard[0] if x.startswith('zp')])

    def said(self, lines):
        return [line.partition('> ')[2] for line in lines if line.startswith('<')]

    def test_thousands_at_once(self):
        n = 20000
        with Daemon(CONFIG) as d:
            alice = Person(d, nick='alice')
            heard = []

            def listen():
                while len(heard) < n:
                    heard.append(alice.line())
            listener = threading.Thread(target=listen)
            listener.start()
            answers, code = post(
                d.addresses('alerts')[0], ''.join(f'{i}\n' for i in range(n)), '-N')
            listener.join()
            self.assertEqual((len(answers), code), (n, 0))
            self.assertEqual([x for x in answers if not OK.fullmatch(x)], [])
            self.assertEqual(heard, [f'<alerts> {i}' for i in range(n)])

    def test_a_slow_reader_gets_every_answer(self):
        """It is not read from while its answers wait; none of them is lost,
        and nobody else waits for it."""
        n, line = 120000, 'x' * 99 + '\n'  # more than kernels hold
        with Daemon(CONFIG) as d:
            c = Client(d, 'alerts', address=d.addresses('alerts')[0], rcvbuf=4096)
            sender = threading.Thread(
                target=lambda: (c.send(line * n), c.half_close()))
            sender.start()
            for _ in range(20):
                answers, _ = post(d.addresses('alerts')[0], 'hi\n', '-N')
                self.assertRegex(answers[0], OK)
            self.assertTrue(sender.is_alive())
            answers = c.rest_lines()
            sender.join()
            self.assertEqual(len(answers), n)

    def test_many_posts(self):
        """As if every unit of a machine failed at once."""
        with Daemon(CONFIG) as d:
            clients = [Client(d, 'cron', address=a) for a in d.addresses('cron') * 100]
            for i, c in enumerate(clients):
                c.send(f'{i}\n')
                c.half_close()
            ids = {int(OK.fullmatch(c.rest().decode().rstrip('\n'))[1]) for c in clients}
            self.assertEqual(len(ids), len(clients))
            alice = Person(d, nick='alice', room='ops')
            alice.say('/history 500')
            said = [line for line in alice.sync() if '<cron> ' in line]
            self.assertEqual(len(set(said)), len(clients))


if __name__ == '__main__':
    main()
