/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of Unix users, without the one static buffer of getpwuid(3). Pure but
 * for memory and the databases that nsswitch.conf(5) names; any thread. */
#include "base/user_name.h"

#include <errno.h>
#include <pwd.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define ENTRY_LEN     1024 /* of the user database; grows */
#define ENTRY_LEN_MAX (1024 * 1024)

char *user_name_of(uid_t uid)
{
	struct passwd entry, *found = NULL;
	char *name = NULL;
	int err = ERANGE;

	for (size_t len = ENTRY_LEN; err == ERANGE && len <= ENTRY_LEN_MAX;
		len *= 4) {
		char *buf = malloc(len);

		if (!buf)
			return NULL;
		err = getpwuid_r(uid, &entry, buf, len, &found);
		if (!err && found)
			name = strdup(found->pw_name);
		free(buf);
	}
	return name;
}
