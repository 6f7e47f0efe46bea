/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_TESTS_CONFIG_FILES_H
#define SOCKD_TESTS_CONFIG_FILES_H

#include <check.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "app/config.h"

/* A directory of its own for each test, with the files of a configuration. */

static char files_dir[64];
static struct config_errors files_errors;

static inline void files_setup(void)
{
	strcpy(files_dir, "/tmp/sockd-config-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(files_dir));
	ck_assert_int_eq(chdir(files_dir), 0);
	unsetenv("RUNTIME_DIRECTORY");
	unsetenv("STATE_DIRECTORY");
	unsetenv("XDG_RUNTIME_DIR");
	unsetenv("XDG_STATE_HOME");
}

static int files_remove(
	const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

static inline void files_teardown(void)
{
	config_errors_fini(&files_errors);
	ck_assert_int_eq(chdir("/"), 0);
	nftw(files_dir, files_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* Writes len bytes to a file below the directory, making one level. */
static inline void files_put_bytes(
	const char *name, const char *data, size_t len)
{
	char dir[64];
	FILE *f;

	snprintf(dir, sizeof(dir), "%.*s", (int)strcspn(name, "/"), name);
	if (strchr(name, '/'))
		mkdir(dir, 0755);
	f = fopen(name, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(data, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
}

static inline void files_put(const char *name, const char *text)
{
	files_put_bytes(name, text, strlen(text));
}

/* Loads FILE with up to two -o. */
static inline int files_load_file(const char *file, struct config **ret,
	const char *first, const char *second)
{
	const char *overrides[] = {first, second};
	struct config_source src = {file, overrides, 0};

	src.n_overrides = (size_t)(first != NULL) + (second != NULL);
	config_errors_fini(&files_errors);
	*ret = NULL;
	return config_load(&src, ret, &files_errors);
}

static inline int files_load(struct config **ret, const char *override)
{
	return files_load_file("t.conf", ret, override, NULL);
}

/* All findings, a line each, in one static text. */
static inline const char *files_said(void)
{
	static struct strbuf out;

	strbuf_clear(&out);
	for (size_t i = 0; i < files_errors.n_items; i++) {
		config_error_format(&files_errors.items[i], &out);
		strbuf_addc(&out, '\n');
	}
	return out.data ? out.data : "";
}

/* Must be right; the caller frees it. */
static inline struct config *files_must_load(
	const char *first, const char *second)
{
	struct config *cfg;
	int r = files_load_file("t.conf", &cfg, first, second);

	ck_assert_msg(r == 0, "%d: %s", r, files_said());
	return cfg;
}

/* What config_dump() prints; the caller frees it. */
static inline char *files_dump(const struct config *cfg)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	ck_assert_int_eq(config_dump(cfg, f), 0);
	fclose(f);
	return text;
}

static inline void files_assert_has(const char *text, const char *line)
{
	ck_assert_msg(strstr(text, line), "no \"%s\" in\n%s", line, text);
}

/* The text, as t.conf, is refused for one fault, told as "t.conf" and what
 * begins with `says`. */
static inline void files_assert_refused(const char *text, const char *says)
{
	struct config *cfg;
	char want[400];
	int r;

	files_put("t.conf", text);
	r = files_load(&cfg, NULL);
	snprintf(want, sizeof(want), "t.conf%s", says);
	ck_assert_msg(r == EX_CONFIG, "%d\n%s\n%s", r, text, files_said());
	ck_assert_ptr_null(cfg);
	ck_assert_msg(strncmp(files_said(), want, strlen(want)) == 0,
		"want %s\ngot  %s", want, files_said());
	ck_assert_msg(files_errors.n_errors == 1, "%s", files_said());
}

#endif
