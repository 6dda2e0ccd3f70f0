/* limactl engine-look: what the engine `hosts` asks of a host (providers/clusters/hosts), which is this one. */
#include <stdio.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/os/host.h"
#include "base/quote/quote.h"
#include "cli/run.h"
#include "cli/view/instance.h"
#include "cli/view/probe.h"
#include "resources/engine_note.h"
#include "state/observed/state.h"

static void
look_word(struct buf *out, const char *key, const char *text)
{
	if (*text)
		quote_json_member(out, key, text);
}

static void
look_instance(struct look *l, const char *name, bool first, struct buf *out)
{
	AUTO(instance) i = { 0 };
	struct engine_note note = { 0, "", "", "", "" };

	instance_look(l, name, &i);
	if (!i.is_unknown)
		(void)engine_note_read(i.dir, &i.arena, &note, NULL);
	if (!first)
		buf_addc(out, ',');
	buf_addc(out, '{');
	quote_json_member(out, "name", i.name);
	look_word(out, "status", i.status.word);
	buf_addf(out, ",\"memory\":%llu", instance_bytes(&i, "memory"));
	look_word(out, "fleet", note.fleet);
	look_word(out, "digest", note.digest);
	look_word(out, "key", note.key);
	look_word(out, "by", note.by);
	buf_addf(out, ",\"generation\":%lld}", note.generation);
}

static void
look_host(struct cli *c, struct buf *out)
{
	uint64_t disk = 0;

	(void)fs_free_bytes(c->env.home, &disk);
	buf_addc(out, '{');
	quote_json_member(out, "version", c->env.version);
	buf_addf(out, ",\"memory\":%llu,\"memoryFree\":%llu,\"diskFree\":%llu,\"machines\":[", (unsigned long long)os_host_memory(false),
		 (unsigned long long)os_host_memory(true), (unsigned long long)disk);
}

static int
engine_look_run(struct cli *c, struct error *err)
{
	AUTO(names) all = { 0 };
	AUTO(buf) out = BUF_INIT;
	struct look l;

	if (names_list(&all, c->env.home, err) < 0)
		return -1;
	look_host(c, &out);
	look_begin(&l, c);
	if (l.state)
		state_snapshot(l.state, NULL);	/* failing costs time only */
	probe_all(c, (const char *const *)all.v, all.n);
	for (size_t i = 0; i < all.n; i++)
		look_instance(&l, all.v[i], i == 0, &out);
	look_release(&l);
	buf_adds(&out, "]}");
	puts(out.s);
	return 0;
}

const struct command command_engine_look = {
	.name = "engine-look",
	.group = GROUP_HIDDEN,
	.about = "Tell the engine of a fleet what there is on this host",
	.max_args = 0,
	.quick = true,
	.run = engine_look_run,
};
