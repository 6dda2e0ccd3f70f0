/* limactl diagnose: what somebody needs who is to help, in one file, and no secret in it */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"
#include "cli/run.h"
#include "cli/view/instance.h"
#include "cli/view/probe.h"
#include "cli/view/redact.h"
#include "providers/driver.h"
#include "providers/pack.h"
#include "state/desired/template/template.h"

extern char **environ;

static const struct flag flags[] = {
	{"output", 'o', FLAG_STRING, "lima-diagnose.tar.zst", "File to write", 0, "@file"},
	{0},
};

enum { MAX_FILE = 1 << 20, MAX_ANSWER = 4 << 20, COMMAND_MS = 60000 };

/* Only these: disks, keys, the ISO and what nobody has thought of stay where they are. */
static const char *const instance_parts[] = {
	"lima.yaml",	 "applied.json", "made-from.json", "lima-version", "launch.facts", "ha.stderr.log",
	"ha.stdout.log", "serial.log",	 "serialp.log",	   "serialv.log",  NULL,
};
static const char *const home_parts[] = {"_config/default.yaml", "_config/override.yaml", "_config/base.yaml",
					 "_config/networks.yaml", NULL};

/* What limactl itself says; NULL stands for the instance, or ends. */
static const struct diagnose_command {
	const char *file, *words[3];
	bool of_instance;
} diagnose_commands[] = {
	{"list.txt", {"list"}, false},
	{"history.txt", {"history"}, false},
	{"plan.txt", {"plan"}, true},
	{"list.json", {"list", "--json"}, true},
};

struct diagnose {
	struct cli *c;
	struct redact *redact;
	struct buf tar;
};

static void
diagnose_release(struct diagnose *d)
{
	redact_free(d->redact);
	buf_release(&d->tar);
}

/* What cannot be looked through for secrets is left out, and that is said. */
static int
diagnose_add(struct diagnose *d, const char *name, const struct buf *text, struct error *err)
{
	AUTO(buf) out = BUF_INIT;
	struct error why = {0};

	if (redact_text(d->redact, text->s, text->len, &out, &why) < 0) {
		buf_truncate(&out, 0);
		buf_addf(&out, "left out: %s\n", why.msg);
	}
	return pack_add(&d->tar, name, out.s, out.len, err);
}

static int
diagnose_files(struct diagnose *d, const char *folder, const char *prefix, const char *const *parts, struct error *err)
{
	for (; *parts; parts++) {
		auto_free char *path = xasprintf("%s/%s", folder, *parts), *name = xasprintf("%s%s", prefix, *parts);
		AUTO(buf) text = BUF_INIT;
		struct error why = {0};

		if (!fs_exists(path))
			continue;
		if (fs_read_end(path, &text, MAX_FILE, NULL, &why) < 0)
			buf_addf(&text, "%s\n", why.msg);
		if (diagnose_add(d, name, &text, err) < 0)
			return -1;
	}
	return 0;
}

static void
diagnose_run(struct diagnose *d, const char *const argv[], struct buf *out)
{
	struct proc_opts o = {
		.out = out, .both = true, .keep_out = true, .timeout_ms = COMMAND_MS, .cancel = d->c->env.cancel};
	struct error why = {0};

	if (proc_run(argv, &o, &why) < 0)
		buf_addf(out, "%s\n", why.msg);
}

/* `name` NULL: those that are about no instance */
static int
diagnose_answers(struct diagnose *d, const char *name, struct error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(diagnose_commands); i++) {
		const struct diagnose_command *k = &diagnose_commands[i];
		const char *argv[6] = {d->c->env.program};
		auto_free char *file = name ? xasprintf("%s/%s", name, k->file) : xstrdup(k->file);
		AUTO(buf) text = BUF_INIT;
		size_t n = 1;

		if (k->of_instance != (name != NULL))
			continue;
		for (size_t w = 0; w < ARRAY_LEN(k->words) && k->words[w]; w++)
			argv[n++] = k->words[w];
		if (name)
			argv[n++] = name;
		diagnose_run(d, argv, &text);
		if (diagnose_add(d, file, &text, err) < 0)
			return -1;
	}
	return 0;
}

static int
diagnose_host(struct diagnose *d, struct error *err)
{
	static const char *const ssh[] = {"ssh", "-V", NULL};
	AUTO(buf) b = BUF_INIT;
	struct utsname u;

	buf_addf(&b, "limactl %s\nhome %s\ncache %s\nuid %d\n", d->c->env.version, d->c->env.home, d->c->env.cache,
		 (int)geteuid());
	if (uname(&u) == 0)
		buf_addf(&b, "%s %s %s\n", u.sysname, u.release, u.machine);
	buf_addf(&b, "/dev/kvm: %s\n", access("/dev/kvm", R_OK | W_OK) == 0 ? "can be opened" : strerror(errno));
	fs_read_if("/etc/os-release", &b, MAX_FILE, NULL);
	for (const struct driver *const *k = driver_all(); *k; k++)
		if ((*k)->program)
			diagnose_run(d, (const char *const[]){(*k)->program, "--version", NULL}, &b);
	diagnose_run(d, ssh, &b);
	if (diagnose_add(d, "host.txt", &b, err) < 0 || diagnose_files(d, d->c->env.home, "", home_parts, err) < 0)
		return -1;
	return diagnose_answers(d, NULL, err);
}

static void
diagnose_secrets(struct diagnose *d, struct instance *i)
{
	static const char *const groups[] = {"env", "param"};
	struct json_span key, value;
	AUTO(secrets) said = { 0 };

	if (i->config)
		secrets_add(&said, i->config);
	for (size_t k = 0; k < said.n; k++)
		redact_add(d->redact, said.v[k]);
	for (size_t g = 0; g < ARRAY_LEN(groups); g++) {
		size_t at = 0;

		while ((value = json_each(instance_config(i, groups[g]), &at, &key)).p)
			if (redact_is_secret(d->redact, json_text(&i->arena, key)))
				redact_add(d->redact, json_text(&i->arena, value));
	}
}

/* Whatever else is in the file, no value of ours that is called a secret is. */
static void
diagnose_host_secrets(struct diagnose *d)
{
	for (char **e = environ; *e; e++) {
		const char *eq = strchr(*e, '=');
		auto_free char *name = eq ? xstrndup(*e, (size_t)(eq - *e)) : NULL;

		if (name && redact_is_secret(d->redact, name))
			redact_add(d->redact, eq + 1);
	}
}

static int
diagnose_instance(struct diagnose *d, const char *name, struct error *err)
{
	auto_free char *folder = xasprintf("%s/%s", d->c->env.home, name), *prefix = xasprintf("%s/", name);
	auto_free char *unknown = xasprintf("%s/unknown.txt", name);
	AUTO(buf) why = BUF_INIT;

	if (!probe_answers(d->c, name)) {
		buf_addf(&why, "%s\n", probe_silence(d->c));
		return diagnose_add(d, unknown, &why, err);
	}
	return diagnose_files(d, folder, prefix, instance_parts, err) < 0 ? -1 : diagnose_answers(d, name, err);
}

/* Those that are named, or all; what is secret of each is known before the first is written. */
static int
diagnose_names(struct diagnose *d, struct names *all, char *const **v, size_t *n, struct error *err)
{
	struct cli *c = d->c;
	struct look l;

	if (names_list(all, c->env.home, err) < 0)
		return -1;
	for (int i = 0; i < c->nargs; i++)
		if (name_check(c->args[i], err) < 0 || !instance_exists(c, c->args[i]))
			return err && err->code ? -1
						: error_set(err, ENOENT, "instance `%s` does not exist", c->args[i]);
	look_begin(&l, c);
	probe_all(c, (const char *const *)all->v, all->n);
	for (size_t i = 0; i < all->n; i++) {
		AUTO(instance) one = {0};

		instance_look(&l, all->v[i], &one);
		diagnose_secrets(d, &one);
	}
	look_release(&l);
	*v = c->nargs ? c->args : all->v;
	*n = c->nargs ? (size_t)c->nargs : all->n;
	return 0;
}

static int
diagnose_gather(struct diagnose *d, struct error *err)
{
	AUTO(names) all = {0};
	char *const *v = NULL;
	size_t n = 0;

	if ((d->redact = redact_new(err)) == NULL)
		return -1;
	diagnose_host_secrets(d);
	if (diagnose_names(d, &all, &v, &n, err) < 0 || diagnose_host(d, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (diagnose_instance(d, v[i], err) < 0)
			return -1;
	pack_end(&d->tar);
	return 0;
}

static int
diagnose_command_run(struct cli *c, struct error *err)
{
	const char *path = cli_str(c, "output");
	AUTO(diagnose) d = {.c = c, .tar = BUF_INIT};
	AUTO(buf) packed = BUF_INIT;

	if (cli_lazy(c, err) < 0 || diagnose_gather(&d, err) < 0 || pack_zstd(&packed, &d.tar, err) < 0 ||
	    fs_rewrite(path, packed.s, packed.len, 0600, err) < 0)
		return -1;
	cli_say(&c->env, SAY_INFO,
		"Wrote %s (%zu bytes): logs, plans and versions, without keys and what is called a secret; look into "
		"it before "
		"you give it away: `tar --zstd -tf %s`",
		path, packed.len, path);
	return 0;
}

const struct command command_diagnose = {
	.name = "diagnose",
	.group = GROUP_ADVANCED,
	.args = "[INSTANCE...]",
	.about = "Gather logs, plans and versions in one file, for whoever is to help",
	.details = "Of the instances that are named, or of all: lima.yaml, what was applied, the ends of the logs and "
		   "consoles, the plan;\n"
		   "and of the host versions, the list and the history. Private keys, tokens, passwords in URLs, and "
		   "what stands under a\n"
		   "name like PASSWORD or API_KEY in env, param or anywhere else is written as REDACTED. Disks and "
		   "keys are not looked at.",
	.example = "limactl diagnose\nlimactl diagnose web -o /tmp/web.tar.zst",
	.complete = "@instance",
	.flags = flags,
	.max_args = -1,
	.run = diagnose_command_run,
};
