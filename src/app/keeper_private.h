/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_APP_KEEPER_PRIVATE_H
#define SOCKD_APP_KEEPER_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/errmsg.h"
#include "base/state_file.h"
#include "base/str.h"
#include "net/helper.h"

struct chat_port;

/* What keeper.c and keeper_save.c share. */

extern const struct state_kind keeper_kind;

/* One writing of the state. The main thread and the helper have a reference
 * each, for the helper may wait for a disk longer than there is a keeper. */
struct keeper_save {
	struct helper_job job;
	atomic_uint refs;
	struct keeper *keeper;  /* borrowed; for the mail alone */
	struct chat_port *chat; /* borrowed until it is taken */
	char *path;             /* owned */
	struct strbuf body;     /* what is written */
	/* What came of it; the main thread's when it is done. */
	int err;
	struct errmsg msg;
	uint64_t n_changes; /* of what was taken */
	size_t len;
	/* How far it is. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_taken, is_done; /* under lock */
};

/* With two references. NULL: no memory. */
struct keeper_save *keeper_save_new(struct chat_port *chat, const char *path);
void keeper_save_unref(struct keeper_save *save);
/* Takes the state; is_last: on the main thread. */
void keeper_save_take(struct keeper_save *save, bool is_last);
/* Writes it; on the helper, for any time. */
void keeper_save_write(struct keeper_save *save);
/* Waits until it needs the chat no more. */
void keeper_save_wait_taken(struct keeper_save *save);
/* Waits until it is written. False: not within that time. */
bool keeper_save_wait_done(struct keeper_save *save, uint64_t ms);

#endif
