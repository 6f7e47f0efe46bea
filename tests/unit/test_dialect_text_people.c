/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the text dialect says about people, and what it leaves out or adds for
 * those who want it so. */
#include <check.h>
#include <stdlib.h>
#include <time.h>

#include "base/str.h"
#include "chat/msg.h"
#include "proto/dialect.h"

extern const struct dialect dialect_text;

static const char *rendered(const struct chat_msg_spec *spec, unsigned view)
{
	static struct strbuf out;
	struct chat_msg *msg = chat_msg_new(spec);

	strbuf_clear(&out);
	strbuf_adds(&out, "");
	dialect_text.render(msg, view, &out);
	ck_assert(!out.failed);
	chat_msg_unref(msg);
	return out.data;
}

/* clang-format off */
static const struct {
	struct chat_msg_spec spec;
	const char *line;
} renders[] = {
	{{CHAT_WELCOME_BACK, .nick = "bob", .text = "k7fd-92"},
		"*** welcome back, bob: nothing was missed. "
		"If you are cut off: /resume k7fd-92\n"},
	{{CHAT_WELCOME_BACK, .nick = "bob", .n = 1003, .text = "k7fd-92"},
		"*** welcome back, bob: 1,003 missed, all shown. "
		"If you are cut off: /resume k7fd-92\n"},
	{{CHAT_WELCOME_BACK, .nick = "bob", .n = 12, .limit = 12,
		 .text = "k7fd-92"},
		"*** welcome back, bob: 12 lost. "
		"If you are cut off: /resume k7fd-92\n"},
	{{CHAT_WELCOME_BACK, .nick = "guest-k3f9", .nick2 = "bob", .n = 15,
		 .limit = 12, .text = "k7fd-92"},
		"*** welcome back, guest-k3f9: 15 missed, 12 lost. "
		"If you are cut off: /resume k7fd-92\n"
		"*** somebody else has the name bob now; "
		"/nick NAME takes another\n"},
	{{CHAT_AWAY_NOTE, .nick = "bob"}, "*** bob is away\n"},
	{{CHAT_AWAY_NOTE, .nick = "bob", .text = "tea"},
		"*** bob is away: tea\n"},
	{{CHAT_YOU_AWAY}, "*** you are away until /back\n"},
	{{CHAT_YOU_AWAY, .text = "tea"}, "*** you are away until /back: tea\n"},
	{{CHAT_IGNORING}, "*** you ignore nobody; /ignore NICK begins to\n"},
	{{CHAT_IGNORED, .nick = "bob"},
		"*** you ignore bob from now on; /ignore bob ends it\n"},
	{{CHAT_TIME_SET}, "*** messages come without the time\n"},
	{{CHAT_TIME_SET, .n = 1},
		"*** messages come with the time; /time off ends it\n"},
	{{CHAT_E_NOT_ON_OFF, .text = "x", .nick2 = "time"},
		"*** error: \"x\" is neither on nor off; "
		"write /time on or /time off\n"},
	{{CHAT_E_CODE_UNKNOWN, .limit = 600000},
		"*** error: there is no such code: each is good once, "
		"and for 10m after one was cut off\n"},
};
/* clang-format on */

START_TEST(writes)
{
	ck_assert_str_eq(rendered(&renders[_i].spec, 0), renders[_i].line);
}
END_TEST

static struct chat_msg *item(enum chat_type type, const char *name)
{
	return chat_msg_new(&(struct chat_msg_spec){
		.type = type, .nick = name, .room = name, .text = "bob!"});
}

static struct chat_msg *away_item(const char *nick)
{
	return chat_msg_new(&(struct chat_msg_spec){
		.type = CHAT_WHO_ITEM, .flags = CHAT_AWAY, .nick = nick});
}

START_TEST(writes_about_people)
{
	struct chat_msg *rooms[] = {
		item(CHAT_ROOM_ITEM, "ops"), item(CHAT_ROOM_ITEM, "lobby")};
	struct chat_msg *nicks[] = {
		away_item("bob"), item(CHAT_WHO_ITEM, "carol")};

	ck_assert_str_eq(
		rendered(&(struct chat_msg_spec){CHAT_WHOIS, .nick = "bob",
				 .n = 7250000, .limit = 359000, .items = rooms,
				 .n_items = 2},
			0),
		"*** bob: guest, in #ops, #lobby, here 2h, silent 5m\n");
	ck_assert_str_eq(
		rendered(&(struct chat_msg_spec){CHAT_WHOIS, .flags = CHAT_AWAY,
				 .nick = "alice", .nick2 = "al", .n = 86400000,
				 .limit = 59999, .text = "\x1B tea"},
			DIALECT_CRLF),
		"*** alice: user al on this machine, in no room, here 1d, "
		"silent 59s\r\n"
		"*** alice is away: \xE2\x90\x9B tea\r\n");
	ck_assert_str_eq(
		rendered(&(struct chat_msg_spec){CHAT_WHOIS,
				 .flags = CHAT_OPERATOR, .nick = "alice",
				 .nick2 = "al", .room = "alice"},
			0),
		"*** alice: account alice, user al on this machine, operator, "
		"in no room, here 0s, silent 0s\n");
	ck_assert_str_eq(rendered(&(struct chat_msg_spec){CHAT_IGNORING, .n = 2,
					  .items = nicks, .n_items = 2},
				 0),
		"*** you ignore 2: bob (away), carol\n");
}
END_TEST

/* The bell is the last thing of a line, and only of what is asked to ring. */
START_TEST(rings)
{
	struct chat_msg *said[] = {item(CHAT_SAID, "al")};
	struct chat_msg_spec spec = {CHAT_SAID, .nick = "al", .nick2 = "bob",
		.room = "r", .text = "bob!"};

	setenv("TZ", "UTC0", 1);
	tzset();
	ck_assert_str_eq(rendered(&spec, DIALECT_BELL), "<al> bob!\a\n");
	spec.type = CHAT_ACTION;
	ck_assert_str_eq(rendered(&spec, DIALECT_BELL | DIALECT_CRLF),
		"* al bob!\a\r\n");
	spec.type = CHAT_PRIVATE;
	ck_assert_str_eq(rendered(&spec, DIALECT_BELL | DIALECT_TIME),
		"00:00 [al -> you] bob!\a\n");
	spec.type = CHAT_PRIVATE_COPY;
	ck_assert_str_eq(rendered(&spec, DIALECT_BELL), "[you -> bob] bob!\n");
	ck_assert_str_eq(
		rendered(&(struct chat_msg_spec){CHAT_REPLAY, .room = "r",
				 .items = said, .n_items = 1},
			DIALECT_BELL),
		"*** the last line:\n00:00 <al> bob!\n"
		"*** end of the last lines\n");
}
END_TEST

/* Who wants it quiet is spared what others do, not what they say. */
START_TEST(is_quiet)
{
	static const enum chat_type all[] = {CHAT_JOINED, CHAT_LEFT,
		CHAT_RENAMED, CHAT_SAID, CHAT_TOPIC_SET, CHAT_YOU_JOINED};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		struct chat_msg_spec spec = {all[i], .nick = "al",
			.nick2 = "bob", .room = "r", .text = "x"};

		ck_assert_int_eq(
			rendered(&spec, DIALECT_QUIET)[0] == '\0', i < 3);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dialect_text_people");
	TCase *tc = tcase_create("dialect_text_people");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, writes, 0, sizeof renders / sizeof renders[0]);
	tcase_add_test(tc, writes_about_people);
	tcase_add_test(tc, rings);
	tcase_add_test(tc, is_quiet);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
