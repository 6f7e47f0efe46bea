/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BASE_STATE_FILE_H
#define SOCKD_BASE_STATE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/errmsg.h"
#include "base/str.h"

/* Files that hold what outlives the daemon. One is always whole: a write makes
 * a new file beside it, which takes its place when all of it is on the disk,
 * and what is read is checked from its first byte to its last. They block. */

struct state_kind {
	const char *name; /* "chat": 1 to STATE_KIND_MAX letters */
	uint32_t version; /* of the body; another is refused */
	uint64_t max_len; /* of the body */
};
#define STATE_KIND_MAX 8
#define STATE_HEAD_LEN 40 /* what a file has beside the body */

/* Writes the file anew, for its user alone (0600). One writer at a time for
 * each path. 0, or -errno and msg: then the file is as it was, or, if its
 * directory cannot be synced, is the new one but not surely kept. */
int state_file_write(const char *path, const struct state_kind *kind,
	const void *body, size_t len, struct errmsg *msg);
/* Appends the body of the file to ret (zero-initialised). 0; -ENOENT: there is
 * none; another -errno and msg: it is not what was written, and ret is empty.
 * msg names the file. */
int state_file_read(const char *path, const struct state_kind *kind,
	struct strbuf *ret, struct errmsg *msg);
/* True if that is what reading says of what the file holds or is, so that it
 * will never be of use to us; not of what may pass. */
bool state_file_is_bad(int err);
/* Gives such a file another name, which is appended to ret_name, so that
 * nothing is lost. 0 or -errno. */
int state_file_put_aside(const char *path, struct strbuf *ret_name);
/* The head of a file with that body. Pure. */
void state_file_put_head(uint8_t head[STATE_HEAD_LEN],
	const struct state_kind *kind, const void *body, size_t len);
/* As reading, for the bytes of a whole file: ret is the body, borrowed from
 * data. 0, or -errno and msg, which begins with "it ". Pure. */
int state_file_parse(const struct state_kind *kind, const void *data,
	size_t len, struct slice *ret, struct errmsg *msg);
/* Removes what a write left beside the file that was ended by force. */
void state_file_tidy(const char *path);

#endif
