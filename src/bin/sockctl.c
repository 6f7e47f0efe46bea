/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sockctl: one verb to a running sockd, over its control socket. What verbs
 * there are is known from their table; what they do, the daemon knows. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "sockd_build.h"

#include "base/errmsg.h"
#include "base/str.h"
#include "ctl/ctl_client.h"
#include "ctl/ctl_codec.h"
#include "sockctl_answer.h"
#include "sockctl_fold.h"
#include "sockctl_passwd.h"

struct arguments {
	const char *socket; /* borrowed; NULL: the default */
	bool is_json;
	const char *const *words;
	size_t n_words;
};

#define USAGE_MAX 32 /* characters that stand in one line with a help */

/* What it does stands beside a verb, or below if the verb is too long. */
static void print_verb(FILE *out, const struct ctl_verb *verb)
{
	struct fold fold = {
		.columns = fold_columns(fileno(out)),
		.is_inside = true,
		.hang = USAGE_MAX + 4,
	};
	struct strbuf usage = {0}, line = {0}, folded = {0};

	ctl_add_usage(&usage, verb);
	strbuf_addf(&line, "  %-*s", USAGE_MAX, usage.data ? usage.data : "");
	if (usage.len > USAGE_MAX) {
		fold_line(&fold, line.data, line.len, &folded);
		strbuf_clear(&line);
		strbuf_addf(&line, "%*s", USAGE_MAX + 2, "");
	}
	strbuf_addf(&line, "  %s", verb->help);
	fold_line(&fold, line.data ? line.data : "", line.len, &folded);
	fputs(folded.data ? folded.data : "", out);
	strbuf_fini(&usage);
	strbuf_fini(&line);
	strbuf_fini(&folded);
}

static void print_usage(FILE *out)
{
	fputs("usage: sockctl [-s SOCKET] [--json] VERB [ARG...]\n"
	      "       sockctl -V | -h\n"
	      "\n"
	      "  -s, --socket SOCKET  the control socket of the daemon\n"
	      "  -j, --json           answer as JSON\n"
	      "  -V, --version        print the version\n"
	      "  -h, --help           print this\n"
	      "\n"
	      "The verbs are:\n",
		out);
	for (size_t i = 0; i < CTL_N; i++)
		print_verb(out, &ctl_verbs[i]);
	fputs("\nSee sockctl(1).\n", out);
}

static int complain(int code, const struct errmsg *msg)
{
	fprintf(stderr, "sockctl: %s\n", msg->text);
	return code;
}

/* 0 to go on, 1 to leave with *ret_code. */
static int parse_arguments(
	int argc, char **argv, struct arguments *args, int *ret_code)
{
	static const struct option options[] = {
		{"help", no_argument, NULL, 'h'},
		{"json", no_argument, NULL, 'j'},
		{"socket", required_argument, NULL, 's'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	int c;

	*ret_code = EX_OK;
	while ((c = getopt_long(argc, argv, "+s:jVh", options, NULL)) != -1) {
		if (c == 's') {
			args->socket = optarg;
		} else if (c == 'j') {
			args->is_json = true;
		} else {
			if (c == 'V')
				printf("sockctl %s\n", SOCKD_VERSION);
			else
				print_usage(c == 'h' ? stdout : stderr);
			*ret_code = c == '?' ? EX_USAGE : EX_OK;
			return 1;
		}
	}
	args->words = (const char *const *)argv + optind;
	args->n_words = (size_t)(argc - optind);
	if (args->n_words)
		return 0;
	print_usage(stderr);
	*ret_code = EX_USAGE;
	return 1;
}

/* The line to send; looked at as the daemon will, so that wrong usage is told
 * whether or not one runs. 0 or an exit code, said already. */
static int make_request(const struct arguments *args, struct strbuf *line,
	struct ctl_request *request)
{
	struct errmsg msg;
	int err = ctl_encode(
		line, args->is_json, args->words, args->n_words, &msg);

	if (!err)
		err = ctl_decode(request, line->data, line->len, &msg);
	strbuf_addc(line, '\n');
	if (!err && line->failed)
		err = errmsg_set(&msg, ENOMEM, "out of memory");
	return err ? complain(err == -ENOMEM ? EX_OSERR : EX_USAGE, &msg) : 0;
}

static int connect_to(const char *path, int *ret_fd)
{
	struct errmsg msg;

	*ret_fd = ctl_connect(path, &msg);
	if (*ret_fd >= 0)
		return 0;
	return complain(*ret_fd == -EACCES ? EX_NOPERM : EX_UNAVAILABLE, &msg);
}

/* Without an error: what the daemon says tells more, even if it does not want
 * to hear. */
static void send_all(int fd, const struct strbuf *line)
{
	size_t at = 0;

	while (at < line->len) {
		ssize_t n = send(
			fd, line->data + at, line->len - at, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			break;
		at += n > 0 ? (size_t)n : 0;
	}
	(void)shutdown(fd, SHUT_WR);
}

static int ask(const struct arguments *args)
{
	struct strbuf line = {0};
	struct ctl_request request;
	char *path = NULL;
	int fd = -1;
	int code = make_request(args, &line, &request);

	if (!code && request.verb->flags & CTL_LOCAL) {
		code = sockctl_passwd(&request);
	} else if (!code) {
		path = args->socket ? strdup(args->socket) : ctl_find_socket();
		code = path ? connect_to(path, &fd) : EX_OSERR;
	}
	if (!code && fd >= 0) {
		send_all(fd, &line);
		code = sockctl_answer(fd, &request);
	}
	if (fd >= 0)
		close(fd);
	free(path);
	strbuf_fini(&line);
	return code;
}

int main(int argc, char **argv)
{
	struct arguments args = {NULL, false, NULL, 0};
	int code;

	if (!parse_arguments(argc, argv, &args, &code))
		code = ask(&args);
	return code;
}
