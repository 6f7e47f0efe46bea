#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# An install never overwrites a configuration that was edited.
# usage: install.sh SOURCE_ROOT
set -euo pipefail
install=$1/conf/install.sh conf=$1/conf/sockd.conf
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export DESTDIR=$dir/dest
etc=$DESTDIR/etc/sockd.conf

fail() {
	echo "$1" >&2
	exit 1
}
# Without files under a strict umask, then again, then over an edited file.
(umask 077 && "$install" "$conf" /etc/sockd.conf) >/dev/null
cmp "$conf" "$etc"
[ "$(stat -c %a "$etc")" = 644 ] || fail 'the file is not for all to read'
said=$("$install" "$conf" /etc/sockd.conf)
[[ $said == *'up to date'* ]] || fail "again: $said"
[ ! -e "$etc.new" ] || fail 'a .new beside a file that is the same'
echo '// edited' >>"$etc"
said=$("$install" "$conf" /etc/sockd.conf)
[[ $said == *"stays"*"$etc.new"* ]] || fail "over an edited file: $said"
[ "$(tail -n 1 "$etc")" = '// edited' ] || fail 'the edited file was touched'
cmp "$conf" "$etc.new"
