/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verbs that look at connections: `clients`, `client`, `addresses` and
 * `closed`. Workers answer by mail (net/census.h), so each of them is left
 * pending and ended when the answer is there, if whoever asked still is. Main
 * thread. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/server_private.h"
#include "net/addresses.h"
#include "net/census.h"
#include "net/close.h"
#include "net/conn_end.h"
#include "proto/chat_admin.h"

#include "control_private.h"

#define ADDRESSES_USUAL 1000 /* that are shown unless told otherwise */

static int no_memory(struct control_request *req)
{
	return errmsg_set(&req->error, ENOMEM, "out of memory");
}

static void text_or_none(struct report *r, const char *key, const char *text)
{
	if (text[0])
		report_text(r, key, text);
	else
		report_none(r, key);
}

/* What follows a list that may not be all there is. */
static void end_list(struct report *r, size_t n_found, bool is_short)
{
	report_end(r);
	report_count(r, "found", n_found);
	if (is_short)
		report_text(r, "remark", "memory was short: some are missing");
}

/* Words of a request that pick connections. */
static int read_query(struct control_request *req, struct census_query *query)
{
	const struct ctl_request *words = &req->words;
	int err = 0;

	for (size_t i = 0; !err && i < words->n_options; i++)
		err = census_query_add(query, words->options[i], &req->error);
	for (size_t i = 0; !err && i < words->n_args; i++)
		err = census_query_add(query, words->args[i], &req->error);
	return err;
}

static int ask(struct control_request *req, const struct census_query *query,
	void (*done)(void *arg, uint64_t ref, const struct census *census))
{
	const struct census_asker asker = {
		.done = done, .arg = req->control, .ref = req->id};

	if (census_ask(&req->server->crew, req->server->mailbox, query, &asker))
		return no_memory(req);
	return CONTROL_PENDING;
}

/* clients */

static void add_client(struct report *r, const struct census_row *row)
{
	char peer[ADDR_LEN];

	report_count(r, "id", row->id);
	report_text(r, "service", row->service);
	report_text(r, "peer", peer_format(peer, &row->peer));
	text_or_none(r, "nick", row->nick);
	report_text(r, "state", census_state_names[row->state]);
	report_age(r, "age", row->age_ms);
	report_age(r, "idle", row->idle_ms);
	report_bytes(r, "in", row->in_bytes);
	report_bytes(r, "out", row->out_bytes);
	report_bytes(r, "queued", row->queued);
	report_count(r, "messages", row->n_messages);
}

static void clients_done(void *arg, uint64_t ref, const struct census *census)
{
	static const struct report_column columns[] = {
		{"id", REPORT_COUNT},
		{"service", REPORT_TEXT},
		{"peer", REPORT_TEXT},
		{"nick", REPORT_TEXT},
		{"state", REPORT_TEXT},
		{"age", REPORT_AGE},
		{"idle", REPORT_AGE},
		{"in", REPORT_BYTES},
		{"out", REPORT_BYTES},
		{"queued", REPORT_BYTES},
		{"messages", REPORT_COUNT},
	};
	struct control_request *req = control_find(arg, ref);

	if (!req)
		return;
	report_begin(req->report, "clients", columns, 11);
	for (size_t i = 0; i < census->n_rows; i++)
		add_client(req->report, &census->rows[i]);
	end_list(req->report, census->n_found, census->is_short);
	control_done(req, 0);
}

int control_clients(struct control_request *req)
{
	struct census_query query = {.id = 0};
	int err = read_query(req, &query);

	return err ? err : ask(req, &query, clients_done);
}

/* client */

static void add_member(
	struct control_request *req, const struct census_row *row)
{
	struct strlist rooms = {0};
	struct member_view member;

	bool is_member = row->nick[0] &&
		chat_admin_find_member(
			req->server->ctx.chat, row->nick, &member, &rooms) &&
		member.home.conn == row->id;

	text_or_none(req->report, "kind",
		!is_member                  ? ""
			: member.is_program ? "program"
					    : "person");
	text_or_none(req->report, "account", is_member ? member.account : "");
	text_or_none(req->report, "user", is_member ? member.user : "");
	if (is_member)
		report_bool(req->report, "operator", member.is_operator);
	else
		report_none(req->report, "operator");
	report_list(req->report, "rooms", (const char *const *)rooms.items,
		rooms.n_items);
	strlist_fini(&rooms);
}

static void add_uid(struct report *r, const struct census *census)
{
	if (census->has_uid)
		report_count(r, "uid", census->uid);
	else
		report_none(r, "uid");
}

static void client_done(void *arg, uint64_t ref, const struct census *census)
{
	struct control_request *req = control_find(arg, ref);
	const struct census_row *row = census->rows;

	if (!req)
		return;
	if (census->n_rows == 0) {
		control_done(req,
			errmsg_set(&req->error, ENOENT,
				"there is no connection %s; `clients` lists "
				"them, `closed` those that ended",
				req->words.args[0]));
		return;
	}
	add_client(req->report, row);
	report_text(req->report, "local", census->local);
	add_uid(req->report, census);
	report_count(req->report, "worker", row->worker);
	text_or_none(req->report, "reason",
		row->state == CENSUS_CLOSING ? close_row(row->why)->code : "");
	add_member(req, row);
	control_done(req, 0);
}

bool control_read_id(const char *word, uint64_t *ret)
{
	char *end;

	if (word[0] < '0' || word[0] > '9')
		return false;
	errno = 0;
	*ret = strtoull(word, &end, 10);
	return !*end && !errno;
}

int control_client(struct control_request *req)
{
	struct census_query query = {.id = 0};

	if (!control_read_id(req->words.args[0], &query.id) || !query.id)
		return errmsg_set(&req->error, EINVAL,
			"\"%.40s\" is no number of a connection; `clients` "
			"shows them, `clients nick=NICK` that of a person",
			req->words.args[0]);
	return ask(req, &query, client_done);
}

/* addresses */

static uint64_t per_second(uint64_t n, uint64_t window_ms)
{
	return window_ms ? (n * 1000 + window_ms / 2) / window_ms : 0;
}

static void add_address(
	struct report *r, const struct address_row *row, uint64_t window_ms)
{
	char key[PEER_KEY_LEN];

	report_text(r, "address", peer_key_format(key, &row->key));
	report_count(
		r, "messages_per_s", per_second(row->n_messages, window_ms));
	report_count(
		r, "connects_per_s", per_second(row->n_accepted, window_ms));
	report_count(r, "refused_per_s", per_second(row->n_refused, window_ms));
	report_bytes(r, "in_per_s", per_second(row->in_bytes, window_ms));
	report_count(r, "open", row->n_open);
	report_count(r, "accepted", row->counts[ADDRTAB_ACCEPTED]);
	report_count(r, "address_full", row->counts[ADDRTAB_ADDRESS_FULL]);
	report_count(r, "connect_rate", row->counts[ADDRTAB_CONNECT_RATE]);
	report_count(r, "full", row->counts[ADDRTAB_FULL]);
	report_count(r, "not_allowed", row->counts[ADDRTAB_NOT_ALLOWED]);
	report_count(r, "banned", row->counts[ADDRTAB_BANNED]);
}

static void addresses_done(
	void *arg, uint64_t ref, const struct addresses *found)
{
	static const struct report_column columns[] = {
		{"address", REPORT_TEXT},
		{"messages_per_s", REPORT_COUNT},
		{"connects_per_s", REPORT_COUNT},
		{"refused_per_s", REPORT_COUNT},
		{"in_per_s", REPORT_BYTES},
		{"open", REPORT_COUNT},
		{"accepted", REPORT_COUNT},
		{"address_full", REPORT_COUNT},
		{"connect_rate", REPORT_COUNT},
		{"full", REPORT_COUNT},
		{"not_allowed", REPORT_COUNT},
		{"banned", REPORT_COUNT},
	};
	struct control_request *req = control_find(arg, ref);

	if (!req)
		return;
	if (!found) {
		control_done(req, no_memory(req));
		return;
	}
	report_begin(req->report, "addresses", columns, 12);
	for (size_t i = 0; i < found->n_rows; i++)
		add_address(req->report, &found->rows[i], found->window_ms);
	end_list(req->report, found->n_found, found->is_short);
	control_done(req, 0);
}

int control_addresses(struct control_request *req)
{
	struct census_query words = {.id = 0};
	struct addresses_query query = {.limit = ADDRESSES_USUAL};
	const struct addresses_asker asker = {
		.done = addresses_done,
		.arg = req->control,
		.ref = req->id,
		.base = req->server->base,
		.to = req->server->mailbox,
	};
	int err = read_query(req, &words);

	if (!err && words.text[0])
		err = network_parse(words.text, &words.network, &req->error);
	if (err)
		return err;
	query.has_network = words.has_network;
	query.network = words.network;
	if (words.limit)
		query.limit = words.limit;
	if (addresses_ask(req->server->acceptor, &query, &asker))
		return no_memory(req);
	return CONTROL_PENDING;
}

/* closed */

static void add_end(struct report *r, const struct conn_end *end)
{
	char peer[ADDR_LEN];

	report_time(r, "time", end->wall_ms);
	report_count(r, "id", end->id);
	report_text(r, "service", end->service);
	report_text(r, "peer", peer_format(peer, &end->peer));
	text_or_none(r, "nick", end->nick);
	report_text(r, "reason", close_row(end->why)->code);
	report_bytes(r, "in", end->in_bytes);
	report_bytes(r, "out", end->out_bytes);
	report_age(r, "lived", end->lived_ms);
}

static void closed_done(
	void *arg, uint64_t ref, const struct conn_end *ends, size_t n)
{
	static const struct report_column columns[] = {
		{"time", REPORT_TIME},
		{"id", REPORT_COUNT},
		{"service", REPORT_TEXT},
		{"peer", REPORT_TEXT},
		{"nick", REPORT_TEXT},
		{"reason", REPORT_TEXT},
		{"in", REPORT_BYTES},
		{"out", REPORT_BYTES},
		{"lived", REPORT_AGE},
	};
	struct control_request *req = control_find(arg, ref);
	struct census_query words = {.id = 0};

	if (!req)
		return;
	if (!ends) {
		control_done(req, no_memory(req));
		return;
	}
	(void)read_query(req, &words);
	if (words.limit && words.limit < n)
		n = words.limit;
	report_begin(req->report, "connections", columns, 9);
	for (size_t i = 0; i < n; i++)
		add_end(req->report, &ends[i]);
	report_end(req->report);
	control_done(req, 0);
}

int control_closed(struct control_request *req)
{
	const struct conn_ends_asker asker = {
		.done = closed_done, .arg = req->control, .ref = req->id};
	struct census_query words = {.id = 0};
	int err = read_query(req, &words);

	if (err)
		return err;
	if (conn_ends_ask(&req->server->crew, req->server->mailbox, &asker))
		return no_memory(req);
	return CONTROL_PENDING;
}
