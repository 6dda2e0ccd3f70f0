/* Keys of containerd and of certificates, and what is known only when all else is. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "state/desired/spec/load.h"

#define NERDCTL "https://github.com/containerd/nerdctl/releases/download/v2.3.5/nerdctl-full-2.3.5-linux-"

static const struct { const char *arch, *location, *digest; } nerdctl[] = {
	{ "x86_64", NERDCTL "amd64.tar.gz", "sha256:b697295c623639734aaab737523c808fd3cc8d3046039fd94fff1744e4c317aa" },
	{ "aarch64", NERDCTL "arm64.tar.gz", "sha256:6e4b687f1d138e750a3c8372abc0f81d3d7490b6359c48c0562fc7dfe98859b2" },
};

static struct val *
default_user(struct load *l, struct val *up)
{
	bool able = !strcmp(val_s(l->root, "os"), "Linux") && word_in(val_s(l->root, "arch"), "x86_64 aarch64");

	return val_bool(l, up, "user", able);
}

static struct val *
default_archives(struct load *l, struct val *up)
{
	struct val **slot = val_slot(up, "archives"), *v;
	const struct key *k = &up->key->sub[slot - up->sub];

	v = *slot = val_new(l, k, KEY_LIST, up, NULL);
	v->item = arena_alloc(l->a, sizeof nerdctl / sizeof *nerdctl * sizeof *v->item);
	for (; v->n < sizeof nerdctl / sizeof *nerdctl; v->n++) {
		struct val *item = v->item[v->n] = val_new(l, k, KEY_GROUP, v, NULL);

		item->index = (int)v->n;
		val_text(l, item, "location", nerdctl[v->n].location);
		val_text(l, item, "arch", nerdctl[v->n].arch);
		val_text(l, item, "digest", nerdctl[v->n].digest);
	}
	return v;
}

static bool
is_off(const struct val *up)
{
	return !val_b(up, "system") && !val_b(up, "user");
}

const struct key keys_containerd[] = {
	{ "system", KEY_BOOL, .def = "false", AT(spec, containerd.system), .change = CHANGE_BOOT,
	  .about = "System-wide containerd and buildkit." },
	{ "user", KEY_BOOL, .make = default_user, .usual = "true on x86_64 and aarch64", AT(spec, containerd.user), .change = CHANGE_BOOT,
	  .about = "Rootless containerd and buildkit of the user." },
	{ "archives", KEY_LIST, .sub = keys_archives, .mix = MIX_JOIN, .flags = KEY_BLANK_UNSET, .make = default_archives,
	  .moot = is_off,
	  AT_LIST(spec, containerd.archives, containerd.narchives, spec_file), .change = CHANGE_BOOT,
	  .about = "Where nerdctl-full comes from." },
	{ NULL }
};

static void
keys_guest_drop_duplicates(struct load *l, struct val *v)
{
	size_t n = 0;

	(void)l;
	for (size_t i = 0; i < v->n; i++) {
		size_t k = 0;

		while (k < n && strcmp(v->item[k]->s, v->item[i]->s))
			k++;
		if (k == n)
			v->item[n++] = v->item[i];
	}
	v->n = n;
}

const struct key keys_ca[] = {
	{ "removeDefaults", KEY_BOOL, .def = "false", AT(spec, ca.remove_defaults), .change = CHANGE_BOOT,
	  .about = "Forget the authorities that the guest came with." },
	{ "files", KEY_TEXTS, .flags = KEY_HOST, .mix = MIX_JOIN_UP, .finish = keys_guest_drop_duplicates, AT_LIST(spec, ca.files, ca.nfiles, spec_pair),
	  .change = CHANGE_BOOT, .about = "Files with certificates on the host." },
	{ "certs", KEY_TEXTS, .flags = KEY_LINES, .mix = MIX_JOIN_UP, .finish = keys_guest_drop_duplicates, AT_LIST(spec, ca.certs, ca.ncerts, spec_pair),
	  .change = CHANGE_BOOT, .about = "Certificates themselves, in PEM." },
	{ NULL }
};

/* A plain guest has nothing that needs an agent in it. */
static void
make_plain(struct load *l, struct val *root)
{
	struct val *forwards = val_get(root, "portForwards"), *containerd = val_get(root, "containerd");
	size_t n = 0;

	*val_slot(root, "mounts") = NULL;
	val_bool(l, containerd, "system", false);
	val_bool(l, containerd, "user", false);
	val_text(l, root, "timezone", "");
	for (size_t i = 0; forwards && i < forwards->n; i++) {
		struct val *f = forwards->item[i];

		if (!val_b(f, "static"))
			continue;
		f->index = (int)n;
		forwards->item[n++] = f;
	}
	if (forwards)
		forwards->n = n;
}

void
finish_root(struct load *l, struct val *root)
{
	if (val_b(root, "plain"))
		make_plain(l, root);
}
