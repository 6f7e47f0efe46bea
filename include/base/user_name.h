/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BASE_USER_NAME_H
#define SOCKD_BASE_USER_NAME_H

#include <sys/types.h>

/* The name of a Unix user, owned by the caller; NULL: there is none, or no
 * memory. Any thread; may block on a directory service. */
char *user_name_of(uid_t uid);

#endif
