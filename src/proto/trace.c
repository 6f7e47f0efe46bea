/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the small services received, for whoever debugs with log.level =
 * "debug". Worker threads. */
#include "proto/trace.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>

#include "base/log.h"
#include "base/str.h"
#include "net/addr.h"
#include "net/conn.h"
#include "net/dgram.h"
#include "net/service.h"

#define TRACE_MAX 80

static struct log_limit limit = {.burst = 50};

static void trace(const struct log_about *about, const void *data, size_t len)
{
	char from[ADDR_LEN + 16], more[LOG_LEFT_OUT_LEN];
	struct strbuf text = {0};
	uint64_t left_out;

	if (!log_limit_pass(&limit, &left_out))
		return;
	if (about->conn)
		snprintf(from, sizeof(from), "conn=%" PRIu64, about->conn);
	else
		snprintf(from, sizeof(from), "peer=%s", about->peer);
	str_escape(&text, data, len, TRACE_MAX);
	if (!text.failed)
		log_about(LOG_LEVEL_DEBUG, about,
			"received service=%s %s len=%zu data=\"%s\"%s",
			about->service, from, len, text.data ? text.data : "",
			log_left_out(more, left_out));
	strbuf_fini(&text);
}

void trace_data(struct conn *c, const void *data, size_t len)
{
	char peer[ADDR_LEN];
	struct log_about about = {.conn = conn_id(c)};

	if (!log_enabled(LOG_LEVEL_DEBUG))
		return;
	about.service = conn_service(c)->name;
	about.peer = conn_peer_text(c, peer);
	trace(&about, data, len);
}

void trace_datagram(const struct datagram *in)
{
	char peer[ADDR_LEN];
	struct log_about about = {.peer = peer};

	if (!log_enabled(LOG_LEVEL_DEBUG))
		return;
	about.service = in->service->name;
	addr_format(peer, in->from,
		in->from->sa_family == AF_INET ? sizeof(struct sockaddr_in)
					       : sizeof(struct sockaddr_in6));
	trace(&about, in->data, in->len);
}
