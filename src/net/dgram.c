/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Datagrams in, datagrams out: one recvmmsg(), the protocol for each of what
 * came, one sendmmsg(); a few times at most in a turn. The event is
 * level-triggered, so what is still there then comes in the loop's next turn,
 * after everybody else's.
 *
 *   recvmmsg -> may it come? -> protocol -> may it be answered? -> how often?
 *            -> sendmmsg
 *
 * An answer leaves from the address that was asked. A socket bound to one
 * address does that by itself; for one that has every address the kernel tells
 * of each datagram where it was sent to, and is told the same of the answer.
 *
 * Nothing waits: what the kernel does not take is counted and forgotten, as the
 * network would. Buffers belong to the batch, the batch to the worker's part.
 * On that worker's thread. */
#include "net/dgram.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/addr.h"
#include "net/banset.h"
#include "net/dgram_guard.h"
#include "net/dgram_private.h"
#include "net/listener.h"
#include "net/service.h"
#include "net/worker.h"

#define BATCH            32
#define BATCHES_PER_TURN 4
#define BYTES_PER_TURN   (256 * 1024) /* then no batch more */
#define DATAGRAM_MAX     65536
/* Not a multiple of a page: the first bytes of all would share a few lines of
 * the processor's cache. */
#define STRIDE (DATAGRAM_MAX + 128)

/* One datagram and its answer. */
struct slot {
	union dgram_addr from;
	struct dgram_asked asked;
	struct iovec room; /* in batch.data */
	/* As it came, then for the answer. */
	_Alignas(struct cmsghdr) char control[DGRAM_CONTROL_LEN];
	struct datagram_answer answer;
};

struct dgram_batch {
	struct mmsghdr in[BATCH], out[BATCH];
	struct slot slots[BATCH];
	unsigned answered[BATCH]; /* the slots whose answers go out */
	struct {
		unsigned answered;
		unsigned refused[DGRAM_N_REFUSALS];
	} tally;    /* of this turn */
	char *data; /* owned; a page of it is in use unless datagrams are long */
};

/* Makes the first n places ready to receive again. */
static void make_ready(struct dgram_batch *b, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct msghdr *m = &b->in[i].msg_hdr;

		m->msg_namelen = sizeof(b->slots[i].from);
		m->msg_controllen = DGRAM_CONTROL_LEN;
	}
}

struct dgram_batch *dgram_batch_new(void)
{
	struct dgram_batch *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->data = malloc((size_t)BATCH * STRIDE);
	if (!b->data) {
		free(b);
		return NULL;
	}
	for (unsigned i = 0; i < BATCH; i++) {
		struct slot *slot = &b->slots[i];

		slot->room = (struct iovec){
			b->data + (size_t)i * STRIDE, DATAGRAM_MAX};
		b->in[i].msg_hdr = (struct msghdr){
			.msg_name = &slot->from,
			.msg_iov = &slot->room,
			.msg_iovlen = 1,
			.msg_control = slot->control,
		};
	}
	make_ready(b, BATCH);
	return b;
}

void dgram_batch_free(struct dgram_batch *b)
{
	if (b)
		free(b->data);
	free(b);
}

/* What is refused. */

static struct log_limit refused_limit = {.burst = 50};

static void log_refused(const struct dgram_socket *s, const struct slot *slot,
	enum dgram_refusal why)
{
	char peer[ADDR_LEN], more[LOG_LEFT_OUT_LEN];
	uint64_t left_out;
	struct log_about about = {.service = s->service->name, .peer = peer};

	if (!log_limit_pass(&refused_limit, &left_out))
		return;
	addr_format(peer, &slot->from.sa,
		slot->from.sa.sa_family == AF_INET ? sizeof(slot->from.in)
						   : sizeof(slot->from.in6));
	log_about(LOG_LEVEL_DEBUG, &about,
		"not answered service=%s peer=%s reason=%s%s", about.service,
		peer, dgram_refusal_names[why], log_left_out(more, left_out));
}

static void refuse(const struct dgram_socket *s, const struct slot *slot,
	enum dgram_refusal why)
{
	s->part->batch->tally.refused[why]++;
	if (log_enabled(LOG_LEVEL_DEBUG))
		log_refused(s, slot, why);
}

/* The answers of one turn. */

static size_t answer_len(const struct datagram_answer *answer)
{
	size_t len = 0;

	for (unsigned i = 0; i < answer->n_parts; i++)
		len += answer->parts[i].iov_len;
	return len;
}

/* Fills in->to. False: it is not known. */
static bool find_asked(const struct dgram_socket *s, struct slot *slot,
	struct msghdr *m, struct datagram *in)
{
	const struct addr *bound = listener_addr(s->listener);

	in->to = &bound->sa;
	slot->asked.to_many = false;
	if (!s->has_every_address)
		return true;
	if (!dgram_read_asked(&slot->asked, m))
		return false;
	slot->asked.to.in.sin_port = bound->in.sin_port;
	in->to = &slot->asked.to.sa;
	return true;
}

static bool is_banned(const struct dgram_socket *s, const struct slot *slot)
{
	const struct banset *bans = worker_bans(s->part->worker);

	return bans && banset_find(bans, &slot->from.sa, clock_wall_ms());
}

/* True if the slot's answer may go, as far as this datagram tells. */
static bool answer_one(
	const struct dgram_socket *s, struct slot *slot, struct mmsghdr *m)
{
	struct datagram in = {
		.service = s->service,
		.data = slot->room.iov_base,
		.len = m->msg_len,
		.from = &slot->from.sa,
		.worker = s->part->worker,
	};
	enum dgram_refusal why = DGRAM_FAILED;

	if (find_asked(s, slot, &m->msg_hdr, &in) &&
		!(m->msg_hdr.msg_flags & MSG_TRUNC))
		why = is_banned(s, slot) ? DGRAM_BANNED : dgram_may_come(&in);
	if (why == DGRAM_ANSWERED) {
		slot->answer.n_parts = 0;
		if (!s->service->type->datagram(&in, &slot->answer))
			return false;
		why = dgram_may_answer(
			&in, answer_len(&slot->answer), &s->part->own);
	}
	if (why == DGRAM_ANSWERED && slot->asked.to_many)
		why = DGRAM_GROUP;
	if (why != DGRAM_ANSWERED)
		refuse(s, slot, why);
	return why == DGRAM_ANSWERED;
}

static unsigned answer_all(const struct dgram_socket *s, unsigned n_received)
{
	struct dgram_batch *b = s->part->batch;
	unsigned n = 0;

	for (unsigned i = 0; i < n_received; i++)
		if (answer_one(s, &b->slots[i], &b->in[i]))
			b->answered[n++] = i;
	return n;
}

/* Of the first n answers those whose addresses were not sent too much. */
static unsigned limit_answers(const struct dgram_socket *s, unsigned n)
{
	struct dgram_part *p = s->part;
	struct dgram_batch *b = p->batch;
	uint64_t now_ms;
	unsigned kept = 0;

	if (p->answers.count == 0)
		return n;
	now_ms = clock_mono_ms();
	pthread_mutex_lock(&p->shared->lock);
	for (unsigned i = 0; i < n; i++) {
		const struct slot *slot = &b->slots[b->answered[i]];

		if (dgram_limit_take(&p->shared->limit, &slot->from.sa,
			    &p->answers, now_ms))
			b->answered[kept++] = b->answered[i];
		else
			refuse(s, slot, DGRAM_RATE);
	}
	pthread_mutex_unlock(&p->shared->lock);
	return kept;
}

static void address_answers(const struct dgram_socket *s, unsigned n)
{
	struct dgram_batch *b = s->part->batch;

	for (unsigned i = 0; i < n; i++) {
		unsigned at = b->answered[i];
		struct slot *slot = &b->slots[at];
		struct msghdr *out = &b->out[i].msg_hdr;

		*out = (struct msghdr){
			.msg_name = &slot->from,
			.msg_namelen = b->in[at].msg_hdr.msg_namelen,
			.msg_iov = slot->answer.parts,
			.msg_iovlen = slot->answer.n_parts,
		};
		if (!s->has_every_address)
			continue;
		out->msg_control = slot->control;
		dgram_put_asked(&slot->asked, out);
	}
}

/* The kernel has no room for more now, whoever it is for. */
static bool is_full(int err)
{
	return err == EAGAIN || err == ENOBUFS || err == ENOMEM;
}

static void send_answers(const struct dgram_socket *s, unsigned n)
{
	struct dgram_batch *b = s->part->batch;
	int fd = listener_fd(s->listener);
	unsigned i = 0;

	while (i < n) {
		int sent = sendmmsg(fd, b->out + i, n - i, MSG_DONTWAIT);
		unsigned failed = sent < 0 && is_full(errno) ? n - i : 1;

		if (sent > 0) {
			i += (unsigned)sent;
			b->tally.answered += (unsigned)sent;
		} else if (errno != EINTR) {
			for (; failed > 0; failed--)
				refuse(s, &b->slots[b->answered[i++]],
					DGRAM_FAILED);
		}
	}
}

/* Adds the turn's tally to the sums. True if something was refused. */
static bool account(struct dgram_part *p)
{
	struct dgram_shared *sums = p->shared;
	struct dgram_batch *b = p->batch;
	bool any = false;

	atomic_fetch_add_explicit(
		&sums->answered, b->tally.answered, memory_order_relaxed);
	for (int i = 0; i < DGRAM_N_REFUSALS; i++) {
		if (!b->tally.refused[i])
			continue;
		any = true;
		atomic_fetch_add_explicit(&sums->refused[i],
			b->tally.refused[i], memory_order_relaxed);
	}
	memset(&b->tally, 0, sizeof(b->tally));
	return any;
}

/* One call's worth. How much came; 0: nothing more. */
static unsigned serve_batch(struct dgram_socket *s, size_t *ret_bytes)
{
	struct dgram_batch *b = s->part->batch;
	int n = recvmmsg(
		listener_fd(s->listener), b->in, BATCH, MSG_DONTWAIT, NULL);
	unsigned n_answers;

	/* A network's error was told here, and is over with that. */
	if (n <= 0)
		return 0;
	for (int i = 0; i < n; i++)
		*ret_bytes += b->in[i].msg_len;
	/* Before anybody can see that it was. */
	atomic_fetch_add_explicit(
		&s->part->shared->received, (unsigned)n, memory_order_relaxed);
	n_answers = limit_answers(s, answer_all(s, (unsigned)n));
	address_answers(s, n_answers);
	send_answers(s, n_answers);
	make_ready(b, (unsigned)n);
	return (unsigned)n;
}

/* Where many come, more came meanwhile, and to ask for them costs less than a
 * turn of the loop; one that comes alone is mostly the only one. */
bool dgram_serve(struct dgram_socket *s)
{
	size_t bytes = 0;

	for (int i = 0; i < BATCHES_PER_TURN && bytes < BYTES_PER_TURN; i++)
		if (serve_batch(s, &bytes) < 2)
			break;
	return account(s->part);
}
