/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BIN_SOCKLOAD_TARGET_H
#define SOCKD_BIN_SOCKLOAD_TARGET_H

#include <stddef.h>
#include <stdint.h>

struct addr;
struct errmsg;

/* The addresses of "host:port" or "/path"; looks names up. 0, -EINVAL for what
 * is no address, -ENOENT for an unknown name. *ret is owned by the caller. */
int target_resolve(
	const char *text, struct addr **ret, size_t *ret_n, struct errmsg *msg);
/* Makes sure that n connections may be open. 0, or -EMFILE with the reason. */
int target_raise_descriptors(uint64_t n, struct errmsg *msg);

#endif
