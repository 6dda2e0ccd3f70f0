#include "resources/warm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "providers/disk/image.h"
#include "providers/driver.h"
#include "providers/memory_file.h"
#include "resources/cidata_files.h"
#include "resources/disk_known.h"
#include "resources/instance_paths.h"
#include "resources/machine.h"
#include "resources/warm_ram.h"

enum { MAX_TOOK = 64, MAX_NOTE = 4096, MAX_LIST = 256 * 1024, KEY_LEN = 32 };

/* --- who can have it --- */

static bool
warm_is_overlay(const struct spec *s)
{
	return !strcmp(s->disk_mode, "overlay");
}

static bool
warm_has_firmware(const struct spec *s)
{
	const struct driver *d = driver_find(s->vm_type);

	/* A kernel that the machine loads itself needs none on this architecture. */
	return s->firmware.nimages || (d && d->boots_uefi && d->boots_uefi(s->arch, s->firmware.legacy_bios) && !(s->nimages && s->images[0].has_kernel));
}

static bool
warm_is_unsavable(const struct spec *s)
{
	const struct driver *d = driver_find(s->vm_type);

	return !d || !d->memory || !d->memory->park;
}

static bool
warm_is_foreign(const struct spec *s)
{
	return strcmp(s->arch, "x86_64") != 0;
}

static bool
warm_has_networks(const struct spec *s)
{
	return s->nnetworks > 0;
}

static bool
warm_has_disks(const struct spec *s)
{
	return s->ndisks > 0;
}

static bool
warm_has_folders(const struct spec *s)
{
	return s->nmounts && machine_share_type(s) != SHARE_NONE;
}

static bool
warm_has_tpm(const struct spec *s)
{
	return s->tpm;
}

static bool
warm_has_screen(const struct spec *s)
{
	const char *display = s->video_display, *sound = s->audio_device;

	return (*display && strcmp(display, "none") != 0) || (*sound && strcmp(sound, "none") != 0);
}

static const struct {
	bool (*has)(const struct spec *s);
	const char *why;
} cold[] = {
	{ warm_is_unsavable, "its driver cannot save a machine" },
	{ warm_is_foreign, "only machines of x86_64 are saved" },
	{ warm_has_firmware, "it boots by UEFI, whose variables are not saved; with `firmware.legacyBIOS: true`, or an image with a kernel of its own, they need not be" },
	{ warm_has_networks, "it has `networks`, whose addresses are one machine's alone" },
	{ warm_has_disks, "it has `additionalDisks`, which cannot be those of another" },
	{ warm_has_folders, "its folders are devices of the machine; with `mountType: reverse-sshfs` they come later" },
	{ warm_has_tpm, "it has a `tpm`, whose secrets are one machine's alone" },
	{ warm_has_screen, "it has a screen, or sound" },
	{ warm_is_overlay, "`diskMode: overlay` has it stand on its image" },
};

const char *
warm_why_cold(const struct spec *spec)
{
	for (size_t i = 0; spec->warm_start && i < ARRAY_LEN(cold); i++)
		if (cold[i].has(spec))
			return cold[i].why;
	return NULL;
}

bool
warm_parks(const struct spec *spec)
{
	return spec->warm_start && !warm_why_cold(spec);
}

/* --- what makes two of them the same --- */

char *
warm_saved_path(const char *home, const char *key, const char *file)
{
	return xasprintf("%s/" WARM_SAVED "/%s%s%s", home, key, file ? "/" : "", file ? file : "");
}

/* What lima.yaml says of the machine. How it is reached is said to the host alone. */
static const char *
warm_machine(const struct spec *spec, struct arena *a)
{
	const char *text = spec_part(a, spec->json, SPEC_MACHINE);
	AUTO(buf) b = BUF_INIT;
	char *hex = arena_alloc(a, 65);

	buf_addf(&b, "%s %s %s %s %d %llu\n", spec->vm_type, spec->os, spec->arch, spec->cpu_type, spec->cpus, (unsigned long long)spec->memory_bytes);
	for (const char *p = text, *nl; (nl = strchr(p, '\n')); p = nl + 1)
		if (strncmp(p, "ssh.", 4) != 0)
			buf_add(&b, p, (size_t)(nl + 1 - p));
	sha256_hex(b.s, b.len, hex);
	hex[KEY_LEN] = '\0';
	return hex;
}

/* An image by its digest, or else as the file is now. */
static bool
warm_add_image(struct buf *b, const struct resource *image, struct arena *a)
{
	static const char *const parts[] = { "path", "kernel", "initrd" };

	if (!facts_get(&image->have, "path"))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		const char *path = facts_get(&image->have, parts[i]), *digest = path ? image_digest(image, parts[i], a) : "";
		const char *stamp = path && !*digest ? fs_stamp(a, path) : NULL;

		buf_addf(b, "%s %s %s\n", parts[i], digest, stamp ? stamp : "");
	}
	return true;
}

/* The boot scripts and the agent that come along with this version, which may know other words. */
static void
warm_add_tools(struct buf *b, const struct env *env, const struct spec *spec, struct arena *a)
{
	auto_free char *list = xasprintf("%s/cidata/list", env->share);
	bool gz;
	const char *agent = spec->plain ? NULL : cidata_guest_agent(a, env, spec, &gz);
	AUTO(buf) text = BUF_INIT;

	fs_read_if(list, &text, MAX_LIST, NULL);
	buf_addf(b, "%s\n%s\n%s\n", env->version, text.len ? text.s : "", agent ? fs_stamp(a, agent) : "");
}

const char *
warm_key(const struct env *env, const struct resource *disk, struct arena *a)
{
	const struct resource *image = resource_needed(disk, "image");
	const struct spec *spec = disk->spec;
	const char *told;
	AUTO(buf) b = BUF_INIT;
	char *hex = arena_alloc(a, 65);

	/* Without a key of the user's there is none yet: the plan cannot tell, and asks again when it is made. */
	if (!spec || !warm_parks(spec) || !spec->nimages || !image || !warm_add_image(&b, image, a) || cidata_before_park(&told, a, env, spec, NULL) < 0)
		return NULL;
	buf_addf(&b, "machine 3\n%s\n%s\n%llu\n%s\n", warm_machine(spec, a), spec->images[0].cmdline, (unsigned long long)spec->disk_bytes, told);
	warm_add_tools(&b, env, spec, a);
	sha256_hex(b.s, b.len, hex);
	hex[KEY_LEN] = '\0';
	return hex;
}

int
warm_saved_look(const char *home, const char *key, struct error *err)
{
	auto_free char *memory = warm_saved_path(home, key, "memory"), *disk = warm_saved_path(home, key, "disk");
	AUTO(arena) a = { 0 };
	struct memory_head h;
	const char *now;

	if (!fs_exists(memory))
		return error_set(err, ENOENT, "%s: not there", memory);
	if (memory_file_head(memory, &a, &h, err) < 0)
		return -1;
	now = memory_disk_stamp(disk, &a);
	if (!h.ndisks || !now || strcmp(now, h.disks[0].stamp) != 0)
		return error_set(err, ERR_INVALID, "%s: not the disk that was saved with it", disk);
	return 0;
}

const char *
warm_took(const char *home, const char *key, struct arena *a)
{
	auto_free char *path = warm_saved_path(home, key, "took");
	AUTO(buf) text = BUF_INIT;
	double s;

	return fs_read_if(path, &text, MAX_TOOK, NULL) == 1 && sscanf(text.s, "%lf", &s) == 1 && s >= 0 && s < 1e6 ? arena_printf(a, "%.1f", s) : NULL;
}

/* --- $I/warm: WORD KEY MACHINE, and the stamp of the disk --- */

static const char *const words[] = { [WARM_NOT] = "", [WARM_TO_SAVE] = "save", [WARM_TO_RESTORE] = "restore", [WARM_PARKED] = "parked" };

static int
warm_write(const char *dir, const struct warm_note *n, struct error *err)
{
	auto_free char *path = xasprintf("%s/" WARM_FILE, dir), *text = xasprintf("%s %s %s %s\n", words[n->what], n->key, n->machine, n->disk);

	return fs_write(path, text, strlen(text), 0600, err);
}

/* A file that is not understood says nothing. */
int
warm_read(const char *dir, struct arena *a, struct warm_note *out, struct error *err)
{
	auto_free char *path = xasprintf("%s/" WARM_FILE, dir);
	AUTO(buf) text = BUF_INIT;
	char word[16], key[KEY_LEN + 1], machine[KEY_LEN + 1];
	int at = 0, there = fs_read_if(path, &text, MAX_NOTE, err);

	*out = (struct warm_note){ 0 };
	if (there <= 0)
		return there;
	if (sscanf(text.s, "%15s %32[0-9a-f] %32[0-9a-f] %n", word, key, machine, &at) != 3 || !at)
		return 0;
	for (size_t i = 1; i < ARRAY_LEN(words); i++)
		if (!strcmp(word, words[i]))
			out->what = (enum warm)i;
	out->key = arena_strdup(a, key);
	out->machine = arena_strdup(a, machine);
	out->disk = arena_printf(a, "%.*s", (int)strcspn(text.s + at, "\n"), text.s + at);
	return 0;
}

int
warm_next(const struct resource *r, const char *dir, struct arena *a, struct warm_note *out, struct error *err)
{
	auto_free char *disk = xasprintf("%s/disk", dir);
	const char *now;

	if (warm_read(dir, a, out, err) < 0)
		return -1;
	now = memory_disk_stamp(disk, a);
	if (out->what == WARM_PARKED || !r->spec || !warm_parks(r->spec) || !now || (out->what && strcmp(now, out->disk) != 0) ||
	    (out->what && strcmp(out->machine, warm_machine(r->spec, a)) != 0))
		out->what = WARM_NOT;
	return out->what == WARM_NOT ? warm_disk_forget(dir, err) : 0;
}

int
warm_ran(const char *dir, struct error *err)
{
	AUTO(arena) a = { 0 };
	struct warm_note n;

	if (warm_read(dir, &a, &n, err) < 0)
		return -1;
	if (n.what == WARM_NOT || n.what == WARM_PARKED)
		return 0;
	n.what = WARM_PARKED;
	return warm_write(dir, &n, err);
}

int
warm_drop(const struct env *env, const char *dir, struct error *err)
{
	AUTO(arena) a = { 0 };
	struct warm_note n;
	auto_free char *saved = NULL;

	if (warm_read(dir, &a, &n, err) < 0)
		return -1;
	saved = n.what == WARM_TO_RESTORE ? warm_saved_path(env->home, n.key, NULL) : NULL;
	if (saved && fs_remove_tree(saved, err) < 0)
		return -1;
	return warm_disk_forget(dir, err);
}

/* --- a disk on that of a saved machine --- */

int
warm_disk_forget(const char *dir, struct error *err)
{
	auto_free char *note = xasprintf("%s/" WARM_FILE, dir), *memory = xasprintf("%s/" WARM_MEMORY, dir);

	warm_ram_forget(dir);
	/* The note goes last: as long as it is there, somebody comes and looks for the other. */
	return fs_unlink(memory, err) < 0 ? -1 : fs_unlink(note, err);
}

/* Names of our own for both; where that cannot be, on another file system, it boots. */
static bool
warm_link(const char *home, const char *key, const char *dir)
{
	auto_free char *disk = warm_saved_path(home, key, "disk"), *memory = warm_saved_path(home, key, "memory");
	auto_free char *base = xasprintf("%s/basedisk", dir), *own = xasprintf("%s/" WARM_MEMORY, dir);

	if (link(memory, own) == 0 && link(disk, base) == 0)
		return true;
	fs_unlink(own, NULL);
	fs_unlink(base, NULL);
	return false;
}

int
warm_disk_make(const struct env *env, const struct resource *r, const char *disk, int64_t size, struct arena *a, struct error *err)
{
	const char *key = warm_key(env, r, a);
	auto_free char *from = key ? warm_saved_path(env->home, key, "disk") : NULL, *dir = instance_path(env, r, NULL);
	struct image_info info;
	struct error why = { 0 };

	if (!key || warm_saved_look(env->home, key, &why) < 0 || disk_probe(from, &info, &why) < 0) {
		if (why.code && why.code != ENOENT)
			env->say(env, SAY_WARN, "%s: the saved machine is not used, and another one is saved: %s", r->name, why.msg);
		return 0;
	}
	if (!warm_link(env->home, key, dir))
		return 0;
	if (disk_keep(disk, "qcow2", size, size, err) < 0 || image_create_on(disk, size, "basedisk", info.format, err) < 0)
		return -1;
	return 1;
}

int
warm_disk_note(const struct env *env, const struct resource *r, const char *disk, bool saved, struct arena *a, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL);
	struct warm_note n = { .what = saved ? WARM_TO_RESTORE : WARM_TO_SAVE, .key = warm_key(env, r, a) };

	if (!n.key)
		return 0;
	n.machine = warm_machine(r->spec, a);
	n.disk = memory_disk_stamp(disk, a);
	return n.disk ? warm_write(dir, &n, err) : error_errno(err, "%s", disk);
}
