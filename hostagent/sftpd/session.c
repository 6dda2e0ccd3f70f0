#include "hostagent/sftpd/session.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "hostagent/sftpd/requests.h"

enum { VERSION = 3 };

void
sftpd_release(struct sftpd *s)
{
	handles_release(&s->handles);
	jail_close(&s->jail);
}

static enum sftpd_status
session_status_of(int code)
{
	static const struct {
		int code;
		enum sftpd_status status;
	} table[] = {
		{ ENOENT, FX_NO_SUCH_FILE }, { ENOTDIR, FX_NO_SUCH_FILE }, { EBADF, FX_NO_SUCH_FILE }, { ELOOP, FX_NO_SUCH_FILE },
		{ EPERM, FX_PERMISSION_DENIED }, { EACCES, FX_PERMISSION_DENIED }, { EROFS, FX_PERMISSION_DENIED },
		{ EXDEV, FX_PERMISSION_DENIED }, { EBADMSG, FX_BAD_MESSAGE }, { ENAMETOOLONG, FX_BAD_MESSAGE }, { EINVAL, FX_BAD_MESSAGE },
		{ ENOSYS, FX_OP_UNSUPPORTED }, { EOPNOTSUPP, FX_OP_UNSUPPORTED }, { ENODATA, FX_EOF },
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (table[i].code == code)
			return table[i].status;
	return FX_FAILURE;
}

static void
put_status(struct buf *out, uint32_t id, enum sftpd_status status)
{
	static const char *const texts[] = {
		"Success", "End of file", "No such file", "Permission denied", "Failure", "Bad message", "", "", "Operation unsupported",
	};
	size_t begin = wire_begin(out, FXP_STATUS, id);

	wire_put_u32(out, status);
	wire_put_text(out, texts[status], strlen(texts[status]));
	wire_put_text(out, "", 0);
	wire_end(out, begin);
}

static int
session_greet(struct sftpd *s, struct buf *out)
{
	/* The version is in the place of a request's number. */
	size_t begin = wire_begin(out, FXP_VERSION, VERSION);

	requests_put_extensions(out);
	wire_end(out, begin);
	s->greeted = true;
	return 0;
}

static int
session_take(struct sftpd *s, uint8_t type, struct wire *w, struct buf *out)
{
	uint32_t id = wire_u32(w);
	size_t begin = out->len;
	int r;

	if (w->bad)
		return -1;
	if (type == FXP_INIT)
		return session_greet(s, out);
	if (!s->greeted)
		return -1;
	r = requests_request_do(s, type, id, w, out);
	if (r <= 0) {
		enum sftpd_status status = r < 0 ? session_status_of(errno) : FX_OK;

		buf_truncate(out, begin);
		put_status(out, id, status);
	}
	return 0;
}

ptrdiff_t
sftpd_take(struct sftpd *s, const void *p, size_t len, struct buf *out)
{
	const uint8_t *body = (const uint8_t *)p + 5;
	uint32_t n;

	if (len < 4)
		return 0;
	memcpy(&n, p, 4);
	n = be32toh(n);
	if (n < 1 || n > SFTPD_PACKET_MAX)
		return -1;
	if (len - 4 < n)
		return 0;
	return session_take(s, body[-1], &(struct wire){ body, body + n - 1, false }, out) < 0 ? -1 : (ptrdiff_t)n + 4;
}
