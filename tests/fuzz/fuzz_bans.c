/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The body of the file of bans: read whole or refused whole, and what was read
 * is written as it was, but for those that are over. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/errmsg.h"
#include "chat/bans.h"

#define NOW INT64_C(1700000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_written(const struct bans *bans, const char *data, size_t len)
{
	struct ban_list list;
	struct strbuf out = {0};

	if (bans_copy(bans, &list))
		return;
	bans_encode(&list, &out);
	assert(out.failed || out.len == len);
	assert(out.failed || memcmp(out.data, data, len) == 0);
	strbuf_fini(&out);
	ban_list_fini(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t seed[16] = "0123456789abcde";
	const char *text = (const char *)data;
	struct errmsg msg = {""};
	struct bans bans;

	if (bans_init(&bans, seed))
		return 0;
	/* at the beginning of time none is over */
	if (bans_decode(&bans, text, len, 0, &msg) == 0) {
		if (len > 0)
			check_written(&bans, text, len);
		bans_forget(&bans, NOW);
		assert(bans_count(&bans, NOW) == bans.by_key.n);
	} else {
		assert(msg.text[0] && TAILQ_EMPTY(&bans.list));
	}
	bans_fini(&bans);
	return 0;
}
