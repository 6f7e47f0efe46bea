/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "chat_world.h"

static struct world w;
static struct member *bob, *alice;

static void setup(void)
{
	w = (struct world){.settings = world_settings()};
	world_start(&w, 1);
	bob = world_person(&w, 1, 0, "bob");
	alice = world_person(&w, 2, 0, "alice");
}

static void teardown(void)
{
	world_leave(&w, bob, NULL);
	world_leave(&w, alice, NULL);
	world_stop(&w);
}

/* The table of verbs. */

static const struct {
	const char *word, *verb; /* NULL: none */
} words[] = {
	{"join", "join"},
	{"JOIN", "join"},
	{"j", "join"},
	{"jo", "join"},
	{"leave", "part"},
	{"le", "part"},
	{"names", "who"},
	{"na", "who"},
	{"m", "msg"},
	{"w", "msg"},
	{"tell", "msg"},
	{"me", "me"},
	{"h", "help"},
	{"?", "help"},
	{"hi", "history"},
	{"he", "help"},
	{"q", "quit"},
	{"Exit", "quit"},
	{"bye", "quit"},
	{"li", "rooms"},
	{"r", "reply"},
	{"ro", "rooms"},
	{"res", "resume"},
	{"rep", "reply"},
	{"who", "who"},
	{"whoi", "whois"},
	{"aw", "away"},
	{"ba", "back"},
	{"be", "bell"},
	{"ig", "ignore"},
	{"ti", "time"},
	{"lo", "login"},
	{"kick", "kick"},
	{"BANS", "bans"},
	{"kic", NULL},
	{"unb", NULL},
	{"loc", NULL},
	{"t", NULL},
	{"", NULL},
	{"joins", NULL},
	{"jn", NULL},
	{"m w", NULL},
	{" ", NULL},
};

START_TEST(finds_verbs)
{
	const struct chat_verb *others[2];
	const struct chat_verb *verb = chat_verb_find(words[_i].word, others);

	ck_assert_int_eq(verb != NULL, words[_i].verb != NULL);
	if (verb)
		ck_assert_str_eq(chat_verb_info(verb)->name, words[_i].verb);
	ck_assert_ptr_null(others[0]);
}
END_TEST

static unsigned cost_of(const char *word)
{
	const struct chat_verb *others[2];

	return chat_verb_info(chat_verb_find(word, others))->cost;
}

/* What is written to one person or room is cheap, what makes others read or
 * the server write more is not; the ways out never wait. */
START_TEST(costs)
{
	const struct chat_verb *verb;
	const char *name;

	for (size_t i = 0; (verb = chat_verb_at(i)) != NULL; i++) {
		name = chat_verb_info(verb)->name;
		ck_assert_uint_le(chat_verb_info(verb)->cost, 5);
		ck_assert_int_eq(chat_verb_info(verb)->cost == 0,
			strcmp(name, "quit") == 0 || strcmp(name, "part") == 0);
	}
	ck_assert_uint_eq(cost_of("say"), 1);
	ck_assert_uint_eq(cost_of("me"), 1);
	ck_assert_uint_eq(cost_of("msg"), 1);
	ck_assert_uint_gt(cost_of("who"), 1);
	ck_assert_uint_gt(cost_of("rooms"), 1);
	ck_assert_uint_gt(cost_of("help"), 1);
	ck_assert_uint_gt(cost_of("join"), 1);
	ck_assert_uint_gt(cost_of("history"), cost_of("who"));
	ck_assert_uint_gt(cost_of("resume"), cost_of("history"));
}
END_TEST

/* A copy has its own memory, and none that it does not need. */
START_TEST(calls_are_copied)
{
	struct chat_call call = {.verb = chat_verb_say()}, copy;

	strbuf_add(&call.buf, "one\0two\0room\0ref", 17);
	call.args[0] = call.buf.data;
	call.args[1] = call.buf.data + 4;
	call.n_args = 2;
	call.room = call.buf.data + 8;
	call.ref = call.buf.data + 13;
	call.error_near = "constant";
	ck_assert_int_eq(chat_call_copy(&copy, &call), 0);
	memset(call.buf.data, 'x', call.buf.len);
	chat_call_fini(&call);
	ck_assert_ptr_eq(copy.verb, chat_verb_say());
	ck_assert_str_eq(copy.args[0], "one");
	ck_assert_str_eq(copy.args[1], "two");
	ck_assert_str_eq(copy.room, "room");
	ck_assert_str_eq(copy.ref, "ref");
	ck_assert_str_eq(copy.error_near, "constant");
	ck_assert_ptr_null(copy.nick);
	chat_call_fini(&copy);
	ck_assert_int_eq(chat_call_copy(&copy, &call), 0);
	chat_call_fini(&copy);
}
END_TEST

/* True if one of the verb's words is `word`, or starts so. */
static bool has_word(const struct chat_verb *verb, const char *word, bool whole)
{
	const struct chat_verb_info *info = chat_verb_info(verb);
	char all[64], *one, *rest = all;

	snprintf(all, sizeof all, "%s %s", info->name, info->aliases);
	while ((one = strsep(&rest, " ")) != NULL)
		if (*one &&
			(whole ? strcmp(one, word) == 0
			       : strncmp(one, word, strlen(word)) == 0))
			return true;
	return false;
}

/* True if the word is found as the plain definition says. */
static bool is_found_right(const char *word)
{
	const struct chat_verb *others[2], *verb, *whole = NULL, *first = NULL;
	size_t n = 0;

	for (size_t i = 0; (verb = chat_verb_at(i)) != NULL; i++) {
		if (has_word(verb, word, true))
			whole = verb;
		if (has_word(verb, word, false) &&
			!chat_verb_info(verb)->is_for_operators)
			first = n++ == 0 ? verb : first;
	}
	verb = chat_verb_find(word, others);
	if ((others[0] && others[1]) != (!whole && n > 1))
		return false;
	return verb == (whole ? whole : n == 1 ? first : NULL);
}

/* All words of two letters and of three. */
START_TEST(prefixes_are_unique)
{
	char word[4] = "";

	for (word[0] = 'a'; word[0] <= 'z'; word[0]++) {
		for (word[1] = 'a'; word[1] <= 'z'; word[1]++) {
			for (word[2] = 'a' - 1; word[2] <= 'z'; word[2]++) {
				char last = word[2];

				if (last < 'a')
					word[2] = '\0';
				if (!is_found_right(word))
					ck_abort_msg("%s", word);
				word[2] = last;
			}
		}
	}
}
END_TEST

START_TEST(rows_are_sound)
{
	const struct chat_verb *verb, *others[2];

	for (size_t i = 0; (verb = chat_verb_at(i)) != NULL; i++) {
		const struct chat_verb_info *info = chat_verb_info(verb);

		ck_assert_ptr_eq(chat_verb_find(info->name, others), verb);
		ck_assert_uint_le(info->min_args, info->max_args);
		ck_assert_uint_le(info->max_args, CHAT_ARGS_MAX);
		ck_assert(info->help[0] != '\0');
		ck_assert_int_eq(info->usage[0] == '\0', info->max_args == 0);
	}
}
END_TEST

START_TEST(nearest_verbs)
{
	ck_assert_str_eq(chat_verb_nearest("jion"), "join");
	ck_assert_str_eq(chat_verb_nearest("topci"), "topic");
	ck_assert_ptr_null(chat_verb_nearest("zzzzzz"));
}
END_TEST

START_TEST(a_call_explains_unknown_words)
{
	struct chat_call call = {0};

	chat_call_set_verb(&call, "jion", 4);
	ck_assert(call.is_error && !call.verb);
	ck_assert_int_eq(call.error, CHAT_E_UNKNOWN_COMMAND);
	ck_assert_str_eq(call.error_text, "jion");
	ck_assert_str_eq(call.error_near, "join");
	hub_run(w.hub, bob, &call, &w.now, &w.out);
	world_expect(&w, "to 1: E_UNKNOWN_COMMAND join \"jion\"\n");
	chat_call_clear(&call);
	chat_call_set_verb(&call, "x\x1B", 2);
	ck_assert_str_eq(call.error_text, "x\xE2\x90\x9B");
	ck_assert_ptr_null(call.error_near);
	chat_call_clear(&call);
	ck_assert(!call.is_error);
	hub_run(w.hub, bob, &call, &w.now, &w.out);
	world_expect(&w, "");
	chat_call_fini(&call);
}
END_TEST

/* One line each: bob runs it, and this is what comes of it. */
static const struct {
	const char *verb, *args[2], *expected;
} runs[] = {
	{"say", {"hi"}, "room 0 !1: SAID bob #lobby \"hi\"\n"},
	{"say", {NULL}, "to 1: E_MISSING_ARGUMENT TEXT \"say\"\n"},
	{"me", {"waves"}, "room 0 !1: ACTION bob #lobby \"waves\"\n"},
	{"msg", {"ALICE", "hi"},
		"to 2: PRIVATE bob alice \"hi\"\n"
		"to 1: PRIVATE_COPY bob alice \"hi\"\n"},
	{"msg", {"alise", "hi"}, "to 1: E_NO_SUCH_NICK alice \"alise\"\n"},
	{"msg", {"zork", "hi"}, "to 1: E_NO_SUCH_NICK \"zork\"\n"},
	{"msg", {"a1ice", "hi"}, "to 1: E_NO_SUCH_NICK alice \"a1ice\"\n"},
	{"msg", {"alice"}, "to 1: E_MISSING_ARGUMENT NICK TEXT \"msg\"\n"},
	{"reply", {"hi"}, "to 1: E_NO_REPLY\n"},
	{"nick", {"robert"},
		"to 1: YOU_RENAMED robert\nnear 0 !1: RENAMED bob robert\n"},
	{"nick", {"BOB"},
		"to 1: YOU_RENAMED BOB\nnear 0 !1: RENAMED bob BOB\n"},
	{"nick", {"b0b"},
		"to 1: YOU_RENAMED b0b\nnear 0 !1: RENAMED bob b0b\n"},
	{"nick", {"bob"}, "to 1: YOU_RENAMED bob\n"},
	{"nick", {"Alice"}, "to 1: E_NICK_TAKEN alice \"Alice\"\n"},
	{"nick", {"A1ice"}, "to 1: E_NICK_LOOKS_LIKE alice \"A1ice\"\n"},
	{"nick", {"guest-bob"}, "to 1: E_NICK_RESERVED \"guest-bob\"\n"},
	{"nick", {"*** bob"}, "to 1: E_NICK_INVALID \"*** bob\"\n"},
	{"join", {"no room"}, "to 1: E_ROOM_INVALID \"no room\"\n"},
	{"join", {"LOBBY"}, "to 1: YOU_JOINED bob #lobby n=2\n"},
	{"part", {NULL}, "to 1: YOU_JOINED bob #lobby n=2\n"},
	{"who", {NULL},
		"to 1: WHO #lobby n=2 [WHO_ITEM alice, WHO_ITEM bob]\n"},
	{"who", {"#Lobby"},
		"to 1: WHO #lobby n=2 [WHO_ITEM alice, WHO_ITEM bob]\n"},
	{"who", {"loby"}, "to 1: E_NO_SUCH_ROOM lobby \"loby\"\n"},
	{"who", {"#x y"}, "to 1: E_NO_SUCH_ROOM \"x y\"\n"},
	{"rooms", {NULL}, "to 1: ROOMS n=1 [ROOM_ITEM #lobby n=2]\n"},
	{"topic", {NULL}, "to 1: YOU_TOPIC #lobby\n"},
	{"topic", {"tea"}, "room 0: TOPIC_SET bob #lobby \"tea\"\n"},
	{"history", {NULL}, "to 1: REPLAY #lobby\n"},
	{"history", {"-1"}, "to 1: E_NOT_A_NUMBER \"-1\"\n"},
	{"history", {"99999999999999999999999"}, "to 1: REPLAY #lobby\n"},
	{"motd", {NULL}, "to 1: MOTD\n"},
	{"ping", {NULL}, "to 1: PONG\n"},
	{"version", {NULL}, "to 1: VERSION\n"},
	{"help", {NULL}, "to 1: HELP\n"},
	{"help", {"/j"}, "to 1: HELP \"join\"\n"},
	{"help", {"jion"}, "to 1: E_UNKNOWN_COMMAND join \"jion\"\n"},
	{"quit", {NULL}, "close 1: BYE\n"},
	{"quit", {"tea time"}, "close 1: BYE \"tea time\"\n"},
};

START_TEST(runs_verbs)
{
	world_run(&w, bob, runs[_i].verb, runs[_i].args[0],
		runs[_i].args[0] ? runs[_i].args[1] : NULL, NULL);
	world_expect(&w, runs[_i].expected);
}
END_TEST

START_TEST(replies_follow_the_talk)
{
	world_run(&w, bob, "msg", "alice", "hi", NULL);
	outbox_clear(&w.out);
	world_run(&w, alice, "reply", "hello", NULL);
	world_expect(&w,
		"to 1: PRIVATE alice bob \"hello\"\n"
		"to 2: PRIVATE_COPY alice bob \"hello\"\n");
	world_run(&w, bob, "nick", "robert", NULL);
	outbox_clear(&w.out);
	world_run(&w, alice, "reply", "still there?", NULL);
	world_expect(&w, "to 2: E_NO_SUCH_NICK \"bob\"\n");
}
END_TEST

START_TEST(a_name_is_free_again)
{
	world_run(&w, alice, "nick", "carol", NULL);
	world_run(&w, bob, "nick", "a1ice", NULL);
	outbox_clear(&w.out);
	world_run(&w, alice, "nick", "alice", NULL);
	world_expect(&w, "to 2: E_NICK_LOOKS_LIKE a1ice \"alice\"\n");
}
END_TEST

START_TEST(texts_are_bounded)
{
	char *text = calloc(1, 4098), topic[700] = "";

	memset(text, 'x', 4096);
	world_run(&w, bob, "say", text, NULL);
	ck_assert_uint_eq(w.out.posts[0].msg->text_len, 4096);
	outbox_clear(&w.out);
	text[4096] = 'x';
	world_run(&w, bob, "say", text, NULL);
	world_expect(&w, "to 1: E_TEXT_TOO_LONG n=4097 limit=4096\n");
	world_run(&w, bob, "me", text, NULL);
	world_expect(&w, "to 1: E_TEXT_TOO_LONG n=4097 limit=4096\n");
	world_run(&w, bob, "msg", "alice", text, NULL);
	world_expect(&w, "to 1: E_TEXT_TOO_LONG n=4097 limit=4096\n");
	world_run(&w, bob, "quit", text, NULL);
	world_expect(&w, "close 1: BYE\n");
	for (int i = 0; i < 300; i++)
		strcat(topic, "\xC3\xA9");
	world_run(&w, bob, "topic", topic, NULL);
	ck_assert_int_eq(w.out.posts[0].msg->type, CHAT_TOPIC_SET);
	outbox_clear(&w.out);
	strcat(topic, "e");
	world_run(&w, bob, "topic", topic, NULL);
	world_expect(&w, "to 1: E_TOPIC_TOO_LONG n=301 limit=300\n");
	world_run(&w, bob, "topic", NULL);
	ck_assert_uint_eq(w.out.posts[0].msg->text_len, 600);
	outbox_clear(&w.out);
	free(text);
}
END_TEST

START_TEST(bare_words_are_hinted_at_once)
{
	const struct chat_verb *others[2];
	struct chat_call call = {
		.verb = chat_verb_find("say", others),
		.args = {"quit"},
		.n_args = 1,
		.is_word = true,
	};

	hub_run(w.hub, bob, &call, &w.now, &w.out);
	world_expect(&w,
		"room 0 !1: SAID bob #lobby \"quit\"\n"
		"to 1: SAID_WORD #lobby \"quit\"\n");
	hub_run(w.hub, bob, &call, &w.now, &w.out);
	world_expect(&w, "room 0 !1: SAID bob #lobby \"quit\"\n");
}
END_TEST

START_TEST(lists_are_sorted_and_cut)
{
	struct member *members[70];
	const struct chat_msg *who;
	char nick[16];

	for (int i = 0; i < 70; i++) {
		snprintf(nick, sizeof nick, "%c%02d", i % 2 ? 'N' : 'n',
			i * 37 % 70);
		members[i] = world_person(&w, 10 + (uint64_t)i, 0, nick);
	}
	world_run(&w, bob, "who", NULL);
	who = w.out.posts[0].msg;
	ck_assert_uint_eq(who->n, 72);
	ck_assert_uint_eq(who->n_items, 50);
	ck_assert_str_eq(who->items[0]->nick, "alice");
	ck_assert_str_eq(who->items[1]->nick, "bob");
	for (int i = 2; i < 50; i++)
		ck_assert_int_eq(atoi(who->items[i]->nick + 1), i - 2);
	outbox_clear(&w.out);
	for (int i = 0; i < 70; i++) {
		snprintf(nick, sizeof nick, "r%02d", i);
		world_run(&w, members[i], "join", nick, NULL);
	}
	outbox_clear(&w.out);
	world_run(&w, bob, "rooms", NULL);
	who = w.out.posts[0].msg;
	ck_assert_uint_eq(who->n, 71);
	ck_assert_uint_eq(who->n_items, 50);
	ck_assert_str_eq(who->items[0]->room, "lobby");
	ck_assert_str_eq(who->items[49]->room, "r48");
	outbox_clear(&w.out);
	for (int i = 0; i < 70; i++)
		world_leave(&w, members[i], NULL);
}
END_TEST

START_TEST(history_shows_the_last)
{
	char text[16];

	for (int i = 0; i < 60; i++) {
		snprintf(text, sizeof text, "%d", i);
		world_run(&w, bob, "say", text, NULL);
	}
	outbox_clear(&w.out);
	world_run(&w, alice, "history", "2", NULL);
	world_expect(&w,
		"to 2: REPLAY #lobby [SAID bob #lobby \"58\","
		" SAID bob #lobby \"59\"]\n");
	world_run(&w, alice, "history", NULL);
	ck_assert_uint_eq(w.out.posts[0].msg->n_items, 50);
	outbox_clear(&w.out);
	world_run(&w, alice, "history", "0", NULL);
	ck_assert_uint_eq(w.out.posts[0].msg->n_items, 0);
	outbox_clear(&w.out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("command");
	TCase *tc = tcase_create("command");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, finds_verbs, 0, sizeof words / sizeof words[0]);
	tcase_add_test(tc, prefixes_are_unique);
	tcase_add_test(tc, rows_are_sound);
	tcase_add_test(tc, costs);
	tcase_add_test(tc, calls_are_copied);
	tcase_add_test(tc, nearest_verbs);
	tcase_add_test(tc, a_call_explains_unknown_words);
	tcase_add_loop_test(tc, runs_verbs, 0, sizeof runs / sizeof runs[0]);
	tcase_add_test(tc, replies_follow_the_talk);
	tcase_add_test(tc, a_name_is_free_again);
	tcase_add_test(tc, texts_are_bounded);
	tcase_add_test(tc, bare_words_are_hinted_at_once);
	tcase_add_test(tc, lists_are_sorted_and_cut);
	tcase_add_test(tc, history_shows_the_last);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
