/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From verb to handler: the table of verbs makes both, so that a verb without
 * its function does not link. And `help`, which shows the table. Main
 * thread. */
#include <errno.h>
#include <string.h>

#include "base/errmsg.h"
#include "base/str.h"

#include "control_private.h"

static const control_fn handlers[CTL_N] = {
#define CONTROL_ROW(name, words, arguments, flags, help) \
	[CTL_ID_##name] = control_##name,
	CTL_TABLE(CONTROL_ROW)
#undef CONTROL_ROW
};

control_fn control_handler(const struct ctl_verb *verb)
{
	return handlers[verb - ctl_verbs];
}

/* Who has sent this is not sockctl. */
int control_passwd(struct control_request *req)
{
	return errmsg_set(&req->error, ENOTSUP,
		"passwd needs no daemon: sockctl does it by itself");
}

static bool is_wanted(const struct ctl_verb *verb, const char *wanted)
{
	size_t len = strlen(wanted);

	return len == 0 ||
		(strncmp(verb->words, wanted, len) == 0 &&
			(verb->words[len] == '\0' || verb->words[len] == ' '));
}

static void add_row(struct report *r, const struct ctl_verb *verb)
{
	report_text(r, "verb", verb->words);
	report_text(r, "arguments", verb->arguments);
	report_bool(r, "changes", verb->flags & (CTL_CHANGES | CTL_SETS));
	report_text(r, "help", verb->help);
}

int control_help(struct control_request *req)
{
	static const struct report_column columns[] = {
		{"verb", REPORT_TEXT},
		{"arguments", REPORT_TEXT, 24}, /* two verbs have more */
		{"changes", REPORT_BOOL},
		{"help", REPORT_TEXT},
	};
	const char *wanted = req->words.n_args ? req->words.args[0] : "";
	size_t n_used, n = 0;

	for (size_t i = 0; i < CTL_N; i++)
		n += is_wanted(&ctl_verbs[i], wanted);
	if (n == 0) {
		(void)ctl_find(&wanted, 1, &n_used, &req->error);
		return -EINVAL;
	}
	report_begin(req->report, "verbs", columns, 4);
	for (size_t i = 0; i < CTL_N; i++)
		if (is_wanted(&ctl_verbs[i], wanted))
			add_row(req->report, &ctl_verbs[i]);
	report_end(req->report);
	return 0;
}
