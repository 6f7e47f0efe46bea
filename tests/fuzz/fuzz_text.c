/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Hostile lines through the text dialect and the hub, as three people would
 * send them: the first byte of a line chooses who, the rest is what they send.
 * Whatever anybody is told in return is
 *
 *   - valid UTF-8 in whole lines, without control characters but TAB and the
 *     line ends,
 *   - marked with "*** " on every line if it is the server's own, and never if
 *     it is what a person says.
 *
 * There are accounts, and whoever has logged in has the name.
 *
 * Codes are random, so "@" at the end of a line stands for the last one that
 * anybody was told.
 */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"
#include "chat/accounts.h"
#include "chat/command.h"
#include "chat/hub.h"
#include "chat/login.h"
#include "chat/msg.h"
#include "chat/settings.h"
#include "proto/dialect.h"
#include "proto/dialect_text_private.h"

#define N_PEOPLE 3
#define MARK     "*** "
#define HASH     "$5$salt$5ddODpS4oYUJCBwWoNxoIoNa0ato.KOsTPB5Q2NhIGA"

extern const struct dialect dialect_text;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char server_name[] = "sockd", lobby[] = "lobby", motd[] = "hi\nthere";

/* Small bounds, so that they are met. */
static struct chat_settings settings = {
	.name = server_name,
	.room = lobby,
	.motd = motd,
	.text = 200,
	.topic = 20,
	.history = 6,
	.history_bytes = 1500,
	.history_total = 3000,
	.room_keep_ms = 5000,
	.replay = 3,
	.quiet_above = 2,
	.resume_ms = 5000,
	.max_rooms = 3,
};

struct scene {
	struct hub *hub;
	struct member *people[N_PEOPLE];
	struct chat_now now;
	struct chat_outbox out;
	struct chat_call call;
	struct strbuf told;
	char code[16];
};

static bool is_talk(const struct chat_msg *msg)
{
	return msg->type <= CHAT_PRIVATE_COPY;
}

static bool is_marked(const char *line)
{
	return strncmp(line, MARK, strlen(MARK)) == 0;
}

static bool may_be_hidden(const struct chat_msg *msg, unsigned view)
{
	if (view & DIALECT_QUIET &&
		(msg->type == CHAT_JOINED || msg->type == CHAT_LEFT ||
			msg->type == CHAT_RENAMED))
		return true;
	return msg->type == CHAT_BYE || msg->type == CHAT_RESUMED;
}

static bool may_ring(const struct chat_msg *msg, unsigned view)
{
	return view & DIALECT_BELL && is_talk(msg) &&
		msg->type != CHAT_PRIVATE_COPY;
}

/* Looks at what msg is told as. A replay holds lines of both kinds. */
static void check_told(
	const struct chat_msg *msg, unsigned view, const struct strbuf *told)
{
	const char *line = told->data, *end = line + told->len;

	if (told->len == 0) {
		assert(may_be_hidden(msg, view));
		return;
	}
	assert(end[-1] == '\n' && strlen(line) == told->len);
	for (size_t n = 0; line < end; n++) {
		size_t len = strcspn(line, "\n");

		if (may_ring(msg, view)) {
			assert(line[len - 1] == '\a');
			assert(utf8_is_safe(line, len - 1));
			line += len + 1;
			continue;
		}
		assert(utf8_is_safe(line, len));
		if (is_talk(msg))
			assert(!is_marked(line) && n == 0);
		else if (msg->type != CHAT_REPLAY)
			assert(is_marked(line));
		line += len + 1;
	}
}

static void check_msg(struct scene *scene, const struct chat_msg *msg)
{
	for (unsigned view = 0; view < DIALECT_VIEWS; view++) {
		if (view & DIALECT_CRLF)
			continue;
		strbuf_clear(&scene->told);
		dialect_text.render(msg, view, &scene->told);
		assert(!scene->told.failed);
		check_told(msg, view, &scene->told);
	}
	for (size_t i = 0; msg->type == CHAT_REPLAY && i < msg->n_items; i++)
		assert(is_talk(msg->items[i]));
}

static void note_code(struct scene *scene, const struct chat_msg *msg)
{
	if ((msg->type == CHAT_YOU_RENAMED || msg->type == CHAT_WELCOME_BACK) &&
		msg->text_len < sizeof scene->code)
		strcpy(scene->code, msg->text);
}

static void enter(struct scene *scene, unsigned i);

/* What the layer above does: it ends connections and lets others go on. The
 * posts that follow from it are read in the next round. True if there are. */
static bool serve_outbox(struct scene *scene)
{
	struct chat_outbox old = scene->out;
	unsigned i;

	scene->out = (struct chat_outbox){0};
	for (size_t k = 0; k < old.n_posts; k++) {
		const struct chat_post *post = &old.posts[k];

		i = (unsigned)(post->home.conn - 1);
		if (post->msg) {
			check_msg(scene, post->msg);
			note_code(scene, post->msg);
		}
		if (post->kind == CHAT_POST_GO_ON) {
			hub_go_on(scene->hub, scene->people[i], &scene->now,
				&scene->out);
		} else if (post->kind == CHAT_POST_CLOSE && post->msg &&
			post->msg->type == CHAT_RESUMED) {
			hub_set_unread(scene->hub, scene->people[i], k, k / 2);
			hub_leave(scene->hub, scene->people[i], NULL,
				&scene->now, &scene->out);
			enter(scene, i);
		}
	}
	outbox_fini(&old);
	return scene->out.n_posts > 0;
}

static void read_outbox(struct scene *scene)
{
	while (serve_outbox(scene))
		;
}

static void enter(struct scene *scene, unsigned i)
{
	struct chat_home home = {i % 2, i + 1};

	scene->people[i] = hub_enter(
		scene->hub, home, lobby, &scene->now, &scene->out);
	assert(scene->people[i]);
}

static void parse(struct scene *scene, const char *line, size_t len)
{
	struct strbuf text = {0};

	strbuf_add(&text, line, len);
	if (len > 0 && line[len - 1] == '@') {
		text.len--;
		strbuf_adds(&text, scene->code);
	}
	assert(!text.failed);
	dialect_text_parse(text.data ? text.data : "", text.len, &scene->call);
	strbuf_fini(&text);
}

/* As if it had waited: a copy is as good, whatever becomes of the first. */
static void make_wait(struct scene *scene)
{
	struct chat_call copy;

	assert(chat_call_copy(&copy, &scene->call) == 0);
	if (scene->call.buf.len)
		memset(scene->call.buf.data, '\n', scene->call.buf.len);
	chat_call_fini(&scene->call);
	scene->call = copy;
}

/* The password of everybody is "right". */
static void end_login(struct scene *scene, struct member *member)
{
	struct chat_login_wish wish;
	bool is_right;

	if (!hub_login_wish(scene->hub, member, &wish))
		return;
	assert(scene->call.n_args == 2 && wish.hash[0]);
	is_right = wish.account && strcmp(scene->call.args[1], "right") == 0;
	hub_end_login(scene->hub, member,
		is_right ? CHAT_LOGIN_RIGHT : CHAT_LOGIN_WRONG, &scene->now,
		&scene->out);
}

static void run_line(struct scene *scene, const char *line, size_t len)
{
	unsigned who = (unsigned char)line[0];
	struct member **member = &scene->people[who % N_PEOPLE];

	scene->now.mono_ms += who * 10;
	scene->now.wall_ms += who * 10;
	chat_call_clear(&scene->call);
	parse(scene, line + 1, len - 1);
	if (who & 0x40)
		make_wait(scene);
	for (size_t i = 0; i < scene->call.n_args; i++)
		assert(utf8_is_safe(
			scene->call.args[i], strlen(scene->call.args[i])));
	hub_run(scene->hub, *member, &scene->call, &scene->now, &scene->out);
	if (who & 0x80) {
		hub_leave(scene->hub, *member,
			scene->call.n_args > 0 ? scene->call.args[0] : NULL,
			&scene->now, &scene->out);
		enter(scene, who % N_PEOPLE);
	} else {
		end_login(scene, *member);
	}
	read_outbox(scene);
	for (unsigned i = 0; i < N_PEOPLE; i++)
		assert(!hub_is_logging_in(scene->people[i]));
}

static void no_fault(void *arg, unsigned line, const char *text)
{
	assert(!line);
}

static void make_accounts(void)
{
	static const char text[] = "zoe:" HASH "\nOtto_0:" HASH "\nx:!\n";
	const struct slice data = {text, sizeof text - 1};

	if (settings.people)
		return;
	assert(accounts_parse(&settings.people, &data, no_fault, NULL) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t seed[16] = "0123456789abcde";
	const char *line = (const char *)data, *end = line + size, *next;
	struct scene scene = {.now = {1000, 1700000000000}};

	make_accounts();
	assert(hub_new(&scene.hub, &settings, 2, seed) == 0);
	for (unsigned i = 0; i < N_PEOPLE; i++)
		enter(&scene, i);
	read_outbox(&scene);
	for (; line < end; line = next + 1) {
		next = memchr(line, '\n', (size_t)(end - line));
		if (!next)
			next = end;
		if (next > line)
			run_line(&scene, line, (size_t)(next - line));
	}
	for (unsigned i = 0; i < N_PEOPLE; i++)
		hub_leave(scene.hub, scene.people[i], NULL, &scene.now,
			&scene.out);
	read_outbox(&scene);
	hub_free(scene.hub);
	outbox_fini(&scene.out);
	chat_call_fini(&scene.call);
	strbuf_fini(&scene.told);
	return 0;
}
