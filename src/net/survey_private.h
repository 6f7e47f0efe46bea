/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_SURVEY_PRIVATE_H
#define SOCKD_NET_SURVEY_PRIVATE_H

#include <stdbool.h>

#include "net/mailbox.h"

struct survey;
struct worker;

/* What survey.c and worker.c share. */

struct survey_part {
	struct mail mail;
	struct survey *survey;
	struct survey_part *next; /* in worker.visits */
	bool is_walking;          /* worker.cursor is its own */
	_Alignas(16) char data[];
};

/* worker.visit_event: a slice of the first of w's visits. */
void survey_on_visit(struct worker *w);
/* The worker ends. */
void survey_drop_visits(struct worker *w);

#endif
