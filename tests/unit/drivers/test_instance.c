/* The instance that our QEMU is told of as an external driver, and what it says in return. */
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/jsonspan.h"
#include "base/mem.h"
#include "drivers/qemu/instance.h"
#include "tests/unit/test.h"

static const char *
filled_text(struct arena *a, const char *config, const char *path)
{
	AUTO(buf) json = BUF_INIT, filled = BUF_INIT;
	struct error err;

	buf_addf(&json, "{\"name\":\"a\",\"disk\":107374182400,\"config\":%s}", config);
	ok(instance_fill(json.s, json.len, &filled, &err));
	return arena_strdup(a, json_text(a, json_at(json_span_of(filled.s), path)));
}

TEST(what_was_left_open_is_the_drivers)
{
	AUTO(arena) a = { 0 };

	assert_string_equal(filled_text(&a, "{}", "config.vmType"), "qemu");
	assert_string_equal(filled_text(&a, "{}", "config.mountType"), "9p");
	assert_string_equal(filled_text(&a, "{\"mountType\":\"\"}", "config.mountType"), "9p");
	assert_string_equal(filled_text(&a, "{\"mountType\":\"default\",\"mountTypesUnsupported\":[\"virtiofs\",\"9p\"]}", "config.mountType"), "reverse-sshfs");
	assert_string_equal(filled_text(&a, "{\"video\":{\"vnc\":{}}}", "config.video.vnc.display"), "127.0.0.1:0,to=9");
	assert_string_equal(filled_text(&a, "{\"video\":null}", "config.video.vnc.display"), "127.0.0.1:0,to=9");
}

TEST(what_was_said_stays)
{
	AUTO(arena) a = { 0 };

	assert_string_equal(filled_text(&a, "{\"mountType\":\"virtiofs\"}", "config.mountType"), "virtiofs");
	assert_string_equal(filled_text(&a, "{\"vmType\":\"ours\"}", "config.vmType"), "ours");
	assert_string_equal(filled_text(&a, "{\"video\":{\"display\":\"none\"}}", "config.video.display"), "none");
	assert_string_equal(filled_text(&a, "{}", "name"), "a");
}

TEST(sizes_stay_whole)
{
	static const char json[] = "{\"disk\":107374182400,\"memory\":109951162777600,\"config\":{}}";
	AUTO(buf) filled = BUF_INIT;
	struct error err;

	ok(instance_fill(json, strlen(json), &filled, &err));
	assert_non_null(strstr(filled.s, "\"disk\":107374182400,"));
	assert_non_null(strstr(filled.s, "\"memory\":109951162777600,"));
}

TEST(what_is_no_instance_is_refused)
{
	static const char *const bad[] = { "", "[]", "{}", "{\"config\":3}", "{\"config\":{}", "\"config\"" };
	AUTO(buf) filled = BUF_INIT;
	struct error err;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(instance_fill(bad[i], strlen(bad[i]), &filled, &err), -1);
}

