/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as the state of the chat.
 *
 *   - They are refused, with words, or are a hub that can be used: somebody
 *     enters, goes to the rooms, comes back by a code, and leaves.
 *   - What was read and saved again is what is read and saved once more.
 */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/errmsg.h"
#include "chat/command.h"
#include "chat/hub.h"
#include "chat/settings.h"
#include "chat/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t seed[16] = "0123456789abcde";
static const struct chat_now now = {100000000, 1700000000000};

static struct chat_settings settings_of(void)
{
	static char name[] = "sockd", room[] = "lobby", motd[] = "";

	return (struct chat_settings){
		.name = name,
		.room = room,
		.motd = motd,
		.text = 4096,
		.topic = 300,
		.history = 5,
		.history_bytes = 4096,
		.history_total = 16384,
		.room_keep_ms = 3600000,
		.replay = 10,
		.quiet_above = 50,
		.resume_ms = 600000,
		.max_rooms = 20,
		.rooms_per_member = 20,
	};
}

/* NULL: refused. */
static struct hub *read_hub(
	const struct chat_settings *settings, const void *data, size_t len)
{
	const struct slice bytes = {data, len};
	struct chat_state_counts counts;
	struct errmsg msg = {""};
	struct hub *hub;

	assert(hub_new(&hub, settings, 1, seed) == 0);
	if (hub_restore(hub, &bytes, &now, &counts, &msg) == 0)
		return hub;
	assert(msg.text[0]);
	hub_free(hub);
	return NULL;
}

static void save(struct hub *hub, struct strbuf *out)
{
	struct chat_state *state = chat_state_new(true);

	assert(state);
	while (hub_save(hub, state, &now))
		;
	assert(chat_state_encode(state, out) == 0);
	chat_state_free(state);
}

static void run(struct hub *hub, struct member *member, const char *verb,
	const char *arg, struct chat_outbox *out)
{
	const struct chat_verb *others[2];
	struct chat_call call = {
		.verb = chat_verb_find(verb, others),
		.args = {arg},
		.n_args = arg ? 1 : 0,
	};

	hub_run(hub, member, &call, &now, out);
	outbox_clear(out);
}

static void use(struct hub *hub)
{
	struct chat_outbox out = {0};
	struct chat_home home = {0, 1};
	struct member *member = hub_enter(hub, home, "lobby", &now, &out);

	assert(member);
	run(hub, member, "join", "ops", &out);
	run(hub, member, "resume", "k7fd-92", &out);
	run(hub, member, "resume", "0000-00", &out);
	run(hub, member, "ignore", NULL, &out);
	run(hub, member, "say", "x", &out);
	run(hub, member, "rooms", NULL, &out);
	hub_leave(hub, member, NULL, &now, &out);
	outbox_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct chat_settings settings = settings_of();
	struct strbuf once = {0}, twice = {0};
	struct hub *hub = read_hub(&settings, data, size), *again;

	if (!hub)
		return 0;
	save(hub, &once);
	again = read_hub(&settings, once.data, once.len);
	assert(again);
	save(again, &twice);
	assert(once.len == twice.len);
	assert(memcmp(once.data, twice.data, once.len) == 0);
	use(hub);
	hub_free(hub);
	hub_free(again);
	strbuf_fini(&once);
	strbuf_fini(&twice);
	return 0;
}
