/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is in a file of the chat's state: what any hub makes of it, and what
 * becomes of anything else. */
#include "chat/login.h"
#include "chat/state.h"

#include <errno.h>

#include "state_world.h"

/* Any hub. */

static uint64_t dice;

static size_t roll(size_t n)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (size_t)(dice % n);
}

#define N_CROWD 8
static struct member *crowd[N_CROWD];
static uint64_t n_conns;

static void do_anything(void)
{
	static const char *const nicks[] = {"ann", "ben", "cyd", "dan", "eve"};
	static const char *const rooms[] = {"a", "b.c", "D-d", "lobby", "ops"};
	static const char *const verbs[] = {"nick", "join", "say", "me",
		"topic", "away", "ignore", "msg", "back", "time", "resume"};
	static const char *const texts[] = {"x", "two\nlines", "",
		"\xE2\x82\xAC", "a rather longer text that is said"};
	struct member **slot = &crowd[roll(N_CROWD)];
	const char *verb = verbs[roll(11)], *first = texts[roll(5)];

	if (!*slot) {
		*slot = world_enter(
			&w, ++n_conns, 0, roll(4) ? rooms[roll(5)] : NULL);
		return;
	}
	if (roll(20) == 0)
		hub_set_identity(w.hub, *slot,
			&(struct chat_identity){
				.account = roll(3) ? nicks[roll(5)] : NULL,
				.is_operator = roll(2)});
	if (roll(10) == 0)
		world_run(&w, *slot, "lock", rooms[roll(5)],
			roll(2) ? "on" : "off", NULL);
	if (roll(10) == 0)
		world_run(&w, *slot, "mute", nicks[roll(5)],
			roll(3) ? "5m" : "0", NULL);
	if (roll(8) == 0) {
		world_leave(&w, *slot, NULL);
		*slot = NULL;
		return;
	}
	if (strcmp(verb, "join") == 0)
		first = rooms[roll(5)];
	else if (strcmp(verb, "time") == 0)
		first = "on";
	else if (verb[0] == 't' || verb[0] == 'a')
		first = texts[2 + roll(3)]; /* of one line */
	else if (strchr("nim", verb[0]) && strcmp(verb, "me") != 0)
		first = nicks[roll(5)];
	if (strcmp(verb, "msg") == 0)
		world_run(&w, *slot, verb, first, "psst", NULL);
	else if (strcmp(verb, "back") == 0)
		world_run(&w, *slot, verb, NULL);
	else
		world_run(&w, *slot, verb, first, NULL);
	world_later(&w, roll(3) ? roll(2000) : roll(100000));
}

static void do_much(size_t n)
{
	while (n-- > 0)
		do_anything();
	outbox_clear(&w.out);
}

static void empty(void)
{
	for (size_t i = 0; i < N_CROWD; i++) {
		if (crowd[i])
			world_leave(&w, crowd[i], NULL);
		crowd[i] = NULL;
	}
	outbox_clear(&w.out);
}

static void expect_same(const struct strbuf *a, const struct strbuf *b)
{
	ck_assert_uint_eq(a->len, b->len);
	ck_assert_mem_eq(a->data, b->data, a->len);
}

START_TEST(what_is_read_is_what_was_saved)
{
	struct strbuf saved = {0}, again = {0};

	dice = (uint64_t)_i * 7919 + 1;
	w.settings.history = 10;
	w.settings.history_bytes = _i % 2 ? 2000 : 256 << 10;
	world_configure(&w);
	for (int i = 0; i < 20; i++) {
		do_much(100);
		strbuf_clear(&saved);
		save(true, &saved);
		empty();
		must_restore(&saved);
		strbuf_clear(&again);
		save(true, &again);
		expect_same(&saved, &again);
	}
	strbuf_fini(&saved);
	strbuf_fini(&again);
}
END_TEST

/* So many have a code, and left. */
static void leave_codes(size_t n)
{
	char nick[16];

	while (n-- > 0) {
		snprintf(nick, sizeof nick, "x%" PRIu64, ++n_conns);
		world_leave(&w, world_person(&w, n_conns, 0, nick), NULL);
	}
	outbox_clear(&w.out);
}

/* The hub goes on between any two portions, and what comes of it is sound. */
START_TEST(saving_goes_on_beside_the_chat)
{
	struct strbuf bytes = {0};
	struct chat_state *state;
	size_t n_portions = 0;

	dice = (uint64_t)_i + 17;
	w.settings.history = 5000;
	w.settings.history_bytes = 1 << 20;
	w.settings.max_rooms = 2000;
	world_configure(&w);
	for (int i = 0; i < 15000; i++) /* more than the lobby remembers */
		say(i % 3 ? "lobby" : "ops", "x");
	for (int i = 0; i < 1000; i++) {
		char name[16];

		snprintf(name, sizeof name, "room%d", i);
		say(name, "x");
	}
	leave_codes(300);
	world_later(&w, 300000);
	leave_codes(400);
	state = chat_state_new(false);
	while (hub_save(w.hub, state, &w.now)) {
		if (++n_portions > 3)
			do_much(50);
		else /* the first codes end, others take their place */
			world_later(&w, 160000);
		for (int i = 0; i < 300; i++)
			say(i % 3 ? "lobby" : "a", "y");
		if (n_portions % 3 == 0)
			world_later(&w, 1200000); /* rooms are forgotten */
	}
	ck_assert_uint_gt(n_portions, 3);
	ck_assert_int_eq(chat_state_encode(state, &bytes), 0);
	chat_state_free(state);
	empty();
	must_restore(&bytes);
	strbuf_fini(&bytes);
}
END_TEST

/* What else may be in the file. */

START_TEST(what_is_cut_off_is_refused)
{
	struct strbuf saved = {0}, part = {0};
	struct errmsg msg;

	dice = 5;
	w.settings.history = 4;
	world_configure(&w);
	do_much(300);
	save(true, &saved);
	empty();
	for (size_t len = 0; len < saved.len; len++) {
		strbuf_clear(&part);
		strbuf_add(&part, saved.data, len);
		msg.text[0] = '\0';
		ck_assert_int_eq(restore(&part, &msg), -EBADMSG);
		ck_assert_ptr_nonnull(
			strstr(msg.text, "it is not consistent: "));
	}
	strbuf_addc(&saved, 'x');
	ck_assert_int_eq(restore(&saved, &msg), -EBADMSG);
	ck_assert_str_eq(
		msg.text, "it is not consistent: more follows behind its end");
	strbuf_fini(&saved);
	strbuf_fini(&part);
}
END_TEST

/* Each byte made something else: it is refused, or what is read is a hub like
 * any other, which can be saved and read. */
START_TEST(what_is_wrong_is_refused_or_sound)
{
	static const uint8_t values[] = {0, 1, 2, 0x7F, 0x80, 0xFF, '\n'};
	struct strbuf saved = {0}, again = {0};
	size_t n_refused = 0;
	struct errmsg msg;

	dice = 23;
	w.settings.history = 4;
	world_configure(&w);
	do_much(200);
	save(true, &saved);
	empty();
	for (size_t i = 0; i < saved.len; i++) {
		char was = saved.data[i];

		saved.data[i] = (char)(was ^ values[i % sizeof values]);
		strbuf_clear(&again);
		if (restore(&saved, &msg)) {
			n_refused++;
		} else {
			save(true, &again);
			must_restore(&again);
		}
		saved.data[i] = was;
	}
	ck_assert_uint_gt(n_refused, saved.len / 4);
	strbuf_fini(&saved);
	strbuf_fini(&again);
}
END_TEST

/* What a stranger would like people to be told. */
static const struct {
	const char *from, *to, *why;
} forgeries[] = {
	{"herald", "her ld", "a message of room lobby has no text"},
	{"harmless", "har\033[2Js", "has no text that is fit to be shown"},
	{"harmless", "har\0less", "has no end"},
	{"Subject", "Subj\rct", "the topic of room lobby is none"},
	{"lobby", "lo by", "a name that no room can have"},
	{"bobby", "b bby", "a nick that nobody can have"},
};

START_TEST(forgeries_are_refused)
{
	size_t len = strlen(forgeries[_i].from);
	struct strbuf bytes = {0};
	struct errmsg msg = {""};
	struct member *a;
	char *at;

	a = world_person(&w, 1, 0, "bobby");
	world_run(&w, a, "topic", "Subject", NULL);
	world_leave(&w, a, NULL);
	say("lobby", "harmless");
	save(true, &bytes);
	at = memmem(bytes.data, bytes.len, forgeries[_i].from, len);
	ck_assert_ptr_nonnull(at);
	memcpy(at, forgeries[_i].to, len);
	ck_assert_int_eq(restore(&bytes, &msg), -EBADMSG);
	ck_assert_msg(strstr(msg.text, forgeries[_i].why), "%s", msg.text);
	strbuf_fini(&bytes);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("chat_state_bytes");
	TCase *tc = tcase_create("chat_state_bytes");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, what_is_read_is_what_was_saved, 0, 10);
	tcase_add_loop_test(tc, saving_goes_on_beside_the_chat, 0, 3);
	tcase_add_test(tc, what_is_cut_off_is_refused);
	tcase_add_test(tc, what_is_wrong_is_refused_or_sound);
	tcase_add_loop_test(tc, forgeries_are_refused, 0,
		sizeof forgeries / sizeof *forgeries);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
