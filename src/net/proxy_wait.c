/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connections from proxies, until their PROXY header is whole: in worker 0.
 *
 *   accept4() --> waiter --> header whole ------------> admission_decide()
 *                    |                                  by whom it states
 *                    +--> no header, not in time, end,
 *                         room needed, listener gone --> closed
 *
 * A waiter is no conn: no limit counts it, no protocol knows of it, and it has
 * one deadline from when it was accepted, whatever comes meanwhile. It gives
 * way, the oldest first, when its descriptor is needed for somebody else.
 *
 * Nothing behind the header is read: bytes are looked at first, and those that
 * belong to the header are taken at once, so that the loop sleeps until more
 * come. Who says nothing and leaves is a health check, which the log need not
 * know of. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/clock.h"
#include "net/acceptor_private.h"
#include "net/listener.h"
#include "net/proxy.h"
#include "net/service.h"
#include "net/worker_private.h"

#define LOOK_LEN 4096 /* bytes that are looked at in one turn */

struct waiter {
	TAILQ_ENTRY(waiter) link; /* in acceptor.waiters, the oldest first */
	struct acceptor *acceptor;
	struct service *service;         /* a reference */
	const struct listener *listener; /* borrowed: of acceptor.set */
	struct event event;              /* for fd, with the deadline */
	uint64_t due_ms;
	struct addr proxy; /* who connected */
	struct proxy_parser parser;
	int fd; /* owned; -1: given away */
};

static void waiter_free(struct waiter *w)
{
	TAILQ_REMOVE(&w->acceptor->waiters, w, link);
	w->acceptor->n_waiters--;
	(void)event_del(&w->event);
	if (w->fd >= 0)
		close(w->fd);
	service_unref(w->service);
	free(w);
}

/* As it is without a word of the proxy's. */
static struct arrival arrival_of(const struct waiter *w)
{
	return (struct arrival){
		.service = w->service,
		.fd = w->fd,
		.peer = &w->proxy.sa,
		.peer_len = w->proxy.len,
	};
}

static void turn_away(struct waiter *w, enum close_reason why, const char *what)
{
	struct arrival who = arrival_of(w);

	admission_refused(&who, why, what);
	waiter_free(w);
}

/* The peer left, or the network broke. */
static void ended(struct waiter *w, enum close_reason why)
{
	struct arrival who = arrival_of(w);

	if (w->parser.n_head > 0) {
		turn_away(w, CLOSE_PROXY, "it ended within the PROXY header");
		return;
	}
	who.is_check = true;
	admission_refused(&who, why, NULL);
	waiter_free(w);
}

static void let_in(struct waiter *w, enum proxy_outcome outcome,
	const struct proxy_addresses *stated)
{
	struct acceptor *a = w->acceptor;
	struct arrival who = arrival_of(w);
	struct addr proxy = w->proxy;

	who.peer = &proxy.sa;
	who.is_check = outcome == PROXY_LOCAL;
	if (outcome == PROXY_STATED) {
		who.peer = &stated->source.sa;
		who.peer_len = stated->source.len;
		who.local = &stated->destination;
		who.proxy = &proxy;
	}
	(void)service_ref(who.service);
	w->fd = -1;
	waiter_free(w);
	admission_decide(a, &who);
	service_unref(who.service);
}

/* Takes what is there of the header. An outcome, or -errno: -EAGAIN if nothing
 * is there, -EPIPE at the end. */
static int take_header(struct waiter *w, struct proxy_addresses *ret)
{
	uint8_t bytes[LOOK_LEN];
	enum proxy_outcome outcome;
	size_t used;
	ssize_t n = recv(w->fd, bytes, sizeof(bytes), MSG_PEEK);

	if (n <= 0)
		return n == 0 ? -EPIPE : errno == EINTR ? -EAGAIN : -errno;
	outcome = proxy_parse(&w->parser, bytes, (size_t)n, &used, ret);
	n = recv(w->fd, bytes, used, 0);
	if (n != (ssize_t)used)
		return n < 0 ? -errno : -EPIPE;
	return (int)outcome;
}

static void wait_on(struct waiter *w)
{
	uint64_t now = worker_now_ms(w->acceptor->worker);
	uint64_t left = w->due_ms > now ? w->due_ms - now : 0;
	struct timeval tv = clock_timeval(left);

	if (left == 0)
		turn_away(w, CLOSE_HANDSHAKE,
			w->parser.n_head ? "the PROXY header did not end"
					 : "no PROXY header came");
	else if (event_add(&w->event, &tv))
		turn_away(w, CLOSE_MEMORY, NULL);
}

static void go_on(struct waiter *w)
{
	struct proxy_addresses stated;
	int r = take_header(w, &stated);

	if (r == -EAGAIN || r == PROXY_MORE)
		wait_on(w);
	else if (r == PROXY_INVALID)
		turn_away(w, CLOSE_PROXY, w->parser.fault);
	else if (r < 0)
		ended(w, r == -EPIPE ? CLOSE_EOF : CLOSE_RESET);
	else
		let_in(w, (enum proxy_outcome)r, &stated);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	go_on(arg);
}

void proxy_wait_start(struct acceptor *a, const struct accept_entry *entry,
	const struct arrival *who)
{
	bool has_room = admission_make_room(a);
	struct waiter *w = has_room ? calloc(1, sizeof(*w)) : NULL;

	if (!w) {
		admission_refused(
			who, has_room ? CLOSE_MEMORY : CLOSE_FULL, NULL);
		close(who->fd);
		return;
	}
	assert(who->peer_len <= sizeof(w->proxy.un));
	w->acceptor = a;
	w->service = service_ref(who->service);
	w->listener = entry->listener;
	w->due_ms = worker_now_ms(a->worker) + who->service->handshake_ms;
	w->fd = who->fd;
	memcpy(&w->proxy.sa, who->peer, who->peer_len);
	w->proxy.len = who->peer_len;
	event_assign(&w->event, a->worker->base, w->fd, EV_READ | EV_PERSIST,
		on_event, w);
	TAILQ_INSERT_TAIL(&a->waiters, w, link);
	a->n_waiters++;
	go_on(w); /* most headers come with the connection */
}

bool proxy_wait_drop_oldest(struct acceptor *a)
{
	struct waiter *w = TAILQ_FIRST(&a->waiters);

	if (w)
		turn_away(w, CLOSE_FULL, "its place was needed");
	return w != NULL;
}

/* Where w's listener is in the set; NULL if it is not, or serves another, or
 * the proxy is none to it. */
static const struct accept_entry *entry_of(
	const struct accept_set *set, const struct waiter *w)
{
	for (size_t i = 0; set && i < set->n_entries; i++) {
		const struct accept_entry *e = &set->entries[i];

		if (e->listener == w->listener)
			return strcmp(e->service->name, w->service->name) ==
						0 &&
					netlist_has(&e->service->proxies,
						&w->proxy.sa)
				? e
				: NULL;
	}
	return NULL;
}

void proxy_wait_change(struct acceptor *a, const struct accept_set *set)
{
	struct waiter *w, *next;

	for (w = TAILQ_FIRST(&a->waiters); w; w = next) {
		const struct accept_entry *entry = entry_of(set, w);

		next = TAILQ_NEXT(w, link);
		if (!entry) {
			admission_count_refused(w->service, CLOSE_STOPPING);
			waiter_free(w);
			continue;
		}
		service_unref(w->service);
		w->service = service_ref(entry->service);
	}
}
