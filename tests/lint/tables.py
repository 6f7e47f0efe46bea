#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option tables against sockd.conf(5) and the configuration as shipped.

The manual has one entry for each row, under the heading of its table, and it
begins with the sentence that the row makes: type, bounds, default, restart.
The shipped file says the same with and without its comments, and with its
defaults (lines like //key = value;) put in force; it leaves no key out.

usage: tables.py SOURCE_ROOT SOCKD PRINT_TABLES
"""

import collections
import os
import pathlib
import re
import subprocess
import sys
import tempfile

# Headings of the manual under which the entries of a table stand.
HEADINGS = {
    'GLOBAL OPTIONS': 'global',
    'SERVICES': 'service',
    'CHAT ROOMS': 'room',
}
DEFAULT_LINE = re.compile(r'^(\s*)//([a-z_]+ = )', re.M)
COMMENT = re.compile(r'//[^\n]*')
ORIGIN = re.compile(r'  # (.*)$', re.M)


def rows_of(print_tables):
    out = subprocess.run([print_tables], check=True, capture_output=True, text=True).stdout
    rows = collections.OrderedDict()
    for line in out.splitlines():
        table, key, sentence = line.split('\t')
        rows[table, key] = sentence
    return rows


def entries_of(manual, tables):
    """(table, key): first line, of each .It Cm under a heading we know."""
    table, entries = None, collections.OrderedDict()
    lines = manual.read_text(encoding='utf-8').splitlines()
    for number, line in enumerate(lines):
        heading = re.match(r'\.S[hs] (?:Protocol )?(.*)', line)
        if heading:
            name = heading.group(1).replace('Cm ', '')
            table = HEADINGS.get(name, name if name in tables else None)
        item = re.match(r'\.It Cm (\S+)$', line)
        if item and table:
            entries[table, item.group(1)] = lines[number + 1]
    return entries


def manual_faults(rows, manual):
    entries = entries_of(manual, {table for table, _ in rows})
    for row, sentence in rows.items():
        if row not in entries:
            yield f'{manual.name}: no entry for {row[1]} ({row[0]}); write\n{sentence}'
        elif entries[row] != sentence:
            yield f'{manual.name}: {row[1]} ({row[0]}): write\n{sentence}\nnot\n{entries[row]}'
    for row in entries:
        if row not in rows:
            yield f'{manual.name}: {row[1]} ({row[0]}) is in no table'


def effective(sockd, text):
    """What -T says of a configuration, and the origins of its values."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, 'sockd.conf')
        pathlib.Path(path).write_text(text, encoding='utf-8')
        done = subprocess.run([sockd, '-T', '-f', path], capture_output=True, text=True,
                              check=False)
    if done.returncode:
        return done.stderr, None
    return ORIGIN.sub('', done.stdout), done.stdout


def group_of(dump, path):
    """The lines of one group of a dump, without those of groups inside."""
    depth, want, lines = [], path.split('.'), []
    for line in dump.splitlines():
        opened = re.match(r'\t*([\w-]+): \{', line)
        if opened:
            depth.append(opened.group(1))
        elif re.match(r'\t*\};', line):
            depth.pop()
        elif depth[:len(want)] == want:
            lines.append(line.strip())
    return lines


def left_out(dump, keys):
    """Keys of which a file with all defaults in force says nothing."""
    for line in dump:
        if line.endswith('# default') and (not keys or line.split(' =')[0] in keys):
            yield line


def shipped_faults(rows, sockd, path):
    text = path.read_text(encoding='utf-8')
    full = DEFAULT_LINE.sub(r'\1\2', text)
    values, _ = effective(sockd, text)
    bare, _ = effective(sockd, COMMENT.sub('', text))
    forced, origins = effective(sockd, full)
    if bare != values:
        yield f'{path.name} says something else without comments:\n{bare}'
    if forced != values:
        yield f'{path.name} says something else with its defaults in force:\n{forced}'
    if not origins:
        return
    own = {key.split('.')[-1] for table, key in rows if table == 'chat'}
    before_services = origins[:origins.index('\nservices: {')].splitlines()
    missing = [*left_out(before_services, None),
               *left_out(group_of(origins, 'services.echo'), None),
               *left_out(group_of(origins, 'services.chat'), own)]
    for line in missing:
        yield f'{path.name} has no line for {line}'
    for table, key in rows:
        if not re.search(rf'\b{key.split(".")[-1]} = ', text):
            yield f'{path.name} does not show {key} ({table})'


def main(root, sockd, print_tables):
    root = pathlib.Path(root)
    rows = rows_of(print_tables)
    faults = [*manual_faults(rows, root / 'doc/sockd.conf.5'),
              *shipped_faults(rows, sockd, root / 'conf/sockd.conf')]
    print('\n'.join(faults))
    print(f'{len(rows)} options, {len(faults)} faults')
    return 1 if faults or not rows else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
