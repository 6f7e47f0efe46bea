/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ctl/ctl_codec: lines to words that fit a verb, and back. */
#include "ctl/ctl_codec.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/errmsg.h"
#include "base/str.h"

static struct ctl_request req;
static struct errmsg msg;

/* What came out: "VERB|ARG|ARG;OPTION;OPTION", with "json " before it. */
static char *shown(void)
{
	struct strbuf out = {0};

	strbuf_addf(&out, "%s%s", req.is_json ? "json " : "", req.verb->words);
	for (size_t i = 0; i < req.n_args; i++)
		strbuf_addf(&out, "|%s", req.args[i]);
	for (size_t i = 0; i < req.n_options; i++)
		strbuf_addf(&out, ";%s", req.options[i]);
	return strbuf_take(&out);
}

static const struct {
	const char *line, *shown;
} good[] = {
	{"status", "status"},
	{"  status \t ", "status"},
	{"status\r", "status"},
	{"json status", "json status"},
	{"json  \"status\"", "json status"},
	{"config limits.line", "config|limits.line"},
	{"config \"a b\"", "config|a b"},
	{"config 'a \"b'", "config|a \"b"},
	{"config \"a \\\" \\\\ \\n\"", "config|a \" \\ \\n"},
	{"config li\"mits\".'line'", "config|limits.line"},
	{"config \"\"", "config|"},
	{"config a=b", "config|a=b"},
	{"config \"--wait\"", "config|--wait"},
	{"drain", "drain"},
	{"drain echo 5s", "drain|echo|5s"},
	{"reload --wait", "reload;--wait"},
	{"watch log", "watch log"},
	{"watch  log debug", "watch log|debug"},
	{"watch log service=chat debug", "watch log|debug;service=chat"},
	{"watch log service=a service=\"b c\"",
		"watch log;service=a;service=b c"},
	{"watch log \"service=a\"", "watch log|service=a"},
	{"help", "help"},
	{"help watch  \"log ", "help|watch  \"log"},
	{"config \xc3\xa4\xff", "config|\xc3\xa4\xff"},
};

START_TEST(test_good)
{
	char *got;

	ck_assert_msg(ctl_decode(&req, good[_i].line, strlen(good[_i].line),
			      &msg) == 0,
		"%s: %s", good[_i].line, msg.text);
	got = shown();
	ck_assert_str_eq(got, good[_i].shown);
	free(got);
}
END_TEST

static const struct {
	const char *line, *error;
} bad[] = {
	{"", "an empty line; help lists the verbs"},
	{" \t", "an empty line; help lists the verbs"},
	{"json", "an empty line; help lists the verbs"},
	{"statsu", "there is no verb \"statsu\"; did you mean \"status\"?"},
	{"GET / HTTP/1.1", "there is no verb \"GET\"; help lists them"},
	{"watch",
		"\"watch\" is not all of it; write \"watch events\" or "
		"\"watch log\" or \"watch room\""},
	{"watch it",
		"\"watch\" is not all of it; write \"watch events\" or "
		"\"watch log\" or \"watch room\""},
	{"status now", "there is no place for \"now\"; usage: status"},
	{"drain a b c",
		"there is no place for \"c\"; usage: drain [SERVICE] "
		"[DURATION]"},
	{"status --now", "unknown option \"--now\"; usage: status"},
	{"reload --wai", "unknown option \"--wai\"; usage: reload [--wait]"},
	{"reload --", "unknown option \"--\"; usage: reload [--wait]"},
	{"watch log room=x",
		"unknown option \"room=x\"; usage: watch log [LEVEL] "
		"[service=NAME]"},
	{"config \"a", "a quote \" is not closed"},
	{"config a 'b", "a quote ' is not closed"},
	{"config a\x01", "a control character (byte 1) is not allowed"},
	{"config \x7f", "a control character (byte 127) is not allowed"},
};

START_TEST(test_bad)
{
	ck_assert_int_lt(
		ctl_decode(&req, bad[_i].line, strlen(bad[_i].line), &msg), 0);
	ck_assert_str_eq(msg.text, bad[_i].error);
}
END_TEST

/* The prefix and then as many x as there is room for. */
static void fill(char *line, size_t size, const char *prefix)
{
	for (size_t i = 0; i < size; i++)
		line[i] = *prefix ? *prefix++ : 'x';
}

/* An answer to what is wrong has to be JSON too. */
START_TEST(test_bad_json)
{
	char line[CTL_LINE_MAX + 100];

	ck_assert_int_lt(ctl_decode(&req, "json \x01", 6, &msg), 0);
	ck_assert(req.is_json);
	fill(line, sizeof(line), "json ");
	ck_assert_int_lt(ctl_decode(&req, line, sizeof(line), &msg), 0);
	ck_assert(req.is_json);
	ck_assert_int_lt(ctl_decode(&req, "x", 1, &msg), 0);
	ck_assert(!req.is_json);
}
END_TEST

START_TEST(test_bounds)
{
	char line[CTL_LINE_MAX + 2];

	fill(line, sizeof(line), "config ");
	ck_assert_int_eq(ctl_decode(&req, line, CTL_LINE_MAX, &msg), 0);
	ck_assert_uint_eq(strlen(req.args[0]), CTL_LINE_MAX - 7);
	ck_assert_int_lt(ctl_decode(&req, line, CTL_LINE_MAX + 1, &msg), 0);
	ck_assert_str_eq(msg.text, "a request has 4096 bytes at most");
	line[CTL_LINE_MAX] = '\r';
	ck_assert_int_eq(ctl_decode(&req, line, CTL_LINE_MAX + 1, &msg), 0);
	ck_assert_int_lt(ctl_decode(&req, "config a\0b", 10, &msg), 0);
	ck_assert_str_eq(
		msg.text, "a control character (byte 0) is not allowed");
}
END_TEST

START_TEST(test_too_many_options)
{
	struct strbuf line = {0};

	strbuf_adds(&line, "watch log");
	for (int i = 0; i < CTL_OPTIONS_MAX; i++)
		strbuf_adds(&line, " service=x");
	ck_assert_int_eq(ctl_decode(&req, line.data, line.len, &msg), 0);
	strbuf_adds(&line, " service=x");
	ck_assert_int_lt(ctl_decode(&req, line.data, line.len, &msg), 0);
	ck_assert_str_eq(msg.text, "too many options");
	strbuf_fini(&line);
}
END_TEST

START_TEST(test_options)
{
	static const char line[] = "watch log service=a service=b";

	ck_assert_int_eq(ctl_decode(&req, line, strlen(line), &msg), 0);
	ck_assert_str_eq(ctl_value(&req, "service"), "b");
	ck_assert_ptr_null(ctl_value(&req, "serv"));
	ck_assert(!ctl_has_option(&req, "--wait"));
	ck_assert_int_eq(ctl_decode(&req, "reload --wait", 13, &msg), 0);
	ck_assert(ctl_has_option(&req, "--wait"));
}
END_TEST

static const struct {
	const char *words[5], *line; /* line NULL: an error */
} encoded[] = {
	{{"status"}, "status"},
	{{"watch", "log", "debug"}, "watch log debug"},
	{{"config", "a b"}, "config \"a b\""},
	{{"config", ""}, "config \"\""},
	{{"config", "a\"\\"}, "config \"a\\\"\\\\\""},
	{{"reload", "--wait"}, "reload --wait"},
	{{"watch", "log", "service=a b"}, "watch log service=\"a b\""},
	{{"help", "watch", "a  \"b"}, "help watch a  \"b"},
	{{"config", "a\nstop"}, NULL},
	{{"nonsense"}, NULL},
	{{"watch"}, NULL},
};

START_TEST(test_encode)
{
	struct strbuf out = {0};
	size_t n = 0;
	int err;

	while (encoded[_i].words[n])
		n++;
	err = ctl_encode(&out, false, encoded[_i].words, n, &msg);
	ck_assert_int_eq(err < 0, !encoded[_i].line);
	if (!err)
		ck_assert_str_eq(out.data, encoded[_i].line);
	strbuf_fini(&out);
}
END_TEST

START_TEST(test_encode_bounds)
{
	char word[CTL_LINE_MAX];
	const char *words[] = {"config", word};
	struct strbuf out = {0};

	memset(word, 'x', sizeof(word));
	word[CTL_LINE_MAX - 1 - strlen("json config ")] = '\0';
	ck_assert_int_eq(ctl_encode(&out, true, words, 2, &msg), 0);
	strbuf_clear(&out);
	word[strlen(word)] = 'x';
	word[CTL_LINE_MAX - strlen("config ")] = '\0';
	ck_assert_int_lt(ctl_encode(&out, true, words, 2, &msg), 0);
	ck_assert_int_lt(ctl_encode(&out, true, words, 0, &msg), 0);
	strbuf_fini(&out);
}
END_TEST

/* What the codec reads from them has to be there. */
START_TEST(test_table)
{
	for (size_t i = 0; i < CTL_N; i++) {
		const struct ctl_verb *verb = &ctl_verbs[i];
		struct strbuf usage = {0};

		ck_assert(verb->words[0] && verb->help[0]);
		ck_assert(i == 0 ||
			strcmp(ctl_verbs[i - 1].words, verb->words) < 0);
		ctl_add_usage(&usage, verb);
		ck_assert_int_eq(
			strncmp(usage.data, verb->words, strlen(verb->words)),
			0);
		strbuf_fini(&usage);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ctl_codec");
	TCase *tc = tcase_create("ctl_codec");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, test_good, 0, sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(tc, test_bad, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tc, test_bad_json);
	tcase_add_test(tc, test_bounds);
	tcase_add_test(tc, test_too_many_options);
	tcase_add_test(tc, test_options);
	tcase_add_loop_test(
		tc, test_encode, 0, sizeof(encoded) / sizeof(encoded[0]));
	tcase_add_test(tc, test_encode_bounds);
	tcase_add_test(tc, test_table);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
