/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a conversation leads to does not depend on how its bytes are cut into
 * reads: 10,000 ways to cut each of some, from one piece to single bytes, with
 * junk between and with the dialect found out from the first bytes. */
#include "chat_world.h"

#include "chat/msg.h"
#include "net/service.h"
#include "proto/dialect.h"

#ifdef __SANITIZE_ADDRESS__
#define N_CUTS 2000
#else
#define N_CUTS 10000
#endif

/* Somebody who types the conversation; two others are there to hear it. */
struct play {
	struct world w;
	const struct dialect *dialect;
	const struct dialect
		*doubting; /* of one who was greeted, see dialect.h */
	struct dialect_input input;
	unsigned view;         /* how its own answers are written */
	struct member *member; /* NULL: not let in yet */
	struct member *person, *program;
	struct strbuf buffer; /* what a connection would hold */
	struct strbuf told;
	bool is_over;
};

static const struct service svc = {.line_max = 40, .message_max = 80};

static struct play play;

static void tell_posts(void)
{
	static const char *const dialects[] = {"text", "json"};
	struct chat_outbox *out = &play.w.out;

	for (size_t i = 0; i < out->n_posts; i++) {
		const struct chat_post *post = &out->posts[i];

		strbuf_addf(&play.told, "%d %u %u\n", (int)post->kind,
			post->room, (unsigned)post->home.conn);
		for (int k = 0; k < 2 && post->msg; k++)
			dialect_find(dialects[k])
				->render(post->msg,
					post->home.conn == 3 ? play.view : 0,
					&play.told);
	}
	outbox_clear(out);
}

static void enter(void)
{
	if (play.dialect->is_undecided || play.member)
		return;
	play.member = world_enter(
		&play.w, 3, 0, play.dialect->is_of_program ? NULL : "lobby");
	tell_posts();
}

static void speak(const struct dialect *dialect)
{
	if (play.dialect && play.dialect->stop)
		play.dialect->stop(&play.input);
	play.dialect = dialect;
	dialect->start(&play.input, &svc);
	enter();
}

/* What the dialect itself has to say comes before what the line leads to. */
static void see_to_input(void)
{
	play.view |= play.input.view;
	strbuf_add(&play.told, (const char *)play.input.reply.bytes,
		play.input.reply.len);
	play.input.reply.len = 0;
}

static enum dialect_event reconsider(
	const struct slice *data, bool is_all, struct chat_call *call)
{
	enum dialect_event event = DIALECT_READ;

	if (play.doubting)
		event = play.doubting->reconsider(
			&play.input, data, is_all, call);
	if (event != DIALECT_MORE)
		play.doubting = NULL;
	return event;
}

static void act(enum dialect_event event, const struct chat_call *call)
{
	see_to_input();
	if (event == DIALECT_BECOMES) {
		speak(play.input.next);
	} else if (event == DIALECT_READ) {
		hub_run(play.w.hub, play.member, call, &play.w.now,
			&play.w.out);
		tell_posts();
	} else {
		strbuf_addf(&play.told, "over %d ", (int)event);
		strbuf_add(&play.told, call->buf.data, call->buf.len);
		play.is_over = true;
	}
}

/* All that can be read of what lies there, in memory of its own size. */
static void read_buffer(struct chat_call *call)
{
	struct slice data = {malloc(play.buffer.len + 1), play.buffer.len};
	char *all = (char *)(uintptr_t)data.data;
	enum dialect_event event;
	size_t used;

	memcpy(all, play.buffer.data, data.len);
	while (data.len > 0 && !play.is_over) {
		chat_call_clear(call);
		used = 0;
		event = reconsider(&data, false, call);
		if (event != DIALECT_BECOMES && event != DIALECT_STRANGE)
			event = play.dialect->read(
				&play.input, &data, call, &used);
		ck_assert_uint_le(used, data.len);
		if (event == DIALECT_MORE)
			break;
		data.data += used;
		data.len -= used;
		act(event, call);
	}
	strbuf_clear(&play.buffer);
	strbuf_add(&play.buffer, data.data, data.len);
	free(all);
}

static void read_end(struct chat_call *call)
{
	struct slice rest = {play.buffer.data, play.buffer.len};
	enum dialect_event event = DIALECT_BECOMES;

	while (event == DIALECT_BECOMES && !play.is_over) {
		chat_call_clear(call);
		event = reconsider(&rest, true, call);
		if (event != DIALECT_BECOMES && event != DIALECT_STRANGE)
			event = play.dialect->end(&play.input, &rest, call);
		if (event != DIALECT_MORE)
			act(event, call);
	}
}

/* The next cut; `state` 0: all at once. */
static size_t piece(uint64_t *state, size_t left)
{
	static const size_t sizes[] = {1, 2, 3, 8, 60, 400};
	size_t n;

	if (*state == 0)
		return left;
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
	n = 1 + (*state >> 40) % sizes[(*state >> 33) % 6];
	return n < left ? n : left;
}

static void start(const char *dialect)
{
	play = (struct play){.w = {.settings = world_settings()}};
	world_start(&play.w, 1);
	play.person = world_person(&play.w, 1, 0, "alice");
	play.program = world_enter(&play.w, 2, 0, NULL);
	strbuf_adds(&play.buffer, "");
	outbox_clear(&play.w.out);
	if (strcmp(dialect, "greeted") != 0) {
		speak(dialect_find(dialect));
		return;
	}
	speak(dialect_find("text"));
	play.doubting = dialect_find("auto");
}

static void stop(void)
{
	if (play.dialect->stop)
		play.dialect->stop(&play.input);
	if (play.member)
		world_leave(&play.w, play.member, NULL);
	world_leave(&play.w, play.person, NULL);
	world_leave(&play.w, play.program, NULL);
	world_stop(&play.w);
	strbuf_fini(&play.buffer);
}

/* What comes of it, owned by the caller. */
static char *perform(
	const char *dialect, const struct slice *bytes, uint64_t state)
{
	struct chat_call call = {0};
	size_t n;

	start(dialect);
	for (size_t at = 0; at < bytes->len && !play.is_over; at += n) {
		n = piece(&state, bytes->len - at);
		strbuf_add(&play.buffer, bytes->data + at, n);
		read_buffer(&call);
	}
	read_end(&call);
	chat_call_fini(&call);
	stop();
	return strbuf_take(&play.told);
}

/* clang-format off */
#define JOIN \
	"{\"type\":\"join\",\"room\":\"lobby\",\"username\":\"bot\",\"ref\":1}"
#define LONG40 "0123456789012345678901234567890123456789"
#define DEEP40 "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
#define SHUT40 "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"

#define TEXT_TALK \
	"hello there\n\n/nick bob\r\n/me waves\r\0/who\r\n//x\n/history\n" \
	"/jion x\n" LONG40 LONG40 "\n/msg alice hi \xC3\xA9\xFF\n" \
	"/topic tea\r\n/join ops\n/part\nhelp\n\x04\nunfinished"
#define JSON_TALK \
	JOIN "{\"type\":\"chat\",\"message\":\"hi } { \\\" \\\\\"}\n" \
	"{\"type\":\"chat\",\"message\":\"a\\nb\",\"ref\":\"x\"} \t\r\n" \
	"{\"type\":\"who\"}junk {\"type\":\"me\",\"message\":\"\xC3\xA9\"}" \
	"\n{\"type\":\"chat\",\"message\":\"cut\n{\"type\":\"rooms\"}" \
	"{\"a\":" DEEP40 SHUT40 "}{\"type\":\"chat\",\"message\":\"" LONG40 LONG40 \
	"\"}{ } {]{\"type\":\"history\",\"since\":0}]}]\n\n{\"type\":\"leave\"}" \
	"{\"type\":\"chat\",\"message\":\"x\"}{\"type\":\"le"
/* the last one is a byte too long */
#define FRAME_TALK \
	"\0\0\0\x37" JOIN "\0\0\0\0" "\0\0\0\x0E{\"type\":\"who\"}" \
	"\0\0\0\x04junk" "\0\0\0\x02[]" "\0\0\0\x03 \r\n" \
	"\0\0\0\x1D{\"type\":\"chat\",\"message\":\"\n\"}" \
	"\0\0\0\x1E{\"type\":\"chat\",\"message\":\"hi\"}" \
	"\0\0\0\x10{\"type\":\"leave\"}" \
	"\0\0\0\x1E{\"type\":\"chat\",\"message\":\"hi\"}" \
	"\0\0\0\x51" LONG40 LONG40 "1"
#define PING "{\"type\":\"ping\"}"
#define BYTES(text) {text, sizeof(text) - 1}

static const struct {
	const char *dialect;
	struct slice bytes;
	const char *has; /* what must come of it */
} conversations[] = {
	{"text", BYTES(TEXT_TALK), "unfinished"},
	{"auto", BYTES(TEXT_TALK), "unfinished"},
	{"json", BYTES(JSON_TALK), "\"code\":\"not_in_room\""},
	{"auto", BYTES(JSON_TALK), "\"code\":\"not_in_room\""},
	{"json", BYTES("no object\nnone either\n{}\n" JOIN), "bot joined"},
	{"auto", BYTES("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "not a web page"},
	{"auto", BYTES("\x16\x03\x01\x02\x00\x01xxxxxx"), "\x15\x03\x01"},
	{"auto", BYTES("one word"), "<guest-"},
	{"frame", BYTES(FRAME_TALK), "\"code\":\"not_in_room\""},
	{"auto", BYTES(FRAME_TALK), "\"code\":\"not_in_room\""},
	{"frame", BYTES("hell"), "error: that is a length of 1,751,477,356"},
	{"auto", BYTES("\xFF\xFD\x06hello\r\0/who\r\n\xFF\xF4"), "hello"},
	/* the end of the first line, and what it makes of its sender */
	{"greeted", BYTES(TEXT_TALK), "unfinished"},
	{"greeted", BYTES(" {\"type\":\"ping\"} x\n" PING), "invalid_json"},
	{"auto", BYTES(" {\"type\":\"ping\"} x\n" PING), "invalid_json"},
	{"auto", BYTES("hello\r\0 " PING "\nGET / HTTP/1.1\n"), "hello"},
	{"greeted", BYTES("hello\r\0 " PING "\nGET / HTTP/1.1\n"), "hello"},
	{"greeted", BYTES("GET /\xFF\xF1 HTTP/1.1\r\n"), "GET / HTTP/1.1"},
	{"auto", BYTES("GET /" LONG40 " HTTP/1.1\r\nhi\n"), "hi"},
	{"greeted", BYTES("GET / HTTP/1.0"), "not a web page"},
	{"auto", BYTES("GET / HTTP/1.0"), "not a web page"},
	{"greeted", BYTES("\0\0\0\x0F" PING), "pong"},
	/* how to write to it, and answers to its options */
	{"text", BYTES("/ping\n/ping\r\nhe\xFF\xF1llo\n\xFF\xFD\x06/ping\r\n"
		"/pi\xFF\xFD\x06ng\r\n\xFF\xFD\x06"), "pong\r\n"},
};
/* clang-format on */

START_TEST(cuts_do_not_matter)
{
	const struct slice *bytes = &conversations[_i].bytes;
	const char *dialect = conversations[_i].dialect;
	char *whole = perform(dialect, bytes, 0), *cut;

	ck_assert_msg(strstr(whole, conversations[_i].has) != NULL,
		"%s has not %s", whole, conversations[_i].has);
	for (uint64_t n = 1; n <= N_CUTS; n++) {
		cut = perform(dialect, bytes, n);
		ck_assert_msg(strcmp(cut, whole) == 0,
			"cut by %d\n%.400s\ninstead of\n%.400s", (int)n, cut,
			whole);
		free(cut);
	}
	free(whole);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("segments");
	TCase *tc = tcase_create("segments");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, cuts_do_not_matter, 0,
		(int)(sizeof(conversations) / sizeof(conversations[0])));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
