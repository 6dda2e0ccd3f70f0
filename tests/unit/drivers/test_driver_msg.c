#include "drivers/wire/driver_msg.h"

#include <errno.h>

#include "providers/drivers/external/external.h"
#include "providers/machine.h"
#include "base/jsonspan.h"
#include "tests/unit/test.h"

TEST(what_is_put_is_read)
{
	AUTO(buf) b = BUF_INIT;
	struct error err;
	const char *p;
	char why[256];
	bool flag;
	size_t n;

	driver_msg_put_bytes(&b, "127.0.0.1", 9);
	ok(driver_msg_bytes((const uint8_t *)b.s, b.len, &p, &n, &err));
	assert_int_equal(n, 9);
	assert_memory_equal(p, "127.0.0.1", 9);
	buf_truncate(&b, 0);
	driver_msg_put_start(&b, false, "no \033[31m disk");
	ok(driver_msg_start((const uint8_t *)b.s, b.len, &flag, why, &err));
	assert_false(flag);
	assert_string_equal(why, "no ?[31m disk");
	/* Nothing at all is what proto3 makes of zero. */
	ok(driver_msg_bytes(NULL, 0, &p, &n, &err));
	assert_int_equal(n, 0);
}

TEST(what_is_no_message_is_damage)
{
	static const struct { const char *p; size_t len; } bad[] = {
		{ "\x0a\x7fx", 3 }, { "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x01x", 11 }, { "\x0a\x01" "a\x0a\x01" "b", 6 }, { "\x09" "12345678", 9 },
	};
	struct error err;
	const char *p;
	size_t n;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(driver_msg_bytes((const uint8_t *)bad[i].p, bad[i].len, &p, &n, &err), -1);
		assert_int_equal(err.code, EPROTO);
	}
}

TEST(what_a_driver_says_of_itself)
{
	static const char json[] = "{\"name\":\"v\\u001bz\",\"features\":{\"dynamicSSHAddress\":true}}";
	struct driver_info info;
	struct error err;

	ok(driver_info_parse(json, strlen(json), &info, &err));
	assert_string_equal(info.name, "v?z");
	assert_true(info.moves);
	ok(driver_info_parse("{\"name\":3}", 10, &info, &err));
	assert_string_equal(info.name, "");
	assert_false(info.moves);
	assert_int_equal(driver_info_parse("[]", 2, &info, &err), -1);
	assert_int_equal(driver_info_parse("{", 1, &info, &err), -1);
}

TEST(the_instance_that_a_driver_is_told_of)
{
	const struct machine m = { .name = "a", .dir = "/h/a", .type = "vz", .hostname = "lima-a", .arch = "x86_64", .cpus = 2, .version = "2.2.0",
				   .memory_bytes = 1 << 30, .disk_bytes = 5ull << 30, .ssh_port = 60022, .config = "{\"plain\":true}" };
	AUTO(buf) b = BUF_INIT;
	AUTO(arena) a = { 0 };
	struct json_span v;

	external_instance(&m, &b);
	v = json_span_of(b.s);
	assert_string_equal(json_text(&a, json_at(v, "dir")), "/h/a");
	assert_string_equal(json_text(&a, json_at(v, "vmType")), "vz");
	assert_int_equal(json_int(json_at(v, "memory"), 0), 1 << 30);
	assert_int_equal(json_int(json_at(v, "sshLocalPort"), 0), 60022);
	assert_true(json_true(json_at(v, "config.plain")));
}
