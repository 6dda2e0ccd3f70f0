#include "cli/look/look.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "cli/look/story.h"
#include "cli/view/probe.h"
#include "state/observed/state.h"

enum { LOOK_MAX_YAML = 1 << 20, LOOK_HEAD = 9 };

/* Does the file speak of secrets? Most do not, and are not read any further. */
static bool
look_mentions(const char *path)
{
	AUTO(buf) text = BUF_INIT;

	return fs_read_if(path, &text, LOOK_MAX_YAML, NULL) == 1 && strstr(text.s, "secrets");
}

/* Of an instance that never came to its end no configuration is recorded: its own file says what is secret. */
static void
look_secrets_unrecorded(struct cli *c, const char *name)
{
	struct spec_opts opts = cli_spec_opts(c);
	auto_free char *yaml = xasprintf("%s/%s/lima.yaml", c->env.home, name), *common = xasprintf("%s/_config/default.yaml", c->env.home);
	auto_free char *over = xasprintf("%s/_config/override.yaml", c->env.home);
	struct spec *spec = NULL;

	spec_hush(&opts);
	if (!probe_answers(c, name) || !fs_exists(yaml) || !(look_mentions(yaml) || look_mentions(common) || look_mentions(over)) ||
	    spec_load_instance(&spec, name, &opts, NULL) < 0)
		return;
	secrets_add(&c->secrets, spec->json);
	spec_free(spec);
}

struct look_unrecorded {
	struct cli *c;
	struct names names;
};

static int
look_secrets_of(void *ctx, const struct state_instance *i)
{
	struct look_unrecorded *u = ctx;

	secrets_add(&u->c->secrets, i->json);
	if (*i->json)
		return 0;
	GROW(u->names.v, u->names.n, u->names.cap);
	u->names.v[u->names.n++] = xstrdup(i->name);
	return 0;
}

static int
look_secrets(struct cli *c, struct state *s, struct error *err)
{
	struct look_unrecorded u = { .c = c };
	int r = state_instances(s, NULL, look_secrets_of, &u, err);

	for (size_t i = 0; i < u.names.n; i++)
		look_secrets_unrecorded(c, u.names.v[i]);
	names_release(&u.names);
	return r < 0 ? -1 : 0;
}

static int
look_open_run(struct cli *c, struct state *s, int64_t id, int (*show)(struct cli *c, const struct story *s, struct error *err), struct error *err)
{
	AUTO(story) story = { 0 };

	if (look_secrets(c, s, err) < 0 || story_read(&story, s, id, &c->secrets, err) < 0)
		return -1;
	return show(c, &story, err);
}

int
look_at_run(struct cli *c, const char *word, int (*show)(struct cli *show_c, const struct story *s, struct error *show_err), struct error *err)
{
	const struct state_opts o = { .flags = STATE_READ, .cancel = c->env.cancel };
	struct state *s;
	int64_t id;
	int r;

	if (story_parse(word, &id, err) < 0 || state_open(&s, c->env.home, &o, err) < 0)
		return -1;
	r = look_open_run(c, s, id, show, err);
	/* Of a damaged one there is no history; the next who writes begins another */
	if (r < 0 && state_heal(s, NULL) == 1)
		r = look_open_run(c, s, id, show, err);
	state_close(s);
	return r;
}

/* One takes the place of an older one, or of an empty file, and of nothing else: they begin alike. */
static int
look_check_place(const char *path, const struct buf *text, struct error *err)
{
	char head[LOOK_HEAD] = "";
	struct stat st;
	auto_close int fd = stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size ? fs_open(path, NULL, NULL) : -1;

	if (fd < 0)
		return 0;
	if (read(fd, head, sizeof head) == (ssize_t)sizeof head && text->len > sizeof head && !memcmp(head, text->s, sizeof head))
		return 0;
	return error_set(err, ERR_REFUSED, "%s: is there, and is nothing of this kind; give a name that is free, or remove it first", path);
}

int
look_write_file(struct cli *c, const char *path, const struct buf *text, struct error *err)
{
	if (look_check_place(path, text, err) < 0 || fs_rewrite(path, text->s, text->len, 0644, err) < 0)
		return -1;
	cli_say(&c->env, SAY_INFO, "Wrote %s (%zu bytes)", path, text->len);
	return 0;
}

int
look_write(struct cli *c, const struct buf *text, struct error *err)
{
	const char *path = cli_str(c, "output");

	if (*path && strcmp(path, "-") != 0)
		return look_write_file(c, path, text, err);
	cli_print(stdout, text->s, text->len);
	return 0;
}
