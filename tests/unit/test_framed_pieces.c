/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random messages, and what must come of them however their bytes are cut. */
#include <check.h>

#include "framed_probe.h"

/* Random input, and by the rules of the interface what must come of it. */

static size_t pick(size_t n)
{
	return (size_t)rand() % n;
}

static void add_line(size_t len)
{
	static const struct slice ends[] = {
		{"\n", 1}, {"\r\n", 2}, {"\r\0", 2}};
	/* No end in it: never a CR before a NUL, a LF or the end. */
	static const char *const atoms[] = {
		"a", "b", "\rx", "\r\ry", "\xff", "{"};
	struct slice end = ends[pick(3)];
	struct strbuf line = {0};

	strbuf_adds(&line, "");
	while (line.len < len)
		strbuf_adds(&line, atoms[pick(N(atoms))]);
	if (pick(8) == 0)
		strbuf_add(&line, "\0z", 2);
	if (pick(4) == 0 && end.data[0] == '\r')
		strbuf_addc(&line, '\r');
	strbuf_add(&input, line.data, line.len);
	strbuf_add(&input, end.data, end.len);
	if (line.len > LINE_MOST) {
		strbuf_addf(&want,
			"error: that line has %zu bytes, 100 are allowed; it "
			"was not answered",
			line.len);
	} else {
		strbuf_adds(&want, "<");
		strbuf_add(&want, line.data, line.len);
	}
	strbuf_add(&want, end.data, end.len);
	strbuf_fini(&line);
}

static int make_lines(void)
{
	static const size_t sizes[] = {1, 5, 30, 98, 105, 250};

	for (size_t n = pick(12); n > 0; n--)
		add_line(pick(sizes[pick(N(sizes))]));
	if (pick(3) == 0)
		return CLOSE_EOF;
	strbuf_adds(&input, "the last");
	strbuf_adds(&want, "<the last");
	return CLOSE_EOF;
}

static int make_frames(void)
{
	static const size_t sizes[] = {1, 5, 60, MESSAGE_MOST + 1};
	char data[MESSAGE_MOST];
	size_t n;

	for (n = pick(12); n > 0; n--) {
		size_t len = pick(sizes[pick(N(sizes))]);

		for (size_t i = 0; i < len; i++)
			data[i] = (char)rand();
		if (len == 4 && memcmp(data, "quit", 4) == 0)
			data[0] = 'Q';
		add_frame(&input, "", data, len);
		add_frame(&want, "<", data, len);
	}
	if (pick(2))
		return CLOSE_EOF;
	n = pick(N(broken));
	strbuf_add(&input, broken[n].data, broken[n].len);
	strbuf_addf(&want, "error: %s\n", broken[n].says);
	return CLOSE_FRAME;
}

static const struct {
	const char *framing;
	int (*make)(void); /* returns the reason of the end */
} makers[] = {{"line", make_lines}, {"length", make_frames}};

/* The input in pieces, straight to the hooks, each in memory of its own. */
static void feed_pieces(void)
{
	const struct conn_ops *ops = net.svc->type->ops;
	size_t len, most = 1 + pick(pick(4) ? 20 : 2000);

	net_open(&net, &fd);
	for (size_t at = 0; at < input.len && probe.closed < 0; at += len) {
		char *exact;

		len = 1 + pick(most);
		len = input.len - at < len ? input.len - at : len;
		exact = malloc(len);
		memcpy(exact, input.data + at, len);
		ops->data(probe.conn, exact, len);
		free(exact);
	}
	if (probe.closed < 0)
		ops->eof(probe.conn, NULL);
}

/* 50 streams of each kind, each cut in 100 ways: 10,000 in all. */
START_TEST(pieces_do_not_matter)
{
	serve(makers[_i].framing);
	srand(1);
	for (int stream = 0; stream < 50; stream++) {
		int reason;

		take(&input, "", 0);
		take(&want, "", 0);
		reason = makers[_i].make();
		for (int way = 0; way < 100; way++) {
			strbuf_clear(&got);
			feed_pieces();
			ck_assert_int_eq(net_read(fd, &got), 1);
			close(fd);
			ck_assert_int_eq(probe.closed, reason);
			ck_got();
			net_turn(&net);
		}
	}
	ck_assert_uint_eq(net.crew.n_conns, 0);
}
END_TEST

/* The same through a socket. */
START_TEST(reads_do_not_matter)
{
	serve(makers[_i].framing);
	srand(2);
	for (int stream = 0; stream < 200; stream++) {
		int reason;
		size_t most = 1 + pick(100);

		take(&input, "", 0);
		take(&want, "", 0);
		strbuf_clear(&got);
		reason = makers[_i].make();
		net_open(&net, &fd);
		for (size_t at = 0, len; at < input.len; at += len) {
			len = 1 + pick(most);
			len = input.len - at < len ? input.len - at : len;
			send(fd, input.data + at, len, MSG_NOSIGNAL);
			net_turn(&net);
		}
		shutdown(fd, SHUT_WR);
		ck_assert_int_eq(net_read_all(&net, fd, &got), 1);
		close(fd);
		ck_got();
		ck_assert_int_eq(probe.closed, reason);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("framed_pieces");
	TCase *tc = tcase_create("framed_pieces");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, NULL, tear_down);
	tcase_add_loop_test(tc, pieces_do_not_matter, 0, N(makers));
	tcase_add_loop_test(tc, reads_do_not_matter, 0, N(makers));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
