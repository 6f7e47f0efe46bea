/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A request head by RFC 9112, a byte at a time.
 *
 *   START -> METHOD -> TARGET -> VERSION -> (CR) LF -> FIELD -> NAME -> VALUE
 *     |                                                 |  ^              |
 *     empty lines before                   whole <- (CR) LF +--- (CR) LF <-+
 *
 * Where the RFC leaves a choice: empty lines before the request are skipped,
 * and a lone LF ends a line, since people type requests (2.2). All else that it
 * lets a server refuse is refused, as it is how requests are smuggled: CR
 * without LF, a folded line, a blank before the colon, controls in a value.
 * HTTP/1.1 must name its host, once (3.2). A body is not looked for: who
 * answers closes, so what follows is no request. */
#include "net/http_head.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

enum state {
	AT_START,
	AT_START_CR,
	AT_METHOD,
	AT_TARGET,
	AT_VERSION,
	AT_LINE_END,
	AT_LINE_CR,
	AT_FIELD,
	AT_NAME,
	AT_BLANKS, /* before the value */
	AT_VALUE,
	AT_END_CR,
	N_STATES
};

enum field { FIELD_OTHER, FIELD_HOST, FIELD_ACCEPT };

static enum http_outcome go(struct http_head *h, enum state state)
{
	h->state = (uint8_t)state;
	return HTTP_MORE;
}

static enum http_outcome bad(struct http_head *h, const char *fault)
{
	h->fault = fault;
	return HTTP_BAD;
}

/* What names are made of. */
static bool is_token(uint8_t c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9'))
		return true;
	return c && strchr("!#$%&'*+-.^_`|~", c);
}

static char lower(uint8_t c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

/* False: it does not fit. */
static bool append(char *to, uint16_t *len, size_t max, char c)
{
	if (*len == max)
		return false;
	to[(*len)++] = c;
	to[*len] = '\0';
	return true;
}

static enum http_outcome at_start(struct http_head *h, uint8_t c)
{
	if (c == '\n')
		return HTTP_MORE;
	if (c == '\r')
		return go(h, AT_START_CR);
	if (!is_token(c))
		return bad(h, "no method");
	(void)append(h->method, &h->method_len, HTTP_METHOD_MAX, (char)c);
	return go(h, AT_METHOD);
}

static enum http_outcome at_start_cr(struct http_head *h, uint8_t c)
{
	return c == '\n' ? go(h, AT_START) : bad(h, "a CR without LF");
}

static enum http_outcome at_method(struct http_head *h, uint8_t c)
{
	if (c == ' ')
		return go(h, AT_TARGET);
	if (!is_token(c))
		return bad(h, "no blank behind the method");
	(void)append(h->method, &h->method_len, HTTP_METHOD_MAX, (char)c);
	return HTTP_MORE;
}

static enum http_outcome at_target(struct http_head *h, uint8_t c)
{
	if (c == ' ' && h->target_len > 0)
		return go(h, AT_VERSION);
	if (c == '\r' || c == '\n')
		return bad(h, "no version of HTTP");
	if (c <= ' ' || c > '~')
		return bad(h, "no target");
	return append(h->target, &h->target_len, HTTP_TARGET_MAX, (char)c)
		? HTTP_MORE
		: HTTP_TARGET_TOO_LONG;
}

static enum http_outcome at_version(struct http_head *h, uint8_t c)
{
	static const char form[] = "HTTP/d.d";
	char want = form[h->at++];

	if (want == 'd' ? c < '0' || c > '9' : c != (uint8_t)want)
		return bad(h, "no version of HTTP");
	if (h->at == sizeof("HTTP/d") - 1 && c != '1')
		return HTTP_OTHER_VERSION;
	if (h->at < sizeof(form) - 1)
		return HTTP_MORE;
	h->minor = c - '0';
	return go(h, AT_LINE_END);
}

static enum http_outcome at_line_end(struct http_head *h, uint8_t c)
{
	if (c == '\r')
		return go(h, AT_LINE_CR);
	return c == '\n' ? go(h, AT_FIELD)
			 : bad(h, "more than a method, a target, a version");
}

static enum http_outcome at_line_cr(struct http_head *h, uint8_t c)
{
	return c == '\n' ? go(h, AT_FIELD) : bad(h, "a CR without LF");
}

static enum http_outcome end(struct http_head *h)
{
	if (h->n_hosts > 1 || (h->n_hosts == 0 && h->minor > 0))
		return bad(h, "HTTP/1.1 takes one field \"Host\"");
	return HTTP_WHOLE;
}

static enum http_outcome at_field(struct http_head *h, uint8_t c)
{
	if (c == '\n')
		return end(h);
	if (c == '\r')
		return go(h, AT_END_CR);
	if (!is_token(c))
		return bad(h, "a line that begins with no field");
	h->field_len = 0;
	(void)append(h->name, &h->field_len, HTTP_FIELD_MAX, lower(c));
	return go(h, AT_NAME);
}

static enum http_outcome at_end_cr(struct http_head *h, uint8_t c)
{
	return c == '\n' ? end(h) : bad(h, "a CR without LF");
}

static void add_accept(struct http_head *h, char c)
{
	if (!append(h->accept, &h->accept_len, HTTP_ACCEPT_MAX, c))
		h->accept_lost = true;
}

/* The field has its name. Several of Accept are one list. */
static void begin_value(struct http_head *h)
{
	h->field = FIELD_OTHER;
	if (strcmp(h->name, "host") == 0)
		h->field = FIELD_HOST;
	if (strcmp(h->name, "accept") == 0)
		h->field = FIELD_ACCEPT;
	if (h->field == FIELD_HOST && h->n_hosts < 2)
		h->n_hosts++;
	if (h->field == FIELD_ACCEPT && h->accept_len > 0)
		add_accept(h, ',');
}

static enum http_outcome at_name(struct http_head *h, uint8_t c)
{
	if (c == ':') {
		begin_value(h);
		return go(h, AT_BLANKS);
	}
	if (!is_token(c))
		return bad(h, "no colon behind the name of a field");
	(void)append(h->name, &h->field_len, HTTP_FIELD_MAX, lower(c));
	return HTTP_MORE;
}

static enum http_outcome at_value(struct http_head *h, uint8_t c)
{
	if (c == '\r')
		return go(h, AT_LINE_CR);
	if (c == '\n')
		return go(h, AT_FIELD);
	if ((c < ' ' && c != '\t') || c == 0x7f)
		return bad(h, "a control character in a field");
	if (h->field == FIELD_ACCEPT)
		add_accept(h, (char)c);
	return go(h, AT_VALUE);
}

static enum http_outcome at_blanks(struct http_head *h, uint8_t c)
{
	return c == ' ' || c == '\t' ? HTTP_MORE : at_value(h, c);
}

static enum http_outcome (*const steps[N_STATES])(
	struct http_head *, uint8_t) = {
	[AT_START] = at_start,
	[AT_START_CR] = at_start_cr,
	[AT_METHOD] = at_method,
	[AT_TARGET] = at_target,
	[AT_VERSION] = at_version,
	[AT_LINE_END] = at_line_end,
	[AT_LINE_CR] = at_line_cr,
	[AT_FIELD] = at_field,
	[AT_NAME] = at_name,
	[AT_BLANKS] = at_blanks,
	[AT_VALUE] = at_value,
	[AT_END_CR] = at_end_cr,
};

enum http_outcome http_parse(
	struct http_head *h, const void *data, size_t len, size_t *ret_used)
{
	enum http_outcome outcome = HTTP_MORE;
	const uint8_t *bytes = data;
	size_t i = 0;

	while (i < len && outcome == HTTP_MORE) {
		outcome = steps[h->state](h, bytes[i++]);
		if (++h->len == HTTP_HEAD_MAX && outcome == HTTP_MORE)
			outcome = HTTP_TOO_LARGE;
	}
	if (h->accept_lost)
		h->accept[h->accept_len = 0] = '\0';
	*ret_used = i;
	return outcome;
}

struct slice http_path(const struct http_head *h)
{
	static const char scheme[] = "http://";
	const char *path = h->target;

	/* As a proxy is asked, which a server must understand (3.2.2). */
	if (strncasecmp(path, scheme, sizeof(scheme) - 1) == 0) {
		path += sizeof(scheme) - 1;
		path += strcspn(path, "/?");
	}
	return (struct slice){path, strcspn(path, "?")};
}
