/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Accepting, in worker 0: its connections are opened on the spot, those of
 * other workers are handed over by mail.
 *
 * A wake-up accepts a bounded number, so that a flood of connections delays
 * the others by as little. When descriptors run out, accepting alone would
 * spin, since the listener stays readable: a reserve descriptor is given up
 * for a moment to accept and drop what waits, then all listeners rest for
 * 100 ms.
 *
 * Whoever may not come in is told why if its protocol has words for it: such a
 * refusal is a connection that is closed as soon as it is open, so that the
 * words arrive. Only so many of those at once; the rest is dropped.
 *
 * The table of addresses lives here; connections of other workers that end are
 * reported by mail. */
#include "net/acceptor.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/log.h"
#include "net/conn.h"
#include "net/conn_open.h"
#include "net/conn_private.h"
#include "net/listener.h"
#include "net/mailbox.h"
#include "net/service.h"
#include "net/worker_private.h"

#define ACCEPTS_PER_TURN 32
#define SHEDS_PER_PAUSE  64
#define PAUSE_MS         100

struct acceptor {
	struct crew *crew;      /* borrowed */
	struct worker *worker;  /* borrowed: worker 0 */
	struct accept_set *set; /* owned; NULL: not accepting */
	struct event **events;  /* owned; one per entry of set */
	struct event *resume;   /* owned; ends a pause */
	struct addrtab addresses;
	uint64_t next_id;
	unsigned next_worker; /* where the search for the idlest begins */
	unsigned n_refusals;  /* open right now */
	int reserve;          /* a descriptor to give up; -1: given up */
};

/* The set. */

struct accept_set *accept_set_new(void)
{
	return calloc(1, sizeof(struct accept_set));
}

int accept_set_add(struct accept_set *set, struct listener *listener,
	struct service *service)
{
	struct accept_entry *entries = reallocarray(
		set->entries, set->n_entries + 1, sizeof(*entries));

	if (!entries) {
		listener_unref(listener);
		service_unref(service);
		return -ENOMEM;
	}
	set->entries = entries;
	entries[set->n_entries++] = (struct accept_entry){listener, service};
	return 0;
}

void accept_set_free(struct accept_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->n_entries; i++) {
		listener_unref(set->entries[i].listener);
		service_unref(set->entries[i].service);
	}
	netlist_fini(&set->exempt);
	free(set->entries);
	free(set);
}

/* Where connections go. */

struct handover {
	struct mail mail;
	struct acceptor *acceptor;
	struct service *service; /* a reference */
	struct conn_origin from;
	struct sockaddr_storage peer;
};

static void handover_free(struct mail *m)
{
	struct handover *h = (struct handover *)m;

	if (h->from.fd >= 0)
		close(h->from.fd);
	service_unref(h->service);
	free(h);
}

static void forget_address(struct acceptor *a, const struct conn_origin *from)
{
	if (from->in_address_table)
		addrtab_leave(&a->addresses, from->peer);
}

/* It came back: the connection could not be opened. */
static void run_return(struct mail *m, void *owner)
{
	struct handover *h = (struct handover *)m;

	forget_address(h->acceptor, &h->from);
	handover_free(m);
}

static void run_handover(struct mail *m, void *owner)
{
	struct handover *h = (struct handover *)m;
	struct conn *c;

	h->from.peer = (const struct sockaddr *)&h->peer;
	c = conn_open(owner, h->service, &h->from);
	h->from.fd = -1;
	h->mail.run = run_return;
	if (c)
		handover_free(m);
	else
		worker_post(h->acceptor->worker, m);
}

static struct worker *idlest_worker(struct acceptor *a)
{
	struct crew *crew = a->crew;
	struct worker *best = NULL;

	a->next_worker++;
	for (unsigned i = 0; i < crew->n_workers; i++) {
		struct worker *w =
			crew->workers[(a->next_worker + i) % crew->n_workers];

		if (!best || worker_load(w) < worker_load(best))
			best = w;
	}
	return best;
}

static void give(
	struct acceptor *a, struct service *svc, const struct conn_origin *from)
{
	struct worker *w = idlest_worker(a);
	struct handover *h;

	if (w == a->worker) {
		conn_enter(w, svc->count);
		if (!conn_open(w, svc, from))
			forget_address(a, from);
		return;
	}
	h = calloc(1, sizeof(*h));
	if (!h) {
		close(from->fd);
		forget_address(a, from);
		return;
	}
	conn_enter(w, svc->count);
	h->mail.run = run_handover;
	h->mail.free = handover_free;
	h->acceptor = a;
	h->service = service_ref(svc);
	h->from = *from;
	memcpy(&h->peer, from->peer, from->peer_len);
	worker_post(w, &h->mail);
}

/* Who may come in. */

static struct log_limit refused_limit = {.burst = 2};

static void log_refused(const struct service *svc,
	const struct conn_origin *from, enum close_reason why)
{
	char peer[ADDR_LEN], more[LOG_LEFT_OUT_LEN];
	uint64_t left_out;
	struct log_about about = {.service = svc->name, .peer = peer};

	if (!log_limit_pass(&refused_limit, &left_out))
		return;
	addr_format(peer, from->peer, from->peer_len);
	log_about(LOG_LEVEL_NOTICE, &about,
		"refused service=%s peer=%s reason=%s%s", svc->name, peer,
		close_row(why)->code, log_left_out(more, left_out));
}

static void refuse(struct acceptor *a, struct service *svc,
	const struct conn_origin *from, enum close_reason why)
{
	char arg[16];

	log_refused(svc, from, why);
	if (!close_row(why)->words || !svc->type->ops->goodbye ||
		a->n_refusals >= a->set->max_refusals) {
		close(from->fd);
		return;
	}
	snprintf(arg, sizeof(arg), "%u", a->set->per_address.connections);
	conn_enter(a->worker, NULL);
	if (conn_open_refused(a->worker, svc, from, why,
		    why == CLOSE_ADDRESS_FULL ? arg : NULL))
		a->n_refusals++;
}

/* CLOSE_N: it may come in. */
static enum close_reason judge(
	struct acceptor *a, const struct service *svc, struct conn_origin *from)
{
	const struct accept_set *set = a->set;
	unsigned n = atomic_load(&a->crew->n_conns) - a->n_refusals;
	bool is_inet = from->peer->sa_family != AF_UNIX;

	if (is_inet && svc->allow.n_nets &&
		!netlist_has(&svc->allow, from->peer))
		return CLOSE_NOT_ALLOWED;
	if (n >= set->max_connections)
		return CLOSE_FULL;
	if (svc->max_connections &&
		atomic_load(&svc->count->n_conns) >= svc->max_connections)
		return CLOSE_FULL;
	if (!is_inet || netlist_has(&set->exempt, from->peer))
		return CLOSE_N;
	switch (addrtab_enter(&a->addresses, from->peer, &set->per_address,
		worker_now_ms(a->worker))) {
	case ADDRTAB_OK:
		from->in_address_table = true;
		return CLOSE_N;
	case ADDRTAB_E_FULL:
		return CLOSE_ADDRESS_FULL;
	case ADDRTAB_E_RATE:
		return CLOSE_CONNECT_RATE;
	default:
		return CLOSE_MEMORY;
	}
}

static void admit(struct acceptor *a, struct service *svc, int fd,
	const struct sockaddr *peer, socklen_t peer_len)
{
	struct conn_origin from = {
		.fd = fd,
		.id = ++a->next_id,
		.peer = peer,
		.peer_len = peer_len,
	};
	enum close_reason why = judge(a, svc, &from);

	atomic_fetch_add_explicit(
		&a->crew->n_accepted, 1, memory_order_relaxed);
	if (why == CLOSE_N)
		give(a, svc, &from);
	else
		refuse(a, svc, &from, why);
}

/* The descriptor limit. */

static struct log_limit exhausted_limit = {.burst = 1};
static struct log_limit accept_limit = {.burst = 1};

static void open_reserve(struct acceptor *a)
{
	if (a->reserve < 0)
		a->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void watch(struct acceptor *a, bool on)
{
	for (size_t i = 0; a->set && i < a->set->n_entries; i++) {
		if (!a->events[i])
			continue;
		if (on)
			(void)event_add(a->events[i], NULL);
		else
			(void)event_del(a->events[i]);
	}
}

static void pause_all(struct acceptor *a)
{
	struct timeval tv = {.tv_usec = PAUSE_MS * 1000};

	watch(a, false);
	(void)event_add(a->resume, &tv);
}

/* Lets those who wait on this listener go, rather than hang; then rests. */
static void shed_and_pause(struct acceptor *a, int listen_fd, int err)
{
	char more[LOG_LEFT_OUT_LEN];
	uint64_t left_out;
	int n = 0, fd = -1;

	if (a->reserve >= 0)
		close(a->reserve);
	a->reserve = -1;
	while (n < SHEDS_PER_PAUSE &&
		(fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		close(fd);
		n++;
	}
	open_reserve(a);
	if (log_limit_pass(&exhausted_limit, &left_out))
		log_error("cannot accept: %s; connections dropped dropped=%d%s",
			strerror(err), n, log_left_out(more, left_out));
	pause_all(a);
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct acceptor *a = arg;

	open_reserve(a);
	watch(a, true);
}

static bool is_exhausted(int err)
{
	return err == EMFILE || err == ENFILE || err == ENOBUFS ||
		err == ENOMEM;
}

/* Failures of one connection that was about to be: the next may be fine. */
static bool is_passing(int err)
{
	return err == ECONNABORTED || err == EINTR || err == EPROTO ||
		err == ENETDOWN || err == EHOSTDOWN || err == ENONET ||
		err == EHOSTUNREACH || err == ENETUNREACH ||
		err == EOPNOTSUPP || err == EPERM || err == ETIMEDOUT;
}

static void accept_failed(struct acceptor *a, int listen_fd, int err)
{
	char more[LOG_LEFT_OUT_LEN];
	uint64_t left_out;

	if (err == EAGAIN)
		return;
	if (is_exhausted(err)) {
		shed_and_pause(a, listen_fd, err);
		return;
	}
	if (log_limit_pass(&accept_limit, &left_out))
		log_error("cannot accept: %s%s", strerror(err),
			log_left_out(more, left_out));
	pause_all(a);
}

static struct accept_entry *entry_of(struct acceptor *a, int listen_fd)
{
	for (size_t i = 0; i < a->set->n_entries; i++)
		if (listener_fd(a->set->entries[i].listener) == listen_fd)
			return &a->set->entries[i];
	return NULL;
}

static void on_acceptable(evutil_socket_t listen_fd, short what, void *arg)
{
	struct acceptor *a = arg;
	struct accept_entry *entry = entry_of(a, (int)listen_fd);

	assert(entry);
	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		struct sockaddr_storage ss;
		socklen_t len = sizeof(ss);
		struct sockaddr *peer = (struct sockaddr *)&ss;
		int fd;

		ss.ss_family = AF_UNIX;
		fd = accept4((int)listen_fd, peer, &len,
			SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			admit(a, entry->service, fd, peer, len);
			continue;
		}
		if (!is_passing(errno)) {
			accept_failed(a, (int)listen_fd, errno);
			return;
		}
	}
}

/* Connections that ended: one letter a turn, however many there were. */

struct gone {
	struct mail mail;
	struct acceptor *acceptor;
	size_t n_peers;
	struct sockaddr_in6 peers[]; /* each large enough for both families */
};

static void gone_free(struct mail *m)
{
	free(m);
}

static void run_gone(struct mail *m, void *owner)
{
	struct gone *gone = (struct gone *)m;

	for (size_t i = 0; i < gone->n_peers; i++)
		addrtab_leave(&gone->acceptor->addresses,
			(const struct sockaddr *)&gone->peers[i]);
	free(m);
}

static void report_gone(struct acceptor *a, struct worker *w, size_t n)
{
	struct gone *gone = calloc(
		1, sizeof(*gone) + n * sizeof(gone->peers[0]));
	struct conn *c;

	if (!gone)
		return; /* the addresses stay counted: it errs on the safe side */
	gone->mail.run = run_gone;
	gone->mail.free = gone_free;
	gone->acceptor = a;
	TAILQ_FOREACH (c, &w->dead, link)
		if (c->in_address_table)
			memcpy(&gone->peers[gone->n_peers++], &c->peer,
				sizeof(c->peer));
	worker_post(a->worker, &gone->mail);
}

static void on_released(void *arg, struct worker *w)
{
	struct acceptor *a = arg;
	struct conn *c;
	size_t n_elsewhere = 0;

	TAILQ_FOREACH (c, &w->dead, link) {
		if (c->is_refusal)
			a->n_refusals--;
		if (c->in_address_table && w == a->worker)
			addrtab_leave(&a->addresses, &c->peer.sa);
		else if (c->in_address_table)
			n_elsewhere++;
	}
	if (n_elsewhere)
		report_gone(a, w, n_elsewhere);
}

/* Its own life. */

static void drop_events(struct acceptor *a)
{
	for (size_t i = 0; a->set && i < a->set->n_entries; i++)
		if (a->events[i])
			event_free(a->events[i]);
	free(a->events);
	a->events = NULL;
}

struct accept_change {
	struct mail mail;
	struct acceptor *acceptor;
	struct accept_set *set; /* owned until run; may be NULL */
	struct event **events;  /* owned array, for set */
};

static void change_free(struct mail *m)
{
	struct accept_change *change = (struct accept_change *)m;

	accept_set_free(change->set);
	free(change->events);
	free(change);
}

static void run_change(struct mail *m, void *owner)
{
	struct accept_change *change = (struct accept_change *)m;
	struct acceptor *a = change->acceptor;

	drop_events(a);
	accept_set_free(a->set);
	a->set = change->set;
	a->events = change->events;
	for (size_t i = 0; a->set && i < a->set->n_entries; i++) {
		a->events[i] = event_new(a->worker->base,
			listener_fd(a->set->entries[i].listener),
			EV_READ | EV_PERSIST, on_acceptable, a);
		if (!a->events[i] || event_add(a->events[i], NULL))
			log_error("cannot watch a listener: out of memory");
	}
	change->set = NULL;
	change->events = NULL;
	change_free(m);
}

struct accept_change *acceptor_prepare(
	struct acceptor *a, struct accept_set *set)
{
	struct accept_change *change = calloc(1, sizeof(*change));
	size_t n = set ? set->n_entries : 0;

	if (change && n)
		change->events = calloc(n, sizeof(struct event *));
	if (!change || (n && !change->events)) {
		free(change);
		accept_set_free(set);
		return NULL;
	}
	change->mail.run = run_change;
	change->mail.free = change_free;
	change->acceptor = a;
	change->set = set;
	return change;
}

void acceptor_commit(struct accept_change *change)
{
	worker_post(change->acceptor->worker, &change->mail);
}

void accept_change_free(struct accept_change *change)
{
	if (change)
		change_free(&change->mail);
}

int acceptor_new(struct acceptor **ret, struct crew *crew)
{
	struct acceptor *a = calloc(1, sizeof(*a));
	int err;

	if (!a)
		return -ENOMEM;
	a->crew = crew;
	a->worker = crew->workers[0];
	a->reserve = -1;
	open_reserve(a);
	err = addrtab_init(&a->addresses);
	a->resume = evtimer_new(a->worker->base, on_resume, a);
	if (err || !a->resume) {
		acceptor_free(a);
		return err ? err : -ENOMEM;
	}
	for (unsigned i = 0; i < crew->n_workers; i++) {
		crew->workers[i]->released = on_released;
		crew->workers[i]->released_arg = a;
	}
	*ret = a;
	return 0;
}

void acceptor_free(struct acceptor *a)
{
	if (!a)
		return;
	for (unsigned i = 0; i < a->crew->n_workers; i++)
		a->crew->workers[i]->released = NULL;
	drop_events(a);
	accept_set_free(a->set);
	if (a->resume)
		event_free(a->resume);
	addrtab_fini(&a->addresses);
	if (a->reserve >= 0)
		close(a->reserve);
	free(a);
}
