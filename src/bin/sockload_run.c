/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The course of a run, the same for every kind of load:
 *
 *	CONNECTING -> WARMING -> MEASURING -> DRAINING -> DONE
 *
 * Connections are opened a few at a time, each next one as another is ready.
 * When all are, the mode's lanes are pumped; what comes back pumps them again.
 * The measured time begins after the warm-up and ends with the time, the count
 * or the server's processor time that was asked for. Figures are taken at that
 * moment; what is still on its way is awaited only to see whether it comes.
 * A run in which nothing moves for the time of patience is over.
 *
 * At a fixed rate a timer wakes for each message that falls due. A mode that
 * holds measures memory once all are ready and it has stopped growing.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/errmsg.h"
#include "sockload.h"
#include "sockload_payload.h"
#include "sockload_report.h"
#include "sockload_target.h"

#define TICK_US      10000
#define HOLD_US      200000 /* between two looks at the server's memory */
#define OPEN_AT_ONCE 64     /* connections that are not ready yet */

void load_fail(struct load *l, int exit_code, const char *fmt, ...)
{
	va_list ap;

	if (l->phase == LOAD_DONE)
		return; /* the first reason is the one that helps */
	report_progress_end(l);
	fputs("sockload: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	l->phase = LOAD_DONE;
	l->exit_code = exit_code;
	event_base_loopbreak(l->base);
}

static void finish(struct load *l)
{
	l->phase = LOAD_DONE;
	event_base_loopbreak(l->base);
}

static void end_measuring(struct load *l)
{
	if (l->phase != LOAD_MEASURING)
		return;
	l->ended_us = clock_mono_us();
	l->cpu_ns = server_cpu_ns(&l->server) - l->cpu_ns;
	l->phase = LOAD_DRAINING;
	if (l->opt->mode->holds || l->opt->mode->is_drained(l))
		finish(l);
}

static void begin_measuring(struct load *l, uint64_t now)
{
	l->phase = LOAD_MEASURING;
	l->ops = l->bytes = l->ops_before = l->moved_ops = 0;
	hist_clear(&l->latency);
	l->began_us = now;
	l->cpu_ns = server_cpu_ns(&l->server);
}

/* Tells the mode of every message that fell due, a lane once at most. */
static void pump_due(struct load *l)
{
	uint64_t now = clock_mono_us();
	uint64_t due = pace_due_all(&l->pace, now);
	uint64_t n = due - l->pace_seen;

	if (n > l->pace.n_lanes)
		n = l->pace.n_lanes;
	for (uint64_t i = due - n; i < due && l->phase != LOAD_DONE; i++)
		l->opt->mode->pump(l, (uint32_t)(i % l->pace.n_lanes), now);
	l->pace_seen = due;
}

static void on_pacer(evutil_socket_t fd, short what, void *arg)
{
	struct load *l = arg;

	if (l->phase != LOAD_WARMING && l->phase != LOAD_MEASURING)
		return;
	pump_due(l);
	uint64_t next = pace_time_all(&l->pace, l->pace_seen);
	uint64_t now = clock_mono_us(), wait = next > now ? next - now : 1;
	struct timeval tv = {
		(time_t)(wait / 1000000), (suseconds_t)(wait % 1000000)};
	event_add(&l->pacer, &tv);
}

static void start_work(struct load *l)
{
	uint64_t now = clock_mono_us();

	l->phase = LOAD_WARMING;
	l->moved_us = now;
	l->warm_us = now + l->opt->warm_up_ms * 1000;
	if (l->opt->warm_up_ms == 0)
		begin_measuring(l, now);
	if (l->opt->mode->holds)
		return;
	l->pace.start_us = now;
	if (l->opt->rate) {
		on_pacer(-1, 0, l);
		return;
	}
	for (uint32_t i = 0; i < l->pace.n_lanes; i++)
		l->opt->mode->pump(l, i, now);
}

static void open_more(struct load *l)
{
	while (l->phase == LOAD_CONNECTING && l->n_opened < l->n_conns &&
		l->n_opened - l->n_ready < OPEN_AT_ONCE) {
		int r = l->opt->mode->open(l, l->n_opened);
		if (r == -EAGAIN)
			return; /* the next tick tries again */
		if (r < 0)
			load_refused(l, l->n_opened, l->target, -r);
		l->n_opened++;
	}
}

void load_ready(struct load *l)
{
	l->was_connected = true;
	l->n_ready++;
	l->n_live++;
	l->moved_us = clock_mono_us();
	if (l->n_ready < l->n_conns)
		open_more(l);
	else if (l->phase == LOAD_CONNECTING && !l->opt->mode->holds)
		start_work(l);
}

void load_gone(struct load *l)
{
	if (l->phase == LOAD_CONNECTING)
		load_fail(l, EX_PROTOCOL, "that was before the work began");
	if (--l->n_live == 0 && l->phase != LOAD_DONE) {
		end_measuring(l);
		finish(l);
	}
}

void load_lost(struct load *l, uint32_t conn, int err, const char *what)
{
	if (l->phase == LOAD_DONE)
		return;
	if (l->phase == LOAD_CONNECTING) {
		load_fail(l, EX_UNAVAILABLE,
			"connection %u of %u was closed by the server%s%s%s",
			conn, l->n_conns, err ? ": " : "",
			err ? strerror(err) : "", what);
		return;
	}
	fault_add(&l->faults, FAULT_CLOSED, 1,
		"connection %u was closed by the server%s%s%s", conn,
		err ? ": " : "", err ? strerror(err) : "", what);
	load_gone(l);
}

static void explain_refusal(struct load *l, uint32_t conn, int err)
{
	char to[ADDR_LEN];
	const struct addr *a = &l->targets[l->target];
	const char *hint = "";

	if (err == EMFILE || err == ENFILE)
		hint = ": the descriptor limit is reached; raise it with "
		       "`ulimit -n`";
	else if (err == EADDRNOTAVAIL)
		hint = ": no local port is free; give more --sources";
	load_fail(l, err == EMFILE || err == ENFILE ? EX_OSERR : EX_UNAVAILABLE,
		"connection %u to %s: %s%s", conn,
		addr_format(to, &a->sa, a->len), strerror(err), hint);
}

void load_refused(struct load *l, uint32_t conn, size_t target, int err)
{
	bool is_current = target == l->target;

	if (l->was_connected || (is_current && l->target + 1 == l->n_targets)) {
		explain_refusal(l, conn, err);
		return;
	}
	if (is_current)
		l->target++;
	int r = l->opt->mode->open(l, conn);
	if (r < 0)
		load_refused(l, conn, l->target, -r);
}

bool load_issue(struct load *l)
{
	if (l->phase != LOAD_WARMING && l->phase != LOAD_MEASURING)
		return false;
	if (l->opt->count && l->issued == l->opt->count)
		return false;
	l->issued++;
	return true;
}

void load_count(struct load *l, uint64_t latency_us, uint64_t bytes)
{
	if (l->phase == LOAD_DRAINING)
		return;
	l->ops++;
	l->bytes += bytes;
	hist_add(&l->latency, latency_us);
}

void load_stream(struct load *l, uint64_t bytes)
{
	if (l->phase == LOAD_DRAINING)
		return;
	l->bytes += bytes;
	l->ops = l->bytes >> 20;
	if (l->opt->count && l->ops >= l->opt->count)
		end_measuring(l);
}

void load_finish(struct load *l)
{
	l->finished++;
	if (l->opt->count && l->finished == l->opt->count)
		end_measuring(l);
}

/* Memory is measured when it no longer grows from one look to the next. */
static void hold(struct load *l, uint64_t now)
{
	if (l->phase != LOAD_CONNECTING || l->n_ready < l->n_conns ||
		now - l->rss_us < HOLD_US)
		return;
	l->rss_us = now;
	uint64_t rss = server_rss(&l->server);
	if (l->server.pid && rss != l->rss_after) {
		l->rss_after = rss;
		return;
	}
	start_work(l);
	report_progress_end(l);
	report_print(l);
}

static bool is_time_up(const struct load *l, uint64_t now)
{
	if (l->phase != LOAD_MEASURING)
		return false;
	if (l->opt->time_ms && now - l->began_us >= l->opt->time_ms * 1000)
		return true;
	return l->opt->until_cpu_ms &&
		server_cpu_ns(&l->server) - l->cpu_ns >=
		l->opt->until_cpu_ms * 1000000;
}

/* Nothing came for as long as patience lasts, though something should. */
static void give_up(struct load *l)
{
	if (l->phase == LOAD_CONNECTING) {
		load_fail(l, EX_UNAVAILABLE,
			"only %u of %u connections became ready; nothing "
			"moved for %.1f s",
			l->n_ready, l->n_conns,
			(double)l->opt->patience_ms / 1000);
		return;
	}
	if (l->phase == LOAD_WARMING)
		begin_measuring(l, clock_mono_us());
	l->opt->mode->name_missing(l);
	end_measuring(l);
	if (l->phase != LOAD_DONE)
		finish(l);
}

static void watch_movement(struct load *l, uint64_t now)
{
	bool waits = l->phase == LOAD_CONNECTING
		? l->n_ready < l->n_conns
		: !l->opt->mode->holds && !l->opt->mode->is_drained(l);
	uint64_t moved = l->finished + l->ops + l->bytes;

	if (!waits || l->moved_ops != moved) {
		l->moved_ops = moved;
		l->moved_us = now;
	} else if (now - l->moved_us >= l->opt->patience_ms * 1000) {
		give_up(l);
	}
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct load *l = arg;
	uint64_t now = clock_mono_us();

	open_more(l);
	if (l->opt->mode->holds)
		hold(l, now);
	if (l->phase == LOAD_WARMING && now >= l->warm_us)
		begin_measuring(l, now);
	if (is_time_up(l, now))
		end_measuring(l);
	if (l->phase == LOAD_DRAINING && l->opt->mode->is_drained(l))
		finish(l);
	if (l->phase != LOAD_DONE)
		watch_movement(l, now);
	if (l->phase != LOAD_DONE && now - l->progress_us >= 1000000) {
		report_progress(l, now);
		l->progress_us = now;
		l->ops_before = l->ops;
	}
}

static void on_signal(evutil_socket_t fd, short what, void *arg)
{
	struct load *l = arg;

	if (l->phase == LOAD_CONNECTING)
		load_fail(l, EX_UNAVAILABLE,
			"interrupted with %u of %u connections ready",
			l->n_ready, l->n_conns);
	else if (l->phase == LOAD_MEASURING)
		end_measuring(l);
	else
		finish(l);
}

static int prepare(struct load *l)
{
	struct errmsg msg = {""};
	int r = server_init(&l->server, (pid_t)l->opt->pid, &msg);

	if (r == 0)
		r = target_resolve(
			l->opt->address, &l->targets, &l->n_targets, &msg);
	if (r < 0) {
		fprintf(stderr, "sockload: %s\n", msg.text);
		return r == -ENOENT ? EX_NOHOST : EX_USAGE;
	}
	r = l->opt->mode->prepare(l);
	if (r == 0)
		r = target_raise_descriptors(
			l->n_conns ? l->n_conns : l->pace.n_lanes, &msg);
	else
		errmsg_set(&msg, -r, "%s", strerror(-r));
	if (r < 0)
		fprintf(stderr, "sockload: %s\n", msg.text);
	return r < 0 ? EX_OSERR : 0;
}

static int start_loop(struct load *l)
{
	struct timeval tick = {0, TICK_US};
	struct event_config *cfg = event_config_new();

	if (!cfg)
		return -ENOMEM;
	if (l->opt->rate)
		event_config_set_flag(cfg, EVENT_BASE_FLAG_PRECISE_TIMER);
	l->base = event_base_new_with_config(cfg);
	event_config_free(cfg);
	if (!l->base)
		return -ENOMEM;
	event_assign(&l->tick, l->base, -1, EV_PERSIST, on_tick, l);
	event_assign(&l->pacer, l->base, -1, 0, on_pacer, l);
	evsignal_assign(&l->on_int, l->base, SIGINT, on_signal, l);
	evsignal_assign(&l->on_term, l->base, SIGTERM, on_signal, l);
	if (event_add(&l->tick, &tick) < 0 || event_add(&l->on_int, NULL) < 0 ||
		event_add(&l->on_term, NULL) < 0)
		return -ENOMEM;
	return 0;
}

/* Waking a process that sleeps costs whoever sends to it a good part of a
 * write, and whether we sleep depends on who happens to be a little faster. So
 * a busy load asks for input over and over instead. */
static void run_loop(struct load *l)
{
	if (!l->opt->busy) {
		event_base_dispatch(l->base);
		return;
	}
	while (event_base_loop(l->base, EVLOOP_NONBLOCK) == 0 &&
		!event_base_got_break(l->base))
		;
}

static int work(struct load *l)
{
	if (start_loop(l) < 0) {
		fputs("sockload: no event loop\n", stderr);
		return EX_OSERR;
	}
	l->rss_before = l->opt->mode->holds ? server_rss(&l->server) : 0;
	l->moved_us = l->progress_us = clock_mono_us();
	open_more(l);
	if (l->n_conns == 0)
		start_work(l);
	if (l->phase != LOAD_DONE)
		run_loop(l);
	report_progress_end(l);
	if (l->exit_code)
		return l->exit_code;
	if (l->opt->mode->conclude)
		l->opt->mode->conclude(l);
	if (!l->opt->mode->holds)
		report_print(l);
	return faults_total(&l->faults) ? EX_PROTOCOL : 0;
}

int load_run(struct load *l, const struct load_options *opt)
{
	uint64_t seed = clock_mono_us() / 1000 + (uint64_t)getpid();

	memset(l, 0, sizeof(*l));
	l->opt = opt;
	for (int i = 0; i < 3; i++, seed /= 26)
		l->run_name[i] = (char)('a' + seed % 26);
	payload_init();
	l->scratch = malloc(LOAD_SCRATCH);
	int code = l->scratch ? prepare(l) : EX_OSERR;
	if (code == 0) {
		code = work(l);
		l->phase = LOAD_DONE;
		opt->mode->fini(l);
	}
	if (l->base)
		event_base_free(l->base);
	faults_fini(&l->faults);
	free(l->targets);
	free(l->scratch);
	return code;
}
