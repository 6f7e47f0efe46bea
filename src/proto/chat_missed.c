/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The count of what a slow reader was not told.
 *
 *   flooded: left out, counted ---> writable: the count, then what follows
 *
 * Of messages of rooms it is kept in the seat where the first one was, so that
 * the reader can be told how to see them in the history; where seats were given
 * up meanwhile, and of notices and private words, it is a number only. */
#include "chat_missed.h"

#include <stdlib.h>

#include "audience_private.h"
#include "chat/gap.h"
#include "chat/msg.h"
#include "net/conn.h"
#include "proto/chat_port.h"
#include "proto/chat_session.h"
#include "proto/dialect.h"

void missed_count_batch(struct chat_session *session, struct seat *seat,
	uint64_t n, uint64_t n_said, uint64_t first_said)
{
	session->missed += n;
	if (n_said == 0)
		return;
	if (seat->n_missed == 0)
		seat->first_missed = first_said;
	seat->n_missed += (uint32_t)n_said;
}

void missed_count(struct chat_session *session, struct seat *seat,
	const struct chat_msg *msg)
{
	missed_count_batch(session, seat, 1, seat && msg->seq ? 1 : 0, msg->id);
}

uint64_t missed_said(const struct chat_session *session)
{
	const struct seat *seat;
	uint64_t n = 0;

	for (seat = session->seats; seat; seat = seat->next)
		n += seat->n_missed;
	return n;
}

static size_t count_gaps(const struct chat_session *session)
{
	const struct seat *seat;
	size_t n = 0;

	for (seat = session->seats; seat; seat = seat->next)
		n += seat->n_missed > 0;
	return n;
}

/* Without memory the reader learns the number alone. */
static struct chat_gap *make_gaps(struct chat_session *session, size_t *ret_n)
{
	size_t n = count_gaps(session), i = 0;
	struct chat_gap *gaps = n > 0 ? calloc(n, sizeof(*gaps)) : NULL;
	const struct seat *seat;

	*ret_n = 0;
	if (!gaps)
		return NULL;
	for (seat = session->seats; seat; seat = seat->next)
		if (seat->n_missed > 0)
			gaps[i++] = (struct chat_gap){
				.index = seat->audience->room,
				.n = seat->n_missed,
				.since = seat->first_missed - 1,
			};
	chat_port_fill_gaps(session, gaps, n);
	for (i = 0; i < n; i++)
		if (gaps[i].room[0])
			gaps[(*ret_n)++] = gaps[i];
	return gaps;
}

void missed_format(struct chat_session *session, struct strbuf *out)
{
	struct dialect_missed missed = {.n = session->missed};
	struct chat_gap *gaps = make_gaps(session, &missed.n_gaps);

	missed.gaps = gaps;
	session->dialect->missed(&missed, session->view, out);
	free(gaps);
}

void missed_tell(struct chat_session *session)
{
	struct strbuf line = {0};

	if (!session->missed)
		return;
	missed_format(session, &line);
	session->missed = 0;
	for (struct seat *seat = session->seats; seat; seat = seat->next)
		seat->n_missed = 0;
	if (line.failed)
		conn_close(session->conn, CLOSE_MEMORY, NULL);
	else
		conn_send(session->conn, line.data, line.len);
	strbuf_fini(&line);
}
