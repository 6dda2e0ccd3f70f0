#include "cli/args/values.h"

#include "base/mem.h"
#include "tests/unit/test.h"

/* What the text comes to, or the complaint. */
static char *
said(struct error_text *why, const char *fmt, double v)
{
	return why->text ? xstrdup(why->text) : xasprintf(fmt, v);
}

#define INT(s, expected) do { \
	AUTO(error_text) why = { 0 }; \
	long long v = 0; \
	value_int(s, &v, &why); \
	auto_free char *got = why.text ? xstrdup(why.text) : xasprintf("%lld", v); \
	assert_string_equal(got, expected); \
} while (0)

TEST(integers_as_go_reads_them)
{
	INT("42", "42");
	INT("-1", "-1");
	INT("+7", "7");
	INT("0x1F", "31");
	INT("0b101", "5");
	INT("0o17", "15");
	INT("017", "15");
	INT("1_000", "1000");
	INT("9223372036854775807", "9223372036854775807");
	INT("-9223372036854775808", "-9223372036854775808");
	INT("9223372036854775808", "strconv.ParseInt: parsing \"9223372036854775808\": value out of range");
	INT("", "strconv.ParseInt: parsing \"\": invalid syntax");
	INT("x", "strconv.ParseInt: parsing \"x\": invalid syntax");
	INT("1__0", "strconv.ParseInt: parsing \"1__0\": invalid syntax");
	INT("0x", "strconv.ParseInt: parsing \"0x\": invalid syntax");
	INT("08", "strconv.ParseInt: parsing \"08\": invalid syntax");
	INT("1 ", "strconv.ParseInt: parsing \"1 \": invalid syntax");
}

#define PORT(s, expected) do { \
	AUTO(error_text) why = { 0 }; \
	long long v = 0; \
	value_uint(s, 16, &v, &why); \
	auto_free char *got = why.text ? xstrdup(why.text) : xasprintf("%lld", v); \
	assert_string_equal(got, expected); \
} while (0)

TEST(ports)
{
	PORT("60022", "60022");
	PORT("65535", "65535");
	PORT("65536", "strconv.ParseUint: parsing \"65536\": value out of range");
	PORT("-1", "strconv.ParseUint: parsing \"-1\": invalid syntax");
}

#define FLOAT(s, expected) do { \
	AUTO(error_text) why = { 0 }; \
	double v = 0; \
	value_float(s, &v, &why); \
	auto_free char *got = said(&why, "%g", v); \
	assert_string_equal(got, expected); \
} while (0)

TEST(floats)
{
	FLOAT("1.5", "1.5");
	FLOAT("1e3", "1000");
	FLOAT(".5", "0.5");
	FLOAT("", "strconv.ParseFloat: parsing \"\": invalid syntax");
	FLOAT("1GiB", "strconv.ParseFloat: parsing \"1GiB\": invalid syntax");
	FLOAT(" 1", "strconv.ParseFloat: parsing \" 1\": invalid syntax");
	FLOAT("1e999", "strconv.ParseFloat: parsing \"1e999\": value out of range");
}

#define BOOL(s, expected) do { \
	AUTO(error_text) why = { 0 }; \
	bool v = false; \
	value_bool(s, &v, &why); \
	auto_free char *got = said(&why, "%g", v); \
	assert_string_equal(got, expected); \
} while (0)

TEST(booleans)
{
	BOOL("true", "1");
	BOOL("T", "1");
	BOOL("0", "0");
	BOOL("False", "0");
	BOOL("yes", "strconv.ParseBool: parsing \"yes\": invalid syntax");
	BOOL("tRUE", "strconv.ParseBool: parsing \"tRUE\": invalid syntax");
}

#define DURATION(s, expected) do { \
	AUTO(error_text) why = { 0 }; \
	long long v = 0; \
	value_duration(s, &v, &why); \
	auto_free char *got = said(&why, "%.9g", (double)v / 1e9); \
	assert_string_equal(got, expected); \
} while (0)

TEST(durations)
{
	DURATION("90s", "90");
	DURATION("1h30m", "5400");
	DURATION("1.5m", "90");
	DURATION("-10ms", "-0.01");
	DURATION("0", "0");
	DURATION("5", "time: missing unit in duration \"5\"");
	DURATION("5x", "time: unknown unit \"x\" in duration \"5x\"");
	DURATION("", "time: invalid duration \"\"");
	DURATION("s", "time: invalid duration \"s\"");
	DURATION("1.2.3s", "time: invalid duration \"1.2.3s\"");
	DURATION("9999999999h", "time: invalid duration \"9999999999h\"");
}

#define CSV(line, expected) do { \
	AUTO(error_text) why = { 0 }; \
	AUTO(arena) a = { 0 }; \
	AUTO(buf) b = BUF_INIT; \
	char **v = NULL; \
	size_t n = 0, cap = 0; \
	value_csv(line, &a, &v, &n, &cap, &why); \
	for (size_t i = 0; !why.text && i < n; i++) \
		buf_addf(&b, "<%s>", v[i]); \
	assert_string_equal(why.text ? why.text : b.s, expected); \
	free(v); \
} while (0)

TEST(lists_with_commas)
{
	CSV("", "");
	CSV("a,b", "<a><b>");
	CSV("a,,b,", "<a><><b><>");
	CSV("\"a,b\",c", "<a,b><c>");
	CSV("\"a\"\"b\"", "<a\"b>");
	CSV("a,\"b", "parse error on line 1, column 5: extraneous or missing \" in quoted-field");
	CSV("a\"b", "parse error on line 1, column 2: bare \" in non-quoted field");
}

TEST(addresses)
{
	AUTO(error_text) why = { 0 };

	value_ip("1.2.3.4", &why);
	value_ip("::1", &why);
	assert_null(why.text);
	value_ip("1.2.3", &why);
	assert_string_equal(why.text, "invalid string being converted to IP address: 1.2.3");
}
