#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Every C file is as clang-format leaves it. usage: format.sh SOURCE_ROOT
set -euo pipefail
cd "$1"
if ! command -v clang-format-14 >/dev/null; then
	echo 'clang-format-14 is missing' >&2
	exit 77
fi
find src include tests -name '*.[ch]' -print0 |
	xargs -0 clang-format-14 --dry-run --Werror
