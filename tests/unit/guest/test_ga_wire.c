#include "guest/wire/ga_msg.h"
#include "guest/wire/pb.h"

#include <errno.h>

#include "tests/unit/test.h"

static struct ga_bytes
bytes(const char *s)
{
	return (struct ga_bytes){ (const uint8_t *)s, strlen(s) };
}

static void
add_port(struct ga_ports *l, const char *proto, const char *ip, unsigned port)
{
	struct ga_port p;

	assert_true(ga_port_parse(&p, proto, strlen(proto), ip, strlen(ip), port));
	ga_ports_add(l, &p);
}

/* Every way of cutting a good message short is damage, or a shorter good message; never more. */
#define CUTS(b, call) do { \
	for (size_t cut_ = 0; cut_ < (b).len; cut_++) { \
		uint8_t *copy_ = malloc(cut_ + 1); /* of its own, so that ASan sees a read beyond it */ \
		const uint8_t *p = memcpy(copy_, (b).s, cut_); \
		size_t len = cut_; \
		(void)(call); \
		free(copy_); \
	} \
} while (0)

TEST(varints_of_every_size)
{
	static const uint64_t values[] = { 1, 127, 128, 300, 16383, 16384, UINT32_MAX, INT64_MAX, UINT64_MAX };

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		AUTO(buf) b = BUF_INIT;
		struct pb_reader r;
		struct pb_field f;

		pb_put_uint(&b, 1000, values[i]);
		r = (struct pb_reader){ .p = (uint8_t *)b.s, .end = (uint8_t *)b.s + b.len };
		assert_true(pb_next(&r, &f));
		assert_int_equal(f.number, 1000);
		assert_int_equal(f.type, PB_VARINT);
		assert_true(f.value == values[i]);
		assert_false(pb_next(&r, &f));
		assert_false(r.bad);
	}
}

TEST(fields_are_as_protobuf_writes_them)
{
	AUTO(buf) b = BUF_INIT;

	/* the examples of protobuf's own description of its encoding */
	pb_put_uint(&b, 1, 150);
	pb_put_str(&b, 2, "testing");
	pb_put_str(&b, 3, "");
	pb_put_uint(&b, 4, 0);
	assert_int_equal(b.len, 12);
	assert_memory_equal(b.s, "\x08\x96\x01\x12\x07testing", 12);
}

TEST(messages_within_messages_of_any_length)
{
	static const size_t lengths[] = { 0, 1, 127, 128, 129, 16383, 16384, 70000 };

	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		auto_free char *fill = xcalloc(1, lengths[i] + 1);
		AUTO(buf) b = BUF_INIT;
		struct pb_reader r;
		struct pb_field f;
		size_t at;

		memset(fill, 'x', lengths[i]);
		pb_put_uint(&b, 1, 7);
		at = pb_begin(&b, 2);
		buf_add(&b, fill, lengths[i]);
		pb_end(&b, at);
		pb_put_uint(&b, 3, 8);
		r = (struct pb_reader){ .p = (uint8_t *)b.s, .end = (uint8_t *)b.s + b.len };
		assert_true(pb_next(&r, &f) && f.value == 7);
		assert_true(pb_next(&r, &f));
		assert_int_equal(f.len, lengths[i]);
		assert_memory_equal(f.p, fill, lengths[i]);
		assert_true(pb_next(&r, &f) && f.value == 8);
		assert_false(pb_next(&r, &f));
		assert_false(r.bad);
	}
}

TEST(damage_is_told)
{
	static const struct { const char *p; size_t len; } bad[] = {
		{ "\x08", 1 },				/* no value */
		{ "\x08\x80", 2 },			/* half a varint */
		{ "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12 },	/* too long a varint */
		{ "\x12\x05" "abc", 5 },		/* longer than the message */
		{ "\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11 },
		{ "\x0b\x0c", 2 },			/* a group */
		{ "\x0e", 1 }, { "\x0f", 1 },		/* no such types */
		{ "\x00\x01", 2 },			/* no field has number 0 */
		{ "\x0d\x01\x02\x03", 4 },		/* half a fixed32 */
		{ "\x09\x01\x02\x03\x04\x05\x06\x07", 8 },
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		uint8_t *copy = memcpy(malloc(bad[i].len), bad[i].p, bad[i].len);
		struct pb_reader r = { .p = copy, .end = copy + bad[i].len };
		struct pb_field f;

		assert_false(pb_next(&r, &f));
		assert_true(r.bad);
		assert_false(pb_next(&r, &f));
		free(copy);
	}
}

TEST(ports_and_their_text)
{
	static const struct { const char *ip; unsigned port; const char *text; } good[] = {
		{ "127.0.0.1", 80, "127.0.0.1:80" }, { "0.0.0.0", 65535, "0.0.0.0:65535" }, { "::", 1, "[::]:1" },
		{ "::1", 8080, "[::1]:8080" }, { "::ffff:10.1.2.3", 5, "10.1.2.3:5" },
		{ "2001:db8:1111:2222:3333:4444:5555:6666", 65535, "[2001:db8:1111:2222:3333:4444:5555:6666]:65535" },
	};
	static const struct { const char *proto, *ip; uint64_t port; } bad[] = {
		{ "tcp", "", 80 }, { "tcp", "localhost", 80 }, { "tcp", "1.2.3", 80 }, { "tcp", "1.2.3.4", 0 },
		{ "tcp", "1.2.3.4", 65536 }, { "tcp", "1.2.3.4", (uint64_t)-80 }, { "sctp", "1.2.3.4", 80 },
		{ "tc", "1.2.3.4", 80 }, { "", "1.2.3.4", 80 }, { "tcp", "1.2.3.4%eth0", 80 }, { "tcp", "::1%lo", 80 },
		{ "tcp", "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", 80 }, { "TCP", "1.2.3.4", 80 },
	};
	struct ga_port p;
	char text[54];

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_true(ga_port_parse(&p, "udp", 3, good[i].ip, strlen(good[i].ip), good[i].port));
		assert_string_equal(ga_port_addr(&p, text), good[i].text);
		assert_string_equal(ga_port_proto(&p), "udp");
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(ga_port_parse(&p, bad[i].proto, strlen(bad[i].proto), bad[i].ip, strlen(bad[i].ip), bad[i].port));
	assert_false(ga_port_parse(&p, "tcp", 3, "1.2.3.4\0garbage", 10, 80));
	assert_false(ga_port_parse(&p, NULL, 0, NULL, 0, 80));
}

TEST(lists_of_ports)
{
	AUTO(ga_ports) a = { 0 }, b = { 0 }, added = { 0 }, removed = { 0 };

	add_port(&a, "tcp", "127.0.0.1", 80);
	add_port(&a, "tcp", "::", 80);
	add_port(&a, "udp", "127.0.0.1", 80);
	add_port(&a, "tcp", "127.0.0.1", 80);
	ga_ports_sort(&a);
	assert_int_equal(a.n, 3);
	add_port(&b, "tcp", "::", 80);
	add_port(&b, "tcp", "10.0.0.1", 22);
	ga_ports_sort(&b);
	ga_ports_diff(&a, &b, &added, &removed);
	assert_int_equal(added.n, 1);
	assert_int_equal(added.v[0].port, 22);
	assert_int_equal(removed.n, 2);
	assert_false(ga_ports_equal(&a, &b));
	ga_ports_copy(&b, &a);
	assert_true(ga_ports_equal(&a, &b));
	ga_ports_release(&added);
	ga_ports_release(&removed);
	ga_ports_diff(&a, &b, &added, &removed);
	assert_int_equal(added.n + removed.n, 0);
}

TEST(info_there_and_back)
{
	struct ga_info m = { .features = GA_HALF_CLOSE | GA_SNAPSHOT, .version = "1.2.3" };
	AUTO(ga_info) got = { 0 };
	AUTO(buf) b = BUF_INIT;
	struct error err;

	add_port(&m.ports, "tcp", "127.0.0.1", 80);
	add_port(&m.ports, "udp", "fe80::1", 53);
	ga_info_put(&b, &m);
	ok(ga_info_get(&got, b.s, b.len, &err));
	ga_ports_sort(&m.ports);
	assert_true(ga_ports_equal(&m.ports, &got.ports));
	assert_int_equal(got.features, 3);
	assert_string_equal(got.version, "1.2.3");
	CUTS(b, ({ struct ga_info cut = { 0 }; int rc = ga_info_get(&cut, p, len, &err); ga_info_release(&cut); rc; }));
	ga_info_release(&m);
}

TEST(info_as_upstream_writes_it)
{
	/* Info{local_ports: [{"tcp", "127.0.0.1", 8080}, {"udp", "::", 53}]} by protoc's own encoder */
	static const char text[] = "\n\x13\n\x03tcp\x12\t127.0.0.1\x18\x90?\n\x0b\n\x03udp\x12\x02::\x18" "5";
	AUTO(ga_info) got = { 0 };
	AUTO(buf) again = BUF_INIT;
	struct error err;

	ok(ga_info_get(&got, text, sizeof text - 1, &err));
	assert_int_equal(got.ports.n, 2);
	assert_int_equal(got.ports.v[1].port, 8080);
	assert_int_equal(got.features, 0);
	ga_info_put(&again, &got);
	assert_int_equal(again.len, sizeof text - 1);
}

TEST(what_is_unknown_is_passed_over)
{
	AUTO(ga_info) got = { 0 };
	AUTO(buf) b = BUF_INIT;
	struct error err;
	size_t at;

	pb_put_uint(&b, 77, 5);
	at = pb_begin(&b, 1);
	pb_put_str(&b, 1, "sctp");	/* a protocol to come */
	pb_put_str(&b, 2, "127.0.0.1");
	pb_put_uint(&b, 3, 80);
	pb_end(&b, at);
	at = pb_begin(&b, 1);
	pb_put_str(&b, 1, "tcp");
	pb_put_str(&b, 9, "new");
	pb_put_str(&b, 2, "127.0.0.1");
	pb_put_uint(&b, 3, 81);
	pb_end(&b, at);
	pb_put_str(&b, 2, "new");
	pb_put_uint(&b, 1, 3);		/* a known number with another type */
	ok(ga_info_get(&got, b.s, b.len, &err));
	assert_int_equal(got.ports.n, 1);
	assert_int_equal(got.ports.v[0].port, 81);
}

TEST(too_many_ports_are_refused)
{
	struct ga_info m = { 0 };
	AUTO(ga_info) got = { 0 };
	AUTO(buf) b = BUF_INIT;
	struct error err;

	for (unsigned i = 0; i <= GA_PORTS_MAX; i++)
		add_port(&m.ports, "tcp", i & 1 ? "::1" : "127.0.0.1", 1 + i / 2);
	ga_info_put(&b, &m);
	not_ok(ga_info_get(&got, b.s, b.len, &err), "more than 65536 ports");
	assert_int_equal(err.code, E2BIG);
	assert_null(got.ports.v);
	ga_info_release(&m);
}

TEST(event_there_and_back)
{
	struct ga_event m = { .time = { 1700000000, 123456789 }, .flags = GA_EVENT_SNAPSHOT, .errors = "oh", .boots = true,
			      .boot = { "iid-1", "iid-2", "one\ntwo" } };
	AUTO(ga_event) got = { 0 };
	AUTO(buf) b = BUF_INIT;
	struct error err;

	add_port(&m.added, "tcp", "0.0.0.0", 1);
	add_port(&m.removed, "udp", "0.0.0.0", 2);
	ga_event_put(&b, &m);
	pb_put_str(&b, 4, "a\nb\x1b[2J");
	ok(ga_event_get(&got, b.s, b.len, &err));
	assert_int_equal(got.time.tv_sec, 1700000000);
	assert_int_equal(got.time.tv_nsec, 123456789);
	assert_int_equal(got.added.v[0].port, 1);
	assert_int_equal(got.removed.v[0].port, 2);
	assert_int_equal(got.flags, GA_EVENT_SNAPSHOT);
	assert_string_equal(got.errors, "oh; a?b?[2J");
	assert_true(got.boots);
	assert_string_equal(got.boot.session, "iid-1");
	assert_string_equal(got.boot.done, "iid-2");
	assert_string_equal(got.boot.errors, "one\ntwo");
	CUTS(b, ({ struct ga_event cut = { 0 }; int rc = ga_event_get(&cut, p, len, &err); ga_event_release(&cut); rc; }));
	ga_event_release(&m);
}

TEST(errors_of_an_event_are_bounded)
{
	AUTO(ga_event) got = { 0 };
	AUTO(buf) b = BUF_INIT;
	struct error err;

	for (int i = 0; i < 5000; i++)
		pb_put_str(&b, 4, "the same again");
	ok(ga_event_get(&got, b.s, b.len, &err));
	assert_int_equal(strlen(got.errors), sizeof got.errors - 1);
}

TEST(tunnel_messages)
{
	struct ga_tunnel_msg m = { bytes("tcp-1"), bytes("tcp"), bytes("da\0ta"), bytes("127.0.0.1:80"), GA_TUNNEL_HALF_CLOSE };
	struct ga_tunnel_msg got;
	AUTO(buf) b = BUF_INIT;
	struct error err;

	m.data.len = 5;
	ga_tunnel_put(&b, &m);
	ok(ga_tunnel_get(&got, b.s, b.len, &err));
	assert_int_equal(got.data.len, 5);
	assert_memory_equal(got.data.p, "da\0ta", 5);
	assert_memory_equal(got.id.p, "tcp-1", got.id.len);
	assert_memory_equal(got.proto.p, "tcp", got.proto.len);
	assert_memory_equal(got.addr.p, "127.0.0.1:80", got.addr.len);
	assert_int_equal(got.flags, GA_TUNNEL_HALF_CLOSE);
	CUTS(b, ga_tunnel_get(&got, p, len, &err));
	ok(ga_tunnel_get(&got, NULL, 0, &err));
	assert_int_equal(got.data.len, 0);
}

TEST(times)
{
	struct timespec t = { 1700000000, 5 }, got = { 0 };
	AUTO(buf) b = BUF_INIT;
	struct error err;
	size_t at;

	ga_time_put(&b, &t);
	ok(ga_time_get(&got, b.s, b.len, &err));
	assert_int_equal(got.tv_sec, t.tv_sec);
	assert_int_equal(got.tv_nsec, t.tv_nsec);
	CUTS(b, ga_time_get(&got, p, len, &err));
	not_ok(ga_time_get(&got, "", 0, &err), "no time");
	buf_truncate(&b, 0);
	at = pb_begin(&b, 1);
	pb_put_uint(&b, 2, 1000000000);	/* a second's worth of nanoseconds */
	pb_end(&b, at);
	not_ok(ga_time_get(&got, b.s, b.len, &err), "no time");
	buf_truncate(&b, 0);
	at = pb_begin(&b, 1);
	pb_put_uint(&b, 1, INT64_MAX);	/* the sun is gone */
	pb_end(&b, at);
	not_ok(ga_time_get(&got, b.s, b.len, &err), "no time");
}

TEST(answers_about_the_clock)
{
	struct ga_time_answer m = { .adjusted = true, .drift_ms = -5000, .error = "no" }, got;
	AUTO(buf) b = BUF_INIT;
	struct error err;

	ga_time_answer_put(&b, &m);
	ok(ga_time_answer_get(&got, b.s, b.len, &err));
	assert_true(got.adjusted);
	assert_int_equal(got.drift_ms, -5000);
	assert_string_equal(got.error, "no");
	CUTS(b, ga_time_answer_get(&got, p, len, &err));
}

TEST(file_events)
{
	struct ga_inotify got;
	AUTO(buf) b = BUF_INIT;
	struct error err;

	ga_inotify_put(&b, "/a/b", &(struct timespec){ 5, 6 });
	ok(ga_inotify_get(&got, b.s, b.len, &err));
	assert_int_equal(got.path.len, 4);
	assert_memory_equal(got.path.p, "/a/b", 4);
	assert_int_equal(got.time.tv_sec, 5);
	CUTS(b, ga_inotify_get(&got, p, len, &err));
	not_ok(ga_inotify_get(&got, "\n\x01/", 3, &err), "no time");
}

TEST(watch_flags)
{
	AUTO(buf) b = BUF_INIT;
	struct error err;
	uint32_t flags = 9;

	ok(ga_watch_get(&flags, "", 0, &err));	/* upstream's Empty */
	assert_int_equal(flags, 0);
	ga_watch_put(&b, GA_WATCH_SNAPSHOT);
	ok(ga_watch_get(&flags, b.s, b.len, &err));
	assert_int_equal(flags, GA_WATCH_SNAPSHOT);
}

TEST(printable_text)
{
	char out[8];

	ga_printable(out, sizeof out, "abcdefghij", 10);
	assert_string_equal(out, "abcdefg");
	ga_printable(out, sizeof out, "a\0\x7f\x80", 4);
	assert_string_equal(out, "a???");
	ga_printable(out, sizeof out, NULL, 0);
	assert_string_equal(out, "");
}
