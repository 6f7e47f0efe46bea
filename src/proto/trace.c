/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the small services received, for whoever debugs with log.level =
 * "debug". Worker threads. */
#include "proto/trace.h"

#include "base/log.h"
#include "base/str.h"
#include "net/addr.h"
#include "net/conn.h"
#include "net/service.h"

#define TRACE_MAX 80

static struct log_limit limit = {.burst = 50};

void trace_data(struct conn *c, const void *data, size_t len)
{
	char peer[ADDR_LEN], more[LOG_LEFT_OUT_LEN];
	struct strbuf text = {0};
	uint64_t left_out;
	struct log_about about = {.conn = conn_id(c)};

	if (!log_enabled(LOG_LEVEL_DEBUG) || !log_limit_pass(&limit, &left_out))
		return;
	about.service = conn_service(c)->name;
	about.peer = conn_peer_text(c, peer);
	str_escape(&text, data, len, TRACE_MAX);
	if (!text.failed && text.data)
		log_about(LOG_LEVEL_DEBUG, &about,
			"received service=%s conn=%llu len=%zu data=\"%s\"%s",
			about.service, (unsigned long long)about.conn, len,
			text.data, log_left_out(more, left_out));
	strbuf_fini(&text);
}
