#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of the chat against the manuals: nothing is missing there, nothing
stands there that is not.

sockd-chat(7) has every command with its arguments and aliases; sockd-protocol(7)
every request with its fields, every object and event that programs are sent with
its own, every code of an error and of the end; sockd(8) every reason for the end
in its words, and both say which of them do not occur.

usage: chat_pages.py SOURCE_ROOT PRINT_CHAT
"""

import collections
import json
import pathlib
import re
import subprocess
import sys

ALWAYS = {'type', 'event'}  # named by the heading, or by the item itself
ANYWHERE = {'room'}         # requests may have it that do not take it by position
# What could be written of a fact, but the chat knows no such thing of it.
NEVER = {
    ('msg', None): {'room', 'id'},
    ('notification', 'nick'): {'room'},
}
FIELDS_FOLLOW = re.compile(r'\.It Li (\w+)(?: Pq Li (.*))?$', re.M)


class Tables:
    """What the code has, as print_chat.c says it."""

    def __init__(self, print_chat):
        self.commands, self.requests, self.reasons = {}, {}, {}
        self.goodbyes, self.codes = {}, set()
        self.objects = collections.defaultdict(set)  # their fields, by type and event
        out = subprocess.run([print_chat], check=True, capture_output=True, text=True).stdout
        for line in out.splitlines():
            word, *rest = line.split('\t')
            getattr(self, 'read_' + word)(*rest)

    def read_command(self, name, aliases, usage):
        self.commands[name] = (usage, aliases.split())

    def read_request(self, name, fields):
        self.requests[name] = set(fields.split())

    def read_reason(self, code, words):
        self.reasons[code] = words

    def read_goodbye(self, text):
        got = json.loads(text)
        self.goodbyes[got['code']] = got['retry']
        self.read_object(text)

    def read_object(self, text):
        got = json.loads(text)
        self.objects[got['type'], got.get('event')] |= set(got) - ALWAYS
        if got['type'] == 'error':
            self.codes.add(got['code'])


def part_of(text, heading):
    """What stands under a heading, up to the next one."""
    found = re.search(rf'^\.S[hs] {re.escape(heading)}\n(.*?)(?=^\.S[hs] |\Z)', text, re.M | re.S)
    return found[1] if found else ''


def differences(page, what, has, wants):
    for name in sorted(set(wants) - set(has)):
        yield f'{page}: no {what} {name}'
    for name in sorted(set(has) - set(wants)):
        yield f'{page}: there is no {what} {name}'


def usage_of(macros):
    """'Ar room Op Cm on | off' as the table of commands writes it: 'ROOM [on|off]'."""
    parts = []
    for part in re.split(r'(?:^| )(?=Op )', macros):
        kind, *words = part.removeprefix('Op ').split() or ['']
        text = ''.join(words) if kind == 'Cm' else ' '.join(words).upper()
        parts.append(f'[{text}]' if part.startswith('Op ') else text)
    return ' '.join(part for part in parts if part)


def command_faults(tables, page, text):
    items = re.split(r'^\.It Cm /', part_of(text, 'COMMANDS'), flags=re.M)[1:]
    has = {}
    for item in items:
        name, _, macros = item.partition('\n')[0].partition(' ')
        also = re.search(r'^Also\n\.Cm (.*)$', item, re.M)
        aliases = re.findall(r'/(\S+)', also[1]) if also else []
        has[name] = (usage_of(macros), aliases)
    del has['/']
    yield from differences(page, 'command', has, tables.commands)
    for name in set(has) & set(tables.commands):
        if has[name] != tables.commands[name]:
            yield f'{page}: /{name} is {has[name]}, not {tables.commands[name]}'


def mention_faults(tables, page, text):
    """Commands that are only spoken of."""
    known = {'/', *tables.commands}
    for _, aliases in tables.commands.values():
        known.update(aliases)
    for line in re.findall(r'^\.(?:Cm|Ql) (/.*)$', text, re.M):
        for name in re.findall(r'(?:^| )/(\S+)', line):
            if name not in known and '/' not in name:
                yield f'{page}: there is no command /{name}'


def fields_under(text, *headings):
    """name: fields, of the items under the headings; each stands there once."""
    found = {}
    for heading in headings:
        for name, fields in FIELDS_FOLLOW.findall(part_of(text, heading)):
            assert name not in found, f'{name} stands there twice'
            found[name] = {field for field in fields.split() if field not in (',', '...')}
    return found


def request_faults(tables, page, text):
    has = fields_under(text, 'Requests')
    yield from differences(page, 'request', has, tables.requests)
    for name in set(has) & set(tables.requests):
        if has[name] - ANYWHERE != tables.requests[name] - ANYWHERE:
            yield f'{page}: the fields of {name} are {sorted(tables.requests[name])}'


def object_faults(tables, page, text, heading, kinds):
    """kinds: (type, event) by the name that the page has for it."""
    has = fields_under(text, heading)
    yield from differences(page, heading, has, kinds)
    for name in set(has) & set(kinds):
        kind = kinds[name]
        fields = tables.objects[kind]
        assert NEVER.get(kind, set()) <= fields, kind
        if has[name] - ALWAYS != fields - NEVER.get(kind, set()):
            yield f'{page}: {heading}: the fields of {name} are {sorted(fields)}'


def reserved_faults(page, text, unused):
    """The codes that a page says not to occur."""
    found = re.search(r'\.Pp\n((?:(?!\.Pp\n).*\n)*?)'
                      r'(?:are reserved and do|is reserved and does) not occur', text)
    has = {word for line in re.findall(r'^\.Li (.*)$', found[1] if found else '', re.M)
           for word in line.split() if word != ','}
    yield from differences(page, 'reason that does not occur', has, unused)


def unused_reasons(root, tables):
    """Codes that nothing in the code closes with."""
    rows = re.findall(r'X\((\w+), "(\w+)"', (root / 'include/net/close.h').read_text('utf-8'))
    assert {code for _, code in rows} == set(tables.reasons)
    source = '\n'.join(path.read_text('utf-8') for path in (root / 'src').glob('**/*.c'))
    return {code for name, code in rows if not re.search(rf'(?<!\[)\bCLOSE_{name}\b', source)}


def end_faults(tables, page, text):
    rows = re.findall(r'^\.It Li (\w+) Ta (true|false) Ta ', part_of(text, 'Disconnection'), re.M)
    wants = [(code, str(retry).lower()) for code, retry in tables.goodbyes.items()]
    yield from differences(page, 'code of the end, retry',
                           map(', '.join, rows), map(', '.join, wants))


def reason_faults(tables, page, text, unused):
    has = dict(re.findall(r'^\.It Li (\w+) Ta (.*)$', part_of(text, 'Reasons'), re.M))
    yield from differences(page, 'reason', has, set(tables.reasons) - unused)
    for code in set(has) & set(tables.reasons):
        words = re.escape(tables.reasons[code]).replace('%s', '.+') or r'\(.*\)'
        if not re.fullmatch(words, has[code]):
            yield f'{page}: {code} is said as "{tables.reasons[code]}"'


def faults_of(root, tables):
    chat, protocol, daemon = (
        (root / 'doc' / page).read_text('utf-8')
        for page in ('sockd-chat.7', 'sockd-protocol.7', 'sockd.8'))
    unused = unused_reasons(root, tables)
    objects = {name: (name, None) for name, _ in tables.objects}
    events = {event: (name, event) for name, event in tables.objects if event}
    for page, text in (('sockd-chat.7', chat), ('sockd-protocol.7', protocol)):
        yield from mention_faults(tables, page, text)
    yield from command_faults(tables, 'sockd-chat.7', chat)
    page = 'sockd-protocol.7'
    yield from request_faults(tables, page, protocol)
    yield from object_faults(tables, page, protocol, 'Objects from the server', objects)
    yield from object_faults(tables, page, protocol, 'Notifications', events)
    yield from differences(page, 'error', fields_under(protocol, 'Errors'), tables.codes)
    yield from end_faults(tables, page, protocol)
    yield from reserved_faults(
        page, protocol, {code for code in unused if tables.reasons[code]})
    yield from reason_faults(tables, 'sockd.8', daemon, unused)
    yield from reserved_faults('sockd.8', daemon, unused)


def main(root, print_chat):
    tables = Tables(print_chat)
    faults = list(faults_of(pathlib.Path(root), tables))
    print('\n'.join(faults))
    print(f'{len(tables.commands)} commands, {len(tables.objects)} kinds of objects, '
          f'{len(tables.codes)} errors, {len(faults)} faults')
    return 1 if faults or not tables.commands else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
