/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Long lines on a terminal. The last column is what takes most room: a finding,
 * a help, an origin. It goes on under itself:
 *
 *	file             line  kind   finding
 *	/etc/sockd.conf     2  error  chat.resume: "5 minutes" is not a
 *	                              duration; write a whole number
 *
 * A row that a wide cell has pushed, or whose last column would get too little
 * room, goes on a few columns further in. A word is never broken: what is to be
 * copied stays in one piece. Widths are counted in code points. Pure but for
 * fold_columns().
 */
#include "sockctl_fold.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/str.h"

#define INDENT   4  /* of what cannot stand under its column */
#define ROOM_MIN 24 /* for a last column, to be gone on with under itself */
#define TINY     (3 * INDENT) /* no terminal to make lines for */

size_t fold_columns(int fd)
{
	struct winsize size;

	if (!isatty(fd) || ioctl(fd, TIOCGWINSZ, &size))
		return 0;
	return size.ws_col;
}

/* The bytes of the first `columns` characters. */
static size_t bytes_of(const char *text, size_t len, size_t columns)
{
	size_t i = 0;

	for (; i < len; i++)
		if (((unsigned char)text[i] & 0xC0) != 0x80 && columns-- == 0)
			break;
	return i;
}

static size_t width_of(const char *text, size_t len)
{
	size_t width = 0;

	for (size_t i = 0; i < len; i++)
		width += ((unsigned char)text[i] & 0xC0) != 0x80;
	return width;
}

/* Behind the last gap of two blanks or more; 0: there is none. */
static size_t last_column(const char *line, size_t len)
{
	for (size_t i = len; i > 2; i--)
		if (line[i - 1] == ' ' && line[i - 2] == ' ')
			return width_of(line, i);
	return 0;
}

/* The byte at which the last column begins; 0: not where the others do, or
 * there is too little room. */
static size_t column_start(const struct fold *f, const char *line, size_t len)
{
	size_t at = bytes_of(line, len, f->hang);

	if (f->hang + ROOM_MIN > f->columns || at < 2 || at == len)
		return 0;
	return line[at - 2] == ' ' && line[at - 1] == ' ' && line[at] != ' '
		? at
		: 0;
}

/* How much of the text stands in a line of so many columns: up to a blank, but
 * all of its first word, which begins at `from` or later. */
static size_t piece_of(
	const char *text, size_t len, size_t from, size_t columns)
{
	size_t end = bytes_of(text, len, columns);

	if (end == len)
		return len;
	while (from < len && text[from] == ' ')
		from++;
	for (size_t i = end; i > from; i--)
		if (text[i] == ' ' && text[i - 1] != ' ')
			return i;
	for (end = from; end < len && text[end] != ' ';)
		end++;
	return end;
}

static void add_blanks(struct strbuf *out, size_t n)
{
	while (n-- > 0)
		strbuf_addc(out, ' ');
}

static void add_folded(
	const struct fold *f, const char *line, size_t len, struct strbuf *out)
{
	size_t from = column_start(f, line, len);
	size_t indent = from ? f->hang : INDENT;
	size_t n = piece_of(line, len, from, f->columns);

	for (;;) {
		strbuf_add(out, line, n);
		strbuf_addc(out, '\n');
		while (n < len && line[n] == ' ')
			n++;
		line += n;
		len -= n;
		if (!len)
			break;
		add_blanks(out, indent);
		n = piece_of(line, len, 0, f->columns - indent);
	}
}

void fold_line(struct fold *f, const char *line, size_t len, struct strbuf *out)
{
	if (f->columns < TINY || f->cuts || !len) {
		if (f->columns && f->cuts)
			len = bytes_of(line, len, f->columns);
		f->is_inside = false;
		strbuf_add(out, line, len);
		strbuf_addc(out, '\n');
		return;
	}
	if (!f->is_inside)
		f->hang = last_column(line, len);
	f->is_inside = true;
	add_folded(f, line, len, out);
}
