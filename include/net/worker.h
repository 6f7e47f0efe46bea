/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_WORKER_H
#define SOCKD_NET_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/close.h"

struct banset;
struct conn;
struct conn_watcher;
struct event_base;
struct helper;
struct mail;
struct mailbox;
struct metrics_worker;
struct service;
struct worker;

/* A worker is a thread with a loop and the connections that live there. The
 * crew is all of them and what they share. */

#define WORKERS_MAX 64

struct crew {
	struct worker **workers; /* owned */
	struct helper *helper;   /* owned: for what may block */
	unsigned n_workers;
	atomic_uint n_conns;           /* open or closing, all workers */
	_Atomic uint64_t n_accepted;   /* since the start */
	_Atomic uint64_t output_bytes; /* queued, all connections and mail */
	_Atomic uint64_t output_total; /* the bound of that */
	atomic_bool is_shedding;       /* since that is exceeded, see shed.c: */
	atomic_uint n_to_weigh;        /* workers that have not answered yet */
	_Atomic int closing;           /* 1 + enum close_reason; 0: serving */
	/* Called on a worker's thread each time n_conns changed; may be NULL. */
	void (*changed)(void *arg);
	void *changed_arg;
	/* Sees connections begin and end, see conn_end.h; NULL: nobody. */
	const struct conn_watcher *_Atomic watcher;
};

/* Makes n workers, not yet running. 0 or -errno. */
int crew_init(struct crew *crew, unsigned n);
int crew_start(struct crew *crew); /* starts the threads; 0 or -errno */
void crew_stop(struct crew *crew); /* ends the threads and waits for them */
/* After crew_stop(), on the caller's thread: ends every connection left. */
void crew_drop_all(struct crew *crew);
/* After that: frees the workers. */
void crew_fini(struct crew *crew);
/* Any thread: closes every connection of every worker, those included that are
 * still being handed over. Once, for ever: it is for the end. */
void crew_close_all(struct crew *crew, enum close_reason why);
/* Any thread: closes the connections that svc and others of its name have,
 * those included that are being handed over by now. 0 or -ENOMEM. */
int crew_close_service(
	struct crew *crew, struct service *svc, enum close_reason why);
/* Main thread, while crew_is_alive(): asks each worker for a sign of life. */
void crew_ping(struct crew *crew);
/* Any thread: true if every worker answered all pings so far. */
int crew_is_alive(struct crew *crew);

/* Any thread. Hands m over; wakes the worker. */
void worker_post(struct worker *w, struct mail *m);
struct mailbox *worker_mailbox(struct worker *w);
unsigned worker_index(const struct worker *w);
struct crew *worker_crew(struct worker *w);
unsigned worker_load(const struct worker *w); /* connections; any thread */
/* Its thread counts there, any thread may read. */
struct metrics_worker *worker_tally(struct worker *w);

/* On the worker's thread only: */
struct event_base *worker_base(struct worker *w);
uint64_t worker_now_ms(const struct worker *w);
const struct banset *worker_bans(const struct worker *w);     /* NULL: none */
struct conn *worker_find_conn(struct worker *w, uint64_t id); /* or NULL */
/* To be called when there is work to do: takes a sample of how long events
 * wait, if the last one is old enough. */
void worker_note_work(struct worker *w, uint64_t now_ms);

#endif
