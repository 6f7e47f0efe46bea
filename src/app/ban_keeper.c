/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the chat's list of bans to the workers and to the disk. The list is
 * changed on any thread; whoever does it posts the letter that lies ready here,
 * and the main thread takes a copy:
 *
 *   list --letter--> copy --> set of networks --> workers, connections close
 *                        \--> page --> helper thread --> file
 *
 * One page is on its way at a time; what changes meanwhile is in the next. A
 * page that could not be written is tried again with the next change or after
 * a minute, and at the end. A set that could not be made is tried again every
 * second. Main thread, but for what says otherwise. */
#include "app/ban_keeper.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <event2/event.h>

#include "app/config.h"
#include "app/plan.h"
#include "app/server_private.h"
#include "base/errmsg.h"
#include "base/log.h"
#include "base/state_dir.h"
#include "base/state_file.h"
#include "base/strmap.h"
#include "chat/bans.h"
#include "net/banset.h"
#include "net/helper.h"
#include "proto/chat_admin.h"

#include "ban_file.h"

#define RETRY_SECS 60
#define AGAIN_SECS 1    /* for what is to be in force */
#define LAST_MS    5000 /* for the last writing */

/* Somebody who waits until a change is in force. */
struct waiter {
	STAILQ_ENTRY(waiter) link;
	uint64_t sweep; /* the number of the one that does it */
	ban_settled_fn done;
	void *arg;
	uint64_t ref;
};
STAILQ_HEAD(waiters, waiter);

struct ban_keeper {
	struct server *server; /* borrowed */
	uint64_t n_sweeps;     /* so many were begun, and ended: */
	uint64_t n_swept;
	struct waiters waiters; /* owned, in the order of their sweeps */
	struct event *again;    /* owned: while is_behind */
	bool is_behind;         /* the last sweep could not be begun */
	struct mail changed;    /* lies ready, or: */
	atomic_bool is_on_its_way;
	struct ban_file *file; /* a reference; NULL: nothing is kept */
	struct event *retry;   /* owned */
	uint64_t n_pages;      /* so many were made */
	bool is_writing;       /* one is with the helper */
	bool is_dirty;         /* the file has not what the list has */
	bool has_failed;       /* the last time; it was logged */
};

/* To the workers. */

static void tell_waiter(struct waiter *waiter, int err, uint64_t n_closed)
{
	waiter->done(waiter->arg, waiter->ref, err, n_closed);
	free(waiter);
}

/* They end in the order in which they began. */
static void on_swept(void *arg, uint64_t n_closed)
{
	struct ban_keeper *k = arg;
	struct waiter *waiter;

	k->n_swept++;
	while ((waiter = STAILQ_FIRST(&k->waiters)) &&
		waiter->sweep <= k->n_swept) {
		STAILQ_REMOVE_HEAD(&k->waiters, link);
		tell_waiter(waiter, 0, n_closed);
	}
	if (n_closed)
		log_notice("banned ones were disconnected connections=%llu",
			(unsigned long long)n_closed);
}

/* Those who wait for the sweep that could not be begun. */
static void fail_waiters(struct ban_keeper *k, int err)
{
	struct waiters all = STAILQ_HEAD_INITIALIZER(all);
	struct waiter *waiter;

	STAILQ_CONCAT(&all, &k->waiters);
	while ((waiter = STAILQ_FIRST(&all))) {
		STAILQ_REMOVE_HEAD(&all, link);
		if (waiter->sweep > k->n_sweeps)
			tell_waiter(waiter, err, 0);
		else
			STAILQ_INSERT_TAIL(&k->waiters, waiter, link);
	}
}

static struct banset *make_set(
	const struct ban_keeper *k, const struct ban_list *list)
{
	const struct config *cfg = config_ref_get(k->server->plan->cfg);
	struct banset_row *rows = calloc(list->n_items + 1, sizeof(*rows));
	struct banset *set = NULL;
	size_t n = 0;

	for (size_t i = 0; rows && i < list->n_items; i++) {
		const struct ban *ban = list->items[i];

		if (ban->kind == BAN_NETWORK)
			rows[n++] = (struct banset_row){
				ban->net, ban->until_ms, ban->reason};
	}
	if (rows)
		set = banset_new(rows, n, &cfg->exempt);
	free(rows);
	return set;
}

/* 0 or -ENOMEM. */
static int put_in_force(struct ban_keeper *k, const struct ban_list *list)
{
	struct server *s = k->server;
	struct ban_sweep sweep = {
		.set = make_set(k, list), .done = on_swept, .arg = k};
	int err = sweep.set ? crew_set_bans(&s->crew, s->mailbox, &sweep)
			    : -ENOMEM;

	k->n_sweeps += !err;
	return err;
}

/* To the disk. */

struct writing {
	struct helper_job job;
	struct ban_keeper *keeper; /* borrowed: while the main loop runs */
	struct ban_file *file;     /* a reference */
	struct ban_page page;
	int err;
	struct errmsg msg;
};

static void write_soon(struct ban_keeper *k);

static struct writing *writing_of(struct mail *m)
{
	return container_of(m, struct writing, job.mail);
}

static void writing_free(struct mail *m)
{
	struct writing *w = writing_of(m);

	ban_file_unref(w->file);
	strbuf_fini(&w->page.text);
	free(w);
}

/* The helper's thread. */
static void on_helper(struct helper_job *job)
{
	struct writing *w = container_of(job, struct writing, job);

	w->err = ban_file_write(w->file, &w->page, &w->msg);
}

static void note_written(struct ban_keeper *k, int err, const char *why)
{
	static const struct timeval tv = {.tv_sec = RETRY_SECS};

	if (err) {
		k->is_dirty = true;
		(void)event_add(k->retry, &tv);
	}
	if (err && !k->has_failed)
		log_error("the bans are not kept for now: %s", why);
	else if (!err && k->has_failed)
		log_notice("the bans are kept again");
	k->has_failed = err != 0;
}

static void on_main(struct mail *m, void *owner)
{
	struct writing *w = writing_of(m);
	struct ban_keeper *k = w->keeper;
	bool was_dirty = k->is_dirty;

	k->is_writing = false;
	note_written(k, w->err, w->msg.text);
	writing_free(m);
	if (was_dirty)
		write_soon(k);
}

/* The list as it is now. 0 or -ENOMEM. */
static int make_page(struct ban_keeper *k, struct ban_page *ret)
{
	struct ban_list list;

	*ret = (struct ban_page){.number = ++k->n_pages};
	if (chat_admin_bans(k->server->ctx.chat, &list))
		return -ENOMEM;
	bans_encode(&list, &ret->text);
	ban_list_fini(&list);
	if (!ret->text.failed)
		return 0;
	strbuf_fini(&ret->text);
	return -ENOMEM;
}

/* 0 or -errno. */
static int start_writing(struct ban_keeper *k, struct helper *helper)
{
	struct writing *w = calloc(1, sizeof(*w));
	int err = w ? make_page(k, &w->page) : -ENOMEM;

	if (err) {
		free(w);
		return err;
	}
	w->keeper = k;
	w->file = ban_file_ref(k->file);
	w->job.mail.run = on_main;
	w->job.mail.free = writing_free;
	w->job.mailbox = k->server->mailbox;
	w->job.work = on_helper;
	err = helper_post(helper, &w->job);
	if (err)
		writing_free(&w->job.mail);
	return err;
}

static void write_soon(struct ban_keeper *k)
{
	int err;

	k->is_dirty = true;
	if (k->is_writing || !k->file)
		return;
	err = start_writing(k, k->server->crew.helper);
	if (err) {
		note_written(k, err, strerror(-err));
		return;
	}
	k->is_writing = true;
	k->is_dirty = false;
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct ban_keeper *k = arg;

	if (k->is_dirty)
		write_soon(k);
}

/* The list changed. */

static void note_in_force(struct ban_keeper *k, int err)
{
	static const struct timeval tv = {.tv_sec = AGAIN_SECS};

	/* Without memory for a timer, too, it is tried again at once. */
	if (err && event_add(k->again, &tv))
		event_active(k->again, EV_TIMEOUT, 0);
	if (err && !k->is_behind)
		log_error("the bans of before stay in force for now: out of "
			  "memory");
	else if (!err && k->is_behind)
		log_notice("the bans are in force again");
	k->is_behind = err != 0;
	if (err)
		fail_waiters(k, err);
}

void ban_keeper_apply(struct ban_keeper *k)
{
	struct ban_list list;
	int err;

	if (!k)
		return;
	err = chat_admin_bans(k->server->ctx.chat, &list);
	if (!err) {
		err = put_in_force(k, &list);
		ban_list_fini(&list);
	}
	note_in_force(k, err);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	struct ban_keeper *k = arg;

	if (k->is_behind)
		ban_keeper_apply(k);
}

/* The letter that tells of the list as it is now is on its way still, or a
 * sweep for it will be tried again, or the last one was begun for it. */
int ban_keeper_await(
	struct ban_keeper *k, ban_settled_fn done, void *arg, uint64_t ref)
{
	struct waiter *waiter = calloc(1, sizeof(*waiter));

	if (!waiter)
		return -ENOMEM;
	*waiter = (struct waiter){.done = done, .arg = arg, .ref = ref};
	waiter->sweep = k->n_sweeps +
		(k->is_behind || atomic_load(&k->is_on_its_way));
	STAILQ_INSERT_TAIL(&k->waiters, waiter, link);
	return 0;
}

static void run_changed(struct mail *m, void *owner)
{
	struct ban_keeper *k = container_of(m, struct ban_keeper, changed);

	atomic_store(&k->is_on_its_way, false);
	ban_keeper_apply(k);
	write_soon(k);
}

static void changed_free(struct mail *m)
{
}

/* Any thread, under the chat's lock. */
static void on_changed(void *arg)
{
	struct ban_keeper *k = arg;

	if (!atomic_exchange(&k->is_on_its_way, true) &&
		mailbox_post(k->server->mailbox, &k->changed))
		mailbox_wake(k->server->mailbox);
}

/* Its life. */

static void free_timers(struct ban_keeper *k)
{
	if (k->retry)
		event_free(k->retry);
	if (k->again)
		event_free(k->again);
	k->retry = k->again = NULL;
}

static void keep_nothing(struct ban_keeper *k)
{
	ban_file_unref(k->file);
	k->file = NULL;
}

/* What is in the way is not written over, if it cannot be moved. */
static void put_aside(struct ban_keeper *k, const struct errmsg *why)
{
	struct strbuf name = {0};
	int err = ban_file_put_aside(k->file, &name);

	if (err)
		log_error("nobody is banned, and no ban is kept: %s; and it "
			  "cannot be put aside: %s",
			why->text, strerror(-err));
	else
		log_error("nobody is banned, the bans cannot be used: %s; put "
			  "aside file=%s",
			why->text, name.data);
	if (err)
		keep_nothing(k);
	strbuf_fini(&name);
}

/* 0 or -ENOMEM. */
static int load(struct ban_keeper *k)
{
	struct strbuf text = {0};
	struct errmsg msg = {""};
	int err = ban_file_read(k->file, &text, &msg);

	if (!err)
		err = chat_admin_load_bans(
			k->server->ctx.chat, text.data, text.len, &msg);
	strbuf_fini(&text);
	if (err == -ENOMEM)
		return err;
	if (state_file_is_bad(err)) {
		put_aside(k, &msg);
	} else if (err && err != -ENOENT) {
		log_error("nobody is banned, and no ban is kept: %s", msg.text);
		keep_nothing(k);
	}
	return 0;
}

int ban_keeper_new(
	struct ban_keeper **ret, struct server *s, const struct state_dir *dir)
{
	struct ban_keeper *k = calloc(1, sizeof(*k));
	struct ban_list list;
	struct banset *set;

	if (!k)
		return -ENOMEM;
	k->server = s;
	STAILQ_INIT(&k->waiters);
	k->changed.run = run_changed;
	k->changed.free = changed_free;
	k->retry = evtimer_new(s->base, on_retry, k);
	k->again = evtimer_new(s->base, on_again, k);
	if (dir)
		k->file = ban_file_new(state_dir_file(dir, "bans"));
	if (!k->retry || !k->again || (dir && !k->file)) {
		ban_keeper_free(k);
		return -ENOMEM;
	}
	if (!dir)
		log_warning("the bans are not kept either");
	else if (load(k)) {
		ban_keeper_free(k);
		return -ENOMEM;
	}
	set = chat_admin_bans(s->ctx.chat, &list) ? NULL : make_set(k, &list);
	if (!set) {
		ban_keeper_free(k);
		return -ENOMEM;
	}
	ban_list_fini(&list);
	crew_init_bans(&s->crew, set);
	chat_admin_watch_bans(s->ctx.chat, on_changed, k);
	*ret = k;
	return 0;
}

/* By a thread of its own: a disk that hangs does not hang the stop. */
static void write_last(struct ban_keeper *k)
{
	struct helper *helper = helper_new();
	struct errmsg msg = {"out of memory"};
	int err = helper ? start_writing(k, helper) : -ENOMEM;

	if (!err)
		err = ban_file_wait(k->file, k->n_pages, LAST_MS, &msg);
	if (err)
		log_error("the bans are not kept: %s", msg.text);
	helper_free(helper);
}

void ban_keeper_stop(struct ban_keeper *k)
{
	if (!k)
		return;
	free_timers(k);
	if (k->file &&
		(k->is_dirty || k->is_writing ||
			atomic_load(&k->is_on_its_way)))
		write_last(k);
}

void ban_keeper_free(struct ban_keeper *k)
{
	struct waiter *waiter;

	if (!k)
		return;
	while ((waiter = STAILQ_FIRST(&k->waiters))) {
		STAILQ_REMOVE_HEAD(&k->waiters, link);
		free(waiter);
	}
	free_timers(k);
	ban_file_unref(k->file);
	free(k);
}
