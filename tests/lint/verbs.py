#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of control verbs against sockctl(1) and the completions.

The manual has one entry for each row under the heading VERBS, in the order of
the table and with the same arguments. bash completes the first word of every
verb, and then what the table says may follow; zsh is at least given all of it; zsh.py
tries it.

usage: verbs.py SOURCE_ROOT PRINT_VERBS BASH_COMPLETION ZSH_COMPLETION
"""

import pathlib
import re
import subprocess
import sys

ARGUMENT = {
    r'\.It Cm ': '',
    r' Oo Cm (\S+) Ns = Ns Ar (\S+) Oc': lambda m: f' [{m[1]}={m[2].upper()}]',
    r' Oo Fl -(\S+) Oc': r' [--\1]',
    r' Oo Cm (\S+) \| (\S+) Oc': r' [\1|\2]',
    r' Oo Ar (\S+) Oc': lambda m: f' [{m[1].upper()}]',
    r' Ar (\S+)': lambda m: f' {m[1].upper()}',
}


def rows_of(print_verbs):
    out = subprocess.run([print_verbs, 'table'], check=True, capture_output=True,
                         text=True).stdout
    return [line.split('\t') for line in out.splitlines()]


def entries_of(manual):
    """What the entries under VERBS say, as `help` would write it."""
    section = re.search(r'\n\.Sh VERBS\n(.*?)\n\.Sh ', manual, re.S)
    entries = re.findall(r'^\.It Cm .*$', section[1] if section else '', re.M)
    for pattern, to in ARGUMENT.items():
        entries = [re.sub(pattern, to, entry) for entry in entries]
    return entries


def manual_faults(rows, manual):
    want = [f'{words} {arguments}'.strip() for words, arguments, _ in rows]
    have = entries_of(manual)
    for usage in want:
        if usage not in have:
            yield f'sockctl.1: no entry for "{usage}" under VERBS'
    for usage in have:
        if usage not in want:
            yield f'sockctl.1: there is no verb "{usage}"'
    if sorted(want) == sorted(have) and want != have:
        yield 'sockctl.1: the verbs are not in the order of the table'


def completed(completion, *before):
    """What bash offers behind these words, and in place of the last one."""
    words = ' '.join(f"'{word}'" for word in ('sockctl', *before))
    script = (f'. "$1"; compopt() {{ :; }}; COMP_WORDS=({words}); '
              f'COMP_CWORD={len(before)}; _sockctl; printf "%s\\n" "${{COMPREPLY[@]}}"')
    done = subprocess.run(['bash', '-uc', script, 'bash', completion], check=True,
                          capture_output=True, text=True)
    return set(done.stdout.split())


def named_of(arguments):
    """The options and named values among a verb's arguments."""
    return set(re.findall(r'\[(--[a-z-]+|[a-z_]+=)', arguments))


def bash_faults(rows, completion):
    first = {words.split()[0] for words, _, _ in rows}
    for before in ((), ('--json',), ('-s', 'PATH', '--json'), ('--socket', 'PATH'), ('-js', 'PATH'),
                   ('--socket', '=', 'PATH', '-j')):
        offered = completed(completion, *before, '')
        if {word for word in offered if not word.startswith('-')} != first:
            yield f'bash completes {before} to {sorted(offered)}'
    here = pathlib.Path(__file__)
    for before in (('-s',), ('--socket',), ('--socket', '=')):
        if str(here) not in completed(completion, *before, str(here)[:-3]):
            yield f'bash completes no path behind {before}'
    for before in (('clients', 'service', '='), ('clients', 'service', '=', 's')):
        if offered := completed(completion, *before):
            yield f'bash completes {before} to {offered}'
    for words, arguments, _ in rows:
        offered = completed(completion, *words.split(), '')
        for name in named_of(arguments):
            if name not in offered:
                yield f'bash does not complete {words} to {name}'
        if len(words.split()) > 1 and words.split()[1] not in completed(
                completion, words.split()[0], ''):
            yield f'bash does not complete to {words}'


def zsh_faults(rows, path):
    text = pathlib.Path(path).read_text(encoding='utf-8')
    for words, arguments, _ in rows:
        case = re.search(rf'^\s*"{words} "\*\) compadd [^\n]*$', text, re.M)
        if f"'{words.split()[0]}:" not in text or not case:
            yield f'zsh does not complete {words}'
        elif any(name not in case[0] for name in named_of(arguments)):
            yield f'zsh does not complete the options of {words}'


def main(root, print_verbs, bash, zsh):
    rows = rows_of(print_verbs)
    manual = (pathlib.Path(root) / 'doc/sockctl.1').read_text(encoding='utf-8')
    faults = [*manual_faults(rows, manual), *bash_faults(rows, bash), *zsh_faults(rows, zsh)]
    print('\n'.join(faults))
    print(f'{len(rows)} verbs, {len(faults)} faults')
    return 1 if faults or not rows else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
