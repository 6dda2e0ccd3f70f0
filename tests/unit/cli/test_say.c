#include "cli/cli.h"

#include <regex.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "cli/args/flags.h"
#include "cli/commands/start.h"
#include "cli/view/table.h"
#include "base/clock.h"
#include "tests/unit/test.h"

/* What `call` writes to stderr. */
#define STDERR_OF(text, call) do { \
	auto_free char *path_ = test_path("stderr"); \
	int keep_ = dup(STDERR_FILENO); \
	assert_non_null(freopen(path_, "w", stderr)); \
	call; \
	fflush(stderr); \
	dup2(keep_, STDERR_FILENO); \
	close(keep_); \
	struct error err; \
	ok(fs_read(path_, text, 1 << 16, &err)); \
} while (0)

static void
like(const char *text, const char *pattern)
{
	regex_t re;

	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&re, text, 0, NULL, 0) != 0)
		fail_msg("%s is not like %s", text, pattern);
	regfree(&re);
}

static const struct say_field fields[] = {
	{ .key = "arch", .value = "x86_64" }, { .key = "location", .value = "a b" }, { .key = "z", .value = "" }, { 0 },
};

#define TIME "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(Z|[+-][0-9:]{5})"

TEST(text_for_files)
{
	struct cli c = { .log_level = SAY_INFO };
	AUTO(buf) b = BUF_INIT;

	c.env.ctx = &c;
	STDERR_OF(&b, cli_say(&c.env, SAY_INFO, "Protected `%s`", "foo"));
	like(b.s, "^time=\"" TIME "\" level=info msg=\"Protected `foo`\"\n$");
	buf_truncate(&b, 0);
	STDERR_OF(&b, cli_say(&c.env, SAY_WARN, "one-word"));
	like(b.s, " level=warning msg=one-word\n$");
	buf_truncate(&b, 0);
	STDERR_OF(&b, cli_say_with(&c, SAY_ERROR, fields, "two\nlines"));
	/* a record each: nobody reads escaped line breaks */
	like(b.s, "^time=\"" TIME "\" level=error msg=two arch=x86_64 location=\"a b\" z=\ntime=\"" TIME "\" level=error msg=lines\n$");
	buf_truncate(&b, 0);
	STDERR_OF(&b, cli_say(&c.env, SAY_DEBUG, "not asked for"));
	assert_string_equal(b.s, "");
	STDERR_OF(&b, cli_fatal(&c, &(struct error){ .msg = "unknown flag: --bogus" }));
	like(b.s, " level=fatal msg=\"unknown flag: --bogus\"\n$");
}

TEST(the_time_is_local)
{
	struct cli c = { .log_level = SAY_INFO };
	AUTO(buf) b = BUF_INIT;

	c.env.ctx = &c;
	setenv("TZ", "XXX-05:30", 1);
	tzset();
	STDERR_OF(&b, cli_say(&c.env, SAY_INFO, "x"));
	unsetenv("TZ");
	tzset();
	like(b.s, "^time=\"[0-9T:-]{19}\\+05:30\" ");
}

TEST(json_has_its_keys_in_order)
{
	struct cli c = { .log_level = SAY_INFO, .log_json = true };
	const struct say_field raw[] = { { .key = "errors", .value = "[\"a\"]", .raw_json = true }, { 0 } };
	AUTO(buf) b = BUF_INIT;

	c.env.ctx = &c;
	STDERR_OF(&b, cli_say_with(&c, SAY_WARN, fields, "a <b>"));
	like(b.s, "^\\{\"arch\":\"x86_64\",\"level\":\"warning\",\"location\":\"a b\",\"msg\":\"a \\\\u003cb\\\\u003e\","
	     "\"time\":\"" TIME "\",\"z\":\"\"\\}\n$");
	buf_truncate(&b, 0);
	STDERR_OF(&b, cli_say_with(&c, SAY_WARN, raw, "m"));
	like(b.s, "^\\{\"errors\":\\[\"a\"\\],\"level\":\"warning\",\"msg\":\"m\",\"time\":\"" TIME "\"\\}\n$");
	buf_truncate(&b, 0);
	STDERR_OF(&b, cli_say_with(&c, SAY_WARN, fields, "first\n\tsecond\n\nthird\n"));
	like(b.s, "^\\{\"arch\":\"x86_64\",\"level\":\"warning\",\"lines\":\\[\"second\",\"third\"\\],\"location\":\"a b\",\"msg\":\"first\",");
}

TEST(an_advice_is_a_field_in_json_and_part_of_the_message_elsewhere)
{
	struct cli c = { .log_level = SAY_INFO, .log_json = true };
	AUTO(buf) b = BUF_INIT;
	struct error e;

	c.env.ctx = &c;
	error_set(&e, ERR_INVALID, "unknown flag: --memroy");
	error_hint(&e, " (did you mean --%s?)", "memory");
	error_wrap(&e, "plan");
	STDERR_OF(&b, cli_fatal(&c, &e));
	like(b.s, "^\\{\"hint\":\"did you mean --memory\\?\",\"level\":\"fatal\",\"msg\":\"plan: unknown flag: --memroy\",\"time\":\"" TIME "\"\\}\n$");
	c.log_json = false;
	buf_truncate(&b, 0);
	STDERR_OF(&b, cli_fatal(&c, &e));
	like(b.s, " msg=\"plan: unknown flag: --memroy \\(did you mean --memory\\?\\)\"\n$");
	c.log_json = true;
	buf_truncate(&b, 0);
	error_set(&e, ERR_INVALID, "no");
	error_hint(&e, "\nSee `x --help`.\n\nUsage:  x\n");
	STDERR_OF(&b, cli_fatal(&c, &e));
	like(b.s, "^\\{\"hint\":\"See `x --help`. Usage:  x\",\"level\":\"fatal\",\"msg\":\"no\",");
	/* one that was cut away leaves the message */
	buf_truncate(&b, 0);
	error_set(&e, ERR_INVALID, "%01100d", 7);
	error_hint(&e, "; do something");
	STDERR_OF(&b, cli_fatal(&c, &e));
	like(b.s, "^\\{\"level\":\"fatal\",\"msg\":\"0+\",");
}

TEST(people_get_letters_and_seconds)
{
	struct cli c = { .log_level = SAY_INFO, .stderr_tty = true, .color = true, .began_ms = clock_ms() - 5000 };
	AUTO(buf) b = BUF_INIT;

	c.env.ctx = &c;
	STDERR_OF(&b, cli_say(&c.env, SAY_WARN, "careful\n"));
	assert_string_equal(b.s, "\033[33mWARN\033[0m[0005] careful\n");
	buf_truncate(&b, 0);
	c.color = false;
	STDERR_OF(&b, cli_say_with(&c, SAY_INFO, fields, "x"));
	assert_string_equal(b.s, "INFO[0005] x                                            arch=x86_64 location=\"a b\" z=\n");
}

static int
options(const char *level, const char *format, bool debug, struct cli *c, struct error *err)
{
	AUTO(flag_values) v = { 0 };

	flags_add(&v, global_flags);
	flags_long(&v, "log-level", 9)->s = level;
	flags_long(&v, "log-format", 10)->s = format;
	flags_long(&v, "debug", 5)->b = debug;
	*c = (struct cli){ .values = &v, .log_level = SAY_INFO };
	return cli_log_options(c, err);
}

TEST(levels_and_formats)
{
	struct error err;
	struct cli c;

	ok(options("", "text", false, &c, &err));
	assert_int_equal(c.log_level, SAY_INFO);
	ok(options("", "json", true, &c, &err));
	assert_int_equal(c.log_level, SAY_DEBUG);
	assert_true(c.log_json && c.env.debug);
	ok(options("WARNING", "text", true, &c, &err));
	assert_int_equal(c.log_level, SAY_WARN);
	ok(options("panic", "text", false, &c, &err));
	assert_true(c.log_level > SAY_ERROR + 1);
	not_ok(options("x", "text", false, &c, &err), "not a valid logrus Level: \"x\"");
	not_ok(options("", "yaml", false, &c, &err), "unsupported log-format: `yaml`");
	arena_release(&c.arena);
}

TEST(columns_line_up)
{
	AUTO(table) t = { 0 };
	AUTO(buf) b = BUF_INIT;

	table_begin(&t, 3);
	table_cell(&t, "NAME");
	table_cell(&t, "SIZE");
	table_cell(&t, "DIR");
	table_cell(&t, "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9");
	table_cellf(&t, "%d", 1);
	table_cell(&t, "");
	table_print(&t, &b);
	assert_string_equal(b.s, "NAME      SIZE    DIR\n\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9    1       \n");
}

TEST(a_table_fits_the_terminal_and_no_cell_is_cut)
{
	static const int order[] = { TABLE_NARROW, 2, 1, -1 };
	const struct {
		size_t width;
		const char *line;
	} all[] = {
		{ 0, "a-long-name    Stopped    ~/.lima/a-long-name\n" },
		{ 45, "a-long-name    Stopped    ~/.lima/a-long-name\n" },
		{ 44, "a-long-name  Stopped  ~/.lima/a-long-name\n" },
		{ 41, "a-long-name  Stopped  ~/.lima/a-long-name\n" },
		{ 40, "a-long-name  Stopped\n" },
		{ 20, "a-long-name  Stopped\n" },
		{ 19, "a-long-name\n" },
		{ 3, "a-long-name\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		AUTO(table) t = { 0 };
		AUTO(buf) b = BUF_INIT;

		table_begin(&t, 3);
		table_cell(&t, "a-long-name");
		table_cell(&t, "Stopped");
		table_cell(&t, "~/.lima/a-long-name");
		table_fit(&t, all[i].width, order);
		table_print(&t, &b);
		assert_string_equal(b.s, all[i].line);
	}
}
