/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Prints the option tables, a row a line: table, key and the sentence that
 * sockd.conf(5) begins the option with. The test tables.py compares.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/config.h"
#include "base/errmsg.h"
#include "base/option.h"
#include "base/str.h"
#include "base/units.h"
#include "proto/proto.h"

static const char *const type_words[] = {
	[OPT_BOOL] = "True or false",
	[OPT_INT] = "Number",
	[OPT_SIZE] = "Size",
	[OPT_DURATION] = "Duration",
	[OPT_RATE] = "Rate",
	[OPT_STRING] = "Text",
	[OPT_ENUM] = "One of",
	[OPT_STRINGS] = "List of texts",
};

static void add_bound(struct strbuf *out, const struct option *opt, int64_t n)
{
	char buf[UNITS_LEN];

	if (opt->type == OPT_SIZE)
		strbuf_adds(out, size_format(buf, (uint64_t)n));
	else if (opt->type == OPT_DURATION)
		strbuf_adds(out, duration_format(buf, (uint64_t)n));
	else
		strbuf_addf(out, "%" PRId64, n);
}

static void add_bounds(struct strbuf *out, const struct option *opt)
{
	if (opt->type == OPT_ENUM)
		for (size_t i = 0; opt->names[i]; i++)
			strbuf_addf(
				out, "%s\"%s\"", i ? ", " : " ", opt->names[i]);
	if (opt->min == 0 && opt->max == 0)
		return;
	if (opt->type == OPT_STRING || opt->type == OPT_STRINGS) {
		strbuf_adds(out, opt->min ? ", " : ", at most ");
		if (opt->min)
			strbuf_addf(out, "%" PRId64 " to ", opt->min);
		strbuf_addf(out, "%" PRId64 "%s", opt->max,
			opt->type == OPT_STRING ? " bytes" : "");
		return;
	}
	strbuf_adds(out, opt->flags & OPT_ZERO ? ", \"0\" or " : ", ");
	add_bound(out, opt, opt->min);
	strbuf_adds(out, " to ");
	add_bound(out, opt, opt->max);
}

static void add_default(struct strbuf *out, const struct option *opt)
{
	union {
		int64_t number;
		struct rate_spec rate;
		struct strlist list;
	} value = {0};
	struct option row[] = {*opt, OPTION_END};
	struct errmsg msg;

	if (opt->flags & OPT_REQUIRED) {
		strbuf_adds(out, "; required");
		return;
	}
	if (opt->flags & OPT_INHERIT) {
		strbuf_addf(out, "; default: that of %s", opt->fallback);
		return;
	}
	row[0].offset = 0;
	if (option_set_text(row, &value, opt->fallback, &msg) < 0)
		abort();
	strbuf_adds(out, "; default ");
	option_format(row, &value, out);
	option_fini(row, &value);
}

/* Of what is not there yet it says nothing. */
static void add_reload(struct strbuf *out, const struct option *opt)
{
	static const char *const words[] = {
		[RELOAD_NOW] = "applies at once",
		[RELOAD_NEW] = "applies to new connections",
		[RELOAD_RESTART] = "needs a restart",
	};

	if (opt->reload < RELOAD_NOW || opt->reload > RELOAD_RESTART) {
		fprintf(stderr, "%s does not say what a reload does\n",
			opt->key);
		exit(1);
	}
	if (!(opt->flags & OPT_UNBUILT))
		strbuf_addf(out, "; %s", words[opt->reload]);
}

static void print_table(const char *name, const struct option *table)
{
	for (const struct option *opt = table; opt && opt->key; opt++) {
		struct strbuf out = {0};

		strbuf_adds(&out, type_words[opt->type]);
		add_bounds(&out, opt);
		add_default(&out, opt);
		add_reload(&out, opt);
		if (opt->flags & OPT_UNBUILT)
			strbuf_adds(&out, "; not in this build");
		printf("%s\t%s\t%s.\n", name, opt->key, out.data);
		strbuf_fini(&out);
	}
}

int main(void)
{
	print_table("global", config_options);
	print_table("service", config_service_options);
	print_table("room", config_room_options);
	for (size_t i = 0; proto_table[i]; i++)
		print_table(proto_table[i]->name, proto_table[i]->options);
	return 0;
}
