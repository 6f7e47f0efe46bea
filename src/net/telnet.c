/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Telnet, the part of it that a server of lines cannot do without: RFC 854
 * (commands, line ends), RFC 855 (options, subnegotiations), RFC 860 (the
 * timing mark), RFC 1143 (refusing without loops).
 *
 *            IAC             WILL WONT DO DONT           an option
 *   DATA ----------> COMMAND ------------------> OPTION ----------> DATA
 *    ^  any other,      | SB        IAC
 *    +------------------+----> SUB ----------> SUB_IAC
 *    |                          ^ IAC, nothing |   | SE
 *    +-- SUB_MAX bytes ---------+--------------+   +----> DATA
 *
 * We never begin, so no option is ever in force. Each is refused once in each
 * direction and from then on passed over in silence: whatever a peer does, it
 * is not answered for ever. WONT and DONT, the state that all are in, need no
 * answer. Even SUPPRESS-GO-AHEAD (RFC 858) is refused, although we never send
 * a GA: where it is agreed on, clients send each character as it is typed.
 *
 * DO TIMING-MARK is a question and no change of state: it is answered each
 * time, three bytes for three. inetutils telnet asks it with a Ctrl-C, and
 * throws away all that it gets until the answer comes.
 *
 * Commands that stand for a key become that key in the text, for telnet_edit()
 * to find. An IAC before what is no command is no part of one: some program
 * sent a byte that no UTF-8 has; it alone is dropped. A subnegotiation that is
 * not ended ends by itself: with another command, or after SUB_MAX bytes.
 *
 * Pure; any thread, each object by one thread at a time.
 */
#include "net/telnet.h"

#define SUB_MAX 1024

/* Keys. */
#define CTRL_C '\x03'
#define CTRL_D '\x04'
#define CTRL_H '\x08'
#define CTRL_U '\x15'
#define CTRL_W '\x17'
#define DELETE '\x7f'

/* Commands after IAC, from the first on. */
enum command {
	CMD_EOF = 236,
	CMD_SUSP,
	CMD_ABORT,
	CMD_EOR,
	CMD_SE,
	CMD_NOP,
	CMD_DM,
	CMD_BRK,
	CMD_IP,
	CMD_AO,
	CMD_AYT,
	CMD_EC,
	CMD_EL,
	CMD_GA,
	CMD_SB,
	CMD_WILL,
	CMD_WONT,
	CMD_DO,
	CMD_DONT,
	CMD_IAC,
};
#define CMD_FIRST       CMD_EOF
#define OPT_TIMING_MARK 6

enum state { DATA, COMMAND, OPTION, SUB, SUB_IAC };

/* Where a step puts what it finds. */
struct sink {
	struct strbuf *text;
	struct telnet_reply *reply;
};

/* What is done about a command; one without a row is passed over. */
static const struct {
	char key;   /* stands for this key, or byte */
	char state; /* goes there */
	char event; /* tells this */
} commands[] = {
	[CMD_EOF - CMD_FIRST] = {.event = TELNET_END},
	[CMD_ABORT - CMD_FIRST] = {.key = CTRL_U},
	[CMD_BRK - CMD_FIRST] = {.key = CTRL_U},
	[CMD_IP - CMD_FIRST] = {.key = CTRL_U},
	[CMD_AYT - CMD_FIRST] = {.event = TELNET_AYT},
	[CMD_EC - CMD_FIRST] = {.key = DELETE},
	[CMD_EL - CMD_FIRST] = {.key = CTRL_U},
	[CMD_SB - CMD_FIRST] = {.state = SUB},
	[CMD_WILL - CMD_FIRST] = {.state = OPTION},
	[CMD_WONT - CMD_FIRST] = {.state = OPTION},
	[CMD_DO - CMD_FIRST] = {.state = OPTION},
	[CMD_DONT - CMD_FIRST] = {.state = OPTION},
	[CMD_IAC - CMD_FIRST] = {.key = (char)TELNET_IAC},
};

static void put(struct telnet *t, char byte, struct sink *sink)
{
	t->after_cr = false;
	strbuf_addc(sink->text, byte);
}

static enum telnet_event put_end(
	struct telnet *t, uint8_t byte, struct sink *sink)
{
	put(t, '\n', sink);
	t->after_cr = byte == '\r';
	return TELNET_LINE;
}

static enum telnet_event step_data(
	struct telnet *t, uint8_t byte, struct sink *sink)
{
	if (byte == TELNET_IAC) {
		t->state = COMMAND;
		return TELNET_MORE;
	}
	if (t->after_cr && (byte == '\n' || byte == '\0')) {
		t->after_cr = false;
		return TELNET_MORE;
	}
	if (byte == '\r' || byte == '\n')
		return put_end(t, byte, sink);
	put(t, (char)byte, sink);
	return byte == CTRL_D ? TELNET_END : TELNET_MORE;
}

static enum telnet_event step_command(
	struct telnet *t, uint8_t byte, struct sink *sink)
{
	unsigned i = (unsigned)byte - CMD_FIRST;

	t->state = DATA;
	if (byte < CMD_FIRST)
		return step_data(t, byte, sink);
	if (commands[i].key)
		put(t, commands[i].key, sink);
	t->state = (uint8_t)commands[i].state;
	t->verb = byte;
	t->n_skipped = 0;
	return (enum telnet_event)commands[i].event;
}

/* True the first time. */
static bool refuse(struct telnet *t, uint8_t option)
{
	uint8_t *byte = &t->refused[t->verb == CMD_DO][option / 8];
	uint8_t bit = (uint8_t)(1 << option % 8);
	bool is_first = !(*byte & bit);

	*byte |= bit;
	return is_first;
}

static void answer(struct telnet_reply *reply, uint8_t verb, uint8_t option)
{
	reply->bytes[reply->len++] = TELNET_IAC;
	reply->bytes[reply->len++] = verb;
	reply->bytes[reply->len++] = option;
}

static enum telnet_event step_option(
	struct telnet *t, uint8_t option, struct sink *sink)
{
	bool is_do = t->verb == CMD_DO;

	if (is_do || t->verb == CMD_WILL) {
		if (sink->reply->len + 3 > TELNET_REPLY_MAX)
			return TELNET_FULL;
		if (is_do && option == OPT_TIMING_MARK)
			answer(sink->reply, CMD_WILL, option);
		else if (refuse(t, option))
			answer(sink->reply, is_do ? CMD_WONT : CMD_DONT,
				option);
	}
	t->state = DATA;
	return TELNET_MORE;
}

static enum telnet_event step_sub(
	struct telnet *t, uint8_t byte, struct sink *sink)
{
	if (++t->n_skipped == SUB_MAX)
		t->state = DATA;
	else if (byte == TELNET_IAC)
		t->state = SUB_IAC;
	return TELNET_MORE;
}

static enum telnet_event step_sub_iac(
	struct telnet *t, uint8_t byte, struct sink *sink)
{
	if (byte >= CMD_FIRST && byte != CMD_IAC)
		return step_command(t, byte, sink); /* SE: nothing more */
	t->state = SUB;
	return TELNET_MORE;
}

static enum telnet_event (*const steps[])(
	struct telnet *, uint8_t, struct sink *) = {
	[DATA] = step_data,
	[COMMAND] = step_command,
	[OPTION] = step_option,
	[SUB] = step_sub,
	[SUB_IAC] = step_sub_iac,
};

/* How many bytes at the start mean only themselves. */
static size_t plain_len(const char *data, size_t len)
{
	size_t n = 0;

	while (n < len && data[n] != (char)TELNET_IAC && data[n] != '\n' &&
		data[n] != '\r' && data[n] != '\0' && data[n] != CTRL_D)
		n++;
	return n;
}

enum telnet_event telnet_read(struct telnet *t, const struct slice *data,
	struct strbuf *text, struct telnet_reply *reply, size_t *ret_used)
{
	struct sink sink = {text, reply};
	enum telnet_event event = TELNET_MORE;
	size_t n = 0;

	while (n < data->len && event == TELNET_MORE) {
		size_t run = t->state == DATA
			? plain_len(data->data + n, data->len - n)
			: 0;

		if (run > 0) {
			strbuf_add(text, data->data + n, run);
			t->after_cr = false;
			n += run;
			continue;
		}
		event = steps[t->state](t, (uint8_t)data->data[n], &sink);
		n += event != TELNET_FULL;
	}
	*ret_used = n;
	return event;
}

/* The keys. */

static bool is_edit(char byte)
{
	const uint32_t controls = 1u << CTRL_C | 1u << CTRL_H | 1u << CTRL_U |
		1u << CTRL_W;
	unsigned char c = (unsigned char)byte;

	return c < 32 ? controls >> c & 1 : c == DELETE;
}

bool telnet_has_edits(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (is_edit(line[i]))
			return true;
	return false;
}

/* How many bytes the sequence has that begins so; 1 if none does. */
static size_t sequence_len(unsigned char lead)
{
	if (lead >= 0xF0)
		return 4;
	if (lead >= 0xE0)
		return 3;
	return lead >= 0xC0 ? 2 : 1;
}

/* The length without the last character; of what is no UTF-8, without the
 * last byte. */
static size_t erase_character(const char *line, size_t len)
{
	size_t n = 1;

	while (n < 4 && n < len && (line[len - n] & 0xC0) == 0x80)
		n++;
	if (len == 0)
		return 0;
	return sequence_len((unsigned char)line[len - n]) == n ? len - n
							       : len - 1;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static size_t erase_word(const char *line, size_t len)
{
	while (len > 0 && is_blank(line[len - 1]))
		len--;
	while (len > 0 && !is_blank(line[len - 1]))
		len--;
	return len;
}

static size_t erase(const char *line, size_t len, char key)
{
	if (key == CTRL_H || key == DELETE)
		return erase_character(line, len);
	return key == CTRL_W ? erase_word(line, len) : 0;
}

size_t telnet_edit(char *line, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		if (is_edit(line[i]))
			n = erase(line, n, line[i]);
		else
			line[n++] = line[i];
	return n;
}
