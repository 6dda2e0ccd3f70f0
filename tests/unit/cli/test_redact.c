/* What is a secret and what is not, where texts are handed to strangers. */
#include "cli/view/redact.h"
#include "tests/unit/test.h"

static void
becomes(const char *text, const char *want)
{
	struct error err = {0};
	struct redact *r = redact_new(&err);
	AUTO(buf) out = BUF_INIT;

	assert_non_null(r);
	redact_add(r, "known-value\nsecond known line\nabc");
	ok(redact_text(r, text, strlen(text), &out, &err));
	assert_string_equal(out.s, want);
	redact_free(r);
}

TEST(names_that_speak_of_a_secret)
{
	becomes("DB_PASSWORD: a b c\nPLAIN: stays\n", "DB_PASSWORD: REDACTED\nPLAIN: stays\n");
	becomes("{\"apiKey\":\"x\\\"y\",\"cpus\":1}", "{\"apiKey\":\"REDACTED\",\"cpus\":1}");
	becomes("msg=\"{\\\"token\\\":\\\"abc\\\",\\\"a\\\":1}\"",
		"msg=\"{\\\"token\\\":\\\"REDACTED\\\",\\\"a\\\":1}\"");
	becomes("export ADMIN_TOKEN=s3cret; echo", "export ADMIN_TOKEN=REDACTED; echo");
	becomes("SECRET='a b' next", "SECRET='REDACTED' next");
	becomes("user: {passwordlessSudo: true}", "user: {passwordlessSudo: true}");
	becomes("keyboard: us\nmonkey: x\nauthor: me\n", "keyboard: us\nmonkey: x\nauthor: me\n");
}

TEST(things_that_are_secret_by_themselves)
{
	becomes("a -----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY----- z",
		"a REDACTED PRIVATE KEY z");
	becomes("cut -----BEGIN PRIVATE KEY-----\nb3Bl\n", "cut REDACTED PRIVATE KEY");
	becomes("http://me:pw@h:80/x https://h/y", "http://REDACTED@h:80/x https://h/y");
	becomes("H: Bearer abcdef.ghi x", "H: Bearer REDACTED x");
	becomes("ghp_0123456789abcdefghij AKIAIOSFODNN7EXAMPLE", "REDACTED REDACTED");
	becomes("it is known-value, the second known line, abc", "it is REDACTED, the REDACTED, abc");
}
