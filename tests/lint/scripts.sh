#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# No script gives shellcheck anything to say. usage: scripts.sh SOURCE_ROOT
set -euo pipefail
cd "$1"
if ! command -v shellcheck >/dev/null; then
	echo 'shellcheck is missing' >&2
	exit 77
fi
find tests -name '*.sh' -print0 | xargs -0 shellcheck dev .ci/run
