/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sockets for datagrams and their workers. A worker has a seat here for
 * good, and in it the part that it serves: its sockets, and what all of them
 * need. A change makes a new part for every worker beforehand, on the main
 * thread, and hands them over by mail; a worker that gets its new part lets go
 * of the old one. A socket that stays is in both, so it never closes. Who has
 * no socket has no part and no buffers.
 *
 *   main:    prepare ──▶ parts ──commit──▶ mail
 *   workers:                                └──▶ seat.part, events
 *
 * What is not answered is said at once and then once a minute while it goes
 * on, by whichever worker refused first; it also holds the timer. */
#include "net/receiver.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/log.h"
#include "base/str.h"
#include "net/addr.h"
#include "net/dgram_private.h"
#include "net/listener.h"
#include "net/mailbox.h"
#include "net/service.h"
#include "net/worker.h"

#define SAY_EVERY_SECS 60
#define AGAIN_US       100000

struct receiver_seat {
	struct receiver *receiver; /* borrowed */
	struct worker *worker;     /* borrowed */
	struct dgram_part *part;   /* owned; its worker's alone; may be NULL */
	struct event *say;         /* owned; set while this worker says */
	struct event again;        /* while a socket could not be watched */
};

struct receiver {
	struct crew *crew;       /* borrowed */
	struct receive_set *set; /* owned; main thread; may be NULL */
	struct dgram_shared shared;
	atomic_bool saying;
	struct receive_counts said; /* of whoever set `saying` */
	struct receiver_seat seats[];
};

/* The set. */

struct receive_set *receive_set_new(void)
{
	return calloc(1, sizeof(struct receive_set));
}

int receive_set_add(struct receive_set *set, struct listener *listener,
	struct service *service)
{
	struct receive_entry *entries = reallocarray(
		set->entries, set->n_entries + 1, sizeof(*entries));

	assert(listener_is_datagram(listener) && service->type->datagram);
	if (!entries) {
		listener_unref(listener);
		service_unref(service);
		return -ENOMEM;
	}
	set->entries = entries;
	entries[set->n_entries++] = (struct receive_entry){listener, service};
	return 0;
}

void receive_set_free(struct receive_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->n_entries; i++) {
		listener_unref(set->entries[i].listener);
		service_unref(set->entries[i].service);
	}
	free(set->entries);
	free(set);
}

/* What is counted. */

struct receive_counts receiver_counts(struct receiver *r)
{
	struct receive_counts counts = {
		.received = atomic_load(&r->shared.received),
		.answered = atomic_load(&r->shared.answered),
	};

	for (int i = 0; i < DGRAM_N_REFUSALS; i++)
		counts.refused[i] = atomic_load(&r->shared.refused[i]);
	return counts;
}

void receive_counts_format(
	const struct receive_counts *counts, struct strbuf *out)
{
	for (int i = 0; i < DGRAM_N_REFUSALS; i++)
		if (counts->refused[i])
			strbuf_addf(out, " %s=%" PRIu64, dgram_refusal_names[i],
				counts->refused[i]);
}

/* True if there was anything new to say. */
static bool say(struct receiver *r)
{
	struct receive_counts now = receiver_counts(r), since = {0};
	struct strbuf text = {0};
	bool any = false;

	for (int i = 0; i < DGRAM_N_REFUSALS; i++) {
		since.refused[i] = now.refused[i] - r->said.refused[i];
		any = any || since.refused[i] > 0;
	}
	r->said = now;
	receive_counts_format(&since, &text);
	if (any && !text.failed)
		log_notice("datagrams were not answered%s", text.data);
	strbuf_fini(&text);
	return any;
}

/* Until then nobody says anything. */
static void say_again_later(struct receiver_seat *seat)
{
	static const struct timeval tv = {.tv_sec = SAY_EVERY_SECS};

	if (event_add(seat->say, &tv))
		atomic_store(&seat->receiver->saying, false);
}

static void on_refused(struct receiver_seat *seat)
{
	struct receiver *r = seat->receiver;

	if (atomic_load_explicit(&r->saying, memory_order_relaxed) ||
		atomic_exchange(&r->saying, true))
		return;
	say(r);
	say_again_later(seat);
}

static void on_say(evutil_socket_t fd, short what, void *arg)
{
	struct receiver_seat *seat = arg;

	if (say(seat->receiver))
		say_again_later(seat);
	else
		atomic_store(&seat->receiver->saying, false);
}

/* Parts. */

static void part_free(struct dgram_part *part)
{
	if (!part)
		return;
	for (size_t i = 0; i < part->n_sockets; i++) {
		listener_unref(part->sockets[i].listener);
		service_unref(part->sockets[i].service);
	}
	dgram_batch_free(part->batch);
	free(part);
}

static void add_socket(
	struct dgram_part *part, const struct receive_entry *entry)
{
	struct dgram_socket *s = &part->sockets[part->n_sockets++];

	s->part = part;
	s->listener = listener_ref(entry->listener);
	s->service = service_ref(entry->service);
	s->has_every_address = addr_is_any(listener_addr(entry->listener));
}

/* *ret stays NULL if the worker has no socket. 0 or -ENOMEM. */
static int part_new(struct dgram_part **ret, struct receiver_seat *seat,
	const struct receive_set *set)
{
	struct dgram_part *part;
	size_t n = 0;

	for (size_t i = 0; set && i < set->n_entries; i++)
		n += set->entries[i].worker == worker_index(seat->worker);
	if (n == 0)
		return 0;
	part = calloc(1, sizeof(*part) + n * sizeof(part->sockets[0]));
	if (!part)
		return -ENOMEM;
	part->shared = &seat->receiver->shared;
	part->seat = seat;
	part->worker = seat->worker;
	part->answers = set->answers;
	for (size_t i = 0; i < set->n_entries; i++) {
		const struct receive_entry *entry = &set->entries[i];

		portset_add(
			&part->own, addr_port(listener_addr(entry->listener)));
		if (entry->worker == worker_index(seat->worker))
			add_socket(part, entry);
	}
	part->batch = dgram_batch_new();
	if (!part->batch) {
		part_free(part);
		return -ENOMEM;
	}
	*ret = part;
	return 0;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct dgram_socket *s = arg;

	if (dgram_serve(s))
		on_refused(s->part->seat);
}

/* What the kernel has no room for now is tried again. */
static void watch_all(struct dgram_part *part)
{
	static const struct timeval soon = {.tv_usec = AGAIN_US};
	bool failed = false;

	for (size_t i = 0; i < part->n_sockets; i++)
		failed |= event_add(&part->sockets[i].event, NULL) < 0;
	if (failed)
		(void)event_add(&part->seat->again, &soon);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	struct receiver_seat *seat = arg;

	if (seat->part)
		watch_all(seat->part);
}

static void part_start(struct dgram_part *part)
{
	for (size_t i = 0; i < part->n_sockets; i++) {
		struct dgram_socket *s = &part->sockets[i];

		event_assign(&s->event, worker_base(part->seat->worker),
			listener_fd(s->listener), EV_READ | EV_PERSIST,
			on_readable, s);
	}
	watch_all(part);
}

static void part_stop(struct dgram_part *part)
{
	for (size_t i = 0; part && i < part->n_sockets; i++)
		event_del(&part->sockets[i].event);
}

/* The hand-over. */

struct letter {
	struct mail mail;
	struct receiver_seat *seat;
	struct dgram_part *part; /* owned until run; may be NULL */
};

struct receive_change {
	struct receiver *receiver;
	struct receive_set *set;  /* owned; may be NULL */
	struct letter *letters[]; /* owned; one for each worker */
};

static void letter_free(struct mail *m)
{
	struct letter *letter = (struct letter *)m;

	part_free(letter->part);
	free(letter);
}

static void run_letter(struct mail *m, void *owner)
{
	struct letter *letter = (struct letter *)m;
	struct receiver_seat *seat = letter->seat;
	struct dgram_part *old = seat->part;

	part_stop(old);
	seat->part = letter->part;
	if (seat->part)
		part_start(seat->part);
	letter->part = old;
	letter_free(m);
}

/* How many sockets each worker has, and who has the fewest. */
static unsigned idlest(const unsigned *loads, unsigned n)
{
	unsigned best = n - 1; /* the first one has the acceptor */

	for (unsigned i = n - 1; i-- > 0;)
		if (loads[i] < loads[best])
			best = i;
	return best;
}

static const struct receive_entry *find_kept(
	const struct receive_set *old, const struct listener *l)
{
	for (size_t i = 0; old && i < old->n_entries; i++)
		if (old->entries[i].listener == l)
			return &old->entries[i];
	return NULL;
}

/* Sockets stay where they are; new ones go where there are fewest. */
static void spread(const struct receiver *r, struct receive_set *set)
{
	unsigned n = r->crew->n_workers, loads[WORKERS_MAX] = {0};
	const struct receive_entry *kept;

	for (size_t i = 0; i < set->n_entries; i++) {
		kept = find_kept(r->set, set->entries[i].listener);
		if (kept)
			loads[kept->worker]++;
	}
	for (size_t i = 0; i < set->n_entries; i++) {
		kept = find_kept(r->set, set->entries[i].listener);
		set->entries[i].worker = kept ? kept->worker : idlest(loads, n);
		loads[set->entries[i].worker] += !kept;
	}
}

static struct letter *letter_new(
	struct receiver_seat *seat, const struct receive_set *set)
{
	struct letter *letter = calloc(1, sizeof(*letter));

	if (!letter)
		return NULL;
	letter->mail.run = run_letter;
	letter->mail.free = letter_free;
	letter->seat = seat;
	if (part_new(&letter->part, seat, set)) {
		free(letter);
		return NULL;
	}
	return letter;
}

struct receive_change *receiver_prepare(
	struct receiver *r, struct receive_set *set)
{
	unsigned n = r->crew->n_workers;
	struct receive_change *change = calloc(
		1, sizeof(*change) + n * sizeof(change->letters[0]));

	if (!change) {
		receive_set_free(set);
		return NULL;
	}
	change->receiver = r;
	change->set = set;
	if (set)
		spread(r, set);
	for (unsigned i = 0; i < n; i++) {
		change->letters[i] = letter_new(&r->seats[i], set);
		if (!change->letters[i]) {
			receive_change_free(change);
			return NULL;
		}
	}
	return change;
}

void receiver_commit(struct receive_change *change)
{
	struct receiver *r = change->receiver;

	for (unsigned i = 0; i < r->crew->n_workers; i++)
		worker_post(r->crew->workers[i], &change->letters[i]->mail);
	receive_set_free(r->set);
	r->set = change->set;
	free(change);
}

void receive_change_free(struct receive_change *change)
{
	if (!change)
		return;
	for (unsigned i = 0; i < change->receiver->crew->n_workers; i++)
		if (change->letters[i])
			letter_free(&change->letters[i]->mail);
	receive_set_free(change->set);
	free(change);
}

/* Its own life. */

int receiver_new(struct receiver **ret, struct crew *crew)
{
	struct receiver *r = calloc(
		1, sizeof(*r) + crew->n_workers * sizeof(r->seats[0]));
	int err;

	if (!r)
		return -ENOMEM;
	r->crew = crew;
	pthread_mutex_init(&r->shared.lock, NULL);
	err = dgram_limit_init(&r->shared.limit);
	for (unsigned i = 0; i < crew->n_workers && !err; i++) {
		struct receiver_seat *seat = &r->seats[i];

		seat->receiver = r;
		seat->worker = crew->workers[i];
		evtimer_assign(&seat->again, worker_base(seat->worker),
			on_again, seat);
		seat->say = evtimer_new(
			worker_base(seat->worker), on_say, seat);
		err = seat->say ? 0 : -ENOMEM;
	}
	if (err) {
		receiver_free(r);
		return err;
	}
	*ret = r;
	return 0;
}

void receiver_free(struct receiver *r)
{
	if (!r)
		return;
	for (unsigned i = 0; i < r->crew->n_workers; i++) {
		part_stop(r->seats[i].part);
		if (r->seats[i].worker)
			evtimer_del(&r->seats[i].again);
		part_free(r->seats[i].part);
		if (r->seats[i].say)
			event_free(r->seats[i].say);
	}
	receive_set_free(r->set);
	dgram_limit_fini(&r->shared.limit);
	pthread_mutex_destroy(&r->shared.lock);
	free(r);
}
