/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files of a configuration, read whole into memory.
 *
 * A file is read once, so what is checked is what is parsed; it must be a
 * regular file of at most 1 MiB. What it includes is read by the same rules,
 * relative to the directory of the file that names it, and scanned in place.
 * A file that includes itself, however far round, is found by device and inode.
 *
 * Any thread; blocks on the disk.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "config_private.h"

#define FILE_MAX      (1 << 20) /* one file */
#define TEXT_MAX      (4 << 20) /* a file and all it includes */
#define INCLUDE_DEPTH 10

void config_text_fini(struct config_text *text)
{
	strbuf_fini(&text->data);
	free(text->lines);
	*text = (struct config_text){0};
}

static const char *check_file(const struct stat *st)
{
	if (S_ISDIR(st->st_mode))
		return "it is a directory";
	if (!S_ISREG(st->st_mode))
		return "it is not a regular file";
	return NULL;
}

static const char *read_all(int fd, struct strbuf *data)
{
	ssize_t n;

	do {
		if (strbuf_reserve(data, 65536) < 0)
			return strerror(ENOMEM);
		n = read(fd, data->data + data->len, 65535);
		if (n < 0 && errno != EINTR)
			return strerror(errno);
		if (n > 0)
			data->len += (size_t)n;
		if (data->len > FILE_MAX)
			return "it is larger than 1 MiB";
	} while (n != 0);
	strbuf_add(data, "", 0);
	return NULL;
}

/* O_NONBLOCK: a fifo must not hold a reload for ever. */
const char *config_text_load(
	const char *file, struct strbuf *data, struct stat *st)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	const char *why;

	if (fd < 0)
		return strerror(errno);
	if (fstat(fd, st) < 0)
		why = strerror(errno);
	else
		why = check_file(st);
	if (!why)
		why = read_all(fd, data);
	close(fd);
	return why;
}

static unsigned count_lines(const char *p, const char *end)
{
	unsigned n = 1;

	for (; p < end; p++)
		n += *p == '\n';
	return n;
}

/* Scans what was read; parent is the file that includes it, or NULL. */
static int scan_data(struct config_scan *scan, const struct strbuf *data,
	const struct stat *st)
{
	const char *bytes = data->data ? data->data : "";
	const char *nul = memchr(bytes, '\0', data->len);

	scan->line = 1;
	scan->p = scan->line_start = bytes;
	scan->end = bytes + data->len;
	scan->dev = st->st_dev;
	scan->ino = st->st_ino;
	if (nul) {
		config_errors_add(scan->errors, scan->file,
			count_lines(bytes, nul),
			"a NUL byte: this is not a text file");
		return EX_CONFIG;
	}
	if (data->len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
		scan->p += 3;
	if (st->st_mode & S_IWOTH)
		config_errors_warn(scan->errors, scan->file, 0,
			"anybody may write to this file; chmod o-w mends it");
	return config_scan_run(scan);
}

static const char *intern(struct strlist *names, const char *file)
{
	for (size_t i = 0; i < names->n_items; i++)
		if (strcmp(names->items[i], file) == 0)
			return names->items[i];
	if (strlist_add(names, file) < 0)
		return NULL;
	return names->items[names->n_items - 1];
}

int config_text_read(struct config_text *text, const char *file,
	struct strlist *names, struct config_errors *errors)
{
	struct config_grammar grammar = {.expect = EXPECT_NAME};
	struct config_scan scan = {
		.text = text,
		.errors = errors,
		.names = names,
		.grammar = &grammar,
		.file = intern(names, file),
	};
	struct strbuf data = {0};
	struct stat st = {0};
	const char *why;
	int r;

	if (!scan.file) {
		config_errors_oom(errors);
		return EX_CONFIG;
	}
	why = config_text_load(file, &data, &st);
	if (why) {
		config_errors_add(errors, file, 0, "cannot be read: %s", why);
		r = EX_NOINPUT;
	} else {
		r = scan_data(&scan, &data, &st);
	}
	if (text->data.failed) {
		config_errors_oom(errors);
		r = EX_CONFIG;
	}
	strbuf_fini(&data);
	return r;
}

char *config_text_join(const char *from, const char *path)
{
	const char *slash = strrchr(from, '/');
	struct strbuf sb = {0};

	if (path[0] != '/' && slash)
		strbuf_add(&sb, from, (size_t)(slash + 1 - from));
	strbuf_adds(&sb, path);
	return strbuf_take(&sb);
}

static const char *check_chain(
	const struct config_scan *parent, const struct stat *st)
{
	int depth = 0;

	for (; parent; parent = parent->parent) {
		if (parent->dev == st->st_dev && parent->ino == st->st_ino)
			return "it includes itself";
		if (++depth > INCLUDE_DEPTH)
			return "too many files include one another";
	}
	return NULL;
}

static int include_file(struct config_scan *parent, const char *path,
	const char *file, struct strbuf *data)
{
	struct config_scan scan = *parent;
	struct stat st = {0};
	const char *why = config_text_load(file, data, &st);

	if (!why)
		why = check_chain(parent, &st);
	if (!why && parent->text->data.len + data->len > TEXT_MAX)
		why = "all files together are larger than 4 MiB";
	if (why) {
		config_errors_add(parent->errors, parent->file, parent->line,
			"@include \"%s\": %s: %s", path, file, why);
		return EX_CONFIG;
	}
	scan.parent = parent;
	scan.is_latin = false;
	scan.file = intern(parent->names, file);
	if (!scan.file) {
		config_errors_oom(parent->errors);
		return EX_CONFIG;
	}
	strbuf_addc(&parent->text->data, '\n');
	return scan_data(&scan, data, &st);
}

int config_text_include(struct config_scan *scan, const char *path)
{
	char *file = config_text_join(scan->file, path);
	struct strbuf data = {0};
	int r;

	if (!file) {
		config_errors_oom(scan->errors);
		return EX_CONFIG;
	}
	r = include_file(scan, path, file, &data);
	strbuf_fini(&data);
	free(file);
	return r;
}
