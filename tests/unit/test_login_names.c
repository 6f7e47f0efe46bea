/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names that look like others, of people, accounts, services, those who are on
 * the way back, and users: refused whoever was first. */
#include "login_world.h"

/* A user's name that looks like somebody else's is not said under. */
START_TEST(names_of_users)
{
	static const struct {
		const char *nick;
		bool is_said;
	} cases[] = {
		{"alice", true},
		{"a1ice", false},
		{"B0b", false},
		{"carol", true},
		{"CAR0L", false},
		{"cr0n", false},
		{"CRON", true},
		{"dave", true},
	};

	ck_assert_int_eq(strlist_add(&w.settings.reserved, "cron"), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct chat_remark remark = {
			.nick = cases[i].nick, .text = "hi", .is_user = true};

		hub_say_as(w.hub, &remark, &w.now, &w.out);
		ck_assert_int_eq(remark.id != 0, cases[i].is_said);
		if (!remark.id)
			ck_assert_int_eq(remark.error, CHAT_E_NICK_LOOKS_LIKE);
		/* a service's name is its own */
		remark.is_user = false;
		hub_say_as(w.hub, &remark, &w.now, &w.out);
		ck_assert_uint_ne(remark.id, 0);
	}
	strlist_fini(&w.settings.reserved);
}
END_TEST

/* Who has the first name of a pair, so that nobody gets the second. */
enum keeper { MEMBER, ACCOUNT, SERVICE, ON_THE_WAY, N_KEEPERS };

static void keep(enum keeper who, char *name, char code[16])
{
	static char line[64];
	struct member *other;

	if (who == ACCOUNT) {
		snprintf(line, sizeof(line), "%s:!\n", name);
		know(line);
	} else if (who == SERVICE) {
		ck_assert_int_eq(strlist_add(&w.settings.reserved, name), 0);
		world_configure(&w);
	} else {
		world_run(&w, carol, "nick", name, NULL);
	}
	if (who != ON_THE_WAY)
		return;
	/* it is cut off, and somebody has begun to come back as it */
	world_read_code(&w, code);
	other = world_enter(&w, 7, 1, "lobby");
	world_run(&w, other, "resume", code, NULL);
	world_leave(&w, carol, NULL);
	carol = other;
}

/* p as a guest; whoever comes back as `name` by a code is a guest as well. */
static void expect_refused(const char *name, enum keeper who)
{
	static const enum chat_type errors[] = {
		[ACCOUNT] = CHAT_E_NICK_ACCOUNT,
		[SERVICE] = CHAT_E_NICK_RESERVED,
		[ON_THE_WAY] = CHAT_E_NICK_TAKEN,
	};
	const struct chat_verb *others[2];
	struct chat_call call = {
		.verb = chat_verb_find("nick", others),
		.args = {name},
		.n_args = 1,
	};

	for (int i = 0; i < 2; i++) {
		enum chat_type got;

		outbox_clear(&w.out);
		hub_run(w.hub, p, &call, &w.now, &w.out);
		ck_assert_uint_eq(w.out.n_posts, 1);
		got = w.out.posts[0].msg->type;
		if (who == MEMBER)
			ck_assert(got == CHAT_E_NICK_TAKEN ||
				got == CHAT_E_NICK_LOOKS_LIKE);
		else
			ck_assert_int_eq(got, errors[who]);
		/* the same with a room */
		call.verb = chat_verb_find("join", others);
		call.args[0] = "ops";
		call.nick = name;
	}
	ck_assert(strncmp(member_nick(p), "guest-", 6) == 0);
}

/* Somebody had the name when it was free, and comes back by the code. */
static void come_back_as(char *name, char *kept, enum keeper who)
{
	char code[16] = "";

	world_run(&w, p, "nick", name, NULL);
	world_read_code(&w, code);
	world_leave(&w, p, NULL);
	keep(who, kept, (char[16]){""});
	p = world_enter(&w, 8, 1, "lobby");
	outbox_clear(&w.out);
	world_run(&w, p, "resume", code, NULL);
	ck_assert(strncmp(member_nick(p), "guest-", 6) == 0);
	expect_refused(name, who);
}

START_TEST(look_alikes_in_every_order)
{
	static char pairs[][2][8] = {{"olli", "o1li"}, {"olli", "OLLI"},
		{"olli", "oLl1"}, {"olli", "OI1i"}, {"w00t", "WoOt"},
		{"Il1", "lII"}};
	char *first = pairs[_i / 2][_i % 2], *second = pairs[_i / 2][!(_i % 2)];

	for (int back = 0; back < 2; back++) {
		for (enum keeper who = MEMBER; who < N_KEEPERS; who++) {
			tear_down();
			set_up();
			w.settings.resume_ms = 600000;
			world_configure(&w);
			if (back && who != ON_THE_WAY) {
				come_back_as(second, first, who);
			} else {
				keep(who, first, (char[16]){""});
				expect_refused(second, who);
				expect_refused(first, who);
			}
			strlist_fini(&w.settings.reserved);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("login_names");
	TCase *tc = tcase_create("login_names");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, names_of_users);
	tcase_add_loop_test(tc, look_alikes_in_every_order, 0, 12);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
