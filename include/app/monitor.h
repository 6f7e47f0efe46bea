/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_APP_MONITOR_H
#define SOCKD_APP_MONITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/monitor.h"

struct acceptor;
struct chat_port;
struct crew;
struct monitor;
struct plan;
struct receiver;

/* What can be read of the daemon while it runs: its counters, whether it is
 * ready, what came of the last reload. The main thread sets, any thread reads. */

enum monitor_state {
	MONITOR_STARTING,
	MONITOR_READY,
	MONITOR_DRAINING, /* takes nobody new, but may do so again */
	MONITOR_STOPPING,
};

/* What it reads from; all borrowed, and there as long as a worker runs. */
struct monitor_sources {
	struct crew *crew;
	const struct acceptor *acceptor;
	struct receiver *receiver;
	struct chat_port *chat;
};

int monitor_new(struct monitor **ret,
	const struct monitor_sources *from); /* or -errno */
void monitor_free(struct monitor *m);        /* NULL is fine */
/* For protocols; lives as long as m. */
const struct proto_monitor *monitor_face(const struct monitor *m);

void monitor_set_state(struct monitor *m, enum monitor_state state);
/* The services of plan are shown from here on, and so is their limit. 0 or
 * -ENOMEM: those before are. */
int monitor_set_plan(
	struct monitor *m, const struct plan *plan, uint32_t max_connections);
/* The state of the chat was written then, or read that was written then, or it
 * could not be written. */
void monitor_note_state(struct monitor *m, int64_t wall_ms, size_t len);
void monitor_note_state_failure(struct monitor *m);
/* The configuration was read, now: it took effect or not. */
void monitor_note_reload(struct monitor *m, bool took_effect);

#endif
