#include "resources/playbook_before.h"

#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/facts.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "resources/instance_paths.h"
#include "resources/provision_list.h"
#include "resources/ran.h"

#define RUN    "# run: "
#define PLAYED "# played: "

enum { MAX_INVENTORY = 1 << 20, DIGEST = 64 };

/* Of all of them in one, as it was. */
static void
before_digest(const struct spec *spec, char hex[65])
{
	AUTO(buf) all = BUF_INIT;

	for (size_t i = 0; i < spec->nprovision; i++)
		if (provision_playbook(spec, i))
			buf_addf(&all, "%s\n", provision_playbook(spec, i));
	for (size_t i = 0; i < spec->nparam; i++)
		buf_addf(&all, "%s=%s\n", spec->param[i].key, spec->param[i].value);
	sha256_hex(all.s ? all.s : "", all.len, hex);
}

static bool
before_is_run(const char *line, const char *digest, const char *run)
{
	const char *at = line + strlen(RUN);

	return !strncmp(line, RUN, strlen(RUN)) && !strncmp(at, digest, DIGEST) && at[DIGEST] == ' ' && !strcmp(at + DIGEST + 1, run);
}

bool
playbook_before(const struct env *env, const struct resource *r, size_t i, const char *run, struct facts *record, struct arena *a)
{
	auto_free char *inventory = instance_path(env, r, "ansible-inventory.yaml");
	const char *path = provision_playbook(r->spec, i), *stamp = path ? fs_stamp(a, path) : NULL, *played;
	AUTO(buf) text = BUF_INIT;
	char digest[65], *save, *line;
	bool this_run = false, same = false;

	if (!stamp || fs_read_if(inventory, &text, MAX_INVENTORY, NULL) != 1)
		return false;
	before_digest(r->spec, digest);
	played = arena_printf(a, PLAYED "%s %s", stamp, path);
	for (line = strtok_r(text.s, "\n", &save); line && *line == '#'; line = strtok_r(NULL, "\n", &save)) {
		this_run |= before_is_run(line, digest, run);
		same |= !strcmp(line, played);
	}
	if (!this_run || !same)
		return false;
	*record = (struct facts){ 0 };
	facts_set(record, a, "run", run);
	facts_set(record, a, "status", "0");
	facts_set(record, a, "ran", RAN_BY_STEP);
	facts_set(record, a, "stamp", stamp);
	return true;
}
