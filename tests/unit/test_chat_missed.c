/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What slow readers are told of what they were not told: the words of it, and
 * the numbers, from the hub's history. */
#include <string.h>

#include "chat/gap.h"
#include "chat_world.h"
#include "proto/dialect.h"

extern const struct dialect dialect_json, dialect_text;

#define N(array) ((int)(sizeof(array) / sizeof((array)[0])))

static struct world w;

static void set_up(void)
{
	w.settings = world_settings();
	world_start(&w, 1);
}

static void tear_down(void)
{
	world_stop(&w);
}

/* Words. */

static const struct {
	uint64_t n;
	struct chat_gap gap;
	const char *words;
} texts[] = {
	{57, {.n = 57, .n_kept = 57},
		"57 lines skipped, /history 57 shows them"},
	{1, {.n = 1, .n_kept = 1}, "1 line skipped, /history 1 shows it"},
	/* words of its own stand between them, or more was said since */
	{57, {.n = 57, .n_kept = 60},
		"57 lines skipped, /history 60 shows them"},
	/* the rest was not said in the room */
	{57, {.n = 50, .n_kept = 50},
		"57 lines skipped, /history 50 shows 50 of them"},
	{57, {.n = 50, .n_kept = 53},
		"57 lines skipped, /history 53 shows 50 of them"},
	/* the number is one that /history takes */
	{1288, {.n = 1288, .n_kept = 1288},
		"1,288 lines skipped, /history 1288 shows them"},
	{5700, {.n = 5700, .n_kept = 1500},
		"5,700 lines skipped, /history 1500 shows the last 1,500"},
	{5700, {.n = 5600, .n_kept = 500},
		"5,700 lines skipped, /history 500 shows the last 500"},
	{57, {.n = 57, .n_kept = 0}, "57 lines skipped: you read too slowly"},
};

START_TEST(a_person_reads)
{
	struct chat_gap gap = texts[_i].gap;
	struct dialect_missed missed = {texts[_i].n, &gap, 1};
	struct strbuf out = {0};
	char line[100];

	dialect_text.missed(&missed, 0, &out);
	snprintf(line, sizeof(line), "*** %s\n", texts[_i].words);
	ck_assert_str_eq(out.data, line);
	strbuf_clear(&out);
	missed.n_gaps = 0;
	dialect_text.missed(&missed, DIALECT_CRLF, &out);
	ck_assert_ptr_nonnull(strstr(out.data, "skipped: you read too "));
	ck_assert_str_eq(out.data + out.len - 2, "\r\n");
	strbuf_fini(&out);
}
END_TEST

START_TEST(a_program_reads)
{
	const struct chat_gap gaps[] = {
		{.n = 50, .since = 1700000000000, .room = "ops"},
		{.n = 3, .since = 7, .room = "lobby"},
	};
	struct dialect_missed missed = {1940, gaps, 2};
	struct strbuf out = {0};

	dialect_json.missed(&missed, 0, &out);
	ck_assert_str_eq(out.data,
		"{\"type\":\"notification\",\"event\":\"missed\","
		"\"count\":1940,\"rooms\":["
		"{\"room\":\"ops\",\"count\":50,\"since\":1700000000000},"
		"{\"room\":\"lobby\",\"count\":3,\"since\":7}],"
		"\"message\":"
		"\"1,940 messages skipped: you read too slowly\"}\n");
	strbuf_clear(&out);
	missed = (struct dialect_missed){.n = 1};
	dialect_json.missed(&missed, 0, &out);
	ck_assert_str_eq(out.data,
		"{\"type\":\"notification\",\"event\":\"missed\","
		"\"count\":1,\"rooms\":[],\"message\":"
		"\"1 message skipped: you read too slowly\"}\n");
	strbuf_fini(&out);
}
END_TEST

/* Numbers. */

static uint64_t say_some(struct member *who, int n)
{
	uint64_t first = 0;

	for (int i = 0; i < n; i++) {
		struct chat_call call = {
			.verb = chat_verb_say(), .args = {"x"}, .n_args = 1};

		hub_run(w.hub, who, &call, &w.now, &w.out);
		for (size_t k = 0; k < w.out.n_posts; k++)
			if (w.out.posts[k].msg && !first)
				first = w.out.posts[k].msg->id;
		outbox_clear(&w.out);
	}
	return first;
}

START_TEST(the_history_is_counted_as_it_is_shown)
{
	struct member *bob = world_person(&w, 1, 0, "bob");
	struct member *al = world_person(&w, 2, 0, "al");
	struct member *eve = world_person(&w, 3, 0, "eve");
	struct chat_gap gap = {.index = 0, .n = 6};

	say_some(al, 5);
	gap.since = say_some(al, 6) - 1;
	gap_fill(&gap, bob);
	ck_assert_str_eq(gap.room, "lobby");
	ck_assert_uint_eq(gap.n_kept, 6);
	/* One's own words are shown too, those of the ignored are not. */
	say_some(bob, 2);
	world_run(&w, bob, "ignore", "eve", NULL);
	say_some(eve, 3);
	gap_fill(&gap, bob);
	ck_assert_uint_eq(gap.n_kept, 8);
	gap_fill(&gap, al);
	ck_assert_uint_eq(gap.n_kept, 11);
	/* What the room has forgotten nobody shows. */
	w.settings.history = 4;
	world_configure(&w);
	gap_fill(&gap, al);
	ck_assert_uint_eq(gap.n_kept, 4);
	/* In another room it is no help. */
	world_run(&w, bob, "join", "ops", NULL);
	gap_fill(&gap, bob);
	ck_assert_str_eq(gap.room, "");
	ck_assert_uint_eq(gap.n_kept, 0);
	world_leave(&w, bob, NULL);
	world_leave(&w, al, NULL);
	world_leave(&w, eve, NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("chat_missed");
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, a_person_reads, 0, N(texts));
	tcase_add_test(tc, a_program_reads);
	tcase_add_test(tc, the_history_is_counted_as_it_is_shown);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
