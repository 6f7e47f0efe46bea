/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Gives memory back after a crowd has left. What thousands of connections took
 * is free then, but the allocator keeps it: here and there a few bytes between
 * are still in use, and it only cuts from the end. So when half of those are
 * gone that were there at the most, it is asked to give back whole pages from
 * everywhere, a second later, since many may be about to leave. That holds up
 * who allocates at the moment for a millisecond or so, in a quiet time.
 *
 * Main thread, but for trim_on_changed(). */
#include <errno.h>
#include <stddef.h>

#include <event2/event.h>

#include "app/server_private.h"
#include "base/clock.h"
#include "base/process.h"

#define CROWD   64 /* connections: fewer are not worth it */
#define WAIT_MS 1000

static struct server *server_of(struct mail *m)
{
	return (struct server *)(void *)((char *)m -
		offsetof(struct server, trim.mail));
}

static bool has_shrunk(struct server *s)
{
	unsigned peak = atomic_load_explicit(
		&s->trim.peak, memory_order_relaxed);

	return peak >= CROWD && atomic_load(&s->crew.n_conns) <= peak / 2;
}

static void on_time(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;

	if (has_shrunk(s))
		process_trim();
	atomic_store(&s->trim.peak, atomic_load(&s->crew.n_conns));
	atomic_store(&s->trim.is_asked, false);
}

/* Without memory for the timer the next change asks again. */
static void run_mail(struct mail *m, void *owner)
{
	const struct timeval wait = clock_timeval(WAIT_MS);
	struct server *s = server_of(m);

	if (event_add(s->trim.timer, &wait))
		atomic_store(&s->trim.is_asked, false);
}

static void mail_free(struct mail *m)
{
}

void trim_on_changed(struct server *s)
{
	unsigned n = atomic_load(&s->crew.n_conns);

	if (n > atomic_load_explicit(&s->trim.peak, memory_order_relaxed)) {
		atomic_store_explicit(&s->trim.peak, n, memory_order_relaxed);
		return;
	}
	if (!has_shrunk(s) || atomic_exchange(&s->trim.is_asked, true))
		return;
	s->trim.mail.run = run_mail;
	s->trim.mail.free = mail_free;
	if (mailbox_post(s->mailbox, &s->trim.mail))
		mailbox_wake(s->mailbox);
}

int trim_start(struct server *s)
{
	s->trim.timer = evtimer_new(s->base, on_time, s);
	return s->trim.timer ? 0 : -ENOMEM;
}

void trim_stop(struct server *s)
{
	if (s->trim.timer)
		event_free(s->trim.timer);
}
