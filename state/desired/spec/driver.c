/* What the driver and the guest's set-up refuse: known only once an instance is to be made or run. */
#include <inttypes.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/semver.h"
#include "base/size.h"
#include "state/desired/spec/host.h"
#include "state/desired/spec/load.h"
#include "state/desired/spec/loaded.h"

static void
check_vm_type(struct load *l, const struct spec *s)
{
	const char *os = l->host->os;
	/* Without a list of drivers every type is accepted. */
	bool fits = !l->opts->drivers || (!strcmp(s->vm_type, "vz") && !strcmp(os, "Darwin")) ||
		    (!strcmp(s->vm_type, "wsl2") && !strcmp(os, "Windows"));

	for (const char *const *d = l->opts->drivers; d && *d && !fits; d++)
		fits = !strcmp(*d, s->vm_type);
	fits = fits || (l->opts->external && l->opts->external(s->vm_type));
	if (!fits)
		diag_error(l, l->root, "vmType", "unknown or unsupported VM type: `%s` needs the program lima-driver-%s, which is not on this %s host; use `%s`, or "
			 "put it into PREFIX/libexec/lima/drivers or a folder of $LIMA_DRIVERS_PATH", s->vm_type, s->vm_type, os, l->opts->drivers[0]);
}

static void
check_mount_type(struct load *l, const struct spec *s)
{
	static const char linux_types[] = "reverse-sshfs 9p virtiofs", other_types[] = "reverse-sshfs 9p";
	const char *types = strcmp(l->host->os, "Linux") ? other_types : linux_types;

	/* Drivers of other hosts have mount types of their own. */
	if (!word_in(s->vm_type, "vz wsl2 krunkit") && !word_in(s->mount_type, types))
		diag_error(l, l->root, "mountType", "must be %s for the driver `%s` on %s, got `%s`", words_text(l->a, types), s->vm_type,
			 l->host->os, s->mount_type);
}

enum { USER_NAME_MAX = 32, UID_NOBODY = 65534 };	/* useradd(8) */

/* What the useradd of every distribution refuses, and the names that an account or a group of the system has in all of them. */
static void
check_user_name(struct load *l, const struct val *user, const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", others[] = "0123456789_.-";
	static const char system[] = "daemon bin sys adm tty disk lp sync mail man games video audio cdrom dialout tape kvm input users operator nobody sshd";
	size_t len = strlen(name), good = 0;

	while (good < len && (strchr(letters, name[good]) || strchr(others, name[good])))
		good++;
	if (good < len)
		diag_error(l, user, "name", "a guest can have no user `%s`: only letters, digits, `_`, `.` and `-` can be in a name", name);
	else if (!strchr(letters, *name) && *name != '_')
		diag_error(l, user, "name", "a guest can have no user `%s`: a name begins with a letter or `_`", name);
	else if (len > USER_NAME_MAX)
		diag_error(l, user, "name", "a guest can have no user `%s`: a name has at most %d characters, this one has %zu", name, USER_NAME_MAX, len);
	else if (word_in(name, system))
		diag_error(l, user, "name", "must not be `%s`, which is an account or a group of the guest's system", name);
}

/* Is it lima.yaml's word? What is taken from the host's user is as it is, and as upstream takes it. */
static bool
is_written(const struct val *up, const char *key)
{
	const struct val *v = val_get(up, key);

	return v && v->at;
}

static void
check_user(struct load *l, const struct spec *s)
{
	const struct val *user = val_get(l->root, "user");
	bool linux_guest = !strcmp(s->os, "Linux");

	if (!strcmp(s->user.name, "root"))
		diag_error(l, user, "name", "must not be `root`: the guest's user is an ordinary one, who may use sudo");
	else if (!*s->user.name)
		diag_error(l, user, "name", "must not be empty");
	else if (linux_guest && is_written(user, "name"))
		check_user_name(l, user, s->user.name);
	if (!s->user.uid)
		diag_error(l, user, "uid", "must not be 0, which is root's");
	else if (linux_guest && is_written(user, "uid") && (s->user.uid == UID_NOBODY || s->user.uid == UINT32_MAX))
		diag_error(l, user, "uid", "must not be %" PRIu32 ", which is nobody's", (uint32_t)s->user.uid);
	/* A colon would end the field of /etc/passwd. */
	if (linux_guest && strchr(s->user.comment, ':'))
		diag_error(l, user, "comment", "must not have a `:` in it: /etc/passwd of the guest cannot hold it");
	if (linux_guest && is_written(user, "home") && (*s->user.home != '/' || strchr(s->user.home, ':')))
		diag_error(l, user, "home", "must be an absolute path without a `:`, got `%s`", s->user.home);
}

/* The programs of OpenSSH refuse to work for somebody without a name. */
static int
check_uid(const struct load *l, struct error *err)
{
	if (!l->host->nameless)
		return 0;
	return error_set(err, ERR_UNSUPPORTED, "uid %u has no entry in the user database (/etc/passwd), without which ssh refuses to "
			 "run: add one, or run limactl as a user who has one", l->host->host_uid);
}

/* Lists the architectures that there are images for. */
static const char *
arches(struct load *l)
{
	const struct val *images = val_get(l->root, "images");
	AUTO(buf) b = BUF_INIT;

	for (size_t i = 0; images && i < images->n; i++) {
		const char *arch = val_s(images->item[i], "arch");

		if (!word_in(arch, b.s))
			buf_addf(&b, "%s%s", b.len ? " " : "", arch);
	}
	return words_text(l->a, b.s);
}

/* Why nothing can be had from there, as far as that is known without asking anybody; NULL: it can. */
static const char *
location_trouble(struct load *l, const char *location)
{
	static const char scheme[] = "file://";
	const char *colon = strstr(location, "://");
	struct stat st;

	if (!strncmp(location, scheme, sizeof scheme - 1))
		location += sizeof scheme - 1;
	else if (colon)
		return strncmp(location, "http://", 7) && strncmp(location, "https://", 8)
			       ? arena_printf(l->a, "`%.*s` is fetched by nobody here: http, https, or a file", (int)(colon - location), location) : NULL;
	if (stat(location, &st) < 0)
		return fs_exists(location) ? NULL : arena_printf(l->a, "there is no file %s", location);
	return S_ISREG(st.st_mode) ? NULL : arena_printf(l->a, "%s is %s, not an ordinary file", location, S_ISDIR(st.st_mode) ? "a folder" : "a device or socket");
}

/* The first of an image's files that cannot be had, with the key that it is under, or ""; NULL: none. */
static const struct spec_file *
image_trouble(struct load *l, const struct spec_image *i, const char **key)
{
	const struct { const struct spec_file *file; bool has; const char *key; } all[] = {
		{ &i->image, true, "" }, { &i->kernel, i->has_kernel, "kernel" }, { &i->initrd, i->has_initrd, "initrd" },
	};

	for (size_t n = 0; n < ARRAY_LEN(all); n++) {
		*key = all[n].key;
		if (all[n].has && location_trouble(l, all[n].file->location))
			return all[n].file;
	}
	return NULL;
}

/* An instance that has its disk needs no image. */
static bool
has_disk(struct load *l, const struct spec *s)
{
	return l->opts->copied_from || fs_exists(arena_printf(l->a, "%s/disk", s->dir)) ||
	       fs_exists(arena_printf(l->a, "%s/diffdisk", s->dir));
}

/* Finds the entry of a list that a location was read from. */
static const struct val *
entry_val(const struct val *list, const char *location)
{
	for (size_t i = 0; list && i < list->n; i++)
		if (!strcmp(val_s(list->item[i], "location"), location))
			return list->item[i];
	return list;
}

/* "; ..." for one of the guests that our sources make: .../guests/tiny-x86_64/disk.qcow2 */
static const char *
guest_hint(struct load *l, const char *path, const char *arch)
{
	const char *name = strstr(path, "guests/");
	size_t n = name ? strcspn(name += strlen("guests/"), "-/") : 0;

	if (!n || name[n] != '-' || strncmp(name + n + 1, arch, strlen(arch)) != 0 || name[n + 1 + strlen(arch)] != '/')
		return "";
	return arena_printf(l->a, "; `make guest-%.*s` in the folder of limactl's sources makes it", (int)n, name);
}

/* The first image that can be had is taken; so all must be missing. */
static void
check_images(struct load *l, const struct spec *s)
{
	const struct spec_file *missing = NULL;
	const struct val *v;
	const char *key;

	if (!s->nimages)
		diag_error(l, l->root, "images", "none is for arch `%s`; there are images for %s", s->arch, arches(l));
	for (size_t i = 0; i < s->nimages; i++)
		if (!image_trouble(l, &s->images[i], &key))
			return;
	missing = s->nimages && !has_disk(l, s) ? image_trouble(l, &s->images[0], &key) : NULL;
	if (!missing)
		return;
	v = entry_val(val_get(l->root, "images"), s->images[0].image.location);
	v = *key && val_get(v, key) ? val_get(v, key) : v;
	diag_error(l, v, "location", "%s%s", location_trouble(l, missing->location), guest_hint(l, missing->location, s->arch));
}

/* As check_images(), of a list in which entries are for an arch and, some, for a driver. */
static void
check_files(struct load *l, const struct spec *s, const struct val *list, const struct spec_file *v, size_t n)
{
	const struct spec_file *first = NULL;

	for (size_t i = 0; i < n; i++) {
		const char *vm = v[i].vm_type ? v[i].vm_type : "";

		if (strcmp(v[i].arch, s->arch) != 0 || (*vm && strcmp(vm, s->vm_type) != 0))
			continue;
		if (!location_trouble(l, v[i].location))
			return;
		first = first ? first : &v[i];
	}
	if (first && !has_disk(l, s))
		diag_error(l, entry_val(list, first->location), "location", "%s", location_trouble(l, first->location));
}

static void
check_other_files(struct load *l, const struct spec *s)
{
	if (!s->firmware.legacy_bios)
		check_files(l, s, val_get(val_get(l->root, "firmware"), "images"), s->firmware.images, s->firmware.nimages);
	if (!s->plain && (s->containerd.system || s->containerd.user))
		check_files(l, s, val_get(val_get(l->root, "containerd"), "archives"), s->containerd.archives, s->containerd.narchives);
}

/* What the machine or the host would end with: said where it is written. */
static void
check_host(struct load *l, const struct spec *s)
{
	const struct val *memory = val_get(l->root, "memory"), *cpus = val_get(l->root, "cpus");

	if (memory && is_strict_at(l, memory->at) && l->host->memory_bytes && s->memory_bytes > l->host->memory_bytes)
		diag_error(l, memory, NULL, "`%s` is more than the %s that this host has (--lenient passes over it)", memory->s,
			 size_text(l->a, l->host->memory_bytes));
	if (cpus && is_strict_at(l, cpus->at) && s->cpus > 8 * l->host->cpus && s->cpus > 16)
		diag_error(l, cpus, NULL, "%d is more than eight times the %d that this host has (--lenient passes over it)", s->cpus, l->host->cpus);
}

static void
check_mounts(struct load *l, const struct spec *s)
{
	const struct val *mounts = val_get(l->root, "mounts");

	for (size_t i = 0; i < s->nmounts; i++)
		if (*s->mounts[i].mount_point != '/')
			diag_error(l, mounts->item[i], "mountPoint", "must be an absolute path, got `%s`", s->mounts[i].mount_point);
}

/* In upstream's files such a value may stand, and whoever only looks at them sees it; but no guest can be told of it. */
static void
check_env(struct load *l)
{
	const struct val *env = val_get(l->root, "env");

	for (size_t i = 0; env && i < env->npair; i++) {
		const char *name = env->pair[i].key;

		if (strchr(env->pair[i].value, '\n') || strchr(name, '\n'))
			diag_error_at(l, env, name, env->pair[i].at,
				    "must be one line: /etc/environment of the guest cannot hold a line break (in YAML, `|-` and `>-` leave the "
				    "last one out)");
		else if (!*name || strpbrk(name, "= \t\r\"'\\#$`"))
			diag_error_at(l, env, name, env->pair[i].at, "a variable's name in /etc/environment has no blank, quote, `=`, `#`, `$` or `\\`, and is not empty");
	}
}

static void
check_minimum_version(struct load *l, const struct spec *s)
{
	struct semver v;

	if (*s->minimum_version && semver_parse(&v, s->minimum_version) < 0)
		diag_error(l, l->root, "vmOpts.qemu.minimumVersion", "must be a semantic version such as `8.2.1`, got `%s`",
			 s->minimum_version);
}

int
spec_check_driver(const struct spec *s, const struct spec_opts *opts, struct error *err)
{
	const struct loaded *loaded = loaded_of(s);
	AUTO(arena) a = { 0 };
	struct load l = { .a = &a, .opts = opts, .src = loaded->src, .root = loaded->root, .err = err };
	struct host *host = opts->host ? NULL : host_new();
	int rc;

	l.host = opts->host ? opts->host : host;
	check_vm_type(&l, s);
	check_mount_type(&l, s);
	check_user(&l, s);
	check_images(&l, s);
	check_other_files(&l, s);
	check_host(&l, s);
	check_mounts(&l, s);
	check_env(&l);
	check_minimum_version(&l, s);
	rc = check_uid(&l, err);
	host_free(host);
	return report_all(&l) < 0 ? -1 : rc;
}
