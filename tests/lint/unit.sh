#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# systemd accepts the unit as installed, and finds little exposed: the bound is
# in tenths. usage: unit.sh BUILD_ROOT
set -euo pipefail
if ! command -v systemd-analyze >/dev/null || ! command -v meson >/dev/null; then
	echo 'systemd-analyze is missing' >&2
	exit 77
fi
root=$(mktemp -d "${TMPDIR:-/tmp}/sockd-unit.XXXXXX")
trap 'rm -rf "$root"' EXIT
unit=$1/systemd/sockd.service

systemd-analyze security --offline=yes --no-pager --threshold=14 "$unit"

# `verify` looks for what the unit names: the daemon, sockctl, their manuals.
mkdir "$root/bin"
daemon=$(sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' "$unit")
control=$(sed -n 's/^ExecReload=\([^ ]*\).*/\1/p' "$unit")
sed "s,$daemon,$1/src/bin/sockd,; s,$control,$1/src/bin/sockctl,; /^Documentation=/d" \
	"$unit" >"$root/sockd.service"
said=$(systemd-analyze verify --recursive-errors=no "$root/sockd.service" 2>&1) || {
	printf '%s\n' "$said"
	exit 1
}
printf '%s\n' "$said"
! grep -F sockd.service <<<"$said"
