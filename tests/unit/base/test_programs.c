#include "base/programs.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <regex.h>
#include <sys/stat.h>

#include "tests/unit/test.h"

TEST(a_program_that_is_missing_is_told_with_its_package)
{
	struct error err;

	not_ok(program_missing("/opt/bin/qemu-img", &err), "/opt/bin/qemu-img: no such program (Debian package qemu-utils)");
	assert_int_equal(err.code, ENOENT);
	not_ok(program_missing("limactl-url-x", &err), "limactl-url-x: no such program");
	assert_null(strstr(err.msg, "package"));
	not_ok(program_missing_as("/opt/myssh", "ssh", &err), "/opt/myssh: no such program (Debian package openssh-client)");
}

/* Every name that `pattern` catches in a line of `text`. */
static size_t
names_in(const char *file, const char *text, const regex_t *pattern)
{
	regmatch_t m[3];
	size_t n = 0;

	for (const char *p = text; regexec(pattern, p, ARRAY_LEN(m), m, 0) == 0; p += m[0].rm_eo, n++) {
		auto_free char *name = strndup(p + m[2].rm_so, (size_t)(m[2].rm_eo - m[2].rm_so));

		if (!program_package(name))
			fail_msg("%s runs %s, of which base/programs.c knows no package", file, name);
	}
	return n;
}

static size_t
names_below(const char *dir, const regex_t *pattern)
{
	auto_dir DIR *d = opendir(dir);
	const struct dirent *e;
	size_t n = 0;

	assert_non_null(d);
	while ((e = readdir(d))) {
		auto_free char *path = xasprintf("%s/%s", dir, e->d_name);
		AUTO(buf) text = BUF_INIT;
		struct stat st;

		if (e->d_name[0] == '.' || stat(path, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			n += names_below(path, pattern);
		else if (fnmatch("*.c", e->d_name, 0) == 0 && fs_read(path, &text, 4 << 20, NULL) == 0)
			n += names_in(path, text.s, pattern);
	}
	return n;
}

TEST(every_program_that_the_sources_name_has_its_package)
{
	static const char *const dirs[] = { "base", "cli", "hostagent", "providers", "resources", "state", "usernet" };
	regex_t pattern;
	size_t n = 0;

	/* the first word of a command, and what is looked for in PATH */
	assert_int_equal(regcomp(&pattern, "(argv\\[\\] = \\{ |proc_find\\(|on_host\\(|ssh_add\\(a, )\"([a-z][a-z-]+)\"", REG_EXTENDED), 0);
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
		n += names_below(dirs[i], &pattern);
	regfree(&pattern);
	assert_true(n >= 15);
}
