/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What programs are told of who somebody is. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "chat/msg.h"
#include "proto/dialect.h"

#define BOB "\"username\":\"bob\""

/* clang-format off */
static const struct {
	struct chat_msg_spec spec;
	const char *object;
} renders[] = {
	{{CHAT_WHOIS, .nick = "bob", .room = "bob", .flags = CHAT_OPERATOR},
		"{\"type\":\"whois\"," BOB ",\"account\":\"bob\",\"operator\":true,"
		"\"rooms\":[],\"here\":0,\"silent\":0,\"away\":false}"},
	{{CHAT_LOGGED_IN, .nick = "bob", .flags = CHAT_OPERATOR},
		"{\"type\":\"login\"," BOB ",\"operator\":true}"},
	{{CHAT_GAVE_WAY, .nick = "bob", .nick2 = "rob", .text = "bob"},
		"{\"type\":\"notification\",\"event\":\"nick\"," BOB
		",\"new_username\":\"rob\",\"message\":\"bob is now rob\"}"},
	{{CHAT_E_LOGIN_FIRST},
		"{\"type\":\"error\",\"code\":\"not_allowed\",\"message\":\"log in first\"}"},
	{{CHAT_E_LOGIN_BUSY},
		"{\"type\":\"error\",\"code\":\"busy\",\"message\":\"too many log in at "
		"once; try again in a moment\"}"},
	{{CHAT_E_NICK_ACCOUNT, .text = "b0b", .nick2 = "bob"},
		"{\"type\":\"error\",\"code\":\"name_taken\",\"message\":\"\\\"b0b\\\" is kept for "
		"the account bob\"}"},
	{{CHAT_E_LOGIN_TRIES, .limit = 3, .ref = "7"},
		"{\"type\":\"error\",\"code\":\"not_allowed\",\"message\":\"3 wrong passwords are "
		"the most that one connection may try\",\"ref\":7}"},
	{{CHAT_E_LOGIN_FAST},
		"{\"type\":\"error\",\"code\":\"too_fast\",\"message\":\"too many wrong passwords "
		"came from your address; try again in a minute\"}"},
};
/* clang-format on */

START_TEST(writes)
{
	struct chat_msg *msg = chat_msg_new(&renders[_i].spec);
	struct strbuf out = {0};

	dialect_find("json")->render(msg, 0, &out);
	ck_assert_int_eq(out.data[out.len - 1], '\n');
	out.data[out.len - 1] = '\0';
	ck_assert_str_eq(out.data, renders[_i].object);
	strbuf_fini(&out);
	chat_msg_unref(msg);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dialect_json_people");
	TCase *tc = tcase_create("dialect_json_people");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(
		tc, writes, 0, sizeof(renders) / sizeof(renders[0]));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
