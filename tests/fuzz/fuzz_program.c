/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Hostile objects through the JSON dialect and the hub, as two programs and a
 * person would send them: the first byte of a line chooses who, the rest is
 * what they send. A person sends text. Whatever anybody is told in return is
 *
 *   - to a program one line with one object of strict JSON, or nothing,
 *   - to a person valid UTF-8 in whole lines, of which the server's own are
 *     marked and those of others are not.
 */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/str.h"
#include "base/utf8.h"
#include "chat/command.h"
#include "chat/hub.h"
#include "chat/msg.h"
#include "chat/settings.h"
#include "proto/dialect.h"
#include "proto/dialect_json_private.h"
#include "proto/dialect_text_private.h"

#define N_MEMBERS 3
#define MARK      "*** "
#define TEXT_MAX  200

extern const struct dialect dialect_json, dialect_text;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char server_name[] = "so\"ckd", lobby[] = "lobby",
	    motd[] = "hi\n\"th\x1B";

/* Small bounds, so that they are met. */
static const struct chat_settings settings = {
	.name = server_name,
	.room = lobby,
	.motd = motd,
	.text = TEXT_MAX,
	.topic = 20,
	.history = 6,
	.history_bytes = 1500,
	.history_total = 3000,
	.room_keep_ms = 5000,
	.replay = 3,
	.quiet_above = 2,
	.max_rooms = 4,
	.rooms_per_member = 2,
};

struct scene {
	struct hub *hub;
	struct member *members[N_MEMBERS]; /* the last is a person */
	struct chat_now now;
	struct chat_outbox out;
	struct chat_call call;
	struct strbuf told;
};

static void check_object(const struct strbuf *told)
{
	json_t *object;

	if (told->len == 0)
		return;
	assert(memchr(told->data, '\n', told->len) ==
		told->data + told->len - 1);
	object = json_loadb(
		told->data, told->len, JSON_REJECT_DUPLICATES, NULL);
	assert(json_is_object(object));
	assert(json_is_string(json_object_get(object, "type")));
	json_decref(object);
}

static bool is_talk(const struct chat_msg *msg)
{
	return msg->type <= CHAT_PRIVATE_COPY;
}

/* Of talk only the count of lines that are not shown is the server's. */
static void check_lines(const struct chat_msg *msg, const struct strbuf *told)
{
	const char *line = told->data, *end = line + told->len;

	assert(told->len == 0 || end[-1] == '\n');
	while (told->len > 0 && line < end) {
		size_t len = strcspn(line, "\n");
		bool is_marked = strncmp(line, MARK, strlen(MARK)) == 0;

		assert(utf8_is_safe(line, len));
		if (is_talk(msg))
			assert(!is_marked || line + len + 1 == end);
		else if (msg->type != CHAT_REPLAY)
			assert(is_marked);
		line += len + 1;
	}
}

static void check_msg(struct scene *scene, const struct chat_msg *msg)
{
	strbuf_clear(&scene->told);
	dialect_json.render(msg, 0, &scene->told);
	assert(!scene->told.failed);
	check_object(&scene->told);
	assert(msg->type != CHAT_ARRIVED || scene->told.len < 1000);
	strbuf_clear(&scene->told);
	dialect_text.render(msg, DIALECT_TIME, &scene->told);
	assert(!scene->told.failed);
	check_lines(msg, &scene->told);
}

static void read_outbox(struct scene *scene)
{
	for (size_t i = 0; i < scene->out.n_posts; i++)
		if (scene->out.posts[i].msg)
			check_msg(scene, scene->out.posts[i].msg);
	outbox_clear(&scene->out);
}

static bool is_person(unsigned i)
{
	return i == N_MEMBERS - 1;
}

static void enter(struct scene *scene, unsigned i)
{
	struct chat_home home = {i % 2, i + 1};

	scene->members[i] = hub_enter(scene->hub, home,
		is_person(i) ? lobby : NULL, &scene->now, &scene->out);
	assert(scene->members[i]);
}

static void check_text(const char *text)
{
	const char *end;

	for (; text; text = *end ? end + 1 : NULL) {
		end = text + strcspn(text, "\n");
		assert(utf8_is_safe(text, (size_t)(end - text)));
	}
}

static void check_call(const struct chat_call *call)
{
	assert(call->n_args <= CHAT_ARGS_MAX);
	for (size_t i = 0; i < call->n_args; i++)
		check_text(call->args[i]);
	check_text(call->room);
	check_text(call->nick);
	check_text(call->ref);
	check_text(call->error_text);
	check_text(call->error_near);
	assert(!call->verb || !call->is_error);
	assert(!call->is_error || call->error >= CHAT_E_FIRST);
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

static void run_line(struct scene *scene, const char *line, size_t len)
{
	unsigned who = (unsigned char)line[0], i = who % N_MEMBERS;
	struct member **member = &scene->members[i];

	scene->now.mono_ms += who * 10;
	scene->now.wall_ms += who * 10;
	chat_call_clear(&scene->call);
	(is_person(i) ? dialect_text_parse : dialect_json_parse)(
		line + 1, len - 1, &scene->call);
	if (who & 0x20)
		make_wait(scene);
	check_call(&scene->call);
	hub_run(scene->hub, *member, &scene->call, &scene->now, &scene->out);
	if ((who & 0xC0) == 0xC0) {
		assert(hub_make_program(scene->hub, *member, &scene->now,
			       &scene->out) == 0);
	} else if (who & 0x80) {
		hub_leave(scene->hub, *member, NULL, &scene->now, &scene->out);
		enter(scene, i);
	}
	read_outbox(scene);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t seed[16] = "0123456789abcde";
	const char *line = (const char *)data, *end = line + size, *next;
	struct scene scene = {.now = {1000, 1700000000000}};

	assert(hub_new(&scene.hub, &settings, 2, seed) == 0);
	for (unsigned i = 0; i < N_MEMBERS; i++)
		enter(&scene, i);
	read_outbox(&scene);
	for (; line < end; line = next + 1) {
		next = memchr(line, '\n', (size_t)(end - line));
		if (!next)
			next = end;
		if (next > line)
			run_line(&scene, line, (size_t)(next - line));
	}
	for (unsigned i = 0; i < N_MEMBERS; i++)
		hub_leave(scene.hub, scene.members[i], NULL, &scene.now,
			&scene.out);
	read_outbox(&scene);
	hub_free(scene.hub);
	outbox_fini(&scene.out);
	chat_call_fini(&scene.call);
	strbuf_fini(&scene.told);
	return 0;
}
