#include "cli/commands/editor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/proc.h"
#include "base/programs.h"
#include "cli/ssh/ssh.h"

enum { MAX_TEXT = 4 << 20, NO_SUCH_PROGRAM = 127 };

/*
 * What the user calls his editor: a command of the shell, with arguments, as git reads it; NULL: he has not said.
 * The rest is a choice of ours: a program's name.
 */
static const char *
editor_command(void)
{
	const char *visual = getenv("VISUAL"), *editor = getenv("EDITOR"), *term = getenv("TERM");
	bool dumb = !term || !*term || strcmp(term, "dumb") == 0;

	if (visual && *visual && !dumb)
		return visual;
	return editor && *editor ? editor : visual && *visual ? visual : NULL;
}

static const char *
editor_usual(void)
{
	static const char *const names[] = { "editor", "vim", "vi", "emacs" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		auto_free char *path = proc_find(names[i]);

		if (path)
			return names[i];
	}
	return NULL;
}

/* Like git, an editor with characters that only a shell understands is given to a shell, with the file as "$@". */
static void
editor_words(struct argv *a, const char *command, const char *path)
{
	bool plain = !strpbrk(command, "|&;<>()$`\\\"' \t\n*?[#~=%");

	if (!plain) {
		argv_add(a, "sh");
		argv_add(a, "-c");
		argv_addf(a, "%s \"$@\"", command);
	}
	argv_add(a, command);
	argv_add(a, path);
}

static int
editor_edit_file(struct cli *c, const char *command, const char *path, struct error *err)
{
	AUTO(argv) a = { 0 };
	int status;

	if (strcmp(command, ":") == 0)	/* to git, an editor that changes nothing */
		return 0;
	editor_words(&a, command, path);
	status = run_argv(c, &a, err);
	if (status == NO_SUCH_PROGRAM)
		status = program_missing(arena_printf(&c->arena, "%.*s", (int)strcspn(command, " \t"), command), err);
	if (status > 0)
		return error_set(err, ERR_CHILD, "%s: exit status %d; what was edited is in %s", command, status, path);
	if (status < 0) {
		unlink(path);
		return error_wrap(err, "the editor ($VISUAL, $EDITOR)");
	}
	return 0;
}

char *
editor_run(struct cli *c, const char *head, const char *text, size_t len, struct error *err)
{
	const char *editor = editor_command();
	auto_free char *path = NULL;
	const char *tmp = getenv("TMPDIR");
	AUTO(buf) b = BUF_INIT;
	auto_close int fd = -1;
	size_t skip = strlen(head);

	if (!editor)
		editor = editor_usual();
	if (!editor) {
		program_missing("editor", err);
		error_wrap(err, "$VISUAL and $EDITOR name none");
		return NULL;
	}
	path = xasprintf("%s/lima-editor.XXXXXX.yaml", tmp && *tmp ? tmp : "/tmp");
	fd = mkstemps(path, (int)strlen(".yaml"));
	buf_adds(&b, head);
	buf_add(&b, text, len);
	if (fd < 0 || fs_write_all(fd, b.s, b.len) < 0) {
		error_errno(err, "write %s", path);
		fs_explain_full(err, path);
		unlink(path);
		return NULL;
	}
	if (editor_edit_file(c, editor, path, err) < 0)
		return NULL;
	buf_truncate(&b, 0);
	if (fs_read(path, &b, MAX_TEXT, err) < 0)
		return NULL;
	unlink(path);
	if (b.len >= skip && memcmp(b.s, head, skip) == 0)
		return xstrdup(b.s + skip);
	return buf_detach(&b);
}
