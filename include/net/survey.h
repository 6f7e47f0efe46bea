/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_SURVEY_H
#define SOCKD_NET_SURVEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conn;
struct crew;
struct mailbox;
struct worker;

/* Asks workers something and brings the answers back to the thread that asked.
 * A worker answers between its other work, in slices; it does one survey at a
 * time, others wait. */

/* A slice of a visit ends after so long: look at the clock now and then. */
#define SURVEY_SLICE_US 1000

struct survey;

struct survey_ops {
	/* In the worker's thread, until it returns true; `part` is its own
	 * piece of memory, zeroed at the first call. */
	bool (*visit)(struct survey *s, struct worker *w, void *part);
	/* In the asker's thread, once, when all are back; not at all if a
	 * worker or the asker ends before. May be NULL. */
	void (*done)(struct survey *s);
	/* Frees what s, and s itself; the parts are still there. */
	void (*free)(struct survey *s);
	size_t part_size;
};

/* To be embedded as the first member of what the survey is about. */
struct survey {
	const struct survey_ops *ops;
	struct mailbox *to; /* borrowed: of the asker */
	struct survey_part **parts;
	unsigned n_parts, n_back;
	bool is_cut; /* a part never came back */
};

/* Sends it to the first n workers; answers come to the mailbox `to`, whose
 * thread calls this. From now on s belongs to the survey. 0 or -ENOMEM: s is
 * still the caller's. */
int survey_start(struct survey *s, const struct survey_ops *ops,
	struct crew *crew, unsigned n, struct mailbox *to);
/* In visit(): the worker's connections, one after another over all its calls;
 * NULL after the last. Each that is there all the time comes once. */
struct conn *survey_next_conn(struct worker *w);
/* What visit() was given on worker i. In done() and free(). */
void *survey_part_data(const struct survey *s, unsigned i);

#endif
