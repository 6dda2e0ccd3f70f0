/* resources/kernel.c - the kernel that the machine boots directly, and its command line */
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "providers/fetch/unpack.h"
#include "resources/fetch.h"
#include "resources/instance_files.h"
#include "resources/instance_paths.h"

enum { MAX_CMDLINE = 64 * 1024, MAX_KERNEL = 512 << 20 };

/* The kernel itself belongs to the disk it came with, and stays with it; its command line may change. */
static const struct attr attrs[] = {
	{ .name = "cmdline", .cost = COST_UPDATE, .key = "images[0].kernel.cmdline" },
	{ 0 },
};

extern const struct resource_type resource_kernel;

static int
kernel_declare(const struct spec *spec, const struct env *env, struct graph *g, struct error *err)
{
	bool has = spec->nimages && spec->images[0].has_kernel;
	struct resource *r;

	(void)env, (void)err;
	/* An instance whose lima.yaml cannot be read may have a kernel. */
	if (!has && spec->nimages)
		return 0;
	r = graph_declare(g, &resource_kernel, spec->name, spec->name, has && instance_paths_wanted(spec));
	resource_need(g, r, "dir", spec->name, NEED_LIVE);
	if (!has || !instance_paths_wanted(spec))
		return 0;
	resource_want(g, r, "cmdline", spec->images[0].cmdline);
	resource_need(g, r, "image", spec->images[0].image.location, NEED_BUILD);
	return 0;
}

static int
kernel_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *path = instance_path(env, r, "kernel"), *cmdline = instance_path(env, r, "kernel.cmdline");
	AUTO(buf) text = BUF_INIT;
	const char *stamp, *stamp2 = NULL;
	int there = fs_look_derived(path, a, &stamp, err);

	if (there <= 0)
		return there;
	if (fs_look_derived(cmdline, a, &stamp2, err) < 0)
		return -1;
	stamp = arena_printf(a, "%s %s", stamp, stamp2 ? stamp2 : "");
	if (facts_same_stamp(have, stamp))
		return 1;
	if (stamp2 && fs_read(cmdline, &text, MAX_CMDLINE, err) < 0)
		return -1;
	facts_set(have, a, "stamp", stamp);
	facts_set(have, a, "cmdline", text.s);
	return 1;
}

static int
write_cmdline(const char *path, const char *text, struct error *err)
{
	AUTO(buf) now = BUF_INIT;
	int there = fs_read_if(path, &now, MAX_CMDLINE, err);

	if (there < 0)
		return -1;
	if (!*text)
		return fs_drop(path, err);
	return there && !strcmp(now.s, text) ? 0 : fs_write(path, text, strlen(text), 0644, err);
}

static int
kernel_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *path = instance_path(env, r, "kernel"), *cmdline = instance_path(env, r, "kernel.cmdline");
	auto_free char *tmp = fs_tmp(path);
	const struct resource *image = resource_needed(r, "image");
	const char *from = image ? facts_get(&image->have, "kernel") : NULL;
	const char *text = facts_get(&r->want, "cmdline"), *stamp;
	int there;
	struct unpack u = { .from = from, .to = tmp, .cancel = env->cancel, .mode = 0644, .max_bytes = MAX_KERNEL,
			    .digest = image ? image_digest(image, "kernel", a) : NULL };

	if (fs_make_room(cmdline, err) < 0 || write_cmdline(cmdline, text ? text : "", err) < 0)
		return -1;
	there = fs_look_derived(path, a, &stamp, err);
	if (there < 0)
		return -1;
	if (!there) {
		if (!from)
			return error_set(err, ERR_INVALID, "the image has no kernel with it");
		if (fs_make_room(path, err) < 0 || unpack_file(&u, err) < 0 || fs_commit(tmp, path, err) < 0)
			return -1;
	}
	return kernel_observe(env, r, have, a, err) == 1 ? 0 : -1;
}

/* It stays with the disk that it came with. */
static void
kernel_reads(const struct env *env, const struct resource *r, struct facts *files, struct arena *a)
{
	(void)env;
	if (!r->present || r->down)
		fetch_reads_part(r, "image", "kernel", files, a);
}

const struct resource_type resource_kernel = {
	.name = "kernel",
	.about = "the kernel that the machine boots directly, and its command line",
	.attrs = attrs,
	.declare = kernel_declare,
	.observe = kernel_observe,
	.reads = kernel_reads,
	.ensure = kernel_ensure,
	.remove = instance_files_remove,
};
