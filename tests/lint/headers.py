#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compiles every header alone, and twice in one file.

usage: headers.py SOURCE_ROOT BUILD_ROOT COMPILER...
"""

import concurrent.futures
import pathlib
import subprocess
import sys

PKGS = ('libevent', 'libconfig', 'libutf8proc')
FLAGS = ['-std=gnu11', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-Werror',
         '-Wno-unused-parameter', '-fsyntax-only', '-x', 'c', '-']


def compile_one(header, root, command):
    name = header.relative_to(root / 'include')
    done = subprocess.run(
        command, input=f'#include "{name}"\n' * 2 + 'extern int unused_here;\n',
        capture_output=True, text=True, check=False)
    return (str(name), done.stderr) if done.returncode else None


def main(root, build, compiler):
    root = pathlib.Path(root)
    cflags = subprocess.run(['pkg-config', '--cflags', *PKGS], check=True,
                            capture_output=True, text=True).stdout.split()
    command = [*compiler, *cflags, f'-I{root / "include"}', f'-I{root}', f'-I{build}', *FLAGS]
    headers = sorted((root / 'include').rglob('*.h'))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda h: compile_one(h, root, command), headers)
        broken = [r for r in results if r]
    for name, text in broken:
        print(f'{name} does not stand alone:\n{text}')
    print(f'{len(headers)} headers, {len(broken)} faults')
    return 1 if broken or not headers else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
