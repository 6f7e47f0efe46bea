/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The keeper of the chat's state.
 *
 *	idle ──timer, and it has changed; somebody asks──▶ a thread takes the
 *	  ▲                              state and writes it, here is told
 *	  └───────────────────────────────┘ somebody asked meanwhile: once more
 *
 * A file that is not understood is never written over: it is renamed, and if
 * that fails nothing is kept. The state that a stop leaves is taken when
 * everybody has left, on the main thread; it is written on the other thread
 * like any other, so that a disk that hangs does not hang the stop.
 *
 * Main thread.
 */
#include "app/keeper.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include <event2/event.h>

#include "app/monitor.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/state_dir.h"
#include "base/strmap.h"
#include "keeper_private.h"
#include "proto/chat_keep.h"

#define FILE_NAME "chat.state"

/* Somebody who wants to be told. */
struct keeper_asker {
	STAILQ_ENTRY(keeper_asker) link;
	keeper_fn done;
	void *arg;
};
STAILQ_HEAD(keeper_askers, keeper_asker);

struct keeper {
	struct keeper_world world;
	struct helper *helper; /* owned */
	struct event *timer;   /* owned */
	char *path;            /* owned; NULL: nothing is kept */
	struct errmsg why_not;
	struct keeper_save *running;  /* a reference; NULL: idle */
	struct keeper_askers served;  /* owned; by what is running */
	struct keeper_askers waiting; /* owned; for the next */
	uint64_t n_changes; /* of what the file holds, or the start had */
	bool has_file;
	bool is_failing; /* it has been said */
	bool is_stopping;
};

/* Telling. */

static void tell(struct keeper_askers *askers, const char *error, size_t len)
{
	struct keeper_asker *asker;

	while ((asker = STAILQ_FIRST(askers)) != NULL) {
		STAILQ_REMOVE_HEAD(askers, link);
		asker->done(error, len, asker->arg);
		free(asker);
	}
}

/* An error is said when it is new, and not each minute. */
static void note_failure(struct keeper *k, const char *text)
{
	log_write(k->is_failing ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR,
		"the state of the chat is not kept: %s", text);
	k->is_failing = true;
	if (k->world.monitor)
		monitor_note_state_failure(k->world.monitor);
}

static void note_success(struct keeper *k, const struct keeper_save *save)
{
	log_write(k->is_failing ? LOG_LEVEL_NOTICE : LOG_LEVEL_DEBUG,
		"state written file=%s bytes=%zu", k->path, save->len);
	k->is_failing = false;
	k->has_file = true;
	k->n_changes = save->n_changes;
	if (k->world.monitor)
		monitor_note_state(
			k->world.monitor, clock_wall_ms(), save->len);
}

static void note_end(struct keeper *k, const struct keeper_save *save)
{
	if (save->err)
		note_failure(k, save->msg.text);
	else
		note_success(k, save);
	tell(&k->served, save->err ? save->msg.text : NULL, save->len);
}

/* Writing. */

static struct keeper_save *save_of(struct helper_job *job)
{
	return container_of(job, struct keeper_save, job);
}

static void work(struct helper_job *job)
{
	struct keeper_save *save = save_of(job);

	pthread_setname_np(pthread_self(), "keeper");
	if (!save->is_taken) /* set before it was posted, if so */
		keeper_save_take(save, false);
	keeper_save_write(save);
}

static void mail_free(struct mail *m)
{
	keeper_save_unref(save_of(container_of(m, struct helper_job, mail)));
}

static void mail_run(struct mail *m, void *owner);

static struct keeper_save *new_save(struct keeper *k)
{
	struct keeper_save *save = keeper_save_new(k->world.chat, k->path);

	if (!save)
		return NULL;
	save->keeper = k;
	save->job = (struct helper_job){
		.mail = {.run = mail_run, .free = mail_free},
		.mailbox = k->world.mailbox,
		.work = work,
	};
	return save;
}

/* 0, or -errno: nobody is served. */
static int begin(struct keeper *k)
{
	struct keeper_save *save = new_save(k);
	int err = save ? helper_post(k->helper, &save->job) : -ENOMEM;

	assert(!k->running && STAILQ_EMPTY(&k->served));
	if (err)
		note_failure(k, strerror(-err));
	if (err && save) {
		keeper_save_unref(save);
		keeper_save_unref(save);
	}
	if (err)
		return err;
	k->running = save;
	STAILQ_CONCAT(&k->served, &k->waiting);
	return 0;
}

static void mail_run(struct mail *m, void *owner)
{
	struct keeper_save *save = save_of(
		container_of(m, struct helper_job, mail));
	struct keeper *k = save->keeper;
	int err;

	if (k->running == save) {
		k->running = NULL;
		note_end(k, save);
		keeper_save_unref(save);
		err = STAILQ_EMPTY(&k->waiting) ? 0 : begin(k);
		if (err)
			tell(&k->waiting, strerror(-err), 0);
	}
	keeper_save_unref(save);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct keeper *k = arg;

	assert(k->path);
	if (!k->running && chat_keep_changes(k->world.chat) != k->n_changes)
		(void)begin(k);
}

int keeper_ask(struct keeper *k, keeper_fn done, void *arg)
{
	struct keeper_asker *asker;
	int err;

	if (!k->path || k->is_stopping)
		return -ECANCELED;
	asker = calloc(1, sizeof(*asker));
	if (!asker)
		return -ENOMEM;
	*asker = (struct keeper_asker){.done = done, .arg = arg};
	STAILQ_INSERT_TAIL(&k->waiting, asker, link);
	err = k->running ? 0 : begin(k);
	if (err) { /* it is the only one: nobody waits while none is running */
		STAILQ_REMOVE_HEAD(&k->waiting, link);
		free(asker);
	}
	return err;
}

const char *keeper_why_not(const struct keeper *k)
{
	return k->path ? NULL : k->why_not.text;
}

/* The end. */

void keeper_stop(struct keeper *k)
{
	k->is_stopping = true;
	if (k->timer)
		(void)event_del(k->timer);
	tell(&k->served, "the daemon stops", 0);
	tell(&k->waiting, "the daemon stops", 0);
}

static void write_last(struct keeper *k, uint64_t patience_ms)
{
	struct keeper_save *save = new_save(k);

	if (!save) {
		note_failure(k, strerror(ENOMEM));
		return;
	}
	keeper_save_take(save, true);
	if (helper_post(k->helper, &save->job)) {
		keeper_save_write(save);
		keeper_save_unref(save);
	}
	if (!keeper_save_wait_done(save, patience_ms))
		note_failure(k, "the disk does not answer");
	else
		note_end(k, save);
	keeper_save_unref(save);
}

void keeper_finish(struct keeper *k, uint64_t patience_ms)
{
	keeper_stop(k);
	if (k->running)
		keeper_save_wait_taken(k->running);
	if (!k->path ||
		(!k->has_file &&
			chat_keep_changes(k->world.chat) == k->n_changes))
		return;
	k->is_failing = false; /* what is lost now is worth saying again */
	write_last(k, patience_ms);
}

void keeper_free(struct keeper *k)
{
	if (!k)
		return;
	assert(STAILQ_EMPTY(&k->served) && STAILQ_EMPTY(&k->waiting));
	helper_free(k->helper);
	if (k->running)
		keeper_save_unref(k->running);
	if (k->timer)
		event_free(k->timer);
	free(k->path);
	free(k);
}

/* The start. */

static void keep_nothing(struct keeper *k)
{
	free(k->path);
	k->path = NULL;
	log_error("the state of the chat is not kept: %s", k->why_not.text);
}

/* The file may be whole; who sees to what is in the way starts us again. */
static void leave_in_place(struct keeper *k, const struct errmsg *why)
{
	k->why_not = *why;
	keep_nothing(k);
}

/* For whoever wants to look at it, or has the sockd that understands it. */
static void put_aside(struct keeper *k, const struct errmsg *why)
{
	struct strbuf to = {0};
	int err = state_file_put_aside(k->path, &to);

	if (!err) {
		log_error("the chat begins anew, its state is not used: %s; "
			  "it is put aside file=%s",
			why->text, to.data);
	} else {
		errmsg_set(&k->why_not, EPERM,
			"%s; and it cannot be put aside: %s", why->text,
			strerror(-err));
		keep_nothing(k);
	}
	strbuf_fini(&to);
}

static void note_read(
	struct keeper *k, const struct chat_state_counts *counts, size_t len)
{
	char when[CLOCK_ISO_LEN];

	log_info("state read file=%s saved=%s rooms=%zu messages=%zu "
		 "codes=%zu",
		k->path, clock_format_iso(when, counts->saved_ms),
		counts->n_rooms, counts->n_messages, counts->n_people);
	k->has_file = true;
	if (k->world.monitor)
		monitor_note_state(k->world.monitor, counts->saved_ms, len);
}

static int read_file(struct keeper *k)
{
	struct chat_state_counts counts;
	struct strbuf body = {0};
	struct errmsg msg;
	int err = state_file_read(k->path, &keeper_kind, &body, &msg);

	if (!err) {
		const struct slice data = {body.data, body.len};

		err = chat_keep_restore(k->world.chat, &data, &counts, &msg);
		if (err)
			errmsg_prefix(&msg, "%s", k->path);
	}
	if (!err)
		note_read(k, &counts, body.len + STATE_HEAD_LEN);
	else if (state_file_is_bad(err))
		put_aside(k, &msg);
	else if (err != -ENOENT && err != -ENOMEM)
		leave_in_place(k, &msg);
	strbuf_fini(&body);
	return err == -ENOMEM ? err : 0;
}

static int open_file(struct keeper *k)
{
	struct timeval every = clock_timeval(k->world.every_ms);
	int err;

	k->path = state_dir_file(k->world.dir, FILE_NAME);
	k->helper = helper_new();
	k->timer = event_new(k->world.base, -1, EV_PERSIST, on_timer, k);
	if (!k->path || !k->helper || !k->timer)
		return -ENOMEM;
	state_file_tidy(k->path);
	err = read_file(k);
	if (!err && k->path && event_add(k->timer, &every))
		err = -ENOMEM;
	return err;
}

int keeper_new(struct keeper **ret, const struct keeper_world *world)
{
	struct keeper *k = calloc(1, sizeof(*k));
	int err = 0;

	if (!k)
		return -ENOMEM;
	k->world = *world;
	STAILQ_INIT(&k->served);
	STAILQ_INIT(&k->waiting);
	if (world->dir) {
		err = open_file(k);
	} else {
		errmsg_set(&k->why_not, EPERM, "%s", world->why_not);
		k->world.why_not = NULL;
		keep_nothing(k);
	}
	if (err) {
		keeper_free(k);
		return err;
	}
	k->n_changes = chat_keep_changes(world->chat);
	*ret = k;
	return 0;
}
