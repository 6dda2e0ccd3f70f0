/* What an instance's copy says, back into the file that made it. */
#include "state/desired/template/template.h"
#include "tests/unit/test.h"

static void
hear(void *ctx, const char *text)
{
	(void)ctx, (void)text;
}

static void
put(const char *name, const char *text)
{
	auto_free char *path = test_path(name);
	struct error err;

	ok(fs_write(path, text, strlen(text), 0644, &err));
}

/* The file's text after `expr` was set in the copy; NULL with `err`. */
static char *
write_back_of(const char *text, const char *expr, struct error *err)
{
	auto_free char *path = test_path("f.yaml"), *home = test_path("home");
	struct spec_opts opts = {.home = home, .version = "2.2.0", .warn = hear};
	AUTO(template) file = {0};
	AUTO(template) made = {0};
	AUTO(template) copy = {0};

	put("f.yaml", text);
	if (template_read(&file, path, &opts, err) < 0 || template_load(&made, path, &opts, err) < 0 ||
	    template_load(&copy, path, &opts, err) < 0 || template_set(&copy, &expr, 1, err) < 0 ||
	    template_write_back(&file, &made, &copy, &opts, err) < 0)
		return NULL;
	return xstrdup(file.text);
}

static void
writes(const char *text, const char *expr, const char *want)
{
	struct error err = {0};
	auto_free char *got = write_back_of(text, expr, &err);

	if (!got)
		fail_msg("%s: %s", expr, err.msg);
	assert_string_equal(got, want);
}

static void
refuses(const char *text, const char *expr, const char *key)
{
	struct error err = {0};
	auto_free char *got = write_back_of(text, expr, &err);

	if (got)
		fail_msg("%s: gave %s", expr, got);
	assert_int_equal(err.code, ERR_REFUSED);
	if (!strstr(err.msg, key))
		fail_msg("%s: '%s' is not in '%s'", expr, key, err.msg);
}

TEST(a_plain_file_keeps_its_comments)
{
	writes("# mine\ncpus: 2 # two\n\nmounts:\n- location: /a # first\n", ".cpus = 4",
	       "# mine\ncpus: 4 # two\n\nmounts:\n- location: /a # first\n");
	writes("cpus: 2\n# the end\n", ".memory = \"1GiB\"", "cpus: 2\nmemory: 1GiB\n# the end\n");
	writes("cpus: 2 # two\nmemory: 1GiB # one\n", "del(.cpus)", "memory: 1GiB # one\n");
	writes("param: {A: b}\nenv: {X: \"{{.Param.A}}\"} # as it is\n", ".param.A = \"c\"",
	       "param: {A: c}\nenv: {X: \"{{.Param.A}}\"} # as it is\n");
}

TEST(what_comes_from_elsewhere_stays_there)
{
	put("base.yaml", "memory: 1GiB\nmounts:\n- location: /base\nenv:\n  A: base\n");
	put("s.sh", "echo s\n");
	/* of such a file, keys of its own, and scalars over the base's */
	writes("base: base.yaml\n# mine\ncpus: 2 # two\n", ".cpus = 4", "base: base.yaml\n# mine\ncpus: 4 # two\n");
	writes("base: base.yaml\ncpus: 2\n", ".memory = \"2GiB\"", "base: base.yaml\ncpus: 2\nmemory: 2GiB\n");
	writes("cpus: 2\nprovision:\n- file: s.sh # there\n", ".cpus = 3",
	       "cpus: 3\nprovision:\n- file: s.sh # there\n");
	/* but nothing that is composed */
	refuses("base: base.yaml\nmounts:\n- location: /mine\n", ".mounts[0].writable = true", "`mounts`");
	refuses("base: base.yaml\nmounts:\n- location: /mine\n", ".mounts += {\"location\": \"/more\"}", "`mounts`");
	refuses("base: base.yaml\ncpus: 2\n", "del(.memory)", "`memory`");
	refuses("base: base.yaml\ncpus: 2\n", "del(.env.A)", "`env`");
	refuses("cpus: 2\nprovision:\n- file: s.sh\n", ".provision[0].script = \"echo other\"", "`provision`");
}

TEST(a_path_beside_the_file_stays_relative)
{
	put("i.img", "");
	writes("images:\n- location: i.img # here\ncpus: 1\n", ".cpus = 2",
	       "images:\n- location: i.img # here\ncpus: 2\n");
	refuses("images:\n- location: i.img\ncpus: 1\n", ".images[0].arch = \"x86_64\"", "`images`");
}
