/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unix groups, without the one static buffer of getgrnam(3). Pure but for
 * memory and the databases that nsswitch.conf(5) names; any thread. */
#include "base/group.h"

#include <errno.h>
#include <grp.h>
#include <stddef.h>
#include <stdlib.h>

#define ENTRY_LEN     1024 /* of the group database; grows */
#define ENTRY_LEN_MAX (16 * 1024 * 1024)

int group_find(const char *name, gid_t *ret)
{
	struct group entry, *found = NULL;
	int err = ERANGE;

	for (size_t len = ENTRY_LEN; err == ERANGE && len <= ENTRY_LEN_MAX;
		len *= 4) {
		char *buf = malloc(len);

		if (!buf)
			return -ENOMEM;
		err = getgrnam_r(name, &entry, buf, len, &found);
		free(buf);
	}
	if (!found)
		return err ? -err : -ENOENT;
	*ret = entry.gr_gid;
	return 0;
}
