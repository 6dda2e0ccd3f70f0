/* Keys of things that are fetched: images, archives, locators; and of data disks. */
#include <string.h>

#include "base/mem.h"
#include "state/desired/spec/load.h"
#include "state/desired/template/name.h"

/* A location without a scheme is a path, and it must be possible to expand it. */
static void
check_location(struct load *l, const struct val *v)
{
	if (!*v->s)
		diag_error(l, v, NULL, "must be set: a URL or a path");
	else if (*v->s == '~' && v->s[1] && v->s[1] != '/' && !strstr(v->s, "://"))
		diag_error(l, v, NULL, "refers to an invalid local file path: `%s`: `~user` cannot be expanded", v->s);
}

void
digest_text_check(struct load *l, const struct val *v)
{
	static const struct { const char *name; size_t hex; } algos[] = { { "sha256", 64 }, { "sha384", 96 }, { "sha512", 128 } };
	size_t n = strcspn(v->s, ":");

	if (!*v->s)
		return;
	if (!v->s[n]) {
		diag_error(l, v, NULL, "is invalid: `%s`: invalid checksum digest format; write `sha256:` and 64 hex digits", v->s);
		return;
	}
	for (size_t i = 0; i < sizeof algos / sizeof *algos; i++) {
		const char *hex = v->s + n + 1;

		if (strlen(algos[i].name) != n || memcmp(v->s, algos[i].name, n))
			continue;
		if (strspn(hex, "0123456789abcdef") != strlen(hex))
			diag_error(l, v, NULL, "is invalid: `%s`: invalid checksum digest format; only 0-9 and a-f", v->s);
		else if (strlen(hex) != algos[i].hex)
			diag_error(l, v, NULL, "is invalid: `%s`: invalid checksum digest length %zu; %s has %zu hex digits", v->s, strlen(hex),
				 algos[i].name, algos[i].hex);
		return;
	}
	diag_error(l, v, NULL, "is invalid: `%s`: unsupported digest algorithm; must be sha256, sha384 or sha512", v->s);
}

/* A kernel and an initrd have the architecture of their image, anything else that of the machine. */
static struct val *
keys_files_default_arch(struct load *l, struct val *up)
{
	const char *arch = NULL;

	for (const struct val *g = up->up; g && !arch; g = g->up)
		if (g->type == KEY_GROUP && val_get(g, "arch"))
			arch = val_s(g, "arch");
	return val_text(l, up, "arch", arch ? arch : "");
}

static void
check_same_arch(struct load *l, const struct val *v)
{
	const char *mine = val_s(v, "arch"), *image = val_s(v->up, "arch");

	if (*mine && strcmp(mine, image))
		diag_error(l, v, "arch", "has unexpected architecture `%s`, must be `%s` as the image", mine, image);
}

#define ARCHES "x86_64 aarch64 armv7l ppc64le riscv64 s390x"
#define FILE_KEYS(type, field, cost) \
	{ "location", KEY_TEXT, .flags = KEY_NEEDED | KEY_HOST, .check = check_location, AT(type, field.location), .change = cost, \
	  .about = "URL, or path on the host." }, \
	{ "arch", KEY_TEXT, .words = ARCHES, .flags = KEY_QUIET | KEY_BLANK_UNSET, .make = keys_files_default_arch, .usual = "the instance's", AT(type, field.arch), \
	  .change = cost, .about = "Architecture that it is for." }, \
	{ "digest", KEY_TEXT, .flags = KEY_QUIET, .check = digest_text_check, AT(type, field.digest), .change = cost, \
	  .about = "Expected checksum, `sha256:` and hex digits." }

struct file_only { struct spec_file file; };
const struct key keys_archives[] = { FILE_KEYS(file_only, file, CHANGE_BOOT), { NULL } };

static const struct key keys_kernel[] = {
	FILE_KEYS(spec_image, kernel, CHANGE_CREATION),
	{ "cmdline", KEY_TEXT, .flags = KEY_QUIET | KEY_LINES, AT(spec_image, cmdline), .change = CHANGE_RESTART,
	  .about = "Command line of the kernel." },
	{ NULL }
};
static const struct key keys_initrd[] = { FILE_KEYS(spec_image, initrd, CHANGE_CREATION), { NULL } };

const struct key keys_images[] = {
	FILE_KEYS(spec_image, image, CHANGE_CREATION),
	{ "kernel", KEY_GROUP, .sub = keys_kernel, .flags = KEY_OPTIONAL, .check = check_same_arch,
	  .about = "A kernel to boot with, in place of the image's." },
	{ "initrd", KEY_GROUP, .sub = keys_initrd, .flags = KEY_OPTIONAL, .check = check_same_arch, .about = "Its initial RAM disk." },
	{ "variant", KEY_TEXT, .flags = KEY_QUIET, AT(spec_image, variant), .change = CHANGE_CREATION,
	  .about = "Name of a variant; only images of the first one's variant are tried." },
	{ "archVariant", KEY_TEXT, .flags = KEY_QUIET, AT(spec_image, arch_variant), .change = CHANGE_CREATION,
	  .about = "Name of a variant of the architecture, likewise." },
	{ NULL }
};

const struct key keys_locator[] = {
	{ "url", KEY_TEXT, .change = CHANGE_NOTE, .about = "Where it is: a path, a URL, template:NAME or github:ORG/REPO." },
	{ "digest", KEY_TEXT, .change = CHANGE_NOTE, .about = "Expected checksum." },
	{ NULL }
};

static void
check_disk_name(struct load *l, const struct val *v)
{
	const char *why = identifier_fault(l->a, v->s);

	if (why)
		diag_error(l, v, NULL, "is invalid: %s", why);
}

/* Names of disks are checked even when they are not given. */
static struct val *
default_disk_name(struct load *l, struct val *up)
{
	return val_text(l, up, "name", "");
}

static struct val *
keys_files_default_format(struct load *l, struct val *up)
{
	(void)l, (void)up;
	return NULL;
}

const struct key keys_disks[] = {
	{ "name", KEY_TEXT, .flags = KEY_HOST | KEY_LIVE, .make = default_disk_name, .check = check_disk_name, AT(spec_disk, name), .change = CHANGE_RESTART,
	  .about = "Name of the disk." },
	{ "format", KEY_BOOL, .flags = KEY_LIVE, .make = keys_files_default_format, .usual = "true", AT(spec_disk, format), .change = CHANGE_RESTART,
	  .about = "Partition and format it unless that was done; by default true." },
	{ "fsType", KEY_TEXT, .flags = KEY_LIVE, AT(spec_disk, fs_type), .go = "FSType", .change = CHANGE_RESTART,
	  .about = "File system; by default ext4. `swap` makes swap space." },
	{ "fsArgs", KEY_TEXTS, .flags = KEY_LIVE, AT_LIST(spec_disk, fs_args, nfs_args, spec_pair), .go = "FSArgs", .change = CHANGE_RESTART,
	  .about = "Further arguments for mkfs or mkswap." },
	{ NULL }
};
