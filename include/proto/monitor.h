/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_PROTO_MONITOR_H
#define SOCKD_PROTO_MONITOR_H

#include "base/metrics_text.h"

struct process_figures;
struct strbuf;

/* What a protocol may tell of the daemon as a whole; app fills it in. Both are
 * for any thread and never wait. */
struct proto_monitor {
	/* All metrics as a page into out. */
	void (*page)(const struct proto_monitor *m, enum metrics_format format,
		const struct process_figures *process, struct strbuf *out);
	/* Why new clients are not served, in words; NULL: they are. */
	const char *(*unready)(const struct proto_monitor *m);
};

#endif
