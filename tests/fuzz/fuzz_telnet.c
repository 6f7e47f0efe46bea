/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes of a telnet, or of something that sends such bytes, through the
 * parser in pieces that the first byte chooses, and through a model that has
 * all of them at once and knows nothing of states.
 *
 *   - Both find the same text, in which no byte of a command is left, and a
 *     0xFF only where two of them stood.
 *   - Both give the same answers: once for each option and direction, but for
 *     timing marks, which are answered each time.
 *   - An event stands for what was just read.
 */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "net/telnet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PIECE_MAX 64
#define ALL_MAX   65536
#define SUB_MAX   1024

/* What the model makes of the bytes: no more than they are. */
struct model {
	uint8_t text[ALL_MAX], replies[ALL_MAX];
	size_t text_len, replies_len;
	bool after_cr;
	bool said[2][256]; /* options of WILL, of DO */
};

/* The model. */

/* Where a subnegotiation that begins at i is over. */
static size_t model_sub(const uint8_t *data, size_t size, size_t i)
{
	for (size_t n = 1; i < size && n < SUB_MAX; n++) {
		if (data[i] != TELNET_IAC)
			i++;
		else if (i + 1 < size && data[i + 1] >= 236 &&
			data[i + 1] < 255)
			return i;
		else
			i += 2;
	}
	return i < size ? i + 1 : size;
}

static void model_option(struct model *m, uint8_t verb, uint8_t option)
{
	bool is_do = verb == 253;
	bool is_mark = is_do && option == 6;
	uint8_t answer[] = {TELNET_IAC,
		is_mark         ? 251
			: is_do ? 252
				: 254,
		option};

	if (verb == 252 || verb == 254)
		return;
	if (!m->said[is_do][option] || is_mark) {
		memcpy(m->replies + m->replies_len, answer, sizeof answer);
		m->replies_len += sizeof answer;
	}
	m->said[is_do][option] = true;
}

static void model_byte(struct model *m, uint8_t byte)
{
	bool is_part = m->after_cr && (byte == '\n' || byte == '\0');

	m->after_cr = byte == '\r';
	if (!is_part)
		m->text[m->text_len++] = byte == '\r' ? '\n' : byte;
}

/* One command that begins at i; where it is over. */
static size_t model_command(
	struct model *m, const uint8_t *data, size_t size, size_t i)
{
	static const uint8_t keys[256] = {[238] = 0x15,
		[243] = 0x15,
		[244] = 0x15,
		[247] = 0x7F,
		[248] = 0x15,
		[255] = 0xFF};
	uint8_t command = i + 1 < size ? data[i + 1] : 0;

	if (command < 236)
		return i + 1;
	if (command == 250)
		return model_sub(data, size, i + 2);
	if (command > 250 && command < 255) {
		if (i + 2 < size)
			model_option(m, command, data[i + 2]);
		return i + 3;
	}
	if (keys[command])
		model_byte(m, keys[command]);
	return i + 2;
}

static void run_model(struct model *m, const uint8_t *data, size_t size)
{
	m->text_len = m->replies_len = 0;
	m->after_cr = false;
	memset(m->said, 0, sizeof m->said);
	for (size_t i = 0; i < size;) {
		if (data[i] == TELNET_IAC)
			i = model_command(m, data, size, i);
		else
			model_byte(m, data[i++]);
	}
}

/* The parser. */

struct parser {
	struct telnet telnet;
	struct strbuf text;
	struct telnet_reply reply;
};

/* Answers are those that the model gave; returns how many bytes of them. */
static size_t check_reply(
	struct telnet_reply *reply, const struct model *m, size_t at)
{
	size_t len = reply->len;

	assert(len <= TELNET_REPLY_MAX && len % 3 == 0);
	assert(at + len <= m->replies_len);
	assert(memcmp(reply->bytes, m->replies + at, len) == 0);
	reply->len = 0;
	return len;
}

static void check_event(enum telnet_event event, const struct slice *read,
	const struct parser *p)
{
	uint8_t last = read->len > 0 ? (uint8_t)read->data[read->len - 1] : 0;

	if (event == TELNET_LINE)
		assert(p->text.data[p->text.len - 1] == '\n' &&
			(last == '\n' || last == '\r'));
	else if (event == TELNET_END)
		assert(last == 4 || last == 236);
	else if (event == TELNET_AYT)
		assert(last == 246);
	else if (event == TELNET_FULL)
		assert(p->reply.len == TELNET_REPLY_MAX);
}

/* All of a piece; returns how many more bytes of answers came. */
static size_t feed(
	struct parser *p, const struct model *m, size_t at, struct slice left)
{
	size_t used, before = at;
	enum telnet_event event = TELNET_LINE;

	while (event != TELNET_MORE) {
		event = telnet_read(
			&p->telnet, &left, &p->text, &p->reply, &used);
		assert(used <= left.len);
		assert(event == TELNET_MORE ? used == left.len : used > 0);
		check_event(event, &(struct slice){left.data, used}, p);
		at += check_reply(&p->reply, m, at);
		left.data += used;
		left.len -= used;
	}
	return at - before;
}

/* In pieces, which end where the block does, so that a sanitizer sees who looks
 * past them. */
static void run_parser(struct parser *p, const struct model *m,
	const uint8_t *data, size_t size, uint32_t cut)
{
	static char *block;
	size_t piece, answered = 0;

	if (!block)
		block = malloc(PIECE_MAX);
	assert(block);
	for (size_t at = 0; at < size; at += piece) {
		char *start;

		cut = cut * 1664525 + 1013904223;
		piece = 1 + (cut >> 24) % (1 + (cut >> 16) % PIECE_MAX);
		if (piece > size - at)
			piece = size - at;
		start = block + PIECE_MAX - piece;
		memcpy(start, data + at, piece);
		answered += feed(p, m, answered, (struct slice){start, piece});
	}
	assert(answered == m->replies_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct model m;
	static struct parser p; /* kept for the memory of its text */

	if (size == 0 || size > ALL_MAX)
		return 0;
	run_model(&m, data + 1, size - 1);
	p.telnet = (struct telnet){0};
	strbuf_clear(&p.text);
	run_parser(&p, &m, data + 1, size - 1, 1 + data[0]);
	assert(p.text.len == m.text_len);
	if (p.text.len > 0)
		assert(memcmp(p.text.data, m.text, p.text.len) == 0);
	return 0;
}
