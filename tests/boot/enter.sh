#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Boots systemd in namespaces of its own over a throw-away copy of this machine.
#
# usage: unshare -m --propagation private enter.sh NAME BUILD
#
# The machine's own / is the lower layer of an overlay on a tmpfs, so nothing is
# written to it; what BUILD installs goes into the upper layer. The caller kills
# this process to end the machine, then runs sweep.sh.
set -euo pipefail
name=$1
build=$2

# systemd wants a cgroup tree it may write to: a unified one, whatever layout
# this machine uses, seen in this mount namespace only.
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir "/sys/fs/cgroup/$name"
echo $$ >"/sys/fs/cgroup/$name/cgroup.procs"

# systemd-nspawn keeps its state in /run and insists on a tmpfs there.
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/boot/{lower,upper,work,root}
mount --bind / /run/boot/lower
mount -t overlay overlay /run/boot/root \
	-o lowerdir=/run/boot/lower,upperdir=/run/boot/upper,workdir=/run/boot/work
root=/run/boot/root

# As if freshly installed: no identity, no older sockd nor what it remembers, no
# policy against starting services, and no service of this machine but those of
# basic.target.
rm -rf "$root"/etc/sockd.* "$root/var/lib/sockd" "$root/usr/sbin/policy-rc.d" \
	"$root/etc/machine-id"
: >"$root/etc/machine-id"
DESTDIR=$root meson install -C "$build" --no-rebuild --quiet

exec systemd-nspawn --quiet --directory="$root" --machine="$name" --boot \
	--register=no --keep-unit --private-network --link-journal=no \
	--console=pipe --kill-signal=SIGRTMIN+3 systemd.unit=basic.target
