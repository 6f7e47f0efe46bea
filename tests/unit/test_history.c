/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat/history.h"
#include "chat/msg.h"
#include "chat/rooms.h"
#include "chat/settings.h"

static const struct history_bounds wide = {1000, 1 << 20};
static const uint8_t seed[16] = "0123456789abcde";

static struct chat_msg *line(uint64_t id, size_t len)
{
	char text[1024] = "";

	memset(text, 'x', len);
	return chat_msg_new(&(struct chat_msg_spec){
		.type = CHAT_SAID, .id = id, .text = text});
}

static void append(struct history *h, uint64_t id, size_t len,
	const struct history_bounds *bounds)
{
	struct chat_msg *msg = line(id, len);

	ck_assert_int_eq(history_append(h, msg, bounds), 0);
	chat_msg_unref(msg);
}

/* "3 4 5": the ids of the last n before `before`. */
static const char *ids(const struct history *h, uint64_t before, size_t n)
{
	static char text[4096];
	struct chat_msg *msgs[1000];
	size_t len = 0;

	text[0] = '\0';
	n = history_read(h, before, n, msgs);
	for (size_t i = 0; i < n; i++) {
		len += (size_t)snprintf(text + len, sizeof text - len,
			i > 0 ? " %d" : "%d", (int)msgs[i]->id);
		chat_msg_unref(msgs[i]);
	}
	return text;
}

START_TEST(reads_pages)
{
	struct history h = {0};

	ck_assert_str_eq(ids(&h, 0, 5), "");
	for (uint64_t id = 10; id <= 100; id += 10)
		append(&h, id, 5, &wide);
	ck_assert_str_eq(ids(&h, 0, 3), "80 90 100");
	ck_assert_str_eq(ids(&h, 80, 3), "50 60 70");
	ck_assert_str_eq(ids(&h, 81, 3), "60 70 80");
	ck_assert_str_eq(ids(&h, 30, 5), "10 20");
	ck_assert_str_eq(ids(&h, 10, 5), "");
	ck_assert_str_eq(ids(&h, 0, 0), "");
	ck_assert_str_eq(ids(&h, 1000, 1), "100");
	history_fini(&h);
}
END_TEST

START_TEST(bounded_in_lines)
{
	const struct history_bounds three = {3, 1 << 20}, none = {0, 1 << 20};
	struct history h = {0};

	for (uint64_t id = 1; id <= 100; id++) {
		append(&h, id, 5, &three);
		ck_assert_uint_le(h.n, 3);
	}
	ck_assert_str_eq(ids(&h, 0, 10), "98 99 100");
	ck_assert_uint_le(h.size, 8);
	history_shrink(&h, &none);
	ck_assert_uint_eq(h.bytes, 0);
	append(&h, 101, 5, &none);
	ck_assert_str_eq(ids(&h, 0, 10), "");
	history_fini(&h);
}
END_TEST

START_TEST(bounded_in_bytes)
{
	struct chat_msg *msg = line(1, 100);
	struct history_bounds bounds = {1000, 3 * msg->bytes};
	struct history h = {0};

	chat_msg_unref(msg);
	for (uint64_t id = 1; id <= 20; id++)
		append(&h, id, 100, &bounds);
	ck_assert_str_eq(ids(&h, 0, 10), "18 19 20");
	ck_assert_uint_eq(h.bytes, bounds.bytes);
	append(&h, 21, 101, &bounds);
	ck_assert_str_eq(ids(&h, 0, 10), "20 21");
	append(&h, 22, 1000, &bounds); /* alone too large */
	ck_assert_str_eq(ids(&h, 0, 10), "");
	ck_assert_uint_eq(h.bytes, 0);
	history_fini(&h);
}
END_TEST

START_TEST(grows_around_the_end)
{
	const struct history_bounds eight = {8, 1 << 20};
	struct history h = {0};

	for (uint64_t id = 1; id <= 13; id++)
		append(&h, id, 5, &eight);
	ck_assert_uint_eq(h.size, 8);
	for (uint64_t id = 14; id <= 20; id++)
		append(&h, id, 5, &wide);
	ck_assert_str_eq(
		ids(&h, 0, 100), "6 7 8 9 10 11 12 13 14 15 16 17 18 19 20");
	history_fini(&h);
}
END_TEST

static void record(struct rooms *rooms, struct room *room, uint64_t id,
	const struct chat_settings *settings)
{
	struct chat_msg *msg = line(id, 100);

	rooms_record(rooms, room, msg, settings);
	chat_msg_unref(msg);
}

/* Over the sum of all rooms the noisy one pays, not the quiet one. */
START_TEST(bounded_in_total)
{
	struct chat_msg *msg = line(1, 100);
	struct chat_settings settings = {
		.history = 1000,
		.history_bytes = 1 << 20,
		.history_total = 20 * msg->bytes,
	};
	struct room *quiet, *noisy;
	struct rooms rooms;

	ck_assert_int_eq(rooms_init(&rooms, 1, seed), 0);
	ck_assert_int_eq(rooms_open(&rooms, "quiet", 9, 0, &quiet), 0);
	ck_assert_int_eq(rooms_open(&rooms, "noisy", 9, 0, &noisy), 0);
	for (uint64_t id = 1; id <= 5; id++)
		record(&rooms, quiet, id, &settings);
	for (uint64_t id = 6; id <= 200; id++) {
		record(&rooms, noisy, id, &settings);
		ck_assert_uint_le(rooms.history_bytes, settings.history_total);
		ck_assert_uint_eq(rooms.history_bytes,
			quiet->history.bytes + noisy->history.bytes);
	}
	ck_assert_str_eq(ids(&quiet->history, 0, 9), "1 2 3 4 5");
	ck_assert_str_eq(ids(&noisy->history, 0, 2), "199 200");
	ck_assert_uint_ge(noisy->history.n, 12);
	settings.history_total = 4 * msg->bytes;
	rooms_shrink(&rooms, &settings);
	ck_assert_uint_le(rooms.history_bytes, settings.history_total);
	rooms_close(&rooms, noisy);
	ck_assert_uint_eq(rooms.history_bytes, quiet->history.bytes);
	rooms_fini(&rooms);
	ck_assert_uint_eq(rooms.history_bytes, 0);
	chat_msg_unref(msg);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("history");
	TCase *tc = tcase_create("history");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, reads_pages);
	tcase_add_test(tc, bounded_in_lines);
	tcase_add_test(tc, bounded_in_bytes);
	tcase_add_test(tc, grows_around_the_end);
	tcase_add_test(tc, bounded_in_total);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
