/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Idle: connections that do nothing, to see what one costs in memory. With a
 * preset each joins a room first. What the server says to them is read and
 * thrown away, as a client that does not read would be measured too.
 */
#include <errno.h>
#include <stdlib.h>

#include "sockload.h"
#include "sockload_session.h"

struct idle {
	struct session *sessions; /* owned */
};

static int idle_prepare(struct load *l)
{
	uint32_t n = (uint32_t)l->opt->connections;
	struct idle *idle = calloc(1, sizeof(*idle));

	l->state = idle;
	if (!idle)
		return -ENOMEM;
	idle->sessions = calloc(n, sizeof(*idle->sessions));
	if (!idle->sessions)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		idle->sessions[i].room = (uint32_t)(i % l->opt->rooms);
	l->n_conns = n;
	l->pace.n_lanes = 1;
	return 0;
}

static void on_ready(struct session *s)
{
	load_ready(s->link.load);
}

static void on_line(struct session *s, const char *line, size_t len)
{
	session_note(s, line, len);
}

static void on_ended(struct session *s)
{
}

static const struct session_ops session_ops = {
	.ready = on_ready,
	.line = on_line,
	.ended = on_ended,
};

static int idle_open(struct load *l, uint32_t conn)
{
	struct idle *idle = l->state;

	return session_open(&idle->sessions[conn], l, conn, &session_ops);
}

static void idle_pump(struct load *l, uint32_t lane, uint64_t now_us)
{
}

static bool idle_is_drained(const struct load *l)
{
	return true;
}

static void idle_name_missing(struct load *l)
{
}

static void idle_fini(struct load *l)
{
	struct idle *idle = l->state;

	for (uint32_t i = 0; i < l->n_conns; i++)
		session_fini(&idle->sessions[i]);
	free(idle->sessions);
	free(idle);
}

const struct load_mode mode_idle = {
	.name = "idle",
	.summary = "hold connections, tell what one costs in memory",
	.unit = "connections",
	.holds = true,
	.prepare = idle_prepare,
	.open = idle_open,
	.pump = idle_pump,
	.is_drained = idle_is_drained,
	.name_missing = idle_name_missing,
	.fini = idle_fini,
};
