/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The hub without memory: every allocation of a session's life fails in its
 * turn. Nothing may crash, nothing leak, and what was refused must work when
 * memory is back. The allocator of the C library is replaced by one that fails
 * on demand and counts what is not given back; a sanitizer brings its own, so
 * then there is nothing to do.
 */
#include "chat/accounts.h"
#include "chat/login.h"
#include "chat_world.h"

#include <errno.h>
#include <stdio.h>

#include "base/errmsg.h"
#include "chat/state.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

int main(void)
{
	return 77;
}

#else

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void __libc_free(void *p);

static long fails_after = -1; /* allocations until one fails; -1: never */
static bool fails_all;        /* and all after it */
static long n_live;

static bool fails(void)
{
	if (fails_after < 0)
		return false;
	if (fails_after > 0) {
		fails_after--;
		return false;
	}
	if (!fails_all)
		fails_after = -1;
	return true;
}

static void *counted(void *p)
{
	n_live += p != NULL;
	return p;
}

void *malloc(size_t size)
{
	return fails() ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : counted(__libc_calloc(n, size));
}

void *realloc(void *p, size_t size)
{
	if (fails())
		return NULL;
	return p ? __libc_realloc(p, size) : counted(__libc_realloc(p, size));
}

void free(void *p)
{
	n_live -= p != NULL;
	__libc_free(p);
}

static struct world w;

/* A program that joins with a name, stays in several rooms, and asks for
 * answers. */
static void enter_as_program(void)
{
	struct chat_home home = {0, 8};
	struct member *member = hub_enter(w.hub, home, NULL, &w.now, &w.out);
	struct chat_call join = {
		.args = {"lobby"},
		.n_args = 1,
		.nick = "bot",
		.ref = "1",
	};
	const struct chat_verb *others[2];

	if (!member)
		return;
	join.verb = chat_verb_find("join", others);
	hub_run(w.hub, member, &join, &w.now, &w.out);
	join.args[0] = "ops";
	join.nick = "robot";
	join.keep = true;
	hub_run(w.hub, member, &join, &w.now, &w.out);
	(void)hub_make_program(w.hub, member, &w.now, &w.out);
	world_leave(&w, member, NULL);
}

static void enter(void)
{
	struct chat_home home = {0, 9};
	struct member *member = hub_enter(
		w.hub, home, "elsewhere", &w.now, &w.out);

	if (member)
		world_leave(&w, member, "tea");
}

/* It is said as a whole, or refused and no part of it done. */
static void say_as(const char *room, size_t n_posts_if_said)
{
	struct chat_remark remark = {
		.room = room, .nick = "cron", .text = "disk full"};
	size_t n_before = w.out.n_posts;

	hub_say_as(w.hub, &remark, &w.now, &w.out);
	assert((remark.id == 0) == (remark.error == CHAT_E_NO_MEMORY));
	assert(w.out.n_posts - n_before == (remark.id ? n_posts_if_said : 0));
}

static unsigned n_back; /* so many came back */

static char hash[] = "$5$";
static struct account dave = {.name = "dave", .key = "dave", .hash = hash};
static size_t first = 0;
static struct accounts people = {
	.rows = &dave, .n = 1, .n_open = 1, .open = &first};

/* Somebody is cut off and comes back, or finds the old connection there. */
static void cut_off(bool is_noticed)
{
	struct member *old, *back;
	struct chat_home home = {0, 10};
	char code[16] = "";

	old = hub_enter(w.hub, home, "lobby", &w.now, &w.out);
	if (!old)
		return;
	world_run(&w, old, "ignore", "alice", NULL);
	world_run(&w, old, "away", "tea", NULL);
	world_run(&w, old, "join", "ops", NULL);
	world_run(&w, old, "nick", "carol", NULL);
	world_read_code(&w, code);
	home.conn++;
	if (is_noticed)
		world_leave(&w, old, NULL);
	back = hub_enter(w.hub, home, "lobby", &w.now, &w.out);
	if (back)
		world_run(&w, back, "resume", code, NULL);
	if (!is_noticed)
		world_leave(&w, old, NULL);
	if (!back)
		return;
	hub_go_on(w.hub, back, &w.now, &w.out);
	world_run(&w, back, "resume", code, NULL);
	n_back += strcmp(member_nick(back), "carol") == 0;
	world_leave(&w, back, NULL);
}

static void join(struct member *member, const char *room)
{
	const struct chat_verb *others[2];
	const struct chat_call call = {
		.verb = chat_verb_find("join", others),
		.args = {room},
		.n_args = 1,
		.nick = "carol",
		.keep = true,
	};

	hub_run(w.hub, member, &call, &w.now, &w.out);
}

/* A program comes back to two rooms. */
static void program_is_cut_off(void)
{
	struct chat_home home = {0, 10};
	struct member *member = hub_enter(w.hub, home, NULL, &w.now, &w.out);
	char code[16] = "";

	if (!member)
		return;
	join(member, "ops");
	join(member, "lobby");
	world_read_code(&w, code);
	world_leave(&w, member, NULL);
	member = hub_enter(w.hub, home, NULL, &w.now, &w.out);
	if (!member)
		return;
	world_run(&w, member, "resume", code, NULL);
	n_back += strcmp(member_nick(member), "carol") == 0;
	world_leave(&w, member, NULL);
}

static void end_login(struct member *member)
{
	if (hub_is_logging_in(member))
		hub_end_login(w.hub, member, CHAT_LOGIN_RIGHT, &w.now, &w.out);
}

/* Somebody logs in, and once more on another connection. What was to tell it
 * to go on may be lost; so it looks by itself. */
static void log_in_twice(void)
{
	struct chat_home home = {0, 10};
	struct member *old, *new;

	old = hub_enter(w.hub, home, "lobby", &w.now, &w.out);
	if (!old)
		return;
	world_run(&w, old, "login", "dave", "secret", NULL);
	end_login(old);
	home.conn++;
	new = hub_enter(w.hub, home, "lobby", &w.now, &w.out);
	if (new) {
		world_run(&w, new, "login", "dave", "secret", NULL);
		end_login(new);
	}
	world_leave(&w, old, NULL);
	if (!new)
		return;
	hub_go_on(w.hub, new, &w.now, &w.out);
	assert(!hub_is_logging_in(new));
	n_back += strcmp(member_nick(new), "dave") == 0;
	world_leave(&w, new, NULL);
}

/* What bob does while memory fails; alice is there to hear it. */
static void act(struct member *bob)
{
	world_run(&w, bob, "say", "hello", NULL);
	world_run(&w, bob, "me", "waves", NULL);
	world_run(&w, bob, "msg", "alice", "psst", NULL);
	world_run(&w, bob, "topic", "tea", NULL);
	world_run(&w, bob, "nick", "robert", NULL);
	world_run(&w, bob, "join", "ops", NULL);
	world_run(&w, bob, "topic", "coffee", NULL);
	world_run(&w, bob, "say", "alone", NULL);
	world_run(&w, bob, "who", NULL);
	world_run(&w, bob, "rooms", NULL);
	world_run(&w, bob, "history", NULL);
	world_run(&w, bob, "away", "tea", NULL);
	world_run(&w, bob, "whois", "bob", NULL);
	world_run(&w, bob, "back", NULL);
	world_run(&w, bob, "ignore", "alice", NULL);
	world_run(&w, bob, "ignore", NULL);
	world_run(&w, bob, "history", NULL);
	world_run(&w, bob, "ignore", "alice", NULL);
	world_run(&w, bob, "time", "on", NULL);
	world_run(&w, bob, "part", NULL);
	world_run(&w, bob, "nick", "bob", NULL);
	world_run(&w, bob, "quit", "x", NULL);
	say_as("lobby", 1);
	say_as("nowhere", 0);
	enter();
	enter_as_program();
	cut_off(true);
	cut_off(false);
	program_is_cut_off();
	log_in_twice();
}

/* What one command begins another one may have failed to end. */
static void end_ignoring(struct member *member)
{
	bool is_ignoring;

	outbox_clear(&w.out);
	world_run(&w, member, "ignore", NULL);
	is_ignoring = w.out.posts[0].msg->n > 0;
	outbox_clear(&w.out);
	if (is_ignoring)
		world_run(&w, member, "ignore", "alice", NULL);
	outbox_clear(&w.out);
}

/* The hub does what it should: both are found, heard and counted. */
static void check_sound(struct member *bob, struct member *alice)
{
	end_ignoring(bob);
	world_run(&w, bob, "join", "lobby", NULL);
	world_run(&w, bob, "nick", "bob", NULL);
	outbox_clear(&w.out);
	ck_assert_uint_eq(hub_n_members(w.hub), 2);
	world_run(&w, bob, "who", NULL);
	world_expect(
		&w, "to 1: WHO #lobby n=2 [WHO_ITEM alice, WHO_ITEM bob]\n");
	world_run(&w, alice, "say", "x", NULL);
	world_expect(&w, "room 0 !2: SAID alice #lobby \"x\"\n");
	world_run(&w, alice, "msg", "bob", "x", NULL);
	world_expect(&w,
		"to 1: PRIVATE alice bob \"x\"\n"
		"to 2: PRIVATE_COPY alice bob \"x\"\n");
}

/* One life of two people; the n-th allocation of what bob does fails. True if
 * one failed. */
static bool live(long n, bool and_all_after)
{
	struct member *bob, *alice;
	bool has_failed;

	w = (struct world){.settings = world_settings()};
	w.settings.resume_ms = 60000;
	w.settings.people = &people;
	world_start(&w, 1);
	bob = world_person(&w, 1, 0, "bob");
	alice = world_person(&w, 2, 0, "alice");
	fails_all = and_all_after;
	fails_after = n;
	act(bob);
	has_failed = fails_after <= 0;
	fails_after = -1;
	check_sound(bob, alice);
	world_leave(&w, bob, NULL);
	world_leave(&w, alice, NULL);
	ck_assert_uint_eq(hub_n_members(w.hub), 0);
	world_stop(&w);
	return has_failed;
}

static void live_through(bool and_all_after)
{
	long n_before, n = 0;

	n_back = 0;
	live(1000000, false);
	ck_assert_uint_eq(n_back, 4);
	n_before = n_live;
	while (live(n, and_all_after)) {
		ck_assert_int_eq(n_live, n_before);
		n++;
	}
	ck_assert_int_ge(n, 40);
}

START_TEST(one_allocation_fails)
{
	live_through(false);
}
END_TEST

START_TEST(all_allocations_fail_from_one_on)
{
	live_through(true);
}
END_TEST

/* Who asks is told, since that refusal needs no memory. */
START_TEST(the_refusal_is_told)
{
	struct member *bob;

	w = (struct world){.settings = world_settings()};
	world_start(&w, 1);
	bob = world_person(&w, 1, 0, "bob");
	fails_all = true;
	fails_after = 0;
	world_run(&w, bob, "say", "x", NULL);
	world_run(&w, bob, "join", "ops", NULL);
	world_run(&w, bob, "nick", "robert", NULL);
	fails_after = -1;
	world_expect(&w,
		"to 1: E_NO_MEMORY\n"
		"to 1: E_NO_MEMORY\n"
		"to 1: E_NO_MEMORY\n");
	ck_assert_str_eq(member_nick(bob), "bob");
	world_leave(&w, bob, NULL);
	world_stop(&w);
}
END_TEST

/* Who is told of a new room has its seat there, and the other way round. */
START_TEST(a_move_is_whole)
{
	static const char whole[] = "unseat 1 in 0\n"
				    "seat 1 in 1\n"
				    "to 1: YOU_JOINED bob #ops \"sockd\" n=1\n";
	const char *told = "";
	struct member *bob;

	for (long n = 0; strcmp(told, whole) != 0; n++) {
		w = (struct world){.settings = world_settings()};
		world_start(&w, 1);
		bob = world_person(&w, 1, 0, "bob");
		outbox_fini(&w.out);
		fails_all = true;
		fails_after = n;
		world_run(&w, bob, "join", "ops", NULL);
		fails_after = -1;
		told = strcmp(world_read(&w), whole) == 0 ? whole : "";
		world_run(&w, bob, "who", NULL);
		world_expect(&w,
			told == whole
				? "to 1: WHO #ops n=1 [WHO_ITEM bob]\n"
				: "to 1: WHO #lobby n=1 [WHO_ITEM bob]\n");
		world_leave(&w, bob, NULL);
		world_stop(&w);
		ck_assert_int_lt(n, 100);
	}
}
END_TEST

/* What was said to nobody is not remembered either. */
START_TEST(a_remark_is_whole)
{
	struct chat_remark remark = {.room = "lobby", .nick = "cron"};
	struct member *bob;

	for (long n = 0; remark.id == 0; n++) {
		w = (struct world){.settings = world_settings()};
		world_start(&w, 1);
		bob = world_person(&w, 1, 0, "bob");
		outbox_fini(&w.out);
		remark.text = "disk full";
		fails_all = true;
		fails_after = n;
		hub_say_as(w.hub, &remark, &w.now, &w.out);
		fails_after = -1;
		world_expect(&w,
			remark.id ? "room 0: SAID cron #lobby \"disk full\"\n"
				  : "");
		world_run(&w, bob, "history", NULL);
		if (remark.id == 0)
			world_expect(&w, "to 1: REPLAY #lobby\n");
		outbox_clear(&w.out);
		world_leave(&w, bob, NULL);
		world_stop(&w);
		ck_assert_int_lt(n, 100);
	}
}
END_TEST

START_TEST(a_hub_is_made_or_not)
{
	struct chat_settings settings = world_settings();
	static char name[] = "ops";
	struct room_settings rooms[] = {{.name = name}};
	long n_before = n_live, n = 0;
	struct hub *hub;
	int r = -ENOMEM;

	settings.rooms = rooms;
	settings.n_rooms = 1;
	fails_all = false;
	for (; r < 0; n++) {
		fails_after = n;
		r = hub_new(&hub, &settings, 2, world_seed);
		fails_after = -1;
		if (r == 0)
			hub_free(hub);
		else
			ck_assert_int_eq(r, -ENOMEM);
		ck_assert_int_eq(n_live, n_before);
	}
	ck_assert_int_gt(n, 4);
}
END_TEST

/* True: all of it was taken. */
static bool save(struct strbuf *out)
{
	struct chat_state *state = chat_state_new(true);
	bool is_whole;

	if (!state)
		return false;
	while (hub_save(w.hub, state, &w.now))
		;
	is_whole = chat_state_encode(state, out) == 0;
	chat_state_free(state);
	return is_whole;
}

/* A hub that has something of everything that is saved. */
static void fill(void)
{
	struct member *alice, *bob;

	w = (struct world){.settings = world_settings()};
	w.settings.resume_ms = 600000;
	w.settings.history = 3;
	world_start(&w, 1);
	alice = world_person(&w, 1, 0, "alice");
	bob = world_person(&w, 2, 0, "bob");
	world_run(&w, alice, "ignore", "bob", NULL);
	world_run(&w, alice, "away", "tea", NULL);
	world_run(&w, bob, "msg", "alice", "psst", NULL);
	world_run(&w, bob, "topic", "tea", NULL);
	for (int i = 0; i < 5; i++)
		world_run(&w, bob, "say", "hello", NULL);
	world_leave(&w, alice, NULL);
	world_leave(&w, bob, NULL);
	outbox_clear(&w.out);
}

START_TEST(a_state_is_saved_or_not)
{
	struct strbuf whole = {0}, out = {0};
	bool is_whole = false;
	long n = 0, n_before;

	fails_all = _i;
	fill();
	ck_assert(save(&whole));
	n_before = n_live;
	for (; !is_whole; n++) {
		fails_after = n;
		is_whole = save(&out);
		fails_after = -1;
		if (is_whole)
			ck_assert_mem_eq(out.data, whole.data, whole.len);
		strbuf_fini(&out);
		out = (struct strbuf){0};
		ck_assert_int_eq(n_live, n_before);
	}
	ck_assert_int_gt(n, 8);
	strbuf_fini(&whole);
	world_stop(&w);
}
END_TEST

START_TEST(a_state_is_read_or_not)
{
	struct chat_state_counts counts;
	struct strbuf whole = {0};
	struct slice data;
	struct hub *hub;
	struct errmsg msg;
	long n_refused = 0;
	int r;

	fails_all = _i;
	fill();
	ck_assert(save(&whole));
	data = (struct slice){whole.data, whole.len};
	for (long n = 0; n < 100; n++) {
		long n_before = n_live;

		ck_assert_int_eq(hub_new(&hub, &w.settings, 1, world_seed), 0);
		fails_after = n;
		r = hub_restore(hub, &data, &w.now, &counts, &msg);
		fails_after = -1;
		ck_assert(r == 0 || r == -ENOMEM);
		n_refused += r < 0;
		ck_assert(r < 0 || counts.n_messages == 3);
		hub_free(hub);
		ck_assert_int_eq(n_live, n_before);
	}
	ck_assert_int_eq(r, 0);
	ck_assert_int_gt(n_refused, 8);
	strbuf_fini(&whole);
	world_stop(&w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hub_memory");
	TCase *tc = tcase_create("hub_memory");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, one_allocation_fails);
	tcase_add_test(tc, all_allocations_fail_from_one_on);
	tcase_add_test(tc, the_refusal_is_told);
	tcase_add_test(tc, a_move_is_whole);
	tcase_add_test(tc, a_remark_is_whole);
	tcase_add_test(tc, a_hub_is_made_or_not);
	tcase_add_loop_test(tc, a_state_is_saved_or_not, 0, 2);
	tcase_add_loop_test(tc, a_state_is_read_or_not, 0, 2);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
