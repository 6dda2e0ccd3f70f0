/* Keys of provisioning and of probes. */
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "state/desired/spec/load.h"

#define MODES "system user boot dependency data yq ansible"	/* as enum provision_mode */

const char *
provision_word(enum provision_mode m)
{
	static const char *const words[] = {
		[PROVISION_SYSTEM] = "system", [PROVISION_USER] = "user", [PROVISION_BOOT] = "boot", [PROVISION_DEPENDENCY] = "dependency",
		[PROVISION_DATA] = "data", [PROVISION_YQ] = "yq", [PROVISION_ANSIBLE] = "ansible",
	};

	return words[m];
}

static bool
mode_in(const struct val *provision, const char *modes)
{
	return word_in(val_s(provision, "mode"), modes);
}

static struct val *
default_script(struct load *l, struct val *up)
{
	return val_text(l, up, "script", "");
}

static struct val *
default_skip(struct load *l, struct val *up)
{
	return mode_in(up, "dependency") ? val_bool(l, up, "skipDefaultDependencyResolution", false) : NULL;
}

static struct val *
default_content(struct load *l, struct val *up)
{
	return mode_in(up, "data") ? val_text(l, up, "content", "") : NULL;
}

static struct val *
default_overwrite(struct load *l, struct val *up)
{
	return mode_in(up, "data") ? val_bool(l, up, "overwrite", true) : NULL;
}

static struct val *
default_owner(struct load *l, struct val *up)
{
	if (!mode_in(up, "data yq"))
		return NULL;
	return val_text(l, up, "owner", word_in(val_s(l->root, "os"), "Darwin FreeBSD") ? "root:wheel" : "root:root");
}

static struct val *
default_permissions(struct load *l, struct val *up)
{
	return mode_in(up, "data yq") ? val_text(l, up, "permissions", "644") : NULL;
}

static struct val *
keys_provision_default_format(struct load *l, struct val *up)
{
	return mode_in(up, "yq") ? val_text(l, up, "format", "auto") : NULL;
}

const struct key keys_provision[] = {
	{ "mode", KEY_TEXT, .words = MODES, .flags = KEY_BLANK_UNSET, .def = "system", AT(spec_provision, mode),
	  .size = sizeof(enum provision_mode), .change = CHANGE_LIVE, .boot_modes = PROVISION_AT_BOOT,
	  .about = "When, by whom and how: system and boot run as root, user as the user; data writes a file, yq edits one." },
	{ "skipDefaultDependencyResolution", KEY_BOOL, .make = default_skip, .usual = "false",
	  AT(spec_provision, skip_default_dependency_resolution), .change = CHANGE_BOOT,
	  .about = "Mode dependency: do not install what Lima itself needs." },
	{ "script", KEY_TEXT, .flags = KEY_LINES, .make = default_script, .expr = EXPR_GUEST, AT(spec_provision, script), .change = CHANGE_LIVE, .boot_modes = PROVISION_AT_BOOT,
	  .about = "The script." },
	{ "file", KEY_GROUP, .sub = keys_locator, .shorthand = "url", .flags = KEY_OPTIONAL, .change = CHANGE_NOTE,
	  .about = "Where the script (or content, or expression) is; it is embedded when the instance is created." },
	{ "playbook", KEY_TEXT, .flags = KEY_QUIET | KEY_HOST, AT(spec_provision, playbook), .instead = "mode `user` with a script that runs ansible-playbook",
	  .change = CHANGE_LIVE, .about = "Mode ansible: the playbook." },
	{ "content", KEY_TEXT, .flags = KEY_LINES, .make = default_content, .expr = EXPR_GUEST, AT(spec_provision, content), .change = CHANGE_LIVE,
	  .about = "Mode data: what the file contains." },
	{ "overwrite", KEY_BOOL, .make = default_overwrite, .usual = "true", AT(spec_provision, overwrite), .change = CHANGE_LIVE,
	  .about = "Mode data: replace an existing file." },
	{ "owner", KEY_TEXT, .make = default_owner, .usual = "root:root", .expr = EXPR_GUEST, AT(spec_provision, owner), .change = CHANGE_LIVE,
	  .about = "Modes data and yq: owner of the file, USER:GROUP." },
	{ "path", KEY_TEXT, .expr = EXPR_GUEST, AT(spec_provision, path), .change = CHANGE_LIVE, .about = "Modes data and yq: the file." },
	{ "permissions", KEY_TEXT, .make = default_permissions, .usual = "644", AT(spec_provision, permissions), .change = CHANGE_LIVE,
	  .about = "Modes data and yq: its permissions, octal." },
	{ "expression", KEY_TEXT, .flags = KEY_LINES, .expr = EXPR_GUEST, AT(spec_provision, expression), .change = CHANGE_LIVE,
	  .about = "Mode yq: what to do to the file." },
	{ "format", KEY_TEXT, .make = keys_provision_default_format, .usual = "auto", AT(spec_provision, format), .change = CHANGE_LIVE,
	  .about = "Mode yq: format of the file; auto goes by its name." },
	{ NULL }
};

/* Which keys belong to which modes, and in which others they have always been let pass. */
static const struct { const char *key, *modes, *idle; } owners[] = {
	{ "content", "data", "yq" }, { "overwrite", "data", "yq" }, { "owner", "data yq", "" }, { "path", "data yq", "" },
	{ "permissions", "data yq", "" }, { "expression", "yq", MODES }, { "format", "yq", "data" }, { "playbook", "ansible", "" },
	{ "skipDefaultDependencyResolution", "dependency", "" },
};

static void
check_modes(struct load *l, const struct val *v)
{
	for (size_t i = 0; i < sizeof owners / sizeof *owners; i++) {
		const struct val *sub = val_get(v, owners[i].key);
		bool said = sub && sub->at && !(sub->key->flags & KEY_QUIET && val_empty(sub));

		if (!said || mode_in(v, owners[i].modes))
			continue;
		if (mode_in(v, owners[i].idle))
			diag_warn(l, v, owners[i].key, "does nothing when mode is `%s`; it is for %s", val_s(v, "mode"), words_text(l->a, owners[i].modes));
		else
			diag_error(l, v, owners[i].key, "can only be set when mode is %s, but it is `%s`", words_text(l->a, owners[i].modes),
				 val_s(v, "mode"));
	}
}

static void
check_script(struct load *l, const struct val *v)
{
	const char *script = val_s(v, "script"), *playbook = val_s(v, "playbook");

	if (mode_in(v, "data yq"))
		return;
	if (!mode_in(v, "ansible")) {
		if (!*script && !val_get(v, "file"))
			diag_error(l, v, "script", "must not be empty");
		else if (strstr(script, "LIMA_CIDATA"))
			diag_warn(l, v, "script", "names LIMA_CIDATA, which is internal and may change");
		return;
	}
	if (*script)
		diag_error(l, v, "script", "must be empty when mode is `ansible`; the playbook is what is run");
	if (*playbook && !fs_exists(playbook))
		diag_error(l, v, "playbook", "refers to an inaccessible path: `%s`", playbook);
	else if (*playbook && !fs_is_file(playbook))
		diag_error(l, v, "playbook", "is not an ordinary file: `%s`", playbook);
}

static void
keys_provision_check_target(struct load *l, const struct val *v)
{
	const char *path = val_s(v, "path"), *mode = val_s(v, "permissions");

	if (!mode_in(v, "data yq"))
		return;
	if (!*path)
		diag_error(l, v, "path", "must be set when mode is `%s`", val_s(v, "mode"));
	else if (*path != '/')
		diag_error(l, v, "path", "must be an absolute path, got `%s`", path);
	if (!*mode || mode[strspn(mode, "01234567")] || strlen(mode) > 8)
		diag_error(l, v, "permissions", "must be an octal number such as \"0644\", got `%s`", mode);
	if (mode_in(v, "yq") && !val_get(v, "expression") && !val_get(v, "file"))
		diag_error(l, v, "expression", "must be set when mode is `yq`");
}

static void
check_file(struct load *l, const struct val *v)
{
	const struct val *file = val_get(v, "file");

	if (file)
		diag_error(l, v, "file", "`%s` was not embedded: `script`, `content` or `expression` is set besides it, or it is not in a "
			 "template (default.yaml, override.yaml)", val_s(file, "url"));
}

void
check_provision(struct load *l, const struct val *v)
{
	if (!mode_in(v, MODES))
		return;
	if (!strcmp(val_s(l->root, "os"), "Windows") && mode_in(v, "boot yq ansible"))
		diag_error(l, v, "mode", "provision mode `%s` is not supported on Windows VM", val_s(v, "mode"));
	check_modes(l, v);
	check_script(l, v);
	keys_provision_check_target(l, v);
	check_file(l, v);
}

const struct key keys_probes[] = {
	{ "mode", KEY_TEXT, .words = "readiness", .flags = KEY_BLANK_UNSET, .def = "readiness", .change = CHANGE_NOTE,
	  .about = "What it tells." },
	{ "description", KEY_TEXT, .flags = KEY_BLANK_UNSET | KEY_LINES, AT(spec_probe, description), .change = CHANGE_AGENT,
	  .about = "What is waited for." },
	{ "script", KEY_TEXT, .flags = KEY_LINES, .make = default_script, .expr = EXPR_GUEST, AT(spec_probe, script), .change = CHANGE_AGENT,
	  .about = "Script that succeeds when the guest is ready." },
	{ "file", KEY_GROUP, .sub = keys_locator, .shorthand = "url", .flags = KEY_OPTIONAL, .change = CHANGE_NOTE,
	  .about = "Where the script is; it is embedded when the instance is created." },
	{ "hint", KEY_TEXT, .flags = KEY_QUIET | KEY_LINES, AT(spec_probe, hint), .change = CHANGE_NOTE, .about = "Advice for when it fails." },
	{ NULL }
};

void
finish_probes(struct load *l, struct val *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (val_empty(val_get(v->item[i], "description")))
			val_text(l, v->item[i], "description", arena_printf(l->a, "user probe %zu/%zu", i + 1, v->n));
}

void
check_probe(struct load *l, const struct val *v)
{
	const char *script = val_s(v, "script");

	if (strncmp(script, "#!", 2) && !(val_get(v, "file") && !*script))
		diag_error(l, v, "script", "must start with a `#!` line, such as `#!/bin/sh`");
	check_file(l, v);
}
