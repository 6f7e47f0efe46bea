#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# clang-tidy on everything that is compiled, two files at a time.
# usage: tidy.sh BUILD_DIR
set -euo pipefail
build=$1
checks() {
	python3 - "$build" <<'PY'
import json, os, sys
build = sys.argv[1]
root = os.getcwd() + os.sep
with open(os.path.join(build, 'compile_commands.json'), encoding='utf-8') as db:
    files = {os.path.normpath(os.path.join(e['directory'], e['file'])) for e in json.load(db)}
print('\n'.join(sorted(f for f in files if f.startswith(root) and '/build' not in f)))
PY
}
cd "$(dirname "$(readlink -f "$0")")/../.."
checks | xargs -d '\n' -P 2 -n 4 clang-tidy-14 --quiet -p "$build" \
	--extra-arg=-Wno-unknown-warning-option
