/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as the input of `post`, once whole and once cut in two at the place
 * that the first byte chooses.
 *
 *   - Both ways the same is said and answered.
 *   - What is said is safe text, and something.
 *   - Each remark has one answer, a line that begins with "ok" or "error".
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "proto/post_lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINE_MAX 40

struct run {
	struct framer_line framer;
	struct post_lines lines;
	struct strbuf said, answers;
	size_t n_remarks;
};

/* Stands in for the hub. */
static void take(struct run *run)
{
	for (size_t i = 0; i < run->lines.n; i++) {
		struct chat_remark *remark = &run->lines.remarks[i];

		run->n_remarks++;
		if (remark->error) {
			assert(remark->error == CHAT_E_LINE_TOO_LONG);
			assert(remark->n > remark->limit);
			continue;
		}
		assert(remark->text[0] != '\0');
		assert(utf8_is_safe(remark->text, strlen(remark->text)));
		remark->id = run->n_remarks;
		strbuf_adds(&run->said, remark->text);
		strbuf_addc(&run->said, '\n');
	}
	post_lines_answer(&run->lines, &run->answers);
	post_lines_clear(&run->lines);
}

/* In memory of its own size, so that a sanitizer sees who looks past it. What
 * is left over is returned. */
static size_t feed(struct run *run, const char *bytes, size_t len, bool is_end)
{
	char *exact = malloc(len > 0 ? len : 1);
	struct slice data = {exact, len};
	enum post_lines_end end;

	assert(exact);
	memcpy(exact, bytes, len);
	do {
		end = post_lines_read(&run->lines, &run->framer, &data, is_end);
		assert(run->lines.n == POST_LINES_MAX ||
			end != POST_LINES_FULL);
		take(run);
	} while (end == POST_LINES_FULL);
	free(exact);
	assert(!is_end || end == POST_LINES_ENDLESS || data.len == 0);
	return data.len;
}

static void check_answers(const struct run *run)
{
	const char *line = run->answers.data;

	for (size_t i = 0; i < run->n_remarks; i++) {
		assert(strncmp(line, "ok ", 3) == 0 ||
			strncmp(line, "error: ", 7) == 0);
		line = strchr(line, '\n') + 1;
	}
	assert(run->n_remarks == 0 || *line == '\0');
}

static void check_equal(const struct strbuf *a, const struct strbuf *b)
{
	assert(!a->failed && !b->failed && a->len == b->len);
	assert(a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static void run_fini(struct run *run)
{
	post_lines_fini(&run->lines);
	strbuf_fini(&run->said);
	strbuf_fini(&run->answers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data + 1;
	struct run whole = {.n_remarks = 0}, pieces = {.n_remarks = 0};
	size_t cut, left;

	if (size < 1)
		return 0;
	size--;
	cut = size ? data[0] % size : 0;
	framer_line_init(&whole.framer, LINE_MAX);
	framer_line_init(&pieces.framer, LINE_MAX);
	feed(&whole, bytes, size, true);
	left = feed(&pieces, bytes, cut, false);
	feed(&pieces, bytes + cut - left, size - cut + left, true);
	check_answers(&whole);
	check_equal(&whole.said, &pieces.said);
	check_equal(&whole.answers, &pieces.answers);
	run_fini(&whole);
	run_fini(&pieces);
	return 0;
}
