/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_APP_CONTROL_WATCH_H
#define SOCKD_APP_CONTROL_WATCH_H

#include <stdbool.h>

struct control_watch;
struct server;

/* Who watches what happens, through the control socket. Main thread. */

/* A reload is over: those who watch events are told. */
void control_watch_reloaded(struct server *s, bool is_ok);
/* After the workers and the server's mailbox. NULL is fine. */
void control_watch_free(struct control_watch *watch);

#endif
