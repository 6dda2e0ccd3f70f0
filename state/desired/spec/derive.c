/* What no row of the table says, because it needs more than one. */
#include <ctype.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/semver.h"
#include "base/sha256.h"
#include "state/desired/spec/host.h"
#include "state/desired/spec/load.h"
#include "state/desired/spec/loaded.h"
#include "state/desired/spec/paths.h"
#include "state/desired/spec/networks.h"
#include "state/desired/spec/proxy.h"
#include "state/desired/yaml/scalar.h"

static void
blank_group(const struct key *table, void *base)
{
	for (; table->name; table++) {
		const char **at = (const char **)((char *)base + table->at - 1);

		if (table->type == KEY_GROUP)
			blank_group(table->sub, base);
		else if (table->at && (table->type == KEY_TEXT || table->type == KEY_IP) && !table->size && !*at)
			*at = "";
	}
}

void
spec_blank(struct spec *s)
{
	const char **others[] = { &s->yaml, &s->json, &s->stamp, &s->cpu_type, &s->minimum_version, &s->fleet, &s->fleet_file, &s->short_name };

	blank_group(key_root.sub, s);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (!*others[i])
			*others[i] = "";
}

static const char *
local_path(struct load *l, const char *location)
{
	return strstr(location, "://") ? location : path_expand_tilde(l->a, location, l->host->home);
}

/* Of those for the machine's architecture, the first says which variant is wanted. */
static void
choose_images(struct load *l, struct spec *s)
{
	const struct val *images = val_get(l->root, "images");
	const struct spec_image *first = NULL;
	size_t n = 0;

	for (size_t i = 0; i < s->nimages; i++) {
		struct spec_image *im = &s->images[i];

		im->has_kernel = val_get(images->item[i], "kernel") != NULL;
		im->has_initrd = val_get(images->item[i], "initrd") != NULL;
		if (strcmp(im->image.arch, s->arch))
			continue;
		if (!first)
			first = im;
		if (strcmp(im->variant, first->variant) || strcmp(im->arch_variant, first->arch_variant))
			continue;
		im->image.location = local_path(l, im->image.location);
		im->kernel.location = local_path(l, im->kernel.location);
		im->initrd.location = local_path(l, im->initrd.location);
		s->images[n++] = *im;
		if (first == im)
			first = &s->images[n - 1];
	}
	s->nimages = n;
}

static void
tag_mounts(struct load *l, struct spec *s)
{
	for (size_t i = 0; i < s->nmounts; i++) {
		struct spec_mount *m = &s->mounts[i];
		const char *text = arena_printf(l->a, "%s:%s", m->location, m->mount_point);
		char hex[65];

		sha256_hex(text, strlen(text), hex);
		memcpy(m->tag, "lima-", 5);
		memcpy(m->tag + 5, hex, 16);
		m->tag[21] = '\0';
	}
}

static bool
derive_unsupported(struct load *l, const char *mount_type)
{
	const struct val *no = val_get(l->root, "mountTypesUnsupported");

	for (size_t i = 0; no && i < no->n; i++)
		if (!strcmp(no->item[i]->s, mount_type))
			return true;
	return false;
}

/* The driver chooses how folders are mounted by default. */
static const char *
default_mount_type(struct load *l, const struct spec *s)
{
	const struct semver v1 = { { 1, 0, 0 } };
	struct semver made;
	bool old = l->old_version && (!*l->old_version || (semver_parse(&made, l->old_version) == 0 && semver_compare(&made, &v1) < 0));

	if (!strcmp(s->vm_type, "vz") || !strcmp(s->vm_type, "krunkit"))
		return "virtiofs";
	if (!strcmp(s->vm_type, "wsl2"))
		return "wsl2";
	return old || derive_unsupported(l, "9p") ? "reverse-sshfs" : "9p";
}

static void
driver_options(struct load *l, struct spec *s)
{
	const struct val *opts = val_get(l->root, "vmOpts"), *old = val_get(l->root, "cpuType");
	const struct node *qemu = opts ? node_get(opts->any, "qemu") : NULL;
	const struct node *cpu = node_get(node_get(qemu, "cpuType"), s->arch), *min = node_get(qemu, "minimumVersion");
	const char *text;

	for (size_t i = 0; old && i < old->npair; i++)
		if (!strcmp(old->pair[i].key, s->arch))
			s->cpu_type = old->pair[i].value;
	if (cpu && (text = scalar_text(l->a, cpu)))
		s->cpu_type = text;
	if (min && (text = scalar_text(l->a, min)))
		s->minimum_version = text;
}

/* Of the three ways to write an address, the one that machines and cloud-init read: 52:55:55:12:34:56. */
static const char *
mac_with_colons(struct arena *a, const char *s)
{
	AUTO(buf) b = BUF_INIT;
	size_t digits = 0;

	if (strchr(s, ':'))
		return s;
	for (; *s; s++) {
		if (!isxdigit((unsigned char)*s))
			continue;
		if (digits && digits % 2 == 0)
			buf_addc(&b, ':');
		buf_addc(&b, (char)tolower((unsigned char)*s));
		digits++;
	}
	return arena_strdup(a, b.s);
}

/* What networks.yaml says of those that are named; nothing of one that it does not have, which is complained of elsewhere. */
static void
derive_networks(struct load *l, struct spec *s)
{
	AUTO(networks) nets = { 0 };
	bool loaded = false;

	for (size_t i = 0; i < s->nnetworks; i++) {
		struct spec_network *to = &s->networks[i];
		const struct network *n;

		to->gateway = to->netmask = to->host = to->egress = "";
		to->host_loopback = true;
		if (!*to->lima || (!loaded && networks_load_all(&nets, l->opts, NULL) < 0))
			continue;
		loaded = true;
		n = networks_find(&nets, to->lima);
		if (!n || strcmp(n->mode, "user-v2"))
			continue;
		to->gateway = arena_strdup(l->a, n->gateway);
		to->netmask = arena_strdup(l->a, *n->netmask ? n->netmask : "255.255.255.0");
		to->host = networks_host(l->a, n);
		to->egress = arena_strdup(l->a, n->egress);
		to->host_loopback = n->host_loopback;
		for (size_t k = 0; k < l->opts->nnetworks; k++)
			to->of_fleet |= !strcmp(l->opts->networks[k].name, n->name);
	}
}

/* Where what one of these runs, or writes, is written: FILE:LINE, by the file's own name, since an instance's folder is known. */
static const char *
derive_place(struct load *l, const struct val *item)
{
	static const char *const texts[] = { "script", "content", "expression", "playbook" };
	const struct node *at = item->at;
	struct text_place place;
	const char *slash;

	for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
		const struct val *v = val_get(item, texts[k]);

		at = v && v->at ? v->at : at;
	}
	if (!at || !at->src)
		return "";
	place = node_place(at);
	slash = strrchr(place.file, '/');
	return arena_printf(l->a, "%s:%u", slash ? slash + 1 : place.file, place.line);
}

static void
derive_places(struct load *l, struct spec *s)
{
	const struct val *provision = val_get(l->root, "provision"), *probes = val_get(l->root, "probes");

	for (size_t i = 0; i < s->nprovision; i++)
		s->provision[i].place = derive_place(l, provision->item[i]);
	for (size_t i = 0; i < s->nprobes; i++)
		s->probes[i].place = derive_place(l, probes->item[i]);
}

void
spec_complete(struct load *l, struct spec *s)
{
	const struct val *disks = val_get(l->root, "additionalDisks");

	spec_blank(s);
	choose_images(l, s);
	tag_mounts(l, s);
	driver_options(l, s);
	for (size_t i = 0; i < s->nnetworks; i++)
		s->networks[i].mac_address = mac_with_colons(l->a, s->networks[i].mac_address);
	for (size_t i = 0; i < s->ndisks; i++)
		if (!val_get(disks->item[i], "format"))
			s->disks[i].format = true;
	for (size_t i = 0; i < s->nforwards; i++) {
		struct spec_forward *f = &s->forwards[i];

		if (*f->guest_socket)
			f->guest_port[0] = f->guest_port[1] = 0;
		if (*f->host_socket)
			f->host_port[0] = f->host_port[1] = 0;
	}
	if (!*s->mount_type)
		s->mount_type = default_mount_type(l, s);
	derive_networks(l, s);
	derive_places(l, s);
	proxy_resolve(l, s);
}
