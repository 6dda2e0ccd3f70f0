#include "resources/provision_list.h"

#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/sha256.h"

bool
provision_is_guests(const struct spec *spec, size_t i)
{
	return spec->provision[i].mode != PROVISION_ANSIBLE;
}

bool
provision_runs_live(const struct spec *spec, size_t i)
{
	enum provision_mode m = spec->provision[i].mode;

	/* Root's rights are had by sudo, without a question. */
	return (m == PROVISION_SYSTEM || m == PROVISION_USER || m == PROVISION_DATA || m == PROVISION_YQ) &&
	       !strcmp(spec->os, "Linux") && spec->user.passwordless_sudo;
}

const char *
provision_file(struct arena *a, const struct spec *spec, size_t i)
{
	return arena_printf(a, "provision.%s/%08zu", provision_word(spec->provision[i].mode), i);
}

const char *
provision_text(const struct spec *spec, size_t i)
{
	const struct spec_provision *p = &spec->provision[i];

	return p->mode == PROVISION_DATA ? p->content : p->mode == PROVISION_YQ ? p->expression : p->script;
}

static void
provision_digest(const struct spec *spec, size_t i, char out[65])
{
	const struct spec_provision *p = &spec->provision[i];
	AUTO(buf) b = BUF_INIT;
	char hex[65];

	sha256_hex(provision_text(spec, i), strlen(provision_text(spec, i)), hex);
	buf_addf(&b, "%s %s\n", provision_word(p->mode), hex);
	if (p->mode == PROVISION_DATA || p->mode == PROVISION_YQ)
		buf_addf(&b, "%s\n%s\n%s\n%d\n%s\n", p->path, p->owner, p->permissions, p->overwrite, p->format ? p->format : "");
	sha256_hex(b.s, b.len, out);
}

/* Of one that is there twice, the second has the number 2 in its digest. */
static const char *
provision_id(struct arena *a, const char *const *digests, size_t i)
{
	size_t before = 0;
	char hex[65];

	for (size_t k = 0; k < i; k++)
		before += digests[k] && !strcmp(digests[k], digests[i]);
	if (before) {
		const char *text = arena_printf(a, "%s %zu", digests[i], before + 1);

		sha256_hex(text, strlen(text), hex);
		return arena_printf(a, "%.*s", PROVISION_ID, hex);
	}
	return arena_printf(a, "%.*s", PROVISION_ID, digests[i]);
}

const char *const *
provision_ids(struct arena *a, const struct spec *spec)
{
	const char **digests = arena_alloc(a, (spec->nprovision + 1) * sizeof *digests);
	const char **ids = arena_alloc(a, (spec->nprovision + 1) * sizeof *ids);
	char hex[65];

	for (size_t i = 0; i < spec->nprovision; i++) {
		digests[i] = ids[i] = NULL;
		if (!provision_is_guests(spec, i))
			continue;
		provision_digest(spec, i, hex);
		digests[i] = arena_strdup(a, hex);
		ids[i] = provision_id(a, digests, i);
	}
	return ids;
}

const char *
provision_playbook(const struct spec *spec, size_t i)
{
	const struct spec_provision *p = i < spec->nprovision ? &spec->provision[i] : NULL;

	return p && p->mode == PROVISION_ANSIBLE && *p->playbook ? p->playbook : NULL;
}

const char *
provision_playbook_id(struct arena *a, const struct spec *spec, size_t i)
{
	AUTO(buf) all = BUF_INIT;
	char hex[65];

	if (!provision_playbook(spec, i))
		return NULL;
	buf_addf(&all, "%s\n", provision_playbook(spec, i));
	for (size_t k = 0; k < spec->nparam; k++)
		buf_addf(&all, "%s=%s\n", spec->param[k].key, spec->param[k].value);
	sha256_hex(all.s, all.len, hex);
	return arena_printf(a, "%.*s", PROVISION_ID, hex);
}

int
provision_booted_write(const char *path, const struct spec *spec, struct error *err)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) b = BUF_INIT;
	const char *const *ids = provision_ids(&a, spec);

	for (size_t i = 0; i < spec->nprovision; i++)
		if (ids[i])
			buf_addf(&b, "%s %s\n", ids[i], provision_file(&a, spec, i));
	return fs_write(path, b.s ? b.s : "", b.len, 0600, err);
}

/* The next line: its digest, and its file; false: there is none, or it is none of ours. */
static bool
booted_line(const char **at, const char **id, const char **file, size_t *nfile)
{
	const char *end = strchr(*at, '\n');

	if (!end || end - *at <= PROVISION_ID + 1)
		return false;
	*id = *at;
	*file = *at + PROVISION_ID + 1;
	*nfile = (size_t)(end - *file);
	*at = end + 1;
	return true;
}

const char *
provision_booted_find(const char *text, const char *wanted, struct arena *a)
{
	const char *id, *file;
	size_t n;

	while (booted_line(&text, &id, &file, &n))
		if (!strncmp(id, wanted, PROVISION_ID))
			return arena_printf(a, "%.*s", (int)n, file);
	return NULL;
}

static bool
booted_is_in(const char *id, const char *const *ids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (ids[i] && !strncmp(id, ids[i], PROVISION_ID))
			return true;
	return false;
}

void
provision_booted_keep(const char *text, const char *const *ids, size_t nids, const char *without, struct buf *out)
{
	const char *id, *file;
	size_t n;

	while (booted_line(&text, &id, &file, &n))
		if (without ? strncmp(id, without, PROVISION_ID) != 0 : booted_is_in(id, ids, nids))
			buf_add(out, id, PROVISION_ID + 1 + n + 1);
}
