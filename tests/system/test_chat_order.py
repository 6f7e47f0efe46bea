# SPDX-License-Identifier: GPL-3.0-or-later
"""One order of events in a room, for every member, across workers.

Texts carry no ids on the wire, so each message is SENDER.NUMBER: members who
stay must see one and the same sequence (less their own lines), and who moves
to another room must hear nothing of the old one after `you are in`.
"""

import random
import re
import selectors
import threading

from clients import Person
from harness import Daemon, PATIENCE, Test, main, wait_until

CONFIG = '''
services: { chat: { protocol = "chat"; listen = "127.0.0.1:0"; }; };
limits: { connections_per_address = 1000; };
chat: { quiet_above = 20; replay = 0; };
'''
STAYING, MOVING, SENDERS, EACH = 160, 40, 50, 20
SAID = re.compile(r'<(\S+)> (\S+)')


class Reader(threading.Thread):
    """Reads everything from all members, so that nobody is slow."""

    def __init__(self, people):
        super().__init__()
        self.heard = {p: bytearray(p.buffer) for p in people}
        self.done = threading.Event()

    def run(self):
        with selectors.DefaultSelector() as selector:
            for p in self.heard:
                selector.register(p.socket, selectors.EVENT_READ, p)
            while not self.done.is_set():
                for key, _ in selector.select(0.05):
                    data = key.data.socket.recv(262144)
                    if data:
                        self.heard[key.data] += data
                    else:
                        selector.unregister(key.fileobj)

    def lines(self, person):
        return self.heard[person].decode().splitlines()


def name(i):
    """Nicks that nobody could take for each other."""
    return 'm' + ''.join('abcdefghjk'[int(c)] for c in f'{i:03}')


class Order(Test):
    def test_all_members_see_one_order(self):
        with Daemon(CONFIG) as d:
            stay = [Person(d, nick=name(i), room='ops') for i in range(STAYING)]
            move = [Person(d, nick=name(STAYING + i), room='ops') for i in range(MOVING)]
            reader = Reader(stay + move)
            reader.start()
            self.run_crowd(stay[:SENDERS], move)
            wanted = SENDERS * EACH

            def all_heard():
                return all(reader.heard[p].count(b'> zm') >= wanted -
                           (EACH if p in stay[:SENDERS] else 0) for p in stay)
            try:
                wait_until(all_heard, 'every line with everybody', PATIENCE * 3)
            finally:
                reader.done.set()
                reader.join()
            self.check_order(reader, stay)
            self.check_moves(reader, move)

    def run_crowd(self, senders, move):
        def talk(person, seed):
            order = random.Random(seed)
            at = 0
            while at < EACH:
                n = order.randint(1, 4)
                person.send(''.join(f'z{person.nick}.{i}\n'
                                    for i in range(at, min(at + n, EACH))))
                at += n

        def wander(person, seed):
            order = random.Random(seed)
            for i in range(15):
                room = order.choice(('ops', 'dev'))
                person.send(f'/join {room}\nz{room}.{i}\n')
        threads = [threading.Thread(target=talk, args=(p, i))
                   for i, p in enumerate(senders)]
        threads += [threading.Thread(target=wander, args=(p, i))
                    for i, p in enumerate(move)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()

    def check_order(self, reader, stay):
        """The whole sequence is what a member hears who sent nothing."""
        heard = {p: [m.groups() for line in reader.lines(p)
                     if (m := SAID.fullmatch(line))] for p in stay}
        whole = heard[stay[-1]]
        self.assertEqual(len(whole), len(set(whole)), 'a line came twice')
        for p in stay:
            own = [x for x in whole if x[0] != p.nick]
            mine = [x for x in heard[p] if x[0] != p.nick]
            n = min(len(own), len(mine))  # the tail may be still on its way
            self.assertGreaterEqual(n, SENDERS * EACH - EACH)
            self.assertEqual(mine[:n], own[:n], f'{p.nick} heard another order')
        for sender in {x[0] for x in whole}:
            numbers = [int(x[1].rpartition('.')[2]) for x in whole
                       if x[0] == sender and x[1].startswith('zm')]
            self.assertEqual(numbers, sorted(numbers), f'{sender} out of order')

    def check_moves(self, reader, move):
        """Who is in one room hears only lines that were said to it."""
        for p in move:
            room = 'ops'
            for line in reader.lines(p):
                if m := re.match(r'\*\*\* you are in #(\w+)', line):
                    room = m[1]
                elif m := re.fullmatch(r'<\S+> z(ops|dev)\.\S+', line):
                    self.assertEqual(m[1], room, f'{p.nick} in #{room}: {line}')
                elif re.fullmatch(r'<\S+> zm\S+', line):
                    self.assertEqual(room, 'ops', f'{p.nick}: {line}')


if __name__ == '__main__':
    main()
