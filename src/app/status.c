/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the service manager and the log hear of how we are. Changes of the
 * number of connections poke the main thread once; it says so at most every
 * 10 s and then waits for the next poke, so an idle daemon sleeps. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>

#include "app/config.h"
#include "app/notify.h"
#include "app/plan.h"
#include "app/server_private.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "net/mailbox.h"
#include "net/receiver.h"
#include "net/service.h"
#include "proto/chat_port.h"

#define STATUS_EVERY_MS 10000
#define WATCHDOG_PART   3 /* signs of life per watchdog interval */

const char *status_text(struct server *s, char *buf, size_t size)
{
	size_t members, rooms;

	chat_port_count(s->ctx.chat, &members, &rooms);
	snprintf(buf, size, "%u connections, %zu people in %zu rooms%s%s",
		atomic_load(&s->crew.n_conns), members, rooms,
		s->remark ? "; " : "", s->remark ? s->remark : "");
	return buf;
}

static void send_status(struct server *s)
{
	char buf[STATUS_LEN];

	atomic_store(&s->is_dirty, false);
	s->status_ms = clock_mono_ms();
	notify_status(status_text(s, buf, sizeof(buf)));
}

static void on_status_timer(evutil_socket_t fd, short what, void *arg)
{
	send_status(arg);
}

/* A poke: the stop may be over, or the status has changed. */
static void run_poke(struct mail *m, void *owner)
{
	struct server *s = owner;
	uint64_t now = clock_mono_ms();
	uint64_t due = s->status_ms + STATUS_EVERY_MS;
	struct timeval tv = {
		.tv_sec = due > now ? (time_t)((due - now) / 1000 + 1) : 0};

	free(m);
	if (atomic_load(&s->stopping)) {
		if (atomic_load(&s->crew.n_conns) == 0)
			event_base_loopbreak(s->base);
		return;
	}
	if (due <= now)
		send_status(s);
	else
		(void)event_add(s->status_timer, &tv);
}

static void poke_free(struct mail *m)
{
	free(m);
}

static void poke(struct server *s)
{
	struct mail *m = calloc(1, sizeof(*m));

	if (!m) { /* a stop has its deadline, a status the next change */
		atomic_store(&s->is_dirty, false);
		return;
	}
	m->run = run_poke;
	m->free = poke_free;
	if (mailbox_post(s->mailbox, m))
		mailbox_wake(s->mailbox);
}

void status_on_changed(void *arg)
{
	struct server *s = arg;

	if (atomic_load(&s->stopping)) {
		if (atomic_load(&s->crew.n_conns) == 0)
			poke(s);
		return;
	}
	trim_on_changed(s);
	if (notify_is_on() &&
		!atomic_load_explicit(&s->is_dirty, memory_order_relaxed) &&
		!atomic_exchange(&s->is_dirty, true))
		poke(s);
}

/* Only if every worker answered since the last time: a main thread that lives
 * would hide a worker that does not. */
static void on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;

	if (!crew_is_alive(&s->crew))
		return;
	notify_watchdog();
	crew_ping(&s->crew);
}

int status_start(struct server *s)
{
	uint64_t every_ms = notify_watchdog_ms() / WATCHDOG_PART;
	struct timeval tv = clock_timeval(every_ms);

	s->status_timer = evtimer_new(s->base, on_status_timer, s);
	if (!s->status_timer)
		return -ENOMEM;
	if (!every_ms)
		return 0;
	s->watchdog = event_new(s->base, -1, EV_PERSIST, on_watchdog, s);
	if (!s->watchdog || event_add(s->watchdog, &tv))
		return -ENOMEM;
	return 0;
}

void status_stop(struct server *s)
{
	if (s->status_timer)
		event_free(s->status_timer);
	if (s->watchdog)
		event_free(s->watchdog);
}

static void log_datagrams(struct server *s)
{
	struct receive_counts counts = receiver_counts(s->receiver);
	struct strbuf refused = {0};

	receive_counts_format(&counts, &refused);
	log_notice("status: datagrams received=%llu answered=%llu%s",
		(unsigned long long)counts.received,
		(unsigned long long)counts.answered,
		refused.data ? refused.data : "");
	strbuf_fini(&refused);
}

static void log_configuration(struct server *s)
{
	char when[CLOCK_LOCAL_LEN];

	log_notice("status: configuration file=%s since=%s last_reload=%s",
		s->src->file, clock_format_local(when, s->configured_ms),
		!s->remark            ? "none"
			: s->is_stale ? "failed"
				      : "good");
}

void status_log(struct server *s)
{
	char buf[STATUS_LEN];

	log_notice("status: %s", status_text(s, buf, sizeof(buf)));
	log_notice("status: up_secs=%llu accepted=%llu output_bytes=%llu "
		   "workers=%u max_connections=%u",
		(unsigned long long)((clock_mono_ms() - s->started_ms) / 1000),
		(unsigned long long)atomic_load(&s->crew.n_accepted),
		(unsigned long long)atomic_load(&s->crew.output_bytes),
		s->crew.n_workers, s->max_connections);
	log_configuration(s);
	log_datagrams(s);
	for (size_t i = 0; i < s->plan->n_services; i++)
		log_notice("status: service=%s connections=%u",
			s->plan->services[i]->name,
			atomic_load(&s->plan->services[i]->count->n_conns));
}
