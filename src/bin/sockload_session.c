/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A member of a chat: a link that logs in by the texts of a preset and cuts
 * what it reads into lines.
 *
 *	CONNECTING -> [login] WELCOME -> [join] JOINING -> READY
 *
 * A step without a text is passed at once. Lines end with LF; a CR before it
 * belongs to the end. What a read brings after its last LF is kept in `rest`
 * and put in front of the next read, so most reads copy nothing.
 */
#include "sockload_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/errmsg.h"
#include "sockload.h"

static struct template_vars session_vars(const struct session *s)
{
	const struct load *l = s->link.load;

	return (struct template_vars){
		.id = s->link.id,
		.room = s->room,
		.size = (uint32_t)l->opt->size,
		.run = l->run_name,
	};
}

static void send_template(struct session *s, const char *text)
{
	struct template_vars vars = session_vars(s);
	struct strbuf sb = {0};

	if (text && template_expand(&sb, text, &vars, NULL) == 0)
		session_send(s, sb.data, sb.len);
	strbuf_fini(&sb);
}

static bool line_has(
	struct session *s, const char *line, size_t len, const char *text)
{
	struct template_vars vars = session_vars(s);
	struct strbuf sb = {0};
	bool found = false;

	if (template_expand(&sb, text, &vars, NULL) == 0 && sb.data)
		found = memmem(line, len, sb.data, sb.len) != NULL;
	strbuf_fini(&sb);
	return found;
}

static const char *ready_text(const struct session *s)
{
	const struct preset *p = &s->link.load->opt->preset;

	return s->only_sends ? p->sender_ready : p->ready;
}

static void enter_ready(struct session *s)
{
	s->state = SESSION_READY;
	s->ops->ready(s);
}

static void enter_joining(struct session *s)
{
	s->state = SESSION_JOINING;
	if (!s->only_sends)
		send_template(s, s->link.load->opt->preset.join);
	if (!ready_text(s))
		enter_ready(s);
}

static void on_connected(struct link *link)
{
	struct session *s = (struct session *)link;
	const struct preset *p = &link->load->opt->preset;

	s->state = SESSION_WELCOME;
	send_template(s, s->only_sends ? p->sender_login : p->login);
	if (!p->welcome)
		enter_joining(s);
}

static bool begins(const char *line, size_t len, const char *text)
{
	size_t n = strlen(text);

	return len >= n && memcmp(line, text, n) == 0;
}

static void log_in(struct session *s, const char *line, size_t len)
{
	const struct preset *p = &s->link.load->opt->preset;

	session_note(s, line, len);
	if (p->refused && begins(line, len, p->refused))
		load_fail(s->link.load, EX_UNAVAILABLE,
			"connection %u was refused: %s", s->link.id, s->last);
	else if (s->state == SESSION_WELCOME &&
		line_has(s, line, len, p->welcome))
		enter_joining(s);
	else if (s->state == SESSION_JOINING &&
		line_has(s, line, len, ready_text(s)))
		enter_ready(s);
}

static void answer_ping(struct session *s, const char *line, size_t len)
{
	session_send(s, "PO", 2);
	session_send(s, line + 2, len - 2);
	session_send(s, "\r\n", 2);
}

static void take_line(struct session *s, const char *line, size_t len)
{
	if (len > 0 && line[len - 1] == '\r')
		len--;
	if (s->link.load->opt->preset.ping && begins(line, len, "PING"))
		answer_ping(s, line, len);
	else if (s->state == SESSION_READY)
		s->ops->line(s, line, len);
	else
		log_in(s, line, len);
}

static void end(struct session *s, int err)
{
	char what[sizeof(s->last) + 32] = "";

	s->state = SESSION_CLOSED;
	link_close(&s->link);
	if (s->last[0])
		snprintf(what, sizeof(what), "; its last line: %s", s->last);
	load_lost(s->link.load, s->link.id, err, what);
	s->ops->ended(s);
}

static void keep_rest(struct session *s, const char *data, size_t len)
{
	free(s->rest);
	s->rest = NULL;
	s->rest_len = len;
	if (len == 0)
		return;
	s->rest = malloc(len);
	if (s->rest)
		memcpy(s->rest, data, len);
	else
		load_fail(s->link.load, EX_OSERR, "out of memory");
}

void session_read(struct session *s, size_t max)
{
	struct load *l = s->link.load;
	char *buf = l->scratch;
	int err = 0;

	if (s->rest_len > 0)
		memcpy(buf, s->rest, s->rest_len);
	if (max > LOAD_SCRATCH - s->rest_len)
		max = LOAD_SCRATCH - s->rest_len;
	ssize_t n = link_read(&s->link, buf + s->rest_len, max, &err);
	if (n <= 0) {
		if (n < 0)
			end(s, err);
		return;
	}
	const char *p = buf, *stop = buf + s->rest_len + (size_t)n, *nl;
	while ((nl = memchr(p, '\n', (size_t)(stop - p)))) {
		take_line(s, p, (size_t)(nl - p));
		p = nl + 1;
	}
	if ((size_t)(stop - p) == LOAD_SCRATCH)
		load_fail(l, EX_PROTOCOL,
			"connection %u got %zu bytes without an end of line",
			s->link.id, LOAD_SCRATCH);
	else
		keep_rest(s, p, (size_t)(stop - p));
	if (s->state == SESSION_READY && s->ops->lines_end)
		s->ops->lines_end(s);
}

static void on_readable(struct link *link)
{
	session_read((struct session *)link, LOAD_SCRATCH);
}

void session_watch(struct session *s, bool on)
{
	if (!on)
		event_del(&s->link.on_read);
	else if (event_add(&s->link.on_read, NULL) < 0)
		load_fail(s->link.load, EX_OSERR, "out of memory");
}

static void on_writable(struct link *link)
{
	struct session *s = (struct session *)link;

	s->out_sent += link_write(
		link, s->out.data + s->out_sent, s->out.len - s->out_sent);
	if (s->out_sent < s->out.len)
		return;
	strbuf_clear(&s->out);
	s->out_sent = 0;
	link_want_write(link, false);
}

static const struct link_ops link_ops = {
	.connected = on_connected,
	.readable = on_readable,
	.writable = on_writable,
};

int session_open(struct session *s, struct load *l, uint32_t id,
	const struct session_ops *ops)
{
	int r = link_open(&s->link, l, id, &link_ops);

	if (r < 0)
		return r;
	s->ops = ops;
	s->state = SESSION_CONNECTING;
	return 0;
}

void session_fini(struct session *s)
{
	link_close(&s->link);
	free(s->rest);
	strbuf_fini(&s->out);
	s->rest = NULL;
	s->state = SESSION_CLOSED;
}

void session_send(struct session *s, const void *data, size_t len)
{
	size_t sent = 0;

	if (s->out.len == 0)
		sent = link_write(&s->link, data, len);
	if (sent == len)
		return;
	strbuf_add(&s->out, (const char *)data + sent, len - sent);
	if (s->out.failed)
		load_fail(s->link.load, EX_OSERR, "out of memory");
	else
		link_want_write(&s->link, true);
}

void session_note(struct session *s, const char *line, size_t len)
{
	struct strbuf sb = {0};

	str_escape(&sb, line, len, 120);
	if (sb.data)
		snprintf(s->last, sizeof(s->last), "%s", sb.data);
	strbuf_fini(&sb);
}
