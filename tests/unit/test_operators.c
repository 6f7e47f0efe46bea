/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What operators do in the chat: ann is one, bob and carol are not. */
#include "chat/operate.h"

#include "chat/login.h"
#include "chat/mutes.h"
#include "chat_world.h"

static struct world w;
static struct member *ann, *bob, *carol;

static void identify(struct member *member, const struct chat_identity *who)
{
	ck_assert_int_eq(hub_set_identity(w.hub, member, who), 0);
}

/* To be said again when something else is configured. */
static void empower_ann(void)
{
	identify(ann,
		&(struct chat_identity){.account = "ann", .is_operator = true});
}

static void from(struct member *member, const char *address)
{
	struct network net;

	ck_assert_int_eq(network_parse(address, &net, NULL), 0);
	hub_set_address(w.hub, member, &net, true);
}

static void setup(void)
{
	static char loopback[] = "127.0.0.0/8", host[] = "10.1.2.3";
	static char *nets[] = {loopback, host};
	static const struct strlist exempt = {nets, 2};

	w = (struct world){.settings = world_settings()};
	w.settings.exempt = &exempt;
	w.settings.resume_ms = 600000;
	world_start(&w, 1);
	ann = world_person(&w, 1, 0, "ann");
	bob = world_person(&w, 2, 0, "bob");
	carol = world_person(&w, 3, 0, "carol");
	empower_ann();
	from(ann, "192.0.2.1");
	from(bob, "192.0.2.2");
}

static void teardown(void)
{
	world_leave(&w, ann, NULL);
	world_leave(&w, bob, NULL);
	world_leave(&w, carol, NULL);
	world_stop(&w);
}

static const struct {
	const char *verb, *args[3], *expected;
} deeds[] = {
	{"kick", {"BOB"},
		"to 1: YOU_KICKED bob\n"
		"log 1: OPERATED ann account ann \"kick bob\"\n"
		"close 2: KICKED \"ann\"\n"},
	{"kick", {"bob", "too loud"},
		"to 1: YOU_KICKED bob\n"
		"log 1: OPERATED ann account ann \"kick bob\"\n"
		"close 2: KICKED \"ann: too loud\"\n"},
	{"kick", {"bbo"}, "to 1: E_NO_SUCH_NICK bob \"bbo\"\n"},
	{"kick", {NULL}, "to 1: E_MISSING_ARGUMENT NICK [REASON] \"kick\"\n"},
	{"mute", {"bob", "10m"},
		"to 2: MUTED ann n=600000\n"
		"to 1: YOU_MUTED bob n=600000\n"
		"log 1: OPERATED ann account ann \"mute bob 10m\"\n"},
	{"mute", {"bob"},
		"to 2: MUTED ann\nto 1: YOU_MUTED bob\n"
		"log 1: OPERATED ann account ann \"mute bob\"\n"},
	{"mute", {"bob", "soon"}, "to 1: E_NOT_DURATION \"soon\"\n"},
	{"mute", {"bob", "3651d"}, "to 1: E_NOT_DURATION \"3651d\"\n"},
	{"lock", {"#LOBBY"},
		"to 1: YOU_LOCKED ann #lobby n=1\n"
		"room 0 !1: LOCKED ann #lobby n=1\n"
		"log 1: OPERATED ann account ann \"lock lobby\"\n"},
	{"lock", {"loby"}, "to 1: E_NO_SUCH_ROOM lobby \"loby\"\n"},
	{"lock", {"lobby", "no"}, "to 1: E_NOT_ON_OFF lock ROOM \"no\"\n"},
	{"ban", {"198.51.100.7"},
		"to 1: YOU_BANNED \"198.51.100.7\"\n"
		"log 1: OPERATED ann account ann \"ban 198.51.100.7\"\n"},
	{"ban", {"2001:DB8::/32", "1h", "spam"},
		"to 1: YOU_BANNED \"2001:db8::/32\" n=1700003600000\n"
		"log 1: OPERATED ann account ann \"ban 2001:db8::/32 1h\"\n"},
	{"ban", {"198.51.100.0/24", "too much", "spam"},
		"to 1: YOU_BANNED \"198.51.100.0/24\"\n"
		"log 1: OPERATED ann account ann \"ban 198.51.100.0/24\"\n"},
	{"ban", {"BOB", "0"},
		"close 2: BANNED\n"
		"to 1: YOU_BANNED bob 192.0.2.2 \"BOB\"\n"
		"log 1: OPERATED ann account ann \"ban BOB\"\n"},
	{"ban", {"zork", "", "noise"},
		"to 1: YOU_BANNED \"zork\"\n"
		"log 1: OPERATED ann account ann \"ban zork\"\n"},
	{"ban", {"zork", "10min"}, "to 1: E_NOT_DURATION \"10min\"\n"},
	{"ban", {"127.0.0.1"},
		"to 1: E_BAN_EXEMPT 127.0.0.0/8 \"127.0.0.1\"\n"},
	{"ban", {"0.0.0.0/0"},
		"to 1: E_BAN_EXEMPT 127.0.0.0/8 \"0.0.0.0/0\"\n"},
	{"ban", {"10.0.0.0/8"}, "to 1: E_BAN_EXEMPT 10.1.2.3 \"10.0.0.0/8\"\n"},
	{"ban", {"::ffff:127.0.0.1"},
		"to 1: E_BAN_EXEMPT 127.0.0.0/8 \"::ffff:127.0.0.1\"\n"},
	{"ban", {"192.0.2.0/30"}, "to 1: E_BAN_SELF \"192.0.2.0/30\"\n"},
	{"ban", {"Ann"}, "to 1: E_BAN_SELF \"Ann\"\n"},
	{"ban", {"guest-zzzz"}, "to 1: E_BAN_GUEST \"guest-zzzz\"\n"},
	{"ban", {"#ops"}, "to 1: E_NICK_INVALID \"#ops\"\n"},
	{"unban", {"bob"}, "to 1: E_NOT_BANNED \"bob\"\n"},
	{"bans", {NULL}, "to 1: BANS\n"},
};

START_TEST(does_what_it_is_told)
{
	const char *const *args = deeds[_i].args;

	world_run(&w, ann, deeds[_i].verb, args[0], args[0] ? args[1] : NULL,
		args[0] && args[1] ? args[2] : NULL, NULL);
	world_expect(&w, deeds[_i].expected);
}
END_TEST

/* Nor does anything happen. */
START_TEST(is_for_operators_only)
{
	const char *const *args = deeds[_i].args;
	struct strbuf refusal = {0};

	strbuf_addf(&refusal, "to 2: E_NOT_OPERATOR \"%s\"\n", deeds[_i].verb);
	world_run(&w, bob, deeds[_i].verb, args[0], args[0] ? args[1] : NULL,
		NULL);
	world_expect(&w, refusal.data);
	ck_assert_uint_eq(hub_bans(w.hub)->serial, 0);
	strbuf_fini(&refusal);
}
END_TEST

START_TEST(help_is_for_those_who_may)
{
	world_run(&w, bob, "help", NULL);
	ck_assert(!(w.out.posts[0].msg->flags & CHAT_OPERATOR));
	outbox_clear(&w.out);
	world_run(&w, ann, "help", NULL);
	ck_assert(w.out.posts[0].msg->flags & CHAT_OPERATOR);
	outbox_clear(&w.out);
	world_run(&w, bob, "help", "ban", NULL);
	world_expect(&w, "to 2: E_NOT_OPERATOR \"ban\"\n");
	world_run(&w, ann, "help", "/ban", NULL);
	world_expect(&w, "to 1: HELP \"ban\"\n");
}
END_TEST

/* Muted people read, and say nothing. */
START_TEST(the_muted_are_silent)
{
	static const char *const speak[] = {"say", "me", "topic", "reply"};

	world_run(&w, carol, "msg", "bob", "hi", NULL);
	world_run(&w, ann, "mute", "bob", "10m", NULL);
	outbox_clear(&w.out);
	world_later(&w, 1000);
	for (size_t i = 0; i < 4; i++) {
		world_run(&w, bob, speak[i], "x", NULL);
		world_expect(&w, "to 2: E_MUTED limit=599000\n");
	}
	world_run(&w, bob, "msg", "ann", "x", NULL);
	world_expect(&w, "to 2: E_MUTED limit=599000\n");
	world_run(&w, bob, "topic", NULL);
	world_expect(&w, "to 2: YOU_TOPIC #lobby\n");
	world_run(&w, carol, "say", "x", NULL);
	world_expect(&w, "room 0 !3: SAID carol #lobby \"x\"\n");
	world_later(&w, 599000);
	world_run(&w, bob, "say", "x", NULL);
	world_expect(&w, "room 0 !2: SAID bob #lobby \"x\"\n");
}
END_TEST

START_TEST(a_mute_is_ended)
{
	world_run(&w, ann, "mute", "bob", NULL);
	outbox_clear(&w.out);
	world_later(&w, 86400000);
	world_run(&w, bob, "say", "x", NULL);
	world_expect(&w, "to 2: E_MUTED\n");
	world_run(&w, ann, "mute", "bob", "0", NULL);
	world_expect(&w,
		"to 2: UNMUTED ann\n"
		"to 1: YOU_UNMUTED bob\n"
		"log 1: OPERATED ann account ann \"mute bob 0\"\n");
	world_run(&w, bob, "say", "x", NULL);
	world_expect(&w, "room 0 !2: SAID bob #lobby \"x\"\n");
}
END_TEST

/* Under another name, and when they come back by a code. */
START_TEST(a_mute_follows_the_person)
{
	char code[16] = "";

	world_run(&w, bob, "nick", "rob", NULL);
	world_read_code(&w, code);
	world_run(&w, ann, "mute", "rob", "10m", NULL);
	world_run(&w, bob, "nick", "robin", NULL);
	world_leave(&w, bob, NULL);
	bob = world_enter(&w, 9, 0, "lobby");
	outbox_clear(&w.out);
	world_run(&w, bob, "say", "free", NULL);
	ck_assert_int_eq(w.out.posts[w.out.n_posts - 1].msg->type, CHAT_SAID);
	outbox_clear(&w.out);
	world_run(&w, bob, "resume", code, NULL);
	outbox_clear(&w.out);
	world_run(&w, bob, "say", "x", NULL);
	world_expect(&w, "to 9: E_MUTED limit=600000\n");
}
END_TEST

/* Whoever logs in to a muted account is muted, without a code too. */
START_TEST(a_mute_follows_the_account)
{
	const struct chat_identity account = {.account = "rob"};
	const struct chat_identity alike = {.account = "r0b"};

	identify(bob, &account);
	world_run(&w, ann, "mute", "bob", "10m", NULL);
	world_later(&w, 1000);
	world_leave(&w, bob, NULL);
	bob = world_person(&w, 9, 0, "bobby");
	identify(carol, &alike);
	world_run(&w, carol, "say", "x", NULL);
	world_expect(&w, "room 0 !3: SAID carol #lobby \"x\"\n");
	identify(bob, &account);
	world_run(&w, bob, "say", "x", NULL);
	world_expect(&w, "to 9: E_MUTED limit=599000\n");
	world_run(&w, ann, "mute", "bobby", "0", NULL);
	outbox_clear(&w.out);
	identify(bob, &account);
	world_run(&w, bob, "say", "x", NULL);
	world_expect(&w, "room 0 !9: SAID bobby #lobby \"x\"\n");
}
END_TEST

/* It may have several connections, under several names. */
START_TEST(a_mute_is_for_all_of_an_account)
{
	const struct chat_identity is = {.account = "bob"};

	identify(bob, &is);
	identify(carol, &is);
	world_run(&w, ann, "mute", "bob", NULL);
	outbox_clear(&w.out);
	world_run(&w, carol, "say", "x", NULL);
	world_expect(&w, "to 3: E_MUTED\n");
	world_run(&w, ann, "mute", "carol", "0", NULL);
	outbox_clear(&w.out);
	world_run(&w, bob, "say", "x", NULL);
	world_expect(&w, "room 0 !2: SAID bob #lobby \"x\"\n");
}
END_TEST

START_TEST(the_muted_leave_without_a_word)
{
	world_run(&w, ann, "mute", "bob", NULL);
	outbox_clear(&w.out);
	world_run(&w, bob, "quit", "one more thing", NULL);
	world_expect(&w, "close 2: BYE\n");
	world_run(&w, carol, "quit", "good night", NULL);
	world_expect(&w, "close 3: BYE \"good night\"\n");
}
END_TEST

START_TEST(nobody_bans_its_own_account)
{
	world_run(&w, ann, "nick", "zoe", NULL);
	outbox_clear(&w.out);
	world_run(&w, ann, "ban", "Ann", NULL);
	world_expect(&w, "to 1: E_BAN_SELF \"Ann\"\n");
}
END_TEST

/* Also not by the name of its Unix user. */
START_TEST(a_banned_name_says_nothing)
{
	struct chat_remark remark = {
		.nick = "zork", .text = "hi", .is_user = true};

	world_run(&w, ann, "ban", "zork", NULL);
	outbox_clear(&w.out);
	hub_say_as(w.hub, &remark, &w.now, &w.out);
	world_expect(&w, "");
	ck_assert_uint_eq(remark.id, 0);
	ck_assert_int_eq(remark.error, CHAT_E_NICK_BANNED);
}
END_TEST

START_TEST(muted_accounts_are_bounded)
{
	char name[16];

	for (int i = 0; i <= MUTES_MAX; i++) {
		snprintf(name, sizeof name, "a%d", i);
		identify(bob, &(struct chat_identity){.account = name});
		world_run(&w, ann, "mute", "bob", "10m", NULL);
		outbox_clear(&w.out);
	}
	world_leave(&w, bob, NULL);
	bob = world_person(&w, 9, 0, "bobby");
	identify(bob, &(struct chat_identity){.account = "a0"});
	world_run(&w, bob, "say", "x", NULL);
	world_expect(&w, "room 0 !9: SAID bobby #lobby \"x\"\n");
	identify(bob, &(struct chat_identity){.account = "a1"});
	world_run(&w, bob, "say", "x", NULL);
	world_expect(&w, "to 9: E_MUTED limit=600000\n");
}
END_TEST

START_TEST(a_locked_room_takes_operators)
{
	world_run(&w, bob, "join", "ops", NULL);
	world_run(&w, ann, "lock", "ops", NULL);
	outbox_clear(&w.out);
	world_run(&w, carol, "join", "ops", NULL);
	world_expect(&w, "to 3: E_ROOM_LOCKED #ops\n");
	world_run(&w, ann, "join", "ops", NULL);
	outbox_clear(&w.out);
	world_run(&w, bob, "say", "still here", NULL);
	world_expect(&w, "room 1 !2: SAID bob #ops \"still here\"\n");
	world_run(&w, ann, "lock", "ops", "off", NULL);
	world_expect(&w,
		"to 1: YOU_LOCKED ann #ops\n"
		"room 1 !1: LOCKED ann #ops\n"
		"log 1: OPERATED ann account ann \"lock ops off\"\n");
	world_run(&w, carol, "join", "ops", NULL);
	ck_assert_int_eq(w.out.posts[0].kind, CHAT_POST_UNSEAT);
	outbox_clear(&w.out);
}
END_TEST

/* What operators say of a room holds until something else is configured. */
START_TEST(a_lock_gives_way_to_the_configuration)
{
	static char vault[] = "vault";
	struct room_settings rooms[] = {{.name = vault, .locked = true}};

	w.settings.rooms = rooms;
	w.settings.n_rooms = 1;
	world_configure(&w);
	empower_ann();
	world_run(&w, ann, "lock", "vault", "off", NULL);
	world_configure(&w);
	outbox_clear(&w.out);
	world_run(&w, carol, "join", "vault", NULL);
	ck_assert_int_ne(w.out.posts[0].msg->type, CHAT_E_ROOM_LOCKED);
	world_run(&w, carol, "part", NULL);
	rooms[0].locked = false;
	w.settings.n_rooms = 0;
	world_configure(&w);
	rooms[0].locked = true;
	w.settings.n_rooms = 1;
	world_configure(&w);
	outbox_clear(&w.out);
	world_run(&w, carol, "join", "vault", NULL);
	world_expect(&w, "to 3: E_ROOM_LOCKED #vault\n");
	w.settings.n_rooms = 0;
	world_configure(&w);
}
END_TEST

/* The name, what looks like it, and the account. */
START_TEST(a_banned_name_is_not_to_be_had)
{
	char code[16] = "";

	identify(carol, &(struct chat_identity){.account = "b0b"});
	world_run(&w, bob, "nick", "B0b", NULL);
	world_read_code(&w, code);
	outbox_clear(&w.out);
	world_run(&w, ann, "ban", "b0b", "10m", "no", NULL);
	world_read(&w);
	ck_assert_ptr_nonnull(strstr(
		w.text.data, "close 2: BANNED \"no\" n=1700000600000\n"));
	ck_assert_ptr_nonnull(strstr(
		w.text.data, "close 3: BANNED \"no\" n=1700000600000\n"));
	world_leave(&w, bob, NULL);
	bob = world_enter(&w, 9, 0, "lobby");
	outbox_clear(&w.out);
	world_run(&w, bob, "resume", code, NULL);
	world_expect(&w, "to 9: E_CODE_UNKNOWN limit=600000\n");
	world_run(&w, bob, "nick", "BOB", NULL);
	world_expect(&w, "to 9: E_NICK_BANNED b0b \"BOB\"\n");
	world_later(&w, 600000);
	world_run(&w, bob, "nick", "bob", NULL);
	ck_assert_int_eq(w.out.posts[0].msg->type, CHAT_YOU_RENAMED);
	outbox_clear(&w.out);
	ck_assert_uint_eq(bans_count(hub_bans(w.hub), w.now.wall_ms), 0);
	ck_assert_uint_eq(hub_bans(w.hub)->by_key.n, 0);
}
END_TEST

/* Nor by who has left and would come back. */
START_TEST(a_code_does_not_outlive_the_ban)
{
	static const char *const bans[] = {"r0b", "Robert"};
	char code[16] = "";

	identify(bob, &(struct chat_identity){.account = "robert"});
	world_run(&w, bob, "nick", "rob", NULL);
	world_read_code(&w, code);
	world_leave(&w, bob, NULL);
	world_run(&w, ann, "ban", bans[_i], NULL);
	bob = world_enter(&w, 9, 0, "lobby");
	outbox_clear(&w.out);
	world_run(&w, bob, "resume", code, NULL);
	world_expect(&w, "to 9: E_CODE_UNKNOWN limit=600000\n");
}
END_TEST

/* The old connection is yet to be closed when the name is banned. */
START_TEST(who_waits_for_a_code_is_told)
{
	struct member *claimer;
	char code[16] = "";

	world_run(&w, bob, "nick", "rob", NULL);
	world_read_code(&w, code);
	claimer = world_enter(&w, 9, 0, "lobby");
	world_run(&w, claimer, "resume", code, NULL);
	outbox_clear(&w.out);
	world_run(&w, ann, "ban", "rob", NULL);
	ck_assert_ptr_nonnull(
		strstr(world_read(&w), "to 9: E_CODE_UNKNOWN limit=600000\n"));
	world_leave(&w, bob, NULL);
	bob = claimer;
	outbox_clear(&w.out);
}
END_TEST

/* As after a restart, of which codes and bans are kept apart. */
START_TEST(an_old_code_of_a_banned_one)
{
	static const char *const lines[] = {
		"r0b\t1\t0\tx\t\n", "Robert\t1\t0\tx\t\n", "bert\t1\t0\tx\t\n"};
	char code[16] = "";

	identify(bob, &(struct chat_identity){.account = "robert"});
	world_run(&w, bob, "nick", "rob", NULL);
	world_read_code(&w, code);
	world_leave(&w, bob, NULL);
	ck_assert_int_eq(hub_load_bans(w.hub, lines[_i], strlen(lines[_i]),
				 &w.now, NULL),
		0);
	bob = world_enter(&w, 9, 0, "lobby");
	outbox_clear(&w.out);
	world_run(&w, bob, "resume", code, NULL);
	ck_assert_int_eq(w.out.posts[0].msg &&
			w.out.posts[0].msg->type == CHAT_E_CODE_UNKNOWN,
		_i < 2);
	outbox_clear(&w.out);
}
END_TEST

/* What is said to be a duration is no reason. */
START_TEST(a_ban_by_name_guesses_nothing)
{
	struct chat_call call = {
		.args = {"zork", "ten minutes", "spam"},
		.n_args = 3,
		.by_name = true,
	};
	const struct chat_verb *others[2];

	call.verb = chat_verb_find("ban", others);
	hub_run(w.hub, ann, &call, &w.now, &w.out);
	world_expect(&w, "to 1: E_NOT_DURATION \"ten minutes\"\n");
	call.args[1] = "";
	hub_run(w.hub, ann, &call, &w.now, &w.out);
	world_expect(&w,
		"to 1: YOU_BANNED \"zork\"\n"
		"log 1: OPERATED ann account ann \"ban zork\"\n");
}
END_TEST

START_TEST(bans_are_listed_and_end)
{
	world_run(&w, ann, "ban", "198.51.100.0/24", "1h", "spam", NULL);
	world_later(&w, 1000);
	world_run(&w, ann, "ban", "zork", NULL);
	outbox_clear(&w.out);
	world_run(&w, ann, "bans", NULL);
	world_expect(&w,
		"to 1: BANS n=2 ["
		"BAN_ITEM account ann 198.51.100.0/24 \"spam\""
		" n=1700003600000 limit=1700000000000, "
		"BAN_ITEM account ann zork limit=1700000001000]\n");
	world_run(&w, ann, "unban", "198.51.100.7", NULL);
	world_expect(
		&w, "to 1: E_NOT_BANNED 198.51.100.0/24 \"198.51.100.7\"\n");
	world_run(&w, ann, "unban", "Z0RK", NULL);
	world_expect(&w,
		"to 1: YOU_UNBANNED \"zork\"\n"
		"log 1: OPERATED ann account ann \"unban zork\"\n");
	world_later(&w, 3599000);
	world_run(&w, ann, "bans", NULL);
	world_expect(&w, "to 1: BANS\n");
}
END_TEST

START_TEST(bans_are_bounded)
{
	char what[32];

	for (int i = 0; i < 100; i++) {
		snprintf(what, sizeof what, "198.51.100.%d", i);
		world_run(&w, ann, "ban", what, NULL);
		outbox_clear(&w.out);
	}
	world_run(&w, ann, "ban", "zork", NULL);
	world_expect(&w, "to 1: E_BANS_FULL limit=100\n");
	world_run(&w, ann, "bans", NULL);
	ck_assert_uint_eq(w.out.posts[0].msg->n, 100);
	ck_assert_uint_eq(w.out.posts[0].msg->n_items, 50);
	ck_assert_str_eq(w.out.posts[0].msg->items[49]->nick2, "198.51.100.99");
	outbox_clear(&w.out);
}
END_TEST

/* Whoever runs the server has the same verbs, and no place in a room. */
START_TEST(a_door_for_who_is_no_member)
{
	const struct chat_verb *others[2];
	struct chat_call call = {.args = {"bob", "no"}, .n_args = 2};
	struct chat_operation operation = {
		.call = &call, .nick = "root", .known_as = "root by sockctl"};
	static const char *const verbs[] = {"kick", "mute", "lock", "ban"};
	static const enum chat_type answers[] = {CHAT_YOU_KICKED,
		CHAT_E_NOT_DURATION, CHAT_E_NO_SUCH_ROOM, CHAT_YOU_BANNED};

	for (size_t i = 0; i < 4; i++) {
		call.verb = chat_verb_find(verbs[i], others);
		hub_operate(w.hub, &operation, &w.now, &w.out);
		ck_assert_int_eq(operation.answer->type, answers[i]);
		chat_msg_unref(operation.answer);
	}
	world_expect(
		&w, "close 2: KICKED \"root: no\"\nclose 2: BANNED \"no\"\n");
	ck_assert_str_eq(
		TAILQ_FIRST(&hub_bans(w.hub)->list)->by, "root by sockctl");
	call.n_args = 0;
	hub_operate(w.hub, &operation, &w.now, &w.out);
	ck_assert_int_eq(operation.answer->type, CHAT_E_MISSING_ARGUMENT);
	chat_msg_unref(operation.answer);
}
END_TEST

int main(void)
{
	int n = (int)(sizeof deeds / sizeof deeds[0]);
	Suite *s = suite_create("operators");
	TCase *tc = tcase_create("operators");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, does_what_it_is_told, 0, n);
	tcase_add_loop_test(tc, is_for_operators_only, 0, n);
	tcase_add_test(tc, help_is_for_those_who_may);
	tcase_add_test(tc, the_muted_are_silent);
	tcase_add_test(tc, a_mute_is_ended);
	tcase_add_test(tc, a_mute_follows_the_person);
	tcase_add_test(tc, a_mute_follows_the_account);
	tcase_add_test(tc, a_mute_is_for_all_of_an_account);
	tcase_add_test(tc, the_muted_leave_without_a_word);
	tcase_add_test(tc, nobody_bans_its_own_account);
	tcase_add_test(tc, a_banned_name_says_nothing);
	tcase_add_test(tc, muted_accounts_are_bounded);
	tcase_add_test(tc, a_locked_room_takes_operators);
	tcase_add_test(tc, a_lock_gives_way_to_the_configuration);
	tcase_add_test(tc, a_banned_name_is_not_to_be_had);
	tcase_add_loop_test(tc, a_code_does_not_outlive_the_ban, 0, 2);
	tcase_add_test(tc, who_waits_for_a_code_is_told);
	tcase_add_loop_test(tc, an_old_code_of_a_banned_one, 0, 3);
	tcase_add_test(tc, a_ban_by_name_guesses_nothing);
	tcase_add_test(tc, bans_are_listed_and_end);
	tcase_add_test(tc, bans_are_bounded);
	tcase_add_test(tc, a_door_for_who_is_no_member);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
