/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_APP_PLAN_H
#define SOCKD_APP_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "net/listener.h"
#include "proto/proto.h"

struct accept_set;
struct config;
struct config_errors;
struct plan_wish;
struct receive_set;
struct service;

struct plan_listener {
	struct listener *listener; /* a reference */
	struct service *service;   /* borrowed from the plan */
	bool is_new;               /* not in the plan before */
	struct listener_settings settings;
};

/* A configuration made real: its services and their open listeners. A start
 * makes the first plan, a reload makes the next beside the old one, and only
 * when all of it stands is it put to work. One thread at a time. */
struct plan {
	struct config_ref *cfg;    /* a reference */
	char *runtime_dir;         /* owned; that of the start, for good */
	struct service **services; /* owned array of references */
	size_t n_services;
	bool *drained; /* owned; by service: takes nobody in until there is a
	                  new plan */
	struct plan_wish *wishes; /* owned array; what to open */
	size_t n_wishes;
	struct plan_listener *listeners; /* owned array */
	size_t n_listeners;
};

/* A configuration shared by a plan and the connections opened under it. */
struct config_ref;
/* Takes cfg, also on failure. NULL: out of memory. */
struct config_ref *config_ref_new(struct config *cfg);
struct config_ref *config_ref_ref(struct config_ref *ref); /* any thread */
void config_ref_unref(struct config_ref *ref); /* any thread; NULL is fine */
const struct config *config_ref_get(const struct config_ref *ref);

/* Looks up all that cfg (a reference of the caller's, taken also on failure)
 * names: addresses, groups. May block on name servers for as long as they
 * please. runtime_dir: that of the plan in force; NULL: cfg's. 0, or -errno
 * with the reason added to errors. */
int plan_new(struct plan **ret, struct config_ref *cfg, const char *runtime_dir,
	struct config_errors *errors);
/* Makes its services and opens its listeners, without looking anything up; what
 * `old` (may be NULL) has open and is still wanted is shared with it. Once. 0,
 * or -errno alike: then only plan_free() is left to do, which closes what was
 * opened. */
int plan_open(struct plan *plan, const struct plan *old,
	const struct proto_context *ctx, struct config_errors *errors);
void plan_free(struct plan *plan); /* NULL is fine */
/* Gives the listeners up: they close when acceptor and receiver let go of them
 * too. */
void plan_close_listeners(struct plan *plan);
/* The same for those of services that are marked as drained; the sets made from
 * the plan leave them out already. */
void plan_close_drained(struct plan *plan);
bool plan_has_service(const struct plan *plan, const char *name);
/* Whether service number i is one that tells how the daemon is. */
bool plan_is_monitor(const struct plan *plan, size_t i);
/* Whether any other service takes people in. */
bool plan_takes_in(const struct plan *plan);
/* Connections beyond the limit that may be open for as long as it takes to say
 * that there are too many. */
#define PLAN_REFUSALS 16

/* What the acceptor is to work by, for at most max_connections. NULL: out of
 * memory. */
struct accept_set *plan_accept_set(
	const struct plan *plan, uint32_t max_connections);
/* The same for datagrams and the receiver. */
struct receive_set *plan_receive_set(const struct plan *plan);
/* Gives the listeners that were kept their new settings; for when the plan is
 * in force. */
void plan_tune_kept(const struct plan *plan);
/* One line per new listener into the log. */
void plan_log_listeners(const struct plan *plan);

#endif
