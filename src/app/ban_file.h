/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_APP_BAN_FILE_H
#define SOCKD_APP_BAN_FILE_H

#include <stdint.h>

#include "base/errmsg.h"
#include "base/str.h"

/* Private to ban_keeper.c and ban_file.c. Any thread; all block. */
struct ban_file;

/* Takes path; NULL, as path may be: out of memory. */
struct ban_file *ban_file_new(char *path);
struct ban_file *ban_file_ref(struct ban_file *file); /* returns file */
void ban_file_unref(struct ban_file *file);           /* NULL is fine */

/* As state_file_read(). */
int ban_file_read(
	const struct ban_file *file, struct strbuf *ret, struct errmsg *msg);
/* Gives what could not be read another name, which is added to ret_name. 0 or
 * -errno. */
int ban_file_put_aside(const struct ban_file *file, struct strbuf *ret_name);

/* What is to be in it: the higher the number the newer. */
struct ban_page {
	uint64_t number;
	struct strbuf text; /* owned */
};
/* Nothing if a newer one was written. 0, or -errno with msg. */
int ban_file_write(
	struct ban_file *file, const struct ban_page *page, struct errmsg *msg);
/* Until that page, or a newer one, was written or could not be. 0, or -errno
 * with msg: -ETIMEDOUT after ms. */
int ban_file_wait(struct ban_file *file, uint64_t number, uint64_t ms,
	struct errmsg *msg);

#endif
