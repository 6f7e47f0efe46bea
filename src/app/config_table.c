/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * THE table of settings: one row each. Parsing, bounds, defaults, `sockd -T`
 * and reload come from these rows; sockd.conf(5) and the shipped file are
 * tested against them. Keys of one protocol are rows in that protocol's file.
 * What a row says of reloads is what the code does: a connection keeps the
 * struct service it was opened with, a listener that stays is tuned, and chat,
 * acceptor and receiver get their settings anew.
 *
 * Rows of one group stand together: -T writes a group once.
 * The bounds of whole numbers lie within 32 bits, which is what the file can
 * hold without a suffix.
 */
#include <stddef.h>

#include "app/config.h"
#include "base/log.h"
#include "base/option.h"
#include "chat/bans.h"
#include "net/addr.h"

#include "config_private.h"

#define KIB    INT64_C(1024)
#define MIB    (KIB * KIB)
#define GIB    (KIB * MIB)
#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/* clang-format off */
#define ROW(k, t, type_, field) \
	.key = (k), .type = OPT_##t, .offset = offsetof(struct type_, field)

/* The flood group of a struct whose member `field` is flood_settings.
 * INHERIT rows take chat's. */
#define FLOOD_ROWS(pre, type_, field, flag, when, b, q, r, p, e)               \
	{ROW(pre "burst", INT, type_, field.burst), .min = 1, .max = 100000,   \
		.fallback = (b), .flags = (flag), .reload = (when),            \
		.help = "lines that pass at once"},                            \
	{ROW(pre "queue", INT, type_, field.queue), .min = 0, .max = 100000,   \
		.fallback = (q), .flags = (flag), .reload = (when),            \
		.help = "lines that wait their turn, more are dropped"},       \
	{ROW(pre "rate", RATE, type_, field.rate), .fallback = (r),            \
		.flags = (flag), .reload = (when),                             \
		.help = "how fast lines pass then"},                           \
	{ROW(pre "patience", DURATION, type_, field.patience_ms),              \
		.min = 100, .max = DAY, .fallback = (p), .flags = (flag),      \
		.reload = (when),                                              \
		.help = "closed after so long without a pause"},               \
	{ROW(pre "exempt", STRINGS, type_, field.exempt), .max = 1024,         \
		.fallback = (e), .flags = (flag), .check = network_check,      \
		.reload = (when),                                              \
		.help = "networks without flood control"}

const struct option config_options[] = {
	{ROW("workers", INT, config, workers), .min = 0, .max = 64,
		.fallback = "0", .reload = RELOAD_RESTART,
		.help = "threads that serve; 0: one per processor, at most 4"},
	{ROW("runtime_dir", STRING, config, runtime_dir), .max = 100,
		.fallback = "", .check = config_check_dir,
		.reload = RELOAD_RESTART,
		.help = "for sockets with a bare name; see sockd.conf(5)"},
	{ROW("state_dir", STRING, config, state_dir), .max = 4000,
		.fallback = "", .check = config_check_dir,
		.reload = RELOAD_RESTART,
		.help = "for what outlives a restart; see sockd.conf(5)"},
	{ROW("log.level", ENUM, config, log_level), .names = log_level_names,
		.fallback = "info", .reload = RELOAD_NOW,
		.help = "error, warning, notice, info or debug"},
	{ROW("drain", DURATION, config, drain_ms), .max = HOUR,
		.fallback = "10s", .reload = RELOAD_NEW,
		.help = "how long unsent output may delay a stop"},
	{ROW("exempt", STRINGS, config, exempt), .max = 1024,
		.fallback = "127.0.0.0/8, ::1", .check = network_check,
		.reload = RELOAD_NEW,
		.help = "networks that the per-address limits do not count"},
	{ROW("keepalive", DURATION, config, keepalive_ms), .min = SECOND,
		.max = 6 * HOUR, .fallback = "60s", .flags = OPT_ZERO,
		.reload = RELOAD_NEW,
		.help = "silence before TCP asks for the peer; \"0\": never"},

	{ROW("limits.connections", INT, config, limits.connections), .min = 1,
		.max = 1000000, .fallback = "10000", .reload = RELOAD_NOW,
		.help = "all services together"},
	{ROW("limits.connections_per_address", INT, config,
		 limits.connections_per_address), .min = 1, .max = 1000000,
		.fallback = "64", .reload = RELOAD_NOW,
		.help = "an IPv4 address or an IPv6 /64"},
	{ROW("limits.connect_rate", RATE, config, limits.connect_rate),
		.fallback = "100/s", .reload = RELOAD_NOW,
		.help = "new connections from one address; \"0\": no limit"},
	{ROW("limits.udp_answers", RATE, config, limits.udp_answers),
		.fallback = "20/s", .reload = RELOAD_NOW,
		.help = "datagrams to one address; \"0\": no limit"},
	{ROW("limits.line", SIZE, config, limits.line), .min = 64,
		.max = 64 * KIB, .fallback = "4KiB", .reload = RELOAD_NEW,
		.help = "one line of a person"},
	{ROW("limits.message", SIZE, config, limits.message), .min = 256,
		.max = 16 * MIB, .fallback = "64KiB", .reload = RELOAD_NEW,
		.help = "one JSON object or frame"},
	{ROW("limits.rooms", INT, config, chat.max_rooms), .min = 1,
		.max = 1000000, .fallback = "1000", .reload = RELOAD_NOW,
		.help = "rooms at one time"},
	{ROW("limits.rooms_per_member", INT, config, chat.rooms_per_member),
		.min = 1, .max = 1000, .fallback = "20", .reload = RELOAD_NOW,
		.help = "rooms that one member is in"},
	{ROW("limits.bans", INT, config, chat.max_bans), .min = 1,
		.max = BANS_MAX, .fallback = "10000", .reload = RELOAD_NOW,
		.help = "bans of networks and names at one time"},
	{ROW("limits.output_soft", SIZE, config, limits.output_soft),
		.min = KIB, .max = GIB, .fallback = "64KiB",
		.reload = RELOAD_NEW,
		.help = "over it the peer's own input is paused"},
	{ROW("limits.output_hard", SIZE, config, limits.output_hard),
		.min = KIB, .max = GIB, .fallback = "512KiB",
		.reload = RELOAD_NEW,
		.help = "over it messages become a count, or we close"},
	{ROW("limits.output_patience", DURATION, config,
		 limits.output_patience_ms), .min = 100, .max = DAY,
		.fallback = "20s", .reload = RELOAD_NEW,
		.help = "over output_hard for so long: closed"},
	{ROW("limits.output_total", SIZE, config, limits.output_total),
		.min = MIB, .max = 1024 * GIB, .fallback = "256MiB",
		.reload = RELOAD_NOW,
		.help = "all connections together; the largest pays first"},

	{ROW("timeouts.idle", DURATION, config, timeouts.idle_ms), .min = 100,
		.max = 365 * DAY, .fallback = "5m", .flags = OPT_ZERO,
		.reload = RELOAD_NEW,
		.help = "without a byte either way; \"0\": never"},
	{ROW("timeouts.handshake", DURATION, config, timeouts.handshake_ms),
		.min = 100, .max = HOUR, .fallback = "10s",
		.reload = RELOAD_NEW,
		.help = "until a TLS or PROXY handshake is done"},
	{ROW("timeouts.linger", DURATION, config, timeouts.linger_ms),
		.min = 100, .max = HOUR, .fallback = "2s", .reload = RELOAD_NEW,
		.help = "after our last byte, for the peer to close"},

	{ROW("chat.name", STRING, config, chat.name), .min = 1, .max = 64,
		.fallback = "sockd", .check = config_check_line,
		.reload = RELOAD_NOW, .help = "of this server, in the welcome"},
	{ROW("chat.room", STRING, config, chat.room), .min = 1, .max = 33,
		.fallback = "lobby", .check = config_check_room,
		.reload = RELOAD_NOW,
		.help = "where people are when they arrive"},
	{ROW("chat.motd", STRING, config, chat.motd), .max = 4096,
		.fallback = "", .reload = RELOAD_NOW,
		.help = "lines shown on arrival; \"\": none"},
	{ROW("chat.text", SIZE, config, chat.text), .min = 64, .max = 64 * KIB,
		.fallback = "4KiB", .reload = RELOAD_NOW,
		.help = "one message, in any dialect"},
	{ROW("chat.topic", INT, config, chat.topic), .min = 0, .max = 1000,
		.fallback = "300", .reload = RELOAD_NOW,
		.help = "characters of a topic"},
	{ROW("chat.history", INT, config, chat.history), .min = 0,
		.max = 100000, .fallback = "500", .reload = RELOAD_NOW,
		.help = "messages kept per room"},
	{ROW("chat.history_bytes", SIZE, config, chat.history_bytes),
		.max = GIB, .fallback = "256KiB", .min = 0,
		.reload = RELOAD_NOW, .help = "bytes kept per room"},
	{ROW("chat.history_total", SIZE, config, chat.history_total),
		.max = 64 * GIB, .fallback = "64MiB", .reload = RELOAD_NOW,
		.help = "bytes kept in all rooms"},
	{ROW("chat.room_keep", DURATION, config, chat.room_keep_ms),
		.max = 365 * DAY, .fallback = "1h", .reload = RELOAD_NOW,
		.help = "an empty room is forgotten after"},
	{ROW("chat.replay", INT, config, chat.replay), .min = 0, .max = 1000,
		.fallback = "10", .reload = RELOAD_NOW,
		.help = "messages shown on joining"},
	{ROW("chat.quiet_above", INT, config, chat.quiet_above), .min = 0,
		.max = 1000000, .fallback = "50", .reload = RELOAD_NOW,
		.help = "members above which nobody is told who comes"},
	{ROW("chat.resume", DURATION, config, chat.resume_ms), .min = SECOND,
		.max = 7 * DAY, .fallback = "10m", .flags = OPT_ZERO,
		.reload = RELOAD_NOW,
		.help = "how long /resume finds a lost connection; \"0\": never"},
	FLOOD_ROWS("chat.flood.", config, chat.flood, 0, RELOAD_NEW, "40", "20",
		"2/s", "30s", "[ ]"),
	{ROW("chat.accounts", STRING, config, chat.accounts), .max = 4000,
		.fallback = "", .reload = RELOAD_NOW,
		.help = "file of names and passwords"},
	{ROW("chat.operators", STRINGS, config, chat.operators), .max = 1024,
		.fallback = "[ ]", .check = config_check_operator,
		.reload = RELOAD_NOW, .help = "names, or \"@group\" for a Unix group"},

	{ROW("control.path", STRING, config, control_path), .max = 107,
		.fallback = "control.sock", .reload = RELOAD_RESTART,
		.check = config_check_socket,
		.help = "unix socket of sockctl(1); \"\": none"},
	{ROW("control.mode", STRING, config, control_mode), .fallback = "0660",
		.check = config_check_mode, .reload = RELOAD_RESTART,
		.help = "its permissions, in octal"},
	{ROW("control.group", STRING, config, control_group), .max = 64,
		.fallback = "", .check = config_check_group,
		.reload = RELOAD_RESTART,
		.help = "its group; \"\": that of the daemon"},
	OPTION_END,
};
/* clang-format on */

static const char *const transport_names[] = {
	[TRANSPORT_TCP] = "tcp",
	[TRANSPORT_UDP] = "udp",
	[TRANSPORT_TLS] = "tls",
	NULL,
};

static const char *const framing_names[] = {
	[FRAMING_STREAM] = "stream",
	[FRAMING_LINE] = "line",
	[FRAMING_LENGTH] = "length",
	NULL,
};

/* clang-format off */
const struct option config_service_options[] = {
	{ROW("protocol", STRING, service_config, protocol), .min = 1, .max = 64,
		.flags = OPT_REQUIRED, .reload = RELOAD_NEW,
		.help = "what is served"},
	{ROW("enabled", BOOL, service_config, enabled), .fallback = "true",
		.reload = RELOAD_NEW, .help = "false switches the service off"},
	{ROW("transport", ENUM, service_config, transport),
		.names = transport_names, .fallback = "tcp",
		.reload = RELOAD_NEW, .help = "tcp, udp or tls"},
	{ROW("listen", STRINGS, service_config, listen), .max = 64,
		.flags = OPT_REQUIRED, .check = config_check_listen,
		.reload = RELOAD_NEW,
		.help = "HOST:PORT, [IPV6]:PORT, *:PORT, /PATH or a bare name"},
	{ROW("backlog", INT, service_config, backlog), .min = 1, .max = 65535,
		.fallback = "4096", .reload = RELOAD_NOW,
		.help = "connections that wait for accept"},
	{ROW("framing", ENUM, service_config, framing), .names = framing_names,
		.fallback = "stream", .reload = RELOAD_NEW,
		.help = "stream, line or length"},
	{ROW("max_connections", INT, service_config, max_connections),
		.min = 0, .max = 1000000, .fallback = "0", .reload = RELOAD_NOW,
		.help = "of this service; 0: no limit of its own"},
	{ROW("send_buffer", SIZE, service_config, send_buffer), .min = 4 * KIB,
		.max = 64 * MIB, .fallback = "0", .flags = OPT_ZERO,
		.reload = RELOAD_NEW,
		.help = "SO_SNDBUF; \"0\": the kernel's choice"},
	{ROW("idle", DURATION, service_config, idle_ms), .min = 100,
		.max = 365 * DAY, .fallback = "timeouts.idle",
		.flags = OPT_INHERIT | OPT_ZERO, .reload = RELOAD_NEW,
		.help = "closed after so long without a byte; \"0\": never"},
	{ROW("allow", STRINGS, service_config, allow), .max = 1024,
		.fallback = "[ ]", .check = network_check, .reload = RELOAD_NEW,
		.help = "networks that may connect; none: everybody"},
	{ROW("proxy_protocol", STRINGS, service_config, proxy_protocol),
		.max = 1024, .fallback = "[ ]", .check = network_check,
		.reload = RELOAD_NEW,
		.help = "networks of proxies, which send a PROXY header"},
	{ROW("tls.certificate", STRING, service_config, tls_certificate),
		.max = 4000, .fallback = "", .flags = OPT_UNBUILT,
		.reload = RELOAD_NEW,
		.help = "file with the certificate chain"},
	{ROW("tls.key", STRING, service_config, tls_key), .max = 4000,
		.fallback = "", .flags = OPT_UNBUILT, .reload = RELOAD_NEW,
		.help = "file with its private key"},
	{ROW("tls.client_ca", STRING, service_config, tls_client_ca),
		.max = 4000, .fallback = "", .flags = OPT_UNBUILT,
		.reload = RELOAD_NEW,
		.help = "file with the authorities of clients"},
	{ROW("mode", STRING, service_config, mode), .fallback = "0666",
		.check = config_check_mode, .reload = RELOAD_NOW,
		.help = "permissions of a unix socket, in octal"},
	{ROW("group", STRING, service_config, group), .max = 64,
		.fallback = "", .check = config_check_group,
		.reload = RELOAD_NOW,
		.help = "group of a unix socket; \"\": that of the daemon"},
	OPTION_END,
};

const struct option config_room_options[] = {
	{ROW("topic", STRING, room_settings, topic), .max = 4000,
		.fallback = "", .check = config_check_line,
		.reload = RELOAD_NOW, .help = "shown to those who join"},
	{ROW("replay", INT, room_settings, replay), .min = 0, .max = 1000,
		.fallback = "chat.replay", .flags = OPT_INHERIT,
		.reload = RELOAD_NOW, .help = "messages shown on joining"},
	FLOOD_ROWS("flood.", room_settings, flood, OPT_INHERIT, RELOAD_NOW,
		"chat.flood.burst", "chat.flood.queue", "chat.flood.rate",
		"chat.flood.patience", "chat.flood.exempt"),
	{ROW("locked", BOOL, room_settings, locked), .fallback = "false",
		.reload = RELOAD_NOW, .help = "only operators may join"},
	OPTION_END,
};
/* clang-format on */
