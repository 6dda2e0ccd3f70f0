/* What must hold of every command and every flag, by going over the tables. */
#include "cli/cli.h"

#include <ctype.h>

#include "base/fs.h"
#include "cli/args/complete.h"
#include "cli/args/edit_flags.h"
#include "cli/args/flags.h"
#include "cli/run.h"
#include "cli/commands/start.h"
#include "tests/unit/test.h"

static const char *
sample(const struct flag *f)
{
	static const char *const values[] = {
		[FLAG_BOOL] = "true", [FLAG_INT] = "3", [FLAG_FLOAT] = "1.5", [FLAG_STRING] = "text", [FLAG_STRINGS] = "a,b",
		[FLAG_ARRAY] = ".a=1", [FLAG_DURATION] = "90s", [FLAG_PORT] = "60022", [FLAG_IPS] = "1.1.1.1,::1", [FLAG_PAIRS] = "k=v",
	};

	return values[f->type];
}

static void
accepts(const struct command *c, char *a, char *b)
{
	char *words[] = { a, b, NULL };
	AUTO(flag_values) f = { 0 };
	struct error err = { 0 };
	int nargs, dash;

	command_flags(&f, c);
	if (flags_parse(&f, words, b ? 2 : 1, false, &nargs, &dash, &err) < 0)
		fail_msg("%s%s%s: %s %s: %s", c->parent ? c->parent : "", c->parent ? " " : "", c->name, a, b ? b : "", err.msg);
	if (nargs != 0)
		fail_msg("%s: %s leaves %d arguments", c->name, a, nargs);
}

TEST(every_flag_of_every_command_is_accepted_in_every_spelling)
{
	size_t flags = 0;

	for (size_t i = 0; commands[i]; i++) {
		AUTO(flag_values) all = { 0 };

		command_flags(&all, commands[i]);
		for (size_t k = 0; k < all.n; k++, flags++) {
			const struct flag *f = all.v[k].flag;
			auto_free char *name = xasprintf("--%s", f->name), *joined = xasprintf("--%s=%s", f->name, sample(f));
			auto_free char *letter = xasprintf("-%c", f->letter ? f->letter : 'h');
			auto_free char *value = xstrdup(sample(f));

			accepts(commands[i], joined, NULL);
			accepts(commands[i], name, f->type == FLAG_BOOL ? NULL : value);
			if (f->letter)
				accepts(commands[i], letter, f->type == FLAG_BOOL ? NULL : value);
		}
	}
	assert_true(flags > 400);
}

/* pflag would refuse the program */
TEST(no_letter_means_two_flags)
{
	for (size_t i = 0; commands[i]; i++) {
		AUTO(flag_values) all = { 0 };

		command_flags(&all, commands[i]);
		for (size_t a = 0; a < all.n; a++)
			for (size_t b = a + 1; b < all.n; b++)
				if (all.v[a].flag->letter && all.v[a].flag->letter == all.v[b].flag->letter)
					fail_msg("%s: -%c is --%s and --%s", commands[i]->name, all.v[a].flag->letter, all.v[a].flag->name,
						 all.v[b].flag->name);
	}
}

static void
check_complete(const char *of, const char *words)
{
	for (const char *w = words; w && *w; w += strcspn(w, " "), w += *w == ' ')
		if (!completion_is_known(w, strcspn(w, " ")))
			fail_msg("%s: completion of unknown kind in: %s", of, words);
}

static void
check_text(const char *of, const char *about)
{
	if (!about || !*about || (!isupper((unsigned char)about[0]) && strncmp(about, "containerd", 10) != 0 && strncmp(about, "yaml", 4) != 0) ||
	    about[strlen(about) - 1] == '.')
		fail_msg("%s: its line for --help should begin with a capital and have no full stop: %s", of, about ? about : "none");
}

TEST(every_command_can_be_explained)
{
	for (size_t i = 0; commands[i]; i++) {
		const struct command *c = commands[i];
		AUTO(buf) usage = BUF_INIT;

		check_text(c->name, c->about);
		check_complete(c->name, c->complete);
		assert_ptr_equal(command_find(c->parent, c->name), c);
		if (c->parent)
			assert_non_null(command_find(NULL, c->parent));
		if (c->group != GROUP_HIDDEN && !c->example)
			fail_msg("%s: has no example", c->name);
		for (const char *p = c->example; p && *p; p += strcspn(p, "\n"), p += *p == '\n')
			if (strncmp(p, "limactl ", 8) != 0)
				fail_msg("%s: a line of its example is no command: %.60s", c->name, p);
		assert_true(c->max_args < 0 || c->max_args >= c->min_args);
		if (c->run && c->max_args && !c->args)
			fail_msg("%s: takes arguments and does not say which", c->name);
		help_usage(&usage, c);
		assert_true(strncmp(usage.s, "limactl ", 8) == 0);
	}
}

TEST(every_flag_can_be_explained)
{
	for (size_t i = 0; commands[i]; i++) {
		AUTO(flag_values) all = { 0 };

		flags_add(&all, commands[i]->flags);
		flags_add(&all, commands[i]->more_flags);
		flags_add(&all, global_flags);
		for (size_t k = 0; k < all.n; k++) {
			const struct flag *f = all.v[k].flag;

			check_text(f->name, f->about);
			check_complete(f->name, f->complete);
			for (const char *p = f->name; *p; p++)
				assert_true(islower((unsigned char)*p) || isupper((unsigned char)*p) || *p == '-' || *p == '6');
		}
	}
}

/* reference: what upstream registers; what is not here is a gap, and said so where it is known */
TEST(no_command_of_upstream_is_missing)
{
	static const char *const names[] = {
		"create", "delete", "edit", "list", "restart", "shell", "start", "stop", "autostart", "clone", "copy", "disk",
		"factory-reset", "info", "network", "protect", "prune", "rename", "screenshot", "show-ssh", "snapshot", "sudoers",
		"template", "tunnel", "unprotect", "validate", "watch", "completion", "help", "yq-restrictions", "hostagent",
		"guest-install", "debug", "usernet", "generate-doc", "start-at-login", "yq",
		"remove", "rm", "ls", "cp", "tmpl",
	};
	static const char *const under[][2] = {
		{ "disk", "create" }, { "disk", "list" }, { "disk", "ls" }, { "disk", "delete" }, { "disk", "rm" }, { "disk", "unlock" },
		{ "disk", "resize" }, { "disk", "import" }, { "network", "list" }, { "network", "create" }, { "network", "delete" },
		{ "snapshot", "create" }, { "snapshot", "save" }, { "snapshot", "apply" }, { "snapshot", "load" },
		{ "snapshot", "delete" }, { "snapshot", "del" }, { "snapshot", "list" }, { "template", "copy" },
		{ "template", "validate" }, { "template", "yq" }, { "template", "url" }, { "autostart", "enable" },
		{ "autostart", "disable" }, { "debug", "dns" }, { "completion", "bash" }, { "completion", "zsh" },
		{ "completion", "fish" }, { "completion", "powershell" },
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!command_find(NULL, names[i]))
			fail_msg("limactl %s", names[i]);
	for (size_t i = 0; i < ARRAY_LEN(under); i++)
		if (!command_find(under[i][0], under[i][1]))
			fail_msg("limactl %s %s", under[i][0], under[i][1]);
}

static const char *
found(const char *line, int *left)
{
	static char *words[16];
	static char copy[256];
	char *save = NULL;
	int n = 0, at;
	const struct command *c;

	snprintf(copy, sizeof copy, "%s", line);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		words[n++] = w;
	words[n] = NULL;
	c = command_in(words, &n, &at);
	*left = n;
	return c ? c->name : "";
}

TEST(the_command_is_found_among_flags)
{
	int n;

	assert_string_equal(found("list", &n), "list");
	assert_string_equal(found("--debug list x", &n), "list");
	assert_int_equal(n, 2);
	assert_string_equal(found("--log-level debug ls", &n), "list");
	assert_string_equal(found("-y start x", &n), "start");
	assert_string_equal(found("disk --debug ls", &n), "list");
	assert_string_equal(found("disk bogus", &n), "disk");
	assert_string_equal(found("bogus", &n), "");
	assert_string_equal(found("-- list", &n), "");
	assert_string_equal(found("--format json list", &n), "list");	/* cobra takes it so */
}

/* --- flags.table: every flag has a row, and every row a flag --- */

struct row {
	char *section, *flag;
	bool used;
};

struct table_rows {
	struct buf text;
	struct row v[512];
	size_t n;
};

static void
read_rows(struct table_rows *t)
{
	struct error err = { 0 };
	char *save = NULL;

	t->text = (struct buf)BUF_INIT;
	if (fs_read("tests/e2e/flags.table", &t->text, 1 << 20, &err) < 0)
		fail_msg("%s", err.msg);
	for (char *line = strtok_r(t->text.s, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *flag = strstr(line, " :: "), *end = flag ? strstr(flag + 4, " :: ") : NULL;

		if (line[0] == '#' || !end)
			continue;
		*flag = *end = '\0';
		assert_true(t->n < ARRAY_LEN(t->v));
		assert_true(strncmp(flag + 4, "--", 2) == 0);
		t->v[t->n++] = (struct row){ line, flag + 6, false };
	}
}

/* "@edit" stands for @edit, @edit2, ... too */
static bool
same_section(const char *row, const char *wanted)
{
	size_t len = strlen(wanted);

	return wanted[0] == '@' ? strncmp(row, wanted, len) == 0 && strspn(row + len, "0123456789") == strlen(row + len)
				: strcmp(row, wanted) == 0;
}

static void
want_row(struct table_rows *t, const char *section, const struct flag *f)
{
	bool found = false;

	for (size_t i = 0; i < t->n; i++)
		if (same_section(t->v[i].section, section) && strcmp(t->v[i].flag, f->name) == 0)
			found = t->v[i].used = true;
	if (!found && strcmp(f->name, "help") != 0)
		fail_msg("no row in tests/e2e/flags.table: %s :: --%s", section, f->name);
}

static void
want_rows(struct table_rows *t, const char *section, const struct flag *table)
{
	if (table == run_flags)
		section = "@run";
	else if (table == ready_flags)
		section = "@ready";
	else if (table == edit_flags)
		section = "@edit";
	else if (table == new_flags)
		section = "@new";
	for (; table && table->name; table++) {
		if (*table->name)
			want_row(t, section, table);
		else
			want_rows(t, section, table->include);
	}
}

TEST(every_flag_has_a_row_in_the_table_of_the_end_to_end_tests)
{
	static struct table_rows t;

	read_rows(&t);
	want_rows(&t, "limactl", global_flags);
	for (size_t i = 0; commands[i]; i++) {
		const struct command *c = commands[i];
		auto_free char *name = c->parent ? xasprintf("%s %s", c->parent, c->name) : xstrdup(c->name);

		want_rows(&t, name, c->flags);
		want_rows(&t, name, c->more_flags);
	}
	for (size_t i = 0; i < t.n; i++)
		if (!t.v[i].used)
			fail_msg("there is no such flag: %s :: --%s", t.v[i].section, t.v[i].flag);
	buf_release(&t.text);
}

/* --- tests/e2e/README.md: every command has a row, and every test that is named there is one --- */

static void
want_test(const char *row, const char *where, size_t len)
{
	auto_free char *file = NULL, *title = NULL;
	const char *colon = memchr(where, ':', len);
	size_t name = colon ? (size_t)(colon - where) : len;
	AUTO(buf) text = BUF_INIT;
	struct error err = { 0 };

	file = xasprintf("tests/e2e/%.*s", (int)name, where);
	if (fs_read(file, &text, 1 << 20, &err) < 0)
		fail_msg("%s: %s", row, err.msg);
	if (!colon)
		return;
	title = xasprintf("@test \"%.*s", (int)(len - name - 2), colon + 2);
	if (!strstr(text.s, title))
		fail_msg("%s: no such test: %.*s", row, (int)len, where);
}

TEST(every_command_has_a_test_that_is_there)
{
	AUTO(buf) readme = BUF_INIT;
	struct error err = { 0 };
	size_t rows = 0;

	ok(fs_read("tests/e2e/README.md", &readme, 1 << 20, &err));
	for (size_t i = 0; commands[i]; i++) {
		const struct command *c = commands[i];
		auto_free char *row = xasprintf("\n| `%s%s%s` | ", c->parent ? c->parent : "", c->parent ? " " : "", c->name);

		if (!strstr(readme.s, row))
			fail_msg("no row in tests/e2e/README.md: %s", row + 1);
	}
	for (const char *line = readme.s; line; line = strchr(line + 1, '\n')) {
		const char *p = strncmp(line, "\n| `", 4) == 0 ? strstr(line + 4, " | ") : NULL, *end = strstr(line + 1, " |\n");

		for (p = p ? p + 3 : NULL; p && p < end; rows++) {
			const char *next = strstr(p, "; ");
			size_t len = (size_t)((next && next < end ? next : end) - p);

			want_test("tests/e2e/README.md", p, len);
			p += len + 2;
		}
	}
	assert_true(rows > 70);
}
