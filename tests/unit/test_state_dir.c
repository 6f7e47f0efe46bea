/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/state_dir.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char top[] = "/tmp/sockd-test-XXXXXX";
static char path[sizeof(top) + 32];

static void setup(void)
{
	strcpy(top + sizeof(top) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	snprintf(path, sizeof(path), "%s/state", top);
}

static void teardown(void)
{
	char command[sizeof(top) + 16];

	snprintf(command, sizeof(command), "rm -rf %s", top);
	ck_assert_int_eq(system(command), 0);
}

static struct state_dir *must_open(void)
{
	struct state_dir *dir = NULL;
	struct errmsg msg = {""};

	ck_assert_msg(state_dir_open(&dir, path, &msg) == 0, "%s", msg.text);
	return dir;
}

static void expect_refusal(int err, const char *words)
{
	struct state_dir *dir;
	struct errmsg msg = {""};

	ck_assert_int_eq(state_dir_open(&dir, path, &msg), err);
	ck_assert_str_eq(msg.text, words);
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(stat(name, &st), 0);
	return st.st_mode & 07777;
}

START_TEST(it_is_made_with_all_above_it)
{
	struct state_dir *dir;
	char above[sizeof(path)], wanted[sizeof(path) + 8], *file;

	umask(022);
	snprintf(above, sizeof(above), "%s/a/b", top);
	snprintf(path, sizeof(path), "%s/c", above);
	dir = must_open();
	ck_assert_uint_eq(mode_of(above), 0755);
	ck_assert_uint_eq(mode_of(path), 0700);
	file = state_dir_file(dir, "name");
	snprintf(wanted, sizeof(wanted), "%s/name", path);
	ck_assert_str_eq(file, wanted);
	free(file);
	state_dir_close(dir);
	state_dir_close(must_open());
	state_dir_close(NULL);
}
END_TEST

START_TEST(what_it_cannot_be_is_said)
{
	char words[200];
	int fd;

	snprintf(words, sizeof(words),
		"%s must be a directory of the user that sockd runs as, which "
		"others cannot write",
		path);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	ck_assert_int_ge(fd, 0);
	close(fd);
	expect_refusal(-EPERM, words);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(chmod(path, 0703), 0);
	expect_refusal(-EPERM, words);
	ck_assert_int_eq(chmod(path, 0770), 0);
	if (geteuid() == 0) {
		ck_assert_int_eq(chown(path, 12345, (gid_t)-1), 0);
		expect_refusal(-EPERM, words);
		ck_assert_int_eq(chown(path, 0, (gid_t)-1), 0);
	}
	state_dir_close(must_open());
	strcat(path, "/lock/x");
	snprintf(words, sizeof(words), "cannot make %s: Not a directory", path);
	expect_refusal(-ENOTDIR, words);
}
END_TEST

/* Another process has it, and is named, for as long as it runs. */
START_TEST(one_process_has_it)
{
	struct state_dir *dir;
	int up[2], down[2], status;
	char words[200], c = 0;
	pid_t pid;

	ck_assert_int_eq(pipe(up) | pipe(down), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		(void)must_open();
		(void)!write(up[1], "x", 1);
		close(down[1]);
		_exit((int)read(down[0], &c, 1));
	}
	ck_assert_int_eq(read(up[0], &c, 1), 1);
	snprintf(words, sizeof(words),
		"%s is used by another sockd (process %d)", path, (int)pid);
	expect_refusal(-EBUSY, words);
	close(down[0]);
	close(down[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	dir = must_open();
	state_dir_close(dir);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("state_dir");
	TCase *tc = tcase_create("state_dir");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, it_is_made_with_all_above_it);
	tcase_add_test(tc, what_it_cannot_be_is_said);
	tcase_add_test(tc, one_process_has_it);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
