/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verb `metrics`: what the protocol of this name shows, a line each. Main
 * thread. */
#include <errno.h>
#include <string.h>

#include "app/monitor.h"
#include "app/server_private.h"
#include "base/process.h"
#include "base/str.h"
#include "proto/monitor.h"

#include "control_private.h"

/* "name{labels} value", of which the first part may hold blanks. */
static void add_sample(struct report *r, char *line, const char *wanted)
{
	char *value = strrchr(line, ' ');

	if (line[0] == '#' || !value)
		return;
	*value++ = '\0';
	if (!strstr(line, wanted))
		return;
	report_text(r, "metric", line);
	report_decimal(r, "value", value);
}

int control_metrics(struct control_request *req)
{
	static const struct report_column columns[] = {
		{"metric", REPORT_TEXT},
		{"value", REPORT_DECIMAL},
	};
	const struct proto_monitor *face = monitor_face(req->server->monitor);
	const char *wanted = req->words.n_args ? req->words.args[0] : "";
	struct process_figures process;
	struct strbuf page = {0};
	char *line, *rest;

	process_read(&process);
	face->page(face, METRICS_FORMAT_TEXT, &process, &page);
	if (page.failed) {
		strbuf_fini(&page);
		return errmsg_set(&req->error, ENOMEM, "out of memory");
	}
	rest = page.data;
	report_begin(req->report, "metrics", columns, 2);
	while ((line = strsep(&rest, "\n")) != NULL)
		add_sample(req->report, line, wanted);
	report_end(req->report);
	strbuf_fini(&page);
	return 0;
}
