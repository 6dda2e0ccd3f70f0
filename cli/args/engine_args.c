#include "cli/args/engine_args.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/auto.h"
#include "base/fs.h"
#include "cli/cli.h"

static void
engine_note_silence(struct cli *c, const struct engine_conf *conf, struct cluster_view *v, struct cluster_node *n)
{
	auto_free char *path = xasprintf("%s/" CLUSTER_FOLDER "/%s.%s.silent", c->env.home, conf->fleet, n->name);
	time_t now = time(NULL), since;
	struct tm at;
	struct stat st;
	char text[32];

	if (n->answers) {
		(void)fs_unlink(path, NULL);
		return;
	}
	if (stat(path, &st) < 0)
		(void)fs_write(path, "", 0, 0600, NULL);
	since = stat(path, &st) == 0 ? st.st_mtime : now;
	if (localtime_r(&since, &at) && strftime(text, sizeof text, now - since < 43200 ? "%H:%M:%S" : "%Y-%m-%d %H:%M", &at))
		n->why = arena_printf(&v->arena, "%s (since %s)", n->why, text);
}

int
engine_look(struct cli *c, const struct engine_conf *conf, struct cluster *cluster, struct cluster_view *view, struct error *err)
{
	const struct cluster_engine *engine = cluster_find(conf->type);
	const char *ms = getenv("LIMACTL_TEST_LOOK_MS");
	auto_free char *folder = xasprintf("%s/" CLUSTER_FOLDER, c->env.home);

	if (fs_mkdirs(folder, 0700, err) < 0 || (engine && engine->lazy && cli_lazy(c, err) < 0) ||
	    cluster_open(cluster, conf, c->env.home, c->env.version, c->env.cancel, err) < 0)
		return -1;
	cluster->deadline_ms = ms ? atoi(ms) : 0;
	if (cluster->engine->observe(cluster, view, err) < 0)
		return -1;
	for (size_t i = 0; i < view->nnodes; i++)
		engine_note_silence(c, conf, view, &view->nodes[i]);
	return 0;
}
