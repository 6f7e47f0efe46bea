/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The verb `watch log`. The log thread copies each record into a ring and pokes
 * the main thread, which writes it to those who watch; nobody waits for
 * anybody. A full ring and a watcher that does not read lose lines, which are
 * counted and said.
 *
 *	log thread ─▶ ring ─▶ main thread ─▶ each watcher's socket
 *
 * While nobody watches the log knows nothing of this.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/plan.h"
#include "app/server_private.h"
#include "base/clock.h"
#include "base/json_write.h"
#include "base/str.h"
#include "net/mailbox.h"

#include "control_private.h"

#define RING_SLOTS 256
#define TEXT_LEN   1024
#define NAME_LEN   64
#define PEER_LEN   128

struct watch_record {
	enum log_level level;
	int64_t wall_ms;
	uint64_t conn;
	char service[NAME_LEN], peer[PEER_LEN], text[TEXT_LEN];
};

struct watcher {
	uint64_t request; /* 0: free */
	enum log_level level;
	char service[NAME_LEN]; /* "": all */
	uint64_t n_lost;
};

struct log_watch {
	struct control *control; /* borrowed */
	struct mailbox *mailbox; /* borrowed: the main thread's */
	struct watcher watchers[CONTROL_PEERS_MAX]; /* main thread's */

	pthread_mutex_t lock; /* of what follows */
	struct watch_record ring[RING_SLOTS];
	size_t head, tail; /* next to fill, next to take; count up */
	uint64_t n_lost;
	bool is_poked; /* a poke is on its way */
};

/* The log thread's side. */

struct poke {
	struct mail mail;
	struct log_watch *watch;
};

static void poke_free(struct mail *m)
{
	free(m);
}

static void run_poke(struct mail *m, void *owner);

/* Without memory the next record tries again. */
static bool poke(struct log_watch *w)
{
	struct poke *p = calloc(1, sizeof(*p));

	if (!p)
		return false;
	p->mail.run = run_poke;
	p->mail.free = poke_free;
	p->watch = w;
	if (mailbox_post(w->mailbox, &p->mail))
		mailbox_wake(w->mailbox);
	return true;
}

static void on_record(const struct log_record *from, void *arg)
{
	struct log_watch *w = arg;
	struct watch_record *to;

	pthread_mutex_lock(&w->lock);
	if (w->head - w->tail == RING_SLOTS) {
		w->n_lost++;
	} else {
		to = &w->ring[w->head++ % RING_SLOTS];
		to->level = from->level;
		to->wall_ms = from->wall_ms;
		to->conn = from->about.conn;
		snprintf(to->service, sizeof(to->service), "%s",
			from->about.service ? from->about.service : "");
		snprintf(to->peer, sizeof(to->peer), "%s",
			from->about.peer ? from->about.peer : "");
		snprintf(to->text, sizeof(to->text), "%s", from->text);
	}
	if (!w->is_poked)
		w->is_poked = poke(w);
	pthread_mutex_unlock(&w->lock);
}

/* The main thread's side. */

static void format_text(const struct watch_record *r, struct strbuf *out)
{
	char stamp[CLOCK_ISO_LEN];

	strbuf_addf(out, "%s %s %s\n", clock_format_iso(stamp, r->wall_ms),
		log_level_names[r->level - LOG_LEVEL_ERROR], r->text);
}

static void format_json(const struct watch_record *r, struct strbuf *out)
{
	json_write_begin(out, "log");
	json_write_time(out, "time", r->wall_ms);
	json_write_string(
		out, "level", log_level_names[r->level - LOG_LEVEL_ERROR]);
	json_write_foreign(out, "text", r->text);
	if (r->service[0])
		json_write_foreign(out, "service", r->service);
	if (r->peer[0])
		json_write_foreign(out, "peer", r->peer);
	if (r->conn)
		json_write_number(out, "conn", r->conn);
	strbuf_adds(out, "}\n");
}

static void format_lost(uint64_t n, bool is_json, struct strbuf *out)
{
	char buf[STR_COUNT_LEN];

	if (!is_json) {
		strbuf_addf(
			out, "(%s lines were left out)\n", str_count(buf, n));
		return;
	}
	json_write_begin(out, "left_out");
	json_write_number(out, "lines", n);
	strbuf_adds(out, "}\n");
}

/* What was left out comes before what follows it, or with it gets lost. */
static void tell(struct control_request *req, struct watcher *to,
	const struct watch_record *r)
{
	struct strbuf out = {0};

	if (to->n_lost)
		format_lost(to->n_lost, req->words.is_json, &out);
	if (req->words.is_json)
		format_json(r, &out);
	else
		format_text(r, &out);
	if (!out.failed && control_emit(req, out.data, out.len))
		to->n_lost = 0;
	else
		to->n_lost++;
	strbuf_fini(&out);
}

static void deliver(struct log_watch *w, const struct watch_record *r)
{
	for (size_t i = 0; i < CONTROL_PEERS_MAX; i++) {
		struct watcher *to = &w->watchers[i];
		struct control_request *req = to->request
			? control_find(w->control, to->request)
			: NULL;

		if (!req)
			to->request = 0;
		else if (r->level <= to->level &&
			(!to->service[0] || !strcmp(to->service, r->service)))
			tell(req, to, r);
	}
}

static bool is_watched(const struct log_watch *w)
{
	for (size_t i = 0; i < CONTROL_PEERS_MAX; i++)
		if (w->watchers[i].request)
			return true;
	return false;
}

/* Adds what the ring lost to what each watcher has to be told. */
static void count_lost(struct log_watch *w, uint64_t n)
{
	for (size_t i = 0; i < CONTROL_PEERS_MAX; i++)
		w->watchers[i].n_lost += n;
}

/* As many as lay there when it began: what comes meanwhile pokes again. */
static void run_poke(struct mail *m, void *owner)
{
	struct log_watch *w = ((struct poke *)m)->watch;
	struct watch_record record;
	uint64_t n_lost;
	size_t n;

	free(m);
	pthread_mutex_lock(&w->lock);
	w->is_poked = false;
	n = w->head - w->tail;
	n_lost = w->n_lost;
	w->n_lost = 0;
	pthread_mutex_unlock(&w->lock);
	for (; n > 0; n--) {
		pthread_mutex_lock(&w->lock);
		record = w->ring[w->tail++ % RING_SLOTS];
		pthread_mutex_unlock(&w->lock);
		deliver(w, &record);
	}
	count_lost(w, n_lost);
	if (!is_watched(w))
		log_tap(NULL, NULL);
}

static struct log_watch *watch_new(struct control *c)
{
	struct log_watch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->control = c;
	w->mailbox = c->server->mailbox;
	pthread_mutex_init(&w->lock, NULL);
	return w;
}

void control_watch_free(struct log_watch *w)
{
	if (!w)
		return;
	log_tap(NULL, NULL);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

/* There are as many places as peers, and each peer has one request: once those
 * who left are forgotten there is a place. */
static struct watcher *find_place(struct log_watch *w)
{
	struct watcher *place = NULL;

	for (size_t i = 0; i < CONTROL_PEERS_MAX; i++) {
		if (!control_find(w->control, w->watchers[i].request))
			w->watchers[i].request = 0;
		if (!w->watchers[i].request)
			place = &w->watchers[i];
	}
	return place;
}

int control_watch_log(struct control_request *req)
{
	struct control *c = req->control;
	const char *service = ctl_value(&req->words, "service");
	enum log_level level = LOG_LEVEL_DEBUG;
	struct watcher *place;

	if (req->words.n_args &&
		control_parse_level(req, req->words.args[0], &level))
		return -EINVAL;
	if (service && !plan_has_service(c->server->plan, service))
		return control_no_service(req, service);
	if (!c->watch)
		c->watch = watch_new(c);
	place = c->watch ? find_place(c->watch) : NULL;
	if (!place)
		return errmsg_set(&req->error, ENOMEM, "out of memory");
	*place = (struct watcher){.request = req->id, .level = level};
	snprintf(place->service, sizeof(place->service), "%s",
		service ? service : "");
	log_tap(on_record, c->watch);
	return CONTROL_PENDING;
}
