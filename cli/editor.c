#include "cli/editor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/proc.h"
#include "cli/ssh.h"

enum { MAX_TEXT = 4 << 20 };

/* The first of $VISUAL, $EDITOR and the usual names that is there; a name, without arguments. */
static char *
find_editor(void)
{
	const char *names[] = { getenv("VISUAL"), getenv("EDITOR"), "editor", "vim", "vi", "emacs" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char *path = names[i] && *names[i] ? proc_find(names[i]) : NULL;

		if (path)
			return path;
	}
	return NULL;
}

static int
edit_file(struct cli *c, const char *editor, const char *path, struct error *err)
{
	AUTO(argv) a = { 0 };
	int status;

	argv_add(&a, editor);
	argv_add(&a, path);
	status = run_argv(c, &a, err);
	if (status > 0)
		return error_set(err, ERR_CHILD, "%s: exit status %d; what was edited is in %s", editor, status, path);
	return status;
}

char *
editor_run(struct cli *c, const char *head, const char *text, size_t len, struct error *err)
{
	auto_free char *editor = find_editor(), *path = NULL;
	const char *tmp = getenv("TMPDIR");
	AUTO(buf) b = BUF_INIT;
	auto_close int fd = -1;
	size_t skip = strlen(head);

	if (!editor) {
		error_set(err, ENOENT, "could not detect a text editor binary, try setting $EDITOR");
		return NULL;
	}
	path = xasprintf("%s/lima-editor.XXXXXX.yaml", tmp && *tmp ? tmp : "/tmp");
	fd = mkstemps(path, (int)strlen(".yaml"));
	buf_adds(&b, head);
	buf_add(&b, text, len);
	if (fd < 0 || write(fd, b.s, b.len) != (ssize_t)b.len) {
		error_errno(err, "write %s", path);
		return NULL;
	}
	if (edit_file(c, editor, path, err) < 0)
		return NULL;
	buf_truncate(&b, 0);
	if (fs_read(path, &b, MAX_TEXT, err) < 0)
		return NULL;
	unlink(path);
	if (b.len >= skip && memcmp(b.s, head, skip) == 0)
		return xstrdup(b.s + skip);
	return buf_detach(&b);
}
