/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Logging in: /login NAME PASSWORD.
 *
 *   /login --> refused at once, or
 *          --> compares: the layer above does that, off the loops
 *                 |
 *            hub_end_login() --> wrong, busy: told
 *                 | right: it is who it says
 *                 v
 *              has the name, or waits until whoever has it gives way
 *
 * Who has the name, or one that looks like it, is another connection of the
 * same account, which is closed, or somebody else, who becomes a guest. Both
 * happen on that one's own worker: only there its nick may change. Meanwhile
 * the one who logs in is an heir of the holder:
 *
 *   heir: GO_ON or CLOSE --> holder: a guest now, or gone: GO_ON --> heir
 *
 * An unknown name is compared too, with a hash of somebody else's, so that
 * time tells nobody what names there are.
 *
 * Used under the hub's lock.
 */
#include "chat/login.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chat/accounts.h"
#include "chat/command.h"
#include "chat/proof.h"
#include "chat/settings.h"
#include "command_private.h"
#include "hub_private.h"

#define WRONG_LOGINS 3 /* of one connection */

struct login {
	struct member *member; /* borrowed: who waits */
	char name[NICK_MAX + 1];
	char *ref;             /* owned; of the command; NULL: none */
	bool is_asked;         /* what to compare the password with was */
	bool is_right;         /* the password is; the name is waited for */
	struct member *holder; /* borrowed: who has it; NULL */
	LIST_ENTRY(login) of_holder; /* holder->heirs while holder */
};

void login_forget(struct member *member)
{
	struct login *login = member->login;

	if (!login)
		return;
	if (login->holder)
		LIST_REMOVE(login, of_holder);
	free(login->ref);
	free(login);
	member->login = NULL;
}

/* Who somebody is. */

static bool is_listed(
	const struct chat_settings *settings, const struct member *member)
{
	const struct strlist *operators = &settings->operators;

	for (size_t i = 0; member->account && i < operators->n_items; i++)
		if (name_equal(operators->items[i], member->account))
			return true;
	return member->user &&
		gid_list_meets(
			&member->user->groups, &settings->operator_groups);
}

/* The account, if somebody can be it now. */
static const struct account *find_open(const struct hub *hub, const char *name)
{
	const struct account *account = accounts_find(
		hub->settings->people, name);

	return account && !account->is_locked ? account : NULL;
}

int hub_set_identity(struct hub *hub, struct member *member,
	const struct chat_identity *identity)
{
	int err = member_set_identity(member, identity);

	if (err)
		return err;
	if (is_listed(hub->settings, member))
		member->is_operator = true;
	mutes_recall(&hub->mutes, member);
	return 0;
}

int hub_set_user(struct hub *hub, struct member *member, const char *user)
{
	assert(hub);
	return member_set_user(member, user);
}

/* What the list of operators may know somebody by. */
static bool is_known(const struct member *member)
{
	return member->account || (member->user && member->user->groups.n > 0);
}

void login_judge(const struct hub *hub, struct member *member)
{
	if (!is_known(member))
		return;
	if (member->account && !find_open(hub, member->account)) {
		free(member->account);
		member->account = NULL;
	}
	member->is_operator = is_listed(hub->settings, member);
}

const char *login_keeper(const struct turn *turn, const char *nick)
{
	const struct account *account = accounts_find_alike(
		turn->hub->settings->people, nick);
	const char *own = turn->member->account;

	if (!account || (own && name_equal(own, account->name)))
		return NULL;
	return account->name;
}

void hub_set_terms(struct hub *hub, struct member *member, unsigned terms,
	const char *room)
{
	member->is_plain = terms & CHAT_TERM_PLAIN;
	if (!(terms & CHAT_TERM_HELD))
		return;
	assert(LIST_EMPTY(&member->seats));
	member->is_held = true;
	member->is_program = room == NULL;
	member->start = room == hub->settings->room ? NULL : room;
}

/* The command. */

static bool is_refused(const struct turn *turn)
{
	const struct member *member = turn->member;

	if (!turn->hub->settings->people)
		reply_refuse(turn, CHAT_E_NO_ACCOUNTS, NULL, NULL);
	else if (turn->call->n_args < 2)
		command_refuse_usage(turn);
	else if (member->account)
		reply_refuse(turn, CHAT_E_LOGGED_IN, member->account, NULL);
	else if (member->is_plain)
		reply_refuse(turn, CHAT_E_LOGIN_PLAIN, NULL, NULL);
	else if (member->login)
		reply_refuse(turn, CHAT_E_LOGIN_BUSY, NULL, NULL);
	else if (member->n_wrong_logins == WRONG_LOGINS)
		reply_tell(turn,
			&(struct chat_msg_spec){
				.type = CHAT_E_LOGIN_TRIES,
				.limit = WRONG_LOGINS,
			});
	else
		return false;
	return true;
}

/* What is too long to be a name is that of nobody. */
void command_login(const struct turn *turn)
{
	const char *name = turn->call->args[0], *ref = turn->call->ref;
	struct login *login;

	if (is_refused(turn))
		return;
	login = calloc(1, sizeof(*login));
	if (login && ref)
		login->ref = strdup(ref);
	if (!login || (ref && !login->ref)) {
		free(login);
		reply_post(turn, NULL);
		return;
	}
	if (strlen(name) <= NICK_MAX)
		strcpy(login->name, name);
	login->member = turn->member;
	turn->member->login = login;
	turn->outcome->is_told = true; /* later */
}

bool hub_login_wish(const struct hub *hub, struct member *member,
	struct chat_login_wish *ret)
{
	struct login *login = member->login;
	const struct account *account;

	if (!login || login->is_asked)
		return false;
	login->is_asked = true;
	account = find_open(hub, login->name);
	ret->account = account ? account->name : NULL;
	ret->hash = account ? account->hash
			    : accounts_decoy(hub->settings->people,
				      siphash13(hub->members.seed, login->name,
					      strlen(login->name)));
	if (!ret->hash)
		ret->hash = "";
	return true;
}

bool hub_is_logging_in(const struct member *member)
{
	return member->login != NULL;
}

/* The name. */

/* Who is called like the account, or in a way that looks like it. */
static struct member *find_holder(const struct turn *turn, const char *name)
{
	struct member *holder = hub_find_alike(turn->hub, name);

	return holder == turn->member ? NULL : holder;
}

/* Asks whoever has the name to give way, and waits. 0 or -ENOMEM. */
static int wait_for(
	const struct turn *turn, struct login *login, struct member *holder)
{
	bool is_ghost = holder->account &&
		name_equal(holder->account, login->name);
	struct chat_post post = {.kind = CHAT_POST_GO_ON, .home = holder->home};
	int err;

	if (is_ghost) {
		post.kind = CHAT_POST_CLOSE;
		post.msg = reply_new(
			turn, &(struct chat_msg_spec){.type = CHAT_RESUMED});
	}
	err = outbox_add_home(turn->out, &post);
	if (err)
		return err;
	login->holder = holder;
	LIST_INSERT_HEAD(&holder->heirs, login, of_holder);
	return 0;
}

void login_wake_heirs(const struct turn *turn)
{
	struct login *login;

	while ((login = LIST_FIRST(&turn->member->heirs)) != NULL) {
		const struct chat_post post = {
			.kind = CHAT_POST_GO_ON,
			.home = login->member->home,
		};

		LIST_REMOVE(login, of_holder);
		login->holder = NULL;
		(void)outbox_add_home(turn->out, &post);
	}
}

/* It goes to the room where people begin; a program sits where it asks to. */
static void let_in(const struct turn *turn)
{
	struct seat_wish wish = {.hello = CHAT_YOU_JOINED};
	const char *start = turn->member->start;
	char name[ROOM_NAME_MAX + 1];

	if (!turn->member->is_held)
		return;
	turn->member->is_held = false;
	if (turn->member->is_program)
		return;
	if (!start)
		start = turn->hub->settings->room;
	if (!room_name_parse(name, start) ||
		hub_open_room(turn->hub, name, turn->now, &wish.to) < 0 ||
		seat_take(turn, &wish) < 0)
		reply_post(turn, NULL);
}

static void succeed(const struct turn *turn, const struct account *account)
{
	struct member *member = turn->member;
	const struct chat_identity identity = {
		.user = member_user(member),
		.account = account->name,
		.groups = member->user ? &member->user->groups : NULL,
	};

	if (hub_set_identity(turn->hub, member, &identity) < 0) {
		reply_post(turn, NULL);
		return;
	}
	metrics_add(&turn->hub->tally.proofs[CHAT_PROOF_PASSWORD_RIGHT], 1);
	reply_tell(turn,
		&(struct chat_msg_spec){
			.type = CHAT_LOGGED_IN,
			.flags = member->is_operator ? CHAT_OPERATOR : 0,
			.nick = account->name,
		});
	if (strcmp(member->nick, account->name) != 0)
		nick_take(turn, account->name);
	let_in(turn);
}

static void refuse(const struct turn *turn, enum chat_login_result result)
{
	static const enum chat_type errors[] = {
		[CHAT_LOGIN_WRONG] = CHAT_E_LOGIN_WRONG,
		[CHAT_LOGIN_RIGHT] = CHAT_E_LOGIN_WRONG, /* not any more */
		[CHAT_LOGIN_BUSY] = CHAT_E_LOGIN_BUSY,
		[CHAT_LOGIN_FAST] = CHAT_E_LOGIN_FAST,
		[CHAT_LOGIN_NO_MEMORY] = CHAT_E_NO_MEMORY,
	};

	if (errors[result] == CHAT_E_LOGIN_WRONG)
		turn->member->n_wrong_logins++;
	reply_refuse(turn, errors[result], NULL, NULL);
}

/* The settings may have changed since the password was compared: what counts
 * is who has an account now. */
static void conclude(const struct turn *turn, enum chat_login_result result)
{
	struct member *member = turn->member;
	struct login *login = member->login;
	const struct account *account = NULL;
	struct member *holder = NULL;
	bool is_banned;

	if (result == CHAT_LOGIN_RIGHT)
		account = find_open(turn->hub, login->name);
	is_banned = account &&
		bans_find_nick(
			&turn->hub->bans, account->name, turn->now->wall_ms);
	if (account && !is_banned)
		holder = find_holder(turn, account->name);
	login->is_right = account && !is_banned;
	if (holder && wait_for(turn, login, holder) == 0)
		return;
	if (holder)
		reply_post(turn, NULL);
	else if (is_banned)
		reply_refuse(turn, CHAT_E_NICK_BANNED, account->name, NULL);
	else if (account)
		succeed(turn, account);
	else
		refuse(turn, result);
	reply_done(turn);
	login_forget(member);
}

static void end(const struct turn *turn, enum chat_login_result result)
{
	const struct chat_call call = {.ref = turn->member->login->ref};
	struct outcome outcome = {0};
	struct turn answer = *turn;

	answer.call = &call;
	answer.outcome = &outcome;
	conclude(&answer, result);
}

void hub_end_login(struct hub *hub, struct member *member,
	enum chat_login_result result, const struct chat_now *now,
	struct chat_outbox *out)
{
	const struct turn turn = {
		.hub = hub, .member = member, .now = now, .out = out};

	assert(member->login && !member->login->is_right);
	member->login->is_asked = true;
	end(&turn, result);
}

/* Going on. */

/* Somebody else has logged in whose name it is. The rooms see it renamed. */
static void give_way(const struct turn *turn, const char *name)
{
	struct member *member = turn->member;
	uint32_t *rooms = calloc(
		member_count_seats(member) + 1, sizeof(*rooms));
	struct chat_msg_spec spec = {
		.type = CHAT_RENAMED, .nick = member->nick};
	struct chat_msg *renamed = NULL, *told = NULL;
	char guest[NICK_MAX + 1];

	if (rooms && hub_pick_guest_nick(turn->hub, guest) == 0) {
		spec.nick2 = guest;
		renamed = reply_new(turn, &spec);
		spec.type = CHAT_GAVE_WAY;
		spec.text = name;
		told = reply_new(turn, &spec);
	}
	if (renamed && told) {
		hub_rename(turn->hub, member, guest);
		reply_post(turn, told);
		reply_neighbours(turn, renamed, rooms);
	} else {
		chat_msg_unref(renamed);
		chat_msg_unref(told);
	}
	free(rooms);
}

static bool looks_like(const struct member *member, const char *name)
{
	char key[NICK_MAX + 1];

	nick_make_key(key, name);
	return strcmp(member->key, key) == 0;
}

/* Without memory it keeps the name, and its heirs ask once more. */
static void see_to_heirs(const struct turn *turn)
{
	const struct login *heir = LIST_FIRST(&turn->member->heirs);
	const char *own = turn->member->account;

	if (!heir)
		return;
	if (looks_like(turn->member, heir->name) &&
		!(own && name_equal(own, heir->name)))
		give_way(turn, heir->name);
	login_wake_heirs(turn);
}

void login_go_on(const struct turn *turn)
{
	const struct login *login = turn->member->login;

	see_to_heirs(turn);
	if (login && login->is_right && !login->holder)
		end(turn, CHAT_LOGIN_RIGHT);
}
