#include "providers/fetch/cache_version.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/os/host.h"
#include "providers/fetch/http.h"

enum { NOTE_MAX = 8192 };

void
version_release(struct version *v)
{
	free(v->etag);
	free(v->last_modified);
	free(v->type);
	*v = (struct version){ 0 };
}

void
version_set(struct version *v, const struct http_answer *a)
{
	version_release(v);
	*v = (struct version){ xstrdup(a->etag), xstrdup(a->last_modified), xstrdup(a->type) };
}

bool
version_is(const struct version *v, const struct http_answer *a)
{
	return *a->etag && *v->etag ? !strcmp(a->etag, v->etag) :
				      *a->last_modified && !strcmp(a->last_modified, v->last_modified);
}

/* A weak tag ("W/...") says that two files mean the same, not that they are the same. */
const char *
version_validator(const struct version *v)
{
	return v->etag[0] == '"' ? v->etag : v->last_modified;
}

static void
boot_id(struct buf *out)
{
	if (!os_host_boot(out))
		buf_truncate(out, 0);
	buf_truncate(out, strcspn(out->s, "\n"));
}

void
part_read_version(const char *path, struct version *v)
{
	char **fields[] = { &v->etag, &v->last_modified, &v->type };
	AUTO(buf) b = BUF_INIT, boot = BUF_INIT;
	const char *line = "";

	boot_id(&boot);
	if (fs_read_if(path, &b, NOTE_MAX, NULL) == 1 && boot.len && !strncmp(b.s, boot.s, boot.len) &&
	    b.s[boot.len] == '\n')
		line = b.s + boot.len + 1;
	version_release(v);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		size_t len = strcspn(line, "\n");

		*fields[i] = xstrndup(line, len);
		line += len + (line[len] == '\n');
	}
}

int
part_write_version(const char *path, const struct version *v, struct error *err)
{
	AUTO(buf) b = BUF_INIT;

	boot_id(&b);
	buf_addf(&b, "\n%s\n%s\n%s\n", v->etag, v->last_modified, v->type);
	return fs_write(path, b.s, b.len, 0644, err);
}
