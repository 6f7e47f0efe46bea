/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any line through the codec of the control socket.
 *
 *   - What comes out are words of the request's own, each ended, and as many as
 *     the verb takes.
 *   - An error is said in words, without control characters.
 *   - Encoded again and decoded, the same words come out; but for words that
 *     were quoted so as not to be options.
 */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/errmsg.h"
#include "base/str.h"
#include "ctl/ctl_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_word(const struct ctl_request *req, const char *word)
{
	assert(word >= req->text && word < req->text + sizeof(req->text));
	assert(memchr(word, 0, (size_t)(req->text + sizeof(req->text) - word)));
}

static void check_error(const struct errmsg *msg)
{
	assert(msg->text[0]);
	for (const char *p = msg->text; *p; p++)
		assert((unsigned char)*p >= 0x20);
}

static bool looks_like_option(const char *word)
{
	return strncmp(word, "--", 2) == 0 || strchr(word, '=');
}

static void check_again(const struct ctl_request *req)
{
	const char *words[2 + CTL_ARGS_MAX + CTL_OPTIONS_MAX];
	static struct ctl_request again;
	struct strbuf line = {0}, verb = {0};
	struct errmsg msg;
	size_t n = 0;
	char *blank;

	strbuf_adds(&verb, req->verb->words);
	blank = strchr(verb.data, ' ');
	words[n++] = verb.data;
	if (blank) {
		*blank = '\0';
		words[n++] = blank + 1;
	}
	for (size_t i = 0; i < req->n_options; i++)
		words[n++] = req->options[i];
	for (size_t i = 0; i < req->n_args; i++)
		words[n++] = req->args[i];
	/* Quotes that were left out may have made it shorter. */
	if (ctl_encode(&line, req->is_json, words, n, &msg) == 0) {
		assert(ctl_decode(&again, line.data, line.len, &msg) == 0);
		assert(again.verb == req->verb);
		assert(again.n_args == req->n_args);
		assert(again.n_options == req->n_options);
		for (size_t i = 0; i < req->n_args; i++)
			assert(!strcmp(again.args[i], req->args[i]));
		for (size_t i = 0; i < req->n_options; i++)
			assert(!strcmp(again.options[i], req->options[i]));
	}
	strbuf_fini(&line);
	strbuf_fini(&verb);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ctl_request req;
	struct errmsg msg;
	bool plain = true;

	if (ctl_decode(&req, (const char *)data, size, &msg)) {
		check_error(&msg);
		return 0;
	}
	for (size_t i = 0; i < req.n_args; i++) {
		check_word(&req, req.args[i]);
		plain = plain && !looks_like_option(req.args[i]);
	}
	for (size_t i = 0; i < req.n_options; i++)
		check_word(&req, req.options[i]);
	if (plain)
		check_again(&req);
	return 0;
}
