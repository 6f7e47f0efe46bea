#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Removes the control groups that a machine leaves behind.
# usage: unshare -m --propagation private sweep.sh NAME
set -euo pipefail
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 cgroup2 /sys/fs/cgroup
[ ! -d "/sys/fs/cgroup/$1" ] ||
	find "/sys/fs/cgroup/$1" -depth -type d -exec rmdir {} +
