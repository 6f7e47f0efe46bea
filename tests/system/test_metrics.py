# SPDX-License-Identifier: GPL-3.0-or-later
"""The protocol "metrics": what is asked for and how it is answered, that the
figures are those of the clients, and that they add up while clients come and
go."""

import json
import os
import re
import shutil
import signal
import subprocess
import threading
import unittest

from clients import NC, Client, Person, connect, pipe_through, target
from datagrams import Asker
from harness import PATIENCE, ROOT, WORKERS, Daemon, Test, main, observe, wait_until
from scrape import CONFIG, OPENMETRICS, Answer, Page, ask, get, scrape

SOCKLOAD = os.environ.get('SOCKLOAD', os.path.join(ROOT, 'build/src/bin/sockload'))
PROMTOOL = os.environ.get('PROMTOOL') or shutil.which('promtool')
SERVICES = '''services: {
  echo: { protocol = "echo"; listen = [ "127.0.0.1:0", "echo.sock" ]; %s };
  chat: { protocol = "chat"; listen = "127.0.0.1:0"; flood: { rate = "0"; }; };
  udp: { protocol = "echo"; transport = "udp"; listen = "127.0.0.1:0"; };
''' + CONFIG + '};\n'
GET = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'


def tcp(daemon, service='echo'):
    return next(a for a in daemon.addresses(service) if not isinstance(a, str))


def load(daemon, mode, *args, service='echo', count='100'):
    """What sockload reports, as the object of its --json."""
    host, port = tcp(daemon, service)
    done = subprocess.run(
        [SOCKLOAD, mode, '-j', '-n', count, *map(str, args), f'{host}:{port}'],
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=4 * PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


class Http(Test):
    def test_get_and_head(self):
        with Daemon(SERVICES % '') as d:
            for path in ('/healthz', '/readyz', '/metrics'):
                whole = get(d, path)
                head = get(d, path, method='HEAD')
                for answer in (whole, head):
                    self.assertEqual(answer.status, 200)
                    self.assertEqual(answer.fields['Connection'], 'close')
                self.assertEqual(len(whole.body), int(whole.fields['Content-Length']))
                self.assertEqual(head.body, b'')
                self.assertEqual(whole.fields.keys(), head.fields.keys())
                if path != '/metrics':  # which differs from one time to the next
                    self.assertEqual(whole.fields, head.fields)
            self.assertEqual(get(d, '/healthz').text(), 'ok\n')
            self.assertEqual(get(d, '/readyz').text(), 'ready\n')
            self.assertEqual(get(d, 'http://x/healthz?y').text(), 'ok\n')

    def test_errors(self):
        requests = [
            (404, 'GET / HTTP/1.0\n\n'),
            (404, 'DELETE /metrics/ HTTP/1.0\n\n'),
            (405, 'POST /metrics HTTP/1.0\nContent-Length: 2\n\nhi'),
            (405, 'get /readyz HTTP/1.0\n\n'),
            (400, 'GET /metrics HTTP/1.1\n\n'),
            (400, 'hello\n'),
            (400, b'\x16\x03\x01\x02\x00'),
            (400, 'GET /metrics'),
            (414, 'GET /' + 'a' * 600 + ' HTTP/1.0\n\n'),
            (431, 'GET / HTTP/1.0\nX: ' + 'a' * 9000 + '\n\n'),
            (505, 'GET / HTTP/2.0\n\n'),
        ]
        with Daemon(SERVICES % '') as d:
            for status, request in requests:
                with self.subTest(request[:30]):
                    answer = ask(d, request)
                    self.assertEqual(answer.status, status)
                    self.assertEqual(len(answer.body),
                                     int(answer.fields['Content-Length']))
                    self.assertEqual(answer.fields.get('Allow'),
                                     'GET, HEAD' if status == 405 else None)
            self.assertEqual(ask(d, 'HEAD /x HTTP/1.0\n\n').body, b'')
            self.assertEqual(get(d, '/healthz').status, 200)

    def test_the_formats(self):
        with Daemon(SERVICES % '') as d:
            for accept, newer in ((None, False), ('*/*', False), (OPENMETRICS, True),
                                  (OPENMETRICS + ';q=0.1,text/plain;q=0.2', False),
                                  (OPENMETRICS + ',text/plain;version=0.0.4', True)):
                answer = get(d, accept=accept)
                kind = answer.fields['Content-Type']
                self.assertEqual(kind.startswith('application/openmetrics-text'), newer)
                self.assertEqual(answer.text().endswith('\n# EOF\n'), newer)
                self.assertEqual(answer.fields['Vary'], 'Accept')
            old, new = scrape(d), scrape(d, accept=OPENMETRICS)
            self.assertEqual(old.names(), new.names())
            self.assertIn('# TYPE sockd_connections_arrived counter\n', new.text)
            self.assertIn('# TYPE sockd_connections_arrived_total counter\n', old.text)

    @unittest.skipUnless(PROMTOOL, 'promtool is missing')
    def test_promtool_likes_it(self):
        with Daemon(SERVICES % '') as d:
            Person(d).sync()
            text = scrape(d).text
            checked = subprocess.run(
                [PROMTOOL, 'check', 'metrics'], input=text, capture_output=True,
                text=True, check=False, timeout=2 * PATIENCE)
            self.assertEqual((checked.returncode, checked.stdout, checked.stderr),
                             (0, '', ''))

    def test_through_programs(self):
        with Daemon(SERVICES % '') as d:
            for address in d.addresses('metrics'):
                for command in ([NC, '-N'], [NC], ['ncat']):
                    out, code = pipe_through([*command, *target(address)], GET.encode())
                    self.assertEqual((Answer(out).text(), code), ('ok\n', 0))

    def test_in_pieces_and_with_junk(self):
        with Daemon(SERVICES % '') as d:
            c = Client(d, 'metrics')
            for byte in GET[:-1]:
                c.send(byte)
            c.send(GET[-1] + GET + 'junk' * 1000)
            answer = Answer(c.rest())
            self.assertEqual(answer.text(), 'ok\n', 'one answer, then the end')

    def test_late(self):
        with Daemon(SERVICES % '' + 'timeouts: { handshake = "300ms"; };',
                    level='debug') as d:
            self.assertEqual(Client(d, 'metrics').rest(), b'')
            late = Client(d, 'metrics', first='GET /hea')
            self.assertEqual(Answer(late.rest()).status, 408)
            d.wait_log('closed service=metrics .* reason=handshake ')

    def test_one_who_does_not_read(self):
        """Costs no more than the page, and others are served."""
        with Daemon(SERVICES % '' + 'timeouts: { linger = "200ms"; };') as d:
            slow = [Client(d, 'metrics', rcvbuf=2048,
                           first='GET /metrics HTTP/1.0\n\n') for _ in range(20)]
            self.assertEqual(get(d, '/healthz').text(), 'ok\n')
            for c in slow[:10]:
                c.reset()
            for c in slow[10:]:
                answer = Answer(c.rest())
                self.assertEqual(len(answer.body),
                                 int(answer.fields['Content-Length']))

    def test_who_is_not_let_in_or_cut_off_is_told(self):
        with Daemon(SERVICES.replace('"metrics.sock" ];',
                                     '"metrics.sock" ]; max_connections = 1;') % '') as d:
            before = d.fds()
            held = Client(d, 'metrics')
            wait_until(lambda: d.fds() > before, 'the place to be taken')
            self.assertEqual(get(d, '/healthz', address=tcp(d, 'metrics')).status, 503)
            d.signal(signal.SIGTERM)
            answer = Answer(held.rest())
            self.assertEqual((answer.status, answer.text()), (503, 'stopping'))
            self.assertEqual(d.wait(), 0)


class Figures(Test):
    def settled(self, d, condition, what):
        """The first page for which the condition holds."""
        def look():
            page = scrape(d)
            return page if condition(page) else None
        return wait_until(look, what)

    def served(self, d, address, **kwargs):
        """An echo client that was answered."""
        c = Client(d, 'echo', address=address, first='x', **kwargs)
        self.assertEqual(c.take(1), b'x')
        return c

    def check_sums(self, page, services=('echo', 'chat', 'metrics')):
        for service in services:
            self.assertEqual(
                page.sum('sockd_connections_accepted_total', service=service),
                page.sum('sockd_connections', service=service) +
                page.sum('sockd_connections_closed_total', service=service))
            self.assertGreaterEqual(
                min(value for (name, _), value in page.values.items()), 0)

    def test_bytes_are_those_of_the_clients(self):
        with Daemon(SERVICES % '') as d:
            report = load(d, 'echo', '-c', 20, '-s', 300, count='5000')
            page = self.settled(
                d, lambda p: p.sum('sockd_connections', service='echo') == 0,
                'the load to be gone')
            n = report['operations'] * 300
            self.assertEqual(report['operations'], 5000)
            self.assertEqual(page.get('sockd_received_bytes_total', service='echo'), n)
            self.assertEqual(page.get('sockd_sent_bytes_total', service='echo'), n)
            self.assertEqual(page.get('sockd_connections_accepted_total',
                                      service='echo', transport='tcp'), 20)
            self.assertEqual(page.get('sockd_connections_closed_total',
                                      service='echo', reason='eof'), 20)
            self.check_sums(page)

    def test_each_end_has_its_reason(self):
        config = SERVICES % 'max_connections = 4; idle = "400ms";'
        with Daemon(config + 'timeouts: { linger = "100ms"; };') as d:
            address = tcp(d)
            for where in [address] * 3 + [None]:
                c = self.served(d, where)
                page = scrape(d)
                for transport in ('tcp', 'unix'):
                    self.assertEqual(
                        page.get('sockd_connections', service='echo', transport=transport),
                        transport == ('tcp' if where else 'unix'))
                c.close()
                self.settled(d, lambda p: not p.sum('sockd_connections', service='echo'),
                             'it to be gone')
            held = [self.served(d, address) for _ in range(4)]
            self.assertEqual(Client(d, 'echo', address=address).rest(), b'')
            held[0].reset()
            self.assertEqual([c.rest() for c in held[1:]], [b''] * 3)
            for c in held[1:]:
                c.close()
            page = self.settled(
                d, lambda p: p.sum('sockd_connections', service='echo') == 0, 'all to end')

            def closed(reason):
                return page.get('sockd_connections_closed_total', service='echo',
                                reason=reason)
            self.assertEqual((closed('reset'), closed('idle'), closed('eof')), (1, 3, 4))
            self.assertEqual(page.get('sockd_connections_rejected_total',
                                      service='echo', reason='full'), 1)
            self.assertEqual(page.get('sockd_connections_arrived_total'),
                             page.sum('sockd_connections_accepted_total') +
                             page.sum('sockd_connections_rejected_total'))
            self.check_sums(page)

    def test_refusals(self):
        with Daemon(SERVICES % 'allow = [ "127.0.0.2" ]; proxy_protocol = "127.0.0.3";' + '''
                exempt = [ ]; limits: { connections_per_address = 5; };''') as d:
            address = tcp(d)
            self.assertEqual(Client(d, 'echo', address=address).rest(), b'')
            proxy = Client(d, 'echo', address=address, source='127.0.0.3', first='GET /\r\n')
            d.wait_log('refused .* reason=proxy_header')
            proxy.close()
            held = [self.served(d, address, source='127.0.0.2') for _ in range(5)]
            more = Client(d, 'echo', address=address, source='127.0.0.2')
            self.assertEqual(more.rest(), b'')
            page = scrape(d)
            for reason in ('not_allowed', 'proxy_header', 'address_full'):
                self.assertEqual(page.get('sockd_connections_rejected_total',
                                          service='echo', reason=reason), 1, reason)
            self.assertEqual(page.get('sockd_connections', service='echo',
                                      transport='tcp'), 5)

    def test_the_chat(self):
        with Daemon(SERVICES % '') as d:
            people = [Person(d, nick=f'p{i}') for i in range(4)]
            for p in people:
                p.sync()
            before = scrape(d)
            for i in range(10):
                people[0].say(f'line {i}')
            people[0].say('/msg p1 psst')
            people[1].until('[p0 -> you] psst')
            for p in people:
                p.sync()
            after = scrape(d)

            def more(name, **labels):
                return after.get(name, **labels) - before.get(name, **labels)
            self.assertEqual(after.get('sockd_members'), 4)
            self.assertEqual(after.get('sockd_rooms'), 1)
            self.assertEqual(more('sockd_messages_received_total'), 11)
            self.assertEqual(more('sockd_fanout_recipients_count'), 10)
            self.assertEqual(more('sockd_fanout_recipients_sum'), 30)
            self.assertEqual(more('sockd_fanout_recipients_bucket', le='2.0'), 0)
            self.assertEqual(more('sockd_fanout_recipients_bucket', le='5.0'), 10)
            # To each of three, the private one and its copy, four answers.
            self.assertEqual(more('sockd_messages_delivered_total'), 36)
            self.assertEqual(more('sockd_messages_left_out_total'), 0)
            self.assertGreater(more('sockd_fanout_seconds_count'), 0)

    def test_left_out_for_a_slow_reader(self):
        with Daemon(SERVICES % '' + '''limits: {
                output_soft = "8KiB"; output_hard = "16KiB"; };''') as d:
            talker = Person(d)
            slow = Person(d, rcvbuf=4096)
            talker.sync()

            def some_are_left_out():
                talker.say('x' * 2000)
                talker.sync()
                return scrape(d).get('sockd_messages_left_out_total') > 0
            wait_until(some_are_left_out, 'messages to be left out')
            slow.reset()
            self.settled(d, lambda p: p.get('sockd_members') == 1, 'it to be gone')

    def test_datagrams(self):
        with Daemon(SERVICES % '') as d:
            asker = Asker(d, d.address('udp'))
            for _ in range(7):
                asker.ask(b'x')
            page = self.settled(
                d, lambda p: p.get('sockd_datagrams_answered_total') == 7, 'the count')
            self.assertEqual(page.get('sockd_datagrams_received_total'), 7)
            self.assertEqual(page.sum('sockd_datagrams_unanswered_total'), 0)

    def test_reloads(self):
        with Daemon(SERVICES % '', allow_errors='reload failed|unknown key') as d:
            first = scrape(d)

            def get_both(page):
                return (page.get('sockd_config_last_reload_successful'),
                        page.get('sockd_config_last_reload_success_timestamp_seconds'))
            d.write_config('nonsense = 1;' + SERVICES % '')
            d.signal(signal.SIGHUP)
            d.wait_log('reload failed')
            self.assertEqual(get_both(scrape(d)), (0, get_both(first)[1]))
            d.write_config(SERVICES.replace('chat: {', 'tea: {') % '' +
                           'limits: { connections = 77; };')
            d.signal(signal.SIGHUP)
            page = self.settled(d, lambda p: get_both(p)[0] == 1, 'the reload')
            self.assertGreater(get_both(page)[1], get_both(first)[1])
            self.assertEqual(page.sum('sockd_connections', service='tea'), 0)
            self.assertEqual(page.get('sockd_connections_limit'), 77)
            self.assertNotIn('service="chat"', page.text)
            self.assertGreater(  # the counters of those that stay go on
                page.sum('sockd_connections_accepted_total', service='metrics'),
                first.sum('sockd_connections_accepted_total', service='metrics'))

    def test_the_process(self):
        with Daemon(SERVICES % '') as d:
            base = d.fds()
            # after the one by which it notifies is gone
            few = self.settled(d, lambda p: p.get('process_open_fds') == base + 1,
                               'none but our own')
            held = [Client(d, 'echo') for _ in range(30)]
            for c in held:
                c.send('x')
                self.assertEqual(c.take(1), b'x')
            many = self.settled(d, lambda p: p.get('process_open_fds') == base + 31,
                                'theirs and our own')
            self.assertEqual(many.get('sockd_workers'), WORKERS)
            self.assertEqual(few.get('process_start_time_seconds'),
                             many.get('process_start_time_seconds'))
            self.assertGreaterEqual(many.get('process_cpu_seconds_total'),
                                    few.get('process_cpu_seconds_total'))
            self.assertGreater(many.get('process_resident_memory_bytes'), 1 << 20)
            self.assertEqual(many.get('sockd_ready'), 1)

    def test_two_scrapes_differ_as_they_must(self):
        with Daemon(SERVICES % '') as d:
            a = scrape(d)
            b = self.settled(
                d, lambda p: p.sum('sockd_connections_closed_total', service='metrics') >= 1,
                'the first to have ended')
            self.assertEqual(a.values.keys(), b.values.keys())
            for key, value in a.values.items():
                if key[0].endswith(('_total', '_count', '_bucket', '_sum')):
                    self.assertGreaterEqual(b.values[key], value, key)
            self.assertEqual(a.get('sockd_connections', service='metrics',
                                   transport='tcp') + a.get(
                                       'sockd_connections', service='metrics',
                                       transport='unix'), 1, 'the scrape itself')
            self.assertGreater(b.get('sockd_sent_bytes_total', service='metrics'),
                               a.get('sockd_sent_bytes_total', service='metrics'))

    def test_while_thousands_come_and_go(self):
        """Each page adds up, and no counter goes back."""
        with Daemon(SERVICES % '') as d:
            loads = [threading.Thread(
                target=load, args=(d, 'connect', '-c', 20), kwargs={'count': '2000'})
                for _ in range(2)]
            for t in loads:
                t.start()
            last, n = None, 0
            while any(t.is_alive() for t in loads):
                page = scrape(d)
                self.check_sums(page)
                if last:
                    for key, value in last.values.items():
                        if key[0].endswith(('_total', '_count', '_bucket')):
                            self.assertGreaterEqual(page.values[key], value, key)
                last, n = page, n + 1
            for t in loads:
                t.join()
            self.assertGreater(n, 2)
            page = self.settled(
                d, lambda p: p.sum('sockd_connections', service='echo') == 0, 'the end')
            self.assertEqual(
                page.sum('sockd_connections_closed_total', service='echo'), 4000)
            self.check_sums(page)


class Lag(Test):
    def test_is_sampled_only_while_there_is_work(self):
        with Daemon(SERVICES % '') as d:
            load(d, 'echo', '-c', 5, count='3000')

            def samples():
                return scrape(d).get('sockd_loop_lag_seconds_count')
            first = samples()
            self.assertGreater(first, 0)
            observe(1)
            # The scrapes are work themselves: a sample for each, or two.
            self.assertLessEqual(samples() - first, 4)
            c = connect(tcp(d))
            last = first

            def grows():
                c.sendall(b'x')
                self.assertEqual(c.recv(1), b'x')
                return samples() > last + 5
            wait_until(grows, 'samples of a busy worker')
            c.close()


    @unittest.skipIf(os.environ.get('SOCKD_SANITIZE') == 'thread',
                     'ThreadSanitizer has a thread of its own, which wakes')
    def test_who_idles_sleeps(self):
        with Daemon(SERVICES % '') as d:
            scrape(d)
            held = Client(d, 'echo', first='x')
            self.assertEqual(held.take(1), b'x')

            def still():
                before = d.wakeups()
                observe(0.5)
                return d.wakeups() == before
            wait_until(still, 'no thread to wake any more')


class Words(Test):
    def test_status_says_the_same(self):
        with Daemon(SERVICES % '') as d:
            Client(d, 'echo')
            page = Page(get(d).text())
            d.signal(signal.SIGUSR1)
            line = d.wait_log('status: up_secs=')[0]
            self.assertEqual(int(re.search(r'accepted=(\d+)', line)[1]),
                             page.get('sockd_connections_arrived_total'))


if __name__ == '__main__':
    main()
