/*
 * lima.yaml from a stranger: a template, its base, default.yaml and override.yaml are read, merged, filled and
 * checked. What comes out is written as YAML, and means the same when it is read again.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "state/desired/spec/host.h"
#include "state/desired/spec/spec.h"
#include "state/desired/template/template.h"
#include "state/desired/yaml/yaml.h"
#include "tests/fuzz/parts.h"

static char home[64];
static struct buf base = BUF_INIT, main_text = BUF_INIT;

static int
fetch(void *ctx, const char *url, struct buf *out, size_t max, struct error *err)
{
	const struct buf *b = strcmp(url, "https://h/main.yaml") ? &base : &main_text;

	(void)ctx;
	if (b->len > max)
		return error_set(err, ERR_INVALID, "too long");
	buf_add(out, b->s, b->len);
	return 0;
}

static void
hear(void *ctx, const char *text)
{
	(void)ctx;
	if (!*text || strchr(text, '\033'))
		abort();
}

static const struct host host = {
	.os = "Linux", .arch = "x86_64", .cpus = 3, .memory_bytes = (uint64_t)5 << 30, .user = "ann", .host_user = "ann", .comment = "Ann",
	.home = "/home/ann", .uid = 501, .host_uid = 501, .timezone = "Europe/Rome", .machine_id = "0123", .tmp = "/tmp",
};

static struct spec_opts *
options(void)
{
	static struct spec_opts opts = { .version = "2.2.0", .warn = hear, .fetch = fetch, .host = &host };
	auto_free char *config = NULL;

	if (opts.home)
		return &opts;
	strcpy(home, "/tmp/lima-fuzz.XXXXXX");
	if (!mkdtemp(home))
		abort();
	config = xasprintf("%s/_config", home);
	if (fs_mkdirs(config, 0700, NULL) < 0)
		abort();
	setenv("PATH", "", 1);
	opts.home = home;
	return &opts;
}

static void
put(const char *name, const struct buf *text)
{
	auto_free char *path = xasprintf("%s/_config/%s", home, name);
	auto_file FILE *f = NULL;

	if (!text->len) {
		unlink(path);
		return;
	}
	f = fopen(path, "we");
	if (!f || fwrite(text->s, 1, text->len, f) != text->len)
		abort();
}

/* items of lists that say nothing are in YAML and not in JSON, as upstream has it */
static void
drop_hollow(struct buf *b)
{
	AUTO(buf) out = BUF_INIT;

	for (const char *p = b->s; *p;) {
		if (!strncmp(p, "{}", 2)) {
			p += 2;
			continue;
		}
		if (*p != ',')
			buf_addc(&out, *p);
		p++;
	}
	buf_truncate(b, 0);
	buf_adds(b, out.s);
}

/* the filled configuration, as YAML and back, is the same JSON */
static void
check_written(const struct spec *s)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) yaml = BUF_INIT;
	AUTO(buf) json = BUF_INIT;
	AUTO(buf) want = BUF_INIT;
	struct source src = { .name = "filled" };
	struct node *root;
	struct error err;

	spec_yaml(s, &yaml);
	src.text = yaml.s;
	src.len = yaml.len;
	if (yaml_read(&root, &a, &src, NULL, &err) < 0)
		abort();
	node_json(root, &json);
	buf_adds(&want, s->json);
	drop_hollow(&json);
	drop_hollow(&want);
	if (strcmp(json.s, want.s) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct spec_opts *opts = options();
	AUTO(template) t = { 0 };
	AUTO(buf) layer = BUF_INIT;
	struct error err = { 0 };
	struct spec *s;

	next_part(&main_text, &data, &size);
	next_part(&base, &data, &size);
	next_part(&layer, &data, &size);
	put("default.yaml", &layer);
	next_part(&layer, &data, &size);
	put("override.yaml", &layer);
	if (template_read(&t, "https://h/main.yaml", opts, &err) < 0 || template_embed(&t, EMBED_ALL, opts, &err) < 0)
		return 0;
	if (template_spec(&s, "vm", &t, TEMPLATE_UNCHECKED, opts, &err) == 0) {
		check_written(s);
		spec_free(s);
	}
	if (template_spec(&s, "vm", &t, TEMPLATE_BARE, opts, &err) == 0)
		spec_free(s);
	else if (!*err.msg)
		abort();
	return 0;
}
