/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One writing of the chat's state, and how two threads share it. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "keeper_private.h"
#include "proto/chat_keep.h"

/* A history of 64 GiB is the most that can be configured; what is larger than
 * that was not written by us. */
const struct state_kind keeper_kind = {
	.name = "chat",
	.version = CHAT_STATE_VERSION,
	.max_len = UINT64_C(128) << 30,
};

struct keeper_save *keeper_save_new(struct chat_port *chat, const char *path)
{
	struct keeper_save *save = calloc(1, sizeof(*save));

	if (!save)
		return NULL;
	save->path = strdup(path);
	if (!save->path) {
		free(save);
		return NULL;
	}
	save->chat = chat;
	atomic_init(&save->refs, 2);
	pthread_mutex_init(&save->lock, NULL);
	clock_cond_init(&save->changed);
	return save;
}

void keeper_save_unref(struct keeper_save *save)
{
	if (atomic_fetch_sub(&save->refs, 1) > 1)
		return;
	pthread_cond_destroy(&save->changed);
	pthread_mutex_destroy(&save->lock);
	strbuf_fini(&save->body);
	free(save->path);
	free(save);
}

static void note(struct keeper_save *save, bool *what)
{
	pthread_mutex_lock(&save->lock);
	*what = true;
	pthread_cond_broadcast(&save->changed);
	pthread_mutex_unlock(&save->lock);
}

void keeper_save_take(struct keeper_save *save, bool is_last)
{
	save->n_changes = chat_keep_changes(save->chat);
	save->err = chat_keep_save(save->chat, is_last, &save->body);
	if (save->err)
		errmsg_set(&save->msg, -save->err, "cannot write %s: %s",
			save->path, strerror(-save->err));
	note(save, &save->is_taken);
}

void keeper_save_write(struct keeper_save *save)
{
	if (!save->err)
		save->err = state_file_write(save->path, &keeper_kind,
			save->body.data, save->body.len, &save->msg);
	save->len = save->body.len + STATE_HEAD_LEN;
	strbuf_fini(&save->body);
	note(save, &save->is_done);
}

void keeper_save_wait_taken(struct keeper_save *save)
{
	pthread_mutex_lock(&save->lock);
	while (!save->is_taken)
		pthread_cond_wait(&save->changed, &save->lock);
	pthread_mutex_unlock(&save->lock);
}

bool keeper_save_wait_done(struct keeper_save *save, uint64_t ms)
{
	struct timespec until = clock_deadline(ms);
	bool is_done;
	int r = 0;

	pthread_mutex_lock(&save->lock);
	while (!save->is_done && r != ETIMEDOUT)
		r = pthread_cond_timedwait(&save->changed, &save->lock, &until);
	is_done = save->is_done;
	pthread_mutex_unlock(&save->lock);
	return is_done;
}
