/* --set on text: what does not change keeps its place, comments and quotes. */
#include "state/desired/template/template.h"
#include "tests/unit/test.h"

static char *
set_all(const char *text, const char *const *exprs, size_t n, struct error *err)
{
	struct template t = { .text = xstrdup(text), .len = strlen(text), .path = xstrdup("t.yaml") };
	char *out = NULL;

	if (template_set(&t, exprs, n, err) == 0)
		out = xstrdup(t.text);
	template_release(&t);
	return out;
}

static void
check(const char *text, const char *expr, const char *want)
{
	struct error err = { 0 };
	auto_free char *got = set_all(text, &expr, 1, &err);

	if (!got)
		fail_msg("%s: %s", expr, err.msg);
	assert_string_equal(got, want);
}

static void
refuse(const char *text, const char *expr, const char *why)
{
	struct error err = { 0 };
	auto_free char *got = set_all(text, &expr, 1, &err);

	if (got)
		fail_msg("%s: gave %s", expr, got);
	if (!strstr(err.msg, why))
		fail_msg("%s: '%s' is not in '%s'", expr, why, err.msg);
}

static const char doc[] =
	"# my machine\n"
	"\n"
	"cpus: 2   # as many as fit\n"
	"# how much\n"
	"memory: \"2GiB\"\n"
	"\n"
	"mounts:\n"
	"# home\n"
	"- location: \"~\"   # read only\n"
	"- location: /srv\n"
	"  writable: true\n"
	"# the rest\n"
	"ssh: {localPort: 0, forwardAgent: true}\n"
	"provision:\n"
	"  - mode: system\n"
	"    script: |\n"
	"      #!/bin/sh\n"
	"      echo one\n"
	"\n"
	"      # not a comment\n"
	"  - script: echo two\n"
	"# end\n";

#define TOP "# my machine\n\n"
#define CPUS "cpus: 2   # as many as fit\n"
#define MEMORY "# how much\nmemory: \"2GiB\"\n"
#define MOUNTS "\nmounts:\n# home\n- location: \"~\"   # read only\n- location: /srv\n  writable: true\n"
#define SSH "# the rest\nssh: {localPort: 0, forwardAgent: true}\n"
#define PROVISION STEPS "# end\n"
#define STEPS "provision:\n  - mode: system\n    script: |\n      #!/bin/sh\n      echo one\n\n      # not a comment\n" \
	"  - script: echo two\n"

TEST(a_scalar_and_its_comment)
{
	check(doc, ".cpus = 4", TOP "cpus: 4 # as many as fit\n" MEMORY MOUNTS SSH PROVISION);
	check(doc, ".memory=\"8GiB\"", TOP CPUS "# how much\nmemory: 8GiB\n" MOUNTS SSH PROVISION);
	check(doc, ".cpus = 4 | .memory = \"1GiB\"", TOP "cpus: 4 # as many as fit\n# how much\nmemory: 1GiB\n" MOUNTS SSH PROVISION);
}

TEST(a_new_key_goes_behind)
{
	check(doc, ".plain = true", TOP CPUS MEMORY MOUNTS SSH STEPS "plain: true\n# end\n");
	check("", ".a.b[1].c = \"x y\"", "a:\n  b:\n  - null\n  - c: x y\n");
	check("# only a comment\n", ".cpus = 1", "# only a comment\ncpus: 1\n");
	check("a: 1", ".b = 2", "a: 1\nb: 2\n");
}

TEST(below_a_flow_mapping)
{
	check(doc, ".ssh.localPort = 60022", TOP CPUS MEMORY MOUNTS "# the rest\nssh: {localPort: 60022, forwardAgent: true}\n" PROVISION);
	check("{a: 1, b: [x, y]}\n", ".b[1] = \"z\"", "{a: 1, b: [x, z]}\n");
	check("{\"a\": 1, \"b\": \"t\"}", ".a = null", "{\"a\": null, \"b\": \"t\"}\n");
}

TEST(below_a_block)
{
	check(doc, ".mounts[0].writable = true",
	      TOP CPUS MEMORY "\nmounts:\n# home\n- location: \"~\"   # read only\n  writable: true\n- location: /srv\n  writable: true\n"
	      SSH PROVISION);
	check(doc, ".mounts[].writable = false",
	      TOP CPUS MEMORY "\nmounts:\n# home\n- location: \"~\"   # read only\n  writable: false\n- location: /srv\n  writable: false\n"
	      SSH PROVISION);
	check(doc, ".provision[1].mode = \"user\"",
	      TOP CPUS MEMORY MOUNTS SSH "provision:\n  - mode: system\n    script: |\n      #!/bin/sh\n      echo one\n\n"
	      "      # not a comment\n  - script: echo two\n    mode: user\n# end\n");
}

TEST(lists_grow_and_shrink)
{
	check(doc, ".mounts += [{\"location\": \"/tmp/lima\", \"writable\": true}]",
	      TOP CPUS MEMORY "\nmounts:\n# home\n- location: \"~\"   # read only\n- location: /srv\n  writable: true\n"
	      "- location: /tmp/lima\n  writable: true\n" SSH PROVISION);
	check(doc, "del(.mounts[0])", TOP CPUS MEMORY "\nmounts:\n- location: /srv\n  writable: true\n" SSH PROVISION);
	check(doc, ".mounts = []", TOP CPUS MEMORY "\nmounts: []\n" SSH PROVISION);
	check("a:\n- b\n", "del(.a[0])", "a: []\n");
}

TEST(keys_go)
{
	check(doc, "del(.ssh)", TOP CPUS MEMORY MOUNTS PROVISION);
	check(doc, "del(.cpus)", TOP MEMORY MOUNTS SSH PROVISION);
	check(doc, "del(.nothing.there)", doc);
	check("a:\n  b: 1\n  c: 2 # two\n", "del(.a.b)", "a:\n  c: 2 # two\n");
}

TEST(values_are_quoted_where_they_must)
{
	check("a: 1\n", ".a = \"true\"", "a: \"true\"\n");
	check("a: 1\n", ".a = \"1.5\"", "a: \"1.5\"\n");
	check("a: 1\n", ".a = \"\"", "a: \"\"\n");
	check("a: 1\n", ".a = \"x: y\"", "a: \"x: y\"\n");
	check("a: 1\n", ".a = \"#x\"", "a: \"#x\"\n");
	check("a: 1\n", ".a = \"l1\\nl2\\n\"", "a: |\n  l1\n  l2\n");
	check("a: 1\n", ".a = \"null\"", "a: \"null\"\n");
	check("a: 1\n", ".a = \"-x\"", "a: -x\n");
	check("a: 1\n", ".param[\"k-1\"] = \"v\"", "a: 1\nparam:\n  k-1: v\n");
}

TEST(values_as_a_shell_passes_them)
{
	check("a: 1\n", ".b = \"#!/bin/sh\necho \\\"x\\\"\n\" | .c = [\n  1,\n  2 ]", "a: 1\nb: |\n  #!/bin/sh\n  echo \"x\"\nc:\n- 1\n- 2\n");
	check("a: 1\n", ".b = \"x\r\"", "a: 1\nb: \"x\\r\"\n");
	check("a: 1\n", ".a = 2, .b = \"x\", .c = [1, 2]", "a: 2\nb: x\nc:\n- 1\n- 2\n");
	check("a: 1\nb: 0o17\n", ".a = 0x1F | .c = [.b, -2, 2.5e3]", "a: 0x1F\nb: 0o17\nc:\n- 0o17\n- -2\n- 2.5e3\n");
}

/* YAML takes a word of more than 1024 characters for a key only behind a `?` */
TEST(long_keys)
{
	AUTO(buf) key = BUF_INIT;
	auto_free char *expr = NULL, *block = NULL, *flow = NULL, *again = NULL;

	for (size_t i = 0; i < 2000; i++)
		buf_addc(&key, 'k');
	expr = xasprintf(".a.%s = [1]", key.s);
	block = xasprintf("a:\n  ? %s\n  :\n  - 1\n", key.s);
	flow = xasprintf("a: {b: 1, ? %s : 2}\n", key.s);
	check("a:\n", expr, block);
	check(block, ".a = null", "a: null\n");
	again = xasprintf("%.*s2", (int)strlen(expr) - 3, expr);
	check("a: {b: 1}\n", again, flow);
}

/* what is bare in a block and not in a flow; line breaks that are no newline */
TEST(awkward_values)
{
	check("{a: 1}\n", ".b = \":x\" | .c = \"?x\" | .d = \"-x\"", "{a: 1, b: \":x\", c: \"?x\", d: -x}\n");
	check("a: 1\n", ".b = \"x\xe2\x80\xa9y\"", "a: 1\nb: \"x\\u2029y\"\n");
	check("a: 1\n", ".b = \"\xef\xbb\xbfy\"", "a: 1\nb: \"\\ufeffy\"\n");
	check("a: 1\n", ".b = (\"x\\n\" + \"\xe2\x80\xa8y\")", "a: 1\nb: \"x\\n\\u2028y\"\n");
}

TEST(anchors_survive_what_does_not_touch_them)
{
	check("a: &x {b: 1}\nc: *x\nd: 1\n", ".d = 2", "a: {b: 1}\nc: {b: 1}\nd: 2\n");
	check("a: &x\n  b: 1\nc: *x\n", ".c.b = 2", "a:\n  b: 1\nc:\n  b: 2\n");
}

TEST(what_stands_beside_a_merge_key_stays)
{
	check("s: |\n t\n    \n", ".a = 1", "s: \"t\\n   \\n\"\na: 1\n");
	check("a: &x\n- -\n- - - 1\n", ".b = 1", "a:\n- -\n- - - 1\nb: 1\n");
	check("b: 1\n   \n    # c\n", ".a = \"l1\\n\"", "b: 1\na: |\n  l1\n\n # c\n");
	check("c:\n?\n\n1a: x\n# d\nd: 1\n", "del(.1a)", "c:\n\"\": null\n# d\nd: 1\n");
	check("a: &x {}\nc: \n\n?\n &x --- +\nce: *x\n", ".a = 1", "a: 1\nc: \n\"--- +\": null\nce: \"--- +\"\n");
	check("m:\n  ? k\n  : - 1\n    - 2\n  # z\nz: 1\n", ".z = 2", "m:\n  k:\n  - 1\n  - 2\n  # z\nz: 2\n");
	check("? a\n? b\n: 1\n? c\n# e\ne: 2\n", ".e = 3", "a: null\nb: 1\nc: null\n# e\ne: 3\n");
	check("<<: {a: 1}\nb: 2\n", ".z = 1", "a: 1\nb: 2\nz: 1\n");
	check("y: 1\n<<:\n  a: 1\nb: 2 # x\nc: 3\n", ".z = 1", "y: 1\na: 1\nb: 2 # x\nc: 3\nz: 1\n");
	check("l:\n- a: 1\n  <<: {b: 2}\n# c\n- d: 3\n  <<:\n    e: 4\n  # f\n# g\nk:\n  <<: {h: 5}\n# m\nn: 6\n", ".z = 1",
	      "l:\n- a: 1\n  b: 2\n# c\n- d: 3\n  e: 4\n  # f\n# g\nk:\n  h: 5\n# m\nn: 6\nz: 1\n");
	check("x-m: &m {a: 1}\n<<: *m\n# c\nb: 2\n# d\n", ".z = 1", "x-m: {a: 1}\na: 1\n# c\nb: 2\nz: 1\n# d\n");
}

/* what does not go together with what stands beside it is written anew, all of it */
TEST(texts_that_would_read_differently)
{
	check(":: a\n \t#", ".a=\"\"", "\":\": a\na: \"\"\n");
	check("a: 1\n# kept\nb: 2\n", ".", "a: 1\n# kept\nb: 2\n");
}

TEST(strange_layouts)
{
	check("a: why?\nb:  1   # keep\n", ".c = 2", "a: why?\nb:  1   # keep\nc: 2\n");
	check("a:\n- x ?\nb:  1   # keep\n", ".c = 2", "a:\n- x ?\nb:  1   # keep\nc: 2\n");
	check("&a\n? b\nce: 1\n", ".a = 2", "b: null\nce: 1\na: 2\n");
	check("l:\n- b: x\n  ?\n- c: 1\n", ".a = 2", "l:\n- b: x\n  \"\": null\n- c: 1\na: 2\n");
	check("l:\n- ? b\n  :\n- c: 1\n", ".a = 2", "l:\n- b: null\n- c: 1\na: 2\n");
	check("m:\n- |\n    x\n- y\n    # c\n- z\n", "del(.m[1])", "m:\n- |\n    x\n   # c\n- z\n");
	check("m:\n- |2\n    x\n- y\n    # c\n- z\n", "del(.m[1])", "m:\n- |2\n    x\n# c\n- z\n");
	check("a: &x\n-", ".b = 1", "a:\n-\nb: 1\n");
	check("m:\n- s: |\n    x\n   #", ".m[0].s = \"y\\n\" | .a = 1", "m:\n- s: |\n    y\n   #\na: 1\n");
	check("a:\r\n  b: 1\r\nc: 2\r\n", ".c = 3", "a:\r\n  b: 1\r\nc: 3\n");
	check("---\n# head\na: 1\n", ".a = 2", "---\n# head\na: 2\n");
	check("a:   |-\n   x\n   y\nb: 1\n", ".b = 2", "a:   |-\n   x\n   y\nb: 2\n");
}

/* what a text may not have is not made: it could not be read again */
TEST(too_much)
{
	AUTO(buf) deep = BUF_INIT;

	refuse("a: &x {b: 1}\nc: *x\n", ".param[122500] = \"b\"", "makes more than 100000 values");
	for (int i = 0; i < 101; i++)
		buf_adds(&deep, ".a");
	buf_adds(&deep, " = 1");
	refuse("cpus: 1\n", deep.s, "nests too deeply (more than 100 levels)");
	buf_truncate(&deep, 0);
	for (int i = 0; i < 100; i++)
		buf_adds(&deep, ".a");
	buf_adds(&deep, " = 1 | del(.a)");
	check("cpus: 1\n", deep.s, "cpus: 1\n");
}

TEST(what_cannot_be)
{
	refuse("a: 1\n", ".a.b = 2", "cannot be set in a single value");
	refuse("a: [1]\n", ".a.b = 2", "cannot index array with 'b'");
	refuse("a: 1\n", ".a[0] = 2", "cannot be set in a single value");
	refuse("[1]\n", ".a = 1", "must be a mapping");
	refuse("a: [1\n", ".a = 1", "t.yaml:");
	refuse("a: 1\nb: 2\n", ".a alias = \"x\"", "an alias cannot be set");
	refuse("a: 1\n", ".a line_comment = \"x\"", "comments cannot be set");
	check("a: 1 # x\n", "... comments = \"\"", "a: 1 # x\n");
}

/* what a respelling of jq's language lost */
TEST(what_does_not_match_stays)
{
	static const char mounts[] = "mounts:\n- location: /a\n- location: /b # b\nprovision:\n- mode: user\n  script: a\n- mode: system\n  script: b\n";

	check(mounts, ".mounts[] |= (select(.location == \"/a\") | .writable = true)",
	      "mounts:\n- location: /a\n  writable: true\n- location: /b # b\nprovision:\n- mode: user\n  script: a\n- mode: system\n  script: b\n");
	check(mounts, "with(.provision[]; select(.mode == \"user\") | .script = \"x\")",
	      "mounts:\n- location: /a\n- location: /b # b\nprovision:\n- mode: user\n  script: x\n- mode: system\n  script: b\n");
	check(mounts, ".provision[] |= select(.mode == \"user\")", mounts);
}

TEST(by_yq)
{
	check(doc, ".mounts |= map(select(.writable))",
	      TOP CPUS MEMORY "\nmounts:\n- location: /srv\n  writable: true\n" SSH PROVISION);
	check(doc, ".mounts = [{\"location\": \"/new\"}] + .mounts",
	      TOP CPUS MEMORY "\nmounts:\n- location: /new\n# home\n- location: \"~\"   # read only\n- location: /srv\n  writable: true\n"
	      SSH PROVISION);
	check(doc, ".cpus += 2", TOP "cpus: 4 # as many as fit\n" MEMORY MOUNTS SSH PROVISION);
	check("dns: [1.1.1.1]\n", ".dns += [\"8.8.8.8\", \"1.1.1.1\"] | .dns |= unique", "dns: [1.1.1.1, 8.8.8.8]\n");
	check("a: [{n: x, v: 1}, {n: y, v: 2}]\n", "(.a[] | select(.n == \"y\") | .v) = 3", "a: [{n: x, v: 1}, {n: y, v: 3}]\n");
	check("a: {b-c: 1}\n", ".a.b-c = .a.b-c + 1", "a: {b-c: 2}\n");
	check("a: {b: 1}\nc: [1]\n", "with(.a; .b = 5)", "a: {b: 5}\nc: [1]\n");
	check("l: [1, 2, 3]\n", ".s = (.l[] as $x ireduce (0; . + $x))", "l: [1, 2, 3]\ns: 6\n");
	check("l: [b, a, b]\n", ".l |= unique", "l: [b, a]\n");
	refuse("a: 1\n", ".a = env(HOME)", "env operations have been disabled");
	refuse("a: 1\n", ".a = strenv(HOME)", "env operations have been disabled");
	refuse("a: 1\n", ".a = \"\\(env(HOME))\"", "env operations have been disabled");
	refuse("a: 1\n", ".a = load(\"/etc/passwd\")", "file operations have been disabled");
	refuse("a: 1\n", ".a = system(\"id\")", "system operations are disabled");
	refuse("a: 1\n", ".a = system(\"id\"; \"-u\")", "system operations are disabled");
	refuse("a: 1\n", ".a |", "bad expression");
	refuse("a: 1\n", ".a", "does not give a mapping");
	refuse("a: 1\n", "select(false)", "0 results");
}

TEST(what_is_plain_in_a_block_is_quoted_in_a_flow_where_it_would_be_a_mark)
{
	check("a: {b: 1}\ne: n:?\n", ".a.c = .e", "a: {b: 1, c: \"n:?\"}\ne: n:?\n");
	check("a: {b: 1}\ne: ?x\n", ".a.c = .e", "a: {b: 1, c: \"?x\"}\ne: ?x\n");
	check("a: {b: 1}\ne: :x\n", ".a.c = .e", "a: {b: 1, c: \":x\"}\ne: :x\n");
	check("a: {b: 1}\n", ".a.c = {\"n:?x\": 2}", "a: {b: 1, c: {\"n:?x\": 2}}\n");
}
