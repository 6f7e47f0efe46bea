# SPDX-License-Identifier: GPL-3.0-or-later
"""sockd under a real systemd: install, start, reload, watchdog, stop, journal.

usage: test_boot.py BUILD    (a build directory; exits 77 where it cannot run)
"""

import json
import re
import resource
import select
import signal
import subprocess
import sys
import unittest

from machine import Machine, skip_unless_possible, wait_until

CONF = '/etc/sockd.conf'
BUILD = sys.argv.pop(1)


def setUpModule():
    global machine
    machine = Machine(BUILD)
    machine.must('systemd-sysusers')


def tearDownModule():
    machine.stop()


class Netcat:
    """nc inside the machine, kept open."""

    def __init__(self, port, *options):
        self.process = subprocess.Popen(
            machine.inside('nc.openbsd', *options, 'localhost', str(port)),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)

    def line(self):
        data = b''
        while not data.endswith(b'\n'):
            assert select.select([self.process.stdout], [], [], 20)[0], data
            byte = self.process.stdout.read(1)
            if not byte:
                break
            data += byte
        return data.decode().rstrip('\n')

    def say(self, text):
        self.process.stdin.write(text.encode() + b'\n')

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Boot(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        machine.must('systemctl', 'daemon-reload')
        machine.run('systemctl', 'reset-failed')
        machine.must('cp', CONF, '/root/sockd.conf.kept')
        machine.must('rm', '-rf', '/var/lib/sockd')  # what the last test said
        machine.must('systemctl', 'start', 'sockd')
        self.addCleanup(self.restore)

    @staticmethod
    def restore():
        machine.run('systemctl', 'stop', 'sockd')
        machine.must('mv', '/root/sockd.conf.kept', CONF)

    def open(self, port, *options):
        client = Netcat(port, *options)
        self.addCleanup(client.close)
        return client

    def show(self, name):
        return machine.must('systemctl', 'show', '-P', name, 'sockd').strip()

    def edit(self, old, new):
        text = machine.must('cat', CONF)
        self.assertIn(old, text)
        machine.must('sh', '-c', f'cat >{CONF}', text=text.replace(old, new))

    def journal(self, *args):
        text = machine.must('journalctl', '-u', 'sockd', '-o', 'json', '--no-pager', *args)
        return [json.loads(line) for line in text.splitlines()]

    def echo(self, port, *options):
        client = self.open(port, *options)
        client.say('hi')
        self.assertEqual(client.line(), 'hi')
        return client

    def test_installed_and_serving(self):
        self.assertEqual(self.show('ActiveState'), 'active')
        self.assertEqual(self.show('NRestarts'), '0')
        self.assertRegex(self.show('StatusText'), r'\d')
        self.assertEqual(machine.must('stat', '-c', '%U %a', '/run/sockd').strip(), 'sockd 755')
        main = self.show('MainPID')
        self.assertEqual(machine.must('ps', '-o', 'user=', '-p', main).strip(), 'sockd')
        self.echo(7007)
        self.echo(7007, '-u')
        chat = self.open(4000)
        self.assertRegex(chat.line(), r'^\*\*\* welcome to ')
        self.assertEqual(
            machine.must('stat', '-c', '%a', '/run/sockd/chat.sock').strip(), '666')
        out = machine.must('nc.openbsd', '-NU', '/run/sockd/chat.sock', text='/quit\n')
        self.assertIn('*** disconnected: bye.', out)

    def test_control_socket(self):
        path = '/run/sockd/control.sock'
        self.assertEqual(
            machine.must('stat', '-c', '%U %G %a', path).strip(), 'sockd sockd 660')
        main = self.show('MainPID')
        self.assertRegex(machine.must('sockctl', 'status'), rf'(?m)^pid +{main}$')
        self.assertIn('"state":"serving"', machine.must('sockctl', '--json', 'status'))
        done = machine.run('setpriv', '--reuid=nobody', '--clear-groups', 'sockctl', 'status')
        self.assertEqual(done.returncode, 77)
        self.assertIn('usermod -aG sockd', done.stderr)
        machine.must('setpriv', '--reuid=nobody', '--groups=sockd', 'sockctl', 'log', 'debug')
        wait_until(lambda: any(
            re.search('control verb="log" .*user=nobody', e['MESSAGE'])
            for e in self.journal()), 'the change in the journal')

    def test_reload_opens_a_new_port(self):
        old = self.echo(7007)
        self.edit('localhost:7007', 'localhost:7117')
        machine.must('systemctl', 'reload', 'sockd')
        self.echo(7117)
        # by what it calls itself: it has ended before journald looks at it
        self.assertTrue([e for e in self.journal('SYSLOG_IDENTIFIER=sockctl') if re.search(
            'services.echo.listen +.*7007.* .*7117', e['MESSAGE'])])
        self.assertRegex(self.show('StatusText'), r'; reloaded \d\d:\d\d: .* new connections')
        old.say('still here')
        self.assertEqual(old.line(), 'still here')
        self.assertEqual(self.show('NRestarts'), '0')

    def test_broken_edit_fails_the_reload(self):
        client = self.echo(7007)
        before = self.show('MainPID')
        text = machine.must('cat', CONF)
        machine.must('sh', '-c', f'cat >>{CONF}', text='\nworkrs = 2;\n')
        line = len(text.splitlines()) + 2
        done = machine.run('systemctl', 'reload', 'sockd')
        self.assertNotEqual(done.returncode, 0)
        wait_until(lambda: [m for m in self.journal()
                            if f'{CONF}:{line}: workrs' in m['MESSAGE']],
                   'file and line in the journal')
        self.assertEqual((self.show('ActiveState'), self.show('MainPID')), ('active', before))
        client.say('still here')
        self.assertEqual(client.line(), 'still here')

    def test_port_of_another_fails_the_reload(self):
        client = self.echo(7007)
        other = subprocess.Popen(machine.inside('nc.openbsd', '-lk', '127.0.0.1', '7118'))
        self.addCleanup(other.wait)
        self.addCleanup(other.kill)
        wait_until(lambda: machine.run(
            'nc.openbsd', '-z', '127.0.0.1', '7118').returncode == 0, 'the other')
        self.edit('localhost:7007', '127.0.0.1:7118')
        done = machine.run('systemctl', 'reload', 'sockd')
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(self.show('StatusText'), 'reload failed .*7118')
        client.say('still here')
        self.assertEqual(client.line(), 'still here')

    def test_reload_without_the_unit_s_socket(self):
        """As sockd(8) has it: by the socket's path, or by a signal."""
        unit, conf = '/run/systemd/system/sockd.service.d', '/etc/sockd.conf.d'
        machine.must('sh', '-c', f'mkdir -p {conf}; cat >{conf}/run.conf',
                     text='runtime_dir = "/var/lib/sockd/run";\n')
        self.addCleanup(machine.run, 'rm', '-rf', unit, conf)
        machine.must('systemctl', 'restart', 'sockd')
        self.assertNotEqual(machine.run('systemctl', 'reload', 'sockd').returncode, 0)
        port = 7007
        sockctl = machine.must('sh', '-c', 'command -v sockctl').strip()
        for line in (f'{sockctl} -s /var/lib/sockd/run/control.sock reload --wait',
                     '/bin/kill -HUP $MAINPID'):
            machine.must('sh', '-c', f'mkdir -p {unit}; cat >{unit}/reload.conf',
                         text=f'[Service]\nExecReload=\nExecReload={line}\n')
            machine.must('systemctl', 'daemon-reload')
            self.edit(f'localhost:{port}', f'localhost:{port + 110}')
            port += 110
            machine.must('systemctl', 'reload', 'sockd')
            wait_until(lambda: machine.run(
                'nc.openbsd', '-z', 'localhost', str(port)).returncode == 0, line)
            self.echo(port)

    def test_broken_file_does_not_start_again_and_again(self):
        machine.must('systemctl', 'stop', 'sockd')
        machine.must('sh', '-c', f'cat >{CONF}', text='services: { }; }\n')
        self.assertNotEqual(machine.run('systemctl', 'start', 'sockd').returncode, 0)
        self.assertEqual(self.show('ActiveState'), 'failed')
        self.assertEqual(self.show('ExecMainStatus'), '78')
        self.assertEqual(self.show('NRestarts'), '0')

    def test_what_is_not_there_yet_is_waited_for(self):
        """However often: a name server and an address, each more than the ten
        tries that systemd gives by default."""
        unit, conf = '/run/systemd/system/sockd.service.d', '/etc/sockd.conf.d'
        machine.must('sh', '-c', f'mkdir -p {unit} {conf}; cp /etc/hosts /root/hosts.kept; '
                     f'cat >{unit}/soon.conf', text='[Service]\nRestartSec=1ms\n')
        self.addCleanup(machine.run, 'sh', '-c', f'rm -rf {unit} {conf}; '
                        'cat /root/hosts.kept >/etc/hosts; ip address del 192.0.2.77/32 dev lo')
        machine.must('systemctl', 'daemon-reload')
        for listen, mend in (
                ('later.example.org:7009', 'echo 127.0.0.1 later.example.org >>/etc/hosts'),
                ('192.0.2.77:7009', 'ip address add 192.0.2.77/32 dev lo')):
            machine.must('sh', '-c', f'cat >{conf}/later.conf', text=f'''
                services: {{ later: {{ protocol = "echo"; listen = "{listen}"; }}; }};''')
            machine.run('systemctl', 'restart', 'sockd')
            wait_until(lambda: self.show('ActiveState') == 'failed' or (
                int(self.show('NRestarts')) > 12 and self.show('ExecMainStatus') == '71'),
                       f'tries for {listen}')
            machine.must('sh', '-c', mend)
            wait_until(lambda: self.show('ActiveState') in ('active', 'failed'), listen)
            self.assertEqual(self.show('ActiveState'), 'active', listen)
            self.assertEqual(machine.must('nc.openbsd', '-N', listen.split(':')[0], '7009',
                                          text='hi\n'), 'hi\n')

    def test_stop_is_clean(self):
        client = self.open(4000)
        client.line(), client.line()
        machine.must('systemctl', 'stop', 'sockd')
        self.assertIn('the server is stopping', client.line())
        self.assertEqual(
            [self.show(x) for x in ('ActiveState', 'Result', 'ExecMainStatus')],
            ['inactive', 'success', '0'])
        self.assertFalse(machine.run('test', '-e', '/run/sockd').returncode == 0)

    def test_the_chat_outlives_a_restart(self):
        client = self.open(4000)
        client.say('/nick alice\n/topic tea at four\nwho is in?\n/ping')
        lines = [client.line()]
        while lines[-1] != '*** pong':
            lines.append(client.line())
        code = re.search(r'/resume (\S+)', '\n'.join(lines))
        machine.must('systemctl', 'restart', 'sockd')
        self.assertEqual(machine.must(
            'stat', '-c', '%U %a', '/var/lib/sockd/chat.state').strip(), 'sockd 600')
        out = machine.must('nc.openbsd', '-N', 'localhost', '4000',
                           text=f'/resume {code[1]}\n/history\n/quit\n')
        self.assertIn('*** welcome back, alice: nothing was missed', out)
        self.assertIn('*** topic: tea at four', out)
        self.assertRegex(out, r'\d\d:\d\d <alice> who is in\?')
        self.assertFalse([e for e in self.journal() if 'state' in e['MESSAGE']
                          and e['PRIORITY'] == '3'])

    def test_watchdog_restarts_a_stuck_daemon(self):
        dropin = '/run/systemd/system/sockd.service.d'
        machine.must('sh', '-c', f'mkdir -p {dropin}; cat >{dropin}/watchdog.conf',
                     text='[Service]\nWatchdogSec=2\n')
        self.addCleanup(machine.run, 'rm', '-rf', dropin)
        machine.must('systemctl', 'daemon-reload')
        machine.must('systemctl', 'restart', 'sockd')
        old = self.show('MainPID')
        machine.must('kill', '-STOP', old)
        wait_until(lambda: self.show('NRestarts') == '1' and
                   self.show('ActiveState') == 'active', 'a restart')
        self.assertNotEqual(self.show('MainPID'), old)
        self.echo(7007)

    def test_journal_fields(self):
        client = self.echo(7007)
        client.close()

        def closed():
            return [m for m in self.journal('SOCKD_SERVICE=echo')
                    if 'closed' in m['MESSAGE'] and m.get('SOCKD_CONN')]
        entry = wait_until(closed, 'a closed connection in the journal')[-1]
        self.assertRegex(entry['SOCKD_PEER'], r'^(127\.0\.0\.1|\[::1\]):\d+$')
        self.assertRegex(entry['SOCKD_CONN'], r'^\d+$')
        self.assertEqual(entry['PRIORITY'], '6')
        self.assertEqual(entry['SYSLOG_IDENTIFIER'], 'sockd')
        # One entry for one event: not a second time through stderr.
        same = [m for m in self.journal() if m['MESSAGE'] == entry['MESSAGE']]
        self.assertEqual(len(same), 1)

    def test_a_stopped_journal_stops_nobody(self):
        client = self.echo(7007)
        main = self.show('MainPID')
        journald = machine.must(
            'systemctl', 'show', '-P', 'MainPID', 'systemd-journald').strip()
        self.addCleanup(machine.run, 'kill', '-CONT', journald)
        machine.must('kill', '-STOP', journald)

        def is_stuck():  # USR1 writes some lines; a full journal blocks a thread
            machine.must('sh', '-c', 'i=0; while [ $i -lt 200 ]; do '
                         f'kill -USR1 {main}; i=$((i+1)); done')
            waits = machine.must('sh', '-c', f'cat /proc/{main}/task/*/wchan')
            return 'unix' in waits or 'sock_' in waits
        wait_until(is_stuck, 'a thread that waits for the journal')
        client.say('still here')
        self.assertEqual(client.line(), 'still here')
        self.echo(7007)
        machine.must('kill', '-CONT', journald)
        wait_until(lambda: len([m for m in self.journal() if 'status:' in m['MESSAGE']]) > 500,
                   'the lines that waited')

    def test_a_unix_socket_may_have_a_group(self):
        """chown is not filtered away."""
        dropin = '/etc/sockd.conf.d'
        machine.must('sh', '-c', f'mkdir -p {dropin}; cat >{dropin}/group.conf', text='''
            services: { team: { protocol = "echo"; listen = "team.sock";
                                mode = "0660"; group = "sockd"; }; };''')
        self.addCleanup(machine.run, 'rm', '-rf', dropin)
        machine.must('systemctl', 'restart', 'sockd')
        self.assertEqual(
            machine.must('stat', '-c', '%G %a', '/run/sockd/team.sock').strip(), 'sockd 660')

    def test_accounts(self):
        """Hashing a password and asking the kernel who is there are not
        filtered away, and the daemon may read what sockctl wrote."""
        dropin, path = '/etc/sockd.conf.d', '/etc/sockd.accounts'
        machine.must('sockctl', 'passwd', 'alice', path, text='secret\n')
        self.addCleanup(machine.run, 'rm', '-rf', dropin, path)
        self.assertIn(':$y$j9T$', machine.must('cat', path))
        machine.must('sh', '-c', f'mkdir -p {dropin}; cat >{dropin}/accounts.conf', text='''
            chat: { accounts = "sockd.accounts"; operators = [ "@sockd" ]; };''')
        machine.must('sockd', '-t')
        machine.must('chgrp', 'root', path)
        done = machine.run('sockd', '-t')
        self.assertEqual((done.returncode, done.stderr), (
            78, f'{path}: the user sockd, as whom the service runs, may not read this; '
            'chgrp sockd and chmod g+r mend it\n'))
        machine.must('chgrp', 'sockd', path)
        machine.must('sockd', '-t')
        machine.must('systemctl', 'reload', 'sockd')
        out = machine.must(
            'setpriv', '--reuid=nobody', '--groups=sockd',
            'nc.openbsd', '-NU', '/run/sockd/chat.sock',
            text='/login alice wrong\n/login alice secret\n/whois alice\n/quit\n')
        self.assertIn('do not belong together', out)
        self.assertIn('*** you are logged in as alice, an operator\n', out)
        self.assertRegex(out, r'alice: account alice, user (nobody|uid-\d+) on this machine, '
                         'operator, in #lobby')
        wait_until(lambda: [m for m in self.journal() if
                            'logged in service=chat peer=unix' in m['MESSAGE']],
                   'the login in the journal')

    def test_unit_in_effect(self):
        """The sandbox is really on."""
        main = self.show('MainPID')
        status = machine.must('cat', f'/proc/{main}/status')
        for field in ('CapEff', 'CapBnd', 'CapAmb'):
            self.assertRegex(status, rf'(?m)^{field}:\s+0+$')
        self.assertRegex(status, r'(?m)^NoNewPrivs:\s+1$')
        self.assertRegex(status, r'(?m)^Seccomp:\s+2$')
        # A container cannot raise what its own manager was given.
        files = min(65536, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        self.assertRegex(machine.must('cat', f'/proc/{main}/limits'),
                         rf'Max open files\s+{files}\s+{files}')


if __name__ == '__main__':
    skip_unless_possible()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    unittest.main()
