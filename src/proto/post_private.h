/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_PROTO_POST_PRIVATE_H
#define SOCKD_PROTO_POST_PRIVATE_H

#include <stdbool.h>

#include "chat/settings.h"

struct datagram;
struct datagram_answer;
struct post_lines;
struct service;

/* What post.c and post_datagram.c share. */

struct post_options {
	char *room; /* "": chat.room */
	char *nick; /* "": the user's name, or that of the service */
	struct flood_settings flood;
};

/* post.c: who speaks where nobody else is known; borrowed from svc. */
const char *post_service_nick(const struct service *svc);
/* Who says the lines, and where. */
void post_fill_in(struct post_lines *lines, const struct service *svc,
	const char *nick, bool is_user);

/* post_datagram.c: conn_type.datagram */
bool post_datagram(const struct datagram *in, struct datagram_answer *out);

#endif
