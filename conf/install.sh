#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Installs a configuration file. One that is there and differs is never
# touched: the new one is put beside it, and said so.
# usage: [DESTDIR=DIR] install.sh FILE PATH
set -eu
new=$1 path=${DESTDIR:-}$2

if [ ! -e "$path" ] && [ ! -L "$path" ]; then
	mkdir -p "$(dirname "$path")"
	install -m 0644 "$new" "$path"
	echo "Installing $path"
elif cmp -s "$new" "$path"; then
	echo "$path is up to date"
else
	install -m 0644 "$new" "$path.new"
	echo "$path was changed here and stays; the one of this version is $path.new"
fi
