#include "drivers/qemu/instance.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/sha256.h"
#include "providers/disk/image.h"
#include "providers/instance_mac.h"

enum { CMDLINE_MAX = 64 << 10, NOTE_MAX = 256 };

static void
instance_json_free(cJSON **v)
{
	cJSON_Delete(*v);
}

void
instance_told_release(struct instance_told *t)
{
	arena_release(&t->mem);
	*t = (struct instance_told){ 0 };
}

/* By names with dots between; NULL: it is not there. */
static const cJSON *
told_at(const cJSON *v, const char *path)
{
	char name[64];

	for (size_t len; v && *path; path += len + (path[len] == '.')) {
		len = strcspn(path, ".");
		snprintf(name, sizeof name, "%.*s", (int)len, path);
		v = cJSON_GetObjectItemCaseSensitive(v, name);
	}
	return v;
}

/* "" where there is none. */
static const char *
told_text(struct instance_told *t, const cJSON *v, const char *path)
{
	const char *s = cJSON_GetStringValue(told_at(v, path));

	return arena_strdup(&t->mem, s ? s : "");
}

static double
told_number(const cJSON *v, const char *path)
{
	const cJSON *n = told_at(v, path);

	return cJSON_IsNumber(n) && n->valuedouble > 0 ? n->valuedouble : 0;
}

static const char *
told_if_there(struct instance_told *t, const char *file)
{
	const char *path = arena_printf(&t->mem, "%s/%s", t->is.dir, file);

	return fs_exists(path) ? path : NULL;
}

/* lima-vm/lima: pkg/limayaml: "lima-" and half of a digest of both places */
static const char *
told_tag(struct instance_told *t, const char *location, const char *point)
{
	const char *text = arena_printf(&t->mem, "%s:%s", location, point);
	char hex[65];

	sha256_hex(text, strlen(text), hex);
	return arena_printf(&t->mem, "lima-%.16s", hex);
}

static int
told_shares(struct instance_told *t, const cJSON *mounts, struct error *err)
{
	struct machine_share *v = arena_alloc(&t->mem, ((size_t)cJSON_GetArraySize(mounts) + 1) * sizeof *v);
	const cJSON *m;

	t->is.share_type = SHARE_9P;
	t->is.shares = v;
	cJSON_ArrayForEach(m, mounts) {
		const char *path = told_text(t, m, "location"), *point = told_text(t, m, "mountPoint");

		if (*path != '/')
			return error_set(err, EINVAL, "mounts: `%s` is no absolute path", path);
		v[t->is.nshares++] = (struct machine_share){ .tag = told_tag(t, path, *point ? point : path), .path = path,
							     .security_model = told_text(t, m, "9p.securityModel"),
							     .writable = cJSON_IsTrue(told_at(m, "writable")) };
	}
	return 0;
}

static int
told_config(struct instance_told *t, const cJSON *c, struct error *err)
{
	struct machine *m = &t->is;
	const char *mounts = told_text(t, c, "mountType");

	m->os = told_text(t, c, "os");
	m->cpu = told_text(t, told_at(told_at(c, "vmOpts.qemu.cpuType") ? told_at(c, "vmOpts.qemu.cpuType") : told_at(c, "cpuType"), m->arch), "");
	m->minimum_version = told_text(t, c, "vmOpts.qemu.minimumVersion");
	m->legacy_bios = cJSON_IsTrue(told_at(c, "firmware.legacyBIOS"));
	m->audio_device = told_text(t, c, "audio.device");
	m->display = told_text(t, c, "video.display");
	m->vnc_display = told_text(t, c, "video.vnc.display");
	m->agent_port = !cJSON_IsTrue(told_at(c, "plain")) && !strcmp(m->os, "Linux");
	if (cJSON_IsTrue(told_at(c, "tpm")))
		t->unsupported = "tpm";
	if (cJSON_GetArraySize(told_at(c, "networks")))
		t->unsupported = "networks";
	if (cJSON_GetArraySize(told_at(c, "additionalDisks")))
		t->unsupported = "additionalDisks";
	if (!strcmp(mounts, "virtiofs") && cJSON_GetArraySize(told_at(c, "mounts")))
		t->unsupported = "mountType: virtiofs";
	return strcmp(mounts, "9p") || cJSON_IsTrue(told_at(c, "plain")) ? 0 : told_shares(t, told_at(c, "mounts"), err);
}

static void
fill_text(cJSON *at, const char *name, const char *text)
{
	const char *is = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(at, name));

	if (is && *is && strcmp(is, "default") != 0)
		return;
	cJSON_DeleteItemFromObjectCaseSensitive(at, name);
	cJSON_AddStringToObject(at, name, text);
}

static cJSON *
fill_object(cJSON *at, const char *name)
{
	cJSON *v = cJSON_GetObjectItemCaseSensitive(at, name);

	if (cJSON_IsObject(v))
		return v;
	cJSON_DeleteItemFromObjectCaseSensitive(at, name);
	return cJSON_AddObjectToObject(at, name);
}

static bool
is_listed(const cJSON *list, const char *word)
{
	const cJSON *v;

	cJSON_ArrayForEach(v, list)
		if (cJSON_IsString(v) && !strcmp(v->valuestring, word))
			return true;
	return false;
}

int
instance_fill(const char *json, size_t len, struct buf *filled, struct error *err)
{
	__attribute__((cleanup(instance_json_free))) cJSON *v = cJSON_ParseWithLength(json, len);
	cJSON *config = cJSON_GetObjectItemCaseSensitive(v, "config");
	auto_free char *text = NULL;

	if (!cJSON_IsObject(config))
		return error_set(err, EINVAL, "this is no instance");
	fill_text(config, "vmType", "qemu");
	fill_text(config, "mountType", is_listed(cJSON_GetObjectItemCaseSensitive(config, "mountTypesUnsupported"), "9p") ? "reverse-sshfs" : "9p");
	fill_text(fill_object(fill_object(config, "video"), "vnc"), "display", "127.0.0.1:0,to=9");
	text = cJSON_PrintUnformatted(v);
	if (!text)
		return error_set(err, ENOMEM, "the instance");
	buf_adds(filled, text);
	return 0;
}

int
instance_told_parse(struct instance_told *t, const char *json, size_t len, struct error *err)
{
	__attribute__((cleanup(instance_json_free))) cJSON *v = cJSON_ParseWithLength(json, len);
	struct machine *m = &t->is;
	const char *cmdline;
	AUTO(buf) text = BUF_INIT;

	if (!cJSON_IsObject(told_at(v, "config")))
		return error_set(err, EINVAL, "this is no instance");
	m->name = told_text(t, v, "name");
	m->dir = told_text(t, v, "dir");
	m->arch = told_text(t, v, "arch");
	m->cpus = (int)told_number(v, "cpus");
	m->memory_bytes = (uint64_t)told_number(v, "memory");
	t->disk_bytes = (int64_t)told_number(v, "disk");
	m->ssh_port = (int)told_number(v, "sshLocalPort");
	if (*m->dir != '/' || !*m->name || m->cpus < 1 || m->cpus > 4096 || m->ssh_port > 65535)
		return error_set(err, EINVAL, "this is no instance: dir `%s`, name `%s`, %d cpus", m->dir, m->name, m->cpus);
	m->mac = instance_mac(&t->mem, m->dir);
	m->cidata = arena_printf(&t->mem, "%s/cidata.iso", m->dir);
	m->iso = told_if_there(t, "iso");
	m->kernel = told_if_there(t, "kernel");
	m->initrd = told_if_there(t, "initrd");
	cmdline = told_if_there(t, "kernel.cmdline");
	if (cmdline && fs_read(cmdline, &text, CMDLINE_MAX, err) < 0)
		return -1;
	m->cmdline = arena_strdup(&t->mem, text.s ? text.s : "");
	return told_config(t, told_at(v, "config"), err);
}

int
instance_told_disks(struct instance_told *t, struct error *err)
{
	const char *path = arena_printf(&t->mem, "%s/disk", t->is.dir), *note = arena_printf(&t->mem, "%s.format", path);
	AUTO(buf) b = BUF_INIT;
	struct image_info info;

	if (fs_read_if(note, &b, NOTE_MAX, err) < 0)
		return -1;
	if (b.len)
		buf_truncate(&b, strcspn(b.s, " \n"));
	if (!b.len) {
		if (image_probe(path, &info, err) < 0)
			return -1;
		buf_addf(&b, "%s\n", info.format);
		if (fs_write(note, b.s, b.len, 0600, err) < 0)
			return -1;
		buf_truncate(&b, b.len - 1);
	}
	if (strcmp(b.s, "raw") != 0 && strcmp(b.s, "qcow2") != 0)
		return error_set(err, ERR_UNSUPPORTED, "%s: a disk of format %s", path, b.s);
	t->is.disk = (struct image_disk){ .path = path, .format = arena_strdup(&t->mem, b.s) };
	return image_disk_check(&t->is.disk, err);
}
