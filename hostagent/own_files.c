/*
 * hostagent/own_files.c - files of the instance's folder that come and go with us.
 *
 * A confined agent makes sockets there and no files, and removes nothing: where the kernel says so, its helper does it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/mem.h"
#include "hostagent/agent.h"
#include "hostagent/helper/helper.h"
#include "hostagent/machine/runtime.h"

int
own_file_write(struct agent *a, const char *name, const char *text, struct error *err)
{
	auto_free char *path = xasprintf("%s/%s", a->launch.dir, name);
	struct error e;

	if (fs_write(path, text, strlen(text), 0600, &e) == 0)
		return 0;
	if (e.code == EACCES)
		return helper_write_file(a, name, text, err);
	*err = e;
	return -1;
}

int
own_file_remove(struct agent *a, const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');

	if (unlink(path) == 0 || errno == ENOENT)
		return 0;
	return errno == EACCES ? helper_remove_file(a, slash ? slash + 1 : path, err) : error_errno(err, "remove %s", path);
}

int
own_socket_place(struct agent *a, const char *made, const char *path, struct error *err)
{
	if (rename(made, path) == 0)
		return 0;
	return errno == EACCES ? helper_place_socket(a, err) : error_errno(err, "listen on %s", path);
}

int
own_files_sweep(struct agent *a, struct error *err)
{
	struct error e;

	if (a->runtime->sweep(a, &e) == 0)
		return 0;
	if (e.code == EACCES)
		return helper_sweep(a, err);
	if (err)
		*err = e;
	return -1;
}
