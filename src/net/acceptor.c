/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Accepting, in worker 0; who may come in is decided in admission.c.
 *
 * A wake-up accepts a bounded number, so that a flood of connections delays
 * the others by as little. When descriptors run out, accepting alone would
 * spin, since the listener stays readable: a reserve descriptor is given up
 * for a moment to accept and drop what waits, then all listeners rest for
 * 100 ms. Before that, connections that have nothing but a descriptor give
 * theirs: those that wait for a PROXY header (proxy_wait.c). */
#include "net/acceptor.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/log.h"
#include "net/acceptor_private.h"
#include "net/listener.h"
#include "net/mailbox.h"
#include "net/service.h"
#include "net/worker_private.h"

#define ACCEPTS_PER_TURN 32
#define SHEDS_PER_PAUSE  64
#define PAUSE_MS         100

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

/* The descriptor limit. */

static struct log_limit exhausted_limit = {.burst = 1};
static struct log_limit accept_limit = {.burst = 1};

static void open_reserve(struct acceptor *a)
{
	if (a->reserve < 0)
		a->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void resume_soon(struct acceptor *a)
{
	static const struct timeval tv = {.tv_usec = PAUSE_MS * 1000};

	(void)event_add(a->resume, &tv);
}

/* What the kernel has no room for now is tried again. */
static void watch_all(struct acceptor *a)
{
	bool failed = false;

	for (size_t i = 0; a->set && i < a->set->n_entries; i++)
		failed |= event_add(&a->events[i], NULL) < 0;
	if (failed)
		resume_soon(a);
}

static void pause_all(struct acceptor *a)
{
	for (size_t i = 0; a->set && i < a->set->n_entries; i++)
		(void)event_del(&a->events[i]);
	resume_soon(a);
}

static struct accept_entry *entry_of(struct acceptor *a, int listen_fd)
{
	for (size_t i = 0; i < a->set->n_entries; i++)
		if (listener_fd(a->set->entries[i].listener) == listen_fd)
			return &a->set->entries[i];
	return NULL;
}

static void count_arrival(struct acceptor *a)
{
	atomic_fetch_add_explicit(
		&a->crew->n_accepted, 1, memory_order_relaxed);
}

/* Lets those who wait on this listener go, rather than hang; then rests. */
static void shed_and_pause(struct acceptor *a, int listen_fd, int err)
{
	const struct service *svc = entry_of(a, listen_fd)->service;
	char more[LOG_LEFT_OUT_LEN];
	uint64_t left_out;
	int n = 0, fd = -1;

	if (a->reserve >= 0)
		close(a->reserve);
	a->reserve = -1;
	while (n < SHEDS_PER_PAUSE &&
		(fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		close(fd);
		count_arrival(a);
		admission_count_refused(svc, CLOSE_FULL);
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
	watch_all(a);
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

/* The kernel looks for a descriptor first, then for somebody who wants it. */
static bool somebody_is_there(int listen_fd)
{
	struct pollfd pfd = {.fd = listen_fd, .events = POLLIN};

	return poll(&pfd, 1, 0) > 0;
}

static bool exhausted(struct acceptor *a, int listen_fd, int err)
{
	if (!somebody_is_there(listen_fd))
		return false;
	if (proxy_wait_drop_oldest(a))
		return true;
	shed_and_pause(a, listen_fd, err);
	return false;
}

/* True if it may be tried again at once. */
static bool accept_failed(struct acceptor *a, int listen_fd, int err)
{
	char more[LOG_LEFT_OUT_LEN];
	uint64_t left_out;

	if (err == EAGAIN)
		return false;
	if (is_passing(err))
		return true;
	if (is_exhausted(err))
		return exhausted(a, listen_fd, err);
	if (log_limit_pass(&accept_limit, &left_out))
		log_error("cannot accept: %s%s", strerror(err),
			log_left_out(more, left_out));
	pause_all(a);
	return false;
}

static void welcome(struct acceptor *a, const struct accept_entry *entry,
	const struct arrival *who)
{
	count_arrival(a);
	listener_adopt(entry->listener, who->fd);
	if (netlist_has(&who->service->proxies, who->peer))
		proxy_wait_start(a, entry, who);
	else
		admission_decide(a, who);
}

static void on_acceptable(evutil_socket_t listen_fd, short what, void *arg)
{
	struct acceptor *a = arg;
	struct accept_entry *entry = entry_of(a, (int)listen_fd);

	assert(entry);
	worker_note_work(a->worker, worker_now_ms(a->worker));
	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		struct sockaddr_storage ss;
		struct arrival who = {
			.service = entry->service,
			.peer = (struct sockaddr *)&ss,
			.peer_len = sizeof(ss),
		};

		ss.ss_family = AF_UNIX;
		who.fd = accept4((int)listen_fd, (struct sockaddr *)&ss,
			&who.peer_len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (who.fd >= 0)
			welcome(a, entry, &who);
		else if (!accept_failed(a, (int)listen_fd, errno))
			return;
	}
}

/* Its own life. */

static void drop_events(struct acceptor *a)
{
	for (size_t i = 0; a->set && i < a->set->n_entries; i++)
		(void)event_del(&a->events[i]);
	free(a->events);
	a->events = NULL;
}

struct accept_change {
	struct mail mail;
	struct acceptor *acceptor;
	struct accept_set *set; /* owned until run; may be NULL */
	struct event *events;   /* owned array, for set */
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
	proxy_wait_change(a, change->set);
	accept_set_free(a->set);
	a->set = change->set;
	a->events = change->events;
	for (size_t i = 0; a->set && i < a->set->n_entries; i++)
		event_assign(&a->events[i], a->worker->base,
			listener_fd(a->set->entries[i].listener),
			EV_READ | EV_PERSIST, on_acceptable, a);
	watch_all(a);
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
		change->events = calloc(n, sizeof(struct event));
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
	TAILQ_INIT(&a->waiters);
	open_reserve(a);
	err = addrtab_init(&a->addresses);
	a->resume = evtimer_new(a->worker->base, on_resume, a);
	if (err || !a->resume) {
		acceptor_free(a);
		return err ? err : -ENOMEM;
	}
	for (unsigned i = 0; i < crew->n_workers; i++) {
		crew->workers[i]->released = admission_released;
		crew->workers[i]->released_arg = a;
	}
	*ret = a;
	return 0;
}

void acceptor_levels(const struct acceptor *a, uint64_t *ret_addresses,
	uint64_t *ret_waiters)
{
	*ret_addresses = atomic_load_explicit(
		&a->addresses.n, memory_order_relaxed);
	*ret_waiters = atomic_load_explicit(
		&a->n_waiters, memory_order_relaxed);
}

void acceptor_free(struct acceptor *a)
{
	if (!a)
		return;
	for (unsigned i = 0; i < a->crew->n_workers; i++)
		a->crew->workers[i]->released = NULL;
	drop_events(a);
	proxy_wait_change(a, NULL);
	addresses_drop_pauses(a);
	accept_set_free(a->set);
	if (a->resume)
		event_free(a->resume);
	addrtab_fini(&a->addresses);
	if (a->reserve >= 0)
		close(a->reserve);
	free(a);
}
