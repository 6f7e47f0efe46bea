/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BIN_SOCKLOAD_FAULT_H
#define SOCKD_BIN_SOCKLOAD_FAULT_H

#include <stddef.h>
#include <stdint.h>

/* What a server did wrong. All faults are counted; the first few are said at
 * once and kept for the report. */

enum fault_kind {
	FAULT_LOST,   /* never came */
	FAULT_ORDER,  /* came after a later one */
	FAULT_AGAIN,  /* came twice */
	FAULT_BYTES,  /* came with other bytes than were sent */
	FAULT_CLOSED, /* the server closed the connection */
	N_FAULT_KINDS,
};

#define FAULT_TEXTS 10

/* Zero-initialised is none. */
struct faults {
	uint64_t counts[N_FAULT_KINDS];
	char *texts[FAULT_TEXTS]; /* owned */
	size_t n_texts;
};

extern const char *const fault_names[N_FAULT_KINDS]; /* "lost", ... */

void faults_fini(struct faults *f);
/* Counts n of a kind, of which the text names the first. */
void fault_add(struct faults *f, enum fault_kind kind, uint64_t n,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));
uint64_t faults_total(const struct faults *f);

#endif
