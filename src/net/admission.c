/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who may come in, and where: what the acceptor accepted is judged by the
 * limits and networks of the day, then opened in worker 0 or handed over to
 * another worker by mail.
 *
 * Whoever may not come in is told why if its protocol has words for it: such a
 * refusal is a connection that is closed as soon as it is open, so that the
 * words arrive. Only so many of those at once; the rest is dropped.
 *
 * The table of addresses is the acceptor's; connections of other workers that
 * end are reported by mail. All but admission_released() runs in worker 0. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "net/acceptor_private.h"
#include "net/banset.h"
#include "net/conn.h"
#include "net/conn_open.h"
#include "net/conn_private.h"
#include "net/mailbox.h"
#include "net/service.h"
#include "net/worker_private.h"

/* The cells of worker 0, where all of this runs. */
void admission_count_refused(const struct service *svc, enum close_reason why)
{
	metrics_add(&service_tally(svc->count, 0)->rejected[why], 1);
}

/* Where connections go. */

struct handover {
	struct mail mail;
	struct acceptor *acceptor;
	struct service *service; /* a reference */
	struct conn_origin from;
	struct sockaddr_storage peer;
	struct addr local;
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
	h->from.local = h->from.local ? &h->local : NULL;
	c = conn_open(owner, h->service, &h->from);
	h->from.fd = -1;
	h->mail.run = run_return;
	if (c && worker_bans(owner)) /* it may be banned since */
		(void)conn_check_ban(c, clock_wall_ms());
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

bool admission_make_room(struct acceptor *a)
{
	unsigned max = a->set->max_connections + a->set->max_refusals;

	while (atomic_load(&a->crew->n_conns) + a->n_waiters >= max)
		if (!proxy_wait_drop_oldest(a))
			return false;
	return true;
}

static void give(
	struct acceptor *a, struct service *svc, const struct conn_origin *from)
{
	struct worker *w = idlest_worker(a);
	struct handover *h;

	(void)admission_make_room(a);
	if (w == a->worker) {
		conn_enter(w, svc->count);
		if (!conn_open(w, svc, from))
			forget_address(a, from);
		return;
	}
	h = calloc(1, sizeof(*h));
	if (!h) {
		admission_count_refused(svc, CLOSE_MEMORY);
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
	if (from->local)
		h->local = *from->local;
	worker_post(w, &h->mail);
}

/* Who may come in. */

static struct log_limit refused_limit = {.burst = 2};
static struct log_limit check_limit = {.burst = 2};

static void log_refused(
	const struct arrival *who, enum close_reason why, const char *what)
{
	char peer[ADDR_LEN], more[LOG_LEFT_OUT_LEN];
	uint64_t left_out;
	struct log_about about = {.service = who->service->name, .peer = peer};
	enum log_level level = who->is_check ? LOG_LEVEL_DEBUG
					     : LOG_LEVEL_NOTICE;

	if (!log_enabled(level) ||
		!log_limit_pass(who->is_check ? &check_limit : &refused_limit,
			&left_out))
		return;
	addr_format(peer, who->peer, who->peer_len);
	log_about(level, &about, "refused service=%s peer=%s reason=%s%s%s%s%s",
		about.service, peer, close_row(why)->code,
		what ? " what=\"" : "", what ? what : "", what ? "\"" : "",
		log_left_out(more, left_out));
}

void admission_refused(
	const struct arrival *who, enum close_reason why, const char *what)
{
	admission_count_refused(who->service, why);
	log_refused(who, why, what);
}

static const struct banset_row *find_ban(
	const struct acceptor *a, const struct conn_origin *from)
{
	const struct banset *bans = worker_bans(a->worker);

	return bans ? banset_find(bans, from->peer, clock_wall_ms()) : NULL;
}

/* What the words of the reason speak of. */
static void add_words(const struct acceptor *a, const struct conn_origin *from,
	enum close_reason why, struct strbuf *out)
{
	const struct banset_row *ban;

	if (why == CLOSE_ADDRESS_FULL)
		strbuf_addf(out, "%u", a->set->per_address.connections);
	ban = why == CLOSE_BANNED ? find_ban(a, from) : NULL;
	if (ban)
		ban_add_words(out, ban->until_ms, ban->reason, clock_wall_ms());
}

static void refuse(struct acceptor *a, struct service *svc,
	const struct conn_origin *from, enum close_reason why)
{
	struct strbuf arg = {0};

	if (!close_row(why)->words || !svc->type->ops->goodbye ||
		a->n_refusals >= a->set->max_refusals) {
		close(from->fd);
		return;
	}
	add_words(a, from, why, &arg);
	(void)admission_make_room(a);
	conn_enter(a->worker, NULL);
	if (conn_open_refused(
		    a->worker, svc, from, why, arg.failed ? NULL : arg.data))
		a->n_refusals++;
	strbuf_fini(&arg);
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
	if (find_ban(a, from))
		return CLOSE_BANNED;
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

static void log_proxied(const struct arrival *who, uint64_t id)
{
	char peer[ADDR_LEN], proxy[ADDR_LEN];
	struct log_about about = {
		.service = who->service->name, .peer = peer, .conn = id};

	if (!who->proxy || !log_enabled(LOG_LEVEL_DEBUG))
		return;
	addr_format(peer, who->peer, who->peer_len);
	addr_format(proxy, &who->proxy->sa, who->proxy->len);
	log_about(LOG_LEVEL_DEBUG, &about,
		"proxied service=%s peer=%s conn=%llu proxy=%s", about.service,
		peer, (unsigned long long)id, proxy);
}

/* For who looks at addresses (net/addresses.h). */
static void count_arrival(
	struct acceptor *a, const struct sockaddr *peer, enum close_reason why)
{
	static const struct {
		enum close_reason why;
		enum addrtab_count what;
	} rows[] = {
		{CLOSE_N, ADDRTAB_ACCEPTED},
		{CLOSE_ADDRESS_FULL, ADDRTAB_ADDRESS_FULL},
		{CLOSE_CONNECT_RATE, ADDRTAB_CONNECT_RATE},
		{CLOSE_FULL, ADDRTAB_FULL},
		{CLOSE_NOT_ALLOWED, ADDRTAB_NOT_ALLOWED},
		{CLOSE_BANNED, ADDRTAB_BANNED},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].why == why)
			addrtab_count(&a->addresses, peer, rows[i].what,
				worker_now_ms(a->worker));
}

void admission_decide(struct acceptor *a, const struct arrival *who)
{
	struct conn_origin from = {
		.fd = who->fd,
		.id = ++a->next_id,
		.peer = who->peer,
		.peer_len = who->peer_len,
		.local = who->local,
	};
	enum close_reason why = judge(a, who->service, &from);

	count_arrival(a, who->peer, why);
	if (why == CLOSE_N) {
		log_proxied(who, from.id);
		give(a, who->service, &from);
	} else {
		admission_refused(who, why, NULL);
		refuse(a, who->service, &from, why);
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

/* False: no memory for the letter. */
static bool report_gone(struct acceptor *a, struct worker *w, size_t n)
{
	struct gone *gone = calloc(
		1, sizeof(*gone) + n * sizeof(gone->peers[0]));
	struct conn *c;

	if (!gone)
		return false;
	gone->mail.run = run_gone;
	gone->mail.free = gone_free;
	gone->acceptor = a;
	TAILQ_FOREACH (c, &w->dead, link)
		if (c->in_address_table)
			memcpy(&gone->peers[gone->n_peers++], &c->peer,
				sizeof(c->peer));
	worker_post(a->worker, &gone->mail);
	return true;
}

static bool report_elsewhere(struct acceptor *a, struct worker *w)
{
	struct conn *c;
	size_t n = 0;

	TAILQ_FOREACH (c, &w->dead, link)
		n += c->in_address_table;
	return n == 0 || report_gone(a, w, n);
}

bool admission_released(void *arg, struct worker *w)
{
	struct acceptor *a = arg;
	struct conn *c;

	if (w != a->worker)
		return report_elsewhere(a, w);
	TAILQ_FOREACH (c, &w->dead, link) {
		if (c->is_refusal)
			a->n_refusals--;
		if (c->in_address_table)
			addrtab_leave(&a->addresses, &c->peer.sa);
	}
	return true;
}
