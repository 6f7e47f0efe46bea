/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nobody but its worker knows where a connection is, so all are asked. */
#include "net/kick.h"

#include <errno.h>
#include <stdlib.h>

#include "base/strmap.h"
#include "net/conn.h"
#include "net/survey.h"
#include "net/worker.h"

struct asking {
	struct survey survey;
	struct kick kick;
};

static struct asking *asking_of(struct survey *s)
{
	return container_of(s, struct asking, survey);
}

static bool visit(struct survey *s, struct worker *w, void *part)
{
	const struct kick *kick = &asking_of(s)->kick;
	struct conn *c = worker_find_conn(w, kick->conn);
	bool *was_open = part;

	*was_open = c && conn_is_open(c);
	if (*was_open)
		conn_close(c, CLOSE_KICKED, kick->words);
	return true;
}

static void done(struct survey *s)
{
	const struct kick *kick = &asking_of(s)->kick;
	bool found = false;

	for (unsigned i = 0; i < s->n_parts; i++)
		found = found || *(const bool *)survey_part_data(s, i);
	kick->done(kick->arg, kick->ref, found);
}

static void asking_free(struct survey *s)
{
	free(asking_of(s));
}

static const struct survey_ops kick_ops = {
	.visit = visit,
	.done = done,
	.free = asking_free,
	.part_size = sizeof(bool),
};

int kick_ask(struct crew *crew, struct mailbox *to, const struct kick *kick)
{
	struct asking *asking = calloc(1, sizeof(*asking));

	if (!asking)
		return -ENOMEM;
	asking->kick = *kick;
	if (survey_start(
		    &asking->survey, &kick_ops, crew, crew->n_workers, to)) {
		free(asking);
		return -ENOMEM;
	}
	return 0;
}
