/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files that hold what outlives the daemon. A head and a body:
 *
 *	 0  16  "sockd NAME\n", filled up with NUL
 *	16   4  version
 *	20   4  0
 *	24   8  length of the body
 *	32   8  checksum of the 32 bytes above and of the body
 *
 * in numbers with the lowest byte first. The checksum is a hash with a fixed
 * key: it finds what disks and hands do to a file by accident.
 *
 * A write goes to PATH.new, which is renamed when it is on the disk, so PATH
 * is the old file or the new one whenever the process or the machine ends. A
 * PATH.new that is found was never finished: the next write replaces it.
 *
 * Any thread; blocks.
 */
#include "base/state_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/le.h"
#include "base/siphash.h"

#define MAGIC    "sockd "
#define NAME_LEN 16
#define SUMMED   32 /* bytes of the head that the checksum covers */

static const uint8_t sum_key[SIPHASH_SEED_LEN] = "sockd state file";

/* The head. */

static uint64_t checksum(const uint8_t *head, const void *body, size_t len)
{
	uint64_t of_head = siphash13(sum_key, head, SUMMED);
	uint8_t key[SIPHASH_SEED_LEN];

	le_put(key, of_head, 8);
	le_put(key + 8, ~of_head, 8);
	return siphash13(key, body, len);
}

static void put_name(uint8_t *head, const struct state_kind *kind)
{
	size_t len = strlen(kind->name);

	assert(len >= 1 && len <= STATE_KIND_MAX);
	memset(head, 0, NAME_LEN);
	snprintf((char *)head, NAME_LEN, MAGIC "%s\n", kind->name);
}

bool state_file_is_bad(int err)
{
	return err == -EBADMSG || err == -EPROTONOSUPPORT || err == -EFBIG ||
		err == -EINVAL;
}

int state_file_put_aside(const char *path, struct strbuf *ret_name)
{
	char now[CLOCK_ISO_LEN];

	strbuf_addf(ret_name, "%s.refused-%s", path,
		clock_format_iso(now, clock_wall_ms()));
	if (ret_name->failed)
		return -ENOMEM;
	return rename(path, ret_name->data) ? -errno : 0;
}

void state_file_put_head(uint8_t head[STATE_HEAD_LEN],
	const struct state_kind *kind, const void *body, size_t len)
{
	put_name(head, kind);
	le_put(head + 16, kind->version, 4);
	le_put(head + 20, 0, 4);
	le_put(head + 24, len, 8);
	le_put(head + 32, checksum(head, body, len), 8);
}

/* The first n bytes of a file against the name that they begin with. */
static int check_name(const struct state_kind *kind, const uint8_t *head,
	size_t n, struct errmsg *msg)
{
	size_t magic_len = strlen(MAGIC);
	uint8_t name[NAME_LEN];

	put_name(name, kind);
	if (n == 0)
		return errmsg_set(msg, EBADMSG, "it is empty");
	if (memcmp(head, MAGIC, n < magic_len ? n : magic_len) != 0)
		return errmsg_set(
			msg, EBADMSG, "it is no file that sockd has written");
	if (memcmp(head, name, n < NAME_LEN ? n : NAME_LEN) != 0)
		return errmsg_set(msg, EBADMSG,
			"it is a file of sockd, but not for \"%s\"",
			kind->name);
	return 0;
}

static int check_length(uint64_t len, uint64_t file_len, struct errmsg *msg)
{
	uint64_t there = file_len - STATE_HEAD_LEN;

	if (there < len)
		return errmsg_set(msg, EBADMSG,
			"it is cut off: %" PRIu64 " of %" PRIu64
			" bytes are there",
			file_len, len + STATE_HEAD_LEN);
	if (there > len)
		return errmsg_set(msg, EBADMSG,
			"it is longer than it says: %" PRIu64
			" bytes instead of %" PRIu64,
			file_len, len + STATE_HEAD_LEN);
	return 0;
}

/* The head, or as much of it as a file of file_len bytes has. */
static int check_head(const struct state_kind *kind, const uint8_t *head,
	uint64_t file_len, struct errmsg *msg)
{
	bool is_whole = file_len >= STATE_HEAD_LEN;
	size_t n = is_whole ? STATE_HEAD_LEN : (size_t)file_len;
	int err = check_name(kind, head, n, msg);

	if (err)
		return err;
	if (!is_whole)
		return errmsg_set(msg, EBADMSG,
			"it is cut off: %" PRIu64 " bytes are there, its head "
			"alone has %d",
			file_len, STATE_HEAD_LEN);
	if (le_get(head + 16, 4) != kind->version)
		return errmsg_set(msg, EPROTONOSUPPORT,
			"it has version %" PRIu64 ", this sockd reads %" PRIu32,
			le_get(head + 16, 4), kind->version);
	if (file_len - STATE_HEAD_LEN > kind->max_len)
		return errmsg_set(msg, EFBIG,
			"it is too large: %" PRIu64 " bytes, %" PRIu64
			" at most are read",
			file_len, kind->max_len + STATE_HEAD_LEN);
	return check_length(le_get(head + 24, 8), file_len, msg);
}

static int check_sum(
	const uint8_t *head, const void *body, size_t len, struct errmsg *msg)
{
	if (le_get(head + 32, 8) == checksum(head, body, len) &&
		le_get(head + 20, 4) == 0)
		return 0;
	return errmsg_set(msg, EBADMSG,
		"it is damaged: its checksum is not that of what it holds");
}

int state_file_parse(const struct state_kind *kind, const void *data,
	size_t len, struct slice *ret, struct errmsg *msg)
{
	const uint8_t *head = data;
	int err = check_head(kind, head, len, msg);

	if (err)
		return err;
	*ret = (struct slice){
		.data = (const char *)head + STATE_HEAD_LEN,
		.len = len - STATE_HEAD_LEN,
	};
	return check_sum(head, ret->data, ret->len, msg);
}

/* Reading. */

/* Up to n bytes; returns how many there were, or -errno. */
static ssize_t read_all(int fd, void *to, size_t n)
{
	size_t got = 0;
	ssize_t r;

	while (got < n) {
		r = read(fd, (char *)to + got, n - got);
		if (r == 0)
			break;
		if (r > 0)
			got += (size_t)r;
		else if (errno != EINTR)
			return -errno;
	}
	return (ssize_t)got;
}

static int cannot(struct errmsg *msg, const char *what, int err)
{
	return errmsg_set(msg, err, "cannot %s it: %s", what, strerror(err));
}

static int read_body(
	int fd, const uint8_t *head, struct strbuf *ret, struct errmsg *msg)
{
	size_t len = (size_t)le_get(head + 24, 8);
	ssize_t n;

	if (strbuf_reserve(ret, len + 1))
		return cannot(msg, "read", ENOMEM);
	n = read_all(fd, ret->data, len);
	if (n < 0)
		return cannot(msg, "read", (int)-n);
	if ((size_t)n < len)
		return errmsg_set(
			msg, EBADMSG, "it was cut off while it was read");
	ret->len = len;
	ret->data[len] = '\0';
	return check_sum(head, ret->data, len, msg);
}

static int read_fd(int fd, const struct state_kind *kind, struct strbuf *ret,
	struct errmsg *msg)
{
	uint8_t head[STATE_HEAD_LEN];
	struct stat st;
	ssize_t n;
	int err;

	if (fstat(fd, &st))
		return cannot(msg, "read", errno);
	if (!S_ISREG(st.st_mode))
		return errmsg_set(msg, EINVAL, "it is not a regular file");
	n = read_all(fd, head, sizeof(head));
	if (n < 0)
		return cannot(msg, "read", (int)-n);
	/* so many are there, whatever its size is said to be */
	if ((size_t)n < sizeof(head))
		st.st_size = n;
	err = check_head(kind, head, (uint64_t)st.st_size, msg);
	return err ? err : read_body(fd, head, ret, msg);
}

int state_file_read(const char *path, const struct state_kind *kind,
	struct strbuf *ret, struct errmsg *msg)
{
	int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = open(path, flags), err;

	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd >= 0) {
		err = read_fd(fd, kind, ret, msg);
		close(fd);
	} else if (errno == ELOOP || errno == ENXIO) {
		err = errmsg_set(msg, EINVAL, "it is not a regular file");
	} else {
		err = cannot(msg, "open", errno);
	}
	if (err) {
		strbuf_fini(ret);
		errmsg_prefix(msg, "%s", path);
	}
	return err;
}

/* Writing. */

/* A file that is being written. */
struct draft {
	int dir;          /* owned */
	const char *name; /* borrowed: of the file, in dir */
	char *fresh;      /* owned: of the one beside it */
	int fd;           /* owned; -1: none */
};

static void draft_fini(struct draft *d)
{
	if (d->fd >= 0)
		close(d->fd);
	if (d->dir >= 0)
		close(d->dir);
	free(d->fresh);
}

static int draft_init(struct draft *d, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct strbuf text = {0};
	char *dir;
	int err;

	*d = (struct draft){.name = slash ? slash + 1 : path, .fd = -1};
	strbuf_addf(&text, "%s.new", d->name);
	d->fresh = strbuf_take(&text);
	dir = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	d->dir = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	err = !d->fresh || !dir ? -ENOMEM : d->dir < 0 ? -errno : 0;
	free(dir);
	return err;
}

static int draft_open(struct draft *d)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;

	(void)unlinkat(d->dir, d->fresh, 0);
	d->fd = openat(d->dir, d->fresh, flags, 0600);
	return d->fd < 0 ? -errno : 0;
}

static int write_all(int fd, const void *data, size_t len)
{
	const char *from = data;
	ssize_t n;

	while (len > 0) {
		n = write(fd, from, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		from += n;
		len -= (size_t)n;
	}
	return 0;
}

static int sync_fd(int fd)
{
	int r;

	do
		r = fsync(fd);
	while (r && errno == EINTR);
	return r ? -errno : 0;
}

/* Some file systems tell only here that the disk is full. */
static int draft_close(struct draft *d)
{
	int r = close(d->fd);

	d->fd = -1;
	return r && errno != EINTR ? -errno : 0;
}

/* 0, or -errno and nothing is left of it. */
static int draft_fill(
	struct draft *d, const uint8_t *head, const void *body, size_t len)
{
	int err = draft_open(d);

	if (err)
		return err;
	err = write_all(d->fd, head, STATE_HEAD_LEN);
	if (!err)
		err = write_all(d->fd, body, len);
	if (!err)
		err = sync_fd(d->fd);
	if (!err)
		err = draft_close(d);
	if (!err && renameat(d->dir, d->fresh, d->dir, d->name))
		err = -errno;
	if (err)
		(void)unlinkat(d->dir, d->fresh, 0);
	return err;
}

/* Where directories cannot be synced they need not be. */
static int draft_sync_dir(const struct draft *d)
{
	int err = sync_fd(d->dir);

	return err == -EINVAL ? 0 : err;
}

int state_file_write(const char *path, const struct state_kind *kind,
	const void *body, size_t len, struct errmsg *msg)
{
	uint8_t head[STATE_HEAD_LEN];
	struct draft d;
	int err;

	if (len > kind->max_len)
		return errmsg_set(msg, EFBIG,
			"%s: it would be too large: %zu bytes, %" PRIu64
			" at most would be read",
			path, len, kind->max_len);
	state_file_put_head(head, kind, body, len);
	err = draft_init(&d, path);
	if (!err)
		err = draft_fill(&d, head, body, len);
	if (!err)
		err = draft_sync_dir(&d);
	draft_fini(&d);
	if (err)
		return errmsg_set(
			msg, -err, "cannot write %s: %s", path, strerror(-err));
	return 0;
}

void state_file_tidy(const char *path)
{
	struct draft d;

	if (draft_init(&d, path) == 0)
		(void)unlinkat(d.dir, d.fresh, 0);
	draft_fini(&d);
}
