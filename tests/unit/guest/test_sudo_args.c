#include "guest/init/sudo_args.h"
#include "tests/unit/test.h"

static struct error err;

/* words separated by blanks */
static int
parse(const char *words, struct sudo_args *a)
{
	static char text[512], *argv[64];
	int argc = 0;

	snprintf(text, sizeof text, "%s", words);
	for (char *w = strtok(text, " "); w; w = strtok(NULL, " "))
		argv[argc++] = w;
	argv[argc] = NULL;
	return sudo_args_parse(argc, argv, a, &err);
}

TEST(plain_command)
{
	struct sudo_args a;

	ok(parse("sudo cat -n /etc/shadow", &a));
	assert_string_equal(a.user, "root");
	assert_string_equal(a.command[0], "cat");
	assert_string_equal(a.command[1], "-n");
	assert_string_equal(a.command[2], "/etc/shadow");
	assert_null(a.command[3]);
	assert_false(a.login);
}

TEST(letters_stand_together_and_the_last_may_have_a_value)
{
	struct sudo_args a;

	ok(parse("sudo -iu lima --preserve-env=PARAM_a,PARAM_b XDG_RUNTIME_DIR=/run/user/1 ./x", &a));
	assert_true(a.login);
	assert_string_equal(a.user, "lima");
	assert_string_equal(a.keep_list, "PARAM_a,PARAM_b");
	assert_int_equal(a.n_assign, 1);
	assert_string_equal(a.assign[0], "XDG_RUNTIME_DIR=/run/user/1");
	assert_string_equal(a.command[0], "./x");
	ok(parse("sudo -nEHulima true", &a));
	assert_true(a.keep_env);
	assert_string_equal(a.user, "lima");
	assert_string_equal(a.command[0], "true");
	ok(parse("sudo --user=bob --login -- -x", &a));
	assert_string_equal(a.user, "bob");
	assert_string_equal(a.command[0], "-x");
	ok(parse("sudo --user bob --preserve-env id", &a));
	assert_string_equal(a.user, "bob");
	assert_true(a.keep_env);
	assert_null(a.keep_list);
}

TEST(the_command_ends_the_options)
{
	struct sudo_args a;

	ok(parse("sudo env -i A=1", &a));
	assert_false(a.login);
	assert_int_equal(a.n_assign, 0);
	ok(parse("sudo -- A=1 b", &a));
	assert_int_equal(a.n_assign, 1);
	assert_string_equal(a.command[0], "b");
	ok(parse("sudo - x", &a));
	assert_string_equal(a.command[0], "-");
	ok(parse("sudo -i", &a));
	assert_null(a.command[0]);
}

TEST(what_is_not_known_is_refused)
{
	struct sudo_args a;

	not_ok(parse("sudo -Z id", &a), "unknown option -Z");
	not_ok(parse("sudo --nosuch id", &a), "unknown option --nosuch");
	not_ok(parse("sudo -u", &a), "-u needs a value");
	not_ok(parse("sudo --user", &a), "--user needs a value");
	not_ok(parse("sudo --login=x id", &a), "takes no value");
	not_ok(parse("sudo -i -s id", &a), "cannot both");
}
