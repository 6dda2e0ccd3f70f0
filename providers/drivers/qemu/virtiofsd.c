#include "providers/drivers/qemu/virtiofsd.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/programs.h"
#include "base/view.h"

enum { MAX_DESCRIPTION = 64 << 10, VERSION_MS = 5000 };

/* The program that a description names, if it is one for file systems; "". qemu: docs/interop/vhost-user.json */
static const char *
virtiofsd_described(const char *path, struct arena *a)
{
	AUTO(buf) text = BUF_INIT;
	const cJSON *type, *binary;
	const char *found = "";
	cJSON *json;

	if (fs_read(path, &text, MAX_DESCRIPTION, NULL) < 0)
		return "";
	json = cJSON_ParseWithLength(text.s, text.len);
	type = cJSON_GetObjectItemCaseSensitive(json, "type");
	binary = cJSON_GetObjectItemCaseSensitive(json, "binary");
	if (cJSON_IsString(type) && cJSON_IsString(binary) && strcmp(type->valuestring, "fs") == 0 &&
	    binary->valuestring[0] == '/')
		found = arena_strdup(a, binary->valuestring);
	cJSON_Delete(json);
	return found;
}

static int
virtiofsd_run(const char *program, const char *word, struct buf *said)
{
	const char *argv[] = { program, word, NULL };

	return proc_run(argv, &(struct proc_opts){ .out = said, .both = true, .keep_out = true, .timeout_ms = VERSION_MS }, NULL);
}

/* 1: one that we may run; 0: not one; -1: one that needs root */
static int
virtiofsd_usable(const char *program, struct virtiofsd *out)
{
	AUTO(buf) said = BUF_INIT;

	if (!*program || access(program, X_OK) < 0)
		return 0;
	/* QEMU's gives up groups before it looks at its words, which an ordinary user may not */
	if (virtiofsd_run(program, "--version", &said) < 0)
		return strstr(said.s, "setgroups() failed") ? -1 : 0;
	*out = (struct virtiofsd){ program, .in_c = strstr(said.s, "QEMU") };
	return out->in_c && geteuid() != 0 ? -1 : 1;
}

static int
json_name(const struct dirent *e)
{
	const char *dot = strrchr(e->d_name, '.');

	return dot && strcmp(dot, ".json") == 0;
}

static int
virtiofsd_look_in(const char *dir, struct arena *a, struct virtiofsd *out)
{
	struct dirent **v = NULL;
	int n = scandir(dir, &v, json_name, alphasort), found = 0;

	for (int i = 0; i < n; i++) {
		auto_free char *path = xasprintf("%s/%s", dir, v[i]->d_name);
		int r = found == 1 ? 0 : virtiofsd_usable(virtiofsd_described(path, a), out);

		found = r ? r : found;
		free(v[i]);
	}
	free(v);
	return found;
}

int
virtiofsd_find(const char *qemu, struct arena *a, struct virtiofsd *out, struct error *err)
{
	const char *home = getenv("HOME"), *slash = strrchr(qemu, '/');
	const char *const dirs[] = {
		arena_printf(a, "%s/.local/share/qemu/vhost-user", home ? home : ""),
		arena_printf(a, "%.*s/../share/qemu/vhost-user", slash ? (int)(slash - qemu) : 0, qemu),
		"/usr/share/qemu/vhost-user",
	};
	bool needs_root = false;

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		struct virtiofsd v;
		int r = virtiofsd_look_in(dirs[i], a, &v);

		if (r == 1) {
			*out = v;
			return 0;
		}
		needs_root |= r < 0;
	}
	if (needs_root)
		return error_set(err, EPERM, "mountType virtiofs: this host's virtiofsd is the one of QEMU 7.2, which only root can "
			"run; use 9p or reverse-sshfs, or install virtiofsd 1.x (Debian 13)");
	program_missing("virtiofsd", err);
	return error_wrap(err, "mountType virtiofs (9p and reverse-sshfs need no program)");
}

const char *const *
virtiofsd_words(const struct virtiofsd *v, const char *socket, struct arena *a, size_t *n)
{
	const char *path = arena_printf(a, "--socket-path=%s", socket);
	const char *const in_c[] = { v->program, path, "-f", "-o", "source=" VIEW_PLACE, NULL };
	const char *const in_rust[] = { v->program, path, "--shared-dir=" VIEW_PLACE, NULL };

	*n = (v->in_c ? ARRAY_LEN(in_c) : ARRAY_LEN(in_rust)) - 1;
	return (void *)arena_memdup(a, v->in_c ? in_c : in_rust, (*n + 1) * sizeof *in_c);
}
