/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file of the bans. It is written by the workers' helper thread while the
 * daemon runs and by another at its end, which waits for a write that is under
 * way; one that comes later than a newer one does nothing. So the file outlives
 * whoever asked for the last write, and is counted. */
#include "ban_file.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/state_file.h"

#define BODY_MAX (UINT64_C(64) * 1024 * 1024)

static const struct state_kind bans_kind = {
	.name = "bans", .version = 1, .max_len = BODY_MAX};

struct ban_file {
	atomic_uint refs;
	pthread_mutex_t lock;     /* held for a write */
	uint64_t written;         /* the latest there is; under lock */
	char *path;               /* owned */
	pthread_mutex_t end_lock; /* of what follows */
	pthread_cond_t ended;
	uint64_t tried; /* the latest that was written, or could not be: */
	int err;
	struct errmsg why;
};

struct ban_file *ban_file_new(char *path)
{
	struct ban_file *file = path ? calloc(1, sizeof(*file)) : NULL;

	if (!file) {
		free(path);
		return NULL;
	}
	atomic_init(&file->refs, 1);
	pthread_mutex_init(&file->lock, NULL);
	pthread_mutex_init(&file->end_lock, NULL);
	clock_cond_init(&file->ended);
	file->path = path;
	state_file_tidy(path);
	return file;
}

struct ban_file *ban_file_ref(struct ban_file *file)
{
	atomic_fetch_add(&file->refs, 1);
	return file;
}

void ban_file_unref(struct ban_file *file)
{
	if (!file || atomic_fetch_sub(&file->refs, 1) > 1)
		return;
	pthread_mutex_destroy(&file->lock);
	pthread_mutex_destroy(&file->end_lock);
	pthread_cond_destroy(&file->ended);
	free(file->path);
	free(file);
}

int ban_file_read(
	const struct ban_file *file, struct strbuf *ret, struct errmsg *msg)
{
	return state_file_read(file->path, &bans_kind, ret, msg);
}

int ban_file_put_aside(const struct ban_file *file, struct strbuf *ret_name)
{
	return state_file_put_aside(file->path, ret_name);
}

static void note_end(struct ban_file *file, uint64_t number, int err,
	const struct errmsg *msg)
{
	pthread_mutex_lock(&file->end_lock);
	if (number > file->tried) {
		file->tried = number;
		file->err = err;
		if (err)
			file->why = *msg;
	}
	pthread_cond_broadcast(&file->ended);
	pthread_mutex_unlock(&file->end_lock);
}

int ban_file_wait(
	struct ban_file *file, uint64_t number, uint64_t ms, struct errmsg *msg)
{
	struct timespec until = clock_deadline(ms);
	int r = 0, err;

	pthread_mutex_lock(&file->end_lock);
	while (file->tried < number && r != ETIMEDOUT)
		r = pthread_cond_timedwait(
			&file->ended, &file->end_lock, &until);
	if (file->tried < number)
		err = errmsg_set(
			msg, ETIMEDOUT, "%s: the disk hangs", file->path);
	else
		err = file->err;
	if (err && file->tried >= number)
		*msg = file->why;
	pthread_mutex_unlock(&file->end_lock);
	return err;
}

int ban_file_write(
	struct ban_file *file, const struct ban_page *page, struct errmsg *msg)
{
	int err = 0;

	pthread_mutex_lock(&file->lock);
	if (page->number > file->written)
		err = state_file_write(file->path, &bans_kind, page->text.data,
			page->text.len, msg);
	if (!err && page->number > file->written)
		file->written = page->number;
	pthread_mutex_unlock(&file->lock);
	note_end(file, page->number, err, msg);
	return err;
}
