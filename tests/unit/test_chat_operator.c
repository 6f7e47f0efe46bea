/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Operators over sockets, on workers that are real threads: what they do takes
 * effect wherever the others are, and is known to who watches the bans. */
#include <stdio.h>

#include "chat/hub_private.h"
#include "chat/login.h"
#include "chat/msg.h"
#include "chat_net_world.h"
#include "net/mailbox.h"
#include "proto/chat_admin.h"
#include "proto/chat_port.h"
#include "proto/chat_port_private.h"

#define N_WORKERS 3
#define N_PEOPLE  4

static int fds[N_PEOPLE];
static struct strbuf texts[N_PEOPLE];
static int ends[N_PEOPLE];
static size_t n_people;
static atomic_uint n_changes;

static void on_changed(void *arg)
{
	atomic_fetch_add(&n_changes, 1);
}

static void set_up(void)
{
	chat_net_open(N_WORKERS);
	chat_admin_watch_bans(port, on_changed, NULL);
	ck_assert_int_eq(crew_start(&net.crew), 0);
}

static void tear_down(void)
{
	chat_net_close();
	for (size_t i = 0; i < n_people; i++) {
		close(fds[i]);
		strbuf_fini(&texts[i]);
	}
}

struct visit {
	struct mail mail;
	int fd;
	uint64_t id;
};

/* From 192.0.2.ID. */
static void run_visit(struct mail *m, void *owner)
{
	struct visit *visit = (struct visit *)m;
	struct sockaddr_in peer = {.sin_family = AF_INET};
	struct conn_origin from = {
		.fd = visit->fd,
		.id = visit->id,
		.peer = (struct sockaddr *)&peer,
		.peer_len = sizeof(peer),
	};

	peer.sin_addr.s_addr = htonl(0xc0000200u + (uint32_t)visit->id);
	conn_enter(owner, net.svc->count);
	conn_open(owner, net.svc, &from);
	free(m);
}

static bool has(size_t i, const char *text)
{
	return texts[i].data && strstr(texts[i].data, text);
}

#define CHAT_WAIT(cond)                                                        \
	do {                                                                   \
		uint64_t chat_end = clock_mono_ms() + 3 * NET_PATIENCE_MS;     \
		while (!(cond)) {                                              \
			ck_assert_msg(clock_mono_ms() < chat_end,              \
				"in vain: %s", #cond);                         \
			for (size_t k = 0; k < n_people; k++)                  \
				if (!ends[k])                                  \
					ends[k] = net_read(fds[k], &texts[k]); \
			poll(NULL, 0, 1);                                      \
		}                                                              \
	} while (0)

static void say(size_t i, const char *line)
{
	ck_assert_int_eq(write(fds[i], line, strlen(line)), strlen(line));
}

static size_t come(const char *nick)
{
	struct visit *visit = calloc(1, sizeof(*visit));
	size_t i = n_people++;
	char line[64];
	int pair[2];

	net_unix_pair(pair);
	fds[i] = pair[1];
	visit->mail.run = run_visit;
	visit->mail.free = free_mail;
	visit->fd = pair[0];
	visit->id = i + 1;
	worker_post(net.crew.workers[i % N_WORKERS], &visit->mail);
	snprintf(line, sizeof(line), "\n/nick %s\n", nick);
	say(i, line);
	snprintf(line, sizeof(line), "you are now %s", nick);
	CHAT_WAIT(has(i, line));
	return i;
}

/* By the word of those who know. */
static void empower(const char *nick)
{
	const struct chat_identity who = {
		.account = "ann", .is_operator = true};

	pthread_mutex_lock(&port->lock);
	ck_assert_int_eq(hub_set_identity(port->hub,
				 hub_find_member(port->hub, nick), &who),
		0);
	pthread_mutex_unlock(&port->lock);
}

START_TEST(kicks_across_workers)
{
	size_t ann = come("ann"), bob = come("bob"), carol = come("carol");

	empower("ann");
	say(ann, "/kick bob too loud\n");
	CHAT_WAIT(has(ann, "*** bob is disconnected\n"));
	CHAT_WAIT(has(bob, "*** disconnected: kicked by ann: too loud. "));
	CHAT_WAIT(ends[bob] == 1);
	CHAT_WAIT(has(carol, "*** bob left #lobby: kicked by ann: too loud\n"));
	ck_assert_uint_eq(n_changes, 0);
	say(ann, "/kick ann\n");
	CHAT_WAIT(has(ann, "*** disconnected: kicked by ann. "));
}
END_TEST

START_TEST(bans_are_known)
{
	size_t ann = come("ann"), bob = come("bob");
	struct ban_list list;

	empower("ann");
	say(ann, "/ban 198.51.100.0/24 1h spam\n");
	CHAT_WAIT(has(ann, "*** 198.51.100.0/24 is banned until "));
	ck_assert_uint_eq(n_changes, 1);
	say(ann, "/ban 192.0.2.1\n");
	CHAT_WAIT(has(ann, "192.0.2.1 cannot be banned: that is you"));
	say(ann, "/ban b0b no\n");
	CHAT_WAIT(
		has(ann, "*** bob is disconnected; /ban 192.0.2.2 bans the "));
	CHAT_WAIT(has(bob, "*** disconnected: banned: no. Press Ctrl-C.\n"));
	CHAT_WAIT(has(ann, "*** bob left #lobby: banned: no\n"));
	ck_assert_uint_eq(n_changes, 2);
	ck_assert_int_eq(chat_admin_bans(port, &list), 0);
	ck_assert_uint_eq(list.n_items, 2);
	ck_assert_str_eq(list.items[1]->by, "account ann");
	ban_list_fini(&list);
	ck_assert_uint_eq(chat_admin_n_bans(port), 2);
	say(ann, "/unban bob\n");
	CHAT_WAIT(has(ann, "*** b0b is no longer banned\n"));
	ck_assert_uint_eq(n_changes, 3);
}
END_TEST

/* The same by who runs the server; arguments may be anything. */
START_TEST(deeds_from_outside)
{
	static const char *const args[] = {"bob", "\x1B\xFF"};
	struct admin_deed deed = {.verb = "kick",
		.args = args,
		.n_args = 2,
		.nick = "root",
		.known_as = "root by sockctl"};
	size_t bob;
	struct chat_msg *answer = chat_admin_operate(port, &deed);

	ck_assert_int_eq(answer->type, CHAT_E_NO_SUCH_NICK);
	chat_msg_unref(answer);
	bob = come("bob");
	answer = chat_admin_operate(port, &deed);
	ck_assert_int_eq(answer->type, CHAT_YOU_KICKED);
	chat_msg_unref(answer);
	CHAT_WAIT(has(bob, "kicked by root: \xE2\x90\x9B\xEF\xBF\xBD. "));
	deed.verb = "ban";
	answer = chat_admin_operate(port, &deed);
	ck_assert_int_eq(answer->type, CHAT_YOU_BANNED);
	chat_msg_unref(answer);
	ck_assert_uint_eq(n_changes, 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("chat_operator");
	TCase *tc = tcase_create("chat_operator");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, kicks_across_workers);
	tcase_add_test(tc, bans_are_known);
	tcase_add_test(tc, deeds_from_outside);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
