#include "providers/drivers/qemu/memory.h"
#include "providers/drivers/qemu/qmp.h"
#include "providers/drivers/qemu/qmp_session.h"

#include <cjson/cJSON.h>
#include <errno.h>

#include "providers/machine.h"
#include "providers/sock.h"
#include "tests/unit/fake_server.h"

#define HELLO "{\"QMP\": {\"version\": {}, \"capabilities\": [\"oob\"]}}\r\n"
#define EVENT "{\"timestamp\": {\"seconds\": 1}, \"event\": \"POWERDOWN\"}\r\n"

TEST(executes_one_command)
{
	static const char *const say[] = { HELLO EVENT, EVENT "{\"return\": {}}\r\n" EVENT,
					   EVENT "{\"return\": {\"status\": \"running\"}}\r\n", NULL };
	auto_free char *path = test_path("a.sock");
	pid_t pid = fake_server(path, &(struct script){ say, true, true });
	struct error err;
	cJSON *answer;

	ok(qmp_execute(path, "query-status", NULL, 5000, &answer, &err));
	assert_string_equal(cJSON_GetObjectItem(answer, "status")->valuestring, "running");
	cJSON_Delete(answer);
	test_kill(pid);
}

TEST(what_the_monitor_says_is_text)
{
	static const char *const say[] = { HELLO, "{\"return\": {}}\r\n", "{\"return\": \"Error: Snapshot \\\"x\\\"\\r\\n\"}\r\n", NULL };
	auto_free char *path = test_path("b.sock");
	pid_t pid = fake_server(path, &(struct script){ say, true, true });
	AUTO(buf) out = BUF_INIT;
	struct error err;

	ok(qmp_human(path, "loadvm \"x\"", 5000, &out, &err));
	assert_string_equal(out.s, "Error: Snapshot \"x\"\r\n");
	test_kill(pid);
}

TEST(what_keeps_memory_from_being_saved_is_said_with_a_way_out)
{
	static const struct {
		const char *reason, *says;
	} cases[] = {
		{ "Migration is disabled when VirtFS export path '/home/x' is mounted in the guest using mount_tag 'mount0'", "unmount them in the guest" },
		{ "non-migratable device: 0000:00:07.0/vhost-user-fs", "`mountType: reverse-sshfs`" },
		{ "the machine is haunted", "its memory cannot be saved: QEMU: the machine is haunted" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_free char *path = test_path("qmp.sock"), *answer = xasprintf("{\"return\": {\"blocked-reasons\": [\"%s\"]}}\n", cases[i].reason);
		const char *const say[] = { HELLO, "{\"return\": {}}\n", answer, NULL };
		pid_t pid = fake_server(path, &(struct script){ say, true, true });
		struct error err;

		not_ok(qemu_memory.check(test_dir_, &err), cases[i].says);
		assert_int_equal(err.code, ERR_UNSUPPORTED);
		assert_non_null(strstr(err.msg, cases[i].reason));
		assert_true((i == 2) == !strchr(err.msg, ';'));
		test_kill(pid);
	}
}

/* Less memory may be wanted by then, and an earlier version's machine had no balloon. */
TEST(a_machine_that_was_put_aside_is_made_of_the_parts_that_it_had)
{
	static const char *const with[] = { "qemu", "-m", "512", "-device", "virtio-balloon-pci,id=balloon0" };
	static const char *const without[] = { "qemu", "-m", "many", "-device", "virtio-rng-pci", "-m" };
	struct machine m = { .memory_bytes = 384 << 20 };

	qemu_memory.was(with, ARRAY_LEN(with), &m);
	assert_int_equal(m.memory_bytes, 512 << 20);
	assert_true(m.balloon);
	qemu_memory.was(without, ARRAY_LEN(without), &m);
	assert_int_equal(m.memory_bytes, 512 << 20);
	assert_false(m.balloon);
}

TEST(answers_of_all_kinds)
{
	static const struct {
		const char *say[4];
		bool stays;
		size_t flood;
		const char *says;
		int code;
	} cases[] = {
		{ { HELLO, "{\"return\": {}}\n", "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"no such\"}}\n" }, true, 0,
		  "QEMU, x: no such", EIO },
		{ { HELLO, "{\"error\": 5}\n" }, true, 0, "QEMU, x: ", EIO },
		{ { "hello\n" }, true, 0, "not QMP", EPROTO },
		{ { "{\"return\": {}}\n" }, true, 0, "not QMP", EPROTO },
		{ { "[]\n" }, true, 0, "not QMP", EPROTO },
		{ { "\n" }, true, 0, "not QMP", EPROTO },
		{ { HELLO, "{\"return\"" }, false, 0, "closed", ECONNRESET },
		{ { HELLO }, false, 0, "QEMU, x: ", 0 },
		{ { "" }, true, 2 << 20, "a line without end", EPROTO },
		{ { "" }, true, 0, "in time", ETIMEDOUT },
		{ { HELLO, "{\"return\": {}}\n" EVENT EVENT }, true, 0, "in time", ETIMEDOUT },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_free char *path = test_path("c.sock");
		pid_t pid = fake_server(path, &(struct script){ cases[i].say, true, cases[i].stays, cases[i].flood });
		struct error err;

		not_ok(qmp_execute(path, "x", NULL, 500, NULL, &err), cases[i].says);
		if (cases[i].code)
			assert_int_equal(err.code, cases[i].code);
		test_kill(pid);
	}
}

#define GONE(device) "{\"event\": \"DEVICE_DELETED\", \"data\": {\"device\": \"" device "\", \"path\": \"/x\"}}\n"

/* The event may come before the answer or behind it; one about another device is none. */
TEST(several_commands_on_one_connection_and_an_event)
{
	static const struct {
		const char *say[5];
		const char *says;	/* NULL: all is well */
	} cases[] = {
		{ { HELLO, "{\"return\": {}}\n", "{\"return\": 1}\n", GONE("d") "{\"return\": {}}\n" }, NULL },
		{ { HELLO, "{\"return\": {}}\n", "{\"return\": 1}\n", "{\"return\": {}}\n" EVENT GONE("e") GONE("d") }, NULL },
		{ { HELLO, "{\"return\": {}}\n", GONE("d") "{\"return\": 1}\n", "{\"return\": {}}\n" GONE("e") }, "QEMU, device_del: " },
		{ { HELLO, "{\"return\": {}}\n", "{\"error\": {\"desc\": \"no\"}}\n" }, "QEMU, first: no" },
		{ { HELLO, "{\"return\": {}}\n", "{\"return\": 1}\n", "{\"error\": {\"desc\": \"not so\"}}\n" }, "QEMU, device_del: not so" },
	};
	static const struct qmp_step steps[] = { { "first", NULL, -1, NULL, NULL }, { "device_del", "{}", -1, "DEVICE_DELETED", "d" } };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_free char *path = test_path("s.sock");
		pid_t pid = fake_server(path, &(struct script){ cases[i].say, true, true });
		struct error err;

		if (cases[i].says)
			not_ok(qmp_execute_steps(path, steps, ARRAY_LEN(steps), 500, &err), cases[i].says);
		else
			ok(qmp_execute_steps(path, steps, ARRAY_LEN(steps), 60000, &err));
		test_kill(pid);
	}
}

TEST(nobody_there)
{
	auto_free char *path = test_path("d.sock");
	AUTO(buf) longer = BUF_INIT;
	struct error err;

	not_ok(qmp_execute(path, "x", NULL, 500, NULL, &err), "no such file");
	assert_int_equal(err.code, ENOENT);
	while (longer.len < 200)
		buf_adds(&longer, "/abcdefg");
	not_ok(qmp_execute(longer.s, "x", NULL, 500, NULL, &err), "too long");
}

/* What may all have come in one piece is answered in turn, whatever the pieces. */
TEST(a_session_takes_bytes_in_any_pieces)
{
	static const char all[] = HELLO EVENT "{\"return\": {}}\n" EVENT "{\"return\": 7}\n" EVENT;

	for (size_t piece = 1; piece <= sizeof all; piece++) {
		struct qmp_session s = qmp_session("x", "{\"a\":1}");
		AUTO(buf) said = BUF_INIT;
		const char *say;
		struct error err;
		int r = 0;

		for (size_t at = 0; r == 0 && at < sizeof all - 1; at += piece) {
			size_t n = sizeof all - 1 - at < piece ? sizeof all - 1 - at : piece;

			do {
				ok(r = qmp_session_feed(&s, all + at, n, &say, &err));
				buf_adds(&said, say ? say : "");
				n = 0;
			} while (r == 0 && say);
		}
		assert_int_equal(r, 1);
		assert_int_equal(s.answer->valueint, 7);
		assert_string_equal(said.s, "{\"execute\":\"qmp_capabilities\"}\n{\"execute\":\"x\",\"arguments\":{\"a\":1}}\n");
		qmp_session_release(&s);
	}
}
