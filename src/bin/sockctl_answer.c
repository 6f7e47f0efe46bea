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
#include <sysexits.h>
#include <unistd.h>

#include "base/str.h"
#include "ctl/ctl_codec.h"
#include "sockctl_fold.h"

/* Longer than the daemon itself waits for a verb that should not take time. */
#define PATIENCE_MS 40000
/* As much as an answer has at most: it is read as fast as it comes, also if
 * whoever reads us takes a rest. */
#define ANSWER_MAX ((size_t)16 * 1024 * 1024)
#define ERROR      "error: "
#define JSON_ERROR "{\"error\":"

struct answer {
	bool is_json, streams;
	struct fold fold;
	struct strbuf folded; /* a line as it is printed */
	struct strbuf line;   /* not whole yet */
	struct strbuf held;   /* a line that may be the verdict */
	bool has_held;
	bool has_json, is_refused;
	bool is_over; /* a stream of JSON had its end */
};

static void print_line(struct answer *a, const struct strbuf *line)
{
	strbuf_clear(&a->folded);
	fold_line(
		&a->fold, line->data ? line->data : "", line->len, &a->folded);
	fwrite(a->folded.data ? a->folded.data : "", 1, a->folded.len, stdout);
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
	};
	char buf[16 * 1024];
	ssize_t n;
	bool is_written;
	int code;

	if (!a.streams) {
		a.fold.columns = fold_columns(STDOUT_FILENO);
		a.fold.cuts = request->verb->flags & CTL_WIDE;
		(void)setvbuf(stdout, NULL, _IOFBF, ANSWER_MAX);
	}
	do {
		if (!wait_for_more(fd, request->verb->flags)) {
			fputs("sockctl: sockd does not answer\n", stderr);
			return EX_UNAVAILABLE;
		}
		n = read(fd, buf, sizeof(buf));
		if (n > 0)
			take(&a, buf, (size_t)n);
	} while (n > 0 || (n < 0 && errno == EINTR));
	is_written = !fflush(stdout); /* what is wrong comes after it */
	code = verdict(&a);
	if (!is_written || ferror(stdout) || a.line.failed || a.held.failed ||
		a.folded.failed)
		code = EX_IOERR;
	strbuf_fini(&a.folded);
	strbuf_fini(&a.line);
	strbuf_fini(&a.held);
	return code;
}
