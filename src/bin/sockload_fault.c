/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of a server's faults. A broken server makes millions of them, so
 * all but the first few are only counted. On a terminal the line of progress
 * is wiped before a fault is said; the next tick draws it again. */
#include "sockload_fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const fault_names[N_FAULT_KINDS] = {
	[FAULT_LOST] = "lost",
	[FAULT_ORDER] = "out_of_order",
	[FAULT_AGAIN] = "duplicated",
	[FAULT_BYTES] = "wrong_bytes",
	[FAULT_CLOSED] = "closed_early",
};

void faults_fini(struct faults *f)
{
	for (size_t i = 0; i < f->n_texts; i++)
		free(f->texts[i]);
	memset(f, 0, sizeof(*f));
}

void fault_add(struct faults *f, enum fault_kind kind, uint64_t n,
	const char *fmt, ...)
{
	va_list ap;
	char *text;

	f->counts[kind] += n;
	if (f->n_texts == FAULT_TEXTS)
		return;
	va_start(ap, fmt);
	int len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0)
		return;
	f->texts[f->n_texts++] = text;
	fprintf(stderr, "%ssockload: %s\n",
		isatty(STDERR_FILENO) ? "\r\033[K" : "", text);
	if (f->n_texts == FAULT_TEXTS)
		fputs("sockload: further faults are only counted\n", stderr);
}

uint64_t faults_total(const struct faults *f)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < N_FAULT_KINDS; i++)
		sum += f->counts[i];
	return sum;
}
