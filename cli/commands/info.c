/* limactl info: what this installation is and has */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/host_arch.h"
#include "base/quote/quote.h"
#include "cli/view/json_pretty.h"
#include "cli/commands/list.h"
#include "cli/plugins.h"
#include "cli/ssh/shell_env.h"
#include "cli/commands/start.h"
#include "cli/view/templates.h"
#include "providers/driver.h"
#include "providers/external.h"
#include "state/desired/template/template.h"

static const struct flag flags[] = {
	{ "yq", 0, FLAG_STRING, ".", "Apply a yq expression to the information" },
	{ 0 },
};

static void
info_texts(struct buf *b, const char *name, const char *const *v)
{
	quote_json_key(b, name);
	if (!v || !v[0]) {
		buf_adds(b, "null");
		return;
	}
	for (size_t i = 0; v[i]; i++) {
		buf_addc(b, i ? ',' : '[');
		quote_json(b, v[i], false);
	}
	buf_addc(b, ']');
}

static void
info_templates(struct cli *c, struct buf *b)
{
	size_t n;
	const struct template_entry *v = templates_list(c, &n);

	quote_json_key(b, "templates");
	buf_addc(b, '[');
	for (size_t i = 0; i < n; i++) {
		buf_adds(b, i ? ",{" : "{");
		quote_json_member(b, "name", v[i].name);
		quote_json_member(b, "location", v[i].path);
		buf_addc(b, '}');
	}
	buf_addc(b, ']');
}

/* What `limactl create` without a template would make, with all defaults in place. */
static void
default_template(struct cli *c, struct buf *b)
{
	struct spec_opts opts = cli_spec_opts(c);
	AUTO(template) t = { 0 };
	struct spec *spec;
	struct error err;

	quote_json_key(b, "defaultTemplate");
	if (template_load(&t, "template:default", &opts, &err) < 0 ||
	    template_spec(&spec, "default", &t, TEMPLATE_BARE, &opts, &err) < 0) {
		cli_say(&c->env, SAY_WARN, "%s", err.msg);
		buf_adds(b, "null");
		return;
	}
	buf_adds(b, spec->json);
	spec_free(spec);
}

/* lima-guestagent.OS-ARCH[.gz]: ARCH, or OS-ARCH where OS is not Linux */
static void
guest_agents_in(struct buf *b, const char *dir)
{
	static const char prefix[] = "lima-guestagent.";
	struct dirent **v;
	int n = scandir(dir, &v, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		const char *file = v[i]->d_name, *name = file + strlen(prefix);
		size_t len = strlen(file);
		AUTO(buf) path = BUF_INIT;
		AUTO(buf) arch = BUF_INIT;

		if (strncmp(file, prefix, strlen(prefix)) == 0) {
			len -= strlen(prefix) + (len > 3 && strcmp(file + len - 3, ".gz") == 0 ? 3 : 0);
			if (strncmp(name, "Linux-", 6) == 0) {
				name += 6;
				len -= 6;
			}
			buf_addf(&path, "%s/%s", dir, file);
			buf_add(&arch, name, len);
			quote_json_key(b, arch.s);
			buf_addc(b, '{');
			quote_json_member(b, "location", path.s);
			buf_addc(b, '}');
		}
		free(v[i]);
	}
	if (n >= 0)
		free(v);
}

static void
info_plugins(struct cli *c, struct buf *b)
{
	size_t n;
	const struct plugin *v = plugins_list(c, &n);

	quote_json_key(b, "plugins");
	if (!n) {
		buf_adds(b, "null");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		buf_adds(b, i ? ",{" : "[{");
		quote_json_member(b, "name", v[i].name);
		quote_json_member(b, "path", v[i].path);
		if (*v[i].about)
			quote_json_member(b, "description", v[i].about);
		buf_addc(b, '}');
	}
	buf_addc(b, ']');
}

/* PREFIX/SUB/lima of each prefix that has it */
static const char *const *
info_folders(struct cli *c, const char *const *subs)
{
	const char *const *prefixes = cli_prefixes(c);
	const char **v = arena_alloc(&c->arena, 8 * sizeof *v);
	size_t n = 0;

	for (size_t i = 0; prefixes[i]; i++) {
		for (size_t k = 0; subs[k]; k++) {
			char *dir = arena_printf(&c->arena, "%s/%s/lima", prefixes[i], subs[k]);

			if (fs_exists(dir))
				v[n++] = dir;
		}
	}
	return v;
}

static void
info_drivers(struct cli *c, struct buf *b)
{
	const struct driver *const *all = driver_all();
	size_t n;
	const struct external *others = external_list(&c->arena, &n);

	quote_json_key(b, "vmTypes");
	for (size_t i = 0; all[i]; i++) {
		buf_addc(b, i ? ',' : '[');
		quote_json(b, all[i]->name, false);
	}
	for (size_t i = 0; i < n; i++) {
		buf_addc(b, ',');
		quote_json(b, others[i].name, false);
	}
	buf_addc(b, ']');
	quote_json_key(b, "vmTypesEx");
	buf_addc(b, '{');
	for (size_t i = 0; all[i]; i++) {
		quote_json_key(b, all[i]->name);
		buf_adds(b, "{\"location\":\"internal\"}");
	}
	for (size_t i = 0; i < n; i++) {
		quote_json_key(b, others[i].name);
		buf_addc(b, '{');
		quote_json_member(b, "location", others[i].path);
		buf_addc(b, '}');
	}
	buf_addc(b, '}');
}

static void
info(struct cli *c, struct buf *b)
{
	static const char *const libexec[] = { "libexec", "lib", NULL }, *const share[] = { "share", NULL };
	const char *const *shares = info_folders(c, share);

	buf_addc(b, '{');
	quote_json_member(b, "version", arena_printf(&c->arena, "v%s", c->env.version));
	info_templates(c, b);
	default_template(c, b);
	quote_json_member(b, "limaHome", c->env.home);
	info_drivers(c, b);
	quote_json_key(b, "guestAgents");
	buf_addc(b, '{');
	for (size_t i = 0; i < 1 && shares[i]; i++)
		guest_agents_in(b, shares[i]);
	buf_addc(b, '}');
	info_texts(b, "shellEnvBlock", shell_env_blocked);
	quote_json_member(b, "hostOS", "linux");
	quote_json_member(b, "hostArch", host_arch());
	quote_json_member(b, "identityFile", arena_printf(&c->arena, "%s/_config/user", c->env.home));
	info_plugins(c, b);
	info_texts(b, "libexecPaths", info_folders(c, libexec));
	info_texts(b, "sharePaths", shares);
	buf_addc(b, '}');
}

static int
info_run(struct cli *c, struct error *err)
{
	AUTO(buf) b = BUF_INIT;
	AUTO(buf) out = BUF_INIT;

	info(c, &b);
	if (strcmp(cli_str(c, "yq"), ".") != 0)
		return yq_print(b.s, cli_str(c, "yq"), 4, err);
	json_pretty(&out, b.s, 4, stdout_is_terminal());
	cli_print_line(out.s);
	return 0;
}

const struct command command_info = {
	.name = "info",
	.group = GROUP_ADVANCED,
	.about = "Show what this installation is and has, as JSON",
	.example = "limactl info\nlimactl info --yq .version",
	.flags = flags,
	.quick = true,
	.run = info_run,
};
