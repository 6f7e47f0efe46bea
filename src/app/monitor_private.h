/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_APP_MONITOR_PRIVATE_H
#define SOCKD_APP_MONITOR_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "app/monitor.h"

struct service;

/* What monitor.c and monitor_page.c share. */

/* A service that listens. */
struct monitor_service {
	struct service *service;             /* a reference */
	bool transports[METRICS_TRANSPORTS]; /* it listens so */
	bool has_datagrams;                  /* or for those */
};

struct monitor {
	struct proto_monitor face; /* first: the monitor is found by it */
	struct monitor_sources from;
	int64_t start_ms; /* since 1970 */
	atomic_int state; /* enum monitor_state */
	atomic_uint max_connections;
	atomic_bool reload_ok;
	_Atomic int64_t reload_ms; /* of the last that took effect */
	_Atomic int64_t state_ms;  /* since 1970; 0: there is none */
	_Atomic uint64_t state_bytes, state_failures;
	pthread_mutex_t lock;             /* of these: */
	struct monitor_service *services; /* owned */
	size_t n_services;
};

/* monitor_page.c: the functions of the face. */
void monitor_page(const struct proto_monitor *face, enum metrics_format format,
	const struct process_figures *process, struct strbuf *out);

#endif
