/* Disk images as locators: what their file names tell. */
#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"
#include "state/desired/yaml/emit.h"
#include "state/desired/spec/host.h"
#include "state/desired/template/locator.h"
#include "state/desired/spec/paths.h"

static const char *const formats[] = { ".img", ".qcow2", ".raw", ".iso", ".ipsw" };
static const char *const compressions[] = { ".gz", ".xz", ".bz2", ".zstd" };

static const struct { const char *word, *arch; } arches[] = {
	{ "aarch64", "aarch64" }, { "amd64", "x86_64" }, { "arm64", "aarch64" }, { "armhf", "armv7l" }, { "armv7l", "armv7l" },
	{ "ppc64el", "ppc64le" }, { "ppc64le", "ppc64le" }, { "riscv64", "riscv64" }, { "s390x", "s390x" }, { "x86_64", "x86_64" },
};

/* Removes one of `suffixes` from the end of s[0..n); returns the new length. */
static size_t
image_locator_strip(const char *s, size_t n, const char *const *suffixes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t m = strlen(suffixes[i]);

		if (n > m && !memcmp(s + n - m, suffixes[i], m))
			return n - m;
	}
	return n;
}

static size_t
stem_len(const char *s)
{
	size_t n = image_locator_strip(s, strlen(s), compressions, ARRAY_LEN(compressions));
	size_t m = image_locator_strip(s, n, formats, ARRAY_LEN(formats));

	return m < n ? m : 0;
}

bool
locator_is_image(const char *locator)
{
	return stem_len(locator) > 0;
}

static bool
image_locator_is_word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* The word must stand alone; its case does not matter. */
static const char *
find_word(const char *s, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = s; (p = strcasestr(p, word)); p++)
		if ((p == s || !image_locator_is_word_char(p[-1])) && !image_locator_is_word_char(p[n]))
			return p;
	return NULL;
}

static const char *
arch_in(const char *s)
{
	const char *first = NULL, *arch = NULL;

	for (size_t i = 0; i < ARRAY_LEN(arches); i++) {
		const char *p = find_word(s, arches[i].word);

		if (p && (!first || p < first)) {
			first = p;
			arch = arches[i].arch;
		}
	}
	return arch;
}

void
locator_image_text(struct buf *out, struct arena *a, const char *locator, const struct spec_opts *opts)
{
	const char *file = path_base(locator), *arch = arch_in(file);
	bool mac = find_word(file, "macOS") || find_word(file, "ipsw");
	const char *os = find_word(file, "FreeBSD") ? "FreeBSD" : mac ? "Darwin" : "Linux";

	if (!arch && mac)
		arch = "aarch64";
	if (!arch) {
		struct host *host = opts->host ? NULL : host_new();

		arch = arena_strdup(a, (opts->host ? opts->host : host)->arch);
		host_free(host);
		if (opts->warn)
			opts->warn(opts->ctx, arena_printf(a, "%s: cannot tell the architecture of the image by its name; taking the host's, %s",
							   locator, arch));
	}
	buf_addf(out, "os: %s\narch: %s\nimages:\n- location: ", os, arch);
	yaml_emit_word(out, locator, strlen(locator));
	buf_addf(out, "\n  arch: %s\n", arch);
}

/* --- the name */

static void
image_locator_cut(char *s, size_t at, size_t n)
{
	memmove(s + at, s + at + n, strlen(s + at + n) + 1);
}

/* Words that say nothing are removed with the separator in front of them. */
static void
cut_words(char *s)
{
	static const char *const words[] = {
		"base", "basic", "cloud", "cloudimg", "cloudinit", "current", "daily", "default", "generic", "genericcloud", "kvm",
		"latest", "linux", "minimal", "openstack", "release", "restore", "server", "std", "stream", "uefi", "vm",
	};

	for (char *p = s; *p;) {
		size_t n = strchr("-_.", *p) ? strcspn(p + 1, "-_.") : 0, i = 0;

		while (n && i < ARRAY_LEN(words) && (strlen(words[i]) != n || memcmp(words[i], p + 1, n)))
			i++;
		if (n && i < ARRAY_LEN(words))
			image_locator_cut(p, 0, n + 1);
		else
			p++;
	}
}

/* "-20YYMMDD" with an optional "-N" or ".N" behind */
static void
cut_date(char *s)
{
	for (char *p = s; (p = strstr(p, "-20")); p++) {
		size_t n = strspn(p + 1, "0123456789"), more;

		if (n != 8)
			continue;
		more = strchr("-_.", p[9]) && p[9] ? strspn(p + 10, "0123456789") : 0;
		image_locator_cut(p, 0, 9 + (more ? more + 1 : 0));
		return;
	}
}

/* The name leaves out the machine's own architecture. */
static void
cut_arch(char *s, const char *native)
{
	for (size_t i = 0; i < ARRAY_LEN(arches); i++) {
		const char *p;

		if (strcmp(arches[i].arch, native))
			continue;
		for (p = s; (p = strstr(p, arches[i].word)); p++)
			if (p > s && strchr("-_.", p[-1])) {
				image_locator_cut(s, (size_t)(p - s) - 1, strlen(arches[i].word) + 1);
				break;
			}
	}
}

static const char *
image_locator_replace(struct arena *a, const char *s, const char *from, const char *to)
{
	const char *p = strstr(s, from);

	return p ? arena_printf(a, "%.*s%s%s", (int)(p - s), s, to, p + strlen(from)) : s;
}

/* "centos-9-9.1" says the major version twice */
static const char *
cut_major(struct arena *a, const char *s)
{
	for (const char *p = s; (p = strchr(p, '-')); p++) {
		size_t n = strspn(p + 1, "0123456789");

		if (n && p[n + 1] == '-' && !strncmp(p + 1, p + n + 2, n) && p[n + 2 + n] == '.')
			return arena_printf(a, "%.*s%s", (int)(p - s), s, p + n + 1);
	}
	return s;
}

const char *
locator_image_name(struct arena *a, const char *locator)
{
	const char *file = path_base(locator), *name;
	char *s = arena_memdup(a, file, stem_len(file));
	struct utsname u;
	const char *mac;

	for (char *p = s; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	if (!strncmp(s, "nocloud_", 8))
		s += 8;
	cut_words(s);
	s = arena_strdup(a, image_locator_replace(a, image_locator_replace(a, s, "universalmac_", "macos-"), "arm64-aarch64", "arm64"));
	uname(&u);
	cut_arch(s, u.machine);
	cut_date(s);
	name = s;
	if (!strncmp(name, "arch", 4) && (!name[4] || strchr("-_.", name[4])))
		name = arena_printf(a, "archlinux%s", name + 4);
	name = cut_major(a, name);
	mac = strstr(name, "macos-");
	if (mac == name && strchr(name, '_'))
		name = arena_memdup(a, name, strcspn(name, "_"));
	return name;
}
