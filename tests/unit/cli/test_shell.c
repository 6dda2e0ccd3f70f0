#include "base/buf.h"
#include "base/mem.h"
#include "cli/ssh/shell_env.h"
#include "cli/ssh/shell_script.h"
#include "tests/unit/test.h"

#define WORDS(expected, ...) do { \
	char *w[] = { __VA_ARGS__ }; \
	AUTO(buf) b = BUF_INIT; \
	shell_words(&b, w, ARRAY_LEN(w)); \
	assert_string_equal(b.s, expected); \
} while (0)

TEST(words_of_a_command)
{
	WORDS("ls -l", "ls", "-l");
	WORDS("echo 'a b' 'it'\"'\"'s' ''", "echo", "a b", "it's", "");
	WORDS("A=1 B='x y' cmd 'C=x y'", "A=1", "B=x y", "cmd", "C=x y");
	WORDS("A='' cmd", "A=", "cmd");
	/* no name of a variable: never left bare for the guest's shell to read */
	WORDS("'$(id)=x' ls", "$(id)=x", "ls");
	WORDS("'1A=x y'", "1A=x y");
	WORDS("'--opt=a b' X=1", "--opt=a b", "X=1");
}

TEST(the_line_for_sshd)
{
	AUTO(buf) b = BUF_INIT;
	char *words[] = { "echo", "a b" };
	const char *env[] = { "FOO=x y", "BAR=1", NULL };
	struct shell_script s = { .change_dir = "false", .shell = "/bin/bash" };

	shell_script(&b, &s);
	assert_string_equal(b.s, "false ; exec /bin/bash -l");
	buf_truncate(&b, 0);
	s = (struct shell_script){ .change_dir = "cd /x || exit 1", .shell = "\"$SHELL\"", .env = env, .words = words, .nwords = 2 };
	shell_script(&b, &s);
	assert_string_equal(b.s, "cd /x || exit 1 ; exec env 'FOO=x y' BAR=1 \"$SHELL\" -l -c 'echo '\"'\"'a b'\"'\"''");
}

TEST(windows_guests)
{
	AUTO(buf) b = BUF_INIT;
	char *words[] = { "dir" };
	struct shell_script s = { .shell = "cmd.exe", .words = words, .nwords = 1 };

	shell_script_windows(&b, &s);
	assert_string_equal(b.s, "cmd.exe /c \"dir\"");
	buf_truncate(&b, 0);
	s.shell = "C:\\Program Files\\pwsh.exe";
	shell_script_windows(&b, &s);
	assert_string_equal(b.s, "\"C:\\Program Files\\pwsh.exe\" -Command \"dir\"");
}

/* Those of `names` that pass. */
static char *
passing(const char *block, const char *allow, const char *names)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) out = BUF_INIT;
	struct shell_env e;
	struct error err;

	ok(shell_env_lists(&a, block, allow, &e, &err));
	for (const char *p = names; *p; p += strcspn(p, " "), p += *p == ' ')
		if (shell_env_passes(&e, p, strcspn(p, " ")))
			buf_addf(&out, "%s%.*s", out.len ? " " : "", (int)strcspn(p, " "), p);
	return buf_detach(&out);
}

#define PASS(block, allow, names, expected) do { \
	auto_free char *got = passing(block, allow, names); \
	assert_string_equal(got, expected); \
} while (0)

TEST(which_variables_go_into_the_guest)
{
	PASS(NULL, NULL, "FOO SSH_FOO PATH HOME _ LD_X BASH_X LANG", "FOO LANG");
	PASS("", NULL, "SSH_FOO FOO", "FOO");
	PASS("FOO", NULL, "FOO SSH_FOO", "SSH_FOO");
	PASS("+FOO", NULL, "FOO SSH_FOO BAR", "BAR");
	PASS("FOO*", NULL, "FOO FOOBAR BAR", "BAR");
	PASS("*FOO", NULL, "FOO BARFOO FOOBAR", "FOOBAR");
	PASS("FOO*, , BAR", NULL, "FOOX BAR BARBAZ", "BARBAZ");
	PASS(NULL, "SSH_FOO, , BAR*, LD_UID", "SSH_FOO SSH_BAR LD_UID BARBAZ", "SSH_FOO LD_UID BARBAZ");
	PASS("*FOO*BAR*", NULL, "FOOBAR FOOXYZBAR XFOOYBARZDOTCOM FOO BAR FOOBAZ BAZBAR", "FOO BAR FOOBAZ BAZBAR");
	PASS("+*TOKEN", "SSH_*,CUSTOM*", "SSH_AUTH_SOCK CUSTOM_VAR MY_TOKEN OTHER", "SSH_AUTH_SOCK CUSTOM_VAR OTHER");
	PASS("*a*a*a*a*a*a*a*a*b", NULL, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
}

TEST(patterns_are_checked)
{
	AUTO(arena) a = { 0 };
	struct shell_env e;
	struct error err;

	not_ok(shell_env_lists(&a, "FOO-BAR", NULL, &e, &err), "invalid character `-` at position 3");
	assert_string_equal(err.msg, "Invalid LIMA_SHELLENV_BLOCK pattern: pattern `FOO-BAR` contains invalid character "
			    "`-` at position 3");
	not_ok(shell_env_lists(&a, NULL, "A,b c", &e, &err), "LIMA_SHELLENV_ALLOW");
}
