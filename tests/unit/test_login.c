/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logging in: the hub's side, with the comparison in the test's hand. */
#include "chat/login.h"
#include "login_world.h"

static const char *wanted_hash(struct member *member)
{
	struct chat_login_wish wish;

	return hub_login_wish(w.hub, member, &wish) ? wish.hash : NULL;
}

static void end(struct member *member, enum chat_login_result result)
{
	hub_end_login(w.hub, member, result, &w.now, &w.out);
}

static void go_on(struct member *member)
{
	hub_go_on(w.hub, member, &w.now, &w.out);
}

static void log_in(struct member *member, const char *name)
{
	world_run(&w, member, "login", name, "secret", NULL);
	world_expect(&w, "");
	ck_assert(hub_is_logging_in(member));
	end(member, CHAT_LOGIN_RIGHT);
}

START_TEST(right)
{
	log_in(p, "ALICE");
	world_expect(&w,
		"to 2: LOGGED_IN alice\n"
		"to 2: YOU_RENAMED alice\n"
		"room 0 !2: JOINED alice #lobby\n");
}
END_TEST

/* A hash is to be compared whatever the name, and it is always one that is
 * there; only the log hears whose. */
START_TEST(unknown_names_take_as_long)
{
	static const char *const names[] = {"nobody", "a1ice", "mallory", "x y",
		"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"};
	struct chat_login_wish wish;

	for (size_t i = 0; i < 5; i++) {
		if (i == 3) { /* a new connection has its own tries */
			world_leave(&w, p, NULL);
			p = world_enter(&w, 3, 1, "lobby");
			outbox_clear(&w.out);
		}
		world_run(&w, p, "login", names[i], "secret", NULL);
		ck_assert(hub_login_wish(w.hub, p, &wish));
		ck_assert_str_eq(wish.hash, HASH);
		ck_assert_ptr_null(wish.account);
		/* even if it should fit */
		end(p, CHAT_LOGIN_RIGHT);
		world_expect(&w,
			i < 3 ? "to 2: E_LOGIN_WRONG\n"
			      : "to 3: E_LOGIN_WRONG\n");
	}
	world_run(&w, p, "login", "alice", "secret", NULL);
	ck_assert(hub_login_wish(w.hub, p, &wish));
	ck_assert_str_eq(wish.account, "alice");
	end(p, CHAT_LOGIN_WRONG);
	outbox_clear(&w.out);
	know("mallory:*\n");
	world_leave(&w, p, NULL);
	p = world_enter(&w, 4, 1, "lobby");
	outbox_clear(&w.out);
	world_run(&w, p, "login", "mallory", "secret", NULL);
	ck_assert_str_eq(wanted_hash(p), "");
	end(p, CHAT_LOGIN_RIGHT);
	world_expect(&w, "to 4: E_LOGIN_WRONG\n");
}
END_TEST

START_TEST(refused_at_once)
{
	world_run(&w, p, "login", NULL);
	world_run(&w, p, "login", "alice", NULL);
	hub_set_terms(w.hub, p, CHAT_TERM_PLAIN, "lobby");
	world_run(&w, p, "login", "alice", "secret", NULL);
	hub_set_terms(w.hub, p, 0, "lobby");
	know(NULL);
	world_run(&w, p, "login", "alice", "secret", NULL);
	ck_assert_ptr_null(wanted_hash(p));
	ck_assert(!hub_is_logging_in(p));
	world_expect(&w,
		"to 2: E_MISSING_ARGUMENT NAME PASSWORD \"login\"\n"
		"to 2: E_MISSING_ARGUMENT NAME PASSWORD \"login\"\n"
		"to 2: E_LOGIN_PLAIN\n"
		"to 2: E_NO_ACCOUNTS\n");
}
END_TEST

START_TEST(one_at_a_time)
{
	world_run(&w, p, "login", "alice", "secret", NULL);
	ck_assert_str_eq(wanted_hash(p), HASH);
	ck_assert_ptr_null(wanted_hash(p));
	world_run(&w, p, "login", "bob", "secret", NULL);
	world_expect(&w, "to 2: E_LOGIN_BUSY\n");
	ck_assert_ptr_null(wanted_hash(p));
	end(p, CHAT_LOGIN_RIGHT);
	ck_assert_str_eq(member_nick(p), "alice");
}
END_TEST

START_TEST(wrong_ones_are_counted)
{
	static const enum chat_login_result results[] = {CHAT_LOGIN_WRONG,
		CHAT_LOGIN_BUSY, CHAT_LOGIN_FAST, CHAT_LOGIN_NO_MEMORY,
		CHAT_LOGIN_WRONG, CHAT_LOGIN_BUSY, CHAT_LOGIN_WRONG};

	for (size_t i = 0; i < 7; i++) {
		world_run(&w, p, "login", "alice", "wrong", NULL);
		end(p, results[i]);
	}
	world_run(&w, p, "login", "alice", "secret", NULL);
	ck_assert_ptr_null(wanted_hash(p));
	world_expect(&w,
		"to 2: E_LOGIN_WRONG\nto 2: E_LOGIN_BUSY\nto 2: E_LOGIN_FAST\n"
		"to 2: E_NO_MEMORY\nto 2: E_LOGIN_WRONG\nto 2: E_LOGIN_BUSY\n"
		"to 2: E_LOGIN_WRONG\nto 2: E_LOGIN_TRIES limit=3\n");
}
END_TEST

/* A program's reference comes back with the answer, once. */
START_TEST(references)
{
	const struct chat_verb *others[2];
	struct chat_call call = {
		.verb = chat_verb_find("login", others),
		.args = {"alice", "secret"},
		.n_args = 2,
		.ref = "\"x\"",
	};

	hub_run(w.hub, p, &call, &w.now, &w.out);
	world_expect(&w, "");
	end(p, CHAT_LOGIN_WRONG);
	world_expect(&w, "to 2: E_LOGIN_WRONG ref=\"x\"\n");
	hub_run(w.hub, p, &call, &w.now, &w.out);
	end(p, CHAT_LOGIN_RIGHT);
	ck_assert_ptr_nonnull(strstr(world_read(&w), "to 2: OK ref=\"x\"\n"));
	hub_run(w.hub, p, &call, &w.now, &w.out);
	world_expect(&w, "to 2: E_LOGGED_IN \"alice\" ref=\"x\"\n");
}
END_TEST

/* One's own other connection is closed; the name is free when it has left. */
START_TEST(a_ghost_gives_way)
{
	struct member *ghost = p;

	log_in(ghost, "alice");
	outbox_clear(&w.out);
	p = world_enter(&w, 3, 0, "lobby");
	outbox_clear(&w.out);
	log_in(p, "alice");
	world_expect(&w, "close 2: RESUMED\n");
	ck_assert(hub_is_logging_in(p));
	ck_assert_ptr_null(wanted_hash(p));
	go_on(p); /* too early */
	world_expect(&w, "");
	world_leave(&w, ghost, "elsewhere");
	world_expect(&w,
		"room 0 !2: LEFT alice #lobby \"elsewhere\"\n"
		"go on 3\n");
	go_on(p);
	ck_assert(!hub_is_logging_in(p));
	ck_assert_str_eq(member_nick(p), "alice");
	ck_assert_ptr_nonnull(
		strstr(world_read(&w), "to 3: LOGGED_IN alice\n"));
	go_on(p);
	world_expect(&w, "");
}
END_TEST

/* Whoever else has the name becomes a guest, by its own worker. */
START_TEST(a_guest_gives_way)
{
	struct member *guest = p;

	know(NULL);
	world_run(&w, guest, "nick", "a1ice", NULL);
	know("alice:" HASH "\n");
	outbox_clear(&w.out);
	p = world_enter(&w, 3, 0, "lobby");
	outbox_clear(&w.out);
	log_in(p, "alice");
	world_expect(&w, "go on 2\n");
	go_on(guest);
	world_expect(&w,
		"to 2: GAVE_WAY a1ice guest-**** \"alice\"\n"
		"near 0 !2: RENAMED a1ice guest-****\n"
		"go on 3\n");
	go_on(guest);
	world_expect(&w, "");
	go_on(p);
	ck_assert_str_eq(member_nick(p), "alice");
	outbox_clear(&w.out);
	world_run(&w, guest, "nick", "A1ICE", NULL);
	world_expect(&w, "to 2: E_NICK_ACCOUNT alice \"A1ICE\"\n");
	world_leave(&w, guest, NULL);
}
END_TEST

/* It may give the name up by itself, or go, before it is asked. */
START_TEST(the_holder_goes_first)
{
	struct member *guest = p;

	know(NULL);
	world_run(&w, guest, "nick", "alice", NULL);
	know("alice:" HASH "\n");
	p = world_enter(&w, 3, 0, "lobby");
	outbox_clear(&w.out);
	log_in(p, "alice");
	outbox_clear(&w.out);
	world_run(&w, guest, "nick", "other", NULL);
	outbox_clear(&w.out);
	go_on(guest);
	world_expect(&w, "go on 3\n");
	ck_assert_str_eq(member_nick(guest), "other");
	go_on(p);
	ck_assert_str_eq(member_nick(p), "alice");
	outbox_clear(&w.out);
	world_leave(&w, guest, NULL);
}
END_TEST

/* Those who wait for the same name, and one who does not live to have it. */
START_TEST(many_heirs)
{
	struct member *ghost = p, *heirs[3];

	log_in(ghost, "alice");
	for (uint64_t i = 0; i < 3; i++) {
		heirs[i] = world_enter(&w, 3 + i, 0, "lobby");
		outbox_clear(&w.out);
		log_in(heirs[i], "alice");
		world_expect(&w, "close 2: RESUMED\n");
	}
	world_leave(&w, heirs[0], NULL);
	outbox_clear(&w.out);
	world_leave(&w, ghost, NULL);
	world_expect(&w, "room 0 !2: LEFT alice #lobby\ngo on 5\ngo on 4\n");
	go_on(heirs[2]);
	ck_assert(!hub_is_logging_in(heirs[2]));
	outbox_clear(&w.out);
	go_on(heirs[1]);
	world_expect(&w, "close 5: RESUMED\n");
	world_leave(&w, heirs[2], NULL);
	go_on(heirs[1]);
	ck_assert_str_eq(member_nick(heirs[1]), "alice");
	ck_assert(!hub_is_logging_in(heirs[1]));
	p = heirs[1];
}
END_TEST

/* The account may be gone when the answer comes, or later. */
START_TEST(accounts_go)
{
	world_run(&w, p, "login", "alice", "secret", NULL);
	know("bob:" HASH "\n");
	end(p, CHAT_LOGIN_RIGHT);
	world_expect(&w, "to 2: E_LOGIN_WRONG\n");
	log_in(p, "bob");
	outbox_clear(&w.out);
	know("bob:!\n");
	world_run(&w, carol, "whois", "bob", NULL);
	world_expect(&w, "to 1: WHOIS bob [ROOM_ITEM #lobby n=2]\n");
	world_run(&w, p, "nick", "robert", NULL);
	outbox_clear(&w.out);
	world_run(&w, p, "nick", "bob", NULL);
	world_expect(&w, "to 2: E_NICK_ACCOUNT bob \"bob\"\n");
}
END_TEST

START_TEST(operators)
{
	gid_t gids[] = {7, 8};
	const struct gid_list groups = {gids, 2};
	const struct chat_identity identity = {
		.user = "root", .groups = &groups};

	ck_assert_int_eq(strlist_add(&w.settings.operators, "BOB"), 0);
	ck_assert_int_eq(gid_list_add(&w.settings.operator_groups, 8), 0);
	world_configure(&w);
	log_in(p, "bob");
	ck_assert_ptr_nonnull(strstr(world_read(&w), "to 2: LOGGED_IN Bob\n"));
	ck_assert(w.out.n_posts == 0);
	ck_assert_int_eq(hub_set_identity(w.hub, carol, &identity), 0);
	for (int i = 0; i < 2; i++) {
		struct member *both[] = {carol, p};

		for (size_t k = 0; k < 2; k++) {
			const char *nick = member_nick(both[k]);
			unsigned flags;

			world_run(&w, both[k], "whois", nick, NULL);
			flags = w.out.posts[0].msg->flags;
			outbox_clear(&w.out);
			ck_assert_int_eq(flags & CHAT_OPERATOR,
				i == 0 ? CHAT_OPERATOR : 0);
		}
		gid_list_fini(&w.settings.operator_groups);
		strlist_fini(&w.settings.operators);
		world_configure(&w);
	}
	world_run(&w, p, "whois", "carol", NULL);
	world_expect(&w, "to 2: WHOIS carol root [ROOM_ITEM #lobby n=2]\n");
	ck_assert_int_eq(hub_set_user(w.hub, carol, "toor"), 0);
	world_run(&w, p, "whois", "carol", NULL);
	world_expect(&w, "to 2: WHOIS carol toor [ROOM_ITEM #lobby n=2]\n");
}
END_TEST

/* Before its login it can do nothing else, and is nowhere. */
START_TEST(held)
{
	static const char *const verbs[] = {"say", "me", "nick", "join", "who",
		"part", "msg", "rooms", "resume", "whois", "ping"};
	struct chat_home home = {0, 5};

	world_leave(&w, p, NULL);
	outbox_clear(&w.out);
	p = hub_enter(w.hub, home, NULL, &w.now, &w.out);
	hub_set_terms(w.hub, p, CHAT_TERM_HELD, "ops");
	world_expect(&w, "to 5: WELCOME guest-**** \"sockd\"\n");
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		world_run(&w, p, verbs[i], "x", "y", NULL);
		world_expect(&w, "to 5: E_LOGIN_FIRST\n");
	}
	world_run(&w, p, "help", NULL);
	world_expect(&w, "to 5: HELP\n");
	log_in(p, "alice");
	world_expect(&w,
		"to 5: LOGGED_IN alice\n"
		"to 5: YOU_RENAMED alice\n"
		"seat 5 in 1\n"
		"to 5: YOU_JOINED alice #ops \"sockd\" n=1\n");
	world_run(&w, p, "say", "tea", NULL);
	outbox_clear(&w.out);
	world_run(&w, p, "part", NULL);
	world_expect(&w, "to 5: YOU_JOINED alice #ops n=1\n");
	world_run(&w, p, "quit", NULL);
	world_expect(&w, "close 5: BYE\n");
}
END_TEST

START_TEST(held_programs)
{
	struct chat_home home = {0, 5};

	world_leave(&w, p, NULL);
	outbox_clear(&w.out);
	p = hub_enter(w.hub, home, NULL, &w.now, &w.out);
	hub_set_terms(w.hub, p, CHAT_TERM_HELD, NULL);
	outbox_clear(&w.out);
	log_in(p, "alice");
	world_expect(&w, "to 5: LOGGED_IN alice\nto 5: YOU_RENAMED alice\n");
	world_run(&w, p, "join", "lobby", NULL);
	ck_assert_ptr_nonnull(strstr(world_read(&w), "ARRIVED"));
}
END_TEST

/* The code brings the account back, unless that is gone or the connection may
 * not have one; whoever has another one gets that of the code. */
START_TEST(resume)
{
	char code[16] = "";

	w.settings.resume_ms = 600000;
	world_configure(&w);
	log_in(p, "alice");
	world_read_code(&w, code);
	world_leave(&w, p, NULL);
	p = world_enter(&w, 3, 0, "lobby");
	hub_set_terms(w.hub, p, CHAT_TERM_PLAIN, "lobby");
	outbox_clear(&w.out);
	world_run(&w, p, "resume", code, NULL);
	world_expect(&w, "to 3: E_LOGIN_PLAIN\n");
	hub_set_terms(w.hub, p, 0, "lobby");
	log_in(p, "bob");
	outbox_clear(&w.out);
	world_run(&w, p, "resume", code, NULL);
	world_read_code(&w, code);
	ck_assert_str_eq(member_nick(p), "alice");
	outbox_clear(&w.out);
	world_run(&w, p, "nick", "bob", NULL);
	world_run(&w, p, "nick", "A1ICE", NULL);
	ck_assert_ptr_nonnull(strstr(world_read(&w), "E_NICK_ACCOUNT Bob"));
	ck_assert_str_eq(member_nick(p), "A1ICE");
	world_leave(&w, p, NULL);
	know("bob:" HASH "\n");
	p = world_enter(&w, 4, 0, "lobby");
	outbox_clear(&w.out);
	world_run(&w, p, "resume", code, NULL);
	ck_assert_str_eq(member_nick(p), "A1ICE");
	outbox_clear(&w.out);
	world_run(&w, carol, "whois", "A1ICE", NULL);
	world_expect(&w, "to 1: WHOIS A1ICE [ROOM_ITEM #lobby n=2]\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("login");
	TCase *tc = tcase_create("login");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, right);
	tcase_add_test(tc, unknown_names_take_as_long);
	tcase_add_test(tc, refused_at_once);
	tcase_add_test(tc, one_at_a_time);
	tcase_add_test(tc, wrong_ones_are_counted);
	tcase_add_test(tc, references);
	tcase_add_test(tc, a_ghost_gives_way);
	tcase_add_test(tc, a_guest_gives_way);
	tcase_add_test(tc, the_holder_goes_first);
	tcase_add_test(tc, many_heirs);
	tcase_add_test(tc, accounts_go);
	tcase_add_test(tc, operators);
	tcase_add_test(tc, held);
	tcase_add_test(tc, held_programs);
	tcase_add_test(tc, resume);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
