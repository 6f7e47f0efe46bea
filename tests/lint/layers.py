#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fails on an include that points to a higher layer, or that brings a library
where it does not belong.

usage: layers.py SOURCE_ROOT
"""

import pathlib
import re
import sys

# Each layer and those it may use. What is not here is no layer.
MAY_USE = {
    'base': {'base'},
    'chat': {'base', 'chat'},
    'net': {'base', 'net'},
    'proto': {'base', 'chat', 'net', 'proto'},
    'cluster': {'base', 'chat', 'net', 'cluster'},
    'ctl': {'base', 'ctl'},
    'app': {'base', 'chat', 'net', 'proto', 'cluster', 'ctl', 'app'},
    'bin': {'base', 'chat', 'net', 'proto', 'cluster', 'ctl', 'app', 'bin'},
}
# A header of a library, and where it may be included: layer or layer/file*.
LIBRARIES = [
    (r'event2/', ['net', 'proto', 'cluster', 'app', 'bin']),
    (r'libconfig\.h', ['app/config']),
    (r'jansson\.h', ['proto/dialect_json']),
    (r'openssl/', ['net/tls']),
    (r'systemd/', ['app', 'bin', 'net/listener']),
    (r'pthread\.h|threads\.h', ['base', 'net', 'proto', 'cluster', 'app', 'bin']),
    (r'sys/socket\.h|netinet/|arpa/', ['base', 'net', 'proto', 'cluster', 'app', 'bin', 'ctl']),
    (r'utf8proc\.h', ['base']),
    (r'crypt\.h', ['base/password']),
    (r'check\.h', []),
]
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')


def allowed(place, places):
    """place is layer/file; places are layers or beginnings of layer/file."""
    return any(place.startswith(p + '/') or ('/' in p and place.startswith(p))
               for p in places)


def faults_of(path, root):
    relative = path.relative_to(root)
    layer, place = relative.parts[1], '/'.join(relative.parts[1:])
    if layer not in MAY_USE:
        yield f'{relative}: no layer is called {layer}'
        return
    text = path.read_text(encoding='utf-8')
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quote, name = match.groups()
        target = name.split('/')[0]
        if quote == '"' and target in MAY_USE and '/' in name:
            if target not in MAY_USE[layer]:
                yield f'{relative}:{number}: {layer} must not use {target}: {name}'
        for pattern, places in LIBRARIES:
            if quote == '<' and re.match(pattern, name) and not allowed(place, places):
                yield f'{relative}:{number}: {name} does not belong into {layer}'


def main(root):
    root = pathlib.Path(root)
    files = sorted(p for top in ('src', 'include') for p in (root / top).rglob('*.[ch]'))
    faults = [fault for path in files for fault in faults_of(path, root)]
    print('\n'.join(faults))
    print(f'{len(files)} files, {len(faults)} faults')
    return 1 if faults or not files else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1]))
