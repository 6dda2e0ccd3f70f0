#include "cli/view/texts.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/quote/quote.h"
#include "base/sha256.h"
#include "cli/args/edit_flags.h"
#include "cli/args/fleet_args.h"
#include "cli/args/origin.h"
#include "cli/run.h"
#include "resources/made_from.h"
#include "state/desired/template/template.h"
#include "state/desired/yaml/yaml.h"

enum { MAX_CHANGES = 3, MAX_NAMED = 10 };

/* A text as an instance is made of it. */
struct texts_one {
	const char *json; /* filled; NULL: it could not be read */
};

struct texts {
	const char *name, *file, *copy; /* `file` NULL: none is known */
	bool by_file;			/* the plan is of the file, else of the copy */
	bool flags;			/* with --set and its like */
	bool fresh;			/* there is no copy yet */
	bool gone;			/* the file is */
	const char *wrong;		/* why they cannot be compared */
	struct spec_change *v;		/* from the file to the copy, or to what the plan is of */
	size_t n;
	struct arena a;
};

static void
texts_release(struct texts *t)
{
	arena_release(&t->a);
}

/* The texts were told of when they were loaded; nothing is fetched only to be compared. */
static struct spec_opts
texts_opts(struct cli *c)
{
	struct spec_opts o = cli_spec_opts(c);

	spec_hush(&o);
	o.fetch = NULL;
	return o;
}

static int
texts_fill(struct texts *t, struct template *from, const struct spec_opts *opts, struct texts_one *out,
	   struct error *err)
{
	struct spec *spec;

	if (template_spec(&spec, t->name, from, TEMPLATE_UNCHECKED, opts, err) < 0)
		return -1;
	out->json = arena_strdup(&t->a, spec->json);
	spec_free(spec);
	return 0;
}

static int
texts_read_file(struct cli *c, struct texts *t, struct texts_one *out, struct error *err)
{
	struct spec_opts opts = texts_opts(c);
	AUTO(template) from = {0};

	return template_load(&from, t->file, &opts, err) < 0 ? -1 : texts_fill(t, &from, &opts, out, err);
}

static int
texts_read_copy(struct cli *c, struct texts *t, struct texts_one *out, struct error *err)
{
	struct spec_opts opts = texts_opts(c);
	AUTO(template) from = {0};

	return goals_instance_text(c, t->name, &from, err) < 0 ? -1 : texts_fill(t, &from, &opts, out, err);
}

static void
texts_diff(struct texts *t, const char *file, const char *copy)
{
	if (spec_diff(&t->a, file, copy, &t->v, &t->n, NULL) < 0)
		t->n = 0;
}

/* The copy is what the plan is of; what the file says besides is worth a word. */
static void
texts_compare_copy(struct cli *c, const struct request *a, struct texts *t, struct error *err)
{
	struct texts_one file = {0}, copy = {0};

	t->gone = fs_look(t->file, NULL, NULL) == 0;
	if (t->gone || texts_read_file(c, t, &file, err) < 0)
		return;
	if (a && a->spec)
		copy.json = a->spec->json;
	else if (texts_read_copy(c, t, &copy, err) < 0)
		return;
	texts_diff(t, file.json, copy.json);
}

/* Does it say, to the byte, what it was made of? Then it need not be understood. */
static bool
texts_copy_is(const struct texts *t, const char *digest)
{
	AUTO(buf) text = BUF_INIT;
	char hex[65];

	if (fs_read(t->copy, &text, YAML_MAX_TEXT, NULL) < 0)
		return false;
	sha256_hex(text.s, text.len, hex);
	return !strcmp(hex, digest);
}

/* The plan is of the file: what was changed in the copy alone is undone by it, what the flags say is in the copy alone. */
static void
texts_compare_file(struct cli *c, const struct request *a, const struct made_from *made, struct texts *t, struct error *err)
{
	struct texts_one file = {0}, copy = {0};

	if (t->flags) {
		if (texts_read_file(c, t, &file, err) == 0)
			texts_diff(t, file.json, a->spec->json);
	} else if (made->file && !strcmp(made->file, t->file) && !texts_copy_is(t, made->digest) &&
		   texts_read_copy(c, t, &copy, err) == 0) {
		texts_diff(t, a->spec->json, copy.json);
	}
}

static void
texts_look(struct cli *c, const struct request *a, const char *name, struct texts *t)
{
	auto_free char *dir = xasprintf("%s/%s", c->env.home, name);
	const char *file = a ? origin_of_request(a) : NULL;
	struct made_from made = {0};
	struct error err = {0};

	*t = (struct texts){.name = name, .by_file = file, .flags = a && edit_given(c)};
	t->copy = arena_printf(&t->a, "%s/lima.yaml", dir);
	t->fresh = !fs_exists(t->copy);
	if (made_from_read(dir, &t->a, &made) != 1)
		made = (struct made_from){0};
	t->file = file ? file : made.file;
	if (file)
		texts_compare_file(c, a, &made, t, &err);
	else if (t->file)
		texts_compare_copy(c, a, t, &err);
	if (err.code)
		t->wrong = arena_strdup(&t->a, err.msg);
}

/* --- in words */

/* "cpus: 2 in the file, 4 in the copy" */
static void
texts_add_changes(struct buf *b, const struct texts *t, const char *there, const char *here)
{
	for (size_t i = 0; i < t->n && i < MAX_CHANGES; i++)
		buf_addf(b, "%s%s: %s %s, %s %s", i ? "; " : "", t->v[i].path, t->v[i].have ? t->v[i].have : "unset",
			 there, t->v[i].want ? t->v[i].want : "unset", here);
	if (t->n > MAX_CHANGES)
		buf_addf(b, "; and %zu more", t->n - MAX_CHANGES);
}

static const char *
texts_word(struct texts *t, const char *path)
{
	AUTO(buf) b = BUF_INIT;

	quote_shell(&b, path);
	return arena_strdup(&t->a, b.s);
}

/* The command line that makes the instance what the file says: a file of another name has to be told whose it is. */
static const char *
texts_apply(struct texts *t)
{
	auto_free char *own = NULL;
	bool named = name_from_path(&own, t->file, NULL) < 0 || strcmp(own, t->name) != 0;

	return named ? arena_printf(&t->a, "limactl apply --name %s %s", t->name, texts_word(t, t->file))
		     : arena_printf(&t->a, "limactl apply %s", texts_word(t, t->file));
}

static void
texts_tell_copy(struct texts *t, struct buf *b)
{
	if (!t->file)
		return;
	if (t->gone)
		buf_addf(b, " The file that made it, %s, is gone.", t->file);
	else if (t->wrong)
		buf_addf(b, " The file that made it cannot be compared: %s.", t->wrong);
	else if (!t->n)
		buf_addf(b, " The file that made it, %s, says the same.", t->file);
	else
		buf_addf(b, " The file that made it, %s, says otherwise (", t->file);
	if (!t->n)
		return;
	texts_add_changes(b, t, "there", "here");
	buf_addf(b, "): `%s` brings the instance to the file, `limactl edit --write-back %s` the file to the instance.",
		 texts_apply(t), t->name);
}

static void
texts_tell_file(struct texts *t, struct buf *b)
{
	if (t->fresh)
		buf_adds(b, "; the instance gets a copy of it.");
	else if (t->n && !t->flags) {
		buf_addf(b, ". The copy that the instance keeps, %s, was changed by itself (", t->copy);
		texts_add_changes(b, t, "in the file", "in the copy");
		buf_addf(b, "): `limactl apply` undoes that, `limactl edit --write-back %s` puts it into the file.",
			 t->name);
	} else if (t->n) {
		buf_adds(b, ": the file stays as it is (");
		texts_add_changes(b, t, "there", "in the instance");
		buf_adds(b, ").");
	} else {
		buf_addf(b, "; the instance's copy of it is %s.", t->copy);
	}
}

static void
texts_line(struct texts *t, struct buf *b)
{
	const char *flags = t->flags ? ", and what the flags say" : "";

	if (t->by_file) {
		buf_addf(b, "%s: by %s%s", t->name, t->file, flags);
		texts_tell_file(t, b);
	} else {
		buf_addf(b, "%s: by its own copy, %s%s.", t->name, t->copy, flags);
		texts_tell_copy(t, b);
	}
	buf_addc(b, '\n');
}

/* Of what a template or a URL says, and has no copy yet, there is one text only. */
static bool
texts_is_told(const struct texts *t, const struct request *a)
{
	return a->goal != GOAL_ABSENT && (t->by_file || (!t->fresh && !a->nwants));
}

static void
texts_line_json(struct texts *t, struct buf *out)
{
	cJSON *o = cJSON_CreateObject(), *differs;
	char *text;

	cJSON_AddStringToObject(o, "instance", t->name);
	cJSON_AddStringToObject(o, "of", t->by_file ? "file" : "copy");
	cJSON_AddStringToObject(o, "copy", t->copy);
	if (t->file)
		cJSON_AddStringToObject(o, "file", t->file);
	if (t->gone || t->wrong)
		cJSON_AddStringToObject(o, "error", t->gone ? "the file is gone" : t->wrong);
	differs = cJSON_AddArrayToObject(o, "differs");
	for (size_t i = 0; i < t->n; i++) {
		cJSON *d = cJSON_CreateObject();

		cJSON_AddStringToObject(d, "key", t->v[i].path);
		cJSON_AddItemToObject(d, "file", t->v[i].have ? cJSON_CreateString(t->v[i].have) : cJSON_CreateNull());
		cJSON_AddItemToObject(d, "copy", t->v[i].want ? cJSON_CreateString(t->v[i].want) : cJSON_CreateNull());
		cJSON_AddItemToArray(differs, d);
	}
	text = cJSON_PrintUnformatted(o);
	buf_adds(out, text);
	cJSON_free(text);
	cJSON_Delete(o);
}

void
texts_tell(struct cli *c, const struct request *a, bool json, struct buf *out)
{
	AUTO(texts) t = {0};

	texts_look(c, a, a->name, &t);
	if (texts_is_told(&t, a))
		(json ? texts_line_json : texts_line)(&t, out);
}

void
texts_tell_differing(struct cli *c, const char *name, bool json, struct buf *out)
{
	AUTO(texts) t = {0};

	texts_look(c, NULL, name, &t);
	if (t.n || t.wrong)
		(json ? texts_line_json : texts_line)(&t, out);
}

void
texts_say_edited(struct cli *c, const char *name)
{
	AUTO(texts) t = {0};

	texts_look(c, NULL, name, &t);
	if (t.file && t.n)
		cli_say(&c->env, SAY_INFO,
			"That is the instance's own copy, %s; the file that made it, %s, says what it said: "
			"`limactl edit --write-back %s` brings it to the instance",
			t.copy, t.file, name);
}

void
texts_say_differing(struct cli *c, const char *name)
{
	AUTO(buf) line = BUF_INIT;

	texts_tell_differing(c, name, false, &line);
	if (line.len)
		cli_say(&c->env, SAY_WARN, "%.*s", (int)line.len - 1, line.s);
}

/* "`limactl apply web.yaml`"; one of another name than the file's, and of no fleet, is named. */
static const char *
texts_apply_all(struct cli *c, const char *path, const struct names *made)
{
	AUTO(buf) word = BUF_INIT;
	auto_free char *own = NULL;
	struct fleet_note fleet;

	quote_shell(&word, path);
	if (name_from_path(&own, path, NULL) == 0 && made->n == 1 && !strcmp(own, made->v[0]))
		return arena_printf(&c->arena, "`limactl apply %s`", word.s);
	for (size_t i = 0; i < made->n; i++)
		if (fleet_note(c, made->v[i], &fleet, NULL) == 0 && *fleet.fleet)
			return arena_printf(&c->arena, "`limactl apply %s`", word.s);
	return arena_printf(&c->arena, made->n == 1 ? "`limactl apply --name %s %s`" : "`limactl apply --name %s %s`, and so on,",
			    made->v[0], word.s);
}

void
texts_say_made(struct cli *c, const char *path)
{
	AUTO(names) made = {0};

	if (origin_instances(c, path, &made, NULL) < 0 || !made.n)
		return;
	cli_say(&c->env, SAY_INFO, "Made from it: %s. %s a copy of what it said before; %s brings %s to the file",
		names_in_words(c, &made, MAX_NAMED), made.n == 1 ? "That instance keeps" : "Those instances keep",
		texts_apply_all(c, path, &made), made.n == 1 ? "it" : "them");
}
