/* base/gotmpl: what Go's text/template makes of the same. */
#include "base/gotmpl.h"
#include "tests/unit/test.h"

static const struct gotmpl_field param[] = { { "a", { GOTMPL_TEXT, .s = "1", .len = 1 } }, { "b", { GOTMPL_TEXT, .s = "", .len = 0 } },
					     { "c", { GOTMPL_TEXT, .s = "x", .len = 1 } }, { NULL } };

static int
shout(struct arena *a, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out, struct error *err)
{
	(void)n;
	if (args[0].kind != GOTMPL_TEXT)
		return error_set(err, ERR_INVALID, "not a text");
	*out = gotmpl_text(arena_printf(a, "%s!", args[0].s));
	return 0;
}
static const struct gotmpl_func more[] = { { "shout", 1, 1, shout }, { NULL } };

static int
run(struct buf *out, const char *text, enum gotmpl_kind kind, struct gotmpl_opts opts, struct error *err)
{
	AUTO(arena) a = { 0 };
	struct gotmpl_field top[] = {
		{ "Half", { GOTMPL_FLOAT, .d = 1.5 } }, { "List", gotmpl_fields(param, GOTMPL_LIST) }, { "Name", gotmpl_text("vm") },
		{ "Param", gotmpl_fields(param, GOTMPL_MAP) }, { "UID", gotmpl_int(1000) }, { "Yes", gotmpl_bool(true) }, { NULL },
	};
	struct gotmpl_value data = gotmpl_fields(top, kind);

	opts.funcs = more;
	return gotmpl_run(out, &a, text, strlen(text), &data, &opts, err);
}

static void
gives(const char *text, const char *want)
{
	struct error err = { 0 };
	AUTO(buf) out = BUF_INIT;

	if (run(&out, text, GOTMPL_MAP, (struct gotmpl_opts){ 0 }, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	assert_string_equal(out.s, want);
}

static void
fails(const char *text, const char *why)
{
	struct error err = { 0 };
	AUTO(buf) out = BUF_INIT;

	if (run(&out, text, GOTMPL_MAP, (struct gotmpl_opts){ 0 }, &err) == 0)
		fail_msg("%s: gives %s", text, out.s);
	if (!strstr(err.msg, why))
		fail_msg("%s: '%s' is not in '%s'", text, why, err.msg);
}

TEST(fields)
{
	gives("plain", "plain");
	gives("{{.Name}} {{ .Param.a }}{{.UID}}", "vm 11000");
	gives("{{.Nope}} {{.Nope.More}} {{.Param.nope}}", "<no value> <no value> <no value>");
	gives("{{$.Name}}{{(.Param).c}}", "vmx");
	gives("a { b } }} c", "a { b } }} c");
	fails("{{.Name.Foo}}", "can't evaluate field Foo");
	fails("{{.}", "");
	fails("x\n{{", "line 2");
	fails("{{.Name", "not closed");
	fails("{{.Name .UID}}", "arguments for what is no function");
}

TEST(missing_keys)
{
	struct error err = { 0 };
	AUTO(buf) out = BUF_INIT;

	assert_int_equal(run(&out, "{{.Nope}}", GOTMPL_RECORD, (struct gotmpl_opts){ 0 }, &err), -1);
	assert_non_null(strstr(err.msg, "can't evaluate field Nope"));
	assert_int_equal(run(&out, "{{.Nope}}", GOTMPL_MAP, (struct gotmpl_opts){ .missing_is_error = true }, &err), -1);
	assert_int_equal(run(&out, "[{{.Nope}}{{if .Nope.x.y}}1{{end}}]", GOTMPL_MAP, (struct gotmpl_opts){ .missing_is_empty = true }, &err), 0);
	assert_string_equal(out.s, "[]");
}

TEST(constants)
{
	gives("{{\"a\\tb\\u00e4\\x41\"}}", "a\tb\u00e4A");
	gives("{{`raw\\n \"x\"`}}", "raw\\n \"x\"");
	gives("{{42}} {{-7}} {{0x10}} {{0b11}} {{0o17}} {{1.50}} {{1e3}} {{'a'}} {{true}}", "42 -7 16 3 15 1.5 1000 97 true");
	gives("{{1000000.0}} {{0.00001}} {{.Half}}", "1e+06 1e-05 1.5");
	fails("{{nil}}", "nil");
	fails("{{\"a}}", "not closed");
	fails("{{\"\\q\"}}", "escape");
}

TEST(conditions)
{
	gives("{{if .Param.a}}yes{{else}}no{{end}}{{if .Param.b}}yes{{else}}no{{end}}", "yesno");
	gives("{{if eq .Param.a \"2\"}}two{{else if eq .Param.a \"1\"}}one{{else}}none{{end}}", "one");
	gives("{{if .Nope}}1{{end}}{{if 0}}2{{end}}{{if .UID}}3{{end}}{{if .Yes}}4{{end}}", "34");
	gives("{{with .Param.c}}<{{.}}>{{end}}{{with .Param.b}}1{{else}}2{{end}}{{with $y := .UID}}{{$y}}{{end}}", "<x>21000");
	gives("{{with .Param.b}}1{{else with .Param.c}}{{.}}{{end}}", "x");
	fails("{{if .Name}}", "{{end}} is missing");
	fails("{{end}}", "unexpected");
	fails("{{else}}", "unexpected");
	fails("{{if}}x{{end}}", "missing value");
}

TEST(loops)
{
	gives("{{range $k, $v := .Param}}{{$k}}={{$v}};{{end}}", "a=1;b=;c=x;");
	gives("{{range .Param}}[{{.}}]{{end}}", "[1][][x]");
	gives("{{range $i, $v := .List}}{{$i}}{{$v}} {{end}}", "a1 b cx ");
	gives("{{range 3}}{{.}}{{end}}{{range .Nope}}1{{else}}none{{end}}", "012none");
	gives("{{range .Param}}{{if eq . \"\"}}{{continue}}{{end}}{{.}}{{end}}", "1x");
	gives("{{range .Param}}{{.}}{{break}}{{end}}", "1");
	fails("{{range .Name}}{{end}}", "range can't iterate");
	fails("{{break}}", "outside");
	fails("{{range 2000000}}{{end}}", "too long");
}

TEST(variables_and_pipes)
{
	gives("{{$x := .Name}}{{$x}}{{if true}}{{$x = \"n\"}}{{$y := 1}}{{$y}}{{end}}{{$x}}", "vm1n");
	gives("{{.Name | printf \"%s-%s\" \"a\" | shout}}", "a-vm!");
	gives("{{shout (printf \"%d\" .UID)}}", "1000!");
	fails("{{$z}}", "undefined variable $z");
	fails("{{if true}}{{$y := 1}}{{end}}{{$y}}", "undefined variable $y");
	fails("{{.Name | .UID}}", "must be a function");
	fails("{{nosuch 1}}", "function \"nosuch\" not defined");
	fails("{{shout 1}}", "not a text");
	fails("{{shout}}", "wrong number of args");
	fails("{{template \"x\"}}", "not defined");
}

TEST(trimming_and_comments)
{
	gives("a  {{- .Name -}}  b", "avmb");
	gives("a {{/* x }} */}} b", "a  b");
	gives("a {{- /* x */ -}} b", "ab");
	gives("a\n{{- if true}}\nb\n{{- end}}\n", "a\nb\n");
	gives("{{ \"{{\" }}.Name{{ \"}}\" }}", "{{.Name}}");
	gives("{{-3}}", "-3");
}

TEST(logic)
{
	gives("{{and 1 0 2}} {{or 0 \"\" 3}} {{and 1 2}} {{not 0}} {{or 1 (index .List 99)}}", "0 3 2 true 1");
	gives("{{eq 1 1}} {{eq .Param.a \"0\" \"1\"}} {{ne 1 2}} {{lt 1 2}} {{le \"a\" \"a\"}} {{gt 2 1}} {{ge 1 2}}", "true true true true true true false");
	gives("{{eq .Nope \"x\"}} {{eq .Nope .Nix}}", "false true");
	fails("{{eq .UID \"1000\"}}", "incompatible types");
	fails("{{lt .Yes true}}", "invalid type");
}

TEST(parts)
{
	gives("{{len .Name}} {{len .Param}} {{index .Param \"c\"}} {{index .List 0}} {{slice .Name 1}} {{slice \"abcd\" 1 3}}", "2 3 x 1 m bc");
	fails("{{index .List 9}}", "out of range");
	fails("{{index .Param 1}}", "can't index");
	fails("{{slice .Name 3}}", "out of range");
	fails("{{len 3}}", "no length");
}

TEST(printing)
{
	gives("{{print 1 2 \"a\" \"b\" 3}}|{{println \"a\" 1}}|", "1 2ab3|a 1\n|");
	gives("{{printf \"%s %d %5d|%-5s|%05.1f %q %x %v %t %%\" \"s\" 7 8 \"l\" 2.25 \"q\\\"\" 255 .Param true}}",
	      "s 7     8|l    |002.2 \"q\\\"\" ff map[a:1 b: c:x] true %");
	gives("{{printf \"%d\" \"x\"}} {{printf \"%s\"}} {{printf \"x\" 1}}", "%!d(string=x) %!s(MISSING) x%!(EXTRA int=1)");
	gives("{{.Param}} {{.List}}", "map[a:1 b: c:x] [1  x]");
	gives("{{html \"<a href='x'>&\"}} {{urlquery \"a b/ü\"}} {{js \"it's <b>\"}}", "&lt;a href=&#39;x&#39;&gt;&amp; a+b%2F%C3%BC it\\'s \\u003Cb\\u003E");
}

TEST(depth_and_size_are_bounded)
{
	AUTO(buf) deep = BUF_INIT;
	AUTO(buf) more_deep = BUF_INIT;

	for (int i = 0; i < 100000; i++)
		buf_adds(&deep, "{{if true}}");
	fails(deep.s, "nested too deeply");
	buf_adds(&more_deep, "{{");
	for (int i = 0; i < 100000; i++)
		buf_addc(&more_deep, '(');
	fails(more_deep.s, "nested too deeply");
	fails("{{range 100000}}{{$.Name}}{{printf \"%1000s\" \"x\"}}{{end}}", "too long or prints too much");
	fails("{{range 100000}}{{$x := printf \"%1000s\" \"x\"}}{{end}}", "too long or prints too much");
	fails("{{$x := \"0123456789\"}}{{range 60}}{{$x = print $x $x}}{{end}}", "more than 1 MiB of text");
}
