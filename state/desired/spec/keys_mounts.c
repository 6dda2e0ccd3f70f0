/* Keys of mounts. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/path_rest.h"
#include "state/desired/spec/host.h"
#include "state/desired/spec/load.h"
#include "state/desired/spec/paths.h"

static void
finish_location(struct load *l, struct val *v)
{
	v->s = path_expand_tilde(l->a, path_clean(l->a, v->s), l->host->home);
}

static struct val *
default_location(struct load *l, struct val *up)
{
	return val_text(l, up, "location", "");
}

static struct val *
default_point(struct load *l, struct val *up)
{
	return val_text(l, up, "mountPoint", val_s(up, "location"));
}

static struct val *
default_9p_cache(struct load *l, struct val *up)
{
	return val_text(l, up, "cache", val_b(up->up, "writable") ? "mmap" : "fscache");
}

static void
check_point(struct load *l, const struct val *v)
{
	static const char system[] = "/ /bin /dev /etc /home /opt /sbin /tmp /usr /var";
	const char *home = val_s(val_get(l->root, "user"), "home");
	const struct val *from = v->at ? v : val_get(v->up, "location");
	const struct node *at = from && from->at ? from->at : v->up->at;

	if (word_in(v->s, system))
		diag_error_at(l, v, NULL, at, "must not be a system path such as /etc or /usr, got `%s`", v->s);
	else if (!strcmp(v->s, home))
		diag_error_at(l, v, NULL, at, "is the reserved internal home directory `%s` of the guest's user", home);
	else if (*v->s == '~')
		diag_error_at(l, v, NULL, at, "must not start with `~`; write `{{.Home}}` for the guest's home, got `%s`", v->s);
}

/* What is inside a folder that the guest writes can be another one by the time it is opened: it is followed nowhere then, and not served. */
void
caution_guest_writes(struct load *l, const struct val *v)
{
	const struct val *list = val_get(l->root, "mounts");

	for (size_t i = 0; list && i < list->n; i++) {
		const struct val *other = list->item[i];
		const char *outer = val_s(other, "location");
		const char *rest = strcmp(outer, "/") != 0 ? path_rest(v->s, outer) : NULL;

		if (other != v->up && val_b(other, "writable") && rest && *rest)
			diag_warn(l, v, NULL, "is inside `%s`, which the guest writes: it can take the folder away, and links that it puts there "
				"are not followed", outer);
	}
}

static void
check_mount_location(struct load *l, const struct val *v)
{
	const struct node *given = v->up->at && v->up->at->kind == NODE_MAP ? node_get(v->up->at, "location") : v->up->at;
	struct stat st;

	if (!given)
		diag_error(l, v, NULL, "must be set: the folder of the host");
	else if (*v->s == '~')
		diag_error(l, v, NULL, "refers to an unexpandable path: `%s`; of users' homes only `~` itself can be expanded", v->s);
	else if (*v->s != '/')
		diag_error(l, v, NULL, "must be an absolute path, got `%s`%s", v->s,
			 given->kind == NODE_NULL && given->len ? " (an unquoted ~ is null in YAML: write \"~\")" : "");
	else if (caution_guest_writes(l, v), stat(v->s, &st) == 0 && !S_ISDIR(st.st_mode))
		diag_error(l, v, NULL, "refers to a non-directory path: `%s`", v->s);
}

static const struct key keys_sshfs[] = {
	{ "cache", KEY_BOOL, .def = "true", AT(spec_mount, sshfs.cache), .change = CHANGE_LIVE, .about = "Cache in the guest." },
	{ "followSymlinks", KEY_BOOL, .flags = KEY_HOST, .def = "false", AT(spec_mount, sshfs.follow_symlinks), .change = CHANGE_LIVE,
	  .about = "Follow symbolic links on the host." },
	{ "sftpDriver", KEY_TEXT, .words = "builtin openssh-sftp-server auto", .flags = KEY_BLANK_UNSET, .def = "",
	  AT(spec_mount, sshfs.sftp_driver), .go = "SFTPDriver", .change = CHANGE_LIVE,
	  .about = "Who serves: builtin, which keeps to the folder by itself, or openssh-sftp-server, which serves no folder that holds LIMA_HOME; empty and auto are builtin." },
	{ NULL }
};
static const struct key keys_9p[] = {
	{ "securityModel", KEY_TEXT, .words = "none passthrough mapped mapped-xattr mapped-file", .flags = KEY_BLANK_UNSET, .def = "none", AT(spec_mount, p9.security_model), .change = CHANGE_RESTART, .over_ssh = CHANGE_LIVE,
	  .about = "passthrough, mapped-xattr, mapped-file or none." },
	{ "protocolVersion", KEY_TEXT, .words = "9p2000 9p2000.u 9p2000.L", .flags = KEY_BLANK_UNSET, .def = "9p2000.L", AT(spec_mount, p9.protocol_version), .change = CHANGE_RESTART, .over_ssh = CHANGE_LIVE,
	  .about = "Version of the 9P protocol." },
	{ "msize", KEY_SIZE, .def = "128KiB", AT(spec_mount, p9.msize_bytes), .change = CHANGE_RESTART, .over_ssh = CHANGE_LIVE, .about = "Largest packet." },
	{ "cache", KEY_TEXT, .words = "none loose fscache mmap readahead", .flags = KEY_BLANK_UNSET, .make = default_9p_cache, .usual = "mmap; fscache where it is not writable", AT(spec_mount, p9.cache), .change = CHANGE_RESTART, .over_ssh = CHANGE_LIVE,
	  .about = "Cache mode; by default mmap if writable, else fscache." },
	{ NULL }
};
static const struct key keys_virtiofs[] = {
	{ "queueSize", KEY_INT, AT(spec_mount, virtiofs_queue_size), .change = CHANGE_RESTART, .over_ssh = CHANGE_LIVE, .about = "Size of the queue." },
	{ NULL }
};

const struct key keys_mounts[] = {
	{ "location", KEY_TEXT, .flags = KEY_HOST | KEY_HOST_FOLDER, .make = default_location, .expr = EXPR_HOST, .finish = finish_location, .check = check_mount_location,
	  AT(spec_mount, location), .change = CHANGE_RESTART, .over_ssh = CHANGE_AGENT, .about = "Folder of the host." },
	{ "mountPoint", KEY_TEXT, .make = default_point, .usual = "`location`", .expr = EXPR_GUEST, .check = check_point, AT(spec_mount, mount_point),
	  .change = CHANGE_RESTART, .over_ssh = CHANGE_LIVE, .about = "Where the guest sees it; by default at the same path." },
	{ "writable", KEY_BOOL, .flags = KEY_HOST | KEY_HOST_FOLDER, .def = "false", AT(spec_mount, writable), .change = CHANGE_RESTART, .over_ssh = CHANGE_AGENT, .about = "May the guest write?" },
	{ "sshfs", KEY_GROUP, .sub = keys_sshfs, .go = "SSHFS", .about = "Options of reverse-sshfs." },
	{ "9p", KEY_GROUP, .sub = keys_9p, .go = "NineP", .about = "Options of 9p." },
	{ "virtiofs", KEY_GROUP, .sub = keys_virtiofs, .about = "Options of virtiofs." },
	{ NULL }
};

/* Values that `from` sets, of the rows from `first` on, override those of `to`. */
static void
keys_mounts_overwrite(struct val *to, const struct val *from, size_t first)
{
	for (size_t i = first; to->key->sub[i].name; i++) {
		if (!from->sub[i])
			continue;
		if (to->sub[i] && to->sub[i]->type == KEY_GROUP)
			keys_mounts_overwrite(to->sub[i], from->sub[i], 0);
		else if (from->sub[i]->at)
			to->sub[i] = from->sub[i];
	}
}

/*
 * Entries of one mount point are one, at the place of the first: the later ones set
 * everything but where it is. Only then can the 9p cache be decided.
 */
void
finish_mounts(struct load *l, struct val *v)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++) {
		struct val *m = v->item[i], *first = NULL;

		for (size_t k = 0; k < n && !first; k++)
			if (!strcmp(val_s(v->item[k], "mountPoint"), val_s(m, "mountPoint")))
				first = v->item[k];
		if (first) {
			keys_mounts_overwrite(first, m, 2);
			continue;
		}
		m->index = (int)n;
		v->item[n++] = m;
	}
	v->n = n;
	for (size_t i = 0; i < n; i++) {
		struct val *p9 = val_get(v->item[i], "9p");

		if (!val_get(p9, "cache")->at)
			*val_slot(p9, "cache") = default_9p_cache(l, p9);
	}
}
