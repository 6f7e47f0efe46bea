/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How connections begin, and the memory of one that is over. What is counted
 * here (conn_enter) is counted before the connection is handed to its worker,
 * whose thread calls the rest. */
#include "net/conn_open.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "net/addr.h"
#include "net/conn.h"
#include "net/conn_private.h"
#include "net/service.h"
#include "net/user.h"
#include "net/worker_private.h"

void conn_enter(struct worker *w, struct service_count *count)
{
	atomic_fetch_add(&w->n_conns, 1);
	if (count)
		atomic_fetch_add(&count->n_conns, 1);
	atomic_fetch_add(&w->crew->n_conns, 1);
	if (w->crew->changed)
		w->crew->changed(w->crew->changed_arg);
}

static void conn_leave(struct worker *w, struct service_count *count)
{
	atomic_fetch_sub(&w->n_conns, 1);
	if (count)
		atomic_fetch_sub(&count->n_conns, 1);
	atomic_fetch_sub(&w->crew->n_conns, 1);
	if (w->crew->changed)
		w->crew->changed(w->crew->changed_arg);
}

static enum metrics_transport transport_of(const struct conn *c)
{
	return conn_is_unix(c) ? METRICS_UNIX : METRICS_TCP;
}

void conn_free(struct conn *c)
{
	struct metrics_service *tally = worker_tally_of(c->worker, c->service);

	if (!c->is_refusal)
		metrics_add(&tally->closed[metrics_closed_cell(
				    c->why, transport_of(c))],
			1);
	conn_io_fini(c);
	conn_leave(c->worker, c->is_refusal ? NULL : c->service->count);
	service_unref(c->service);
	free(c->local);
	free(c);
}

static void set_peer(struct conn *c, const struct conn_origin *from)
{
	size_t len = from->peer_len < sizeof(c->peer) ? from->peer_len
						      : sizeof(c->peer);

	if (from->peer && from->peer->sa_family != AF_UNIX)
		memcpy(&c->peer, from->peer, len);
	else
		c->peer.family = AF_UNIX;
}

static int set_local(struct conn *c, const struct conn_origin *from)
{
	if (!from->local)
		return 0;
	c->local = malloc(sizeof(*c->local));
	if (!c->local)
		return -ENOMEM;
	*c->local = *from->local;
	return 0;
}

/* What conn_new() made before it failed; the socket is the caller's again. */
static void drop_new(struct conn *c)
{
	free(c->local);
	free(c);
}

static struct conn *conn_new(
	struct worker *w, struct service *svc, const struct conn_origin *from)
{
	const struct conn_type *type = svc->type;
	struct conn *c = calloc(1, sizeof(*c) + conn_tail_len(type));

	if (!c)
		return NULL;
	c->worker = w;
	c->service = svc;
	c->fd = from->fd;
	c->id = from->id;
	c->in_address_table = from->in_address_table;
	c->opened_ms = c->last_ms = worker_now_ms(w);
	set_peer(c, from);
	if (!service_tally(svc->count, w->index) || set_local(c, from) ||
		timers_reserve(&w->timers, w->ids.n + 1) ||
		idmap_add(&w->ids, c)) {
		drop_new(c);
		return NULL;
	}
	if (conn_io_init(c)) {
		idmap_remove(&w->ids, c);
		drop_new(c);
		return NULL;
	}
	service_ref(svc);
	TAILQ_INSERT_TAIL(&w->conns, c, link);
	return c;
}

/* Without memory for a conn there is nobody to tell. One that was to be let in
 * is refused after all. */
static void not_opened(struct worker *w, struct service_count *count,
	const struct conn_origin *from)
{
	struct metrics_service *tally = count ? service_tally(count, w->index)
					      : NULL;

	if (tally)
		metrics_add(&tally->rejected[CLOSE_MEMORY], 1);
	conn_leave(w, count);
	close(from->fd);
}

static void log_opened(struct conn *c)
{
	char peer[ADDR_LEN];
	struct log_about about = {
		.service = c->service->name,
		.conn = c->id,
	};

	if (!log_enabled(LOG_LEVEL_DEBUG))
		return;
	about.peer = conn_peer_text(c, peer);
	log_about(LOG_LEVEL_DEBUG, &about,
		"opened service=%s peer=%s conn=%llu", about.service, peer,
		(unsigned long long)c->id);
}

struct conn *conn_open(
	struct worker *w, struct service *svc, const struct conn_origin *from)
{
	struct conn *c = conn_new(w, svc, from);
	int closing;

	if (!c) {
		not_opened(w, svc->count, from);
		return NULL;
	}
	metrics_add(&worker_tally_of(w, svc)->accepted[transport_of(c)], 1);
	log_opened(c);
	conn_note_begin(c);
	conn_watch_input(c);
	conn_source_start(c);
	if (c->state == CONN_DEAD)
		return c; /* the loop cannot watch it */
	c->opened = true;
	if (svc->type->ops->open && svc->type->ops->open(c))
		conn_close(c, CLOSE_MEMORY, NULL);
	closing = atomic_load(&w->crew->closing);
	if (closing)
		conn_close(c, (enum close_reason)(closing - 1), NULL);
	conn_update_deadline(c);
	return c;
}

struct conn *conn_open_refused(struct worker *w, struct service *svc,
	const struct conn_origin *from, enum close_reason why, const char *arg)
{
	struct conn *c = conn_new(w, svc, from);

	if (!c) {
		not_opened(w, NULL, from);
		return NULL;
	}
	c->is_refusal = true;
	conn_close(c, why, arg);
	return c;
}
