/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/state_file.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct state_kind kind = {"test", 3, 1000};
static const char body[] = "what is to be kept";
#define BODY_LEN (sizeof(body) - 1)
#define FILE_LEN (STATE_HEAD_LEN + BODY_LEN)

static char dir[] = "/tmp/sockd-test-XXXXXX";
static char path[sizeof(dir) + 16];

static void setup(void)
{
	strcpy(dir + sizeof(dir) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/file", dir);
}

static size_t list(char *ret, size_t size)
{
	DIR *open_dir = opendir(dir);
	struct dirent *entry;
	size_t n = 0;

	ck_assert_ptr_nonnull(open_dir);
	ret[0] = '\0';
	while ((entry = readdir(open_dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		n++;
		strncat(ret, entry->d_name, size - strlen(ret) - 1);
	}
	closedir(open_dir);
	return n;
}

static void teardown(void)
{
	char command[sizeof(dir) + 16];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static void put(const char *text, size_t len)
{
	struct errmsg msg = {""};

	ck_assert_msg(state_file_write(path, &kind, text, len, &msg) == 0, "%s",
		msg.text);
}

/* Puts any bytes where the file is. */
static void put_raw(const void *data, size_t len)
{
	FILE *file = fopen(path, "wb");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(data, 1, len, file), len);
	ck_assert_int_eq(fclose(file), 0);
}

static void expect(const char *text, size_t len)
{
	struct errmsg msg = {""};
	struct strbuf got = {0};

	ck_assert_msg(
		state_file_read(path, &kind, &got, &msg) == 0, "%s", msg.text);
	ck_assert_uint_eq(got.len, len);
	ck_assert_mem_eq(got.data, text, len);
	strbuf_fini(&got);
}

/* It is refused with these words behind the path. */
static void expect_refusal(const char *words)
{
	struct errmsg msg = {""};
	struct strbuf got = {0};
	char wanted[200];

	snprintf(wanted, sizeof(wanted), "%s: %s", path, words);
	ck_assert_int_lt(state_file_read(path, &kind, &got, &msg), 0);
	ck_assert_str_eq(msg.text, wanted);
	ck_assert_ptr_null(got.data);
}

START_TEST(what_is_written_is_read)
{
	char names[100];
	struct stat st;

	put(body, BODY_LEN);
	expect(body, BODY_LEN);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
	ck_assert_int_eq(st.st_size, FILE_LEN);
	put("", 0);
	expect("", 0);
	put("longer than it was before", 25);
	expect("longer than it was before", 25);
	ck_assert_uint_eq(list(names, sizeof(names)), 1);
}
END_TEST

START_TEST(a_name_alone_is_in_this_directory)
{
	struct strbuf got = {0};
	struct errmsg msg;

	ck_assert_int_eq(chdir(dir), 0);
	ck_assert_int_eq(state_file_write("file", &kind, "x", 1, &msg), 0);
	ck_assert_int_eq(state_file_read("file", &kind, &got, &msg), 0);
	ck_assert_str_eq(got.data, "x");
	ck_assert_int_eq(chdir("/"), 0);
	expect("x", 1);
	strbuf_fini(&got);
}
END_TEST

START_TEST(none_is_no_fault)
{
	struct strbuf got = {0};
	struct errmsg msg = {"untouched"};

	ck_assert_int_eq(state_file_read(path, &kind, &got, &msg), -ENOENT);
	ck_assert_str_eq(msg.text, "untouched");
}
END_TEST

/* A file with that body, as bytes. */
static void make(uint8_t file[FILE_LEN], const struct state_kind *of)
{
	state_file_put_head(file, of, body, BODY_LEN);
	memcpy(file + STATE_HEAD_LEN, body, BODY_LEN);
}

START_TEST(each_truncation_is_refused)
{
	uint8_t file[FILE_LEN];
	char words[100];

	make(file, &kind);
	put_raw(file, 0);
	expect_refusal("it is empty");
	for (size_t len = 1; len < FILE_LEN; len++) {
		put_raw(file, len);
		if (len < STATE_HEAD_LEN)
			snprintf(words, sizeof(words),
				"it is cut off: %zu bytes are there, its head "
				"alone has 40",
				len);
		else
			snprintf(words, sizeof(words),
				"it is cut off: %zu of %zu bytes are there",
				len, FILE_LEN);
		expect_refusal(words);
	}
	put_raw(file, FILE_LEN);
	expect(body, BODY_LEN);
}
END_TEST

START_TEST(each_flip_is_refused)
{
	struct slice got;
	struct errmsg msg;
	uint8_t file[FILE_LEN];

	for (size_t i = 0; i < FILE_LEN; i++)
		for (unsigned mask = 1; mask < 256; mask++) {
			make(file, &kind);
			file[i] ^= (uint8_t)mask;
			msg.text[0] = '\0';
			ck_assert_int_lt(state_file_parse(&kind, file, FILE_LEN,
						 &got, &msg),
				0);
			ck_assert_mem_eq(msg.text, "it ", 3);
		}
}
END_TEST

START_TEST(faults_have_words_of_their_own)
{
	static const struct state_kind other = {"tent", 3, 1000},
				       newer = {"test", 4, 1000};
	uint8_t file[FILE_LEN + 1] = {0};

	put_raw("#!/bin/sh\n", 10);
	expect_refusal("it is no file that sockd has written");
	make(file, &other);
	put_raw(file, FILE_LEN);
	expect_refusal("it is a file of sockd, but not for \"test\"");
	make(file, &newer);
	put_raw(file, FILE_LEN);
	expect_refusal("it has version 4, this sockd reads 3");
	make(file, &kind);
	put_raw(file, FILE_LEN + 1);
	expect_refusal("it is longer than it says: 59 bytes instead of 58");
	file[STATE_HEAD_LEN] ^= 1;
	put_raw(file, FILE_LEN);
	expect_refusal("it is damaged: its checksum is not that of what it "
		       "holds");
}
END_TEST

START_TEST(only_regular_files_are_read)
{
	ck_assert_int_eq(mkdir(path, 0700), 0);
	expect_refusal("it is not a regular file");
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	expect_refusal("it is not a regular file");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink("/dev/zero", path), 0);
	expect_refusal("it is not a regular file");
	ck_assert_int_eq(unlink(path), 0);
	put_raw("x", 1);
	strcat(path, "/x");
	expect_refusal("cannot open it: Not a directory");
}
END_TEST

START_TEST(the_size_is_bounded_both_ways)
{
	static const struct state_kind small = {"test", 3, BODY_LEN - 1};
	struct strbuf got = {0};
	struct errmsg msg;

	put(body, BODY_LEN);
	ck_assert_int_eq(state_file_read(path, &small, &got, &msg), -EFBIG);
	ck_assert_ptr_nonnull(strstr(
		msg.text, ": it is too large: 58 bytes, 57 at most are read"));
	ck_assert_int_eq(
		state_file_write(path, &small, body, BODY_LEN, &msg), -EFBIG);
	ck_assert_ptr_nonnull(strstr(msg.text,
		": it would be too large: 18 bytes, 17 at most would be "
		"read"));
	expect(body, BODY_LEN);
}
END_TEST

/* A limit of the size of files is as a full disk: each byte that fails. */
START_TEST(a_full_disk_leaves_the_old_file)
{
	struct rlimit old, full;
	struct errmsg msg;
	char names[100], wanted[100];

	put("old", 3);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	snprintf(wanted, sizeof(wanted), "cannot write %s: File too large",
		path);
	for (rlim_t n = 0; n < FILE_LEN; n++) {
		full = (struct rlimit){n, old.rlim_max};
		setrlimit(RLIMIT_FSIZE, &full);
		ck_assert_int_eq(
			state_file_write(path, &kind, body, BODY_LEN, &msg),
			-EFBIG);
		setrlimit(RLIMIT_FSIZE, &old);
		ck_assert_str_eq(msg.text, wanted);
		expect("old", 3);
		ck_assert_uint_eq(list(names, sizeof(names)), 1);
	}
	put(body, BODY_LEN);
	expect(body, BODY_LEN);
}
END_TEST

START_TEST(a_place_that_is_missing_is_named)
{
	struct errmsg msg;
	char wanted[100];

	snprintf(path, sizeof(path), "%s/no/file", dir);
	snprintf(wanted, sizeof(wanted),
		"cannot write %s: No such file or directory", path);
	ck_assert_int_eq(state_file_write(path, &kind, "x", 1, &msg), -ENOENT);
	ck_assert_str_eq(msg.text, wanted);
}
END_TEST

/* What a write that was killed leaves: it is no hindrance, whoever owns it,
 * and a link there does not lead elsewhere. */
START_TEST(leftovers_go)
{
	char fresh[sizeof(path) + 4], names[100];

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	put("old", 3);
	ck_assert_int_eq(symlink(path, fresh), 0);
	put("new", 3);
	expect("new", 3);
	ck_assert_uint_eq(list(names, sizeof(names)), 1);
	ck_assert_int_eq(symlink(path, fresh), 0);
	state_file_tidy(path);
	ck_assert_uint_eq(list(names, sizeof(names)), 1);
	state_file_tidy(path);
	expect("new", 3);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("state_file");
	TCase *tc = tcase_create("state_file");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_is_written_is_read);
	tcase_add_test(tc, a_name_alone_is_in_this_directory);
	tcase_add_test(tc, none_is_no_fault);
	tcase_add_test(tc, each_truncation_is_refused);
	tcase_add_test(tc, each_flip_is_refused);
	tcase_add_test(tc, faults_have_words_of_their_own);
	tcase_add_test(tc, only_regular_files_are_read);
	tcase_add_test(tc, the_size_is_bounded_both_ways);
	tcase_add_test(tc, a_full_disk_leaves_the_old_file);
	tcase_add_test(tc, a_place_that_is_missing_is_named);
	tcase_add_test(tc, leftovers_go);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
