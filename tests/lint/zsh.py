#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What zsh offers when somebody presses Tab behind sockctl: a zsh on a terminal
of its own completes lines that are typed there, and writes down all that it was
given to choose from. Skipped where there is no zsh.

usage: zsh.py PRINT_VERBS ZSH_COMPLETION
"""

import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

PATIENCE = 60
# Tab writes what is offered into a file, which takes its name when it is whole,
# and clears the line. Offered is what _sockctl hands over and what matches.
SETUP = '''
PS1='' RPS1='' PROMPT_EOL_MARK=''
unset zle_bracketed_paste
setopt no_beep no_list_beep
fpath=("$DIR/functions" $fpath)
autoload -Uz compinit && compinit -D -u
compadd() {
	local -a __offered
	if [[ ${@[(I)-[OAD]*]} = 0 ]]; then
		builtin compadd -O __offered "$@"
		print -rl -- $__offered >> "$DIR/offered.new"
	fi
	builtin compadd "$@"
}
offer() {
	: > "$DIR/offered.new"
	zle complete-word
	BUFFER=
	mv "$DIR/offered.new" "$DIR/offered"
}
zle -N offer
bindkey '^I' offer
cd "$DIR"
: > "$DIR/ready"
'''


def wait_for(path, process, terminal):
    """Until it is there; what zsh shows meanwhile has to be read."""
    shown, until = b'', time.monotonic() + PATIENCE
    while not path.exists():
        if process.poll() is not None or time.monotonic() > until:
            sys.exit(f'{path.name}: zsh did not get there: {shown.decode(errors="replace")}')
        if select.select([terminal], [], [], 0.02)[0]:
            shown += os.read(terminal, 65536)


class Shell:
    def __init__(self, zsh, directory, completion):
        self.dir = pathlib.Path(directory)
        (self.dir / 'functions').mkdir()
        shutil.copy(completion, self.dir / 'functions/_sockctl')
        (self.dir / 'setup').write_text(SETUP, encoding='utf-8')
        self.terminal, child = pty.openpty()
        self.process = subprocess.Popen(
            [zsh, '-f', '-i'], stdin=child, stdout=child, stderr=child, start_new_session=True,
            env={'PATH': os.environ['PATH'], 'HOME': directory, 'TERM': 'dumb',
                 'LC_ALL': 'C.UTF-8', 'DIR': directory})
        os.close(child)
        self.type(f'. {self.dir}/setup\n')
        wait_for(self.dir / 'ready', self.process, self.terminal)

    def type(self, text):
        os.write(self.terminal, text.encode())

    def offered(self, line):
        path = self.dir / 'offered'
        path.unlink(missing_ok=True)
        self.type(line + '\t')
        wait_for(path, self.process, self.terminal)
        return set(path.read_text(encoding='utf-8').split())

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.terminal)


def faults_of(shell, rows):
    """Words that have to be offered, and are not; or must not be, and are."""
    first = {words.split()[0] for words, _, _ in rows}
    (shell.dir / 'run').mkdir()
    (shell.dir / 'run/control.sock').touch()

    def expect(line, wanted, exactly=True):
        got = shell.offered(line)
        if not (got == wanted if exactly else got >= wanted):
            yield f'zsh completes "{line}" to {sorted(got)}, not {sorted(wanted)}'

    for before in ('', '--json ', '-j ', '-s run/control.sock ', '--socket run/control.sock ',
                   '--socket=run/control.sock --json ', '--json -srun/control.sock '):
        yield from expect(f'sockctl {before}', first, False)
        yield from expect(f'sockctl {before}st', {x for x in first if x.startswith('st')})
        yield from expect(f'sockctl {before}watch lo', {'log'})
        yield from expect(f'sockctl {before}reload --w', {'--wait'})
    for option in '-s ', '--socket ', '--socket=':
        yield from expect(f'sockctl {option}run/c', {'control.sock'}, False)
    yield from expect('sockctl --so', {'--socket'}, False)
    for words, arguments, _ in rows:
        named = set(re.findall(r'\[(--[a-z-]+|[a-z_]+=)', arguments))
        if named:
            for name in named:
                yield from expect(f'sockctl {words} {name[:3]}', {
                    x for x in named if x.startswith(name[:3])})
        if len(words.split()) > 1:
            yield from expect(f'sockctl {words[:-1]}', {words.split()[1]})


def main(print_verbs, completion):
    zsh = shutil.which('zsh')
    if not zsh:
        print('zsh is missing', file=sys.stderr)
        return 77
    out = subprocess.run([print_verbs, 'table'], check=True, capture_output=True,
                         text=True).stdout
    rows = [line.split('\t') for line in out.splitlines()]
    with tempfile.TemporaryDirectory(prefix='sockd-zsh-') as directory:
        shell = Shell(zsh, directory, completion)
        try:
            faults = list(faults_of(shell, rows))
        finally:
            shell.close()
    print('\n'.join(faults))
    print(f'{len(rows)} verbs, {len(faults)} faults')
    return 1 if faults or not rows else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
