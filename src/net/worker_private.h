/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_WORKER_PRIVATE_H
#define SOCKD_NET_WORKER_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "base/metrics.h"
#include "net/conn_end.h"
#include "net/idlist.h"
#include "net/idmap.h"
#include "net/mailbox.h"
#include "net/service.h"
#include "net/timers.h"
#include "net/worker.h"

/* What conn.c and the acceptor share with worker.c. */

#define SCRATCH_LEN (64 * 1024)

/* Work of each kind that is done in one go, before others have their turn; all
 * of it together, twice, is what any event waits at the worst. */
#define INPUT_SLICE_US 2000 /* what protocols do with their input */
#define TIMER_SLICE_US 1000
#define REAP_SLICE_US  1000

struct acceptor;
struct banset;
struct conn;
struct event;
struct survey_part;
TAILQ_HEAD(conn_list, conn);

enum worker_order {
	ORDER_CLOSE,
	ORDER_PING,
	ORDER_STOP,
	ORDER_WEIGH,
	ORDER_SHED,
	ORDER_N
};

/* The last that ended; the latest is the one before n. */
struct conn_ring {
	size_t n;                             /* so many ever did */
	struct conn_end ends[CONN_ENDS_KEPT]; /* wall_ms: monotonic here */
};

struct worker {
	struct crew *crew; /* borrowed */
	unsigned index;
	pthread_t thread;
	bool running;
	struct event_base *base; /* owned */
	struct mailbox *mailbox; /* owned */
	struct event *timer;     /* owned; fires at armed_ms */
	uint64_t armed_ms;       /* UINT64_MAX: not armed */
	struct event *reaper;    /* owned; active while dead is not empty */
	bool must_shed;          /* ... or too much output is queued */
	struct conn_list conns;  /* all that are not dead */
	struct conn_list dead;   /* to be released, then freed ... */
	struct conn_list buried; /* ... when there is time */
	struct idmap ids;
	struct idlist again;       /* those that on_again serves after ... */
	struct idlist serving;     /* ... these, of which */
	size_t n_served;           /* so many have had their turn */
	struct event *again_event; /* owned */
	uint64_t input_us;         /* spent on input ... */
	uint64_t input_since_us;   /* ... since then */
	struct timers timers;
	struct event *lag_probe; /* owned */
	uint64_t lag_due_ms;     /* the next sample; UINT64_MAX: on its way */
	uint64_t lag_from_us;    /* ... since then */
	struct metrics_worker tally;
	atomic_uint n_conns;
	atomic_uint pings, pongs;
	/* As it was weighed last, see shed.c. */
	_Atomic uint64_t largest_bytes, leaving_bytes;
	struct mail orders[ORDER_N]; /* letters that lie ready */
	/* The acceptor's: told of all of `dead`. False: it cannot be just now,
	 * and is to be told again. */
	bool (*released)(void *arg, struct worker *w);
	void *released_arg;
	struct survey_part *visits; /* owned list; the first is going on ... */
	struct survey_part **visits_end;
	struct event *visit_event; /* owned */
	struct conn *cursor;       /* ... and comes to this one next; or NULL */
	struct conn_ring ends;
	struct banset *bans;       /* a reference; NULL: nobody is banned */
	char scratch[SCRATCH_LEN]; /* what raw protocols read into */
};

/* Sets the deadline of c's timer and wakes the loop in time for it. */
void worker_set_timer(struct worker *w, struct timer *t, uint64_t due_ms);
/* Has conn_on_again() called in the loop's next turn, or as soon after that as
 * others have had theirs. 0 or -ENOMEM. */
int worker_again(struct worker *w, const struct conn *c);
/* So much time was spent on somebody's input. */
void worker_spend(struct worker *w, uint64_t began_us, uint64_t now_us);
/* True if so much was that who comes now has to wait: worker_again(). */
static inline bool worker_is_spent(const struct worker *w)
{
	return w->input_us >= INPUT_SLICE_US;
}
/* Where w counts for that service, of which it has a connection. */
static inline struct metrics_service *worker_tally_of(
	const struct worker *w, const struct service *svc)
{
	return atomic_load_explicit(
		&svc->count->tallies[w->index], memory_order_relaxed);
}
/* worker_note_work(), where most of the work is. */
static inline void worker_note_io(struct worker *w, uint64_t now_ms)
{
	if (now_ms >= w->lag_due_ms)
		worker_note_work(w, now_ms);
}
/* Frees c once no callback is on the stack. */
void worker_reap(struct worker *w, struct conn *c);

/* conn_open.c: */
void conn_free(struct conn *c);
/* conn.c: */
void conn_on_due(struct timer *t);
void conn_on_again(struct conn *c);
/* shed.c: closes the connection with the most output queued, of all workers,
 * as long as all output together is over its bound; soon. */
void worker_shed(struct worker *w);
/* worker.c: has worker_shed() called later in this turn. */
void worker_want_shed(struct worker *w);
/* Any thread: has run() called in that worker. One order is given again only
 * after it was carried out. */
void worker_order(struct worker *w, enum worker_order order,
	void (*run)(struct mail *m, void *owner));

#endif
