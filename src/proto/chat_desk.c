/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Working off a worker's letters, in order. Facts for rooms are collected and
 * sent as batches; anything else is done only after what was collected before
 * it has been sent, so every member reads all in the hub's order. A turn works
 * for 5 ms at most and goes on in the next; letters wait meanwhile.
 *
 * What waits is bounded by asking those who post to stop reading: over the
 * high mark the posting session is paused and its worker noted in `waiters`;
 * at the low mark each such worker is told to resume its sessions. */
#include "proto/chat_desk.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/strmap.h"
#include "chat/msg.h"
#include "net/banset.h"
#include "net/conn.h"
#include "net/worker.h"
#include "proto/audience.h"
#include "proto/chat_port.h"
#include "proto/chat_session.h"
#include "proto/chat_timer.h"

#define SLICE_US          5000
#define LETTERS_PER_CLOCK 8
#define BACKLOG_HIGH      (256 * 1024)
#define BACKLOG_LOW       (64 * 1024)

static void count_backlog(struct chat_desk *desk, size_t bytes, bool more)
{
	struct crew *crew = worker_crew(desk->worker);

	if (more) {
		atomic_fetch_add(&desk->backlog, bytes);
		atomic_fetch_add(&crew->output_bytes, bytes);
	} else {
		atomic_fetch_sub(&desk->backlog, bytes);
		atomic_fetch_sub(&crew->output_bytes, bytes);
	}
}

/* Letters. */

static void letter_free(struct chat_letter *letter)
{
	for (size_t i = 0; i < letter->n_items; i++)
		chat_msg_unref(letter->items[i].msg);
	free(letter);
}

static void mail_free(struct mail *m)
{
	letter_free((struct chat_letter *)m);
}

static void run_letter(struct mail *m, void *owner);

static struct chat_letter *letter_alloc(
	struct chat_desk *to, size_t n_items, size_t n_more)
{
	size_t bytes = sizeof(struct chat_letter) +
		n_items * sizeof(struct chat_item) + n_more;
	struct chat_letter *letter = calloc(1, bytes);

	if (!letter)
		return NULL;
	letter->mail.run = run_letter;
	letter->mail.free = mail_free;
	letter->desk = to;
	letter->bytes = bytes;
	letter->n_items = n_items;
	return letter;
}

static uint32_t *copy_rooms(uint32_t *to, const uint32_t *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = from[i];
	return to;
}

static void fill_item(struct chat_letter *letter, struct chat_item *item,
	struct chat_post *post)
{
	bool is_last = post->workers >> worker_index(letter->desk->worker) == 1;

	item->kind = post->kind;
	item->room = post->room;
	item->announce_ms = post->announce_ms;
	item->conn = post->home.conn;
	item->n = post->n;
	if (!post->msg)
		return;
	letter->bytes += post->msg->bytes;
	item->msg = is_last ? post->msg : chat_msg_ref(post->msg);
	if (is_last)
		post->msg = NULL;
}

struct chat_letter *letter_new(
	struct chat_desk *to, struct chat_outbox *out, size_t n_items)
{
	struct chat_letter *letter = letter_alloc(
		to, n_items, out->n_rooms * sizeof(uint32_t));
	struct chat_item *item = letter ? letter->items : NULL;
	uint32_t *rooms = (uint32_t *)(void *)(item + n_items);
	uint64_t bit = 1ull << worker_index(to->worker);

	for (size_t i = 0; letter && i < out->n_posts; i++) {
		struct chat_post *post = &out->posts[i];

		if (!(post->workers & bit))
			continue;
		fill_item(letter, item, post);
		item->n_rooms = post->n_rooms;
		item->rooms = copy_rooms(
			rooms, out->rooms + post->first_room, post->n_rooms);
		rooms += post->n_rooms;
		item++;
	}
	return letter;
}

struct chat_letter *letter_new_for(struct chat_desk *to,
	const struct chat_item *what, const struct slice *bytes)
{
	struct chat_letter *letter = letter_alloc(
		to, 1, bytes ? bytes->len + 1 : 0);
	char *copy;

	if (!letter)
		return NULL;
	letter->items[0] = *what;
	if (bytes) {
		copy = (char *)(letter->items + 1);
		memcpy(copy, bytes->data, bytes->len);
		letter->items[0].bytes = copy;
	}
	return letter;
}

bool desk_post(struct chat_desk *to, struct chat_letter *letter)
{
	count_backlog(to, letter->bytes, true);
	return mailbox_post(worker_mailbox(to->worker), &letter->mail);
}

/* Items. */

static struct chat_session *find_session(struct chat_desk *desk, uint64_t id)
{
	struct conn *c = worker_find_conn(desk->worker, id);

	return c && conn_is_open(c) ? conn_state(c) : NULL;
}

static void do_seat(struct chat_desk *desk, struct chat_item *item)
{
	struct chat_session *session = find_session(desk, item->conn);

	if (!session)
		return;
	if (audience_seat(desk->audiences, item->room, session)) {
		conn_close(session->conn, CLOSE_MEMORY, NULL);
		return;
	}
	audience_set_told(desk->audiences, item->room, item->n);
	if (item->announce_ms)
		chat_timer_set(session, CHAT_TIMER_ANNOUNCE,
			worker_now_ms(desk->worker) + item->announce_ms);
}

static void do_unseat(struct chat_desk *desk, struct chat_item *item)
{
	struct chat_session *session = find_session(desk, item->conn);

	if (session)
		audience_unseat(desk->audiences, item->room, session);
}

static void do_member(struct chat_desk *desk, struct chat_item *item)
{
	struct chat_session *session = find_session(desk, item->conn);

	if (session)
		audience_tell(desk->audiences, session, item->msg);
}

static void do_neighbours(struct chat_desk *desk, struct chat_item *item)
{
	audience_tell_once(desk->audiences, item->rooms, item->n_rooms,
		item->msg, item->conn);
}

static void do_view(struct chat_desk *desk, struct chat_item *item)
{
	struct chat_session *session = find_session(desk, item->conn);

	if (!session)
		return;
	session->view |= (uint8_t)item->n;
	if (audience_move(desk->audiences, session))
		conn_close(session->conn, CLOSE_MEMORY, NULL);
}

static void do_bytes(struct chat_desk *desk, struct chat_item *item)
{
	struct chat_session *session = find_session(desk, item->conn);

	if (session)
		conn_send(session->conn, item->bytes, item->n);
}

static void close_resumed(struct conn *c, const struct chat_msg *msg)
{
	conn_close(c, CLOSE_RESUMED, NULL);
}

static void close_kicked(struct conn *c, const struct chat_msg *msg)
{
	conn_close(c, CLOSE_KICKED, msg->text);
}

static void close_banned(struct conn *c, const struct chat_msg *msg)
{
	struct strbuf words = {0};

	ban_add_words(&words, (int64_t)msg->n, msg->text, clock_wall_ms());
	conn_close(c, CLOSE_BANNED, words.failed ? NULL : words.data);
	strbuf_fini(&words);
}

/* What is not here was asked for by the member itself. */
static void (*const closers[CHAT_TYPE_N])(
	struct conn *, const struct chat_msg *) = {
	[CHAT_RESUMED] = close_resumed,
	[CHAT_KICKED] = close_kicked,
	[CHAT_BANNED] = close_banned,
};

static void do_close(struct chat_desk *desk, struct chat_item *item)
{
	struct chat_session *session = find_session(desk, item->conn);

	if (!session)
		return;
	if (item->msg && closers[item->msg->type]) {
		closers[item->msg->type](session->conn, item->msg);
		return;
	}
	if (item->msg) {
		chat_msg_unref(session->bye);
		session->bye = chat_msg_ref(item->msg);
	}
	conn_close(session->conn,
		item->msg ? CLOSE_QUIT : (enum close_reason)item->n,
		item->bytes);
}

static struct log_limit operator_limit = {.burst = 100};

static void do_log(struct chat_desk *desk, struct chat_item *item)
{
	const struct log_about about = {.conn = item->conn};
	char more[LOG_LEFT_OUT_LEN];
	struct strbuf by = {0};
	uint64_t left_out;

	if (!item->msg || !log_limit_pass(&operator_limit, &left_out))
		return;
	str_escape(&by, item->msg->nick2, strlen(item->msg->nick2), SIZE_MAX);
	if (!by.failed)
		log_about(LOG_LEVEL_NOTICE, &about,
			"operator did=\"%s\" nick=%s by=\"%s\" conn=%llu%s",
			item->msg->text, item->msg->nick, by.data,
			(unsigned long long)item->conn,
			log_left_out(more, left_out));
	strbuf_fini(&by);
}

static void do_wants(struct chat_desk *desk, struct chat_item *item)
{
	static const uint8_t views[] = {
		[CHAT_WANT_TIME] = DIALECT_TIME,
		[CHAT_WANT_BELL] = DIALECT_BELL,
		[CHAT_WANT_QUIET] = DIALECT_QUIET,
	};
	struct chat_session *session = find_session(desk, item->conn);
	unsigned view = 0;

	if (!session)
		return;
	for (unsigned want = 1; want < sizeof(views); want *= 2) {
		session->view &= (uint8_t)~views[want];
		view |= item->n & want ? views[want] : 0;
	}
	session->view |= (uint8_t)view;
	if (audience_move(desk->audiences, session))
		conn_close(session->conn, CLOSE_MEMORY, NULL);
}

static void do_ignore(struct chat_desk *desk, struct chat_item *item)
{
	struct chat_session *session = find_session(desk, item->conn);

	if (session &&
		audience_ignore(
			session, item->n, item->kind == CHAT_POST_IGNORE))
		conn_close(session->conn, CLOSE_MEMORY, NULL);
}

static void do_go_on(struct chat_desk *desk, struct chat_item *item)
{
	struct chat_session *session = find_session(desk, item->conn);

	if (session && !session->leaving)
		chat_port_go_on(session);
}

static void do_room(struct chat_desk *desk, struct chat_item *item)
{
	struct chat_msg *msg = item->msg;

	/* Short of memory the room misses a line; nobody is cut for it. */
	item->msg = NULL;
	(void)audience_add(desk->audiences, item->room, msg, item->conn);
}

static void (*const doers[])(struct chat_desk *, struct chat_item *) = {
	[CHAT_POST_ROOM] = do_room,
	[CHAT_POST_NEIGHBOURS] = do_neighbours,
	[CHAT_POST_MEMBER] = do_member,
	[CHAT_POST_SEAT] = do_seat,
	[CHAT_POST_UNSEAT] = do_unseat,
	[CHAT_POST_VIEW] = do_view,
	[CHAT_POST_BYTES] = do_bytes,
	[CHAT_POST_CLOSE] = do_close,
	[CHAT_POST_WANTS] = do_wants,
	[CHAT_POST_IGNORE] = do_ignore,
	[CHAT_POST_UNIGNORE] = do_ignore,
	[CHAT_POST_GO_ON] = do_go_on,
	[CHAT_POST_LOG] = do_log,
};

/* Back-pressure. */

static void resume_paused(struct chat_desk *desk)
{
	/* Those who resume may be paused again at once. */
	struct idlist list = idlist_take(&desk->paused);

	for (size_t i = 0; i < list.n; i++) {
		struct conn *c = worker_find_conn(desk->worker, list.ids[i]);

		if (c)
			conn_resume(c);
	}
	idlist_fini(&list);
}

/* The letter lies ready in the desk it goes to, so that nobody stays paused for
 * want of memory; while it is on its way it serves all who would send it. */
static void run_resume(struct mail *m, void *owner)
{
	struct chat_desk *desk = container_of(m, struct chat_desk, resume);

	atomic_store(&desk->is_resuming, false);
	resume_paused(desk);
}

static void resume_free(struct mail *m)
{
}

static void release_waiters(struct chat_desk *desk)
{
	uint64_t waiters;

	if (!atomic_load(&desk->waiters) ||
		atomic_load(&desk->backlog) > BACKLOG_LOW)
		return;
	waiters = atomic_exchange(&desk->waiters, 0);
	for (unsigned i = 0; i < desk->n_all; i++) {
		struct chat_desk *to = &desk->all[i];

		if (!(waiters & (1ull << i)) ||
			atomic_exchange(&to->is_resuming, true))
			continue;
		to->resume.run = run_resume;
		to->resume.free = resume_free;
		worker_post(to->worker, &to->resume);
	}
}

bool desk_is_full(const struct chat_desk *desk)
{
	return atomic_load(&desk->backlog) > BACKLOG_HIGH;
}

void desk_press_back(struct chat_desk *to, struct conn *c)
{
	struct worker *w = conn_worker(c);
	struct chat_desk *own = &to->all[worker_index(w)];

	if (!desk_is_full(to) || idlist_add(&own->paused, conn_id(c)))
		return;
	conn_pause(c);
	atomic_fetch_or(&to->waiters, 1ull << worker_index(w));
	/* It may have fallen to the low mark before the bit was set. */
	if (atomic_load(&to->backlog) <= BACKLOG_LOW)
		resume_paused(own);
}

/* The work. */

static void end_letter(struct chat_desk *desk)
{
	struct chat_letter *letter = desk->first;

	desk->first = letter->next;
	if (!desk->first)
		desk->last = &desk->first;
	desk->at = 0;
	count_backlog(desk, letter->bytes, false);
	letter_free(letter);
}

/* True when all is done, false when time is up. */
static bool work(struct chat_desk *desk, uint64_t until_us)
{
	for (size_t n = 1; desk->first; n++) {
		struct chat_letter *letter = desk->first;

		if (n % LETTERS_PER_CLOCK == 0 && clock_mono_us() >= until_us)
			return false;

		while (desk->at < letter->n_items) {
			struct chat_item *item = &letter->items[desk->at];

			if ((item->kind != CHAT_POST_ROOM ||
				    audiences_is_full(desk->audiences)) &&
				!audiences_run(desk->audiences, until_us))
				return false;
			desk->at++;
			doers[item->kind](desk, item);
		}
		end_letter(desk);
	}
	return audiences_run(desk->audiences, until_us);
}

/* is_active: `again` will fire, so letters need not ask for it. */
static void on_again(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval at_once = {0, 0};
	struct chat_desk *desk = arg;
	uint64_t until = clock_mono_us() + SLICE_US;

	worker_note_work(desk->worker, worker_now_ms(desk->worker));

	/* A round that was cut short comes before anything else. */
	desk->is_active = audiences_is_in_round(desk->audiences) &&
		!audiences_run(desk->audiences, until);
	if (!desk->is_active)
		desk->is_active = !work(desk, until);
	release_waiters(desk);
	if (desk->is_active && event_add(desk->again, &at_once))
		event_active(desk->again, EV_TIMEOUT, 0);
}

static void run_letter(struct mail *m, void *owner)
{
	struct chat_letter *letter = (struct chat_letter *)m;
	struct chat_desk *desk = letter->desk;

	letter->next = NULL;
	*desk->last = letter;
	desk->last = &letter->next;
	if (!desk->is_active) {
		desk->is_active = true;
		event_active(desk->again, EV_TIMEOUT, 0);
	}
}

int desk_init(struct chat_desk *desk, struct worker *worker,
	struct chat_desk *all, unsigned n_all)
{
	desk->worker = worker;
	desk->all = all;
	desk->n_all = n_all;
	desk->last = &desk->first;
	desk->audiences = audiences_new(worker);
	desk->again = evtimer_new(worker_base(worker), on_again, desk);
	return desk->audiences && desk->again ? 0 : -ENOMEM;
}

void desk_fini(struct chat_desk *desk)
{
	while (desk->first)
		end_letter(desk);
	audiences_free(desk->audiences);
	if (desk->again)
		event_free(desk->again);
	for (size_t i = 0; i < CALLS_MAX; i++)
		chat_call_fini(&desk->calls[i]);
	outbox_fini(&desk->outbox);
	idlist_fini(&desk->paused);
}
