/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Post by datagrams: only from this machine, since others could be forged; with
 * as many lines as their answers have room for.
 *
 * Flood control counts all senders of a service together, since whoever is on
 * this machine has millions of addresses to send from. No line waits: nothing
 * holds a sender back, and its answer would be late. On the socket's worker;
 * those of one service may belong to several. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/metrics.h"
#include "net/addr.h"
#include "net/dgram.h"
#include "net/peer.h"
#include "net/service.h"
#include "net/worker.h"
#include "post_private.h"
#include "proto/chat_port.h"
#include "proto/post_lines.h"

static void answer(const struct post_lines *lines, struct datagram_answer *out)
{
	struct strbuf text = {0};

	post_lines_answer(lines, &text);
	while (text.len > sizeof(out->text)) {
		const char *last = memrchr(text.data, '\n', text.len - 1);

		text.len = last ? (size_t)(last - text.data) + 1 : 0;
	}
	if (text.len)
		memcpy(out->text, text.data, text.len);
	datagram_answer_add(out, out->text, text.len);
	strbuf_fini(&text);
}

static void refuse(struct datagram_answer *out, const char *why)
{
	int len = snprintf(out->text, sizeof(out->text),
		"error: %s; nothing was sent\n", why);

	datagram_answer_add(out, out->text, (size_t)len);
}

/* Whether there is a line that counts. */
static bool has_line(struct framer_line *framer, struct slice *data)
{
	struct post_lines rest = {.max = 1};
	bool has_line = post_lines_read(&rest, framer, data, true) !=
		POST_LINES_MORE;

	post_lines_fini(&rest);
	return has_line;
}

/* False: more than the answer has room for. */
static bool read_lines(const struct datagram *in, struct post_lines *lines)
{
	struct slice data = {.data = in->data, .len = in->len};
	struct framer_line framer;

	framer_line_init(&framer, in->service->line_max);
	return post_lines_read(lines, &framer, &data, true) ==
		POST_LINES_MORE ||
		!has_line(&framer, &data);
}

/* Refuses those that are too many now. */
static void limit(const struct datagram *in, struct post_lines *lines)
{
	const struct post_options *opt = in->service->options;
	const struct flood_settings *limits = &opt->flood;
	struct service_count *count = in->service->count;
	uint64_t now_ms = worker_now_ms(in->worker);
	struct metrics_service *tally;
	size_t n = 0;

	if (peer_is_in(in->from, &limits->exempt))
		return;
	while (n < lines->n &&
		service_take_line(
			count, &limits->rate, (uint32_t)limits->burst, now_ms))
		n++;
	if (n == lines->n)
		return;
	tally = service_tally(count, worker_index(in->worker));
	if (tally)
		metrics_add(tally->lines_dropped, lines->n - n);
	for (; n < lines->n; n++)
		if (lines->remarks[n].error < CHAT_E_FIRST)
			lines->remarks[n].error = CHAT_E_TOO_FAST;
}

static void say(const struct datagram *in, struct post_lines *lines,
	struct datagram_answer *out)
{
	const struct service *svc = in->service;

	limit(in, lines);
	post_fill_in(lines, svc, post_service_nick(svc), false);
	if (chat_port_post(svc->context, lines->remarks, lines->n, NULL))
		refuse(out, "the server is busy");
	else
		answer(lines, out);
}

bool post_datagram(const struct datagram *in, struct datagram_answer *out)
{
	struct post_lines lines = {.n = 0};
	bool is_answered;

	if (!addr_is_loopback(in->from) || !in->len)
		return false;
	if (!read_lines(in, &lines))
		refuse(out, "a datagram has 16 lines at most");
	else if (lines.n)
		say(in, &lines, out);
	is_answered = lines.n > 0;
	post_lines_fini(&lines);
	return is_answered;
}
