#include "cli/args/flags.h"

#include "base/buf.h"
#include "tests/unit/test.h"

static const struct flag shared[] = {
	{ "yes", 'y', FLAG_BOOL }, { "tty", 0, FLAG_BOOL }, { 0 },
};
static const struct flag table[] = {
	{ "force", 'f', FLAG_BOOL },
	{ "name", 'n', FLAG_STRING, "anon" },
	{ "set", 0, FLAG_ARRAY },
	{ "mount", 'm', FLAG_STRINGS },
	{ "cpus", 0, FLAG_INT },
	{ "size", 's', FLAG_STRING, .how = FLAG_REQUIRED },
	{ "timeout", 0, FLAG_DURATION, "10m" },
	{ "secret", 0, FLAG_BOOL, .how = FLAG_HIDDEN },
	{ "", .include = shared },
	{ 0 },
};

/* Parses a line of words; "ARG ARG | flag=value ..." of what was given, or the error. */
static char *
parsed(const char *line, bool stop)
{
	AUTO(flag_values) f = { 0 };
	AUTO(arena) a = { 0 };
	AUTO(buf) out = BUF_INIT;
	char *words[32], *save = NULL;
	int n = 0, nargs, dash;
	struct error err = { 0 };

	for (char *w = strtok_r(arena_strdup(&a, line), " ", &save); w; w = strtok_r(NULL, " ", &save))
		words[n++] = w;
	words[n] = NULL;
	flags_add(&f, table);
	if (flags_parse(&f, words, n, stop, &nargs, &dash, &err) < 0)
		return xstrdup(err.msg);
	assert_null(words[nargs]);
	for (int i = 0; i < nargs; i++)
		buf_addf(&out, "%s ", words[i]);
	if (dash >= 0)
		buf_addf(&out, "(--%d) ", dash);
	buf_addc(&out, '|');
	for (size_t i = 0; i < f.n; i++) {
		const struct flag_value *v = &f.v[i];

		if (!v->given)
			continue;
		buf_addf(&out, " %s=", v->flag->name);
		if (v->flag->type == FLAG_BOOL)
			buf_adds(&out, v->b ? "yes" : "no");
		else if (v->flag->type == FLAG_INT || v->flag->type == FLAG_DURATION)
			buf_addf(&out, "%lld", v->i);
		else if (v->n || v->flag->type == FLAG_STRINGS || v->flag->type == FLAG_ARRAY)
			for (size_t k = 0; k < v->n; k++)
				buf_addf(&out, "<%s>", v->list[k]);
		else
			buf_adds(&out, v->s);
	}
	return buf_detach(&out);
}

#define PARSE(line, expected) do { \
	auto_free char *got = parsed(line, false); \
	assert_string_equal(got, expected); \
} while (0)

TEST(the_ways_to_write_a_flag)
{
	PARSE("a b", "a b |");
	PARSE("--name x a", "a | name=x");
	PARSE("--name=x=y a", "a | name=x=y");
	PARSE("-n x", "| name=x");
	PARSE("-nx", "| name=x");
	PARSE("-n=x", "| name=x");
	PARSE("-fnx", "| force=yes name=x");
	PARSE("-fy", "| force=yes yes=yes");
	PARSE("--force a", "a | force=yes");
	PARSE("--force=false", "| force=no");
	PARSE("-f=0", "| force=no");
	PARSE("--name=", "| name=");
	PARSE("--cpus 0x10", "| cpus=16");
	PARSE("--timeout 90s", "| timeout=90000000000");
}

TEST(lists)
{
	PARSE("--set a,b --set c", "| set=<a,b><c>");
	PARSE("-m a,b -m c", "| mount=<a><b><c>");
	PARSE("--mount=", "| mount=");
}

TEST(flags_and_arguments_mix)
{
	PARSE("a --force b", "a b | force=yes");
	PARSE("a -- --force -x", "a --force -x (--1) |");
	PARSE("- a", "- a |");
}

TEST(parsing_stops_at_the_first_argument)
{
	auto_free char *got = parsed("-f inst ls --force -- x", true);

	assert_string_equal(got, "inst ls --force -- x | force=yes");
}

TEST(complaints_are_those_of_pflag)
{
	PARSE("--bogus", "unknown flag: --bogus");
	PARSE("--bogus=x", "unknown flag: --bogus");
	PARSE("--nme x", "unknown flag: --nme (did you mean --name?)");
	PARSE("--sekret", "unknown flag: --sekret");	/* hidden ones are no hints */
	PARSE("-z", "unknown shorthand flag: 'z' in -z");
	PARSE("-fz", "unknown shorthand flag: 'z' in -fz");
	PARSE("--cpus", "flag needs an argument: --cpus");
	PARSE("-n", "flag needs an argument: 'n' in -n");
	PARSE("-fn", "flag needs an argument: 'n' in -fn");
	PARSE("--=x", "bad flag syntax: --=x");
	PARSE("---x", "bad flag syntax: ---x");
	PARSE("--cpus x", "invalid argument \"x\" for \"--cpus\" flag: strconv.ParseInt: parsing \"x\": invalid syntax");
	PARSE("-f=x", "invalid argument \"x\" for \"-f, --force\" flag: strconv.ParseBool: parsing \"x\": invalid syntax");
}

TEST(defaults_and_required)
{
	AUTO(flag_values) f = { 0 };
	struct error err;

	flags_add(&f, table);
	assert_string_equal(flags_long(&f, "name", 4)->s, "anon");
	assert_int_equal(flags_long(&f, "timeout", 7)->i, 600000000000);
	assert_string_equal(flags_long(&f, "size", 4)->s, "");
	assert_false(flags_long(&f, "name", 4)->given);
	assert_null(flags_long(&f, "nam", 3));
	not_ok(flags_required(&f, &err), "required flag(s) \"size\" not set");
}

TEST(which_flags_take_the_next_word)
{
	AUTO(flag_values) f = { 0 };

	flags_add(&f, table);
	assert_true(flags_eats_next(&f, "--name"));
	assert_true(flags_eats_next(&f, "-n"));
	assert_false(flags_eats_next(&f, "--name=x"));
	assert_false(flags_eats_next(&f, "-nx"));
	assert_false(flags_eats_next(&f, "--force"));
	assert_false(flags_eats_next(&f, "-f"));
	assert_false(flags_eats_next(&f, "name"));
	assert_false(flags_eats_next(&f, "-"));
	assert_true(flags_eats_next(&f, "--not-known-here"));
}
