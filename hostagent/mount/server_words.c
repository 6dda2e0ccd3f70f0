#include "hostagent/mount/server_words.h"

#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/os/host.h"
#include "hostagent/mount/confine.h"
#include "hostagent/sftpd/main.h"
#include "hostagent/protocol/sshfs.h"

static void
own_words(const struct sshfs_mount *m, const char *dir, struct arena *a, struct child_words *out)
{
	static const char *const modes[2][2] = { { "ro", "ro-follow" }, { "rw", "rw-follow" } };
	const char *words[] = { "lima-hostagent", SFTPD_WORD, modes[m->writable][m->follow_symlinks], m->location,
				arena_printf(a, "%.*s", (int)(strrchr(dir, '/') - dir), dir), NULL };

	*out = (struct child_words){ .program = os_host_own_path(), .argv = (void *)arena_memdup(a, words, sizeof words), .capabilities = SERVER_CAPABILITIES };
}

/* From the program on, or with the words in front that confine it. */
static void
openssh_words(const struct sshfs_mount *m, const char *program, struct arena *a, struct child_words *out)
{
	const char **words = arena_alloc(a, 16 * sizeof *words);
	AUTO(buf) dir = BUF_INIT;
	size_t n = 4;

	for (const char *p = m->location; *p; p++)
		buf_adds(&dir, (char[]){ *p, *p == '%' ? '%' : '\0', '\0' });
	words[0] = "lima-hostagent";
	words[1] = CONFINE_WORD;
	words[2] = m->writable ? "rw" : "ro";
	words[3] = SFTPD_FOLDER_PATH;
	words[n++] = program;
	words[n++] = "-e";
	/* The agent's umask hides its files from others, but these are a user's files. */
	words[n++] = "-u";
	words[n++] = "022";
	words[n++] = "-d";
	words[n++] = arena_strdup(a, dir.s);
	if (!m->writable)
		words[n++] = "-R";
	words[n] = NULL;
	/* Links that lead out of the folder are followed only on request, and then look like any other path. */
	*out = (struct child_words){.program = m->follow_symlinks ? program : os_host_own_path(),
				    .argv = m->follow_symlinks ? words + 4 : words, .no_set_id = true};
}

int
server_words(const struct sshfs_mount *m, const char *dir, struct arena *a, struct child_words *out, struct error *err)
{
	auto_free char *program = m->openssh ? sshfs_server(err) : NULL;

	if (m->openssh && !program)
		return -1;
	if (program)
		openssh_words(m, arena_strdup(a, program), a, out);
	else
		own_words(m, dir, a, out);
	return 0;
}
