/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers of the control socket, printed line by line. As text the last line is
 * the verdict, which is not printed: what could be one is held back until more
 * comes, or nothing. JSON is passed on as it is. */
#include "sockctl_answer.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/str.h"
#include "ctl/ctl_codec.h"

/* Longer than the daemon itself waits for a verb that should not take time. */
#define PATIENCE_MS 40000
/* As much as an answer has at most: it is read as fast as it comes, also if
 * whoever reads us takes a rest. */
#define ANSWER_MAX ((size_t)16 * 1024 * 1024)
#define ERROR      "error: "
#define JSON_ERROR "{\"error\":"

struct answer {
	bool is_json, streams;
	size_t columns;     /* of the terminal; 0: it is none */
	struct strbuf line; /* not whole yet */
	struct strbuf held; /* a line that may be the verdict */
	bool has_held;
	bool has_json, is_refused;
	bool is_over; /* a stream of JSON had its end */
};

static size_t terminal_columns(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		return 0;
	return size.ws_col;
}

/* The bytes of the first `columns` characters. */
static size_t cut(const char *text, size_t len, size_t columns)
{
	size_t i = 0;

	for (; i < len; i++)
		if (((unsigned char)text[i] & 0xC0) != 0x80 && columns-- == 0)
			break;
	return i;
}

static void print_line(const struct answer *a, const struct strbuf *line)
{
	size_t len = line->len;

	if (a->columns)
		len = cut(line->data, len, a->columns);
	fwrite(line->data ? line->data : "", 1, len, stdout);
	putchar('\n');
}

static bool begins(const struct strbuf *line, const char *text)
{
	return line->len >= strlen(text) &&
		memcmp(line->data, text, strlen(text)) == 0;
}

static bool may_be_verdict(const struct strbuf *line)
{
	return (line->len == 2 && begins(line, "ok")) || begins(line, ERROR);
}

static void end_line(struct answer *a)
{
	if (a->is_json && begins(&a->line, ERROR)) {
		/* before it has heard that we want JSON */
		fprintf(stderr, "sockctl: %s\n", a->line.data + strlen(ERROR));
		a->has_json = a->is_refused = true;
	} else if (a->is_json) {
		a->has_json = true;
		a->is_over = a->line.len == 2 && begins(&a->line, "{}");
		a->is_refused = a->is_refused || begins(&a->line, JSON_ERROR);
		fwrite(a->line.data ? a->line.data : "", 1, a->line.len,
			stdout);
		putchar('\n');
	} else {
		if (a->has_held)
			print_line(a, &a->held);
		a->has_held = may_be_verdict(&a->line);
		strbuf_clear(&a->held);
		if (a->has_held)
			strbuf_add(&a->held, a->line.data, a->line.len);
		else
			print_line(a, &a->line);
	}
	strbuf_clear(&a->line);
}

static void take(struct answer *a, const char *data, size_t len)
{
	const char *end = data + len, *nl;

	for (; (nl = memchr(data, '\n', (size_t)(end - data))); data = nl + 1) {
		strbuf_add(&a->line, data, (size_t)(nl - data));
		end_line(a);
	}
	strbuf_add(&a->line, data, (size_t)(end - data));
	if (a->streams)
		fflush(stdout);
}

static int verdict(const struct answer *a)
{
	if (a->is_refused)
		return 1;
	if (a->is_json && a->has_json && (!a->streams || a->is_over))
		return EX_OK;
	if (!a->has_held) {
		fputs("sockctl: sockd broke the connection off\n", stderr);
		return EX_UNAVAILABLE;
	}
	if (!begins(&a->held, ERROR))
		return EX_OK;
	fprintf(stderr, "sockctl: %s\n", a->held.data + strlen(ERROR));
	return 1;
}

/* False: nothing came in time. */
static bool wait_for_more(int fd, unsigned flags)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	int ms = flags & (CTL_SLOW | CTL_STREAMS) ? -1 : PATIENCE_MS;
	int n;

	do
		n = poll(&pfd, 1, ms);
	while (n < 0 && errno == EINTR);
	return n != 0;
}

int sockctl_answer(int fd, const struct ctl_request *request)
{
	struct answer a = {
		.is_json = request->is_json,
		.streams = request->verb->flags & CTL_STREAMS,
		.columns = terminal_columns(),
	};
	char buf[16 * 1024];
	ssize_t n;
	int code;

	if (!a.streams)
		(void)setvbuf(stdout, NULL, _IOFBF, ANSWER_MAX);
	do {
		if (!wait_for_more(fd, request->verb->flags)) {
			fputs("sockctl: sockd does not answer\n", stderr);
			return EX_UNAVAILABLE;
		}
		n = read(fd, buf, sizeof(buf));
		if (n > 0)
			take(&a, buf, (size_t)n);
	} while (n > 0 || (n < 0 && errno == EINTR));
	code = verdict(&a);
	if (fflush(stdout) || ferror(stdout) || a.line.failed || a.held.failed)
		code = EX_IOERR;
	strbuf_fini(&a.line);
	strbuf_fini(&a.held);
	return code;
}
