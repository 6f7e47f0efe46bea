/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_APP_CONTROL_NEWS_H
#define SOCKD_APP_CONTROL_NEWS_H

#include <stdbool.h>

struct control_news;
struct server;

/* Who watches what happens, through the control socket. Main thread. */

/* A reload is over: those who watch events are told. */
void control_news_reloaded(struct server *s, bool is_ok);
/* After the workers and the server's mailbox. NULL is fine. */
void control_news_free(struct control_news *watch);

#endif
