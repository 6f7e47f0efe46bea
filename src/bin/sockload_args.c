/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The command line of sockload. One row is one option: its letter and name,
 * the modes it is for, its type, bounds and default, the field it fills and
 * its line of help. Parsing, checking and the help are made from the rows.
 */
#include "sockload_args.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/errmsg.h"
#include "base/units.h"
#include "sockd_build.h"
#include "sockload.h"
#include "sockload_fanout.h"

enum arg_type { ARG_FLAG, ARG_COUNT, ARG_SIZE, ARG_TIME, ARG_TEXT, ARG_PRESET };
enum arg_mode {
	IN_ECHO = 1,
	IN_FANOUT = 2,
	IN_IDLE = 4,
	IN_CONNECT = 8,
	IN_DISCARD = 16,
	IN_CHARGEN = 32,
	IN_MESSAGES = IN_ECHO | IN_FANOUT | IN_CONNECT,
	IN_WORK = IN_MESSAGES | IN_DISCARD | IN_CHARGEN,
	IN_CHAT = IN_FANOUT | IN_IDLE,
	IN_ALL = IN_WORK | IN_IDLE,
};

struct arg {
	char letter; /* 0: has none */
	const char *name, *value;
	unsigned modes;
	enum arg_type type;
	size_t offset;
	uint64_t min, max;
	const char *help;
};

#define FIELD(f)     offsetof(struct load_options, f)
#define DATAGRAM_MIN 8
#define DATAGRAM_MAX 65507
#define MILLION      UINT64_C(1000000)
#define DAY_MS       UINT64_C(86400000)

static const struct arg args[] = {
	{'c', "connections", "N", IN_ALL, ARG_COUNT, FIELD(connections), 1,
		MILLION, "connections; for fanout those that receive (50)"},
	{'s', "size", "BYTES", IN_MESSAGES, ARG_SIZE, FIELD(size), 1, 1 << 26,
		"one message (64)"},
	{'d', "depth", "N", IN_ECHO, ARG_COUNT, FIELD(depth), 1, 65536,
		"messages of a connection on their way at once (1)"},
	{'u', "udp", NULL, IN_ECHO, ARG_FLAG, FIELD(udp), 0, 0,
		"datagrams over UDP; a connection is a socket then"},
	{0, "loss", "TIME", IN_ECHO, ARG_TIME, FIELD(loss_ms), 1, DAY_MS,
		"with --udp: not back for so long is lost (1s)"},
	{'w', "window", "N", IN_FANOUT, ARG_COUNT, FIELD(window), 1, 65536,
		"a sender's messages on their way (1; with --rate 256)"},
	{'S', "senders", "N", IN_FANOUT, ARG_COUNT, FIELD(senders), 1, 65536,
		"connections that send, besides those that receive (1)"},
	{0, "silent", "N", IN_FANOUT, ARG_COUNT, FIELD(silent), 0, MILLION,
		"so many of those that receive do not read (0)"},
	{0, "slow", "N", IN_FANOUT, ARG_COUNT, FIELD(slow), 0, MILLION,
		"so many more read a KiB a second (0)"},
	{'R', "rooms", "N", IN_CHAT, ARG_COUNT, FIELD(rooms), 1, MILLION,
		"rooms that all connections are spread over (1)"},
	{'p', "preset", "NAME", IN_CHAT, ARG_PRESET, FIELD(preset), 0, 0,
		"how to talk to the server; see below"},
	{0, "login", "TEXT", IN_CHAT, ARG_TEXT, FIELD(preset.login), 0, 0,
		"sent when connected"},
	{0, "welcome", "TEXT", IN_CHAT, ARG_TEXT, FIELD(preset.welcome), 0, 0,
		"a line with this: logged in"},
	{0, "join", "TEXT", IN_CHAT, ARG_TEXT, FIELD(preset.join), 0, 0,
		"sent when logged in"},
	{0, "ready", "TEXT", IN_CHAT, ARG_TEXT, FIELD(preset.ready), 0, 0,
		"a line with this: in the room"},
	{0, "send", "TEXT", IN_FANOUT, ARG_TEXT, FIELD(preset.send), 0, 0,
		"what a sender says, around {payload}"},
	{0, "skipped", "TEXT", IN_FANOUT, ARG_TEXT, FIELD(preset.skipped), 0, 0,
		"a line with this: {n} messages were skipped"},
	{'r', "rate", "N", IN_MESSAGES, ARG_COUNT, FIELD(rate), 1,
		100 * MILLION,
		"so many a second, all together (as fast as possible)"},
	{'t', "time", "TIME", IN_ALL, ARG_TIME, FIELD(time_ms), 1, 366 * DAY_MS,
		"how long to measure: 30s, 5m (10s; idle: until a signal)"},
	{'n', "count", "N", IN_WORK, ARG_COUNT, FIELD(count), 1, UINT64_MAX,
		"stop after so many messages, connections or MiB"},
	{0, "warm-up", "TIME", IN_WORK, ARG_TIME, FIELD(warm_up_ms), 0, DAY_MS,
		"work that is not counted yet (0)"},
	{0, "until-cpu", "TIME", IN_WORK, ARG_TIME, FIELD(until_cpu_ms), 1,
		DAY_MS, "stop when the server has used so much processor time"},
	{0, "patience", "TIME", IN_ALL, ARG_TIME, FIELD(patience_ms), 1, DAY_MS,
		"when nothing comes for so long, it is lost (5s)"},
	{0, "sources", "N", IN_ALL, ARG_COUNT, FIELD(sources), 1, 60000,
		"connect from 127.0.0.2 and on, so many addresses"},
	{'P', "pid", "PID", IN_ALL, ARG_COUNT, FIELD(pid), 1, INT32_MAX,
		"the server's process: measure what it costs"},
	{'j', "json", NULL, IN_ALL, ARG_FLAG, FIELD(json), 0, 0,
		"report as one JSON object"},
	{'b', "busy", NULL, IN_WORK, ARG_FLAG, FIELD(busy), 0, 0,
		"never sleep: the server need not wake us"},
	{'q', "quiet", NULL, IN_ALL, ARG_FLAG, FIELD(quiet), 0, 0,
		"no progress on the terminal"},
};
#define N_ARGS (sizeof(args) / sizeof(*args))

static const struct {
	const struct load_mode *mode;
	enum arg_mode bit;
} modes[] = {
	{&mode_echo, IN_ECHO},
	{&mode_fanout, IN_FANOUT},
	{&mode_idle, IN_IDLE},
	{&mode_connect, IN_CONNECT},
	{&mode_discard, IN_DISCARD},
	{&mode_chargen, IN_CHARGEN},
};
#define N_MODES (sizeof(modes) / sizeof(*modes))

static int complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static int complain(const char *fmt, ...)
{
	va_list ap;

	fputs("sockload: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return EX_USAGE;
}

static void print_help(void)
{
	char names[64], also[64];

	puts("usage: sockload MODE [OPTIONS] HOST:PORT\n"
	     "       sockload MODE [OPTIONS] /PATH\n");
	for (size_t i = 0; i < N_MODES; i++)
		printf("  %-22s%s\n", modes[i].mode->name,
			modes[i].mode->summary);
	putchar('\n');
	for (const struct arg *a = args; a < args + N_ARGS; a++) {
		snprintf(names, sizeof(names), "--%s %s", a->name,
			a->value ? a->value : "");
		snprintf(also, sizeof(also), a->letter ? "-%c, " : "    ",
			a->letter);
		printf("  %s%-22s %s\n", also, names, a->help);
	}
	puts("\npresets:");
	for (const struct preset *p = presets; p->name; p++)
		printf("  %-22s%s\n", p->name, p->summary);
}

static int parse_count(const struct arg *a, const char *text, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || *ret < a->min ||
		*ret > a->max)
		return complain("--%s \"%s\": a whole number from %" PRIu64
				" to %" PRIu64 " is expected",
			a->name, text, a->min, a->max);
	return 0;
}

/* A number without a unit is seconds here. */
static int parse_time(const struct arg *a, const char *text, uint64_t *ret)
{
	char with_unit[32];
	struct errmsg msg;

	if (text[strspn(text, "0123456789")] == '\0' && strlen(text) < 20) {
		snprintf(with_unit, sizeof(with_unit), "%ss", text);
		text = with_unit;
	}
	if (duration_parse(text, ret, &msg) < 0)
		return complain("--%s: %s", a->name, msg.text);
	if (*ret < a->min || *ret > a->max)
		return complain("--%s \"%s\" is out of range", a->name, text);
	return 0;
}

/* A number alone is bytes. */
static int parse_size(const struct arg *a, const char *text, uint64_t *ret)
{
	struct errmsg msg;
	char with_unit[32];

	if (*text && text[strspn(text, "0123456789")] == '\0' &&
		strlen(text) < 20) {
		snprintf(with_unit, sizeof(with_unit), "%sB", text);
		text = with_unit;
	}
	if (size_parse(text, ret, &msg) < 0)
		return complain("--%s: %s", a->name, msg.text);
	if (*ret < a->min || *ret > a->max)
		return complain("--%s \"%s\" is out of range", a->name, text);
	return 0;
}

static int parse_text(const struct arg *a, char *text, const char **ret)
{
	struct errmsg msg;

	if (template_unescape(text, &msg) < 0)
		return complain("--%s: %s", a->name, msg.text);
	*ret = *text ? text : NULL;
	return 0;
}

static void keep_text(
	struct load_options *to, const struct load_options *from, size_t at)
{
	const char *text = *(char *const *)((const char *)from + at);

	if (text)
		*(const char **)((char *)to + at) = text;
}

static int parse_preset(const char *name, struct load_options *opt)
{
	const struct preset *p = preset_find(name);

	if (!p)
		return complain("there is no preset \"%s\"; `sockload --help` "
				"lists them",
			name);
	struct load_options own = *opt; /* texts may stand before the name */
	opt->preset = *p;
	for (size_t i = 0; i < N_ARGS; i++)
		if (args[i].type == ARG_TEXT)
			keep_text(opt, &own, args[i].offset);
	return 0;
}

static int take_arg(const struct arg *a, char *text, struct load_options *opt)
{
	void *field = (char *)opt + a->offset;

	switch (a->type) {
	case ARG_FLAG:
		*(bool *)field = true;
		return 0;
	case ARG_COUNT:
		return parse_count(a, text, field);
	case ARG_SIZE:
		return parse_size(a, text, field);
	case ARG_TIME:
		return parse_time(a, text, field);
	case ARG_TEXT:
		opt->has_preset = true;
		return parse_text(a, text, field);
	case ARG_PRESET:
		opt->has_preset = true;
		return parse_preset(text, opt);
	}
	return EX_SOFTWARE;
}

static void default_to(uint64_t *field, uint64_t value)
{
	if (*field == 0)
		*field = value;
}

static void set_defaults(struct load_options *opt)
{
	const bool is_fanout = opt->mode == &mode_fanout;

	default_to(&opt->connections, 50);
	default_to(&opt->size, opt->mode->streams || opt->mode->holds ? 0 : 64);
	default_to(&opt->depth, 1);
	default_to(&opt->window, opt->rate ? 256 : 1);
	default_to(&opt->senders, is_fanout ? 1 : 0);
	default_to(&opt->rooms, 1);
	default_to(&opt->patience_ms, 5000);
	default_to(&opt->loss_ms, 1000);
	if (opt->udp)
		opt->mode = &mode_echo_udp;
	if (!opt->mode->holds && !opt->count && !opt->until_cpu_ms)
		default_to(&opt->time_ms, 10000);
	if (strncmp(opt->address, "127.", 4) == 0)
		default_to(&opt->sources,
			opt->mode == &mode_connect
				? 8
				: 1 + opt->connections / 5000);
}

static int check_templates(const struct load_options *opt)
{
	const struct preset *p = &opt->preset;
	const char *const texts[] = {
		p->login, p->welcome, p->join, p->ready, p->sender_login};
	const struct template_vars vars = {.run = ""};
	struct strbuf sb = {0};
	struct errmsg msg;
	char *head, *tail;
	int r = 0;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts) && r == 0; i++)
		if (texts[i])
			r = template_expand(&sb, texts[i], &vars, &msg);
	if (r == 0 && opt->mode == &mode_fanout) {
		r = template_split(p->send ? p->send : "", &head, &tail, &msg);
		if (r == 0) {
			r = template_expand(&sb, head, &vars, &msg);
			if (r == 0)
				r = template_expand(&sb, tail, &vars, &msg);
			free(head);
		}
	}
	strbuf_fini(&sb);
	return r < 0 ? complain("%s", msg.text) : 0;
}

static int check(const struct load_options *opt)
{
	if (opt->mode == &mode_fanout && !opt->has_preset)
		return complain("fanout needs --preset, or --send with "
				"--login and --ready");
	if (opt->mode == &mode_fanout && opt->rooms > opt->connections)
		return complain("--rooms: there are more than --connections");
	if (opt->mode == &mode_fanout &&
		opt->silent + opt->slow >= opt->connections)
		return complain("--silent and --slow: nobody is left who "
				"reads");
	if (opt->mode == &mode_fanout && opt->size < MESSAGE_MIN)
		return complain("--size: a message of fanout has at least %d "
				"bytes",
			MESSAGE_MIN);
	if (opt->mode == &mode_fanout && opt->size > LOAD_SCRATCH / 2)
		return complain("--size: a message of fanout has at most %zu "
				"bytes",
			LOAD_SCRATCH / 2);
	if (opt->until_cpu_ms && !opt->pid)
		return complain("--until-cpu needs --pid");
	if (opt->sources > 1 && strncmp(opt->address, "127.", 4) != 0)
		return complain("--sources needs an IPv4 loopback address");
	if (opt->connections * opt->depth > 100 * MILLION)
		return complain("--connections times --depth is too much");
	return check_templates(opt);
}

static int check_datagrams(const struct load_options *opt)
{
	if (!opt->udp)
		return 0;
	if (strchr(opt->address, ':') == NULL)
		return complain("--udp needs HOST:PORT");
	if (opt->size < DATAGRAM_MIN || opt->size > DATAGRAM_MAX)
		return complain("--size: a datagram has %d to %d bytes",
			DATAGRAM_MIN, DATAGRAM_MAX);
	if (opt->loss_ms >= opt->patience_ms)
		return complain("--loss must be less than --patience");
	return 0;
}

static const struct arg *find_arg(int code)
{
	for (const struct arg *a = args; a < args + N_ARGS; a++)
		if ((a->letter && a->letter == code) || a - args == code - 256)
			return a;
	return NULL;
}

/* getopt's own tables, made from the rows: letters, and rows as 256 + n. */
static int next_option(int argc, char **argv)
{
	static char letters[2 * N_ARGS + 8];
	static struct option longs[N_ARGS + 3];
	char *out = letters;

	if (!letters[0]) {
		*out++ = 'h';
		*out++ = 'V';
		for (size_t i = 0; i < N_ARGS; i++) {
			const struct arg *a = &args[i];
			if (a->letter)
				*out++ = a->letter;
			if (a->letter && a->value)
				*out++ = ':';
			longs[i] = (struct option){a->name,
				a->value ? required_argument : no_argument,
				NULL, 256 + (int)i};
		}
		longs[N_ARGS] = (struct option){"help", 0, NULL, 'h'};
		longs[N_ARGS + 1] = (struct option){"version", 0, NULL, 'V'};
	}
	return getopt_long(argc, argv, letters, longs, NULL);
}

static int take_options(
	int argc, char **argv, struct load_options *opt, unsigned bit)
{
	int code, r;

	while ((code = next_option(argc, argv)) != -1) {
		const struct arg *a = find_arg(code);
		if (!a)
			return EX_USAGE; /* getopt said why */
		if (!(a->modes & bit))
			return complain(
				"--%s is not for %s", a->name, opt->mode->name);
		r = take_arg(a, optarg, opt);
		if (r)
			return r;
	}
	if (optind + 1 != argc)
		return complain("one address is expected: HOST:PORT or /PATH");
	opt->address = argv[optind];
	return 0;
}

static bool is_asked(const char *word, const char *letter, const char *name)
{
	return strcmp(word, letter) == 0 || strcmp(word, name) == 0;
}

bool args_parse(int argc, char **argv, struct load_options *opt, int *ret_code)
{
	const char *word = argc > 1 ? argv[1] : "";

	*ret_code = 0;
	for (int i = 1; i < argc; i++)
		if (is_asked(argv[i], "-h", "--help")) {
			print_help();
			return false;
		}
	if (is_asked(word, "-V", "--version")) {
		puts("sockload " SOCKD_VERSION);
		return false;
	}
	for (size_t i = 0; i < N_MODES; i++) {
		if (strcmp(word, modes[i].mode->name) != 0)
			continue;
		*opt = (struct load_options){.mode = modes[i].mode};
		*ret_code = take_options(argc - 1, argv + 1, opt, modes[i].bit);
		if (*ret_code == 0) {
			set_defaults(opt);
			*ret_code = check(opt);
			if (*ret_code == 0)
				*ret_code = check_datagrams(opt);
		}
		return *ret_code == 0;
	}
	*ret_code = complain("say what to do: sockload echo, fanout, idle, "
			     "connect, discard or chargen; --help lists the "
			     "options");
	return false;
}
