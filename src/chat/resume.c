/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Coming back after a connection was cut: /resume CODE.
 *
 * Who has a ticket (ticket.c) is not forgotten on leaving. The others hear of
 * it and the name is free at once, but the member itself, with what it wants
 * to see, and what it had read in its rooms are kept for a while. The guest
 * that brings the code becomes that person again: it takes the name if nobody
 * else has it, goes to the room, and is shown what was said meanwhile.
 *
 *   /resume --> has left ----------------------------------+--> comes back
 *          \                                               |
 *           --> still here: CLOSE to it, claim;            |
 *               it leaves by itself: GO_ON to the claimer -+
 *
 * A connection that is still here, since its loss has not been noticed, is
 * closed by its own worker, which alone knows what of its output never
 * arrived. Until the claimer has gone on nobody else gets the name; only who
 * logs in to an account of that name does.
 *
 * Used under the hub's lock.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chat/command.h"
#include "chat/limits.h"
#include "chat/proof.h"
#include "chat/settings.h"
#include "command_private.h"
#include "hub_private.h"

#define WRONG_CODES 5 /* of one connection */

/* What a line takes on the wire besides its text and its author's name. */
#define LINE_EXTRA 4

/* Leaving. */

static uint64_t line_bytes(const struct chat_msg *msg)
{
	return msg->text_len + strlen(msg->nick) + LINE_EXTRA;
}

/* The sequence up to which the member has read: what it was never told came
 * last, what was left out for it before that, and what is known not to have
 * arrived first. Lines that the room has forgotten are taken for as long as
 * those it has. */
static uint64_t seq_read(
	const struct membership *seat, const struct ticket *ticket)
{
	const struct room *room = seat->room;
	const struct history *h = &room->history;
	uint64_t left_out = ticket->left_out, unread = ticket->unread;
	uint64_t bytes = 0, n = seat->n_untold;
	size_t i = n < h->n ? h->n - n : 0;

	while (i-- > 0 && (left_out > 0 || unread > 0)) {
		const struct chat_msg *msg = history_at(h, i);
		uint64_t len = line_bytes(msg);

		n++;
		bytes += len;
		if (msg->author == ticket->member->person)
			continue;
		if (left_out > 0)
			left_out--;
		else
			unread -= len < unread ? len : unread;
	}
	if (unread > 0 && bytes > 0)
		left_out += unread / (bytes / n);
	n += left_out;
	return room->seq - (n < room->seq ? n : room->seq);
}

void resume_drop(const struct turn *turn, struct ticket *ticket)
{
	struct chat_post post = {.kind = CHAT_POST_MEMBER};

	if (ticket && ticket->claimer) {
		post.home = ticket->claimer->home;
		post.msg = chat_msg_new(&(struct chat_msg_spec){
			.type = CHAT_E_CODE_UNKNOWN,
			.wall_ms = turn->now->wall_ms,
			.limit = turn->hub->settings->resume_ms,
		});
		if (post.msg)
			(void)outbox_add_home(turn->out, &post);
	}
	ticket_drop(&turn->hub->tickets, ticket);
}

void resume_note_seats(const struct turn *turn)
{
	struct ticket *ticket = turn->member->ticket;
	const struct membership *seat;
	size_t n = member_count_seats(turn->member);

	if (!ticket)
		return;
	ticket->seats = calloc(n + 1, sizeof *ticket->seats);
	if (!ticket->seats) {
		resume_drop(turn, ticket);
		return;
	}
	LIST_FOREACH (seat, &turn->member->seats, of_member) {
		struct past_seat *past = &ticket->seats[ticket->n_seats++];

		strcpy(past->name, seat->room->name);
		past->room = seat->room->serial;
		past->seq = seq_read(seat, ticket);
	}
}

bool resume_keep(const struct turn *turn)
{
	struct member *member = turn->member;
	struct ticket *ticket = member->ticket;
	struct chat_post post = {.kind = CHAT_POST_GO_ON};

	if (member->claim)
		ticket_claim(&turn->hub->tickets, member->claim, NULL);
	if (!ticket)
		return false;
	if (turn->hub->settings->resume_ms == 0) {
		resume_drop(turn, ticket);
		return false;
	}
	if (ticket->claimer) {
		post.home = ticket->claimer->home;
		(void)outbox_add_home(turn->out, &post);
	}
	if (ticket_keep(&turn->hub->tickets, ticket, turn->now->mono_ms))
		metrics_add(&turn->hub->tally.limits[CHAT_LIMIT_RESUME], 1);
	return true;
}

char *resume_code(const struct turn *turn, const char *nick,
	char buf[static TICKET_CODE_LEN])
{
	struct tickets *tickets = &turn->hub->tickets;

	buf[0] = '\0';
	if (turn->hub->settings->resume_ms > 0 && !nick_is_guest(nick) &&
		ticket_give(tickets, turn->member) == 0)
		ticket_format_code(
			buf, ticket_code(tickets, turn->member->ticket));
	return buf;
}

/* Coming back. */

struct comeback {
	struct ticket *ticket;
	uint32_t code;            /* the next one */
	const char *nick;         /* to be taken; NULL: stays as it is */
	char guest[NICK_MAX + 1]; /* its nick before that */
	struct chat_msg *welcome; /* a reference */
	bool is_welcomed;         /* it is told, and the nick taken */
	bool has_account;         /* that of the old one, see swap_accounts() */
};

/* The code proves as much as the password did: the account comes with it, and
 * with that the right to the name. Twice is not at all. */
static void swap_accounts(const struct turn *turn, struct comeback *back)
{
	struct member *member = turn->member, *old = back->ticket->member;
	char *account = member->account;

	login_judge(turn->hub, old); /* it may be gone */
	if (!old->account && !back->has_account)
		return;
	back->has_account = !back->has_account;
	member->account = old->account;
	old->account = account;
	member->is_operator = false;
	login_judge(turn->hub, member);
	mutes_recall(&turn->hub->mutes, member);
}

/* What the old member has not read of a room; all, if it is another room of
 * that name. */
static void read_gap(const struct comeback *back, const struct past_seat *past,
	const struct room *room, struct reply_gap *gap)
{
	gap->seen = room->serial == past->room ? past->seq : 0;
	reply_count_gap(room, back->ticket->member, gap);
}

/* Of all its rooms that are still there. */
static void count_gaps(const struct turn *turn, const struct comeback *back,
	uint64_t *ret_missed, uint64_t *ret_lost)
{
	const struct ticket *ticket = back->ticket;
	const struct room *room;
	struct reply_gap gap;

	*ret_missed = *ret_lost = 0;
	for (size_t i = 0; i < ticket->n_seats; i++) {
		room = rooms_find(&turn->hub->rooms, ticket->seats[i].name);
		if (!room)
			continue;
		read_gap(back, &ticket->seats[i], room, &gap);
		*ret_missed += gap.kept + gap.lost;
		*ret_lost += gap.lost;
	}
}

static int make_welcome(const struct turn *turn, struct comeback *back)
{
	const char *old = back->ticket->member->nick, *near;
	bool is_taken = nick_refusal(turn, old, &near) != CHAT_TYPE_N;
	char code[TICKET_CODE_LEN];
	uint64_t missed, lost;

	if (!is_taken && strcmp(old, turn->member->nick) != 0)
		back->nick = old;
	ticket_format_code(code, back->code);
	count_gaps(turn, back, &missed, &lost);
	back->welcome = reply_new(turn,
		&(struct chat_msg_spec){
			.type = CHAT_WELCOME_BACK,
			.nick = is_taken ? turn->member->nick : old,
			.nick2 = is_taken && !nick_is_guest(old) ? old : NULL,
			.n = missed,
			.limit = lost,
			.text = code,
		});
	return back->welcome ? 0 : -ENOMEM;
}

/* What will be posted at most, so that nothing is lost half-way. */
static size_t count_posts(const struct turn *turn, const struct comeback *back)
{
	const struct member *old = back->ticket->member;
	size_t n_seats = member_count_seats(turn->member);
	size_t n_past = back->ticket->n_seats;

	return 16 * (1 + n_past) + 4 * n_seats + turn->member->n_ignores +
		old->n_ignores;
}

/* Goes to a place where it may. 0 or -ENOMEM. */
static int go_to(const struct turn *turn, struct comeback *back,
	struct seat_wish *wish, const struct past_seat *past)
{
	struct reply_range range = {
		.reader = back->ticket->member,
		.among = SIZE_MAX,
		.but_own = true,
	};
	struct reply_gap gap;
	int r = 0;

	wish->hello = turn->member->is_program ? CHAT_ARRIVED : CHAT_YOU_JOINED;
	wish->is_back = true;
	wish->keep = back->is_welcomed;
	if (!back->is_welcomed) {
		wish->nick = back->nick;
		wish->first = back->welcome;
	}
	if (past) {
		read_gap(back, past, wish->to, &gap);
		range.n = gap.kept;
		range.lost = gap.lost;
		if (gap.kept > 0)
			r = reply_make_replay(
				turn, wish->to, &range, &wish->missed);
	}
	if (r == 0)
		r = seat_take(turn, wish);
	if (r == 0)
		back->is_welcomed = true;
	chat_msg_unref(wish->missed);
	return r;
}

/* That a room is closed to it now is told by the way: what it asked for is to
 * be back. */
static int go_where_it_was(const struct turn *turn, struct comeback *back)
{
	const struct ticket *ticket = back->ticket;
	struct turn aside = *turn;
	int r = 0;

	aside.outcome = NULL;
	for (size_t i = 0; i < ticket->n_seats && r == 0; i++) {
		if (back->is_welcomed && !turn->member->is_program)
			break; /* a person is in one room */
		struct seat_wish wish = {
			.to = command_open_room(&aside, ticket->seats[i].name)};

		if (wish.to &&
			command_may_sit(
				&aside, wish.to->name, back->is_welcomed))
			r = go_to(turn, back, &wish, &ticket->seats[i]);
	}
	return r;
}

/* It is where it was as a guest, and has the name again. */
static int stay(const struct turn *turn, struct comeback *back)
{
	struct seat_wish wish = {0};

	if (turn->member->current) {
		wish.to = turn->member->current->room;
		return go_to(turn, back, &wish, NULL);
	}
	if (back->nick)
		hub_rename(turn->hub, turn->member, back->nick);
	reply_post(turn, chat_msg_ref(back->welcome));
	back->is_welcomed = true;
	return 0;
}

/* What the old member wanted, and was, is the new one's. */
static void take_person(const struct turn *turn, struct comeback *back)
{
	struct member *member = turn->member, *old = back->ticket->member;

	metrics_add(&turn->hub->tally.proofs[CHAT_PROOF_CODE_RIGHT], 1);
	ignore_move(member, old, back->guest);
	member->person = old->person;
	member->wants = old->wants;
	member->hints |= old->hints;
	if (member->muted_ms < old->muted_ms)
		member->muted_ms = old->muted_ms;
	if (old->reply_to) {
		free(member->reply_to);
		member->reply_to = old->reply_to;
		member->reply_person = old->reply_person;
		old->reply_to = NULL;
	}
	if (old->away) {
		free(member->away);
		member->away = old->away;
		member->away_serial = old->away_serial;
		old->away = NULL;
	}
	memcpy(member->aways_told, old->aways_told, sizeof old->aways_told);
	command_post_wants(turn);
	ticket_pass(&turn->hub->tickets, back->ticket, member, back->code);
}

/* Until it is welcomed nothing has changed, and it may try again. */
static void come_back(const struct turn *turn, struct ticket *ticket)
{
	struct comeback back = {.ticket = ticket};
	int r = tickets_new_code(&turn->hub->tickets, &back.code);

	strcpy(back.guest, turn->member->nick);
	swap_accounts(turn, &back);
	if (r == 0)
		r = make_welcome(turn, &back);
	if (r == 0)
		r = outbox_reserve(turn->out, count_posts(turn, &back), 0);
	if (r == 0)
		r = go_where_it_was(turn, &back);
	if (r == 0 && !back.is_welcomed)
		r = stay(turn, &back);
	if (back.is_welcomed)
		take_person(turn, &back);
	else if (back.has_account)
		swap_accounts(turn, &back);
	if (r < 0)
		reply_post(turn, NULL);
	chat_msg_unref(back.welcome);
}

static void refuse_unknown(const struct turn *turn)
{
	reply_tell(turn,
		&(struct chat_msg_spec){
			.type = CHAT_E_CODE_UNKNOWN,
			.limit = turn->hub->settings->resume_ms,
		});
}

void resume_go_on(const struct turn *turn)
{
	struct ticket *ticket = turn->member->claim;

	if (ticket && ticket->has_left)
		come_back(turn, ticket);
}

/* The old connection is closed; the member goes on when it has left. */
static void claim(const struct turn *turn, struct ticket *ticket)
{
	const struct chat_home *home = &ticket->member->home;
	const struct chat_post post = {
		.kind = CHAT_POST_CLOSE,
		.home = *home,
		.msg = reply_new(
			turn, &(struct chat_msg_spec){.type = CHAT_RESUMED}),
	};

	if (!post.msg || outbox_add_home(turn->out, &post) < 0) {
		reply_post(turn, NULL);
		return;
	}
	if (turn->member->claim)
		ticket_claim(&turn->hub->tickets, turn->member->claim, NULL);
	ticket_claim(&turn->hub->tickets, ticket, turn->member);
}

/* A ban ends the codes that there are; one may have been kept from before. */
static bool is_banned(const struct turn *turn, const struct ticket *ticket)
{
	const struct bans *bans = &turn->hub->bans;
	const struct member *member = ticket->member;
	int64_t now_ms = turn->now->wall_ms;

	return bans_find_nick(bans, member->nick, now_ms) ||
		(member->account &&
			bans_find_account(bans, member->account, now_ms));
}

static bool is_over(const struct turn *turn, const struct ticket *ticket)
{
	return ticket_is_over(
		ticket, turn->hub->settings->resume_ms, turn->now->mono_ms);
}

/* The right one costs nothing. */
static struct ticket *look_up(const struct turn *turn, uint32_t code)
{
	struct code_tries *tries = &turn->hub->code_tries;
	uint64_t now_ms = turn->now->mono_ms;
	struct ticket *ticket;

	if (turn->member->n_wrong_codes == WRONG_CODES) {
		reply_tell(turn,
			&(struct chat_msg_spec){
				.type = CHAT_E_CODE_TRIES,
				.limit = WRONG_CODES,
			});
		return NULL;
	}
	if (!code_tries_may(tries, turn->member, now_ms)) {
		reply_refuse(turn, CHAT_E_CODE_BUSY, NULL, NULL);
		return NULL;
	}
	ticket = tickets_find(&turn->hub->tickets, code);
	if (ticket && is_banned(turn, ticket))
		ticket = NULL;
	if (ticket && !is_over(turn, ticket) &&
		(!ticket->claimer || ticket->claimer == turn->member))
		return ticket;
	code_tries_add(tries, turn->member, now_ms);
	turn->member->n_wrong_codes++;
	refuse_unknown(turn);
	return NULL;
}

void command_resume(const struct turn *turn)
{
	struct ticket *ticket;
	uint32_t code;

	if (turn->hub->settings->resume_ms == 0) {
		reply_refuse(turn, CHAT_E_NO_RESUME, NULL, NULL);
		return;
	}
	if (!ticket_parse_code(turn->call->args[0], &code)) {
		refuse_unknown(turn);
		return;
	}
	ticket = look_up(turn, code);
	if (!ticket)
		return;
	if (ticket->member == turn->member)
		reply_refuse(turn, CHAT_E_CODE_YOURS, NULL, NULL);
	else if (ticket->member->account && turn->member->is_plain)
		reply_refuse(turn, CHAT_E_LOGIN_PLAIN, NULL, NULL);
	else if (ticket->has_left)
		come_back(turn, ticket);
	else if (!ticket->claimer)
		claim(turn, ticket);
}
