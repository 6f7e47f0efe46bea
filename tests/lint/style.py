#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The measures of the house that no other tool checks: lengths of files and
lines, the licence line, and words that must not be there.

usage: style.py SOURCE_ROOT
"""

import pathlib
import re
import sys

# What files, how many lines at most, how many columns (tabs are 8) at most.
SIZES = [
    ('include/**/*.h', 120, 80),
    ('src/**/*.[ch]', 600, 80),
    ('tests/**/*.[ch]', 600, 80),
    ('tests/**/*.py', 600, 100),
    ('tests/**/*.sh', 600, 100),
    ('dev', 600, 100),
    ('.ci/run', 600, 100),
]
# Tables may be wider: lines of X macros, rows of initialisers, fields that a
# comment explains, and all that clang-format is told to leave alone. The end of
# a comment may hang over.
TABLE_ROW = re.compile(r'^\s*(X\(|\{|\[|[A-Z_]+\()|\\$|\S.*/\*')
TABLE_COLUMNS = 104
TABLE_BEGIN, TABLE_END = 'clang-format off', 'clang-format on'
SPDX = 'SPDX-License-Identifier: GPL-3.0-or-later'
# Where, what, why not.
FORBIDDEN = [
    (('src', 'include', 'tests', 'dev'), r'\b(TO' r'DO|FIX' r'ME|XX' r'X|HA' r'CK)\b',
     'left for later'),
    (('tests',), r'\b(time\.)?(u|nano)?sle' r'ep\s*(\(|[0-9])',
     'a fixed sleep: wait for what should hold'),
    (('src', 'include', 'tests'), r'no_sani' r'tize|NOLI' r'NT', 'a checker silenced'),
    (('src', 'include'), r'^typedef struct\b', 'a typedef of a struct'),
]


def files_of(root, pattern):
    return sorted(p for p in root.glob(pattern) if p.is_file())


def size_faults(root):
    for pattern, lines_max, columns_max in SIZES:
        for path in files_of(root, pattern):
            name = path.relative_to(root)
            lines = path.read_text(encoding='utf-8').splitlines()
            if len(lines) > lines_max:
                yield f'{name}: {len(lines)} lines, {lines_max} are allowed'
            if SPDX not in '\n'.join(lines[:3]):
                yield f'{name}: no line with {SPDX}'
            in_table = False
            for number, line in enumerate(lines, 1):
                in_table = (in_table or TABLE_BEGIN in line) and TABLE_END not in line
                width = len(line.expandtabs(8).removesuffix(' */'))
                is_row = in_table or TABLE_ROW.search(line)
                if width > (TABLE_COLUMNS if is_row else columns_max):
                    yield f'{name}:{number}: {width} columns'
                if line != line.rstrip():
                    yield f'{name}:{number}: blanks at the end'


def word_faults(root):
    for tops, pattern, why in FORBIDDEN:
        regex = re.compile(pattern)
        for top in tops:
            paths = [root / top] if (root / top).is_file() else files_of(root, f'{top}/**/*')
            for path in paths:
                if 'bench' in path.parts or path.suffix in ('.pyc',) or 'corpus' in path.parts:
                    continue
                text = path.read_text(encoding='utf-8', errors='replace')
                for number, line in enumerate(text.splitlines(), 1):
                    if regex.search(line):
                        yield f'{path.relative_to(root)}:{number}: {why}'


def main(root):
    root = pathlib.Path(root)
    faults = [*size_faults(root), *word_faults(root)]
    print('\n'.join(faults))
    print(f'{len(faults)} faults')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1]))
