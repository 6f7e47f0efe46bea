# SPDX-License-Identifier: GPL-3.0-or-later
"""The verbs of the control socket, by sockctl, as JSON, and by nc."""

import json
import re
import select
import signal
import socket
import subprocess

from clients import NC, Client, Person
from control import SOCKCTL, Control, asked, path_of, refused, said, sockctl, start
from harness import WORKERS, Daemon, Test, main, parse_address, wait_until

CONFIG = '''services: {
  echo: { protocol = "echo"; listen = "127.0.0.1:0"; max_connections = 7; };
  chat: { protocol = "chat"; listen = [ "127.0.0.1:0", "chat.sock" ]; };
  udp:  { protocol = "echo"; transport = "udp"; listen = "127.0.0.1:0"; };
};'''
VERBS = ['config', 'diff', 'drain', 'help', 'log', 'reload', 'services',
         'status', 'stop', 'watch log']


def by_nc(daemon, text):
    """What nc prints for a request, the verdict included."""
    return subprocess.run([NC, '-NU', path_of(daemon)], input=text, text=True,
                          capture_output=True, timeout=60, check=True).stdout


def service(daemon, name):
    return next(s for s in asked(daemon, 'services')['services'] if s['service'] == name)


def listens(address):
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family) as sock:
        return sock.connect_ex(address) == 0


def select_now(client):
    """What can be read at once."""
    return select.select([client], [], [], 0)[0]


class Looking(Test):
    """Verbs that change nothing."""

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(CONFIG, args=['-o', 'limits.line=5KiB'])

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()

    def test_help(self):
        verbs = asked(self.daemon, 'help')['verbs']
        self.assertEqual([v['verb'] for v in verbs if v['verb'] in VERBS], VERBS)
        self.assertIs(next(v for v in verbs if v['verb'] == 'drain')['changes'], True)
        text = by_nc(self.daemon, 'help\n')
        self.assertRegex(text, r'(?m)^drain +\[SERVICE\] \[DURATION\] +yes +\S')
        self.assertTrue(text.endswith('\nok\n'))
        text = said(self.daemon, 'help', 'watch')
        self.assertIn('watch log', text)
        self.assertNotIn('drain', text)
        self.assertIn('did you mean "status"', refused(self.daemon, 'help', 'statsu'))

    def test_status(self):
        client = Client(self.daemon, 'echo')
        person = Person(self.daemon)
        status = asked(self.daemon, 'status')
        self.assertEqual(status['pid'], self.daemon.pid)
        self.assertEqual(status['state'], 'serving')
        self.assertEqual(status['workers'], WORKERS)
        self.assertEqual(status['services'], 3)
        self.assertEqual(status['connections'], 2)
        self.assertEqual(status['people'], 1)
        self.assertGreaterEqual(status['accepted'], 2)
        self.assertEqual(status['file'], self.daemon.file)
        text = said(self.daemon, 'status')
        self.assertRegex(text, r'(?m)^connections +2$')
        self.assertRegex(text, rf'(?m)^pid +{self.daemon.pid}$')
        self.assertIn('connections         2\n', by_nc(self.daemon, 'status\n'))
        client.close()
        person.close()
        wait_until(lambda: asked(self.daemon, 'status')['connections'] == 0, 'all gone')

    def test_services(self):
        echo = service(self.daemon, 'echo')
        host, port = self.daemon.address('echo')
        self.assertEqual(echo['addresses'], [f'{host}:{port}'])
        self.assertEqual((echo['state'], echo['max_connections']), ('serving', 7))
        chat = service(self.daemon, 'chat')
        self.assertEqual(len(chat['addresses']), 2)
        self.assertIn(f'{self.daemon.dir}/chat.sock', chat['addresses'])
        self.assertIsNone(chat['max_connections'])
        self.assertEqual(service(self.daemon, 'udp')['transport'], 'udp')
        client = Client(self.daemon, 'echo')
        wait_until(lambda: service(self.daemon, 'echo')['connections'] == 1, 'it is counted')
        client.close()
        text = said(self.daemon, 'services')
        self.assertRegex(text, rf'(?m)^echo +echo +tcp +serving +\d+ +7 +{host}:{port}$')

    def test_config(self):
        options = asked(self.daemon, 'config')['options']
        of = {o['option']: o for o in options}
        self.assertEqual(of['limits.line']['value'], '"5KiB"')
        self.assertEqual(of['limits.line']['origin'], '-o')
        self.assertEqual(of['limits.message']['origin'], 'default')
        self.assertRegex(of['services.chat.listen']['origin'],
                         rf'^{re.escape(self.daemon.file)}:\d+$')
        dump = subprocess.run(
            [self.daemon.process.args[0], '-T', '-f', self.daemon.file, '-o',
             'limits.line=5KiB'], capture_output=True, text=True, check=True).stdout
        self.assertEqual([o['value'] for o in options],
                         re.findall(r'(?m)^\t*\S+ = (.*);  # ', dump))
        text = said(self.daemon, 'config', 'log')
        self.assertRegex(text, r'^option +value +origin\nlog\.level +"info" +\S+\n$')
        self.assertRegex(refused(self.daemon, 'config', 'limits.lin'),
                         'no option "limits.lin"; did you mean "limits.line"')

    def test_metrics(self):
        metrics = {m['metric']: m['value'] for m in asked(self.daemon, 'metrics')['metrics']}
        self.assertEqual(metrics['sockd_workers'], WORKERS)
        self.assertEqual(metrics['sockd_connections{service="chat",transport="unix"}'], 0)
        self.assertEqual({type(value) for value in metrics.values()} - {int, float}, set())
        self.assertGreater(len(metrics), 100)
        found = said(self.daemon, 'metrics', 'service="chat",reason="quit"').splitlines()
        self.assertEqual([line.split() for line in found],
                         [['metric', 'value'],
                          ['sockd_connections_closed_total{service="chat",reason="quit"}', '0'],
                          ['sockd_connections_rejected_total{service="chat",reason="quit"}', '0']])
        self.assertTrue(by_nc(self.daemon, 'metrics sockd_workers\n').endswith('\nok\n'))

    def test_usage(self):
        self.assertIn('did you mean "status"', refused(self.daemon, 'statsu', code=64))
        self.assertIn('usage: drain', refused(self.daemon, 'drain', 'a', 'b', 'c', code=64))
        self.assertIn('no verb "statsu"', by_nc(self.daemon, 'statsu\n'))
        self.assertEqual(
            json.loads(by_nc(self.daemon, 'json statsu\n')),
            {'error': 'there is no verb "statsu"; did you mean "status"?'})

    def test_one_after_another(self):
        """Several requests, the last without a line end, and then the end."""
        client = Control(self.daemon)
        client.send('log\njson log\nnonsense\nconfig\nlog')
        client.end_input()
        self.assertEqual(client.answer()[-1], 'ok')
        self.assertEqual(json.loads(client.line())['level'], 'info')
        self.assertRegex(client.line(), '^error: ')
        self.assertGreater(len(client.answer()), 50)
        self.assertEqual(client.answer()[-1], 'ok')
        self.assertIsNone(client.line())

    def test_a_reader_that_stops_early(self):
        done = subprocess.run(f'{SOCKCTL} -s {path_of(self.daemon)} config | head -1',
                              shell=True, capture_output=True, text=True, check=True)
        self.assertRegex(done.stdout, '^option')
        self.assertEqual(done.stderr, '')


class Changing(Test):
    def test_diff_and_reload(self):
        with Daemon(CONFIG) as d:
            self.assertEqual(said(d, 'diff'), 'no changes\n')
            self.assertEqual(asked(d, 'diff'), {'changes': []})
            d.write_config(CONFIG.replace('udp: ', 'other: ').replace('= 7', '= 8') +
                           'limits: { line = "8KiB"; rooms = 5; }; control: { mode = "0600"; };')
            changes = {c['option']: c for c in asked(d, 'diff')['changes']}
            self.assertEqual(
                {option: (c['old'], c['new'], c['effect']) for option, c in changes.items()},
                {'limits.line': ('"4KiB"', '"8KiB"', 'new connections'),
                 'limits.rooms': ('1000', '5', 'at once'),
                 'control.mode': ('"0660"', '"0600"', 'needs a restart'),
                 'services.echo.max_connections': ('7', '8', 'at once'),
                 'services.other': ('(not there)', '(there)', 'at once'),
                 'services.udp': ('(there)', '(not there)', 'at once')})
            self.assertIn('services.other', said(d, 'reload', '--wait'))
            self.assertEqual(service(d, 'echo')['max_connections'], 8)
            self.assertEqual([c['option'] for c in asked(d, 'diff')['changes']],
                             ['control.mode'])

    def test_errors_of_a_configuration(self):
        with Daemon(CONFIG, allow_errors='bogus|reload failed') as d:
            d.write_config(CONFIG + 'bogus = 1;')
            done = sockctl(d, '--json', 'diff')
            self.assertEqual(done.returncode, 1)
            answer = json.loads(done.stdout)
            self.assertIn('a reload would change nothing', answer['error'])
            finding = answer['findings'][0]
            self.assertEqual((finding['file'], finding['kind']), (d.file, 'error'))
            self.assertGreater(finding['line'], 5)
            self.assertIn('bogus', finding['finding'])
            self.assertIn('reload failed', refused(d, 'reload', '--wait'))
            self.assertIn('reload failed', asked(d, 'status')['reload'])
            self.assertIn('reload failed', by_nc(d, 'reload --wait\n'))
            d.write_config(CONFIG)
            said(d, 'reload', '--wait')
            self.assertRegex(asked(d, 'status')['reload'], '^reloaded')

    def test_log(self):
        with Daemon(CONFIG) as d:
            self.assertEqual(asked(d, 'log'), {'level': 'info', 'configured': 'info'})
            self.assertEqual(asked(d, 'log', 'debug')['level'], 'debug')
            Client(d, 'echo').send(b'x')
            d.wait_log(' debug .*opened')
            self.assertIn('one of error', refused(d, 'log', 'loud'))
            d.wait_log(r'notice control verb="log" uid=\d+ user=\S+ args="debug"')
            said(d, 'reload', '--wait')
            self.assertEqual(asked(d, 'log')['level'], 'info')

    def test_what_is_changed_is_logged(self):
        with Daemon(CONFIG) as d:
            refused(d, 'drain', 'no "such"\\', '5s')
            d.wait_log(r'control verb="drain" .* args="no \\"such\\"\\\\ 5s"')
            said(d, 'status')
            self.assertEqual(d.log('verb="status"'), [])

    def test_stop(self):
        with Daemon(CONFIG) as d:
            watch = start(d, 'watch', 'log')
            wait_until(lambda: said(d, 'log', 'info') and
                       any(select_now(watch.stdout)), 'the watch to begin')
            self.assertEqual(asked(d, 'stop')['connections'], 0)
            self.assertEqual(d.wait(), 0)
            self.assertIn('verb="log"', watch.communicate(timeout=60)[0])
            self.assertEqual(watch.returncode, 0)

    def test_stop_of_one_that_others_hold_up(self):
        with Daemon(CONFIG) as d:
            client = Client(d, 'echo')
            self.assertEqual(by_nc(d, 'stop\n'), 'connections  1\nok\n')
            self.assertEqual(client.socket.recv(1), b'')
            client.close()
            self.assertEqual(d.wait(), 0)


class Draining(Test):
    def test_one_service(self):
        with Daemon(CONFIG) as d:
            address = d.address('echo')
            client, person = Client(d, 'echo'), Person(d)
            drain = start(d, 'drain', 'echo', '1h')
            wait_until(lambda: service(d, 'echo')['state'] == 'draining', 'the drain')
            wait_until(lambda: not listens(address), 'the socket closed')
            self.assertTrue(listens(d.addresses('chat')[0]))
            self.assertEqual(service(d, 'echo')['addresses'], [])
            self.assertEqual(asked(d, 'status')['state'], 'serving, some draining')
            client.send(b'still here')
            self.assertEqual(client.socket.recv(10), b'still here')
            client.close()
            self.assertRegex(drain.communicate(timeout=60)[0], r'(?m)^closed +0$')
            self.assertEqual(drain.returncode, 0)
            self.assertEqual(service(d, 'echo')['state'], 'drained')
            said(d, 'reload', '--wait')
            self.assertEqual(service(d, 'echo')['state'], 'serving')
            self.assertTrue(listens(d.address('echo')))
            person.close()

    def test_time_is_up(self):
        with Daemon(CONFIG) as d:
            clients = [Client(d, 'echo') for _ in range(5)]
            for c in clients:
                c.send(b'x')
                self.assertEqual(c.socket.recv(1), b'x')
            person = Person(d)
            self.assertEqual(asked(d, 'drain', 'echo', '0'), {'service': 'echo', 'closed': 5})
            for c in clients:
                self.assertEqual(c.socket.recv(1), b'')
            d.wait_log('closed service=echo .*reason=stopping', 5)
            self.assertEqual(service(d, 'chat')['connections'], 1)
            person.close()

    def test_all(self):
        with Daemon(CONFIG) as d:
            person = Person(d)
            self.assertEqual(asked(d, 'drain', '50ms'), {'service': '*', 'closed': 1})
            self.assertRegex(person.line(), r'\*\*\* disconnected: the server is stopping')
            person.close()
            states = {s['service']: s['state'] for s in asked(d, 'services')['services']}
            self.assertEqual(set(states.values()), {'drained'})
            self.assertEqual(asked(d, 'status')['state'], 'draining')
            said(d, 'reload', '--wait')
            states = {s['state'] for s in asked(d, 'services')['services']}
            self.assertEqual(states, {'serving'})
            for text in service(d, 'chat')['addresses']:
                self.assertTrue(listens(parse_address(text)))

    def test_who_looks_on_goes_on(self):
        """A drain of all leaves those that tell how the daemon is."""
        def readiness(d):
            answer = Client(d, 'page', first='GET /readyz HTTP/1.0\n\n').rest().decode()
            return answer.split()[1], answer.splitlines()[-1]

        page = 'page: { protocol = "metrics"; listen = "127.0.0.1:0"; };\n};'
        with Daemon(CONFIG.replace('\n};', '\n' + page)) as d:
            self.assertEqual(readiness(d), ('200', 'ready'))
            asked(d, 'drain', 'chat', '0')
            self.assertEqual(readiness(d), ('200', 'ready'))
            asked(d, 'drain', '0')
            self.assertEqual(readiness(d), ('503', 'draining: nobody new is let in'))
            self.assertEqual(service(d, 'page')['state'], 'serving')
            self.assertEqual(asked(d, 'status')['state'], 'draining')
            asked(d, 'reload', '--wait')
            self.assertEqual(readiness(d), ('200', 'ready'))
        with Daemon('services: {' + page) as d:
            self.assertIn('name the one that is meant', refused(d, 'drain'))
            self.assertEqual(asked(d, 'drain', 'page', '0')['closed'], 0)

    def test_a_reload_undoes_it(self):
        with Daemon(CONFIG) as d:
            client = Client(d, 'echo')
            drain = start(d, 'drain', '1h')
            wait_until(lambda: service(d, 'echo')['state'] == 'draining', 'the drain')
            said(d, 'reload', '--wait')
            self.assertIn('a reload has undone it', drain.communicate(timeout=60)[0])
            self.assertEqual(drain.returncode, 1)
            client.send(b'x')
            self.assertEqual(client.socket.recv(1), b'x')

    def test_goes_on_without_its_asker(self):
        with Daemon(CONFIG) as d:
            client = Client(d, 'echo')
            drain = start(d, 'drain', 'echo', '1h')
            wait_until(lambda: service(d, 'echo')['state'] == 'draining', 'the drain')
            drain.send_signal(signal.SIGINT)
            drain.communicate(timeout=60)
            client.close()
            d.wait_log('drained service=echo closed=0')
            self.assertEqual(service(d, 'echo')['state'], 'drained')

    def test_wrong_words(self):
        with Daemon(CONFIG) as d:
            self.assertIn('neither a service nor a duration', refused(d, 'drain', 'ehco'))
            self.assertIn('no service "ehco"', refused(d, 'drain', 'ehco', '5s'))
            self.assertIn('not a duration', refused(d, 'drain', 'echo', '5 s'))
            self.assertEqual(service(d, 'echo')['state'], 'serving')


class Watching(Test):
    def test_lines(self):
        with Daemon(CONFIG) as d:
            everything, warnings, of_echo = (Control(d) for _ in range(3))
            everything.send('watch log\n')
            warnings.send('json watch log warning\n')
            of_echo.send('json watch log service=echo\n')
            self.assertIn('there is no service "ecko"; did you mean "echo"?',
                          refused(d, 'watch', 'log', 'service=ecko'))
            wait_until(lambda: said(d, 'log', 'info') and
                       any(select_now(everything)), 'the watch to begin')
            self.assertRegex(everything.line(), r'^\d{4}-\S+Z notice control verb="log"')
            Client(d, 'chat').close()
            client = Client(d, 'echo')
            client.send(b'x')
            self.assertEqual(client.socket.recv(1), b'x')
            client.close()
            line = json.loads(of_echo.line())
            self.assertEqual((line['type'], line['level'], line['service']),
                             ('log', 'info', 'echo'))
            self.assertRegex(line['text'], '^closed service=echo')
            d.write_config(CONFIG + 'workers_ = 1;')
            d.allow_errors = re.compile('workers_|reload failed')
            refused(d, 'reload', '--wait')
            line = json.loads(warnings.line())
            self.assertEqual(line['level'], 'error')
            self.assertIn('workers_', line['text'])

    def test_one_that_does_not_read(self):
        """It loses lines, and is told how many; nobody waits for it."""
        with Daemon(CONFIG) as d:
            deaf = Control(d)
            deaf.send('watch log\n')
            busy = Control(d)
            rounds = 0
            while rounds < 60:
                busy.send('log info\n' * 100)
                for _ in range(100):
                    self.assertEqual(busy.answer()[-1], 'ok')
                rounds += 1
            lines = [deaf.line()]
            while 'left out' not in lines[-1]:
                if not any(select_now(deaf)) and b'\n' not in deaf.buffer:
                    busy.send('log info\n')
                    busy.answer()
                lines.append(deaf.line())
                self.assertLess(len(lines), 6000, 'all of them were kept')
            self.assertRegex(lines[-1], r'^\([\d,]+ lines were left out\)$')
            # the first may be of the start, and the log itself may lose some
            for line in lines[:-1]:
                self.assertRegex(line, 'control verb=| serves | listening |log .*lost')

    def test_one_that_leaves(self):
        """Nothing is logged that would show it."""
        with Daemon(CONFIG) as d:
            watch = Control(d)
            watch.send('watch log\n')
            wait_until(lambda: said(d, 'log', 'info') and any(select_now(watch)),
                       'the watch to begin')
            watch.close()
            wait_until(lambda: d.fds() <= d.baseline, 'it is forgotten')


if __name__ == '__main__':
    main()
