#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The manuals are what mandoc likes. usage: manuals.sh SOURCE_ROOT
set -euo pipefail
cd "$1"
if ! command -v mandoc >/dev/null; then
	echo 'mandoc is missing' >&2
	exit 77
fi
shopt -s nullglob
pages=(doc/*.[1-8])
if [ ${#pages[@]} = 0 ]; then
	echo 'there are no manuals'
	exit 1
fi
mandoc -T lint -W warning "${pages[@]}"
