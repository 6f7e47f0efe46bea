#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of metrics against sockd(8), and what is installed to watch them
against the table.

The manual has one entry for each row, which begins with the two lines that the
row makes. The dashboard and the alert rules name nothing that is in no row, and
no label that their metric has not. promtool, if there is one, likes the rules,
and finds that each fires when it should (sockd.rules_test.yml).

usage: metrics.py SOURCE_ROOT PRINT_METRICS [PROMTOOL]
"""

import collections
import json
import pathlib
import re
import subprocess
import sys

Row = collections.namedtuple('Row', 'type labels help')
NAME = re.compile(r'\b(?:sockd|process)_[a-z_]+\b')
SELECTOR = re.compile(r'\b((?:sockd|process)_[a-z_]+)\{([^}]*)\}')
HISTOGRAM = re.compile(r'_(bucket|sum|count)$')
EVERY_LABEL = {'job', 'instance', 'le'}


def rows_of(print_metrics):
    out = subprocess.run([print_metrics], check=True, capture_output=True, text=True).stdout
    rows = collections.OrderedDict()
    for line in out.splitlines():
        name, kind, labels, text = line.split('\t')
        rows[name] = Row(kind, labels.split(',') if labels else [], text)
    return rows


def lines_of(row):
    by = ' by ' + ' and '.join(row.labels) if row.labels else ''
    return [f'{row.type}{by}.', f'{row.help}.']


def manual_faults(rows, manual):
    lines = manual.read_text(encoding='utf-8').splitlines()
    entries = {}
    for number, line in enumerate(lines):
        item = re.match(r'\.It Li ((?:sockd|process)_\S+)$', line)
        if item:
            entries[item.group(1)] = lines[number + 1:number + 3]
    for name, row in rows.items():
        if entries.get(name) != lines_of(row):
            yield '\n'.join([f'{manual.name}: write', f'.It Li {name}', *lines_of(row)])
    for name in entries.keys() - rows.keys():
        yield f'{manual.name}: {name} is in no table'


def row_of(rows, name):
    """The row that a name in a query belongs to, or None."""
    if name in rows:
        return rows[name] if rows[name].type != 'Histogram' else None
    stem = HISTOGRAM.sub('', name)
    return rows[stem] if stem in rows and rows[stem].type == 'Histogram' else None


def query_faults(rows, path, text):
    names = set(NAME.findall(text))
    if not names:
        yield f'{path.name} names no metric'
    for name in sorted(names):
        if not row_of(rows, name):
            yield f'{path.name}: {name} is in no table'
    for name, labels in SELECTOR.findall(text):
        row = row_of(rows, name)
        for label in re.findall(r'([a-z_]+)\s*(?:=~|!~|!=|=)', labels):
            if row and label not in EVERY_LABEL | set(row.labels):
                yield f'{path.name}: {name} has no label {label}'


def queries_of(dashboard):
    """All expressions of a dashboard's panels."""
    return '\n'.join(target['expr'] for panel in dashboard['panels']
                     for target in panel.get('targets', []))


def rules_faults(root, path, promtool):
    if not promtool:
        print('promtool is missing: the rules are not checked by it')
        return
    for what, file in (('check', path), ('test', root / 'tests/lint/sockd.rules_test.yml')):
        done = subprocess.run([promtool, what, 'rules', file], capture_output=True,
                              text=True, check=False)
        if done.returncode:
            yield done.stdout + done.stderr


def main(root, print_metrics, promtool=''):
    root = pathlib.Path(root)
    doc = root / 'doc'
    rows = rows_of(print_metrics)
    board, rules = doc / 'sockd-dashboard.json', doc / 'sockd.rules.yml'
    queries = queries_of(json.loads(board.read_text(encoding='utf-8')))
    faults = [*manual_faults(rows, doc / 'sockd.8'),
              *query_faults(rows, board, queries),
              *query_faults(rows, rules, rules.read_text(encoding='utf-8')),
              *rules_faults(root, rules, promtool)]
    print('\n'.join(faults))
    print(f'{len(rows)} metrics, {len(faults)} faults')
    return 1 if faults or not rows else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
