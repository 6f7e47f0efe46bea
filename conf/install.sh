#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Installs a configuration file. One that is there and differs is never
# touched: the new one is put beside it, and said so.
# usage: [DESTDIR=DIR] install.sh FILE PATH
set -eu
new=$1 path=${DESTDIR:-}$2

# meson 1.0 shows nothing of what an install script that succeeds writes; its
# own output is the place where people look.
say() {
	if [ -n "${MESON_INSTALL_PREFIX:-}" ]; then
		echo "$1" 2>/dev/null >>"/proc/$PPID/fd/1" && return
	fi
	echo "$1"
}

if [ ! -e "$path" ] && [ ! -L "$path" ]; then
	mkdir -p "$(dirname "$path")"
	install -m 0644 "$new" "$path"
	say "Installing $path"
elif cmp -s "$new" "$path"; then
	say "$path is up to date"
else
	install -m 0644 "$new" "$path.new"
	say "$path was changed here and stays; the one of this version is $path.new"
fi
