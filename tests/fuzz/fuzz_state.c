/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a file of state.
 *
 *   - They are refused, with words, or are byte for byte what a write of the
 *     body makes.
 *   - As the body of a file they are read again; without its last byte, with
 *     one more, or with one that is not what it was, the file is refused.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/state_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct state_kind kind = {"fuzz", 1, 1 << 20};

static int parse(const uint8_t *data, size_t len, struct slice *ret)
{
	struct errmsg msg = {""};
	int err = state_file_parse(&kind, data, len, ret, &msg);

	assert(!err || memcmp(msg.text, "it ", 3) == 0);
	return err;
}

static void check_raw(const uint8_t *data, size_t size)
{
	uint8_t head[STATE_HEAD_LEN];
	struct slice body;

	if (parse(data, size, &body))
		return;
	assert(body.len == size - STATE_HEAD_LEN);
	state_file_put_head(head, &kind, body.data, body.len);
	assert(memcmp(head, data, STATE_HEAD_LEN) == 0);
}

static void check_body(const uint8_t *data, size_t size)
{
	size_t len = STATE_HEAD_LEN + size, at;
	uint8_t *file = malloc(len + 1);
	struct slice body;

	assert(file);
	memset(file, 0, len + 1);
	memcpy(file + STATE_HEAD_LEN, data, size);
	state_file_put_head(file, &kind, data, size);
	assert(parse(file, len, &body) == 0);
	assert(body.len == size && memcmp(body.data, data, size) == 0);
	assert(parse(file, len - 1, &body));
	assert(parse(file, len + 1, &body));
	at = size ? (data[0] * 257u + size) % len : 0;
	file[at] ^= (uint8_t)(1u << (size & 7));
	assert(parse(file, len, &body));
	free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_raw(data, size);
	if (size <= kind.max_len)
		check_body(data, size);
	return 0;
}
