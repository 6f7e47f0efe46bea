/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_APP_RELOAD_H
#define SOCKD_APP_RELOAD_H

#include <stdbool.h>

struct config_errors;
struct config_ref;
struct reload;
struct server;
struct verdict;

/* Reading the configuration anew while everything goes on. Main thread. */

/* Told once what a reload came to; v is borrowed for the call. */
typedef void (*reload_fn)(const struct verdict *v, void *arg);

/* Fills s->reload. start: the configuration that the daemon starts with (a
 * reference is taken). 0 or -ENOMEM. */
int reload_new(struct server *s, struct config_ref *start);
/* All of the configuration applies or none. During a reload this asks for one
 * more after it. done (may be NULL) is called from the loop, or by
 * reload_stop(), never from here unless no thread can be had. 0, or -errno and
 * nothing happens. */
int reload_ask(struct server *s, reload_fn done, void *arg);
/* What a reload would change; opens nothing. done alike. One at a time, so that
 * those who only look never hold up a reload: else -EBUSY. */
int reload_try(struct server *s, reload_fn done, void *arg);
/* While it is, the plan in force must stay as it is. */
bool reload_is_running(const struct server *s);
/* For the end, when s->stopping is set: tells whoever waits that there is none
 * any more, and closes what was opened for it. */
void reload_stop(struct server *s);
void reload_free(struct reload *r); /* NULL is fine */
/* Errors and warnings into the log, a line each; of a start, too. */
void reload_log_findings(const struct config_errors *errors);

#endif
