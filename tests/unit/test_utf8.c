/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

static const struct {
	const char *in, *out;
	size_t in_len; /* 0: up to the NUL */
} safe_cases[] = {
	{"", ""}, {"hello, world", "hello, world"},
	{"tab\tstays", "tab\tstays"},
	{"h\xC3\xA9llo \xF0\x9F\x8D\xB5", "h\xC3\xA9llo \xF0\x9F\x8D\xB5"},
	{"\x1B]0;x\x07", "\xE2\x90\x9B]0;x\xE2\x90\x87"},
	{"a\nb\rc",
		"a\xE2\x90\x8A"
		"b\xE2\x90\x8D"
		"c"},
	{"a\0b",
		"a\xE2\x90\x80"
		"b",
		3},
	{"\x7F", "\xE2\x90\xA1"}, {"eight ok\x7F", "eight ok\xE2\x90\xA1"},
	{"seven..\x1F", "seven..\xE2\x90\x9F"},
	{"\xC2\x80\xC2\x9F", "<U+0080><U+009F>"}, {"\xC2\xA0", "\xC2\xA0"},
	{"\xD8\x9C", "<U+061C>"},
	{"\xE2\x80\x8D", "\xE2\x80\x8D"}, /* joiner: emoji need it */
	{"\xE2\x80\x8E\xE2\x80\x8F", "<U+200E><U+200F>"},
	{"\xE2\x80\xA8\xE2\x80\xA9", "<U+2028><U+2029>"},
	{"\xE2\x80\xAA\xE2\x80\xAE", "<U+202A><U+202E>"},
	{"\xE2\x81\xA6\xE2\x81\xA9", "<U+2066><U+2069>"},
	{"\xFF", "\xEF\xBF\xBD"},
	{"\xC0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD"}, /* overlong */
	{"\xE0\x80\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
	{"\xED\xA0\x80",
		"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"}, /* surrogate */
	{"\xF4\x90\x80\x80",
		"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
	{"a\xE2\x82", "a\xEF\xBF\xBD\xEF\xBF\xBD"}, /* cut short */
};

START_TEST(makes_safe)
{
	const char *in = safe_cases[_i].in, *out = safe_cases[_i].out;
	size_t len = safe_cases[_i].in_len;
	bool is_unchanged = strcmp(in, out) == 0;
	struct strbuf got = {0};

	if (len == 0)
		len = strlen(in);
	utf8_make_safe(&got, in, len);
	ck_assert_str_eq(got.data ? got.data : "", out);
	ck_assert_int_eq(utf8_is_safe(in, len), is_unchanged);
	ck_assert_int_eq(utf8_is_valid(in, len),
		!strstr(out, "\xEF\xBF\xBD") || strstr(in, "\xEF\xBF\xBD"));
	strbuf_fini(&got);
}
END_TEST

/* Decodes without help of the code under test. */
static bool is_acceptable(const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < len;) {
		unsigned c = p[i],
			 n = c < 0x80 ? 1
			: c < 0xE0    ? 2
			: c < 0xF0    ? 3
				      : 4;
		uint32_t cp = n == 1 ? c : c & (0x7Fu >> n);

		if (i + n > len || (c >= 0x80 && c < 0xC2) || c > 0xF4)
			return false;
		for (unsigned k = 1; k < n; k++) {
			if ((p[i + k] & 0xC0) != 0x80)
				return false;
			cp = cp << 6 | (p[i + k] & 0x3F);
		}
		if ((n == 3 && cp < 0x800) || (n == 4 && cp < 0x10000) ||
			(cp >= 0xD800 && cp < 0xE000) || cp > 0x10FFFF)
			return false;
		if ((cp < 0x20 && cp != '\t') || (cp >= 0x7F && cp < 0xA0) ||
			(cp >= 0x2028 && cp <= 0x202E) ||
			(cp >= 0x2066 && cp <= 0x2069) || cp == 0x61C ||
			cp == 0x200E || cp == 0x200F)
			return false;
		i += n;
	}
	return true;
}

/* Bytes of which many are near a boundary. */
static unsigned char random_byte(void)
{
	static const unsigned char likely[] = {0x00, 0x1B, 0x7F, 0x80, 0x8E,
		0xA8, 0xBF, 0xC2, 0xD8, 0xE0, 0xE2, 0xED, 0xF0, 0xF4, 0xFF};

	if (rand() % 2)
		return (unsigned char)(rand() >> 4);
	if (rand() % 2)
		return (unsigned char)(' ' + rand() % 95);
	return likely[(size_t)rand() % sizeof likely];
}

static bool is_same(const struct strbuf *a, const struct strbuf *b)
{
	return a->len == b->len &&
		(a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

/* What is wrong with the way these bytes are made safe; NULL: nothing. */
static const char *fault(const unsigned char *in, size_t len)
{
	static struct strbuf once, twice;

	strbuf_clear(&once);
	strbuf_clear(&twice);
	utf8_make_safe(&once, (const char *)in, len);
	utf8_make_safe(&twice, once.data, once.len);
	if (!is_acceptable((unsigned char *)once.data, once.len))
		return "the output is not safe";
	if (!utf8_is_safe(once.data, once.len))
		return "the output is not called safe";
	if (utf8_is_safe((const char *)in, len) != is_acceptable(in, len))
		return "the input is called what it is not";
	return is_same(&once, &twice) ? NULL : "not idempotent";
}

START_TEST(any_bytes_become_safe)
{
	unsigned char in[64];
	const char *wrong;

	srand(20);
	for (int round = 0; round < 200000; round++) {
		size_t len = (size_t)rand() % sizeof in;

		for (size_t i = 0; i < len; i++)
			in[i] = random_byte();
		/* an assertion a round would take most of the time */
		wrong = fault(in, len);
		if (wrong)
			ck_abort_msg("round %d: %s", round, wrong);
	}
}
END_TEST

START_TEST(counts_characters)
{
	ck_assert_uint_eq(utf8_length("", 0), 0);
	ck_assert_uint_eq(utf8_length("abc", 3), 3);
	ck_assert_uint_eq(utf8_length("h\xC3\xA9\xF0\x9F\x8D\xB5", 7), 3);
}
END_TEST

static const struct {
	const char *text;
	size_t max;
	const char *cut;
} cuts[] = {
	{"", 0, ""},
	{"", 3, ""},
	{"abc", 3, "abc"},
	{"abc", 2, "ab..."},
	{"abc", 0, "..."},
	{"h\xC3\xA9\xF0\x9F\x8D\xB5", 3, "h\xC3\xA9\xF0\x9F\x8D\xB5"},
	{"h\xC3\xA9\xF0\x9F\x8D\xB5", 2, "h\xC3\xA9..."},
	{"\x07\xFFz", 2, "\xE2\x90\x87\xEF\xBF\xBD..."},
};

START_TEST(cuts_between_characters)
{
	struct strbuf out = {0};

	strbuf_adds(&out, "");
	utf8_make_safe_cut(&out, cuts[_i].text, cuts[_i].max);
	ck_assert_str_eq(out.data, cuts[_i].cut);
	strbuf_fini(&out);
}
END_TEST

START_TEST(fits_in_whole_characters)
{
	static const char text[] = "a\xC3\xA9\xF0\x9F\x8D\xB5z";
	static const size_t fits[] = {0, 1, 1, 3, 3, 3, 3, 7, 8, 8};

	for (size_t max = 0; max < sizeof(fits) / sizeof(fits[0]); max++)
		ck_assert_uint_eq(
			utf8_fit(text, sizeof(text) - 1, max), fits[max]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("utf8");
	TCase *tc = tcase_create("utf8");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(
		tc, makes_safe, 0, sizeof safe_cases / sizeof safe_cases[0]);
	tcase_add_test(tc, any_bytes_become_safe);
	tcase_add_test(tc, counts_characters);
	tcase_add_test(tc, fits_in_whole_characters);
	tcase_add_loop_test(
		tc, cuts_between_characters, 0, sizeof(cuts) / sizeof(*cuts));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
