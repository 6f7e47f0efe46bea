/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sockd: arguments, what only looks at the configuration, and exit codes. The
 * daemon itself is app/server.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <event2/event.h>

#include "sockd_build.h"

#include "app/config.h"
#include "app/notify.h"
#include "app/server.h"
#include "base/log.h"
#include "base/password.h"
#include "base/str.h"
#include "proto/dialect.h"
#include "proto/proto.h"

/* As whom the unit runs us. */
#define SERVICE_USER "sockd"

struct arguments {
	struct config_source src;
	struct strlist overrides;
	bool is_test, is_dump;
};

static void print_usage(FILE *out)
{
	fputs("usage: sockd [-f FILE] [-o PATH=VALUE]... [-t | -T]\n"
	      "       sockd -V | -h\n"
	      "\n"
	      "  -f FILE        the configuration (" SOCKD_CONFIG_FILE ")\n"
	      "  -o PATH=VALUE  set one option, as in -o log.level=debug\n"
	      "  -t             check the configuration and exit\n"
	      "  -T             print the effective configuration and exit\n"
	      "  -V             print the version and what is built in\n"
	      "  -h             print this\n"
	      "\n"
	      "sockd stays in the foreground. TERM stops it, HUP has it read\n"
	      "its configuration again. See sockd(8) and sockd.conf(5).\n",
		out);
}

static void print_version(void)
{
	printf("sockd %s\n", SOCKD_VERSION);
	printf("libraries: libevent %s, %s, %s, %s\n", event_get_version(),
		dialect_library_text(), config_library_text(),
		password_library_text());
	printf("features: %csystemd -tls\n", HAVE_LIBSYSTEMD ? '+' : '-');
	printf("protocols:");
	for (size_t i = 0; proto_table[i]; i++)
		printf(" %s", proto_table[i]->name);
	putchar('\n');
}

/* 0 to go on, 1 to leave with *ret_code. */
static int parse_arguments(
	int argc, char **argv, struct arguments *args, int *ret_code)
{
	int c;

	args->src.file = SOCKD_CONFIG_FILE;
	*ret_code = EX_OK;
	while ((c = getopt(argc, argv, "f:o:tTVh")) != -1) {
		if (c == 'f')
			args->src.file = optarg;
		else if (c == 'o' && strlist_add(&args->overrides, optarg))
			*ret_code = EX_OSERR;
		else if (c == 't')
			args->is_test = true;
		else if (c == 'T')
			args->is_dump = true;
		else if (c == 'V')
			print_version();
		else if (c == 'h')
			print_usage(stdout);
		else if (c == '?')
			*ret_code = EX_USAGE;
		if (c == 'V' || c == 'h' || *ret_code)
			break;
	}
	if (c == -1 && optind < argc) {
		fprintf(stderr,
			"sockd: \"%s\" is not an option; files are "
			"named with -f\n",
			argv[optind]);
		*ret_code = EX_USAGE;
	}
	if (*ret_code == EX_USAGE)
		print_usage(stderr);
	args->src.overrides = (const char *const *)args->overrides.items;
	args->src.n_overrides = args->overrides.n_items;
	/* Another file may be a draft, or somebody else's. */
	args->src.reader = args->is_test ? SERVICE_USER : NULL;
	args->src.reader_is_guess = strcmp(args->src.file, SOCKD_CONFIG_FILE);
	return c != -1 || *ret_code;
}

/* In the journal lines have a level, which a prefix sets; see sd-daemon(3). */
static const char *finding_prefix(const struct config_error *e)
{
	if (!journal_is_on())
		return "";
	return e->warning ? "<4>" : "<3>";
}

static void print_findings(const struct config_errors *errors)
{
	for (size_t i = 0; i < errors->n_items; i++) {
		struct strbuf line = {0};

		config_error_format(&errors->items[i], &line);
		fprintf(stderr, "%s%s%s\n", finding_prefix(&errors->items[i]),
			errors->items[i].warning ? "warning: " : "",
			line.data ? line.data : "out of memory");
		strbuf_fini(&line);
	}
}

static int serve(const struct arguments *args, struct config *cfg)
{
	int err = log_start(journal_is_on() ? journal_sink : log_sink_stderr);
	int code;

	if (err) {
		fprintf(stderr, "sockd: cannot start the log: %s\n",
			strerror(-err));
		config_free(cfg);
		return EX_OSERR;
	}
	code = server_run(&args->src, cfg);
	log_stop();
	return code;
}

static int run(const struct arguments *args)
{
	struct config_errors errors = {0};
	struct config *cfg = NULL;
	int code = config_load(&args->src, &cfg, &errors);

	print_findings(&errors);
	/* To whoever checks, what is not there yet is an error like others. */
	if (args->is_test && code == EX_OSERR && !errors.is_oom)
		code = EX_CONFIG;
	config_errors_fini(&errors);
	if (code)
		return code;
	if (args->is_dump) {
		code = config_dump(cfg, stdout) || fflush(stdout) ? EX_IOERR
								  : EX_OK;
		config_free(cfg);
		return code;
	}
	if (args->is_test) {
		printf("sockd: %s: OK\n", args->src.file);
		config_free(cfg);
		return EX_OK;
	}
	return serve(args, cfg);
}

/* Whoever starts us may have closed these; else a socket would get their number
 * and what is printed. */
static void open_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	struct arguments args = {0};
	int code;

	open_standard_fds();
	if (!parse_arguments(argc, argv, &args, &code))
		code = run(&args);
	strlist_fini(&args.overrides);
	return code;
}
