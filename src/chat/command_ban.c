/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bans: /ban WHAT [DURATION] [REASON], /unban, /bans. The list is the hub's;
 * that nobody connects from a network that is banned, and that those who have
 * are disconnected, is the business of the layers above, which see that the
 * list has changed. A name is kept from people here, and who has it, or the
 * account of that name, is disconnected.
 *
 *   /ban 192.0.2.7     an address         /ban bob       the nick and what
 *   /ban 192.0.2.0/24  a network                         looks like it
 *
 * A word behind it that begins with a digit is a duration; else the reason
 * begins there. Where arguments have names nothing is guessed.
 *
 * Used under the hub's lock.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/errmsg.h"
#include "chat/command.h"
#include "chat/operate.h"
#include "chat/settings.h"
#include "command_private.h"
#include "hub_private.h"

#define BANS_SHOWN 50

/* What is asked for. */

static bool looks_like_network(const char *what)
{
	return strpbrk(what, ".:/") != NULL;
}

static struct member *find_by_key(const struct turn *turn, const char *nick)
{
	char key[NICK_MAX + 1];
	struct strmap_node *node;

	nick_make_key(key, nick);
	node = strmap_find(&turn->hub->members, key);
	return node ? container_of(node, struct member, node) : NULL;
}

/* The address of a member as text, "" if it has none. */
static const char *address_of(
	const struct member *member, char buf[static NETWORK_LEN])
{
	buf[0] = '\0';
	if (member && member->address.prefix)
		network_format(buf, &member->address);
	return buf;
}

/* The exempt network that net has addresses of, or NULL. */
static const char *find_exempt(
	const struct turn *turn, const struct network *net)
{
	const struct strlist *exempt = turn->hub->settings->exempt;
	struct network other;

	for (size_t i = 0; exempt && i < exempt->n_items; i++)
		if (network_parse(exempt->items[i], &other, NULL) == 0 &&
			network_meets(net, &other))
			return exempt->items[i];
	return NULL;
}

static bool may_ban_network(const struct turn *turn, const char *what)
{
	const struct member *self = turn->member;
	const char *exempt;
	struct network net;
	struct errmsg msg;

	if (network_parse(what, &net, &msg) < 0) {
		reply_refuse(turn, CHAT_E_BAN_INVALID, what, msg.text);
		return false;
	}
	exempt = find_exempt(turn, &net);
	if (exempt)
		reply_refuse(turn, CHAT_E_BAN_EXEMPT, what, exempt);
	else if (self && self->address.prefix &&
		network_has(&net, self->address.bytes))
		reply_refuse(turn, CHAT_E_BAN_SELF, what, NULL);
	else
		return true;
	return false;
}

static bool is_self(
	const struct member *self, const struct member *whom, const char *what)
{
	char own[NICK_MAX + 1], key[NICK_MAX + 1];

	if (!self || !self->account)
		return self && whom == self;
	nick_make_key(own, self->account);
	nick_make_key(key, what);
	return whom == self || strcmp(own, key) == 0;
}

static bool may_ban_name(const struct turn *turn, const char *what)
{
	const struct member *whom;
	char address[NETWORK_LEN];

	if (!nick_is_valid(what)) {
		reply_refuse(turn, CHAT_E_NICK_INVALID, what, NULL);
		return false;
	}
	whom = find_by_key(turn, what);
	if (nick_is_guest(what))
		reply_refuse(turn, CHAT_E_BAN_GUEST, what,
			address_of(whom, address));
	else if (is_self(turn->member, whom, what))
		reply_refuse(turn, CHAT_E_BAN_SELF, what, NULL);
	else
		return true;
	return false;
}

/* Where the reason begins among the arguments. False, and told, if what should
 * be a duration is none. */
static bool read_length(
	const struct turn *turn, uint64_t *ret_ms, size_t *ret_reason)
{
	const char *word = turn->call->n_args > 1 ? turn->call->args[1] : "";
	bool is_length = turn->call->by_name || !word[0] ||
		strchr("0123456789", word[0]);

	*ret_ms = 0;
	*ret_reason = is_length ? 2 : 1;
	return !is_length || operator_read_duration(turn, 1, ret_ms);
}

static int add(const struct turn *turn, uint64_t ms, size_t first_word,
	struct ban **ret)
{
	const struct chat_call *call = turn->call;
	int64_t now_ms = turn->now->wall_ms;
	char name[BAN_BY_MAX + 1];
	struct strbuf reason = {0};
	struct ban_spec spec = {
		.what = call->args[0],
		.made_ms = now_ms,
		.until_ms = ms > 0 ? now_ms + (int64_t)ms : 0,
		.by = operator_name(turn, name),
	};
	int r = -ENOMEM;

	strbuf_adds(&reason, "");
	for (size_t i = first_word; i < call->n_args; i++)
		strbuf_addf(&reason, "%s%s", reason.len > 0 ? " " : "",
			call->args[i]);
	spec.reason = reason.data;
	if (!reason.failed)
		r = bans_add(&turn->hub->bans, &spec,
			(size_t)turn->hub->settings->max_bans, ret);
	strbuf_fini(&reason);
	return r;
}

/* What follows. */

/* Disconnects a member; without memory it stays until it takes another name. */
static void put_out(
	const struct turn *turn, struct member *member, const struct ban *ban)
{
	struct chat_post post = {
		.kind = CHAT_POST_CLOSE,
		.home = member->home,
		.msg = reply_new(turn,
			&(struct chat_msg_spec){
				.type = CHAT_BANNED,
				.n = (uint64_t)ban->until_ms,
				.text = ban->reason,
			}),
	};

	resume_drop(turn, member->ticket);
	(void)outbox_add_home(turn->out, &post);
}

static bool has_account(const struct member *member, const struct ban *ban)
{
	return member->account && name_equal(member->account, ban->what);
}

/* Who has the name, as nick or account, goes, and cannot come back by a code.
 * The one with the nick is told of; it is still there. */
static struct member *put_out_named(
	const struct turn *turn, const struct ban *ban)
{
	struct member *holder = find_by_key(turn, ban->what), *member;
	struct tickets *tickets = &turn->hub->tickets;
	struct strmap_node *node = NULL;
	struct ticket *ticket;

	while ((ticket = tickets_find_named(tickets, ban->key, ban->what)))
		resume_drop(turn, ticket);
	while ((node = strmap_next(&turn->hub->members, node)) != NULL) {
		member = container_of(node, struct member, node);
		if (member == holder || has_account(member, ban))
			put_out(turn, member, ban);
	}
	return holder;
}

static void tell_banned(const struct turn *turn, const struct ban *ban,
	const struct member *who)
{
	char address[NETWORK_LEN];

	reply_tell(turn,
		&(struct chat_msg_spec){
			.type = CHAT_YOU_BANNED,
			.text = ban->what,
			.n = (uint64_t)ban->until_ms,
			.nick = who ? who->nick : NULL,
			.nick2 = address_of(who, address),
		});
}

void command_ban(const struct turn *turn)
{
	const char *what = turn->call->args[0];
	struct member *holder = NULL;
	struct ban *ban;
	size_t reason;
	uint64_t ms;
	int r;

	if (!(looks_like_network(what) ? may_ban_network(turn, what)
				       : may_ban_name(turn, what)) ||
		!read_length(turn, &ms, &reason))
		return;
	r = add(turn, ms, reason, &ban);
	if (r == BANS_E_FULL)
		reply_tell(turn,
			&(struct chat_msg_spec){
				.type = CHAT_E_BANS_FULL,
				.limit = (uint64_t)
						 turn->hub->settings->max_bans,
			});
	else if (r < 0)
		reply_post(turn, NULL);
	if (r != 0)
		return;
	if (ban->kind == BAN_NAME)
		holder = put_out_named(turn, ban);
	tell_banned(turn, ban, holder);
	operator_log(turn, ban->what, ms);
}

void command_unban(const struct turn *turn)
{
	const char *what = turn->call->args[0];
	struct bans *bans = &turn->hub->bans;
	struct ban *ban = bans_find(bans, what), *around;

	if (!ban) {
		around = bans_find_around(bans, what);
		reply_refuse(turn, CHAT_E_NOT_BANNED, what,
			around ? around->what : NULL);
		return;
	}
	reply_tell(turn,
		&(struct chat_msg_spec){
			.type = CHAT_YOU_UNBANNED,
			.text = ban->what,
		});
	operator_log(turn, ban->what, 0);
	bans_remove(bans, ban);
}

static struct chat_msg *make_item(
	const struct turn *turn, const struct ban *ban)
{
	return reply_new(turn,
		&(struct chat_msg_spec){
			.type = CHAT_BAN_ITEM,
			.nick = ban->by,
			.nick2 = ban->what,
			.n = (uint64_t)ban->until_ms,
			.limit = (uint64_t)ban->made_ms,
			.text = ban->reason,
		});
}

/* The last ones, the first of them first. False: no memory. */
static bool make_items(
	const struct turn *turn, struct chat_msg **items, size_t *ret_n)
{
	const struct bans *bans = &turn->hub->bans;
	size_t n = bans->by_key.n < BANS_SHOWN ? bans->by_key.n : BANS_SHOWN;
	const struct ban *ban = TAILQ_LAST(&bans->list, ban_queue);

	*ret_n = n;
	for (size_t i = n; i-- > 0; ban = TAILQ_PREV(ban, ban_queue, link)) {
		items[i] = make_item(turn, ban);
		if (items[i])
			continue;
		while (++i < n)
			chat_msg_unref(items[i]);
		return false;
	}
	return true;
}

void command_bans(const struct turn *turn)
{
	struct chat_msg *items[BANS_SHOWN];
	size_t n;

	if (!make_items(turn, items, &n)) {
		reply_post(turn, NULL);
		return;
	}
	reply_tell(turn,
		&(struct chat_msg_spec){
			.type = CHAT_BANS,
			.n = turn->hub->bans.by_key.n,
			.items = items,
			.n_items = n,
		});
}

/* The hub's doors to the list. */

const struct bans *hub_bans(const struct hub *hub)
{
	return &hub->bans;
}

int hub_load_bans(struct hub *hub, const char *data, size_t len,
	const struct chat_now *now, struct errmsg *msg)
{
	return bans_decode(&hub->bans, data, len, now->wall_ms, msg);
}

void hub_set_address(struct hub *hub, struct member *member,
	const struct network *address, bool is_counted)
{
	(void)hub;
	member->address = *address;
	member->is_counted = is_counted;
}
