/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Metrics: one request of HTTP, one answer, the end. Whoever may connect may
 * read, so it belongs on localhost or behind `allow`. Worker threads.
 *
 *   READING --- head whole ---> /healthz, /readyz, errors -----> OVER
 *      |                |                                          ^
 *      |                +-> /metrics --> GATHERING -- figures -----+
 *      +-- not in time, cut short, bad: an error ------------------+
 *
 * The page itself is put together from memory. What the kernel has to be asked
 * for may take longer than a worker should be held up, so the helper's thread
 * asks, and nothing is read from the client meanwhile. What comes behind the
 * head is thrown away; a page that the client reads slowly is conn's business.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>

#include "base/process.h"
#include "base/str.h"
#include "net/conn.h"
#include "net/helper.h"
#include "net/http_head.h"
#include "net/service.h"
#include "net/worker.h"
#include "proto/monitor.h"
#include "proto/proto.h"

enum stage { STAGE_READING, STAGE_GATHERING, STAGE_OVER };

struct metrics_session {
	uint8_t stage;
	struct http_head head;
};

static const char plain_text[] = "text/plain; charset=utf-8";

/* An answer: "200 OK" and the like; more: header lines, or "". */
struct answer {
	const char *status, *type, *more;
	struct slice body;
};

static bool is_method(const struct metrics_session *session, const char *name)
{
	return strcmp(session->head.method, name) == 0;
}

static void format_answer(const struct metrics_session *session,
	const struct answer *answer, struct strbuf *out)
{
	strbuf_addf(out,
		"HTTP/1.1 %s\r\n"
		"Content-Type: %s\r\n"
		"Content-Length: %zu\r\n"
		"Cache-Control: no-store\r\n"
		"%sConnection: close\r\n\r\n",
		answer->status, answer->type, answer->body.len, answer->more);
	if (!is_method(session, "HEAD"))
		strbuf_add(out, answer->body.data, answer->body.len);
}

static void send_answer(struct conn *c, const struct answer *answer)
{
	struct metrics_session *session = conn_state(c);
	struct strbuf out = {0};

	session->stage = STAGE_OVER;
	format_answer(session, answer, &out);
	if (!out.failed)
		conn_send(c, out.data, out.len);
	conn_close(c, out.failed ? CLOSE_MEMORY : CLOSE_DONE, NULL);
	strbuf_fini(&out);
}

/* words: one line of the body. */
static void say(
	struct conn *c, const char *status, const char *more, const char *words)
{
	char line[256];
	int len = snprintf(line, sizeof(line), "%s\n", words);

	send_answer(c,
		&(struct answer){
			status, plain_text, more, {line, (size_t)len}});
}

/* /metrics */

struct gathering {
	struct helper_job job;
	uint64_t conn;
	struct process_figures process;
};

static void gathering_free(struct mail *m)
{
	free(m);
}

/* On the helper's thread. */
static void gather(struct helper_job *job)
{
	process_read(&((struct gathering *)job)->process);
}

/* Who names both as much gets the newer format. */
static enum metrics_format format_of(const struct http_head *head)
{
	unsigned newer = http_quality(
		head->accept, "application/openmetrics-text", "1.0.0");

	if (newer > 0 &&
		newer >= http_quality(head->accept, "text/plain", "0.0.4"))
		return METRICS_FORMAT_OPENMETRICS;
	return METRICS_FORMAT_TEXT;
}

static void send_page(struct conn *c, const struct process_figures *process)
{
	struct metrics_session *session = conn_state(c);
	const struct proto_monitor *monitor = conn_service(c)->context;
	enum metrics_format format = format_of(&session->head);
	struct strbuf page = {0};

	monitor->page(monitor, format, process, &page);
	if (page.failed)
		say(c, "503 Service Unavailable", "",
			"the server is short of memory");
	else
		send_answer(c,
			&(struct answer){"200 OK",
				metrics_content_types[format],
				"Vary: Accept\r\n", {page.data, page.len}});
	strbuf_fini(&page);
}

static void say_busy(struct conn *c)
{
	say(c, "503 Service Unavailable", "", "the server is busy");
}

/* The figures are here, if the client still is. */
static void run_gathered(struct mail *m, void *owner)
{
	const struct gathering *g = (const struct gathering *)m;
	struct conn *c = worker_find_conn(owner, g->conn);

	if (c && conn_is_open(c))
		send_page(c, &g->process);
	gathering_free(m);
}

static void give_metrics(struct conn *c)
{
	struct metrics_session *session = conn_state(c);
	struct gathering *g = calloc(1, sizeof(*g));

	if (g) {
		g->conn = conn_id(c);
		g->job.mail.run = run_gathered;
		g->job.mail.free = gathering_free;
		g->job.mailbox = worker_mailbox(conn_worker(c));
		g->job.work = gather;
	}
	if (!g || helper_post(worker_crew(conn_worker(c))->helper, &g->job)) {
		free(g);
		say_busy(c);
		return;
	}
	session->stage = STAGE_GATHERING;
	conn_pause(c);
}

/* The others. */

static void give_health(struct conn *c)
{
	say(c, "200 OK", "", "ok");
}

static void give_readiness(struct conn *c)
{
	const struct proto_monitor *monitor = conn_service(c)->context;
	const char *why = monitor->unready(monitor);

	if (why)
		say(c, "503 Service Unavailable", "", why);
	else
		say(c, "200 OK", "", "ready");
}

static const struct {
	const char *path;
	void (*give)(struct conn *c);
} pages[] = {
	{"/metrics", give_metrics},
	{"/healthz", give_health},
	{"/readyz", give_readiness},
};

static void give(struct conn *c)
{
	struct metrics_session *session = conn_state(c);
	struct slice path = http_path(&session->head);

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (path.len != strlen(pages[i].path) ||
			memcmp(path.data, pages[i].path, path.len) != 0)
			continue;
		if (is_method(session, "GET") || is_method(session, "HEAD"))
			pages[i].give(c);
		else
			say(c, "405 Method Not Allowed", "Allow: GET, HEAD\r\n",
				"GET or HEAD");
		return;
	}
	say(c, "404 Not Found", "", "/metrics, /healthz or /readyz");
}

/* What came. */

static const char *const error_status[] = {
	[HTTP_BAD] = "400 Bad Request",
	[HTTP_TOO_LARGE] = "431 Request Header Fields Too Large",
	[HTTP_TARGET_TOO_LONG] = "414 URI Too Long",
	[HTTP_OTHER_VERSION] = "505 HTTP Version Not Supported",
};

static void refuse(struct conn *c, enum http_outcome outcome)
{
	const struct metrics_session *session = conn_state(c);
	const char *status = error_status[outcome];

	say(c, status, "",
		outcome == HTTP_BAD ? session->head.fault
				    : strchr(status, ' ') + 1);
}

static void metrics_input(struct conn *c, struct evbuffer *in)
{
	struct metrics_session *session = conn_state(c);
	enum http_outcome outcome = HTTP_MORE;
	size_t len;

	while (session->stage == STAGE_READING && outcome == HTTP_MORE &&
		(len = evbuffer_get_contiguous_space(in)) > 0) {
		outcome = http_parse(&session->head,
			evbuffer_pullup(in, (ev_ssize_t)len), len, &len);
		evbuffer_drain(in, len);
	}
	if (outcome == HTTP_WHOLE)
		give(c);
	else if (outcome != HTTP_MORE)
		refuse(c, outcome);
	if (session->stage != STAGE_READING)
		evbuffer_drain(in, evbuffer_get_length(in));
}

static void metrics_eof(struct conn *c, struct evbuffer *in)
{
	struct metrics_session *session = conn_state(c);

	if (session->stage != STAGE_READING)
		return; /* the answer is on its way */
	if (session->head.len)
		say(c, "400 Bad Request", "", "the request is cut short");
	else
		conn_close(c, CLOSE_EOF, NULL);
}

/* The request had its time; or we had, if the helper is stuck. */
static void metrics_timer(struct conn *c)
{
	const struct metrics_session *session = conn_state(c);

	if (session->stage == STAGE_GATHERING)
		say_busy(c);
	else if (session->head.len)
		say(c, "408 Request Timeout", "", "the request took too long");
	else
		conn_close(c, CLOSE_HANDSHAKE, NULL);
}

static int metrics_open(struct conn *c)
{
	conn_set_timer(c,
		worker_now_ms(conn_worker(c)) + conn_service(c)->handshake_ms);
	return 0;
}

/* Also for those who are not let in at all. */
static void metrics_goodbye(struct conn *c, enum close_reason why,
	const char *arg, struct strbuf *out)
{
	const struct metrics_session *session = conn_state(c);
	const char *code = close_row(why)->code;

	if (session->stage != STAGE_OVER)
		format_answer(session,
			&(struct answer){"503 Service Unavailable", plain_text,
				"", {code, strlen(code)}},
			out);
}

static int metrics_setup(struct service *svc, const struct proto_context *ctx,
	struct errmsg *msg)
{
	svc->context = (void *)(uintptr_t)ctx->monitor;
	return 0;
}

static const struct conn_ops metrics_ops = {
	.open = metrics_open,
	.input = metrics_input,
	.eof = metrics_eof,
	.timer = metrics_timer,
	.goodbye = metrics_goodbye,
};

const struct proto proto_metrics = {
	.name = "metrics",
	.summary = "serve counters to Prometheus, by HTTP",
	.type = {.ops = &metrics_ops,
		.state_size = sizeof(struct metrics_session)},
	.framings = PROTO_FRAMING_STREAM,
	.transports = PROTO_TRANSPORT_TCP,
	.idle_ms = PROTO_IDLE_COMMON,
	.is_monitor = true,
	.setup = metrics_setup,
};
