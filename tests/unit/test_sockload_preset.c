/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Templates, and that every preset is made of good ones. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/errmsg.h"
#include "src/bin/sockload_preset.h"

static const struct template_vars vars = {
	.id = 12, .room = 345, .size = 64, .run = "abc"};

static const struct {
	const char *text, *want; /* NULL: refused */
} expansions[] = {
	{"", ""},
	{"plain\n", "plain\n"},
	{"{id}", "12"},
	{"NICK {nick}\r\n", "NICK n12abc\r\n"},
	{"{room}{room_size}", "load-abc34511"},
	{"{size} {run}", "64 abc"},
	{"{\"type\":\"{room}\"}", "{\"type\":\"load-abc345\"}"},
	{"{} { {id", "{} { {id"},
	{"{rom}", NULL},
	{"{payload}", NULL},
};

START_TEST(expand)
{
	struct strbuf sb = {0};
	struct errmsg m = {""};
	int r = template_expand(&sb, expansions[_i].text, &vars, &m);

	if (expansions[_i].want) {
		ck_assert_int_eq(r, 0);
		ck_assert_str_eq(sb.data ? sb.data : "", expansions[_i].want);
	} else {
		ck_assert_int_eq(r, -EINVAL);
		ck_assert_ptr_nonnull(strstr(m.text, "{nick}"));
	}
	strbuf_fini(&sb);
}
END_TEST

START_TEST(split)
{
	char *head, *tail;
	struct errmsg m;

	ck_assert_int_eq(template_split("a {payload} b", &head, &tail, &m), 0);
	ck_assert_str_eq(head, "a ");
	ck_assert_str_eq(tail, " b");
	free(head);
	ck_assert_int_eq(template_split("a", &head, &tail, &m), -EINVAL);
	ck_assert_int_eq(template_split("{payload}{payload}", &head, &tail, &m),
		-EINVAL);
}
END_TEST

START_TEST(unescape)
{
	char good[] = "a\\r\\n\\\\\\t", bad[] = "\\x", open[] = "a\\";
	struct errmsg m;

	ck_assert_int_eq(template_unescape(good, &m), 0);
	ck_assert_str_eq(good, "a\r\n\\\t");
	ck_assert_int_eq(template_unescape(bad, &m), -EINVAL);
	ck_assert_int_eq(template_unescape(open, &m), -EINVAL);
}
END_TEST

START_TEST(every_preset_expands)
{
	for (const struct preset *p = presets; p->name; p++) {
		const char *const texts[] = {p->login, p->welcome, p->join,
			p->ready, p->sender_login, p->sender_ready};
		struct strbuf sb = {0};
		char *head, *tail;
		struct errmsg m;
		for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
			if (texts[i])
				ck_assert_int_eq(template_expand(&sb, texts[i],
							 &vars, &m),
					0);
		ck_assert_int_eq(template_split(p->send, &head, &tail, &m), 0);
		ck_assert_int_eq(template_expand(&sb, head, &vars, &m), 0);
		ck_assert_int_eq(template_expand(&sb, tail, &vars, &m), 0);
		ck_assert_ptr_nonnull(p->summary);
		ck_assert_ptr_eq(preset_find(p->name), p);
		free(head);
		strbuf_fini(&sb);
	}
	ck_assert_ptr_null(preset_find("no such"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sockload_preset");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(
		tc, expand, 0, sizeof(expansions) / sizeof(*expansions));
	tcase_add_test(tc, split);
	tcase_add_test(tc, unescape);
	tcase_add_test(tc, every_preset_expands);
	suite_add_tcase(s, tc);
	SRunner *sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
