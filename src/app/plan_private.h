/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_APP_PLAN_PRIVATE_H
#define SOCKD_APP_PLAN_PRIVATE_H

#include "app/plan.h"
#include "net/addr.h"

struct config_errors;
struct errmsg;
struct service_config;

/* What plan.c and plan_listen.c share. */

/* One entry of a service's `listen`, looked up. */
struct plan_wish {
	size_t service;      /* index into the configuration's and the plan's */
	const char *written; /* borrowed from the configuration */
	bool is_datagram;
	bool is_numeric;       /* no name that may stand for several */
	struct addrlist addrs; /* owned */
	struct listener_settings settings;
};

/* plan.c: adds an error that stands where the service's `listen` is. */
void plan_say(const struct plan *plan, const struct service_config *sc,
	const struct errmsg *msg, struct config_errors *errors);

/* plan_listen.c: fills plan->wishes; may block. 0 or -errno, said. */
int plan_look_up(struct plan *plan, struct config_errors *errors);
/* Fills plan->listeners. 0 or -errno, said. */
int plan_listen(struct plan *plan, const struct plan *old,
	struct config_errors *errors);

#endif
