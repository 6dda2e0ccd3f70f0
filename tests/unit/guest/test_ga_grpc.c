#include "guest/wire/grpc.h"

#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <sys/uio.h>

#include "tests/unit/test.h"

/* A client and a server joined in memory; `step` bytes cross at a time, so that everything arrives in pieces. */
struct pair {
	struct grpc_conn *client, *server;
	size_t step;
	bool broken;
	/* what the server does with a call, and what it saw */
	const struct grpc_stream_ops *serve;
	struct grpc_stream *s;
	char method[64];
	struct buf got;
	unsigned messages, ends, drained;
	struct grpc_status closed;
	unsigned closes;
};

static const struct grpc_limits limits = { .message_max = 1 << 20, .partial_max = 2 << 20, .streams_max = 8 };

static void
on_call(void *ctx, struct grpc_stream *s, const char *method)
{
	struct pair *p = ctx;

	p->s = s;
	snprintf(p->method, sizeof p->method, "%s", method);
	if (p->serve)
		grpc_accept(s, p->serve, p);
	else
		grpc_finish(s, GRPC_UNIMPLEMENTED, "100% nothing");
}

static void
begin(struct pair *p)
{
	*p = (struct pair){ .step = 1 << 20, .got = BUF_INIT };
	p->client = grpc_client_new(&limits);
	p->server = grpc_server_new(&limits, on_call, p);
}

static void
end(struct pair *p)
{
	grpc_conn_free(p->client, "");
	grpc_conn_free(p->server, "");
	buf_release(&p->got);
}

static bool
carry(struct pair *p, struct grpc_conn *from, struct grpc_conn *to)
{
	const uint8_t *out;
	size_t n = grpc_output(from, &out);
	uint8_t *copy;

	n = n < p->step ? n : p->step;
	if (!n)
		return false;
	copy = memcpy(malloc(n), out, n);
	grpc_sent(from, n);
	if (grpc_feed(to, copy, n, NULL) < 0)
		p->broken = true;
	free(copy);
	return !p->broken;
}

static void
settle(struct pair *p)
{
	bool more;

	do {
		more = carry(p, p->client, p->server);
		more |= carry(p, p->server, p->client);
	} while (more);
}

static void
send_text(struct grpc_stream *s, const char *text)
{
	grpc_send(s, &(struct iovec){ (void *)(uintptr_t)text, strlen(text) }, 1);
}

/* The client's side of a call. */
struct call {
	struct buf got;
	unsigned messages, closes, drained;
	struct grpc_status why;
};

static void
call_message(void *ctx, struct grpc_stream *s, const uint8_t *p, size_t len)
{
	struct call *c = ctx;

	(void)s;
	c->messages++;
	buf_add(&c->got, p, len);
}

static void
call_drained(void *ctx, struct grpc_stream *s)
{
	(void)s;
	((struct call *)ctx)->drained++;
}

static void
call_closed(void *ctx, const struct grpc_status *why)
{
	struct call *c = ctx;

	c->closes++;
	c->why = *why;
}

static const struct grpc_stream_ops call_ops = { .message = call_message, .drained = call_drained, .closed = call_closed };
#define CALL_INIT { .got = BUF_INIT }

static void
server_message(void *ctx, struct grpc_stream *s, const uint8_t *m, size_t len)
{
	struct pair *p = ctx;

	(void)s;
	p->messages++;
	buf_add(&p->got, m, len);
}

static void
server_end(void *ctx, struct grpc_stream *s)
{
	(void)s;
	((struct pair *)ctx)->ends++;
}

static void
server_closed(void *ctx, const struct grpc_status *why)
{
	struct pair *p = ctx;

	p->closes++;
	p->closed = *why;
}

static void
server_drained(void *ctx, struct grpc_stream *s)
{
	(void)s;
	((struct pair *)ctx)->drained++;
}

static const struct grpc_stream_ops keep_ops = {
	.message = server_message, .end = server_end, .closed = server_closed, .drained = server_drained,
};

static void
echo_message(void *ctx, struct grpc_stream *s, const uint8_t *m, size_t len)
{
	server_message(ctx, s, m, len);
	grpc_send(s, &(struct iovec){ (void *)(uintptr_t)m, len }, 1);
}

static void
echo_end(void *ctx, struct grpc_stream *s)
{
	server_end(ctx, s);
	grpc_finish(s, GRPC_OK, "");
}

static const struct grpc_stream_ops echo_ops = { .message = echo_message, .end = echo_end, .closed = server_closed };

TEST(a_call_of_one_message_each_way)
{
	static const size_t steps[] = { 1, 2, 7, 1000, 1 << 20 };

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct call c = CALL_INIT;
		struct grpc_stream *s;
		struct pair p;

		begin(&p);
		p.step = steps[i];
		p.serve = &echo_ops;
		s = grpc_call(p.client, "/A/B", &call_ops, &c);
		send_text(s, "hello");
		grpc_end(s);
		settle(&p);
		assert_string_equal(p.method, "/A/B");
		assert_string_equal(p.got.s, "hello");
		assert_int_equal(p.ends, 1);
		assert_string_equal(c.got.s, "hello");
		assert_int_equal(c.closes, 1);
		assert_int_equal(c.why.code, GRPC_OK);
		assert_int_equal(grpc_streams(p.client), 0);
		assert_int_equal(grpc_streams(p.server), 0);
		assert_int_equal(p.closes, 0);	/* it ended the call itself */
		buf_release(&c.got);
		end(&p);
	}
}

TEST(status_and_its_text_arrive)
{
	struct call c = CALL_INIT;
	struct pair p;

	begin(&p);
	assert_non_null(grpc_call(p.client, "/no/such", &call_ops, &c));
	settle(&p);
	assert_int_equal(c.why.code, GRPC_UNIMPLEMENTED);
	assert_string_equal(c.why.text, "100? nothing");
	assert_int_equal(grpc_streams(p.client), 0);
	assert_int_equal(grpc_streams(p.server), 0);
	end(&p);
}

TEST(messages_of_any_size_in_any_pieces)
{
	static const size_t sizes[] = { 0, 1, 4, 5, 16384, 32768, 65535, 65536, 300000, 1 << 20 };
	size_t sum = 0;
	struct call c = CALL_INIT;
	struct grpc_stream *s;
	struct pair p;

	begin(&p);
	p.step = 777;
	p.serve = &echo_ops;
	s = grpc_call(p.client, "/A/B", &call_ops, &c);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		auto_free char *fill = xcalloc(1, sizes[i] + 1);

		memset(fill, 'a' + (int)i, sizes[i]);
		send_text(s, fill);
		sum += sizes[i];
	}
	grpc_end(s);
	settle(&p);
	assert_int_equal(p.messages, ARRAY_LEN(sizes));
	assert_int_equal(c.messages, ARRAY_LEN(sizes));
	assert_int_equal(c.got.len, sum);
	assert_memory_equal(c.got.s, p.got.s, sum);
	assert_int_equal(c.got.s[sum - 1], 'a' + (int)ARRAY_LEN(sizes) - 1);
	assert_int_equal(c.why.code, GRPC_OK);
	buf_release(&c.got);
	end(&p);
}

TEST(a_message_that_is_too_long_ends_its_stream_only)
{
	struct call big = CALL_INIT, small = CALL_INIT;
	auto_free char *fill = xcalloc(1, (1 << 20) + 2);
	struct grpc_stream *s, *other;
	struct pair p;

	begin(&p);
	p.serve = &echo_ops;
	memset(fill, 'x', (1 << 20) + 1);
	s = grpc_call(p.client, "/A/B", &call_ops, &big);
	send_text(s, fill);
	settle(&p);
	assert_int_equal(big.why.code, GRPC_EXHAUSTED);
	assert_int_equal(p.closes, 1);
	assert_int_equal(p.messages, 0);
	other = grpc_call(p.client, "/A/B", &call_ops, &small);
	send_text(other, "well");
	grpc_end(other);
	settle(&p);
	assert_string_equal(small.got.s, "well");
	assert_int_equal(grpc_streams(p.server), 0);
	buf_release(&small.got);
	end(&p);
}

TEST(unfinished_messages_have_a_limit_together)
{
	struct call c[4] = { CALL_INIT, CALL_INIT, CALL_INIT, CALL_INIT };
	auto_free char *fill = xcalloc(1, 900000);
	unsigned refused = 0;
	struct pair p;

	/* four messages of 900,000 bytes begun, of which the windows let only the beginning through */
	begin(&p);
	p.step = 10000;
	p.serve = &keep_ops;
	memset(fill, 'x', 899999);
	for (size_t i = 0; i < ARRAY_LEN(c); i++)
		send_text(grpc_call(p.client, "/A/B", &call_ops, &c[i]), fill);
	for (int i = 0; i < 40; i++) {
		carry(&p, p.client, p.server);
		carry(&p, p.server, p.client);
	}
	settle(&p);
	for (size_t i = 0; i < ARRAY_LEN(c); i++)
		refused += c[i].why.code == GRPC_EXHAUSTED;
	assert_in_range(refused, 1, 2);
	assert_int_equal(p.messages, 4 - refused);
	end(&p);
}

TEST(server_streams_and_the_client_leaves)
{
	struct call c = CALL_INIT;
	struct grpc_stream *s;
	struct pair p;

	begin(&p);
	p.serve = &keep_ops;
	s = grpc_call(p.client, "/A/B", &call_ops, &c);
	send_text(s, "begin");
	grpc_end(s);
	settle(&p);
	for (int i = 0; i < 3; i++) {
		send_text(p.s, "event ");
		settle(&p);
		assert_int_equal(c.messages, i + 1);
	}
	assert_string_equal(c.got.s, "event event event ");
	grpc_reset(s);
	settle(&p);
	assert_int_equal(c.closes, 0);
	assert_int_equal(p.closes, 1);
	assert_int_equal(p.closed.code, GRPC_CANCELLED);
	assert_int_equal(grpc_streams(p.client) + grpc_streams(p.server), 0);
	buf_release(&c.got);
	end(&p);
}

TEST(a_call_may_be_dropped_before_it_was_sent)
{
	struct call c = CALL_INIT;
	struct grpc_stream *s;
	struct pair p;

	begin(&p);
	p.serve = &keep_ops;
	s = grpc_call(p.client, "/A/B", &call_ops, &c);
	send_text(s, "never mind");
	grpc_reset(s);
	settle(&p);
	assert_int_equal(grpc_streams(p.client), 0);
	assert_int_equal(c.closes, 0);
	end(&p);
}

TEST(server_ends_while_the_client_still_sends)
{
	struct call c = CALL_INIT;
	struct grpc_stream *s;
	struct pair p;

	begin(&p);
	p.serve = &keep_ops;
	s = grpc_call(p.client, "/A/B", &call_ops, &c);
	send_text(s, "1");
	settle(&p);
	send_text(p.s, "last words");
	grpc_finish(p.s, GRPC_ABORTED, "enough");
	settle(&p);
	assert_string_equal(c.got.s, "last words");
	assert_int_equal(c.why.code, GRPC_ABORTED);
	assert_string_equal(c.why.text, "enough");
	assert_int_equal(grpc_streams(p.client) + grpc_streams(p.server), 0);
	buf_release(&c.got);
	end(&p);
}

TEST(back_pressure_stops_the_sender)
{
	auto_free char *chunk = xcalloc(1, 32769);
	struct call c = CALL_INIT;
	struct grpc_stream *s;
	struct pair p;
	size_t held;

	begin(&p);
	p.serve = &keep_ops;
	memset(chunk, 'x', 32768);
	s = grpc_call(p.client, "/A/B", &call_ops, &c);
	send_text(s, "1");
	settle(&p);
	grpc_pause(p.s, true);
	for (int i = 0; i < 100; i++)
		send_text(s, chunk);
	settle(&p);
	/* a window has come, and no more */
	assert_in_range(p.got.len, 30000, 65536);
	held = grpc_queued(s);
	assert_true(held > 3000000 && c.drained == 0);
	settle(&p);
	assert_int_equal(grpc_queued(s), held);
	grpc_pause(p.s, false);
	settle(&p);
	assert_int_equal(p.got.len, 3276801);
	assert_int_equal(grpc_queued(s), 0);
	assert_int_equal(c.drained, 1);
	end(&p);
}

TEST(a_paused_stream_holds_up_no_other)
{
	auto_free char *chunk = xcalloc(1, 100001);
	struct call c[7];
	struct grpc_stream *s;
	struct pair p;

	begin(&p);
	p.serve = &keep_ops;
	memset(chunk, 'x', 100000);
	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		c[i] = (struct call)CALL_INIT;
		s = grpc_call(p.client, "/A/B", &call_ops, &c[i]);
		send_text(s, "1");
		settle(&p);
		grpc_pause(p.s, true);
		for (int k = 0; k < 100; k++)
			send_text(s, chunk);
		settle(&p);
	}
	p.serve = &echo_ops;
	s = grpc_call(p.client, "/A/B", &call_ops, &c[0]);
	send_text(s, "am I heard?");
	grpc_end(s);
	settle(&p);
	assert_string_equal(c[0].got.s, "am I heard?");
	buf_release(&c[0].got);
	end(&p);
}

TEST(only_so_many_streams)
{
	struct call c[9];
	struct pair p;

	begin(&p);
	p.serve = &keep_ops;
	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		struct grpc_stream *s;

		c[i] = (struct call)CALL_INIT;
		s = grpc_call(p.client, "/A/B", &call_ops, &c[i]);
		assert_true(!s == (i == 8));
	}
	settle(&p);
	assert_int_equal(grpc_streams(p.server), 8);
	grpc_finish(p.s, GRPC_OK, "");
	settle(&p);
	assert_non_null(grpc_call(p.client, "/A/B", &call_ops, &c[8]));
	end(&p);
	assert_int_equal(c[8].why.code, GRPC_UNAVAILABLE);
}

TEST(a_lost_connection_ends_everything_once)
{
	struct call c[3] = { CALL_INIT, CALL_INIT, CALL_INIT };
	struct pair p;

	begin(&p);
	p.serve = &keep_ops;
	for (size_t i = 0; i < ARRAY_LEN(c); i++)
		send_text(grpc_call(p.client, "/A/B", &call_ops, &c[i]), "x");
	settle(&p);
	grpc_conn_free(p.client, "the guest is gone");
	p.client = NULL;
	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		assert_int_equal(c[i].closes, 1);
		assert_int_equal(c[i].why.code, GRPC_UNAVAILABLE);
		assert_string_equal(c[i].why.text, "the guest is gone");
	}
	grpc_conn_free(p.server, "");
	assert_int_equal(p.closes, 3);
	p.server = NULL;
	end(&p);
}

/* What an owner may do from inside its callbacks. */
static void
reset_on_message(void *ctx, struct grpc_stream *s, const uint8_t *m, size_t len)
{
	server_message(ctx, s, m, len);
	grpc_reset(s);
}

TEST(resetting_from_inside_a_callback)
{
	static const struct grpc_stream_ops ops = { .message = reset_on_message, .closed = server_closed };
	struct call c = CALL_INIT;
	struct grpc_stream *s;
	struct pair p;

	begin(&p);
	p.serve = &ops;
	s = grpc_call(p.client, "/A/B", &call_ops, &c);
	send_text(s, "1");
	send_text(s, "2");
	settle(&p);
	assert_int_equal(p.messages, 1);	/* none after it */
	assert_int_equal(c.closes, 1);
	assert_int_equal(c.why.code, GRPC_CANCELLED);
	assert_int_equal(grpc_streams(p.client) + grpc_streams(p.server), 0);
	end(&p);
}

/* Raw frames, for what no decent client sends. */
static void
feed_server(struct pair *p, const void *bytes, size_t len)
{
	uint8_t *copy = memcpy(malloc(len), bytes, len);

	if (grpc_feed(p->server, copy, len, NULL) < 0)
		p->broken = true;
	free(copy);
}

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"

/* A HEADERS frame of literal fields, without END_STREAM. */
static void
add_headers(struct buf *b, uint32_t id, const char *const *fields, int repeat)
{
	AUTO(buf) block = BUF_INIT;

	for (int r = 0; r < repeat; r++)
		for (const char *const *f = fields; *f; f += 2) {
			buf_add(&block, "\0", 1);
			buf_addc(&block, (char)strlen(f[0]));
			buf_adds(&block, f[0]);
			buf_addc(&block, (char)strlen(f[1]));
			buf_adds(&block, f[1]);
		}
	buf_add(b, (char[]){ (char)(block.len >> 16), (char)(block.len >> 8), (char)block.len, 1, 4, 0, 0,
			     (char)(id >> 8), (char)id }, 9);
	buf_add(b, block.s, block.len);
}

TEST(upstreams_client_with_its_empty_authority_is_served)
{
	static const char *const fields[] = { ":method", "POST", ":scheme", "http", ":path", "/A/B", ":authority", "",
					      "content-type", "application/grpc", "te", "trailers", NULL };
	AUTO(buf) b = BUF_INIT;
	struct pair p;

	begin(&p);
	p.serve = &keep_ops;
	buf_add(&b, PREFACE, sizeof PREFACE - 1);
	add_headers(&b, 1, fields, 1);
	buf_add(&b, "\0\0\7\0\0\0\0\0\1\0\0\0\0\2hi", 16);
	feed_server(&p, b.s, b.len);
	assert_false(p.broken);
	assert_string_equal(p.method, "/A/B");
	assert_string_equal(p.got.s, "hi");
	end(&p);
}

TEST(requests_that_are_none)
{
	static const char *const get[] = { ":method", "GET", ":path", "/A/B", NULL };
	static const char *const nothing[] = { "a", "b", NULL };
	static const char *const star[] = { ":method", "POST", ":path", "*", NULL };
	const char *const *all[] = { get, nothing, star };
	AUTO(buf) b = BUF_INIT;
	struct pair p;

	begin(&p);
	p.serve = &keep_ops;
	buf_add(&b, PREFACE, sizeof PREFACE - 1);
	for (uint32_t i = 0; i < ARRAY_LEN(all); i++)
		add_headers(&b, 1 + 2 * i, all[i], 1);
	feed_server(&p, b.s, b.len);
	assert_string_equal(p.method, "");
	assert_null(p.s);
	assert_false(p.broken);
	end(&p);
}

TEST(a_flood_of_header_fields_resets_the_stream)
{
	static const char *const fields[] = { "x", "y", NULL };
	AUTO(buf) b = BUF_INIT;
	struct pair p;

	begin(&p);
	buf_add(&b, PREFACE, sizeof PREFACE - 1);
	add_headers(&b, 1, fields, 1000);
	feed_server(&p, b.s, b.len);
	assert_null(p.s);
	end(&p);
}

TEST(a_compressed_message_is_refused)
{
	static const char *const fields[] = { ":method", "POST", ":path", "/A/B", NULL };
	AUTO(buf) b = BUF_INIT;
	struct pair p;

	begin(&p);
	p.serve = &keep_ops;
	buf_add(&b, PREFACE, sizeof PREFACE - 1);
	add_headers(&b, 1, fields, 1);
	buf_add(&b, "\0\0\7\0\0\0\0\0\1\1\0\0\0\2hi", 16);
	feed_server(&p, b.s, b.len);
	assert_int_equal(p.messages, 0);
	assert_int_equal(p.closes, 1);
	assert_int_equal(p.closed.code, GRPC_UNIMPLEMENTED);
	end(&p);
}

TEST(what_is_no_http2_breaks_the_connection)
{
	static const char *const bad[] = { "GET / HTTP/1.1\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", "\xff\xff\xff\xff" };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct error err;
		struct pair p;

		begin(&p);
		not_ok(grpc_feed(p.server, bad[i], strlen(bad[i]), &err), "HTTP/2");
		assert_int_equal(err.code, EPROTO);
		assert_true(grpc_done(p.server));
		not_ok(grpc_feed(p.server, "x", 1, &err), "over");
		end(&p);
	}
}

TEST(a_broken_rule_is_answered_with_goaway)
{
	const uint8_t *out;
	struct pair p;
	size_t n;

	begin(&p);
	/* DATA on stream 0 */
	feed_server(&p, PREFACE "\0\0\1\0\0\0\0\0\0x", sizeof PREFACE - 1 + 10);
	while ((n = grpc_output(p.server, &out)))
		grpc_sent(p.server, n);
	assert_true(grpc_done(p.server));
	end(&p);
}

TEST(who_asks_and_never_reads_is_thrown_out)
{
	AUTO(buf) b = BUF_INIT;
	struct pair p;

	begin(&p);
	feed_server(&p, PREFACE, sizeof PREFACE - 1);
	for (int i = 0; i < 100000; i++)	/* pings, each of which wants an answer */
		buf_add(&b, "\0\0\x08\6\0\0\0\0\0abcdefgh", 17);
	feed_server(&p, b.s, b.len);
	assert_true(p.broken || grpc_done(p.server));
	end(&p);
}

TEST(calls_that_are_reset_at_once_leave_nothing)
{
	static const char *const fields[] = { ":method", "POST", ":path", "/A/B", NULL };
	const uint8_t *out;
	struct pair p;
	size_t n;

	begin(&p);
	p.serve = &keep_ops;
	feed_server(&p, PREFACE, sizeof PREFACE - 1);
	for (uint32_t id = 1; id < 2000 && !p.broken && !grpc_done(p.server); id += 2) {
		AUTO(buf) b = BUF_INIT;

		add_headers(&b, id, fields, 1);
		buf_add(&b, (char[]){ 0, 0, 4, 3, 0, 0, 0, (char)(id >> 8), (char)id, 0, 0, 0, 8 }, 13);
		feed_server(&p, b.s, b.len);
		assert_true(grpc_streams(p.server) <= 1);
		while ((n = grpc_output(p.server, &out)))
			grpc_sent(p.server, n);
	}
	end(&p);
}
